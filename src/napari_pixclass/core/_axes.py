"""Which axis of an image is what: channels, the spatial axes that filters see, and everything before them.

An image is ``([lead, ...] [Z, ] Y, X)`` with the channel axis anywhere. Leading axes (time, or the planes of a stack
whose features are 2D) are handled frame by frame. Nothing here is guessed: `ndim` comes from the feature set, the
channel axis from the caller.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

Region = tuple[slice, ...]

AsTrained = Literal["as trained"]
AS_TRAINED: Final[AsTrained] = "as trained"
"""For `channel_axis`: that of the images trained on. None says that an image has no channel axis."""

MAX_MAGNITUDE = 1e10
"""Largest absolute pixel value: beyond it squares of products of derivatives overflow float32."""


def index_of(frame: tuple[int, ...], region: Region) -> tuple[int | slice, ...]:
    """Index of a region of a frame in an array with all leading and spatial axes."""
    return (*frame, *region)


class ArrayLike(Protocol):
    """What images are read through: numpy, memory-mapped, zarr and HDF5 arrays all have it."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def __getitem__(self, key: Any, /) -> Any: ...


def in_memory(image: ArrayLike) -> bool:
    """Whether the pixels of an image can be changed in place, and looked at for nothing."""
    return isinstance(image, np.ndarray) or bool(getattr(image, "is_in_memory", False))


@dataclass(frozen=True, slots=True)
class ImageAxes:
    """Roles of the axes of one image.

    Attributes
    ----------
    lead
        Shape of the leading axes, ``()`` for a single frame.
    spatial
        Shape of the axes that filters see: the last `ndim` axes other than the channel axis.
    channel_axis
        Non-negative position of the channel axis in the image, or None.
    n_channels
        1 where there is no channel axis.
    """

    lead: tuple[int, ...]
    spatial: tuple[int, ...]
    channel_axis: int | None
    n_channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the labels, and of every result but for its last axis."""
        return self.lead + self.spatial

    def frames(self) -> Iterator[tuple[int, ...]]:
        """Index of each frame, in order; one empty tuple where there is no leading axis."""
        return np.ndindex(*self.lead)

    def read(
        self, image: ArrayLike, frame: tuple[int, ...], channel: int, region: Region
    ) -> npt.NDArray[Any]:
        """Read one `region` of one channel of one frame into memory."""
        key: list[int | slice] = [*frame, *region]
        if self.channel_axis is not None:
            key.insert(self.channel_axis, channel)
        return np.asarray(image[tuple(key)])


def resolve_axes(shape: Sequence[int], ndim: int, channel_axis: int | None) -> ImageAxes:
    """Roles of the axes of an image of this `shape`.

    Raises
    ------
    ValueError
        If `channel_axis` is out of range, fewer than `ndim` axes remain, or the image is empty.
    """
    axes = [int(length) for length in shape]
    n_channels = 1
    position = None
    if channel_axis is not None:
        if isinstance(channel_axis, bool) or not isinstance(channel_axis, int | np.integer):
            raise TypeError(f"channel_axis must be an integer or None; got {channel_axis!r}.")
        if not -len(axes) <= channel_axis < len(axes):
            raise ValueError(
                f"channel_axis must be one of the image's {len(axes)} axes; got {channel_axis} "
                f"for an image of shape {tuple(axes)}."
            )
        position = int(channel_axis) % len(axes)
        n_channels = axes.pop(position)
    if len(axes) < ndim:
        besides = "" if position is None else " besides its channel axis"
        hint = " Set channel_axis=None if it has no channels." if position is not None else ""
        raise ValueError(
            f"an image for {ndim}D features needs at least {ndim} axes{besides}; got shape {tuple(shape)}.{hint}"
        )
    if math.prod(axes) * n_channels == 0:
        raise ValueError(f"an image must hold at least one pixel; got shape {tuple(shape)}.")
    split = len(axes) - ndim
    return ImageAxes(tuple(axes[:split]), tuple(axes[split:]), position, n_channels)


def as_image(image: object) -> ArrayLike:
    """Check that `image` holds real numbers that features can be computed from; return it, or a list as an array.

    Arrays in memory are checked for NaN, infinite and far too large values here; arrays that are read block by block
    (memory-mapped, zarr, HDF5) when they are read.

    Raises
    ------
    TypeError
        If it holds anything but real numbers.
    ValueError
        If it holds NaN, infinite or far too large values.
    """
    if not (hasattr(image, "shape") and hasattr(image, "dtype") and hasattr(image, "__getitem__")):
        image = np.asarray(image)
    dtype = np.dtype(image.dtype)
    if dtype.kind == "c":
        raise TypeError(
            f"image must hold real numbers; got {dtype.name}. Take its magnitude (np.abs) or its real part first."
        )
    if dtype.kind not in "buif":
        raise TypeError(f"image must hold numbers; got dtype {dtype}.")
    if isinstance(image, np.ndarray) and not isinstance(image, np.memmap):
        check_values(image)
    return image


def check_values(values: npt.NDArray[Any]) -> None:
    """Raise ValueError if an image, or a block of it, holds NaN, infinite or far too large values."""
    if (
        values.size == 0
        or values.dtype.kind == "b"
        or (values.dtype.kind in "ui" and values.dtype.itemsize < 8)
    ):
        return
    largest = max(abs(float(values.min())), abs(float(values.max())))
    if largest <= MAX_MAGNITUDE:  # false for NaN
        return
    bad = ~np.isfinite(values)
    count = int(bad.sum())
    if count:
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"image must hold finite numbers; {count} of {values.size} values are NaN or infinite, the first at "
            f"{first}. Replace them, for example with np.nan_to_num(image)."
        )
    raise ValueError(
        f"image values must lie within +-{MAX_MAGNITUDE:g}; the largest magnitude is {largest:g}. "
        "Divide the image by a constant."
    )


def as_labels(
    labels: object, axes: ImageAxes, image_shape: Sequence[int]
) -> npt.NDArray[np.integer[Any]]:
    """Check that `labels` fit an image and hold class values; return them as an integer array.

    Raises
    ------
    TypeError
        If they hold anything but whole numbers.
    ValueError
        If their shape is not that of the image without its channel axis, or a value is negative.
    """
    array: npt.NDArray[Any] = np.asarray(labels)
    if array.shape != axes.shape:
        raise wrong_labels_shape(array.shape, axes, image_shape)
    return as_class_values(array)


def as_class_values(array: npt.NDArray[Any]) -> npt.NDArray[np.integer[Any]]:
    """Check that an array, or a block of one, holds class values; return it as an integer array; see `as_labels`."""
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind == "f" and bool((np.isfinite(array) & (array == np.rint(array))).all()):
        array = array.astype(np.int64)
    if array.dtype.kind not in "ui":
        raise TypeError(
            f"labels must be whole numbers, 0 for unlabelled pixels; got values of dtype {array.dtype}."
        )
    if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
        raise ValueError(
            f"labels must be 0 (unlabelled) or a class value of 1 or more; got {int(array.min())}. Set it to 0."
        )
    return array


def wrong_labels_shape(
    shape: Sequence[int], axes: ImageAxes, image_shape: Sequence[int]
) -> ValueError:
    """The error to raise where labels do not fit their image."""
    without = "" if axes.channel_axis is None else " without its channel axis"
    return ValueError(
        f"labels must have the shape of the image{without}, {axes.shape}; got {tuple(shape)} for an image of shape "
        f"{tuple(image_shape)}."
    )
