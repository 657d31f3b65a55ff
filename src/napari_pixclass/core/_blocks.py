"""Cutting the spatial axes of an image into blocks, and reading a block with the halo that its filters need."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, Region, check_values
from ._filters import Field, mirrored
from ._scratch import Scratch
from ._taps import FEW


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


@dataclass(frozen=True, slots=True)
class PaddedBlock:
    """A block of one channel with its halo.

    Attributes
    ----------
    field
        The values. Rows and columns beyond the image are those seen in a mirror; planes beyond it are left out.
    extent
        Planes, rows and columns of the image. Filters along z mirror it themselves, because a thin volume would grow
        severalfold.
    """

    field: Field
    extent: tuple[int, int, int]


def read_padded(
    image: ArrayLike,
    axes: ImageAxes,
    frame: tuple[int, ...],
    channel: int,
    region: Region,
    halo: Sequence[int],
    scratch: Scratch | None = None,
) -> PaddedBlock:
    """Read a block with its halo as float32 (Z, Y, X); planes get a z of length 1.

    Beyond the borders the image is mirrored without repeating the border pixel, again and again if the halo is larger
    than the image (`numpy.pad`'s "reflect", `scipy.ndimage`'s "mirror"). Blocks narrower than `FEW` are followed by
    zeros, which reach no pixel of the block itself::

        |<- halo ->|<- region ->|<- halo ->|<- zeros ->|
                   |<- at least FEW ->|   as much as the halo follows

    The values live in `scratch` where it is given, until the next block is read.
    """
    # 1. What lies within the image.
    inside = tuple(
        slice(max(axis.start - reach, 0), min(axis.stop + reach, length))
        for axis, length, reach in zip(region, axes.spatial, halo, strict=True)
    )
    values = axes.read(image, frame, channel, inside)
    if not isinstance(image, np.ndarray) or isinstance(image, np.memmap):
        check_values(values)
    values = values.reshape((1,) * (3 - values.ndim) + values.shape)

    # 2. Its place in the padded block.
    y, x = (
        np.arange(axis.start - reach, axis.stop + reach)
        for axis, reach in zip(region[-2:], halo[-2:], strict=True)
    )
    missing = max(0, FEW - (region[-1].stop - region[-1].start))
    scratch = Scratch() if scratch is None else scratch
    block = scratch.volume("padded", len(values), len(y), len(x) + missing)
    place_y, place_x = _place(y, inside[-2]), _place(x, inside[-1])
    block[:, place_y, place_x] = values
    block[:, :, len(x) :] = 0

    # 3. The mirrored columns, then rows.
    for column in _outside(len(x), place_x):
        source, _ = mirrored(x[column], axes.spatial[-1])
        block[:, place_y, column] = block[:, place_y, source - x[0]]
    for row in _outside(len(y), place_y):
        source, _ = mirrored(y[row], axes.spatial[-2])
        block[:, row] = block[:, source - y[0]]
    first_plane = inside[0].start if len(region) == 3 else 0
    n_planes, n_rows, n_columns = (1,) * (3 - len(region)) + axes.spatial
    field = Field(block, first_plane, (halo[-2], halo[-1]))
    return PaddedBlock(field, (n_planes, n_rows, n_columns))


def _place(positions: npt.NDArray[np.int64], inside: slice) -> slice:
    """Where the pixels `inside` the image lie among consecutive `positions`."""
    return slice(inside.start - int(positions[0]), inside.stop - int(positions[0]))


def _outside(length: int, place: slice) -> Iterator[slice]:
    """What lies before and after a place."""
    if place.start > 0:
        yield slice(0, place.start)
    if place.stop < length:
        yield slice(place.stop, length)
