"""Kernels that divide the samples of a node of a tree, once the bins to cut between are known.

A bin may hold values from both sides of a wide gap that separates two classes, and then the node
should be cut in the middle of the gap, not at either side of the bin. So the samples in the two bins
next to the best cut are sorted by value, and the node is cut where these values say.
"""

from __future__ import annotations

import numpy as np

from ._grow_cuts import (
    FloatArray,
    IntArray,
    Node,
    UInt8Array,
    UInt64Array,
    class_of,
    row_of,
    sort_by_value,
    times_of,
)
from ._jit import njit

Bounds = tuple[float, float, float, float]
"""Lowest and highest value of a bin, and those of a later bin."""

_U = np.uint64


@njit
def _part(
    column: UInt8Array, records: UInt64Array, first: np.int64, last: np.int64, spare: UInt64Array
) -> tuple[int, int]:
    """Part records by bin: below `first`, from `first` to `last`, above `last`.

    The first ones come to the front of `records`, the second to the end of `spare`, the third to
    its front. Returns how many of the first and of the second there are.
    """
    n, n_below, n_inside, n_above = len(records), 0, 0, 0
    for index in range(n):
        record = records[_U(index)]
        number = np.int64(column[row_of(record)])
        # Written in any case, and overwritten by the next one: a wrong guess would cost more.
        records[_U(n_below)] = record
        spare[_U(n_above)] = record
        n_below += int(number < first)
        n_above += int(number > last)
        if first <= number <= last:
            n_inside += 1
            spare[_U(n - n_inside)] = record
    return n_below, n_inside


@njit
def _best_value_cut(
    values: FloatArray,
    inside: UInt64Array,
    beyond: tuple[float, float],
    below: UInt64Array,
    node: Node,
    totals: IntArray,
    left: IntArray,
) -> tuple[int, float]:
    """Find the best cut of a node between two neighbouring values.

    Parameters
    ----------
    values, inside
        The values that may be told apart, ascending, and the records that have them.
    beyond
        The values before the first one and after the last; nan where not to cut.
    below
        Records with smaller values.
    node, totals, left
        As for `divide`.

    Returns
    -------
    int, float
        The number of values on the left, and the threshold.
    """
    weight_left, squares_left, squares_right = np.int64(0), np.int64(0), node[2]
    best, chosen, threshold, last = -1.0, 0, 0.0, beyond[0]
    n_below, n = len(below), len(below) + len(inside)
    for index in range(n + 1):
        place = index - n_below
        if place >= 0:
            value = np.float64(values[place]) if index < n else beyond[1]
            if value > last and weight_left > 0:
                purity = squares_left / weight_left + squares_right / (node[1] - weight_left)
                if purity > best:
                    best, chosen, threshold = purity, place, (last + value) / 2
            last = value
        if index < n:
            record = inside[place] if place >= 0 else below[_U(index)]
            code, times = class_of(record), np.int64(times_of(record))
            squares_left += times * (2 * left[code] + times)
            squares_right -= times * (2 * (totals[code] - left[code]) - times)
            left[code] += times
            weight_left += times
    for record in below:
        left[class_of(record)] = 0
    for record in inside:
        left[class_of(record)] = 0
    return chosen, threshold


@njit
def divide(
    X: FloatArray,
    feature: np.int64,
    column: UInt8Array,
    bins: tuple[np.int64, np.int64],
    bounds: Bounds,
    records: UInt64Array,
    node: Node,
    spare: UInt64Array,
    values: FloatArray,
    totals: IntArray,
    left: IntArray,
) -> tuple[int, float]:
    """Cut a node along a feature, and bring its records in order, those on the left first.

    Parameters
    ----------
    X, feature, column
        Values of all features, the one to cut along, and its bins.
    bins, bounds
        The occupied bins around the best cut, and what values they have.
    records
        Of the node.
    node
        Its classes.
    spare, values
        Room for as many records and values.
    totals, left
        Weight of each class in the node; zeros, which are given back as such.

    Returns
    -------
    int, float
        The number of records on the left, and the threshold.
    """
    # A bin of one value goes to its side as a whole.
    first = bins[0] if bounds[0] < bounds[1] else bins[0] + 1
    last = bins[1] if bounds[2] < bounds[3] else bins[1] - 1
    n = len(records)
    n_left, n_inside = _part(column, records, first, last, spare)
    n_right = n - n_left - n_inside
    inside, values = spare[n - n_inside : n], values[:n_inside]
    threshold = (bounds[1] + bounds[2]) / 2
    if n_inside > 0:
        for index in range(n_inside):
            values[index] = X[row_of(inside[index]), feature]
        sort_by_value(values, inside, n_inside)
        before = bounds[0] if first > bins[0] else np.nan
        after = bounds[3] if last < bins[1] else np.nan
        n_inside_left, threshold = _best_value_cut(
            values, inside, (before, after), records[:n_left], node, totals, left
        )
        records[n_left : n_left + n_inside] = inside
        n_left += n_inside_left
    records[n - n_right :] = spare[:n_right]
    return n_left, threshold


@njit
def divide_at(
    X: FloatArray, feature: np.int64, threshold: float, records: UInt64Array, spare: UInt64Array
) -> int:
    """Bring records in order, those on the left of a threshold first; return how many these are."""
    n_left, n_right = 0, 0
    for index in range(len(records)):
        record = records[_U(index)]
        goes_left = int(X[row_of(record), _U(feature)] <= threshold)
        records[_U(n_left)] = record
        spare[_U(n_right)] = record
        n_left += goes_left
        n_right += 1 - goes_left
    records[n_left:] = spare[:n_right]
    return n_left
