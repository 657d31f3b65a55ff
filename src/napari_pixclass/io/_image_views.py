"""How an image in a program looks at what its file holds: one channel of it, or its axes in another order.

Viewers show the channels of a file as layers of their own, or put them first. So that such an image can be opened
again, it is found out which part of the file it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from ._image_file import ImageFile, channel_axis_of

MAX_PLACES = 256
"""Longest axis of which one place may be an image of its own: there are not more channels."""

MAX_VIEWS = 1024
"""Most views that are tried."""


@dataclass(frozen=True, slots=True)
class ImageView:
    """A part of an array with its axes in some order.

    Attributes
    ----------
    places
        For each axis of the array the place at which it is looked at, None for all of it.
    order
        The axes that are left, counted without those that are not, in the order of the view.
    """

    places: tuple[int | None, ...]
    order: tuple[int, ...]

    @classmethod
    def whole(cls, ndim: int) -> ImageView:
        """The array as it is."""
        return cls((None,) * ndim, tuple(range(ndim)))

    @property
    def is_whole(self) -> bool:
        """Whether that is the array as it is."""
        return self == self.whole(len(self.places))

    def shape_of(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Shape of the view of an array of this shape; None where that has no such view."""
        if len(shape) != len(self.places):
            return None
        if any(p is not None and p >= n for p, n in zip(self.places, shape, strict=True)):
            return None
        left = [int(n) for p, n in zip(self.places, shape, strict=True) if p is None]
        return tuple(left[axis] for axis in self.order)

    def of(self, data: Any) -> Any:
        """The view of an array, nothing of which is read as long as nobody looks at it."""
        if self.is_whole:
            return data
        if not isinstance(data, np.ndarray) and not hasattr(data, "__dask_graph__"):
            from dask.array import from_array

            chunks = getattr(data, "chunks", None) or "auto"
            data = from_array(data, chunks=chunks, name=False)  # type: ignore[no-untyped-call]  # dask
        key = tuple(slice(None) if place is None else place for place in self.places)
        return data[key].transpose(self.order)

    def of_file(self, image: ImageFile) -> ImageFile:
        """The view of an image, with the letters of the axes that are left."""
        if self.is_whole:
            return image
        left = [letter for p, letter in zip(self.places, image.axes, strict=True) if p is None]
        axes = "".join(left[axis] for axis in self.order)
        spatial = [letter for letter in "ZYX" if letter in image.axes]
        is_kept = all(letter in axes for letter in spatial)
        return ImageFile(
            name=image.name,
            data=self.of(image.data),
            axes=axes,
            channel_axis=channel_axis_of(axes, image.name),
            spacing=image.spacing if is_kept else None,
            unit=image.unit if is_kept else None,
            translation=image.translation if is_kept else None,
        )


def find_view(data: Any, shape: Sequence[int], is_same: Callable[[Any], bool]) -> ImageView | None:
    """Find the view of an array that is an image of this shape, as `is_same` says; None where there is none.

    Parameters
    ----------
    data
        The array.
    shape
        Of the image.
    is_same
        Looks at a view of the array.
    """
    for number, view in enumerate(_views(tuple(map(int, data.shape)), tuple(map(int, shape)))):
        if number == MAX_VIEWS:
            break
        if is_same(view.of(data)):
            return view
    return None


def _views(whole: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[ImageView]:
    """All views of this shape, the likeliest first: nothing, or one place of one axis, left out."""
    n_left_out = len(whole) - len(shape)
    if n_left_out < 0 or math.prod(shape) > math.prod(whole):
        return
    for left_out in combinations(range(len(whole)), n_left_out):
        long = [axis for axis in left_out if whole[axis] > 1]
        if len(long) > 1 or any(whole[axis] > MAX_PLACES for axis in long):
            continue
        kept = [length for axis, length in enumerate(whole) if axis not in left_out]
        orders = [order for order in _orders(len(kept)) if _ordered(kept, order) == shape]
        for place in range(whole[long[0]] if long else 1):
            places = tuple(
                (place if axis in long else 0) if axis in left_out else None
                for axis in range(len(whole))
            )
            yield from (ImageView(places, order) for order in orders)


def _orders(ndim: int) -> list[tuple[int, ...]]:
    """The axes as they are, and each of them moved to the front or to the end."""
    axes = tuple(range(ndim))
    moved = [axes]
    for axis in axes:
        others = tuple(other for other in axes if other != axis)
        moved += [(axis, *others), (*others, axis)]
    return list(dict.fromkeys(moved))


def _ordered(lengths: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    return tuple(lengths[axis] for axis in order)
