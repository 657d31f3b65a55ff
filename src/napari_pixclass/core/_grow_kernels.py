"""Kernels that grow an extremely randomised tree, level by level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types

from ._grow_draws import draw_feature, draw_threshold, turned
from ._jit import njit, njit_for
from ._vectors import float_of_bits

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
UInt64Array = npt.NDArray[np.uint64]
UInt16Array = npt.NDArray[np.uint16]
UInt8Array = npt.NDArray[np.uint8]

CUTS = 2
"""Thresholds that a node draws for a feature."""

# Where an index is an unsigned integer, numba leaves out its test for negative ones, which the
# innermost loops would feel.
_U = np.uint64


class Scratch(NamedTuple):
    """Memory that all nodes of a tree use in turn.

    Attributes
    ----------
    keys : int32 (n_samples,)
        Values of a feature, one for each sample of a node; see `as_keys`.
    own : uint64 (n_samples,)
        What each sample of a node adds to packed counts; see `pack`.
    rows : int32 (n_samples,)
        Samples that go right, until all of a node have been looked at.
    totals, left : int64 (n_classes,)
        Samples of each class in a node, and left of a cut.
    """

    keys: Int32Array
    own: UInt64Array
    rows: Int32Array
    totals: IntArray
    left: IntArray


class Tree(NamedTuple):
    """A tree as it was grown, level by level.

    Attributes
    ----------
    rows : int32 (n_samples,)
        The samples, ordered so that those of each node stand side by side.
    begin, end : int32 (n_nodes,)
        Where the samples of a node begin and end.
    children_left, children_right, feature, threshold, impurity
        As in `ForestArrays`.
    """

    rows: Int32Array
    begin: Int32Array
    end: Int32Array
    children_left: Int32Array
    children_right: Int32Array
    feature: Int32Array
    threshold: DoubleArray
    impurity: DoubleArray


@njit
def _count(
    rows: Int32Array,
    classes: UInt16Array,
    packed: UInt64Array,
    width: np.uint64,
    own: UInt64Array,
    totals: IntArray,
) -> np.int64:
    """Count the samples of each class in a node; return the sum of the squares of these counts."""
    squares = np.int64(0)
    if width == 0:
        for index in range(len(rows)):
            code = classes[_U(rows[_U(index)])]
            squares += 2 * totals[code] + 1
            totals[code] += 1
        return squares
    count = _U(0)
    for index in range(len(rows)):
        value = packed[_U(rows[_U(index)])]
        own[_U(index)] = value
        count += value
    mask = (_U(1) << width) - _U(1)
    for code in range(len(totals)):
        totals[code] = np.int64((count >> (_U(code) * width)) & mask)
        squares += totals[code] * totals[code]
    return squares


@njit
def _look_up(column: Int32Array, rows: Int32Array, keys: Int32Array) -> tuple[np.int32, np.int32]:
    """Write the keys of a feature for the samples of a node; return the least and the greatest."""
    for index in range(len(rows)):
        keys[_U(index)] = column[_U(rows[_U(index)])]
    lowest = highest = keys[0]
    for index in range(len(rows)):  # a loop of its own, made of vector instructions
        key = keys[_U(index)]
        lowest = key if key < lowest else lowest
        highest = key if key > highest else highest
    return lowest, highest


@njit
def _purity_packed(
    keys: Int32Array,
    own: UInt64Array,
    n: int,
    threshold: np.int32,
    width: np.uint64,
    totals: IntArray,
) -> float:
    """How pure both sides of a cut are together: the greater, the lower their Gini impurity."""
    count = _U(0)
    for index in range(n):
        count += own[_U(index)] if keys[_U(index)] <= threshold else _U(0)
    mask = (_U(1) << width) - _U(1)
    n_left, squares_left, squares_right = np.int64(0), np.int64(0), np.int64(0)
    for code in range(len(totals)):
        left = np.int64((count >> (_U(code) * width)) & mask)
        n_left += left
        squares_left += left * left
        squares_right += (totals[code] - left) * (totals[code] - left)
    return squares_left / n_left + squares_right / (n - n_left)


@njit
def _purity(
    keys: Int32Array,
    rows: Int32Array,
    classes: UInt16Array,
    threshold: np.int32,
    squares: np.int64,
    totals: IntArray,
    left: IntArray,
) -> float:
    """The same for any number of classes; `squares` is the sum of those of `totals`."""
    n_left, squares_left, products = np.int64(0), np.int64(0), np.int64(0)
    for index in range(len(rows)):
        if keys[_U(index)] <= threshold:
            code = classes[_U(rows[_U(index)])]
            squares_left += 2 * left[code] + 1
            products += totals[code]
            left[code] += 1
            n_left += 1
    for index in range(len(rows)):
        left[classes[_U(rows[_U(index)])]] = 0
    squares_right = squares - 2 * products + squares_left
    return squares_left / n_left + squares_right / (len(rows) - n_left)


@njit
def _best_cut(
    columns: Int32Array,
    classes: UInt16Array,
    features: IntArray,
    weights: DoubleArray,
    n_tried: int,
    rows: Int32Array,
    squares: np.int64,
    width: np.uint64,
    state: UInt64Array,
    scratch: Scratch,
) -> tuple[np.int64, np.int32]:
    """Cut `n_tried` features drawn at random at random, and more until one can be cut; return the best cut.

    A feature (-1 where all samples agree in all of them) and the greatest key on the left.
    """
    keys, own, _, totals, left = scratch
    best, feature, threshold = -1.0, np.int64(-1), np.int32(0)
    for number in range(len(features)):
        if number >= n_tried and feature >= 0:
            break
        # One step of a shuffle, which may go on from any order (Fisher and Yates).
        other = draw_feature(features, weights, number, state)
        features[number], features[other] = features[other], features[number]
        tried = features[number]
        lowest, highest = _look_up(columns[tried], rows, keys)
        if lowest == highest:
            continue
        for _ in range(CUTS):
            drawn = draw_threshold(keys, len(rows), lowest, highest, state)
            if width:
                purity = _purity_packed(keys, own, len(rows), drawn, width, totals)
            else:
                purity = _purity(keys, rows, classes, drawn, squares, totals, left)
            if purity > best:
                best, feature, threshold = purity, tried, drawn
    return feature, threshold


@njit
def _divide(column: Int32Array, threshold: np.int32, rows: Int32Array, spare: Int32Array) -> int:
    """Bring the samples of a node in order, those on the left first; return how many these are."""
    n_left, n_right = 0, 0
    for index in range(len(rows)):
        row = rows[_U(index)]
        goes_left = int(column[_U(row)] <= threshold)
        # Written in any case, and overwritten by the next one: a wrong guess would cost more.
        rows[_U(n_left)] = row
        spare[_U(n_right)] = row
        n_left += goes_left
        n_right += 1 - goes_left
    rows[n_left:] = spare[:n_right]
    return n_left


def pack(classes: UInt16Array, n_classes: int) -> tuple[UInt64Array, np.uint64]:
    """What each sample adds to a number in which the counts of all classes stand side by side.

    Then a sample is one addition, and comparing and adding are vector instructions.

    Returns
    -------
    ndarray of uint64 (n_samples,), uint64
        And the number of bits that each class has; nothing and 0 where 64 bits are too few.
    """
    width = min(32, 64 // n_classes)
    if len(classes) >> width:
        return np.empty(0, np.uint64), _U(0)
    return _U(1) << (classes.astype(np.uint64) * _U(width)), _U(width)


@njit_for(
    types.Array(types.int32, 2, "C", readonly=True),
    types.Array(types.uint16, 1, "C", readonly=True),
    types.Array(types.uint64, 1, "C", readonly=True),
    types.uint64,
    types.Array(types.float64, 1, "C", readonly=True),
    types.int64,
    types.int64,
    types.uint64,
    types.Array(types.uint8, 1, "C"),
)
def grow_tree(
    columns: Int32Array,
    classes: UInt16Array,
    packed: UInt64Array,
    width: np.uint64,
    weights: DoubleArray,
    n_classes: int,
    n_tried: int,
    seed: np.uint64,
    stop: UInt8Array,
) -> Tree:
    """Grow a tree until no node can be cut.

    Parameters
    ----------
    columns : int32 (n_features, n_samples)
        Keys of the features; see `as_keys`.
    classes : uint16 (n_samples,)
        Class of each sample.
    packed, width
        From `pack`.
    weights : float64 (n_features,)
        How often each feature is drawn; more than 0, the greatest is 1.
    n_classes
        Number of classes, each a number below it.
    n_tried
        Number of features that a node looks at; more if none of them can be cut.
    seed
        Where the random numbers begin.
    stop : uint8 (1,)
        Set from another thread: the tree is of no use any more, return soon.
    """
    n = len(classes)
    rows = np.arange(n).astype(np.int32)
    totals = np.zeros(n_classes, np.int64)
    scratch = Scratch(
        np.empty(n, np.int32),
        np.empty(len(packed), np.uint64),
        np.empty(n, np.int32),
        totals,
        np.zeros(n_classes, np.int64),
    )
    state = np.full(1, seed, np.uint64)
    features = np.arange(len(columns))
    # Each cut puts at least one sample on each side. What is not used is never touched, and so
    # costs no memory.
    capacity = 2 * n - 1
    begin, end = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    left, right = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    feature, threshold = np.empty(capacity, np.int32), np.empty(capacity, np.float64)
    impurity = np.empty(capacity, np.float64)
    begin[0], end[0] = 0, n
    node, n_nodes = 0, 1
    while node < n_nodes and stop[0] == 0:
        own = rows[begin[node] : end[node]]
        squares = _count(own, classes, packed, width, scratch.own, totals)
        impurity[node] = 1.0 - squares / (np.float64(len(own)) * len(own))
        left[node], right[node], feature[node], threshold[node] = -1, -1, 0, 0.0
        chosen, cut = np.int64(-1), np.int32(0)
        if squares < np.int64(len(own)) * len(own):
            chosen, cut = _best_cut(
                columns,
                classes,
                features,
                weights,
                n_tried,
                own,
                squares,
                width,
                state,
                scratch,
            )
        if chosen >= 0:
            feature[node], threshold[node] = chosen, np.float64(float_of_bits(turned(cut)))
            middle = begin[node] + _divide(columns[chosen], cut, own, scratch.rows)
            left[node], right[node] = n_nodes, n_nodes + 1
            begin[n_nodes], end[n_nodes] = begin[node], middle
            begin[n_nodes + 1], end[n_nodes + 1] = middle, end[node]
            n_nodes += 2
        for index in range(0 if width else len(own)):
            totals[classes[own[index]]] = 0
        node += 1
    return Tree(
        rows,
        begin[:n_nodes].copy(),
        end[:n_nodes].copy(),
        left[:n_nodes].copy(),
        right[:n_nodes].copy(),
        feature[:n_nodes].copy(),
        threshold[:n_nodes].copy(),
        impurity[:n_nodes].copy(),
    )


@njit_for(
    types.Array(types.int32, 1, "C"),
    types.Array(types.uint16, 1, "C", readonly=True),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.int32, 1, "C"),
    types.Array(types.float64, 2, "C"),
)
def class_fractions(
    rows: Int32Array,
    classes: UInt16Array,
    begin: Int32Array,
    end: Int32Array,
    children_left: Int32Array,
    children_right: Int32Array,
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
            value[node, classes[rows[index]]] += 1.0
    for node in range(len(begin)):
        for code in range(value.shape[1]):
            value[node, code] /= np.float64(end[node] - begin[node])
