"""Kernels that grow a tree on binned features, level by level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from ._bins import N_BINS
from ._grow_cuts import (
    DoubleArray,
    FloatArray,
    IntArray,
    Node,
    UInt8Array,
    UInt64Array,
    add_up,
    add_up_values,
    class_of,
    cut_ordered,
    cut_packed,
    pack,
    record_of,
    times_of,
)
from ._grow_divide import divide, divide_at
from ._jit import njit, njit_for

Int32Array = npt.NDArray[np.int32]

_U = np.uint64

_FEW = 32
"""Nodes with fewer samples are cut between any two values, others between bins first."""


class Scratch(NamedTuple):
    """Memory that all nodes of a tree use in turn.

    Functions that a node calls for every feature take single arrays: to hand over a tuple of many
    costs more than they do.

    Attributes
    ----------
    cells : uint64 (N_BINS,)
        Packed counts of each bin; zero between two features.
    bins, counts : uint64 (N_BINS,)
        The bins that are occupied, and the packed counts of all bins up to each.
    sums : float64 (3, N_BINS)
        For each cut the weight on the left, and the sums of squares on both sides.
    places : int64 (N_BINS + 1,)
        Where the samples of each bin begin.
    packed : uint64 (n_samples,)
        What each sample of the node adds to its bin.
    ordered : uint64 (n_samples,)
        Records of the node in another order.
    values : float32 (n_samples,)
        Values of a feature, ascending.
    present : int64 (n_classes,)
        Classes of the node.
    fields : uint64 (n_classes,)
        Where the count of each of them stands in packed counts.
    totals, left : int64 (n_classes,)
        Weight of each class in the node and left of the cut; zero between two nodes or features.
    """

    cells: UInt64Array
    bins: UInt64Array
    counts: UInt64Array
    sums: DoubleArray
    places: IntArray
    packed: UInt64Array
    ordered: UInt64Array
    values: FloatArray
    present: IntArray
    fields: UInt64Array
    totals: IntArray
    left: IntArray


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


Split = tuple[np.int64, np.int64, np.int64, float]
"""A feature (-1: no split) and where to cut it.

Either after the last bin on the left and before the first one on the right; or, these being -1, at a
value.
"""

_NO_SPLIT = (np.int64(-1), np.int64(-1), np.int64(-1), 0.0)


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
            records[place] = record_of(row, classes[row], times[row])
            place += 1
    return records


@njit
def _count_classes(records: UInt64Array, present: IntArray, totals: IntArray) -> Node:
    """Note the classes of a node in `present` and `totals`."""
    n_present, weight = np.int64(0), np.int64(0)
    for index in range(len(records)):
        record = records[_U(index)]
        code = class_of(record)
        times = np.int64(times_of(record))
        if totals[code] == 0:
            present[n_present] = np.int64(code)
            n_present += 1
        totals[code] += times
        weight += times
    squares = np.int64(0)
    for index in range(n_present):
        squares += totals[present[index]] ** 2
    return n_present, weight, squares


@njit
def _best_split(
    X: FloatArray,
    columns: npt.NDArray[np.uint8],
    features: IntArray,
    n_tried: int,
    records: UInt64Array,
    node: Node,
    state: UInt64Array,
    scratch: Scratch,
) -> Split:
    """Try `n_tried` features drawn at random, and more until one can be cut.

    There is no split where all samples agree in all features.
    """
    cells, bins, counts, sums, places, packed, ordered, values, present, fields, totals, left = (
        scratch
    )
    n_present, weight, squares = node
    width = _U(64 // n_present)
    is_packed = n_present <= 32 and weight >> np.int64(width) == 0
    is_exact = is_packed and len(records) < _FEW
    if is_packed:
        pack(records, present[:n_present], width, fields, packed)
    cut, best, feature, threshold = 0, -1.0, np.int64(-1), 0.0
    below, above, low, high = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(-1)
    for number in range(len(features)):
        if number >= n_tried and feature >= 0:
            break
        # One step of a shuffle, which may go on from any order (Fisher and Yates).
        other = number + _random_below(state, len(features) - number)
        features[number], features[other] = features[other], features[number]
        tried = features[number]
        if is_exact:
            n = add_up_values(X, tried, records, packed, values, ordered, counts)
            purity, cut = cut_packed(counts, n, n_present, width, sums)
        elif is_packed:
            n = add_up(columns[tried], records, packed, cells, bins, counts)
            purity, cut = cut_packed(counts, n, n_present, width, sums)
            low, high = np.int64(bins[cut]), np.int64(bins[cut + 1])
        else:
            purity, low, high = cut_ordered(
                columns[tried], records, weight, squares, places, ordered, totals, left
            )
        if purity > best:
            best, feature, below, above = purity, tried, low, high
            if is_exact:
                threshold = (np.float64(values[cut]) + np.float64(values[cut + 1])) / 2
    return feature, below, above, threshold


@njit
def _split(
    X: FloatArray,
    binned: tuple[npt.NDArray[np.uint8], FloatArray, FloatArray],
    split: Split,
    records: UInt64Array,
    node: Node,
    scratch: Scratch,
) -> tuple[int, float]:
    """Bring the records of a node in order, those on the left first; how many, and the threshold."""
    feature, below, above, threshold = split
    if below < 0:
        return divide_at(X, feature, threshold, records, scratch.ordered), threshold
    columns, lowest, highest = binned
    bounds = (
        np.float64(lowest[feature, below]),
        np.float64(highest[feature, below]),
        np.float64(lowest[feature, above]),
        np.float64(highest[feature, above]),
    )
    return divide(
        X,
        feature,
        columns[feature],
        (below, above),
        bounds,
        records,
        node,
        scratch.ordered,
        scratch.values,
        scratch.totals,
        scratch.left,
    )


@njit_for(
    types.Array(types.float32, 2, "C", readonly=True),
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
    X: FloatArray,
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
    X : float32 (n_samples, n_features)
        Values of the features.
    columns : uint8 (n_features, n_samples)
        Bin of each value.
    lowest, highest : float32 (n_features, N_BINS)
        The values of each bin lie between these two, which occur.
    classes : uint16 (n_samples,)
        Class of each sample.
    n_classes
        Number of classes, each a number below it.
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
    present, totals = np.empty(n_classes, np.int64), np.zeros(n_classes, np.int64)
    ordered, values = np.empty(n, np.uint64), np.empty(n, np.float32)
    scratch = Scratch(
        np.zeros(N_BINS, np.uint64),
        np.empty(N_BINS, np.uint64),
        np.empty(N_BINS, np.uint64),
        np.empty((3, N_BINS), np.float64),
        np.empty(N_BINS + 1, np.int64),
        np.empty(n, np.uint64),
        ordered,
        values,
        present,
        np.empty(n_classes, np.uint64),
        totals,
        np.zeros(n_classes, np.int64),
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
        counted = _count_classes(own, present, totals)
        weights[node] = counted[1]
        impurity[node] = 1.0 - counted[2] / (weights[node] * weights[node])
        left[node], right[node], feature[node], threshold[node] = -1, -1, 0, 0.0
        split = _NO_SPLIT
        if counted[0] > 1:
            split = _best_split(X, columns, features, n_tried, own, counted, state, scratch)
        if split[0] >= 0:
            feature[node] = split[0]
            n_left, threshold[node] = _split(
                X, (columns, lowest, highest), split, own, counted, scratch
            )
            middle = begin[node] + n_left
            left[node], right[node] = n_nodes, n_nodes + 1
            begin[n_nodes], end[n_nodes] = begin[node], middle
            begin[n_nodes + 1], end[n_nodes + 1] = middle, end[node]
            n_nodes += 2
        for index in range(counted[0]):
            totals[present[index]] = 0
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
            value[node, class_of(record)] += np.float64(times_of(record))
    for node in range(len(begin)):
        for code in range(value.shape[1]):
            value[node, code] /= weight[node]
