"""Which features the labels ask for: three ways to rank them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ._folds import assign_folds
from ._forest import CompiledForest
from ._forest_arrays import ForestArrays
from ._gathered import Gathered
from ._grow import grow_forest

Columns = npt.NDArray[np.intp]
Rows = npt.NDArray[np.float32]

N_BINS = 16
"""Values of a feature are told apart by the sixteenths of the labelled pixels."""

TREES = {"importance": 100, "forward": 20}
MAX_PIXELS = 1500
"""Most labels, and most places, that features are tried on: hundreds of small forests are grown."""

KEPT = 20
"""Candidates that forward selection goes on with after its first round: the best alone."""


def by_importance(
    gathered: Gathered, units: Sequence[Columns], seed: np.random.SeedSequence, n_jobs: int
) -> Generator[float, None, list[int]]:
    """Rank by how much of the impurity a forest removes with each (Breiman 2001)."""
    forest = yield from grown(gathered, seed, TREES["importance"], n_jobs)
    gains = _impurity_removed(forest)
    return _descending([float(gains[unit].sum()) for unit in units])


def by_information(
    gathered: Gathered, units: Sequence[Columns]
) -> Generator[float, None, list[int]]:
    """Rank by mutual information with the class, less what is shared with those ranked before.

    That is mRMR (Peng et al., IEEE TPAMI 27, 2005). Every class has the same weight, and within it every stroke.
    """
    weights = stroke_weights(gathered)
    binned = [_binned(gathered.X[:, column]) for unit in units for column in unit]
    starts = np.cumsum([0, *(len(unit) for unit in units)])
    own = [range(starts[i], starts[i + 1]) for i in range(len(units))]
    relevance = [
        max(_information(binned[k], gathered.codes, weights) for k in own[i])
        for i in range(len(units))
    ]
    ranked: list[int] = []
    shared = np.zeros(len(units))
    while len(ranked) < len(units):
        scores = np.array(relevance) - shared / max(len(ranked), 1)
        scores[ranked] = -np.inf
        best = int(scores.argmax())
        ranked.append(best)
        first = own[best][0]
        shared += [_information(binned[ks[0]], binned[first], weights) for ks in own]
        yield len(ranked) / len(units)
    return ranked


def by_forward_selection(
    gathered: Gathered,
    units: Sequence[Columns],
    n_ranked: int,
    seed: np.random.SeedSequence,
    n_jobs: int,
) -> Generator[float, None, list[int]]:
    """Rank by what helps most: the first is the best alone, each further one the best in addition to those before.

    Judged by strokes that were left out. Only the first `n_ranked` are found.
    """
    random = np.random.default_rng(seed)
    few = _few_pixels(gathered, 2 * MAX_PIXELS, random)
    folds = assign_folds(few.strokes, few.codes, 3, random)
    ranked: list[int] = []
    candidates = list(range(len(units)))
    for round_ in range(min(n_ranked, len(units))):
        errors = []
        for number, unit in enumerate(candidates):
            columns = np.sort(np.concatenate([units[i] for i in (*ranked, unit)]))
            errors.append((yield from _left_out_error(few, columns, folds, seed, n_jobs)))
            share = number / len(candidates)
            yield (round_ + share) / n_ranked
        order = [candidates[i] for i in np.argsort(errors, kind="stable")]
        ranked.append(order[0])
        candidates = order[1 : KEPT + 1] if round_ == 0 else order[1:]
    return ranked


def imitated(
    gathered: Gathered, predict: Callable[[Rows], Rows], random: np.random.Generator
) -> Gathered:
    """Labels, and what a forest with all features makes of some of the places all over the images.

    Few strokes say little about single features: what fits them best is chosen by chance. A small set of features that
    comes to the same result on whole images needs more than luck. Each place counts as a stroke of its own.
    """
    places = random.permutation(len(gathered.X_places))[:MAX_PIXELS]
    X = gathered.X_places[places]
    own = int(gathered.strokes.max()) + 1 + np.arange(len(places))
    return replace(
        gathered,
        X=np.concatenate([gathered.X, X]),
        codes=np.concatenate([gathered.codes, predict(X).argmax(axis=1)]),
        strokes=np.concatenate([gathered.strokes, own]),
        images=np.concatenate([gathered.images, gathered.place_images[places]]),
    )


def stroke_weights(gathered: Gathered) -> npt.NDArray[np.float64]:
    """Weights of the labelled pixels: every class the same, within it every stroke the same; they sum to 1."""
    size = np.bincount(gathered.strokes)[gathered.strokes]
    n_strokes = np.array(gathered.n_strokes)[gathered.codes]
    weights: npt.NDArray[np.float64] = 1 / (size * n_strokes * gathered.n_classes)
    return weights


def _left_out_error(
    few: Gathered,
    columns: Columns,
    folds: npt.NDArray[np.int64],
    seed: np.random.SeedSequence,
    n_jobs: int,
) -> Generator[float, None, float]:
    """Mean probability that left-out strokes are given to other classes."""
    weights = stroke_weights(few)
    error = 0.0
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        forest = yield from grown(few, seed, TREES["forward"], n_jobs, ~out, columns)
        predicted = CompiledForest(forest).predict_rows(
            np.ascontiguousarray(few.X[out][:, columns])
        )
        right = predicted[np.arange(len(predicted)), few.codes[out]]
        error += float(np.sum(weights[out] * (1 - right)))
    return error


def grown(
    gathered: Gathered,
    seed: np.random.SeedSequence,
    n_trees: int,
    n_jobs: int,
    chosen: npt.NDArray[np.bool_] | slice = slice(None),
    columns: Columns | slice = slice(None),
) -> Generator[float, None, ForestArrays]:
    """Grow a forest from some of the samples and some of their features."""
    growing = grow_forest(
        gathered.X[chosen][:, columns],
        gathered.codes[chosen],
        gathered.n_classes,
        seed=seed,
        n_trees=n_trees,
        n_jobs=n_jobs,
        weights=gathered.weights[columns],
    )
    try:
        while True:
            try:
                next(growing)
            except StopIteration as stop:
                forest: ForestArrays = stop.value
                return forest
            yield 0.0
    finally:
        growing.close()


def _impurity_removed(forest: ForestArrays) -> npt.NDArray[np.float64]:
    """What the nodes that look at each feature remove of the weighted impurity."""
    cut = np.flatnonzero(forest.children_left >= 0)
    roots = forest.roots[cut]
    mass = forest.weighted_n_node_samples * forest.impurity
    left, right = forest.children_left[cut] + roots, forest.children_right[cut] + roots
    removed = mass[cut] - mass[left] - mass[right]
    total = np.zeros(forest.n_features)
    np.add.at(total, forest.feature[cut], removed)
    return total


def _binned(values: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    edges = np.quantile(values, np.linspace(0, 1, N_BINS + 1)[1:-1])
    return np.searchsorted(edges, values)


def _information(
    a: npt.NDArray[np.intp], b: npt.NDArray[np.intp], weights: npt.NDArray[np.float64]
) -> float:
    """Mutual information of two numbers in nats."""
    width = int(b.max()) + 1
    joint = np.bincount(a * width + b, weights, minlength=(int(a.max()) + 1) * width)
    joint = joint.reshape(-1, width)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    known = joint > 0
    return float(np.sum(joint[known] * np.log(joint[known] / independent[known])))


def _few_pixels(gathered: Gathered, n_pixels: int, random: np.random.Generator) -> Gathered:
    """Some of the labelled pixels, of every stroke."""
    if len(gathered.X) <= n_pixels:
        return gathered
    # The first pixels of every stroke in a random order, as many of each as there is room for.
    order = random.permutation(len(gathered.X))
    order = order[np.argsort(gathered.strokes[order], kind="stable")]
    _, first, size = np.unique(gathered.strokes[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, size)
    return gathered.with_samples(np.sort(order[np.argsort(rank, kind="stable")[:n_pixels]]))


def _descending(scores: Sequence[Any]) -> list[int]:
    order: list[int] = np.argsort(-np.asarray(scores), kind="stable").tolist()
    return order
