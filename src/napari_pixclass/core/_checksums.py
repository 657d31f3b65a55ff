"""Checksums of the pixels of an array in memory, to which its owner may write without telling."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from ._axes import ArrayLike, ImageAxes, Region

CELLS = {2: (128, 128), 3: (32, 64, 64)}
"""Checksums are of cells of this shape; blocks beside each other share those of what lies around them."""


class CellChecksums:
    """Checksums of an image at one moment: each pixel is read once at most. Any thread may ask."""

    def __init__(self, image: ArrayLike, axes: ImageAxes) -> None:
        self._image = image
        self._axes = axes
        self._known: dict[tuple[object, ...], int] = {}

    def around(
        self,
        channels: Iterable[int],
        frame: tuple[int, ...],
        block: Region,
        halo: Sequence[int],
    ) -> tuple[int, ...]:
        """Checksums of all cells of some channels of a frame that a block and its halo lie in."""
        spatial = self._axes.spatial
        ranges = [
            range(max(axis.start - reach, 0) // step, -(-min(axis.stop + reach, length) // step))
            for axis, reach, length, step in zip(
                block, halo, spatial, CELLS[len(spatial)], strict=True
            )
        ]
        return tuple(
            self._checksum(frame, channel, cell)
            for channel in channels
            for cell in itertools.product(*ranges)
        )

    def _checksum(self, frame: tuple[int, ...], channel: int, cell: tuple[int, ...]) -> int:
        key = (frame, channel, cell)
        known = self._known.get(key)
        if known is None:
            region = tuple(
                slice(index * step, (index + 1) * step)
                for index, step in zip(cell, CELLS[len(cell)], strict=True)
            )
            values = self._axes.read(self._image, frame, channel, region)
            known = self._known[key] = zlib.crc32(np.ascontiguousarray(values).data)
        return known
