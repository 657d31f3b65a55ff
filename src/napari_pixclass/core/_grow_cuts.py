"""Kernels that find where a node of a tree is best cut along one binned feature.

A sample is a record of 64 bits: its row, its class, how often it was drawn. The classes are counted
bin by bin, and all cuts between two bins that hold samples of the node are tried. There are two
ways to count:

- Packed: the counts of all classes stand side by side in the fields of one 64-bit number. They fit
  wherever a node has few classes or few samples. Then a sample is one addition, and the counts on
  the left of all cuts are unpacked, squared and summed with vector instructions.
- Ordered: samples are sorted by bin and move one by one from the right of the cut to its left, which
  costs the same for any number of classes.

Counts and their squares are whole numbers, so that the sums are exact and do not depend on the order
of the samples.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._bins import N_BINS
from ._jit import njit

UInt64Array = npt.NDArray[np.uint64]
UInt8Array = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

Node = tuple[np.int64, np.int64, np.int64]
"""Of the samples of a node: number of classes, weight, sum of squares of the weights of classes."""

# Where an index is an unsigned integer, numba leaves out its test for negative ones, which the
# innermost loops would feel.

_U = np.uint64
_ROW = _U(0xFFFFFFFF)
_CLASS = _U(0xFFFF)


@njit
def record_of(row: int, code: int, times: int) -> np.uint64:
    """Record of a sample."""
    return _U(row) | (_U(code) << _U(32)) | (_U(times) << _U(48))


@njit
def row_of(record: np.uint64) -> np.uint64:
    """Row of a sample."""
    return record & _ROW


@njit
def class_of(record: np.uint64) -> np.uint64:
    """Class of a sample."""
    return (record >> _U(32)) & _CLASS


@njit
def times_of(record: np.uint64) -> np.uint64:
    """How often a sample was drawn."""
    return record >> _U(48)


@njit
def pack(
    records: UInt64Array,
    present: IntArray,
    width: np.uint64,
    fields: UInt64Array,
    packed: UInt64Array,
) -> None:
    """Give each class of a node a field of `width` bits; write what each sample adds to its own."""
    for index in range(len(present)):
        fields[present[index]] = _U(index) * width
    for index in range(len(records)):
        record = records[_U(index)]
        field = fields[class_of(record)]
        packed[_U(index)] = times_of(record) << field


@njit
def add_up(
    column: UInt8Array,
    records: UInt64Array,
    packed: UInt64Array,
    cells: UInt64Array,
    bins: UInt64Array,
    counts: UInt64Array,
) -> int:
    """List the occupied bins, and the packed counts of all bins up to each; return how many."""
    for index in range(len(records)):
        cells[_U(column[row_of(records[_U(index)])])] += packed[_U(index)]
    n, count = 0, _U(0)
    for number in range(N_BINS):
        cell = cells[_U(number)]
        cells[_U(number)] = 0
        count += cell
        # Written in any case, and overwritten by the next one: a wrong guess would cost more.
        bins[_U(n)] = _U(number)
        counts[_U(n)] = count
        n += int(cell != 0)
    return n


@njit
def sort_by_value(values: FloatArray, others: UInt64Array, n: int) -> None:
    """Sort the first `n` values, and others with them (Shell, Communications of the ACM 2, 1959)."""
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for index in range(gap, n):
            value, other = values[_U(index)], others[_U(index)]
            place = index
            while place >= gap and values[_U(place - gap)] > value:
                values[_U(place)] = values[_U(place - gap)]
                others[_U(place)] = others[_U(place - gap)]
                place -= gap
            values[_U(place)], others[_U(place)] = value, other
        gap //= 3


@njit
def add_up_values(
    X: FloatArray,
    feature: int,
    records: UInt64Array,
    packed: UInt64Array,
    values: FloatArray,
    ordered: UInt64Array,
    counts: UInt64Array,
) -> int:
    """Do the same value by value: list the distinct ones, and the packed counts up to each."""
    n_records = len(records)
    for index in range(n_records):
        values[_U(index)] = X[row_of(records[_U(index)]), _U(feature)]
        ordered[_U(index)] = packed[_U(index)]
    sort_by_value(values, ordered, n_records)
    n, count = 0, _U(0)
    for index in range(n_records):
        count += ordered[_U(index)]
        if index + 1 == n_records or values[_U(index)] < values[_U(index + 1)]:
            values[_U(n)] = values[_U(index)]
            counts[_U(n)] = count
            n += 1
    return n


Cut = tuple[float, np.int64, np.int64]
"""How pure both sides are, the last bin on the left and the first one on the right (-1: none)."""


@njit
def cut_packed(
    counts: UInt64Array, n: int, n_present: np.int64, width: np.uint64, sums: DoubleArray
) -> tuple[float, int]:
    """Find the best cut after one of the `n` bins or values that `add_up` lists.

    Returns how pure both sides are (-1: there is no cut), and which bin or value is the last one on the left.

    Class by class, so that the loops over the cuts are made of vector instructions.
    """
    mask = (_U(1) << width) - _U(1)
    total, weight = counts[_U(n - 1)], 0.0
    for number in range(n_present):
        shift = _U(number) * width
        both = np.float64(np.int32((total >> shift) & mask))
        weight += both
        if number == 0:
            for cut in range(n - 1):
                count = np.float64(np.int32((counts[_U(cut)] >> shift) & mask))
                rest = both - count
                sums[0, _U(cut)] = count
                sums[1, _U(cut)] = count * count
                sums[2, _U(cut)] = rest * rest
        else:
            for cut in range(n - 1):
                count = np.float64(np.int32((counts[_U(cut)] >> shift) & mask))
                rest = both - count
                sums[0, _U(cut)] += count
                sums[1, _U(cut)] += count * count
                sums[2, _U(cut)] += rest * rest
    for cut in range(n - 1):
        left = sums[0, _U(cut)]
        sums[0, _U(cut)] = sums[1, _U(cut)] / left + sums[2, _U(cut)] / (weight - left)
    best, chosen = -1.0, 0
    for cut in range(n - 1):
        if sums[0, _U(cut)] > best:
            best, chosen = sums[0, _U(cut)], cut
    return best, chosen


@njit
def cut_ordered(
    column: UInt8Array,
    records: UInt64Array,
    weight: np.int64,
    squares: np.int64,
    places: IntArray,
    ordered: UInt64Array,
    totals: IntArray,
    left: IntArray,
) -> Cut:
    """Find the best cut of a node along a feature, for any number of classes."""
    places[:] = 0
    for index in range(len(records)):
        places[_U(column[row_of(records[_U(index)])]) + _U(1)] += 1
    for number in range(N_BINS):
        places[number + 1] += places[number]
    for index in range(len(records)):
        record = records[_U(index)]
        place = _U(column[row_of(record)])
        ordered[_U(places[place])] = record
        places[place] += 1
    best, below, above, last = -1.0, np.int64(-1), np.int64(-1), np.int64(-1)
    weight_left, squares_left, squares_right = np.int64(0), np.int64(0), squares
    for index in range(len(records)):
        record = ordered[_U(index)]
        bin_ = np.int64(column[row_of(record)])
        if bin_ != last and last >= 0:
            purity = squares_left / weight_left + squares_right / (weight - weight_left)
            if purity > best:
                best, below, above = purity, last, bin_
        last = bin_
        code = class_of(record)
        times = np.int64(times_of(record))
        squares_left += times * (2 * left[code] + times)
        squares_right -= times * (2 * (totals[code] - left[code]) - times)
        left[code] += times
        weight_left += times
    for index in range(len(records)):
        left[class_of(records[_U(index)])] = 0
    return best, below, above
