"""What users say about images, and what the files say: the user is right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_pixclass.io import ImageFile


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--axes``, ``--channel-axis`` and ``--spacing``."""
    parser.add_argument(
        "--axes",
        metavar="LETTERS",
        help="a letter for each axis of the images, such as ZCYX: T time, Z, C channels, Y, X, S "
        "colours, Q anything else (default: what the file says)",
    )
    parser.add_argument(
        "--channel-axis",
        type=_channel_axis,
        metavar="N",
        help="axis of the channels, counted from 0, or 'none' (default: what the file says)",
    )
    parser.add_argument(
        "--spacing",
        type=float,
        nargs="+",
        metavar="SIZE",
        help="size of a pixel along each of (z,) y, x: features see only the ratios, files that are written "
        "get these sizes without a unit (default: what the file says)",
    )


def add_jobs_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs``."""
    parser.add_argument(
        "--jobs", type=positive, metavar="N", help="threads to use (default: all cores)"
    )


def _channel_axis(text: str) -> int | str:
    if text.lower() == "none":
        return "none"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a whole number or 'none'; got '{text}'"
        ) from None


def positive(text: str) -> int:
    """A whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of 1 or more; got '{text}'")
    return int(text)


def folder(text: str) -> str:
    """The name of a folder to write to; an empty one would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(
            "must be the name of a folder; got ''. Is a variable empty? Write . for the current folder"
        )
    return text


def open_input(path: str, args: argparse.Namespace) -> ImageFile:
    """Open an image with the axes that the user gave."""
    from napari_pixclass.io import open_image

    return open_image(path, args.channel_axis, args.axes)


def guess_ndim(image: ImageFile) -> int:
    """2 or 3, from the axes of an image; nothing is guessed from its size.

    Raises
    ------
    ValueError
        If its file does not say what its axes are.
    """
    axes = image.axes_without_channels
    if "Z" in axes:
        return 3
    if len(axes) > 2 and "Q" in axes:
        raise ValueError(
            "for an image of more than two axes, the features must be known to be 2D (time, single "
            f"planes) or 3D (volume); '{image.name}' of shape {image.data.shape} does not say what "
            "its axes are. Add --ndim 2 or --ndim 3, and --channel-axis if it has channels."
        )
    return 2
