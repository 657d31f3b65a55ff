"""A block with its surroundings in memory, so that what is stored is read once for all tiles of the block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_pixclass.core import ArrayLike, ImageAxes, Region, check_values, resolve_axes


@dataclass(frozen=True, slots=True)
class Context:
    """A piece of one frame of an image, predicted as an image of its own.

    Its ends are the ends of the image, where it is mirrored, or at least a halo away from the block.

    Attributes
    ----------
    image, axes
        The piece.
    start
        Where it begins along the axes that filters see.
    """

    image: ArrayLike
    axes: ImageAxes
    start: tuple[int, ...]

    def local(self, region: Region) -> Region:
        """A region of the image as one of the piece."""
        return tuple(
            slice(axis.start - start, axis.stop - start)
            for axis, start in zip(region, self.start, strict=True)
        )


def read_context(
    image: ArrayLike,
    axes: ImageAxes,
    frame: tuple[int, ...],
    region: Region,
    halo: Sequence[int],
) -> Context:
    """Read a region of one frame with the halo around it, all channels at once.

    Raises
    ------
    ValueError
        If it holds NaN, infinite or far too large values.
    """
    inside = tuple(
        slice(max(axis.start - reach, 0), min(axis.stop + reach, length))
        for axis, length, reach in zip(region, axes.spatial, halo, strict=True)
    )
    key: list[int | slice] = [*frame, *inside]
    channel_axis = None
    if axes.channel_axis is not None:
        key.insert(axes.channel_axis, slice(None))
        channel_axis = max(0, axes.channel_axis - len(frame))
    piece = np.asarray(image[tuple(key)])
    check_values(piece)
    own = resolve_axes(piece.shape, len(inside), channel_axis)
    return Context(piece, own, tuple(axis.start for axis in inside))
