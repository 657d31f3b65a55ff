"""Kernels that grow a tree on binned features: nodes in rows, classes counted bin by bin.

1. `draw_samples` draws the bootstrap sample of a tree. A sample is one record of 64 bits (its row,
   its class, how often it was drawn), so that a node passes its samples on by moving whole records.
2. `grow_tree` splits node after node, level by level. A node looks at some features; for each it
   adds up the classes of its samples in every bin and tries all cuts between bins that hold some.
   The counts of all classes stand in the fields of one 64-bit number where they fit, which is
   where a node has few classes or few samples: then a sample is one addition and a cut costs a
   subtraction (`_cut_packed`). Elsewhere samples are ordered by bin and moved one by one from the
   right to the left of the cut (`_cut_ordered`), at a cost that does not depend on the classes.
3. `class_fractions` sums up the classes of each node, from the leaves upwards.

Counts are whole numbers, so every sum is exact and the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ._jit import njit, njit_for

N_BINS = 256
"""Bins of a feature: what 8 bits can tell apart."""

MAX_SAMPLES = 2**31 - 1
MAX_CLASSES = 2**16

_FEW = 64
"""Nodes with fewer samples note which bins are occupied; others look at all bins."""

UInt64Array = npt.NDArray[np.uint64]
UInt8Array = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]

_U = np.uint64
_ROW = _U(0xFFFFFFFF)
_SIXTEEN = _U(0xFFFF)


class Scratch(NamedTuple):
    """Memory that all nodes of a tree use in turn.

    Attributes
    ----------
    cells : uint64 (N_BINS,)
        Packed counts of each bin; zero between two features.
    occupied : uint64 (N_BINS / 64,)
        A bit for each bin; zero between two features.
    packed : uint64 (n_samples,)
        What each sample of the node adds to its bin.
    places : int64 (N_BINS + 1,)
        Where the samples of each bin begin.
    ordered : uint64 (n_samples,)
        Records of the node ordered by bin; those that go right.
    totals, left : int64 (n_classes,)
        Weight of each class in the node, and left of the cut; zero between two nodes or features.
    present : int64 (n_classes,)
        Classes of the node.
    fields : uint64 (n_classes,)
        Where the count of each class stands in a packed number.
    """

    cells: UInt64Array
    occupied: UInt64Array
    packed: UInt64Array
    places: IntArray
    ordered: UInt64Array
    totals: IntArray
    left: IntArray
    present: IntArray
    fields: UInt64Array


class Tree(NamedTuple):
    """A tree as it was grown, level by level.

    Attributes
    ----------
    records : uint64 (n_samples,)
        The samples, ordered so that those of each node stand side by side.
    begin, end : int32 (n_nodes,)
        Where the records of a node begin and end.
    children_left, children_right, feature, threshold, impurity, weight
        As in `ForestArrays`.
    """

    records: UInt64Array
    begin: Int32Array
    end: Int32Array
    children_left: Int32Array
    children_right: Int32Array
    feature: Int32Array
    threshold: DoubleArray
    impurity: DoubleArray
    weight: DoubleArray


def _cttz(typing_context: Any, bits: Any) -> Any:
    """Number of the lowest bit that is set; `bits` must not be 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


_trailing_zeros = cast("Callable[[np.uint64], int]", intrinsic(_cttz))


@njit
def _random(state: UInt64Array) -> np.uint64:
    """Next number of the generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    state[0] += _U(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> _U(27))) * _U(0x94D049BB133111EB)
    return mixed ^ (mixed >> _U(31))


@njit
def _random_below(state: UInt64Array, n: int) -> int:
    """Whole number from 0 to n - 1; 52 bits, so that the product can not be rounded up to n."""
    return int(np.float64(_random(state) >> _U(12)) * 2.0**-52 * n)


@njit
def _draw_records(classes: npt.NDArray[np.uint16], state: UInt64Array) -> UInt64Array:
    """Draw as many samples as there are, with replacement."""
    n = len(classes)
    times = np.zeros(n, np.uint16)
    for _ in range(n):
        times[_random_below(state, n)] += np.uint16(1)
    records = np.empty(np.count_nonzero(times), np.uint64)
    place = 0
    for row in range(n):
        if times[row]:
            records[place] = _U(row) | (_U(classes[row]) << _U(32)) | (_U(times[row]) << _U(48))
            place += 1
    return records


@njit
def _count_classes(records: UInt64Array, scratch: Scratch) -> tuple[int, int, int]:
    """Note the classes of a node in `totals` and `present`.

    Returns how many there are, the weight of all samples, and the sum of squares over classes.
    """
    n_present, weight = 0, 0
    totals, present = scratch.totals, scratch.present
    for index in range(len(records)):
        record = records[_U(index)]
        code = (record >> _U(32)) & _SIXTEEN
        times = np.int64(record >> _U(48))
        if totals[code] == 0:
            present[n_present] = np.int64(code)
            n_present += 1
        totals[code] += times
        weight += times
    squares = 0
    for index in range(n_present):
        squares += totals[present[index]] ** 2
    return n_present, weight, squares


@njit
def _pack(records: UInt64Array, n_present: int, width: np.uint64, scratch: Scratch) -> np.uint64:
    """Give each class of a node a field of `width` bits; return the counts of the whole node."""
    total = _U(0)
    for index in range(n_present):
        code = scratch.present[index]
        scratch.fields[code] = _U(index) * width
        total |= _U(scratch.totals[code]) << scratch.fields[code]
    for index in range(len(records)):
        record = records[_U(index)]
        field = scratch.fields[(record >> _U(32)) & _SIXTEEN]
        scratch.packed[_U(index)] = (record >> _U(48)) << field
    return total


@njit
def _purity(counts: np.uint64, n_present: int, width: np.uint64) -> float:
    """Sum of squared counts over classes, divided by the count of all: greatest in pure nodes."""
    mask = (_U(1) << width) - _U(1)
    weight, squares = _U(0), _U(0)
    for _ in range(n_present):
        count = counts & mask
        weight += count
        squares += count * count
        counts >>= width
    return np.float64(squares) / np.float64(weight)


Cut = tuple[float, int, int]
"""How pure both sides are, the last bin on the left and the first one on the right (-1: none)."""


@njit
def _cut_packed(
    column: UInt8Array,
    records: UInt64Array,
    total: np.uint64,
    n_present: int,
    width: np.uint64,
    scratch: Scratch,
) -> Cut:
    """Best cut of a node along a feature, from packed counts."""
    cells, packed = scratch.cells, scratch.packed
    for index in range(len(records)):
        cells[_U(column[records[_U(index)] & _ROW])] += packed[_U(index)]
    best, below, above, last = -1.0, -1, -1, -1
    left = _U(0)
    for number in range(N_BINS):
        cell = cells[_U(number)]
        if cell == 0:
            continue
        cells[_U(number)] = 0
        if last >= 0:
            purity = _purity(left, n_present, width) + _purity(total - left, n_present, width)
            if purity > best:
                best, below, above = purity, last, number
        left += cell
        last = number
    return best, below, above


@njit
def _cut_few(
    column: UInt8Array,
    records: UInt64Array,
    total: np.uint64,
    n_present: int,
    width: np.uint64,
    scratch: Scratch,
) -> Cut:
    """Do the same for few samples: look at those bins only that are occupied."""
    cells, packed, occupied = scratch.cells, scratch.packed, scratch.occupied
    for index in range(len(records)):
        number = _U(column[records[_U(index)] & _ROW])
        cells[number] += packed[_U(index)]
        occupied[number >> _U(6)] |= _U(1) << (number & _U(63))
    best, below, above, last = -1.0, -1, -1, -1
    left = _U(0)
    for word in range(N_BINS // 64):
        bits = occupied[word]
        occupied[word] = 0
        while bits:
            number = np.int64(word * 64 + _trailing_zeros(bits))
            bits &= bits - _U(1)
            if last >= 0:
                purity = _purity(left, n_present, width) + _purity(total - left, n_present, width)
                if purity > best:
                    best, below, above = purity, last, number
            left += cells[_U(number)]
            cells[_U(number)] = 0
            last = number
    return best, below, above


@njit
def _cut_ordered(
    column: UInt8Array, records: UInt64Array, weight: int, squares: int, scratch: Scratch
) -> Cut:
    """Best cut of a node along a feature, for any number of classes."""
    places, ordered, left = scratch.places, scratch.ordered, scratch.left
    places[:] = 0
    for index in range(len(records)):
        places[_U(column[records[_U(index)] & _ROW]) + _U(1)] += 1
    for number in range(N_BINS):
        places[number + 1] += places[number]
    for index in range(len(records)):
        record = records[_U(index)]
        number = _U(column[record & _ROW])
        ordered[_U(places[number])] = record
        places[number] += 1
    best, below, above, last = -1.0, -1, -1, -1
    weight_left, squares_left, squares_right = 0, 0, squares
    for index in range(len(records)):
        record = ordered[_U(index)]
        number = np.int64(column[record & _ROW])
        if number != last and last >= 0:
            purity = squares_left / weight_left + squares_right / (weight - weight_left)
            if purity > best:
                best, below, above = purity, last, number
        last = number
        code = (record >> _U(32)) & _SIXTEEN
        times = np.int64(record >> _U(48))
        squares_left += times * (2 * left[code] + times)
        squares_right -= times * (2 * (scratch.totals[code] - left[code]) - times)
        left[code] += times
        weight_left += times
    for index in range(len(records)):
        left[(records[_U(index)] >> _U(32)) & _SIXTEEN] = 0
    return best, below, above


@njit
def _part(column: UInt8Array, records: UInt64Array, below: int, spare: UInt64Array) -> int:
    """Order the records of a node: those up to a bin first. Returns how many these are."""
    n_left, n_right = 0, 0
    for index in range(len(records)):
        record = records[_U(index)]
        goes_left = np.int64(column[record & _ROW] <= below)
        # Written in any case, and overwritten by the next one: a wrong guess would cost more.
        records[_U(n_left)] = record
        spare[_U(n_right)] = record
        n_left += goes_left
        n_right += 1 - goes_left
    records[n_left:] = spare[:n_right]
    return n_left


@njit
def _best_split(
    columns: npt.NDArray[np.uint8],
    features: IntArray,
    n_tried: int,
    records: UInt64Array,
    node: tuple[int, int, int],
    state: UInt64Array,
    scratch: Scratch,
) -> tuple[int, int, int]:
    """Try `n_tried` features drawn at random, and more until one can be cut.

    Returns the feature, the last bin on the left and the first one on the right; -1 where no
    feature has two values among the samples of the node.
    """
    n_present, weight, squares = node
    width = _U(64 // n_present)
    fits = n_present <= 32 and weight >> np.int64(width) == 0
    total = _pack(records, n_present, width, scratch) if fits else _U(0)
    best, feature, below, above = -1.0, -1, -1, -1
    for number in range(len(features)):
        if number >= n_tried and feature >= 0:
            break
        # One step of a shuffle, which may go on from any order (Fisher and Yates).
        other = number + _random_below(state, len(features) - number)
        features[number], features[other] = features[other], features[number]
        column = columns[features[number]]
        if not fits:
            cut = _cut_ordered(column, records, weight, squares, scratch)
        elif len(records) < _FEW:
            cut = _cut_few(column, records, total, n_present, width, scratch)
        else:
            cut = _cut_packed(column, records, total, n_present, width, scratch)
        if cut[0] > best:
            best, below, above = cut
            feature = features[number]
    return feature, below, above


@njit_for(
    types.Array(types.uint8, 2, "C"),
    types.Array(types.float32, 2, "C"),
    types.Array(types.float32, 2, "C"),
    types.Array(types.uint16, 1, "C"),
    types.int64,
    types.int64,
    types.uint64,
    types.Array(types.uint8, 1, "C"),
)
def grow_tree(
    columns: npt.NDArray[np.uint8],
    lowest: FloatArray,
    highest: FloatArray,
    classes: npt.NDArray[np.uint16],
    n_classes: int,
    n_tried: int,
    seed: np.uint64,
    stop: UInt8Array,
) -> Tree:
    """Grow a tree on a bootstrap sample until no node can be split.

    Parameters
    ----------
    columns : uint8 (n_features, n_samples)
        Bin of each value.
    lowest, highest : float32 (n_features, N_BINS)
        The values of each bin lie between these two, which occur.
    classes : uint16 (n_samples,)
        Class of each sample, below `n_classes`.
    n_tried
        Number of features that a node looks at; more if none of them can be cut.
    seed
        Where the random numbers begin.
    stop : uint8 (1,)
        Set from another thread: the tree is of no use any more, return soon.
    """
    state = np.full(1, seed, np.uint64)
    records = _draw_records(classes, state)
    n = len(records)
    scratch = Scratch(
        np.zeros(N_BINS, np.uint64),
        np.zeros(N_BINS // 64, np.uint64),
        np.empty(n, np.uint64),
        np.empty(N_BINS + 1, np.int64),
        np.empty(n, np.uint64),
        np.zeros(n_classes, np.int64),
        np.zeros(n_classes, np.int64),
        np.empty(n_classes, np.int64),
        np.empty(n_classes, np.uint64),
    )
    features = np.arange(len(columns))
    # Each split puts at least one sample on each side. What is not used is never touched, and so
    # costs no memory.
    capacity = 2 * n - 1
    begin, end = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    left, right = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    feature, threshold = np.empty(capacity, np.int32), np.empty(capacity, np.float64)
    impurity, weights = np.empty(capacity, np.float64), np.empty(capacity, np.float64)
    begin[0], end[0] = 0, n
    node, n_nodes = 0, 1
    while node < n_nodes and stop[0] == 0:
        own = records[begin[node] : end[node]]
        n_present, weight, squares = _count_classes(own, scratch)
        weights[node] = weight
        impurity[node] = 1.0 - squares / (np.float64(weight) * weight)
        column, below, above = -1, -1, -1
        if n_present > 1:
            column, below, above = _best_split(
                columns, features, n_tried, own, (n_present, weight, squares), state, scratch
            )
        for index in range(n_present):
            scratch.totals[scratch.present[index]] = 0
        left[node], right[node], feature[node], threshold[node] = -1, -1, 0, 0.0
        if column >= 0:
            feature[node] = column
            threshold[node] = (
                np.float64(highest[column, below]) + np.float64(lowest[column, above])
            ) / 2
            middle = begin[node] + _part(columns[column], own, below, scratch.ordered)
            left[node], right[node] = n_nodes, n_nodes + 1
            begin[n_nodes], end[n_nodes] = begin[node], middle
            begin[n_nodes + 1], end[n_nodes + 1] = middle, end[node]
            n_nodes += 2
        node += 1
    return Tree(
        records,
        begin[:n_nodes].copy(),
        end[:n_nodes].copy(),
        left[:n_nodes].copy(),
        right[:n_nodes].copy(),
        feature[:n_nodes].copy(),
        threshold[:n_nodes].copy(),
        impurity[:n_nodes].copy(),
        weights[:n_nodes].copy(),
    )


@njit_for(
    types.Array(types.uint64, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.float64, 1, "C"),
    types.Array(types.float64, 2, "C"),
)
def class_fractions(
    records: UInt64Array,
    begin: Int32Array,
    end: Int32Array,
    children_left: Int32Array,
    children_right: Int32Array,
    weight: DoubleArray,
    value: DoubleArray,
) -> None:
    """Write the fraction of each class in each node to `value` (n_nodes, n_classes)."""
    value[:] = 0
    for node in range(len(begin) - 1, -1, -1):
        if children_left[node] >= 0:
            for code in range(value.shape[1]):
                value[node, code] = (
                    value[children_left[node], code] + value[children_right[node], code]
                )
            continue
        for index in range(begin[node], end[node]):
            record = records[index]
            value[node, (record >> _U(32)) & _SIXTEEN] += np.float64(record >> _U(48))
    for node in range(len(begin)):
        for code in range(value.shape[1]):
            value[node, code] /= weight[node]


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
    n_distinct = 1
    for index in range(1, n):
        n_distinct += int(ordered[index] != ordered[index - 1])
    size = min(n_distinct, n_bins)
    lowest, highest = np.empty(size, np.float32), np.empty(size, np.float32)
    place, first, values_left = 0, 0, n_distinct
    start = 0
    while start < n:
        stop = start + 1
        while stop < n and ordered[stop] == ordered[start]:
            stop += 1
        if start == first:
            lowest[place] = ordered[start]
        highest[place] = ordered[start]
        values_left -= 1
        bins_left = size - place - 1
        # The samples that are left, this bin's included, are to be shared out evenly.
        is_full = (stop - first) * (bins_left + 1) >= n - first
        if bins_left > 0 and (is_full or values_left <= bins_left):
            place += 1
            first = stop
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
