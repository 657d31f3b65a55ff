"""Labelled pixels as runs: pixels of one class in a row, as a brush leaves them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import LabelledPixels, with_positions

from ._archive import FileContentError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PIXELS = 100_000_000
"""Whoever has labelled more than this has not painted it; reading it would take gigabytes."""


class Runs(NamedTuple):
    """Where each run begins in the flattened labels, how long it is, and its class value; ascending."""

    start: npt.NDArray[np.integer[Any]]
    length: npt.NDArray[np.integer[Any]]
    value: npt.NDArray[np.integer[Any]]


def runs_of(labelled: LabelledPixels) -> Runs:
    """Find the runs.

    Raises
    ------
    ValueError
        If there are more than `MAX_PIXELS`.
    """
    if len(labelled) > MAX_PIXELS:
        raise ValueError(
            f"scribbles to save must be {MAX_PIXELS:,} pixels at most; got {len(labelled):,}. Save the labels layer "
            "itself instead."
        )
    positions, values = labelled.positions, labelled.values
    breaks = (np.diff(positions) != 1) | (values[1:] != values[:-1])
    first = np.flatnonzero(np.concatenate([np.ones(min(len(positions), 1), dtype=bool), breaks]))
    return Runs(positions[first], np.diff(first, append=len(positions)), values[first])


def pixels_of(runs: Runs, shape: Sequence[int], dtype: str, n_pixels: int) -> LabelledPixels:
    """The pixels of runs from a file.

    Parameters
    ----------
    runs
        As `runs_of` gives them, but nobody knows where they come from.
    shape, dtype
        Of the labels.
    n_pixels
        How many there must be.

    Raises
    ------
    FileContentError
        If the runs are impossible, or others than expected.
    """
    starts, lengths, values = runs
    if len(starts):
        # Each is compared with the size before sums of them are made: nothing can overflow.
        size = math.prod(shape)
        fits = (
            starts.min() >= 0
            and starts.max() < size
            and lengths.min() >= 1
            and lengths.max() <= size
        )
        if (
            not fits
            or starts[-1] + lengths[-1] > size
            or (starts[1:] < starts[:-1] + lengths[:-1]).any()
        ):
            raise FileContentError("its pixels are not in order")
        if values.min() < 1 or values.max() > np.iinfo(dtype).max:
            raise FileContentError(f"its class values are not within {dtype}")
    if lengths.sum() != n_pixels:
        raise FileContentError("it does not hold as many pixels and classes as it says")
    positions = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(n_pixels)
    return with_positions(shape, positions, np.repeat(values, lengths).astype(dtype))
