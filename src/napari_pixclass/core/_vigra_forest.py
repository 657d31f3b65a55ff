"""Random forests of vigra, as ilastik keeps them in its projects, made into ours.

A tree is two arrays. `topology` says how many features and classes there are, then come the nodes, the root at address
2; `parameters` holds what the nodes point to::

    inner node  0, parameters at p, left child, right child, feature    p: (weight, threshold)
    leaf        LEAF, parameters at p                                   p: (weight, fraction of each class)

Values below the threshold go left. Arrays may be longer than what the nodes use. Every tree of every forest has one
vote; that is how ilastik averages the forests that its threads have grown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._forest_arrays import MAX_CLASSES, MAX_FEATURES, MAX_NODES, ForestArrays

ROOT = 2
LEAF = 0x40000000

INNER_CELLS, LEAF_CELLS = 5, 2
"""Length of a node in the topology."""

MAX_DEPTH = 10_000
"""No tree that was grown from pixels is nearly as deep: a damaged file must not keep us busy for hours."""

MAX_VALUES = 2**26
"""Most fractions, one for each node and class: 512 MB. Leaves that share their parameters could ask for any memory."""

MAX_LEAF_SAMPLES = 1e9
"""More pixels than anyone has painted; sums of so many stay exact."""

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class VigraForest:
    """One random forest of vigra.

    Attributes
    ----------
    trees
        Topology (whole numbers) and parameters of each tree.
    labels
        Class values that the trees' fractions stand for, in their order.
    """

    trees: Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]]
    labels: Sequence[int]


def forest_from_vigra(
    forests: Sequence[VigraForest],
    *,
    n_features: int,
    classes: Sequence[int],
    columns: npt.ArrayLike | None = None,
) -> ForestArrays:
    """Make one forest of the trees of several.

    Parameters
    ----------
    forests
        What to convert.
    n_features
        Number of features that they were trained on.
    classes
        Class values that the result predicts, ascending. Those that no forest knows get the probability 0, as in
        ilastik, where a class may have no labels.
    columns
        For each feature of theirs, which of ours it is; see `ilastik_columns`. None if they are the same.

    Returns
    -------
    ForestArrays
        Predicts what they predict, to the last bit of every threshold. Leaves keep their number of samples; inner
        nodes get the sums.

    Raises
    ------
    ValueError
        If the arrays are damaged, or do not fit `n_features`, `classes` or `columns`.
    """
    known = _checked_classes(classes)
    order = _checked_columns(columns, n_features)
    parts = [_read_forest(forest, n_features, known) for forest in forests if len(forest.trees)]
    if not parts:
        raise ValueError("a forest to take over must have at least one tree; got none.")
    if sum(len(part.feature) for part in parts) * len(known) > MAX_VALUES:
        raise ValueError(
            f"a forest to take over must hold at most {MAX_VALUES} fractions of classes in its nodes; got more."
        )
    sizes = np.concatenate([part.sizes for part in parts])
    value = np.concatenate([part.value for part in parts])
    samples = np.concatenate([part.samples for part in parts])
    left = np.concatenate([part.left for part in parts]).astype(np.int32)
    feature = np.concatenate([part.feature for part in parts])
    arrays = ForestArrays(
        tree_offsets=np.concatenate([[0], np.cumsum(sizes)]),
        children_left=left,
        children_right=np.concatenate([part.right for part in parts]).astype(np.int32),
        feature=np.where(left < 0, -1, order[feature]).astype(np.int32),
        threshold=_just_below(np.concatenate([part.threshold for part in parts])),
        value=value,
        impurity=np.maximum(1 - (value * value).sum(axis=1), 0),
        n_node_samples=np.maximum(np.rint(samples), 1).astype(np.int64),
        weighted_n_node_samples=samples,
        n_features=int(n_features),
        n_classes=len(known),
        kind="RandomForestClassifier",
    )
    arrays.validate()
    return arrays


@dataclass(frozen=True, slots=True, eq=False)
class _Trees:
    """Nodes of the trees of one forest, tree by tree, each level by level; children numbered within their tree."""

    sizes: Whole
    left: Whole
    right: Whole
    feature: Whole
    threshold: Numbers
    value: Numbers
    samples: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Arrays:
    """The arrays of all trees of a forest, one after the other, and where those of each tree begin."""

    topology: Whole
    parameters: Numbers
    topology_begins: Whole
    parameters_begins: Whole
    n_features: int
    n_fractions: int


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Nodes of the same depth: tree, address, where their parameters lie; of inner nodes also children and feature."""

    tree: Whole
    address: Whole
    parameters: Whole
    is_inner: npt.NDArray[np.bool_]
    left: Whole
    right: Whole
    feature: Whole


def _read_forest(forest: VigraForest, n_features: int, classes: Whole) -> _Trees:
    labels = np.asarray(forest.labels)
    if labels.ndim != 1 or len(np.unique(labels)) != len(labels) or not len(labels):
        raise _damaged("must name each of their classes once")
    if not np.isin(labels, classes).all():
        raise ValueError(
            f"classes must be all that the forest knows, {labels[:20].tolist()}; got {classes[:20].tolist()}."
        )
    arrays = _joined(forest, n_features, len(labels))
    levels = _levels(arrays)
    tree, address, parameters, left, right, feature = (
        np.concatenate([getattr(level, name) for level in levels])
        for name in ("tree", "address", "parameters", "left", "right", "feature")
    )
    is_inner = np.concatenate([level.is_inner for level in levels])
    if len(tree) > MAX_NODES or len(tree) * len(classes) > MAX_VALUES:
        raise _damaged(f"must hold at most {MAX_VALUES} fractions of classes")

    # 1. From levels to trees.
    order = np.argsort(tree, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    sizes = np.bincount(tree, minlength=len(forest.trees))
    begins = np.cumsum(sizes) - sizes
    number_at = np.zeros(len(arrays.topology), dtype=np.int64)
    number_at[address] = place - begins[tree]

    # 2. What the nodes say.
    samples, value = np.ones(len(tree)), np.zeros((len(tree), len(classes)))
    leaves, at = np.flatnonzero(~is_inner), parameters[~is_inner]
    fractions = arrays.parameters[at[:, None] + 1 + np.arange(len(labels))]
    value[leaves[:, None], np.searchsorted(classes, labels)] = _checked_fractions(fractions)
    samples[leaves] = _checked_samples(arrays.parameters[at])
    _sum_up(levels, _place_of(address, len(arrays.topology)), samples, value)
    threshold = np.zeros(len(tree))
    threshold[is_inner] = arrays.parameters[parameters[is_inner] + 1]
    if np.isnan(threshold).any():
        raise _damaged("must have numbers for thresholds; got nan")
    return _Trees(
        sizes,
        np.where(is_inner, number_at[left], -1)[order],
        np.where(is_inner, number_at[right], -1)[order],
        feature[order],
        threshold[order],
        value[order],
        samples[order],
    )


def _place_of(address: Whole, n_cells: int) -> Whole:
    """Position in `address` of each cell that occurs there."""
    places = np.zeros(n_cells, dtype=np.int64)
    places[address] = np.arange(len(address))
    return places


def _joined(forest: VigraForest, n_features: int, n_fractions: int) -> _Arrays:
    topologies, parameters = [], []
    for cells, numbers in forest.trees:
        cells, numbers = np.asarray(cells), np.asarray(numbers)
        if cells.dtype.kind not in "iu" or cells.ndim != 1 or len(cells) < ROOT + LEAF_CELLS:
            raise _damaged("must have a list of whole numbers as its topology")
        if numbers.dtype.kind != "f" or numbers.ndim != 1:
            raise _damaged("must have a list of numbers as its parameters")
        if int(cells[0]) != n_features:
            raise ValueError(
                f"features must be those that the forest was trained on, {int(cells[0])}; got {n_features}."
            )
        if int(cells[1]) != n_fractions:
            raise _damaged(f"must have {n_fractions} classes, as its labels say; got {cells[1]}")
        topologies.append(cells.astype(np.int64))
        parameters.append(numbers.astype(np.float64))
    return _Arrays(
        np.concatenate(topologies),
        np.concatenate(parameters),
        _begins(topologies),
        _begins(parameters),
        n_features,
        n_fractions,
    )


def _begins(arrays: Sequence[npt.NDArray[Any]]) -> Whole:
    """Where each array begins after all have been joined; and where the last one ends."""
    return np.concatenate([[0], np.cumsum([len(array) for array in arrays])])


def _levels(arrays: _Arrays) -> list[_Level]:
    """All nodes of all trees, the roots first, each address once."""
    seen = np.zeros(len(arrays.topology), dtype=np.bool_)
    tree = np.arange(len(arrays.topology_begins) - 1)
    address = arrays.topology_begins[:-1] + ROOT
    levels: list[_Level] = []
    while len(tree):
        if len(levels) >= MAX_DEPTH:
            raise _damaged(f"must have at most {MAX_DEPTH} levels; got more")
        if seen[address].any() or len(np.unique(address)) < len(address):
            raise _damaged(
                "must give each node one parent; one of them has two or stands above itself"
            )
        seen[address] = True
        level = _read_level(arrays, tree, address)
        levels.append(level)
        inner = level.is_inner
        address = np.concatenate([level.left[inner], level.right[inner]])
        tree = np.concatenate([tree[inner], tree[inner]])
    return levels


def _read_level(arrays: _Arrays, tree: Whole, address: Whole) -> _Level:
    """Nodes at these addresses, which lie in their trees; checks that what they point to does too."""
    cells = arrays.topology
    kind = cells[address]
    is_inner = kind == 0
    if not (is_inner | (kind == LEAF)).all():
        other = int(kind[~(is_inner | (kind == LEAF))][0])
        raise _damaged(f"must consist of threshold nodes and leaves; got a node of type {other}")
    ends = arrays.topology_begins[tree + 1]
    if (address[is_inner] + INNER_CELLS > ends[is_inner]).any():
        raise _damaged("must end after its last node; it ends within one")

    parameters = cells[address + 1]
    length = np.where(is_inner, 2, 1 + arrays.n_fractions)
    n_parameters = np.diff(arrays.parameters_begins)[tree]
    if ((parameters < 0) | (parameters > n_parameters - length)).any():
        raise _damaged("must have parameters for every node; some lie beyond their end")

    left, right, feature = np.zeros((3, len(tree)), dtype=np.int64)
    inner, own = address[is_inner], tree[is_inner]
    begins, lengths = arrays.topology_begins[own], np.diff(arrays.topology_begins)[own]
    for children, offset in ((left, 2), (right, 3)):
        child = cells[inner + offset]
        if ((child < ROOT) | (child > lengths - LEAF_CELLS)).any():
            raise _damaged("must have children within it; some lie elsewhere")
        children[is_inner] = begins + child
    feature[is_inner] = cells[inner + 4]
    if ((feature < 0) | (feature >= arrays.n_features)).any():
        raise _damaged(f"must look at features from 0 to {arrays.n_features - 1}; got others")
    parameters += arrays.parameters_begins[tree]
    return _Level(tree, address, parameters, is_inner, left, right, feature)


def _sum_up(levels: Sequence[_Level], place: Whole, samples: Numbers, value: Numbers) -> None:
    """Give inner nodes the samples of their children, and the fractions of classes among them."""
    for level in reversed(levels):
        inner = level.is_inner
        own = place[level.address[inner]]
        left, right = place[level.left[inner]], place[level.right[inner]]
        samples[own] = samples[left] + samples[right]
        weight = (samples[left] / samples[own])[:, None]
        value[own] = weight * value[left] + (1 - weight) * value[right]


def _checked_fractions(fractions: Numbers) -> Numbers:
    sums = fractions.sum(axis=1, keepdims=True)
    # nan fails both comparisons.
    if not (fractions >= 0).all() or not (np.abs(sums - 1) <= 1e-3).all():
        raise _damaged("must have leaves with fractions of classes that sum to 1; got others")
    return fractions / sums


def _checked_samples(weights: Numbers) -> Numbers:
    """Samples of each leaf; 1 where nothing sensible stands there, because only importances depend on them."""
    is_sensible = np.isfinite(weights) & (weights > 0)
    samples: Numbers = np.where(is_sensible, np.minimum(weights, MAX_LEAF_SAMPLES), 1)
    return samples


def _checked_classes(classes: Sequence[int]) -> Whole:
    values = np.asarray(classes)
    if (
        values.dtype.kind not in "iu"
        or not 1 <= len(values) <= MAX_CLASSES
        or (np.diff(values.astype(np.int64)) <= 0).any()
    ):
        raise ValueError(
            f"classes must be 1 to {MAX_CLASSES} whole numbers in ascending order; got {classes!r:.100}."
        )
    return values.astype(np.int64)


def _checked_columns(columns: npt.ArrayLike | None, n_features: int) -> Whole:
    if not 1 <= n_features <= MAX_FEATURES:
        raise ValueError(f"n_features must be from 1 to {MAX_FEATURES}; got {n_features}.")
    natural = np.arange(n_features)
    order = natural if columns is None else np.asarray(columns)
    if order.shape != natural.shape or (np.sort(order) != natural).any():
        raise ValueError(
            f"columns must hold each of the {n_features} features' numbers once; got shape {order.shape}."
        )
    return order.astype(np.int64)


def _just_below(thresholds: Numbers) -> Numbers:
    """The largest float32 below each threshold: ``x < threshold`` and ``x <= result`` are the same for float32."""
    with np.errstate(over="ignore"):  # beyond the largest float32: inf, and then one step back
        nearest = thresholds.astype(np.float32)
    lower = np.nextafter(nearest, np.float32(-np.inf))
    below: Numbers = np.where(nearest < thresholds, nearest, lower).astype(np.float64)
    return np.maximum(
        below, np.finfo(np.float64).min
    )  # nothing is below -inf, and files want finite numbers


def _damaged(rule: str) -> ValueError:
    return ValueError(
        f"A tree of a forest to take over {rule}; the forest is damaged, train it again."
    )
