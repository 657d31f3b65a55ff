"""What a user says of the axes counts; what the file knew is kept where that makes sense."""

from __future__ import annotations

import re

import numpy as np
import pytest

from napari_pixclass.io import ImageFile, with_axes, with_given_axes


def image(axes: str, **known: object) -> ImageFile:
    data = np.zeros(tuple(range(3, 3 + len(axes))), np.uint8)
    channel_axis = next((i for i, letter in enumerate(axes) if letter in "CS"), None)
    return ImageFile("a", data, axes, channel_axis, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("axes", "given", "channel_axis", "spacing"),
    [
        ("QYX", "cyx", 0, (0.5, 0.2)),
        ("QYX", "TYX", None, (0.5, 0.2)),
        ("QYX", "ZYX", None, None),  # nobody knows how far apart the planes are
        ("ZYX", "TYX", None, (0.5, 0.2)),
        ("QYX", "YXC", 2, None),
        ("CYX", "QYX", None, (0.5, 0.2)),
        ("QQYX", "CZYX", 0, None),
    ],
)
def test_axes_can_be_named(
    axes: str, given: str, channel_axis: int | None, spacing: tuple[float, ...] | None
) -> None:
    known = (2.0, 0.5, 0.2) if "Z" in axes else (0.5, 0.2)
    named = with_axes(image(axes, spacing=known, unit="nm", translation=known), given)
    assert (named.axes, named.channel_axis) == (given.upper(), channel_axis)
    assert (named.spacing, named.translation) == (spacing, spacing)
    assert named.unit == (None if spacing is None else "nm")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            "CZYX",
            "must name each axis of an image; got 4 letters, 'CZYX', for 'a' of shape (3, 4, 5)",
        ),
        ("ZZX", "axes must be different letters out of TZCYXSQ"),
        ("AYX", "axes must be different letters"),
        ("TZC", "Y and X among them"),
        ("CSYX", "at most one channel axis"),
    ],
)
def test_axes_that_an_image_cannot_have(given: str, reason: str) -> None:
    axes = "QQYX" if given == "CSYX" else "QYX"
    with pytest.raises(ValueError, match=re.escape(reason)):
        with_axes(image(axes), given)


def test_the_channel_axis_is_that_of_the_renamed_axes() -> None:
    given = with_given_axes(image("QQYX", channel_names=()), "QZYX", 0)
    assert (given.axes, given.channel_axis) == ("CZYX", 0)
    assert with_given_axes(image("CYX"), None, "none").channel_axis is None
    assert with_given_axes(image("CYX"), None, None).channel_axis == 0


def test_names_of_channels_stay_with_their_axis() -> None:
    named = image("CYX", channel_names=("r", "g", "b"))
    assert with_axes(named, "CYX").channel_names == ("r", "g", "b")
    assert with_axes(named, "TYX").channel_names == ()
    assert with_given_axes(named, None, 2).channel_names == ()
