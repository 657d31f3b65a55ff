"""What users say of an image's axes and pixel sizes, and what its file says: the user is right."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np

from ._image_file import SPATIAL, ImageFile, channel_axis_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ChannelAxis = int | Literal["none"] | None
"""Axis of the channels; "none" where there are none although the file says so, None for what the file says."""

_LETTERS = "TZCYXSQ"


def with_axes(image: ImageFile, axes: str) -> ImageFile:
    """The same image with other letters for its axes; what is known along axes that keep theirs stays known.

    Parameters
    ----------
    image
        As its file describes it.
    axes
        A letter for each axis: T, Z, C, Y, X, S for the colours of a pixel, Q for anything else; C or S are the
        channels. Letters besides those that the file knows are axes of length 1, which readers of TIFF leave out.

    Raises
    ------
    ValueError
        If there are not as many letters as axes, or they are no axes of an image.
    """
    letters = axes.upper()
    named = letters.replace("Q", "")
    if (
        not set(letters) <= set(_LETTERS)
        or len(set(named)) != len(named)
        or not {*"YX"} <= {*named}
    ):
        raise ValueError(
            f"axes must be different letters out of {_LETTERS}, Y and X among them, such as ZCYX; got "
            f"{axes!r}."
        )
    image = dataclasses.replace(_with_axes_of_one(image, letters), volume_spacing=None)
    if len(letters) != image.data.ndim:
        raise ValueError(
            f"axes must name each axis of an image; got {len(letters)} letters, {axes!r}, for "
            f"'{image.name}' of shape {image.data.shape}."
        )
    return _renamed(image, letters, channel_axis_of(letters, image.name))


def with_channel_axis(image: ImageFile, channel_axis: int | None) -> ImageFile:
    """The same image with another channel axis, or with none; its letters change accordingly.

    Where the file called the channels Z, Y or X its letters were invented: the last two of the
    other axes are then Y and X.
    """
    letters = ["Q" if letter in "CS" else letter for letter in image.axes]
    if channel_axis is not None:
        named = image.axes[channel_axis]
        del letters[channel_axis]
        if named in SPATIAL and letters[-2:] != ["Y", "X"]:
            leading = ["Q" if letter in "YX" else letter for letter in letters[:-2]]
            letters = [*leading, *"YX"[-len(letters) :]]
        letters.insert(channel_axis, "S" if named == "S" else "C")
    return _renamed(image, "".join(letters), channel_axis)


def with_given_axes(image: ImageFile, axes: str | None, channel_axis: ChannelAxis) -> ImageFile:
    """The image with the letters and then with the channel axis that a user gave, if any.

    Raises
    ------
    ValueError
        If they do not fit the image.
    """
    if axes is not None:
        image = with_axes(image, axes)
    if channel_axis is None:
        return image
    if channel_axis == "none":
        return with_channel_axis(image, None)
    ndim = image.data.ndim
    if not -ndim <= channel_axis < ndim:
        raise ValueError(
            f"the channel axis must be one of the image's {ndim} axes; got {channel_axis} for "
            f"'{image.name}' of shape {image.data.shape}."
        )
    return with_channel_axis(image, channel_axis % ndim)


def with_spatial_axes(image: ImageFile, ndim: int) -> ImageFile:
    """The image, whose last `ndim` axes besides channels must be, or are now called, (Z,) Y, X.

    Raises
    ------
    ValueError
        If its file says that they are something else.
    """
    if ndim == 3 and image.volume_spacing is not None:
        image = _with_axes_of_one(image, image.axes.replace("Y", "ZY"))
    axes = image.axes_without_channels
    if ndim == 2 or axes.endswith("ZYX"):
        return image
    if len(axes) < 3 or axes[-3] != "Q":
        one_plane = image.axes.replace("YX", "ZYX")
        remedy = (
            f"If it is a volume of one plane, give the axes {one_plane}; otherwise use 2D features."
            if "Z" not in axes and axes.endswith("YX")
            else "Use 2D features, or reorder its axes."
        )
        raise ValueError(
            f"3D features need an image whose last axes are ZYX; '{image.name}' has the axes "
            f"{image.axes}. {remedy}"
        )
    position = [i for i in range(len(image.axes)) if i != image.channel_axis][-3]
    letters = image.axes[:position] + "Z" + image.axes[position + 1 :]
    return dataclasses.replace(image, axes=letters, spacing=None, unit=None)


def chosen_spacing(
    image: ImageFile, ndim: int, given: Sequence[float] | None
) -> tuple[float, ...] | None:
    """Spacing along the `ndim` axes that filters see: the user's, else the file's, else None.

    Raises
    ------
    ValueError
        If the user's has another number of values, or one is not above 0.
    """
    if given is None:
        return image.spacing_for(ndim)
    from napari_pixclass.core import valid_spacing

    return valid_spacing(given, ndim)


def _with_axes_of_one(image: ImageFile, letters: str) -> ImageFile:
    """The image with axes of length 1 for the `letters` that it lacks; as it is where its own are not among them."""
    rest = iter(letters)
    is_part = all(letter in rest for letter in image.axes)  # in this order
    if len(letters) <= len(image.axes) or not is_part or not isinstance(image.data, np.ndarray):
        return image
    known = list(image.axes)
    key: list[slice | None] = []
    for letter in letters:
        is_known = bool(known) and letter == known[0]
        key.append(slice(None) if is_known else None)
        if is_known:
            del known[0]
    added = {*letters} - {*image.axes}
    gets_z = "Z" in added
    return dataclasses.replace(
        image,
        data=image.data[tuple(key)],
        axes=letters,
        channel_axis=channel_axis_of(letters, image.name),
        spacing=image.volume_spacing if gets_z else image.spacing,
        unit=image.unit if not gets_z or image.volume_spacing is not None else None,
        translation=None if gets_z else image.translation,
        volume_spacing=None,
    )


def _renamed(image: ImageFile, axes: str, channel_axis: int | None) -> ImageFile:
    """The image with other letters; spacing and translation are known if all of Z, Y, X stand where they stood."""
    before = [letter for letter in SPATIAL if letter in image.axes]
    after = [letter for letter in SPATIAL if letter in axes]
    stay = all(axes.find(letter) == image.axes.find(letter) for letter in after)

    def kept(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if values is None or not stay:
            return None
        known = dict(zip(before, values, strict=True))
        return tuple(known[letter] for letter in after)

    return dataclasses.replace(
        image,
        axes=axes,
        channel_axis=channel_axis,
        spacing=kept(image.spacing),
        unit=image.unit if stay else None,
        translation=kept(image.translation),
        channel_names=image.channel_names if channel_axis == image.channel_axis else (),
    )
