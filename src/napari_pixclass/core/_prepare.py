"""Making multichannel images ready for pixel classification, as the pipelines for imaging mass cytometry do it.

The steps, in this order:

1. Hot pixels are removed: a pixel that exceeds the largest of its (up to) 8 neighbours in the plane by more than a
   threshold becomes that neighbour.
2. Channels are chosen, and those of a group combined.
3. Their mean (or sum) comes before them as channel 0, multiplied by a factor: background is easy to label there.
4. Rows and columns are enlarged by a whole factor.

With `Preparation.imc` these are the numbers of the ImcSegmentationPipeline (hot pixels and counts: its Python package;
channel 0 and enlarging: its CellProfiler pipeline), with `Preparation.steinbock` those of steinbock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, as_image, check_values, index_of, resolve_axes
from ._enlarging import Enlarging, Places, Values
from ._hot_pixels import remove_hot_pixels

Combining = Literal["mean", "sum"]
Summary = Literal["mean", "sum", "none"]
PreparedType = Literal["uint8", "uint16", "float32"]

Groups = tuple[tuple[int, ...], ...]

BAND_VALUES = 1 << 21
"""About so many values are worked on at once."""

BAND_ROWS = (8, 64)
"""Least and most rows that are worked on at once."""

MAX_SCALE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What is done to images before pixels are classified.

    Attributes
    ----------
    hot_pixels
        How much a pixel must exceed the largest of its neighbours to be set to it; None leaves all as they are.
    channels
        The channels of the result, each made of one or more channels of the image, counted from 0; None for all of
        them as they are.
    combine
        What becomes of several channels in one place of `channels`.
    whole_numbers
        Cut off fractions once hot pixels are removed, as a pipeline does that stores counts as whole numbers.
    summary
        What comes before the channels as channel 0: their mean, their sum, or nothing.
    summary_factor
        What it is multiplied by; counts are small, and a mean of 0.1 would be rounded to 0.
    equal_channels
        Divide each channel by its largest value in the image before the summary is made, so that faint channels count
        as much as bright ones.
    scale
        How many times as many rows and columns the result has.
    enlarging
        Linear between the centres of pixels, or each pixel repeated.
    dtype
        Type of the result. Integer types are rounded to nearest, half to even, and limited to their range.

    Raises
    ------
    ValueError
        If a value makes no sense.
    """

    hot_pixels: float | None = 50.0
    channels: Groups | None = None
    combine: Combining = "mean"
    whole_numbers: bool = False
    summary: Summary = "mean"
    summary_factor: float = 100.0
    equal_channels: bool = False
    scale: int = 2
    enlarging: Enlarging = "linear"
    dtype: PreparedType = "uint16"

    def __post_init__(self) -> None:
        if self.hot_pixels is not None and not 0 <= self.hot_pixels < math.inf:
            raise ValueError(
                f"the threshold for hot pixels must be 0 or more, or None to keep them; got {self.hot_pixels}."
            )
        if not 0 < self.summary_factor < math.inf:
            raise ValueError(
                f"the factor of the summary must be a number above 0; got {self.summary_factor}."
            )
        if not 1 <= self.scale <= MAX_SCALE or self.scale != int(self.scale):
            raise ValueError(
                f"scale must be a whole number from 1 to {MAX_SCALE}; got {self.scale}."
            )
        if self.channels is not None and (not self.channels or not all(self.channels)):
            raise ValueError("channels to keep must name one channel at least; got none.")
        lowest = min((channel for group in self.channels or () for channel in group), default=0)
        if lowest < 0:
            raise ValueError(f"channels are counted from 0; got {lowest}.")

    @classmethod
    def imc(cls, channels: Groups | None = None) -> Self:
        """The numbers of the ImcSegmentationPipeline, version 3: whole counts, 100 x mean, twice as large, uint16."""
        return cls(channels=channels, whole_numbers=True)

    @classmethod
    def steinbock(cls, channels: Groups | None = None) -> Self:
        """The numbers of steinbock: 100 x mean, twice as large, float32; it removes hot pixels in an earlier step."""
        return cls(channels=channels, hot_pixels=None, dtype="float32")


class PreparedImage:
    """What a preparation makes of an image, computed where it is asked for.

    Parameters
    ----------
    image
        Array ``([lead, ...] Y, X)`` with its channels along `channel_axis`; planes are prepared one by one.
    preparation
        What to do.
    channel_axis
        Where the channels are; None for an image without.

    Attributes
    ----------
    shape
        ``(channels, [lead, ...] Y, X)``.
    dtype
        Type of the result.
    n_limited
        Values met so far that did not fit the range of `dtype`.

    Raises
    ------
    ValueError, TypeError
        If the image has no such channels, or holds anything but real numbers.
    """

    def __init__(
        self, image: ArrayLike, preparation: Preparation, channel_axis: int | None = None
    ) -> None:
        self._image = as_image(image)
        self._axes: ImageAxes = resolve_axes(self._image.shape, 2, channel_axis)
        self._do = preparation
        self._groups = _groups(preparation.channels, self._axes.n_channels)
        self._largest: Values | None = None
        self.n_limited = 0
        self.dtype: np.dtype[Any] = np.dtype(preparation.dtype)
        rows, columns = self._axes.spatial
        n_channels = len(self._groups) + (preparation.summary != "none")
        self.shape = (
            n_channels,
            *self._axes.lead,
            rows * preparation.scale,
            columns * preparation.scale,
        )

    def frames(self) -> Iterator[tuple[int, ...]]:
        """Index of each plane along the leading axes."""
        return self._axes.frames()

    @property
    def band_rows(self) -> int:
        """How many rows of the result are best asked for at once."""
        channels = max(self.shape[0], sum(map(len, self._groups)))
        least, most = BAND_ROWS
        return min(max(BAND_VALUES // (channels * self.shape[-1]), least), most)

    def bands(self, rows: slice | None = None) -> Iterator[slice]:
        """Bands of `band_rows` of some rows of the result, from first to last."""
        rows = slice(0, self.shape[-2]) if rows is None else rows
        for start in range(rows.start, rows.stop, self.band_rows):
            yield slice(start, min(start + self.band_rows, rows.stop))

    def read(
        self, frame: tuple[int, ...], rows: slice, columns: slice | None = None
    ) -> npt.NDArray[Any]:
        """Compute a rectangle of all channels: shape ``(channels, rows, columns)``."""
        columns = slice(0, self.shape[-1]) if columns is None else columns
        places_y = Places.of(rows, self._axes.spatial[0], self._do.scale, self._do.enlarging)
        places_x = Places.of(columns, self._axes.spatial[1], self._do.scale, self._do.enlarging)
        channels = self._channels(frame, places_y.needed, places_x.needed)
        enlarged = places_x.applied(places_y.applied(channels, axis=1), axis=2)
        return self._as_type(enlarged)

    def whole(self) -> npt.NDArray[Any]:
        """Compute all of it."""
        result = np.empty(self.shape, self.dtype)
        for frame in self.frames():
            for rows in self.bands():
                result[(slice(None), *index_of(frame, (rows, slice(None))))] = self.read(
                    frame, rows
                )
        return result

    def _channels(self, frame: tuple[int, ...], rows: slice, columns: slice) -> Values:
        """The channels of the result in a rectangle of the image, the summary first."""
        combined = self._combined(frame, rows, columns)
        if self._do.summary == "none":
            return combined
        parts = combined
        if self._do.equal_channels:
            parts = combined / self._largest_values()[:, np.newaxis, np.newaxis]
        summary = parts.mean(axis=0) if self._do.summary == "mean" else parts.sum(axis=0)
        summary *= self._do.summary_factor
        if (
            self.dtype.kind == "u"
        ):  # a pipeline that stores it as such limits it before it is enlarged
            limit = np.iinfo(self.dtype).max
            self.n_limited += int(np.count_nonzero(summary > limit))
            np.minimum(summary, limit, out=summary)
        return np.concatenate([summary[np.newaxis], combined])

    def _combined(self, frame: tuple[int, ...], rows: slice, columns: slice) -> Values:
        result = np.empty((len(self._groups), rows.stop - rows.start, columns.stop - columns.start))
        for group, target in zip(self._groups, result, strict=True):
            planes = (self._cleaned(frame, channel, rows, columns) for channel in group)
            target[:] = next(planes)
            for plane in planes:
                target += plane
            if self._do.combine == "mean":
                target /= len(group)
        return result

    def _cleaned(self, frame: tuple[int, ...], channel: int, rows: slice, columns: slice) -> Values:
        """A rectangle of one channel without hot pixels."""
        reach = 0 if self._do.hot_pixels is None else 1
        outer = tuple(
            slice(max(inner.start - reach, 0), min(inner.stop + reach, length))
            for inner, length in zip((rows, columns), self._axes.spatial, strict=True)
        )
        values = self._axes.read(self._image, frame, channel, outer)
        check_values(values)
        plane: Values = values.astype(np.float64)
        if self._do.hot_pixels is not None:
            plane = remove_hot_pixels(plane, self._do.hot_pixels)
        inner = tuple(
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip((rows, columns), outer, strict=True)
        )
        plane = plane[inner]
        return np.trunc(plane) if self._do.whole_numbers else plane

    def _largest_values(self) -> Values:
        """Largest value of each channel in the whole image, 1 where there is nothing above 0."""
        if self._largest is None:
            largest = np.zeros(len(self._groups))
            rows, columns = self._axes.spatial
            step = max(BAND_VALUES // columns, 1)
            for frame in self.frames():
                for start in range(0, rows, step):
                    band = slice(start, min(start + step, rows))
                    values = self._combined(frame, band, slice(0, columns))
                    np.maximum(largest, values.max(axis=(1, 2)), out=largest)
            self._largest = np.where(largest > 0, largest, 1.0)
        return self._largest

    def _as_type(self, values: Values) -> npt.NDArray[Any]:
        if self.dtype.kind == "f":
            return values.astype(self.dtype)
        np.rint(values, out=values)
        limit = np.iinfo(self.dtype).max
        self.n_limited += int(np.count_nonzero((values < 0) | (values > limit)))
        return np.clip(values, 0, limit).astype(self.dtype)


def prepare_image(
    image: ArrayLike, preparation: Preparation | None = None, *, channel_axis: int | None = None
) -> npt.NDArray[Any]:
    """Prepare an image in memory.

    Parameters
    ----------
    image
        Array ``([lead, ...] Y, X)`` with its channels along `channel_axis`.
    preparation
        What to do; None for that of the ImcSegmentationPipeline, `Preparation.imc`.
    channel_axis
        Where the channels are; None for an image without.

    Returns
    -------
    ndarray
        ``(channels, [lead, ...] Y, X)``.
    """
    return PreparedImage(image, preparation or Preparation.imc(), channel_axis).whole()


def _groups(channels: Groups | None, n_channels: int) -> Groups:
    if channels is None:
        return tuple((channel,) for channel in range(n_channels))
    highest = max(channel for group in channels for channel in group)
    if highest >= n_channels:
        raise ValueError(
            f"channels to keep must be channels of the image, 0 to {n_channels - 1}; got {highest}."
        )
    return channels
