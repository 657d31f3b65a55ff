"""Apply a trained classifier to images.

Each image is predicted block by block. Files appear when they are complete; OME-Zarr results that
were cut short can be resumed. An image that fails does not stop the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ._exit import DONE, FAILED, INPUT_ERRORS, USAGE, report
from ._export import (
    DTYPES,
    EXPORTS,
    FORMATS,
    ExportOptions,
    predict_steps,
    write_results,
)
from ._image_options import (
    add_image_options,
    add_jobs_option,
    chosen_spacing,
    open_input,
    with_spatial_axes,
)
from ._predict_blocks import (
    add_block_options,
    check_block_options,
    needs_blocks,
    predict_to_disk,
)
from ._progress import run_with_progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import Output

NAME = "predict"

EPILOG = """for IMAGE.tif the files are DIR/IMAGE_Probabilities.tiff (classes along the first axis),
DIR/IMAGE_Uncertainty.tiff and DIR/IMAGE_Segmentation.tiff (class values as in the labels), with the
axes and the spacing of the image. Images are TIFF or PNG files, zarr or OME-Zarr folders, or HDF5
files; one of several in the same file is named as in FILE.h5/NAME.

examples:
  napari-pixclass predict cells.pixclass *.tif -o results --export segmentation,uncertainty
  napari-pixclass predict cells.pixclass brain.ome.zarr -o results --format ome-zarr --memory 4GB
  napari-pixclass predict cells.pixclass brain.ome.zarr -o results --format ome-zarr --resume"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``predict``."""
    parser.add_argument("model", metavar="MODEL", help="model file (.pixclass)")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="images to classify")
    parser.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder to write to; made if absent"
    )
    parser.add_argument(
        "--export",
        type=_exports,
        default=("probabilities",),
        metavar="LIST",
        help=f"what to write: any of {','.join(EXPORTS)} (default: probabilities)",
    )
    parser.add_argument(
        "--format",
        type=_format,
        default="tiff",
        metavar="FORMAT",
        help=f"{_or(FORMATS)} (default: %(default)s); ome-zarr holds several resolutions, suits "
        "images of any size and can be resumed",
    )
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        help="type of probabilities and uncertainty; integers use their whole range for 0 to 1 "
        "(default: float32, in png uint8)",
    )
    parser.add_argument(
        "--renormalize",
        action="store_true",
        help="write 0 to 1 as the whole range of an integer type: uint16 unless --dtype says uint8",
    )
    add_image_options(parser)
    add_jobs_option(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist (default: stop)"
    )
    add_block_options(parser)


def _exports(text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    wrong = [word for word in chosen if word not in EXPORTS]
    if wrong:
        raise argparse.ArgumentTypeError(
            f"must be a list of {', '.join(EXPORTS)}, separated by commas; got '{wrong[0]}'"
        )
    return chosen


def _format(text: str) -> str:
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"'{text}' is not supported; choose {_or(FORMATS)}")
    return text


def _or(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"


def run(args: argparse.Namespace) -> int:
    """Predict all images."""
    from napari_pixclass.classifier import load
    from napari_pixclass.io import make_folder

    options = ExportOptions.from_arguments(args)
    check_block_options(args)
    classifier = load(args.model)
    classifier.n_jobs = args.jobs
    replaceable = args.overwrite or args.resume
    targets = _plan(args.images, Path(args.output), options, overwrite=replaceable)
    make_folder(args.output)
    codes = [
        _attempt(classifier, path, paths, options, args)
        for path, paths in zip(args.images, targets, strict=True)
    ]
    failed = len(codes) - codes.count(DONE)
    if len(codes) == 1:
        return codes[0]
    if failed:
        report(f"{failed} of {len(codes)} images failed")
    return FAILED if failed else DONE


def _attempt(
    classifier: PixelClassifier,
    path: str,
    paths: dict[Output, Path],
    options: ExportOptions,
    args: argparse.Namespace,
) -> int:
    """Predict one image and print the paths of its results, or report why not; give the exit code."""
    try:
        _predict_one(classifier, path, paths, options, args)
    except INPUT_ERRORS as error:
        message = str(error)
        report(f"error: {message}" if path in message else f"error: {path}: {message}")
        return USAGE
    except (OSError, MemoryError) as error:  # this one is too large, perhaps; the next may fit
        report(f"failed: {path}: {str(error) or type(error).__name__}")
        return FAILED
    for written in paths.values():
        print(written)
    return DONE


def _plan(
    images: Sequence[str], folder: Path, options: ExportOptions, *, overwrite: bool
) -> list[dict[Output, Path]]:
    """Paths of all outputs, none of which may destroy anything."""
    from napari_pixclass.io import stem_of

    inputs = {Path(image).resolve() for image in images}
    planned: dict[Path, str] = {}
    targets = []
    for image in images:
        paths = options.paths(stem_of(image), folder)
        for path in paths.values():
            if path.resolve() in inputs:
                raise FileExistsError(
                    f"results must not replace an image; '{path}' is one. Choose another folder."
                )
            if path in planned:
                raise FileExistsError(
                    f"images must differ in their names; '{planned[path]}' and '{image}' would "
                    f"both write '{path}'. Predict them into different folders."
                )
            if path.exists() and not overwrite:
                raise FileExistsError(
                    f"results must not exist yet; '{path}' does. Add --overwrite, or choose "
                    "another folder."
                )
            planned[path] = image
        targets.append(paths)
    return targets


def _predict_one(
    classifier: PixelClassifier,
    path: str,
    paths: dict[Output, Path],
    options: ExportOptions,
    args: argparse.Namespace,
) -> None:
    ndim = classifier.state.features.ndim
    image = open_input(path, args.channel_axis)
    if image.channel_axis is None and classifier.n_channels_ > 1:
        if image.has_known_axes or args.channel_axis is not None:
            raise ValueError(
                f"the model was trained on images with {classifier.n_channels_} channels; '{path}' "
                f"has no channels, its axes are {image.axes}. Give --channel-axis if one of them is."
            )
        image = open_input(path, classifier.channel_axis_)  # nobody knows better than the model
    image = with_spatial_axes(image, ndim)
    if needs_blocks(image, paths, options, classifier, args):
        predict_to_disk(classifier, path, image, paths, options, args)
        return
    spacing = chosen_spacing(image, ndim, args.spacing)
    steps = predict_steps(classifier, image, spacing, options)
    arrays = run_with_progress(steps, f"predicting {image.name}")
    names = [info.name for info in classifier.class_table_]
    write_results(arrays, paths, image, names, args.spacing)
