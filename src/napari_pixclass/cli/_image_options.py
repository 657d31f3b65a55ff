"""What users say about images, and what the files say: the user is right."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_pixclass.io import ImageFile


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--channel-axis`` and ``--spacing``."""
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
        help="size of a pixel along each of (z,) y, x; only ratios count (default: what the file says)",
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


def open_input(path: str, channel_axis: int | str | None) -> ImageFile:
    """Open an image; `channel_axis` as given on the command line."""
    from napari_pixclass.io import open_image, with_channel_axis

    if channel_axis == "none":
        return with_channel_axis(open_image(path), None)
    return open_image(path, None if channel_axis is None else int(channel_axis))


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


def with_spatial_axes(image: ImageFile, ndim: int) -> ImageFile:
    """The image, whose last `ndim` axes besides channels must be, or are now called, (Z,) Y, X.

    Raises
    ------
    ValueError
        If its file says that they are something else.
    """
    axes = image.axes_without_channels
    if ndim == 2 or axes.endswith("ZYX"):
        return image
    if len(axes) < 3 or axes[-3] != "Q":
        raise ValueError(
            f"3D features need an image whose last axes are ZYX; '{image.name}' has the axes "
            f"{image.axes}. Use 2D features, or reorder its axes."
        )
    position = [i for i in range(len(image.axes)) if i != image.channel_axis][-3]
    letters = image.axes[:position] + "Z" + image.axes[position + 1 :]
    return replace(image, axes=letters, spacing=None, unit=None)


def chosen_spacing(
    image: ImageFile, ndim: int, option: list[float] | None
) -> tuple[float, ...] | None:
    """Spacing along the `ndim` axes that filters see: the user's, else the file's, else None."""
    if option is None:
        return image.spacing_for(ndim)
    from napari_pixclass.core import valid_spacing

    return valid_spacing(option, ndim)
