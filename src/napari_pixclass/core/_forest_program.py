"""A forest laid out for the kernels that run it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._forest_arrays import ForestArrays

LANES = 128
"""Pixels that walk through the forest together, one lane each: a tile."""

UNIT = 1 << 23
"""The fraction 1 in fixed point: fractions are off by less than 1.2e-7."""

NODE = np.dtype(
    [
        ("feature", np.uint32),  # where the lanes of the feature begin in a tile
        ("threshold", np.float32),  # greater values go right
        ("left", np.int32),  # number of an inner node, or ~number of a leaf
        ("right", np.int32),
    ]
)


class Program(NamedTuple):
    """A forest as the kernels read it; inner nodes and leaves have numbers of their own.

    Attributes
    ----------
    plane_of : int64 (n_used,)
        Which plane holds each feature of a tile.
    roots : int32 (n_trees,)
        Inner node, or ~leaf where a tree is a single leaf.
    nodes : NODE (n_inner,)
        Level by level, through all trees: that is the order in which a tile visits them.
    nan_goes_right : bool (n_inner,)
        Where nan goes.
    leaf_class : int32 (n_leaves,)
        The class that has the fraction 1, or ~mixture.
    mixture_start : int32 (n_mixtures + 1,)
        Where the shares of each mixture of classes begin.
    share_class, share_value : int32 (n_shares,)
        Classes and their fractions in fixed point.
    n_classes : int
        Number of classes.
    """

    plane_of: npt.NDArray[np.int64]
    roots: npt.NDArray[np.int32]
    nodes: npt.NDArray[np.void]
    nan_goes_right: npt.NDArray[np.bool_]
    leaf_class: npt.NDArray[np.int32]
    mixture_start: npt.NDArray[np.int32]
    share_class: npt.NDArray[np.int32]
    share_value: npt.NDArray[np.int32]
    n_classes: int


def compile_forest(arrays: ForestArrays, used_features: npt.NDArray[np.int64]) -> Program:
    """Lay out a valid forest, whose planes or columns are those that `used_features` names."""
    is_inner = arrays.children_left >= 0
    inner = np.flatnonzero(is_inner)
    inner = inner[np.argsort(arrays.depths[inner], kind="stable")]
    leaves = np.flatnonzero(~is_inner)
    number = np.empty(arrays.n_nodes, dtype=np.int32)
    number[inner] = np.arange(len(inner))
    number[leaves] = ~np.arange(len(leaves))

    roots = arrays.roots[inner]
    nodes = np.zeros(len(inner), dtype=NODE)
    nodes["feature"] = np.searchsorted(used_features, arrays.feature[inner]) * LANES
    nodes["threshold"] = _float32_at_most(arrays.threshold[inner])
    nodes["left"] = number[roots + arrays.children_left[inner]]
    nodes["right"] = number[roots + arrays.children_right[inner]]

    fractions = arrays.value[leaves]
    leaf_class = np.argmax(fractions, axis=1).astype(np.int32)
    is_mixed = fractions[np.arange(len(leaves)), leaf_class] < 1
    leaf_class[is_mixed] = ~np.arange(np.count_nonzero(is_mixed), dtype=np.int32)
    shares = _fixed_point(fractions[is_mixed])
    n_shares = np.count_nonzero(shares, axis=1)
    return Program(
        plane_of=used_features,
        roots=number[arrays.tree_offsets[:-1]],
        nodes=nodes,
        nan_goes_right=arrays.nan_goes_right[inner],
        leaf_class=leaf_class,
        mixture_start=np.concatenate([[0], np.cumsum(n_shares)]).astype(np.int32),
        share_class=np.nonzero(shares)[1].astype(np.int32),
        share_value=shares[shares != 0],
        n_classes=arrays.n_classes,
    )


def _float32_at_most(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Largest float32 that is not greater: comparing a float32 with it decides the same."""
    with np.errstate(over="ignore"):  # beyond the largest float32: inf, and then one step back
        nearest = thresholds.astype(np.float32)
    one_less = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > thresholds, one_less, nearest)


def _fixed_point(fractions: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Whole numbers in proportion to fractions, which sum to `UNIT` in each row.

    Rounded down; what is then missing goes to the largest remainders (Hamilton's apportionment).
    """
    exact = fractions * (UNIT / fractions.sum(axis=1, keepdims=True))
    shares = np.floor(exact)
    n_missing = UNIT - shares.sum(axis=1, keepdims=True)
    rank = np.argsort(np.argsort(shares - exact, axis=1, kind="stable"), axis=1)
    rounded: npt.NDArray[np.int32] = (shares + (rank < n_missing)).astype(np.int32)
    return rounded
