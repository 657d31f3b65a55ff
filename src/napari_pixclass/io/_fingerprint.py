"""Knowing an image again, whatever it is called and wherever it lies."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_pixclass.core import ArrayLike, Region

WHOLE_BYTES = 4_000_000
"""Images up to this size are read completely."""

N_BLOCKS = 8
BLOCK_PIXELS = 1 << 17
BLOCK_EDGE = 512
"""Of larger ones so many blocks are, each of so many pixels: the middle, and places all over the image."""

PIECE_BYTES = 1 << 25
"""An image that is read from end to end is read in pieces of this size."""


def fingerprint(image: ArrayLike) -> str:
    """Give 32 hexadecimal digits that are the same for the same image, in memory or lazy, in this process or another.

    Shape, type and values count; of images beyond `WHOLE_BYTES` the values of `N_BLOCKS` blocks at fixed places.

    Parameters
    ----------
    image
        Array of numbers; only what counts is read of it.
    """
    dtype = np.dtype(image.dtype).newbyteorder("<")
    digest = blake2b(repr((tuple(map(int, image.shape)), dtype.str)).encode(), digest_size=16)
    for region in _regions(image.shape, dtype.itemsize):
        block = np.ascontiguousarray(np.asarray(image[region]), dtype=dtype)
        digest.update(block.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def whole_fingerprint(image: ArrayLike) -> str:
    """As `fingerprint`, but every value counts, and all of the image is read."""
    dtype = np.dtype(image.dtype).newbyteorder("<")
    shape = tuple(map(int, image.shape))
    digest = blake2b(repr((shape, dtype.str)).encode(), digest_size=16)
    for region in rows_of(shape, dtype.itemsize):
        block = np.ascontiguousarray(np.asarray(image[region]), dtype=dtype)
        digest.update(block.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def rows_of(shape: Sequence[int], itemsize: int) -> Iterator[Region]:
    """Cut an array into pieces that lie one after the other in memory, each of about `PIECE_BYTES` at most."""
    n_whole = len(shape)  # axes, from the last one, of which a piece has everything
    while n_whole > 0 and math.prod(shape[len(shape) - n_whole :]) * itemsize > PIECE_BYTES:
        n_whole -= 1
    lead = len(shape) - n_whole
    rest = tuple(slice(0, length) for length in shape[lead:])
    if lead == 0:
        yield rest
        return
    n_bytes = max(1, math.prod(shape[lead:]) * itemsize)
    step = max(1, PIECE_BYTES // n_bytes)
    for outer in np.ndindex(*shape[: lead - 1]):
        where = tuple(slice(at, at + 1) for at in outer)
        for start in range(0, shape[lead - 1], step):
            yield (*where, slice(start, min(start + step, shape[lead - 1])), *rest)


def _regions(shape: tuple[int, ...], itemsize: int) -> Iterator[Region]:
    size = math.prod(map(int, shape))
    if size == 0:
        return
    if size * itemsize <= WHOLE_BYTES:
        yield tuple(slice(0, length) for length in shape)
        return
    # Long along the last axes, for those are what is stored together.
    edges: list[int] = []
    left = BLOCK_PIXELS
    for length in reversed(shape):
        edges.insert(0, max(1, min(length, BLOCK_EDGE, left)))
        left //= edges[0]
    for index in range(N_BLOCKS):
        corner = [
            round(place * (length - edge))
            for place, length, edge in zip(_place(index, len(shape)), shape, edges, strict=True)
        ]
        yield tuple(slice(start, start + edge) for start, edge in zip(corner, edges, strict=True))


def _place(index: int, ndim: int) -> Any:
    """Points of the unit cube, the middle first, that keep away from one another (Roberts' R sequence)."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (ndim + 1))
    return (0.5 + index * ratio ** -np.arange(1.0, ndim + 1)) % 1
