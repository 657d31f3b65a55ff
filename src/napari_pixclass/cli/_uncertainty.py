"""Make uncertainty maps of files of probabilities.

Of this program's probabilities, and of those that ilastik exported.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ._each_file import check_targets, for_each
from ._image_options import add_image_options, folder
from ._progress import run_with_progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

NAME = "uncertainty"

EPILOG = """a map is 0 where one class is certain. A good classifier is uncertain at the borders of regions
and nowhere else: where whole regions are bright, more labels help most. New predictions can have
their maps at once: 'napari-pixclass predict --export probabilities,uncertainty'.

FILE may be a file, a folder or a pattern in quotes. The map of a_Probabilities.tiff is
a_Uncertainty.tiff. A file that fails does not stop the others.

examples:
  napari-pixclass uncertainty 'ilastik/*_Probabilities.tiff' -o uncertainty
  napari-pixclass uncertainty a_Probabilities.h5 --dtype uint8"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``uncertainty``."""
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="probabilities: files, folders or patterns"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=folder,
        metavar="DIR",
        help="folder to write to; made if absent (default: that of each file)",
    )
    parser.add_argument(
        "--measure",
        choices=("margin", "best"),
        default="margin",
        help="margin: 1 - (largest - second largest probability); best: 1 - largest (default: %(default)s)",
    )
    parser.add_argument(
        "--dtype",
        choices=("uint8", "uint16", "float32"),
        help="type of the maps; integers use their whole range for 0 to 1 (default: as the probabilities)",
    )
    parser.add_argument(
        "--format",
        choices=("tiff", "hdf5"),
        default="tiff",
        help="kind of files (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace maps that exist (default: stop)"
    )
    add_image_options(parser)


def run(args: argparse.Namespace) -> int:
    """Make all maps."""
    from napari_pixclass.io import find_images, make_folder
    from napari_pixclass.prepare import UncertaintyOptions, uncertainty_file_steps, uncertainty_path

    options = UncertaintyOptions(
        folder=None if args.output is None else Path(args.output),
        measure=args.measure,
        dtype=args.dtype,
        format=args.format,
        axes=args.axes,
        channel_axis=args.channel_axis,
        spacing=None if args.spacing is None else tuple(args.spacing),
        overwrite=args.overwrite,
    )
    paths = find_images(args.files)
    check_targets(paths, lambda path: uncertainty_path(path, options), "files")
    if options.folder is not None:
        make_folder(options.folder)

    def make_map(path: Path) -> Iterable[str | Path]:
        return [run_with_progress(uncertainty_file_steps(path, options), f"reading {path.name}")]

    return for_each(paths, make_map, "files")
