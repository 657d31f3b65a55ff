"""Where images and labels come from: arrays in a script, layers in a viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

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


@runtime_checkable
class LabelsSource(Protocol):
    """Labels as the session sees them."""

    @property
    def name(self) -> str: ...
    @property
    def data(self) -> npt.NDArray[np.integer[Any]]: ...


@dataclass(frozen=True, eq=False)
class ArrayImage:
    """An image that is an array."""

    data: ArrayLike
    channel_axis: int | None = None
    pixel_size: tuple[float, ...] | None = None
    name: str = "image"


@dataclass(frozen=True, eq=False)
class ArrayLabels:
    """Labels that are an array."""

    data: npt.NDArray[np.integer[Any]]
    name: str = "labels"


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """An image and the labels painted on it."""

    image: ImageSource
    labels: LabelsSource


def spacing_of(image: ImageSource, ndim: int) -> tuple[float, ...] | None:
    """Spacing of the last `ndim` spatial axes of an image."""
    return None if image.pixel_size is None else image.pixel_size[-ndim:]


def count_labels(labels: npt.NDArray[np.integer[Any]]) -> dict[int, int]:
    """Number of pixels of each class value."""
    values, counts = np.unique(labels[labels > 0], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
