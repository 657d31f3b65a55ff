"""Cutting the spatial axes of an image into blocks, and reading a block with the halo that its filters need."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, Region, check_values
from ._filters import LANES, aligned


def iter_blocks(shape: Sequence[int], block_shape: Sequence[int]) -> Iterator[Region]:
    """Regions of `block_shape` that tile `shape`, last axis fastest; those at the far ends may be smaller."""
    ranges = [
        [slice(start, min(start + step, length)) for start in range(0, length, step)]
        for length, step in zip(shape, block_shape, strict=True)
    ]
    return itertools.product(*ranges)


def n_blocks(shape: Sequence[int], block_shape: Sequence[int]) -> int:
    """How many regions `iter_blocks` gives."""
    return math.prod(-(-length // step) for length, step in zip(shape, block_shape, strict=True))


def region_shape(region: Region) -> tuple[int, ...]:
    """Shape of a region."""
    return tuple(axis.stop - axis.start for axis in region)


def read_padded(
    image: ArrayLike,
    axes: ImageAxes,
    frame: tuple[int, ...],
    channel: int,
    region: Region,
    halo: Sequence[int],
) -> npt.NDArray[np.float32]:
    """Read a block with its halo as float32 (Z, Y, X); planes get a z of length 1.

    Beyond the borders the image is mirrored without repeating the border pixel, again and again if the halo is larger
    than the image (`numpy.pad`'s "reflect", `scipy.ndimage`'s "mirror"). The width is rounded up to whole vectors; the
    columns added hold zeros and reach no pixel of the block itself::

        |<- halo ->|<- region ->|<- halo ->|<- zeros ->|
        |<-------------- aligned width --------------->|
    """
    inside = []
    outside = []
    for axis, length, reach in zip(region, axes.spatial, halo, strict=True):
        start, stop = axis.start - reach, axis.stop + reach
        inside.append(slice(max(start, 0), min(stop, length)))
        outside.append((max(-start, 0), max(stop - length, 0)))
    values = axes.read(image, frame, channel, tuple(inside))
    if not isinstance(image, np.ndarray) or isinstance(image, np.memmap):
        check_values(values)
    values = values.astype(np.float32, copy=False)
    if any(before or after for before, after in outside):
        values = np.pad(values, outside, mode="reflect")
    # More than needed, so that it can be cut twice, beginning anywhere, and still be aligned.
    width = aligned(values.shape[-1]) + 2 * LANES
    block = np.zeros((*values.shape[:-1], width), dtype=np.float32)
    block[..., : values.shape[-1]] = values
    return block.reshape((1,) * (3 - block.ndim) + block.shape)
