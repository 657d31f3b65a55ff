"""Where images and labels come from: arrays in a script, layers in a viewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ArrayLike, SparseLabels
from napari_pixclass.io import is_zarr, labelled_pixels

Positions = npt.NDArray[np.int64]
"""Of pixels in a flattened array."""


@runtime_checkable
class ImageSource(Protocol):
    """An image as the session sees it."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> ArrayLike: ...
    @property
    def channel_axis(self) -> int | None: ...
    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        """Size of a pixel along every axis but the channel axis; None if not known."""
        ...

    @property
    def version(self) -> object:
        """The same object as long as the data are the same."""
        ...

    @property
    def problem(self) -> str | None:
        """Why it cannot be used as it is, in words; None if it can."""
        ...


@runtime_checkable
class LabelsSource(Protocol):
    """Labels as the session sees them."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> ArrayLike: ...
    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the data, for which they need not be read."""
        ...

    def refusal(self, value: int) -> str | None:
        """Why pixels cannot be labelled with `value` (0 erases), in words; None if they can."""
        ...

    def replace_value(self, old: int, new: int, positions: Positions | None = None) -> int:
        """Label with `new` what is labelled with `old`; in one step that can be undone, where labels can be undone.

        Parameters
        ----------
        old, new
            Class values; a `new` of 0 erases.
        positions
            Where to look in the flattened labels; None looks everywhere.

        Returns
        -------
        int
            Number of pixels that have been changed.

        Raises
        ------
        ValueError
            If they cannot be; see `refusal`.
        """
        ...

    def set_values(self, positions: Positions, values: npt.NDArray[np.integer[Any]]) -> None:
        """Label each pixel at `positions` in the flattened labels with its own value, as `replace_value` does.

        Raises
        ------
        ValueError
            If they cannot be changed, or a value is too large for them.
        """
        ...


@dataclass(frozen=True, eq=False)
class ArrayImage:
    """An image that is an array; equal to another one that is the same array, read the same way.

    `path` is the file that it came from, where that is known.
    """

    data: ArrayLike
    channel_axis: int | None = None
    pixel_size: tuple[float, ...] | None = None
    name: str = "image"
    path: str | None = None
    problem: ClassVar[None] = None

    @property
    def version(self) -> object:
        return self.data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayImage) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        size = None if self.pixel_size is None else tuple(self.pixel_size)
        return id(self.data), self.channel_axis, size


@dataclass(frozen=True, eq=False)
class ArrayLabels:
    """Labels that are an array; equal to others that are the same array."""

    data: Any
    name: str = "labels"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape)

    def refusal(self, value: int) -> str | None:
        return refusal_of(self.name, self.data, value)

    def replace_value(self, old: int, new: int, positions: Positions | None = None) -> int:
        if problem := self.refusal(new):
            raise ValueError(problem)
        where = indices_of(self.data, old, positions)
        self.data[where] = new
        return len(where[0])

    def set_values(self, positions: Positions, values: npt.NDArray[np.integer[Any]]) -> None:
        if problem := self.refusal(int(values.max(initial=0))):
            raise ValueError(problem)
        self.data[np.unravel_index(positions, self.data.shape)] = values.astype(self.data.dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayLabels) and other.data is self.data

    def __hash__(self) -> int:
        return id(self.data)


def image_source(image: Any, **options: Any) -> ImageSource:
    """An image, or an array with the `options` of `ArrayImage`, as a source."""
    if isinstance(image, ImageSource):
        return image
    if not _holds(image, "buif"):
        raise TypeError(
            f"an image must be an array of numbers or an image layer; got {_told(image)}."
        )
    return ArrayImage(image, **options)


def labels_source(labels: Any) -> LabelsSource:
    """Labels, or an array of them, as a source."""
    if isinstance(labels, LabelsSource):
        return labels
    array = np.asarray(labels) if isinstance(labels, list | tuple) else labels
    if not _holds(array, "bui"):
        raise TypeError(
            f"labels must be an array of whole numbers or a labels layer; got {_told(labels)}."
        )
    stays = isinstance(array, SparseLabels) or is_zarr(array)  # they may be larger than the memory
    return ArrayLabels(array if stays else np.asarray(array))


def refusal_of(name: str, data: Any, value: int) -> str | None:
    """Why pixels of an array cannot be labelled with `value`, in words; None if they can."""
    in_memory = isinstance(data, np.ndarray | SparseLabels)
    # Arrays of other kinds (dask, xarray, HDF5) are written to in boxes only, or read scattered pixels differently.
    if not in_memory and not is_zarr(data):
        return (
            f"the labels {name!r} are not in memory and their pixels cannot be edited one by one. "
            "Paint on a copy in memory."
        )
    is_array = isinstance(data, np.ndarray)
    if not data.flags.writeable if is_array else getattr(data, "read_only", False):
        return f"the labels {name!r} are read-only and stay as they are. Paint on a copy of them."
    dtype = np.dtype(data.dtype)
    largest = 1 if dtype.kind == "b" else np.iinfo(dtype).max
    if value > largest:
        return f"the labels {name!r} are {dtype} and hold values up to {largest}; got {value}. Convert them first."
    return None


def indices_of(
    data: Any, value: int, positions: Positions | None = None
) -> tuple[npt.NDArray[np.intp], ...]:
    """Index along each axis of the pixels that hold `value`: of those at flat `positions`, or of all."""
    if positions is None:
        if isinstance(data, np.ndarray):
            return np.nonzero(data == value)
        labelled = labelled_pixels(data)
        return tuple(index[labelled.values == value] for index in labelled.coordinates())
    indices = np.unravel_index(positions, data.shape)
    still = np.asarray(data[indices]) == value
    return tuple(index[still] for index in indices)


def _holds(array: Any, kinds: str) -> bool:
    return hasattr(array, "shape") and getattr(getattr(array, "dtype", None), "kind", "") in kinds


def _told(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return type(value).__name__ + (f" of {dtype}" if dtype is not None else "")


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """An image as it was at one moment: work in the background must not see it change."""

    source: ImageSource
    name: str
    data: ArrayLike
    channel_axis: int | None
    pixel_size: tuple[float, ...] | None
    version: object

    @classmethod
    def of(cls, source: ImageSource) -> Self:
        """Take a snapshot; in the thread of the session."""
        return cls(
            source,
            source.name,
            source.data,
            source.channel_axis,
            source.pixel_size,
            source.version,
        )

    def is_current(self) -> bool:
        """Whether the image is still the one it was."""
        source = self.source
        return source.version is self.version and (source.channel_axis, source.pixel_size) == (
            self.channel_axis,
            self.pixel_size,
        )


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Pair:
    """An image and the labels painted on it."""

    image: ImageSource
    labels: LabelsSource


def spacing_of(image: ImageSource | Snapshot, ndim: int) -> tuple[float, ...] | None:
    """Spacing of the last `ndim` spatial axes of an image."""
    return None if image.pixel_size is None else image.pixel_size[-ndim:]


MANY_BYTES = 2**32
"""Predictions that take more than this are not made as a whole."""


def is_lazy(image: ImageSource) -> bool:
    """Whether an image is better predicted where somebody looks: it is not in memory, or has several resolutions."""
    members: Sequence[ImageSource] = getattr(image, "images", (image,))
    return any(
        not isinstance(member.data, np.ndarray)
        or isinstance(member.data, np.memmap)
        or getattr(member, "is_multiscale", False)
        or 16 * member.data.size > MANY_BYTES
        for member in members
    )
