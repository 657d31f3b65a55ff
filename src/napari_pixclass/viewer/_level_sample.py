"""The values of an image that are on screen, and the contrast that shows them best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image

from napari_pixclass.core import Step, Steps

from ._view import Box

Limits = tuple[float, float]

PERCENTILES = (0.5, 99.5)
"""The few values beyond these would take contrast from all others."""
MAX_VALUES = 1 << 20
"""Of more values only so many, evenly spread, are looked at."""
N_PIECES = 16


def sample_on_screen(layer: Image, region: Box) -> tuple[Any, Box]:
    """The array to read, and what of it: the resolution on screen, and no more values than are needed.

    Parameters
    ----------
    layer
        An image layer that is not RGB.
    region
        What is on screen, at full resolution.
    """
    if layer.multiscale:
        data = layer.data[layer.data_level]
        factors = np.asarray(layer.downsample_factors[layer.data_level], dtype=float)
    else:
        data, factors = layer.data, np.ones(len(region))
    box = [
        _scaled(axis, float(factor), length)
        for axis, factor, length in zip(region, factors, data.shape, strict=True)
    ]
    n_values = math.prod(axis.stop - axis.start for axis in box)
    n_long = sum(axis.stop - axis.start > 1 for axis in box)
    step = math.ceil((n_values / MAX_VALUES) ** (1 / max(n_long, 1)))
    return data, tuple(slice(axis.start, axis.stop, step) for axis in box)


def _scaled(axis: slice, factor: float, length: int) -> slice:
    start = min(int(axis.start / factor), length - 1)
    return slice(start, max(min(math.ceil(axis.stop / factor), length), start + 1))


def contrast_steps(data: Any, box: Box) -> Steps[Limits]:
    """Read a sample piece by piece and find its contrast limits; two equal ones where all values are the same.

    Parameters
    ----------
    data
        An array of any library.
    box
        A slice per axis.
    """
    axis = int(np.argmax([part.stop - part.start for part in box]))
    pieces = _pieces(box[axis])
    values = []
    for done, piece in enumerate(pieces, 1):
        part = np.asarray(data[(*box[:axis], piece, *box[axis + 1 :])])
        values.append(part.ravel())
        yield Step(done, len(pieces), "Reading what is on screen")
    return contrast_limits(np.concatenate(values))


def _pieces(whole: slice) -> list[slice]:
    step = whole.step or 1
    n_values = len(range(whole.start, whole.stop, step))
    per_piece = step * math.ceil(n_values / N_PIECES)
    return [
        slice(start, min(start + per_piece, whole.stop), step)
        for start in range(whole.start, whole.stop, per_piece)
    ]


def contrast_limits(values: npt.NDArray[Any]) -> Limits:
    """Limits between which nearly all values lie; equal where all are the same. What is not finite does not count."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return 0.0, 0.0
    low, high = np.percentile(finite, PERCENTILES)
    if low == high:  # a few spots on an even background
        low, high = finite.min(), finite.max()
    return float(low), float(high)
