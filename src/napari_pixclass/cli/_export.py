"""What to write, where and how: the options of a batch on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._image_options import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_pixclass.batch import BatchOptions

# As in `napari_pixclass.batch`, which the parser need not import.
EXPORTS = ("probabilities", "uncertainty", "segmentation")
FORMATS = ("tiff", "ome-tiff", "ome-zarr", "hdf5", "png", "npy")
DTYPES = ("uint8", "uint16", "float32")


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add what says what to write, where and how."""
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=folder,
        metavar="DIR",
        help="folder to write to; made if absent",
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
        help=f"{_or(FORMATS)} (default: %(default)s); tiff opens in Fiji, hdf5 is laid out as ilastik's "
        "exports, ome-zarr holds several resolutions, suits images of any size and can be resumed",
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
    parser.add_argument(
        "--per-class",
        action="store_true",
        help="write the probabilities of each class to a file of its own (png always does)",
    )
    parser.add_argument(
        "--name",
        default="",
        metavar="PATTERN",
        help="what results are called, with {stem}, {output}, {class}, {value}, {parent}, {folder} "
        "and {dataset}; slashes make subfolders (default: {stem}_{output})",
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--overwrite", action="store_true", help="replace results that exist (default: stop)"
    )
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="make only the results that do not exist yet, to go on with a batch that was cut short; "
        "it is not checked what made the others",
    )


def batch_options(args: argparse.Namespace) -> BatchOptions:
    """The options of a batch.

    Raises
    ------
    ValueError
        If they contradict each other.
    """
    from napari_pixclass.batch import BatchOptions

    return BatchOptions(
        folder=args.output,
        name=args.name,
        exports=args.export,
        format=args.format,
        dtype=args.dtype,
        renormalize=args.renormalize,
        per_class=args.per_class,
        overwrite=args.overwrite,
        skip_existing=args.skip_existing,
        axes=args.axes,
        channel_axis=args.channel_axis,
        spacing=None if args.spacing is None else tuple(args.spacing),
        mask=args.mask,
        memory=args.memory,
        block=args.block_size,
        n_levels=args.levels,
        resume=args.resume,
        scheduler=args.scheduler,
    )


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
