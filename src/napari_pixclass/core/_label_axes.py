"""How the axes of labels made elsewhere can lie along those of an image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

Order = tuple[int | None, ...]
"""For each axis of an image the axis of the labels that lies along it; None: of this axis labels have one plane."""

MAX_TURNED_AXES = 6
"""Labels of images with more axes than this are taken in the order that they are in."""


def fitting_orders(shape: Sequence[int], image_shape: Sequence[int]) -> list[Order]:
    """All ways in which labels can lie in an image, the most likely first.

    Ways in which all lengths are equal come first; then those in which the axes keep their order; then those along the
    last axes of the image.

    Parameters
    ----------
    shape
        Of the labels; axes of length 1 are left out.
    image_shape
        Of the image without its channel axis.

    Returns
    -------
    list of tuple
        Empty where labels are longer than the image, however they are turned.
    """
    long = tuple(axis for axis, length in enumerate(shape) if length > 1)
    fitting = [o for o in _orders(long, len(image_shape)) if _fits(o, shape, image_shape)]
    return sorted(fitting, key=lambda order: _unlikeliness(order, shape, image_shape))


def order_of_axes(axes: str, image_axes: str) -> Order:
    """How labels lie in an image, by the letters of their axes.

    Raises
    ------
    ValueError
        If a letter is there twice, or the image has no such axis.
    """
    letters, known = axes.upper(), image_axes.upper()
    if not letters or len(set(letters)) < len(letters) or not set(letters) <= set(known):
        raise ValueError(
            f"axes of labels must be different ones of the image's axes {known}; got {letters!r}. Name each once."
        )
    return tuple(letters.index(letter) if letter in letters else None for letter in known)


def check_order(order: Sequence[int | None], shape: Sequence[int], ndim: int) -> Order:
    """Check that labels of this shape can lie like this in an image of `ndim` axes, wherever they end.

    Raises
    ------
    ValueError
        If an axis is there twice or missing.
    """
    used = [axis for axis in order if axis is not None]
    missing = [axis for axis, n in enumerate(shape) if n > 1 and axis not in used]
    known = set(used) <= set(range(len(shape))) and len(set(used)) == len(used)
    if len(order) != ndim or missing or not known:
        raise ValueError(
            f"the order must name, for each of the {ndim} axes of the image, an axis of the labels or None, and each "
            f"axis of labels of shape {tuple(shape)} once; got {tuple(order)}."
        )
    return tuple(order)


def _orders(axes: tuple[int, ...], ndim: int) -> list[Order]:
    if ndim > MAX_TURNED_AXES:
        places = list(combinations(range(ndim), len(axes)))
    else:
        places = list(permutations(range(ndim), len(axes)))
    return [
        tuple(axes[place.index(axis)] if axis in place else None for axis in range(ndim))
        for place in places
    ]


def _fits(order: Order, shape: Sequence[int], image_shape: Sequence[int]) -> bool:
    return all(
        axis is None or shape[axis] <= length
        for axis, length in zip(order, image_shape, strict=True)
    )


def _unlikeliness(
    order: Order, shape: Sequence[int], image_shape: Sequence[int]
) -> tuple[bool, bool, list[bool], list[int]]:
    used = [axis for axis in order if axis is not None]
    is_exact = all(
        axis is None or shape[axis] == length
        for axis, length in zip(order, image_shape, strict=True)
    )
    return not is_exact, used != sorted(used), [axis is not None for axis in order], used
