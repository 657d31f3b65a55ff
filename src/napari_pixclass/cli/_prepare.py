"""Prepare images for pixel classification: hot pixels, channels, size, crops.

What the pipelines for imaging mass cytometry do before anybody labels a pixel; for other multichannel images the steps
are chosen one by one.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._each_file import check_targets, for_each
from ._exit import report
from ._image_options import add_image_options, folder, positive
from ._progress import run_with_progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_pixclass.prepare import PreparedFiles, PrepareOptions

NAME = "prepare"

PRESETS = ("imc", "steinbock")

_STEPS = (
    "combine",
    "whole_numbers",
    "summary",
    "summary_factor",
    "scale",
    "enlarging",
    "dtype",
)
"""Options that stand for an attribute of `Preparation` of the same name."""

EPILOG = """presets have the numbers of two published pipelines for imaging mass cytometry:
  imc        ImcSegmentationPipeline: hot pixels above 50, whole counts, 100 x mean as channel 0,
             twice as large, uint16
  steinbock  100 x mean as channel 0, twice as large, float32 (it removes hot pixels earlier)
other options change single steps of a preset. Where values lie between 0 and 1, use steinbock or
--dtype float32 with --no-whole-numbers: nothing would be left of them in whole numbers.

IMAGE may be a file, a folder or a pattern in quotes. For IMAGE.tif the files are DIR/IMAGE_s2.h5
(_s2: twice as large) and DIR/crops/IMAGE_x40_y0_w500_h500.h5 (place and size of the crop). An image
that fails does not stop the others.

examples:
  napari-pixclass prepare 'ometiff/*.ome.tiff' -o prepared --channels 0,3,4 --crops 1
  napari-pixclass prepare ometiff -o prepared --channels Ir191+Ir193,CD45 --preset steinbock
  napari-pixclass prepare cells.tif -o cells --hot-pixels none --summary none --scale 1 \\
      --crops 5 --crops-only"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``prepare``."""
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="images, folders or patterns")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=folder,
        metavar="DIR",
        help="folder to write to; made if absent",
    )
    _add_steps(parser.add_argument_group("what is done to the images, in this order"))
    _add_crops(parser.add_argument_group("random crops, to label and train on"))
    files = parser.add_argument_group("files")
    files.add_argument(
        "--format",
        choices=("hdf5", "tiff"),
        default="hdf5",
        help="kind of files (default: %(default)s)",
    )
    files.add_argument(
        "--suffix", default="", metavar="TEXT", help="what follows the name of IMAGE in file names"
    )
    files.add_argument(
        "--overwrite", action="store_true", help="replace files that exist (default: stop)"
    )
    add_image_options(parser)


def _add_steps(group: Any) -> None:
    group.add_argument(
        "--preset",
        choices=PRESETS,
        default="imc",
        help="where to start from, see below (default: %(default)s)",
    )
    group.add_argument(
        "--hot-pixels",
        type=_threshold,
        metavar="T",
        help="set pixels that exceed the largest of their 8 neighbours by more than T to it; 'none' keeps them "
        "(default: that of the preset)",
    )
    group.add_argument(
        "--whole-numbers",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="cut off fractions of counts (default: that of the preset)",
    )
    group.add_argument(
        "--channels",
        type=_channels,
        metavar="LIST",
        help="channels to keep, in this order: numbers from 0, or names (or parts of them) that the file knows, with "
        "commas between; '+' makes one of several (default: all)",
    )
    group.add_argument("--combine", choices=("mean", "sum"), help="what '+' does (default: mean)")
    group.add_argument(
        "--summary",
        choices=("mean", "sum", "none"),
        help="what comes first as channel 0, to tell tissue from background (default: mean)",
    )
    group.add_argument(
        "--summary-factor",
        type=_factor,
        metavar="F",
        help="multiply the summary by F (default: 100)",
    )
    group.add_argument(
        "--equal-channels",
        action="store_true",
        help="divide each channel by its largest value for the summary, so that faint ones count as much",
    )
    group.add_argument(
        "--scale",
        type=positive,
        metavar="N",
        help="enlarge to N times as many rows and columns (default: 2)",
    )
    group.add_argument(
        "--enlarging",
        choices=("linear", "nearest"),
        help="how to enlarge: interpolate, or repeat pixels (default: linear)",
    )
    group.add_argument(
        "--dtype",
        choices=("uint8", "uint16", "float32"),
        help="type of the result (default: that of the preset)",
    )


def _add_crops(group: Any) -> None:
    group.add_argument(
        "--crops", type=positive, default=0, metavar="N", help="crops of each image (default: none)"
    )
    group.add_argument(
        "--crop-size",
        type=_size,
        default=(500, 500),
        metavar="N",
        help="columns and rows of a crop in the enlarged image, as 250 or 400x250; smaller images are taken whole "
        "(default: 500)",
    )
    group.add_argument(
        "--seed",
        type=_seed,
        default=0,
        metavar="N",
        help="other seeds give other crops; the same seed and image the same (default: 0)",
    )
    group.add_argument("--crops-only", action="store_true", help="do not write the whole images")


def run(args: argparse.Namespace) -> int:
    """Prepare all images."""
    from napari_pixclass.io import find_images, make_folder, stem_of
    from napari_pixclass.prepare import prepare_file_steps

    options = _options(args)
    paths = find_images(args.images)
    check_targets(paths, lambda path: options.image_path(stem_of(path)), "images")
    make_folder(options.folder)

    def prepare(path: Path) -> Iterable[str | Path]:
        done = run_with_progress(prepare_file_steps(path, options), f"preparing {path.name}")
        _warn(path, done, options)
        return done.paths

    return for_each(paths, prepare, "images")


def _options(args: argparse.Namespace) -> PrepareOptions:
    from dataclasses import replace

    from napari_pixclass.prepare import Preparation, PrepareOptions

    if args.crops_only and not args.crops:
        raise ValueError("--crops-only needs to know how many crops to make; add --crops N.")
    preset = {"imc": Preparation.imc, "steinbock": Preparation.steinbock}[args.preset]()
    given = {name: getattr(args, name) for name in _STEPS if getattr(args, name) is not None}
    if args.hot_pixels is not None:
        given["hot_pixels"] = None if args.hot_pixels == "none" else args.hot_pixels
    return PrepareOptions(
        folder=Path(args.output),
        preparation=replace(preset, equal_channels=args.equal_channels, **given),
        channels=args.channels,
        format=args.format,
        suffix=args.suffix,
        whole_images=not args.crops_only,
        n_crops=args.crops,
        crop_size=args.crop_size,
        seed=args.seed,
        axes=args.axes,
        channel_axis=args.channel_axis,
        spacing=None if args.spacing is None else tuple(args.spacing),
        overwrite=args.overwrite,
    )


def _warn(path: Path, done: PreparedFiles, options: PrepareOptions) -> None:
    dtype = options.preparation.dtype
    if done.is_blank:
        report(
            f"note: {path}: all values of the result are 0. If the image is not empty, they were rounded away: use "
            "--dtype float32 and --no-whole-numbers."
        )
    if done.n_limited:
        report(
            f"note: {path}: values beyond the range of {dtype} were set to its limit. A smaller --summary-factor, or "
            "--dtype float32, keeps them."
        )


def _threshold(text: str) -> float | str:
    if text.lower() == "none":
        return "none"
    value = _number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of 0 or more, or 'none'; got '{text}'")
    return value


def _factor(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0; got '{text}'")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number; got '{text}'") from None


def _channels(text: str) -> tuple[tuple[str, ...], ...]:
    groups = tuple(tuple(word.strip() for word in group.split("+")) for group in text.split(","))
    if not all(word for group in groups for word in group):
        raise argparse.ArgumentTypeError(
            f"must be numbers or names with commas or '+' between them; got '{text}'"
        )
    return groups


def _size(text: str) -> tuple[int, int]:
    """Rows and columns from columns and rows."""
    numbers = text.lower().split("x")
    if len(numbers) > 2 or not all(number.isdecimal() and int(number) for number in numbers):
        raise argparse.ArgumentTypeError(
            f"must be a number of pixels, or two as in 400x250; got '{text}'"
        )
    return int(numbers[-1]), int(numbers[0])


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number from 0; got '{text}'")
    return int(text)
