"""Where images and labels come from: arrays in a script, layers in a viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ArrayLike


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


@dataclass(frozen=True, eq=False)
class ArrayImage:
    """An image that is an array; equal to another one that is the same array, read the same way."""

    data: ArrayLike
    channel_axis: int | None = None
    pixel_size: tuple[float, ...] | None = None
    name: str = "image"

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

    data: npt.NDArray[np.integer[Any]]
    name: str = "labels"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

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
    return ArrayLabels(np.asarray(array))


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


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """An image and the labels painted on it."""

    image: ImageSource
    labels: LabelsSource


def spacing_of(image: ImageSource, ndim: int) -> tuple[float, ...] | None:
    """Spacing of the last `ndim` spatial axes of an image."""
    return None if image.pixel_size is None else image.pixel_size[-ndim:]
