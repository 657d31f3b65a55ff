"""Features cut into bins: what a forest needs to know of a value is which of 256 bins holds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from ._jit import njit_for

N_BINS = 256
"""Bins of a feature: as many as 8 bits can tell apart."""

_VALUES_PER_TASK = 500_000  # a fraction of the time in which a user may cancel

FloatArray = npt.NDArray[np.float32]
UInt8Array = npt.NDArray[np.uint8]

_U = np.uint64


class BinnedFeatures(NamedTuple):
    """Samples in bins.

    Attributes
    ----------
    columns : uint8 (n_features, n_samples)
        Bin of each value.
    lowest, highest : float32 (n_features, N_BINS)
        Bounds of each bin, which are values that occur; inf where a feature has fewer bins.
    """

    columns: UInt8Array
    lowest: FloatArray
    highest: FloatArray


def bin_features(X: FloatArray) -> tuple[BinnedFeatures, list[Callable[[], None]]]:
    """Memory for binned features, and tasks that fill it, for threads to share.

    A feature with up to 256 distinct values has a bin for each of them: nothing is lost. Otherwise
    the bins hold about as many samples each, but for values so frequent that they fill one alone.

    Parameters
    ----------
    X : array of float32, shape (n_samples, n_features)
        Samples; finite.
    """
    n, n_features = X.shape
    binned = BinnedFeatures(
        np.empty((n_features, n), np.uint8),
        np.full((n_features, N_BINS), np.inf, np.float32),
        np.full((n_features, N_BINS), np.inf, np.float32),
    )
    # Neighbouring columns share cache lines: copied together, they are read from memory once.
    at_once = max(1, min(16, _VALUES_PER_TASK // n))

    def fill(start: int) -> None:
        values = np.ascontiguousarray(X[:, start : start + at_once].T)
        for feature, column in enumerate(values, start):
            lowest, highest = find_bins(np.sort(column), N_BINS)
            binned.lowest[feature, : len(lowest)] = lowest
            binned.highest[feature, : len(highest)] = highest
            assign_bins(column, binned.highest[feature], binned.columns[feature])

    return binned, [partial(fill, start) for start in range(0, n_features, at_once)]


@njit_for(types.Array(types.float32, 1, "C"), types.int64)
def find_bins(ordered: FloatArray, n_bins: int) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest value of each bin of a feature.

    Parameters
    ----------
    ordered : float32 (n_samples,)
        All values, ascending.
    n_bins
        Greatest number of bins. If there are not more distinct values, each has a bin of its own;
        else bins hold about as many samples each, and frequent values have one of their own.

    Returns
    -------
    ndarray of float32 (n,), ndarray of float32 (n,)
        Lowest and highest value, ascending. Equal values share a bin.
    """
    n = len(ordered)
    values_left = 1
    for index in range(1, n):
        values_left += int(ordered[index] != ordered[index - 1])
    bins_left = min(values_left, n_bins)
    lowest, highest = np.empty(bins_left, np.float32), np.empty(bins_left, np.float32)
    # `first` is where the bin that is being filled began, `start` where one of its values does.
    place, first, start = 0, 0, 0
    while start < n:
        stop = start + 1
        while stop < n and ordered[stop] == ordered[start]:
            stop += 1
        if start > first and bins_left > 1 and (stop - start) * bins_left >= n - first:
            place, first, bins_left = place + 1, start, bins_left - 1
        if start == first:
            lowest[place] = ordered[start]
        highest[place] = ordered[start]
        values_left -= 1
        is_full = (stop - first) * bins_left >= n - first  # samples left are shared out evenly
        if stop < n and bins_left > 1 and (is_full or values_left < bins_left):
            place, first, bins_left = place + 1, stop, bins_left - 1
        start = stop
    return lowest[: place + 1].copy(), highest[: place + 1].copy()


@njit_for(
    types.Array(types.float32, 1, "C", readonly=True),
    types.Array(types.float32, 1, "C", readonly=True),
    types.Array(types.uint8, 1, "C"),
)
def assign_bins(values: FloatArray, highest: FloatArray, bins: UInt8Array) -> None:
    """Write the bin of each value: the first one whose highest value is not less."""
    for index in range(len(values)):
        value = values[_U(index)]
        number = _U(0)
        for step in (128, 64, 32, 16, 8, 4, 2, 1):
            number += _U(step * int(highest[number + _U(step - 1)] < value))
        bins[_U(index)] = np.uint8(number)
