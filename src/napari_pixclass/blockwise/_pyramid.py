"""Coarser versions of a result: their shapes, and how a piece of one is made from the next finer one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_ALIKE = (
    1.5  # axes whose pixels are up to so many times larger than the smallest are halved together
)


def pyramid_factors(
    shape: Sequence[int],
    chunk: Sequence[int],
    spacing: Sequence[float] | None = None,
    n_levels: int | None = None,
) -> list[tuple[int, ...]]:
    """Factor of each level to the one before it, 1 or 2 for each axis.

    Axes whose pixels are much larger than those of the others wait until the others have caught up.

    Parameters
    ----------
    shape, chunk
        Of the full resolution, along the axes that filters see.
    spacing
        Size of a pixel along these.
    n_levels
        Levels that are wanted, full resolution included; None for as many as it takes until one fits a chunk.

    Returns
    -------
    list of tuples, one for each level below full resolution
    """
    lengths = list(shape)
    sizes = [1.0] * len(lengths) if spacing is None else [float(size) for size in spacing]
    factors: list[tuple[int, ...]] = []
    while max(lengths) > 1 and (n_levels is None or len(factors) + 1 < n_levels):
        if n_levels is None and all(a <= b for a, b in zip(lengths, chunk, strict=True)):
            break
        smallest = min(size for size, length in zip(sizes, lengths, strict=True) if length > 1)
        factor = tuple(
            2 if length > 1 and size <= _ALIKE * smallest else 1
            for size, length in zip(sizes, lengths, strict=True)
        )
        lengths = [-(-length // step) for length, step in zip(lengths, factor, strict=True)]
        sizes = [size * step for size, step in zip(sizes, factor, strict=True)]
        factors.append(factor)
    return factors


def pyramid_shapes(shape: Sequence[int], factors: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Shape of each level, full resolution first."""
    shapes = [tuple(shape)]
    for factor in factors:
        shapes.append(tuple(-(-n // step) for n, step in zip(shapes[-1], factor, strict=True)))
    return shapes


def coarser(values: npt.NDArray[Any], factors: Sequence[int], *, mean: bool) -> npt.NDArray[Any]:
    """Make a piece of a coarser level.

    Parameters
    ----------
    values
        The finer pixels; at the far ends of the image there may be one too few for a whole pair.
    factors
        1 or 2 for each axis.
    mean
        Whether pixels are averaged (probabilities) or the first of each group stands for it (class values).
    """
    if not mean:
        return values[tuple(slice(None, None, factor) for factor in factors)]
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        if values.shape[axis] % 2:
            last = values.take([-1], axis=axis)
            values = np.concatenate([values, last], axis=axis)
        pairs = np.moveaxis(values, axis, 0)
        total = pairs[0::2].astype(np.float32) + pairs[1::2]
        values = np.moveaxis(total / np.float32(2), 0, axis)
    return values
