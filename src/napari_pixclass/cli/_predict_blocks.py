"""Predicting images that are larger than memory: options, and how such a run is driven."""

from __future__ import annotations

import argparse
import importlib.util
import math
import re
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._exit import report
from ._export import check_fits, results_geometry
from ._image_options import chosen_spacing, open_input, positive
from ._progress import run_with_progress
from ._words import byte_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from napari_pixclass.blockwise import BlockPlan
    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import ArrayLike, Output
    from napari_pixclass.io import ImageFile
    from napari_pixclass.to_disk import WriteOptions

    from ._export import ExportOptions

_SMALL = 200_000_000  # bytes of results that fit into memory everywhere: no need to import dask to find out
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


def add_block_options(parser: argparse.ArgumentParser) -> None:
    """Add what only large images need."""
    group = parser.add_argument_group(
        "images larger than memory",
        "ome-zarr and hdf5 are written block by block, and so is tiff where the results do not fit "
        "into memory.",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run that was cancelled, killed or stopped by a full disk; finished blocks "
        "are checked and kept, finished images skipped (ome-zarr only)",
    )
    group.add_argument(
        "--memory",
        type=_memory,
        metavar="SIZE",
        help="memory to take at most, such as 1.5GB; blocks and threads are chosen to fit (default: "
        "0.4 GB and 0.5 GB for each thread)",
    )
    group.add_argument(
        "--block-size",
        type=_block_size,
        metavar="Z,Y,X",
        help="pixels that are worked on at once, or 'auto' (default: what suits the memory)",
    )
    group.add_argument(
        "--levels",
        type=positive,
        metavar="N",
        help="resolutions to write, each half of the one before (ome-zarr only; default: until one "
        "is small)",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="compute on the dask cluster whose scheduler is at this address, such as "
        "tcp://node1:8786; its workers must see the same folders (ome-zarr only)",
    )
    group.add_argument(
        "--mask",
        metavar="FILE",
        help="image of the same size: where it is 0 nothing is predicted, and 0 is written",
    )


def _memory(text: str) -> int:
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]?)i?b?\s*", text.lower())
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"must be a size such as 800MB or 1.5GB; got '{text}'")
    return int(float(match[1]) * _UNITS[match[2]])


def _block_size(text: str) -> tuple[int, ...] | None:
    if text.strip().lower() == "auto":
        return None
    lengths = text.split(",")
    if not all(length.strip().isdecimal() and int(length) > 0 for length in lengths):
        raise argparse.ArgumentTypeError(
            f"must be lengths in pixels such as 64,256,256, or auto; got '{text}'"
        )
    return tuple(map(int, lengths))


def check_block_options(args: argparse.Namespace) -> None:
    """Refuse options that the format has no place for."""
    options = {"--resume": args.resume, "--levels": args.levels, "--scheduler": args.scheduler}
    for option, given in options.items():
        if given and args.format != "ome-zarr":
            raise ValueError(
                "only ome-zarr results can be resumed, have levels and come from a cluster; got "
                f"{option} with --format {args.format}. Use --format ome-zarr."
            )
    if args.scheduler is not None and importlib.util.find_spec("distributed") is None:
        raise ValueError(
            "--scheduler needs the package distributed, which is not installed; add it with pip "
            "install 'napari-pixclass[distributed]'."
        )
    if args.mask is not None and args.format == "png":
        raise ValueError(
            "--mask needs a format that is written block by block; got --format png. Use --format "
            "tiff."
        )
    if args.format == "hdf5":
        from napari_pixclass.io import require_h5py

        require_h5py()


def needs_blocks(
    image: ImageFile,
    paths: Mapping[Output, Path],
    options: ExportOptions,
    classifier: PixelClassifier,
    args: argparse.Namespace,
) -> bool:
    """Whether results are written block by block: where the format is made for it, or where it is necessary."""
    if options.format in {"ome-zarr", "hdf5"}:
        return True
    if options.format == "png":
        return False
    if args.mask is not None or args.block_size is not None:
        return True
    import numpy as np

    pixels = math.prod(image.data.shape) // (
        1 if image.channel_axis is None else image.data.shape[image.channel_axis]
    )
    width = np.dtype(options.dtype).itemsize
    per_pixel = {"probabilities": len(classifier.classes_) * width, "uncertainty": width}
    needed = pixels * sum(per_pixel.get(output, 1) for output in paths)
    if args.memory is not None or needed < _SMALL:
        return needed > (args.memory or _SMALL)
    from napari_pixclass.blockwise import default_memory
    from napari_pixclass.core import resolve_n_jobs

    return needed > default_memory(resolve_n_jobs(args.jobs))


def predict_to_disk(
    classifier: PixelClassifier,
    path: str,
    image: ImageFile,
    paths: dict[Output, Path],
    options: ExportOptions,
    args: argparse.Namespace,
) -> None:
    """Predict one image block by block, and say how."""
    from napari_pixclass.to_disk import FileRun, WriteOptions

    check_fits(classifier, image, options)
    mask = None if args.mask is None else _checked_mask(args.mask, image)
    spacing, unit = results_geometry(image, args.spacing)
    image = replace(image, spacing=spacing, unit=unit)
    paths = {output: target.absolute() for output, target in paths.items()}
    folder = next(iter(paths.values())).parent
    write = WriteOptions(
        paths=paths,
        unfinished=folder / f"{image.name}.unfinished",
        dtype=options.dtype,
        spacing=chosen_spacing(image, classifier.state.features.ndim, args.spacing),
        block=args.block_size,
        memory=args.memory,
        n_levels=args.levels,
        resume=args.resume,
        overwrite=args.overwrite,
    )
    if options.format == "ome-zarr":
        _write_groups(classifier, path, image, write, mask, args)
        return
    files = FileRun(classifier, image, write, open_mask=mask)
    _tell(image, files.plan)
    run_with_progress(files.steps(), f"predicting {image.name}")


def _write_groups(
    classifier: PixelClassifier,
    path: str,
    image: ImageFile,
    write: WriteOptions,
    mask: Callable[[], ArrayLike] | None,
    args: argparse.Namespace,
) -> None:
    from napari_pixclass.to_disk import OmeZarrRun

    source = str(Path(path).absolute())
    with ExitStack() as stack:
        client = None if args.scheduler is None else stack.enter_context(_client(args.scheduler))
        if client is not None:
            from napari_pixclass.blockwise import describe, on_cluster

            cluster = describe(client)
            classifier.n_jobs = cluster.n_threads
        run = OmeZarrRun(
            classifier,
            image,
            write,
            open_image=partial(_pixels, source, args.channel_axis),
            open_mask=mask,
            image_name=Path(path).name,
        )
        stack.enter_context(run)
        if client is None:
            _tell(image, run.plan)
            steps = run.steps()
        else:
            _tell(image, run.plan, f" on each of {cluster.n_workers} workers at {cluster.address}")
            steps = run.steps(on_cluster(client, run.job))
        try:
            run_with_progress(steps, f"predicting {image.name}")
        except (KeyboardInterrupt, OSError, MemoryError):
            report(f"what is finished of '{path}' is kept; go on with --resume")
            raise


def _client(address: str) -> AbstractContextManager[Any]:
    from napari_pixclass.blockwise import connect

    return connect(address)


def _tell(image: ImageFile, plan: BlockPlan, where: str = "") -> None:
    block = " x ".join(map(str, plan.block))
    threads = "1 thread" if plan.n_jobs == 1 else f"{plan.n_jobs} threads"
    print(
        f"{image.name}: blocks of {block} pixels, {threads}, about {byte_count(plan.memory)} of "
        f"memory at most{where}",
        file=sys.stderr,
    )


def _pixels(path: str, channel_axis: int | str | None) -> np.ndarray[Any, Any]:
    """The pixels of an image, in whatever process they are needed."""
    return open_input(path, channel_axis).data


def _checked_mask(path: str, image: ImageFile) -> Callable[[], ArrayLike]:
    """What opens a mask that fits the image: all of it, or the axes Z, Y, X of each of its frames."""
    mask = open_input(path, "none").data
    shape = list(image.data.shape)
    if image.channel_axis is not None:
        del shape[image.channel_axis]
    fits = [tuple(shape[first:]) for first in range(len(shape) - 1)]
    if tuple(mask.shape) not in fits:
        raise ValueError(
            f"a mask must have the shape of the image without its channels, {tuple(shape)}; "
            f"'{path}' has {tuple(mask.shape)}."
        )
    return partial(_pixels, str(Path(path).absolute()), "none")
