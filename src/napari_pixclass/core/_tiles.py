"""Tiles: blocks of an image that are looked at, at full resolution or at one of the coarser ones of its pyramid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, Region
from ._blocks import iter_blocks, read_padded, region_shape
from ._channel_features import ChannelFeatures
from ._checksums import CellChecksums
from ._compute import BLOCK_SHAPES, compute_planes
from ._scratch import Scratch

Planes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tile:
    """A block of an image, or of a coarser version of it.

    Attributes
    ----------
    level
        0 for full resolution.
    start, stop
        Its corners along all axes but the channels, in pixels of its level; of length 1 along leading axes.
    shape
        Shape of the whole image at its level.
    """

    level: int
    start: tuple[int, ...]
    stop: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def box(self) -> Region:
        """The tile as a region of its level."""
        return tuple(map(slice, self.start, self.stop))

    @property
    def n_pixels(self) -> int:
        """Number of pixels."""
        return math.prod(self.size)

    @property
    def size(self) -> tuple[int, ...]:
        """Length along each axis."""
        return tuple(stop - start for start, stop in zip(self.start, self.stop, strict=True))


@dataclass(frozen=True, slots=True)
class TileReader:
    """Computes the features of tiles of one image.

    Attributes
    ----------
    image, axes
        See `as_image` and `resolve_axes`.
    features
        What to compute for each channel.
    spacing
        Of the spatial axes.
    """

    image: ArrayLike
    axes: ImageAxes
    features: ChannelFeatures
    spacing: tuple[float, ...]
    checksums: CellChecksums = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "checksums", CellChecksums(self.image, self.axes))

    def planes(self, tile: Tile, scratch: Scratch, source: ArrayLike | None = None) -> Planes:
        """Features ``(n_features, *spatial shape of the tile)``.

        A pixel of a coarser level has the features of the pixel of the image in its middle. The image is read through
        `source` where that is given.
        """
        image = self.image if source is None else source
        pixels = [
            np.minimum((np.arange(start, stop) + 0.5) * (full / coarse), full - 1).astype(int)
            for start, stop, full, coarse in zip(
                tile.start, tile.stop, self.axes.shape, tile.shape, strict=True
            )
        ]
        split = len(self.axes.lead)
        frame = tuple(int(index[0]) for index in pixels[:split])
        spatial = pixels[split:]
        out = np.empty((self.n_features, *map(len, spatial)), dtype=np.float32)
        if tile.level == 0:
            self._compute(image, frame, tile.box[split:], out, scratch)
            return out
        extent = [int(index[-1] - index[0]) + 1 for index in spatial]
        for block in iter_blocks(extent, BLOCK_SHAPES[len(extent)]):
            self._sample(image, frame, block, spatial, out, scratch)
        return out

    @property
    def n_features(self) -> int:
        """Features of a pixel, those of all channels."""
        return self.features.n_features

    def _sample(
        self,
        image: ArrayLike,
        frame: tuple[int, ...],
        block: Region,
        pixels: list[npt.NDArray[np.intp]],
        out: Planes,
        scratch: Scratch,
    ) -> None:
        """Compute one block of the image (from the first of `pixels` on), and keep some of its pixels."""
        region, inside, places = [], [], []
        for axis, index in zip(block, pixels, strict=True):
            start, stop = axis.start + int(index[0]), axis.stop + int(index[0])
            first, last = np.searchsorted(index, (start, stop))
            if first == last:
                return
            chosen = index[first:last]
            region.append(slice(int(chosen[0]), int(chosen[-1]) + 1))
            inside.append(chosen - chosen[0])
            places.append(slice(int(first), int(last)))
        values = np.empty((len(out), *region_shape(tuple(region))), dtype=np.float32)
        self._compute(image, frame, tuple(region), values, scratch)
        out[(slice(None), *places)] = values[np.ix_(range(len(values)), *inside)]

    def _compute(
        self,
        image: ArrayLike,
        frame: tuple[int, ...],
        region: Region,
        out: Planes,
        scratch: Scratch,
    ) -> None:
        for channel, start, own in self.features.used():
            halo = own.halo_for(self.spacing)
            padded = read_padded(image, self.axes, frame, channel, region, halo, scratch)
            planes = out[start : start + len(own)]
            compute_planes(padded, region, own, self.spacing, planes, scratch)
