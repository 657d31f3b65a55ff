"""Which of many pixels are worth a stroke: uncertain ones, of every kind that there is.

Uncertain pixels are clustered by their features, heavier where they are more uncertain (diverse mini-batch active
learning, Zhdanov, arXiv:1901.05954, 2019). Three things are added: features count as much as they tell the classes
apart so far, classes with few labels count more, and a cluster counts less the more strokes lie in it already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._stroke_rows import StrokeRows

N_CLUSTERS = 8
UNCERTAIN_SHARE = 0.25
"""Share of the pixels, the most uncertain ones, that are clustered."""

N_CLUSTERED = 3000
"""Pixels that the clusters are made from."""

N_DIRECTIONS = 10
"""Principal directions of the features in which distances are measured."""

MOST_RARITY = 4.0
"""A class counts this much more than another at most for having fewer labels."""

_FLOOR = 0.01
"""What a pixel counts of which a classifier is quite sure: it may be wrong."""

Rows = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pixels that are alike.

    Attributes
    ----------
    members
        Which ones, best place for a stroke first.
    n_strokes
        Number of strokes in it; of one that lies in several clusters the part that lies in this one.
    """

    members: npt.NDArray[np.intp]
    n_strokes: float


def uncertainty_of_rows(probabilities: Rows) -> Weights:
    """1 - (largest - second largest probability) of each row; 0 where there is one class."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    ordered = np.sort(probabilities.astype(np.float64), axis=1)
    margin: Weights = 1 - (ordered[:, -1] - ordered[:, -2])
    return margin


def class_rarity(n_labelled: npt.NDArray[np.int64]) -> Weights:
    """How much more than others each class counts for having fewer labelled pixels: 1 where all have as many."""
    counts = np.maximum(n_labelled, 1).astype(np.float64)
    rarity: Weights = np.clip(np.sqrt(counts.mean() / counts), 1 / MOST_RARITY, MOST_RARITY)
    return rarity


def rank_clusters(
    X: Rows,
    probabilities: Rows,
    rarity: Weights,
    labelled: StrokeRows,
    excluded: npt.NDArray[np.bool_],
    random: np.random.Generator,
) -> list[Cluster]:
    """Cluster the pixels that are worth a stroke; the cluster that is worth most comes first.

    Parameters
    ----------
    X, probabilities
        Features (n, n_features) and probabilities (n, n_classes) of the pixels.
    rarity
        Weight of each class; see `class_rarity`.
    labelled
        What is labelled.
    excluded
        Pixels that cannot be chosen.
    random
        Source of randomness.
    """
    worth = uncertainty_of_rows(probabilities) + _FLOOR
    worth = worth * (probabilities @ rarity)
    worth[excluded] = 0
    n_chosen = min(max(round(len(X) * UNCERTAIN_SHARE), 1), int((~excluded).sum()))
    if not n_chosen:
        return []
    # Of equals not always the first ones: these lie side by side.
    shuffled = random.permutation(len(worth))
    chosen = shuffled[np.argsort(-worth[shuffled], kind="stable")[:n_chosen]]
    places, strokes = _directions(X, labelled)
    return _clusters(places, worth, chosen, strokes, labelled.strokes, random)


def _directions(X: Rows, labelled: StrokeRows) -> tuple[Weights, Weights]:
    """Where pixels and labels lie along the main directions of the features."""
    ranks, own = _ranks(X, labelled.X)
    relevance = _relevance(own, labelled)
    centre = ranks.mean(axis=0)
    ranks, own = (ranks - centre) * relevance, (own - centre) * relevance
    _, axes = np.linalg.eigh(ranks.T @ ranks)
    main = axes[:, -N_DIRECTIONS:]
    return ranks @ main, own @ main


def _ranks(X: Rows, other: Rows) -> tuple[Weights, Weights]:
    """What share of `X` is smaller, for each feature: features of any scale and shape become alike."""
    ranks, others = np.empty(X.shape), np.empty(other.shape)
    for column in range(X.shape[1]):
        ordered = np.sort(X[:, column])
        for values, out in ((X, ranks), (other, others)):
            out[:, column] = np.searchsorted(ordered, values[:, column]) / len(ordered)
    return ranks, others


def _relevance(ranks: Weights, labelled: StrokeRows) -> Weights:
    """How well each feature alone tells the classes apart: root of the share of its variance that is between them."""
    codes = np.unique(labelled.codes)
    if len(codes) < 2:
        return np.ones(ranks.shape[1])
    groups = [ranks[labelled.codes == code] for code in codes]
    between = np.var([group.mean(axis=0) for group in groups], axis=0)
    within = np.mean([group.var(axis=0) for group in groups], axis=0)
    relevance: Weights = np.sqrt(between / (between + within + 1e-3))
    # Where no feature says anything all count the same.
    return relevance if relevance.max() > 1e-3 else np.ones(len(relevance))


def _clusters(
    places: Weights,
    worth: Weights,
    chosen: npt.NDArray[np.intp],
    strokes: Weights,
    stroke_ids: npt.NDArray[np.int64],
    random: np.random.Generator,
) -> list[Cluster]:
    from sklearn.cluster import KMeans

    some = random.choice(chosen, min(N_CLUSTERED, len(chosen)), replace=False)
    n_clusters = min(N_CLUSTERS, len(np.unique(places[some], axis=0)))
    means = KMeans(n_clusters, n_init=1, max_iter=30, random_state=int(random.integers(2**31)))
    means.fit(places[some], sample_weight=worth[some])
    numbers, distances = means.predict(places[chosen]), means.transform(places[chosen])
    n_strokes = np.zeros(n_clusters)
    if len(strokes):
        nearest = means.predict(strokes)
        _, stroke, size = np.unique(stroke_ids, return_inverse=True, return_counts=True)
        np.add.at(n_strokes, nearest, 1 / size[stroke])
    mass = np.bincount(numbers, worth[chosen], minlength=n_clusters) / (1 + n_strokes)
    found = []
    for number in np.argsort(-mass, kind="stable"):
        inside = numbers == number
        members, away = chosen[inside], distances[inside, number]
        # Worth most, and typical of all that a label there would speak for.
        merit = worth[members] / worth[members].max(initial=_FLOOR) - away / max(
            away.max(initial=0), 1e-9
        )
        if len(members):
            order = np.argsort(-merit, kind="stable")
            found.append(Cluster(members[order], float(n_strokes[number])))
    return found


def in_turn(clusters: list[Cluster]) -> Iterator[tuple[int, Cluster]]:
    """The best of each cluster, then the second best of each, and so on: the pixel, and its cluster."""
    longest = max((len(cluster.members) for cluster in clusters), default=0)
    for rank in range(longest):
        for cluster in clusters:
            if rank < len(cluster.members):
                yield int(cluster.members[rank]), cluster
