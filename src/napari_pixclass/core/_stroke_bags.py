"""What forests say of scribbles that they have not seen: out-of-bag estimates whose bags hold whole scribbles.

The out-of-bag estimate of a forest flatters a wrong scribble: each of its pixels is judged by trees that have seen its
neighbours, which are as wrong. Here a bag is a set of whole scribbles (as `cross_validate` leaves out whole scribbles,
but many times, and each time others). A second round leaves those out of all bags that the first one contradicted, so
that a wrong scribble does not condemn right ones that look like it (cf. confident learning: Northcutt et al., JAIR 70,
2021).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ._cross_validation import STEPS_PER_FOLD, Recipe, as_part, training_steps
from ._steps import Steps
from ._stroke_rows import StrokeRows
from ._threads import resolve_n_jobs

N_BAGS, TREES_PER_BAG = 60, 10
SHARE_IN_BAG = 0.6
"""Share of the scribbles of each class that are in a bag; of two or more at least one is not."""

CONTRADICTED = 0.3
"""Scribbles whose own class gets less than this are left out in the second round."""

MOST_LEFT_OUT = 1 / 3
"""Share of the scribbles of a class that are left out at most."""

WHAT = "Looking for suspicious labels"

Numbers = npt.NDArray[np.float64]


def unseen_steps(
    rows: StrokeRows, recipe: Recipe, seed: np.random.SeedSequence
) -> Steps[tuple[Numbers, npt.NDArray[np.bool_]]]:
    """Probabilities of each row from forests that have not seen its scribble, and which rows have been judged.

    The only scribble of a class cannot be left out: it is never judged.
    """
    codes = codes_of_strokes(rows)
    first = yield from _round(rows, codes, np.ones(len(codes), dtype=bool), recipe, seed, 0)
    support = means_of_strokes(rows, first[np.arange(len(first)), rows.codes])
    trusted = _trusted(codes, support)
    second = yield from _round(rows, codes, trusted, recipe, seed, 1)
    judged = np.bincount(codes)[codes] > 1
    return (first + second) / 2, judged[rows.strokes]


def codes_of_strokes(rows: StrokeRows) -> npt.NDArray[np.intp]:
    """Class of each scribble."""
    _, first = np.unique(rows.strokes, return_index=True)
    return rows.codes[first]


def means_of_strokes(rows: StrokeRows, values: npt.NDArray[np.floating]) -> Numbers:
    """Mean over the rows of each scribble."""
    means: Numbers = np.bincount(rows.strokes, values) / np.bincount(rows.strokes)
    return means


def _trusted(codes: npt.NDArray[np.intp], support: Numbers) -> npt.NDArray[np.bool_]:
    """Scribbles to learn from: all but the most contradicted ones of each class."""
    trusted = np.ones(len(codes), dtype=bool)
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        worst = own[np.argsort(support[own], kind="stable")][: int(len(own) * MOST_LEFT_OUT)]
        trusted[worst[support[worst] < CONTRADICTED]] = False
    return trusted


def _round(
    rows: StrokeRows,
    codes: npt.NDArray[np.intp],
    trusted: npt.NDArray[np.bool_],
    recipe: Recipe,
    seed: np.random.SeedSequence,
    number: int,
) -> Steps[Numbers]:
    """Mean probabilities over the bags that a row's scribble is not in."""
    random = np.random.default_rng([*seed.generate_state(2), number])
    small = replace(recipe, n_estimators=min(recipe.n_estimators, TREES_PER_BAG))
    n_jobs = resolve_n_jobs(recipe.n_jobs)
    sums = np.zeros((len(rows.X), len(rows.values)))
    counts = np.zeros(len(rows.X))
    for bag, own in enumerate(seed.spawn(N_BAGS)):
        inside = _bag(codes, trusted, random)[rows.strokes]
        growing = training_steps(rows, inside, small, own, n_jobs)
        done = (number * N_BAGS + bag) * STEPS_PER_FOLD
        predict = yield from as_part(growing, done, 2 * N_BAGS * STEPS_PER_FOLD, WHAT)
        if not inside.all():
            sums[~inside] += predict(np.ascontiguousarray(rows.X[~inside]))
            counts[~inside] += 1
    return sums / np.maximum(counts, 1)[:, np.newaxis]


def _bag(
    codes: npt.NDArray[np.intp], trusted: npt.NDArray[np.bool_], random: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Scribbles of every class that can be trusted, but not all that there are."""
    bag = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        own = np.flatnonzero((codes == code) & trusted)
        most = max(1, int(np.count_nonzero(codes == code)) - 1)
        count = min(max(1, round(len(own) * SHARE_IN_BAG)), most)
        bag[random.choice(own, count, replace=False)] = True
    return bag
