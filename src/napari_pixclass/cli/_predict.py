"""Apply a trained classifier to images.

Each image is predicted block by block. Files appear when they are complete; OME-Zarr results that
were cut short can be resumed. An image that fails does not stop the others.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ._batch_progress import run_batch
from ._exit import DONE, FAILED, USAGE, report, with_flags
from ._export import add_export_options, batch_options
from ._image_options import add_image_options, add_jobs_option
from ._predict_blocks import add_block_options
from ._words import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from napari_pixclass.batch import BatchOptions, BatchReport, FileResult

NAME = "predict"

EPILOG = """for IMAGE.tif the files are DIR/IMAGE_Probabilities.tiff (classes along the first axis; in hdf5 along
the last, as ilastik has it), DIR/IMAGE_Uncertainty.tiff and DIR/IMAGE_Segmentation.tiff (class values
as in the labels), with the axes and the spacing of the image.

images are TIFF, PNG, JPEG or npy files, zarr or OME-Zarr folders, or HDF5 files; one of several in the
same file is named as in FILE.h5/NAME. A folder stands for the images in it, and a pattern in quotes,
such as 'data/**/*_raw.tif', for those that match; results of an earlier run among them are left out.

in --name, {stem} is IMAGE, {output} Probabilities, Uncertainty or Segmentation, {class} and {value} those
of the class that has a file of its own, {parent} the name of the image's folder, {folder} the path to it
from the folder that all images lie in, and {dataset} the NAME in FILE.h5/NAME.

examples:
  napari-pixclass predict cells.pixclass *.tif -o results --export segmentation,uncertainty
  napari-pixclass predict cells.pixclass data -o results --renormalize --skip-existing
  napari-pixclass predict cells.pixclass 'data/**/*.tif' -o results --name '{folder}/{stem}_{output}'
  napari-pixclass predict cells.pixclass brain.ome.zarr -o results --format ome-zarr --memory 4GB
  napari-pixclass predict cells.pixclass brain.ome.zarr -o results --format ome-zarr --resume"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``predict``."""
    parser.add_argument("model", metavar="MODEL", help="model file (.pixclass)")
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="images to classify, folders or patterns"
    )
    add_export_options(parser)
    add_image_options(parser)
    add_jobs_option(parser)
    add_block_options(parser)


def run(args: argparse.Namespace) -> int:
    """Predict all images."""
    from napari_pixclass.batch import Batch, find_inputs
    from napari_pixclass.classifier import load

    options = batch_options(args)
    classifier = load(args.model)
    classifier.n_jobs = args.jobs
    inputs = find_inputs(args.images, options, classifier.class_table_)
    _tell_left_out(inputs.results)
    batch = Batch(classifier, inputs.images, options)
    done = run_batch(batch, lambda result: _tell(result, options))
    if len(done.results) == 1:
        return _code(done.results[0])
    _print_summary(done)
    return FAILED if done.failed else DONE


def _tell_left_out(results: Sequence[Path]) -> None:
    if results:
        report(
            f"note: {len(results)} file{'s' * (len(results) > 1)} left out as results of an earlier run, such as "
            f"'{results[0]}'; what is named itself is predicted"
        )


def _tell(result: FileResult, options: BatchOptions) -> None:
    """Print the paths of an image's results, or report why there are none."""
    if result.error is None:
        for path in result.outputs if not result.was_skipped else ():
            print(path, flush=True)
        return
    kind = "error" if result.is_bad_input else "failed"
    report(f"{kind}: {_reason(result)}")
    if options.format == "ome-zarr" and not result.is_bad_input:
        report(f"what is finished of '{result.path}' is kept; go on with --resume")


def _reason(result: FileResult) -> str:
    error = result.error or ""
    return error if str(result.path) in error else f"{result.path}: {error}"


def _code(result: FileResult) -> int:
    if result.error is None:
        return DONE
    return USAGE if result.is_bad_input else FAILED


def _print_summary(done: BatchReport) -> None:
    """Say again what failed, after all the lines in between, and how many images that is."""
    n_images = len(done.results)
    if done.skipped:
        n_skipped = len(done.skipped)
        report(f"{n_skipped} of {n_images} images skipped, their results exist")
    if not done.failed:
        return
    print("failed:", file=sys.stderr)
    for result in done.failed:
        print(f"  {' '.join(printable(with_flags(_reason(result))).split())}", file=sys.stderr)
    report(f"{len(done.failed)} of {n_images} images failed")
