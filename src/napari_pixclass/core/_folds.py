"""Which samples are left out together: groups (strokes, images) are never split, classes are spread evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

ALWAYS_TRAINED = -1
"""The fold of groups that are never left out."""

Numbers = npt.NDArray[np.integer[Any]]


def assign_folds(
    groups: Numbers, codes: Numbers, n_folds: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Deal whole groups to folds, so that whichever fold is left out, every class remains among the others.

    A group with all that there is of a class is never left out. Of the others each class goes to as many folds, with as
    equal a number of samples, as its groups allow.

    Parameters
    ----------
    groups, codes
        Group and class of each sample, from 0.
    n_folds
        Most folds, 2 or more; there are never more than groups that can be left out.
    random
        Decides between groups of the same size.

    Returns
    -------
    ndarray
        int64 (n,): fold of each sample, from 0 without gaps, or `ALWAYS_TRAINED`.
    """
    counts = np.zeros((int(groups.max()) + 1, int(codes.max()) + 1), dtype=np.int64)
    np.add.at(counts, (groups, codes), 1)
    single = (counts > 0).sum(axis=0) == 1
    free = np.flatnonzero((counts.sum(axis=1) > 0) & ~(counts[:, single] > 0).any(axis=1))
    folds = np.full(len(counts), ALWAYS_TRAINED, dtype=np.int64)
    if len(free):
        folds[free] = _deal(counts[free], min(n_folds, len(free)), random)
        if _some_class_is_in_one_fold(counts, folds):
            folds[free] = np.arange(len(free))
    used = np.unique(folds[folds != ALWAYS_TRAINED])
    folds[folds != ALWAYS_TRAINED] = np.searchsorted(used, folds[folds != ALWAYS_TRAINED])
    dealt: npt.NDArray[np.int64] = folds[groups]
    return dealt


def _deal(
    counts: npt.NDArray[np.int64], n_folds: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """A fold for each group: rare classes first, of each the largest group first, to the fold that has least of it."""
    folds = np.full(len(counts), -1, dtype=np.int64)
    load = np.zeros((n_folds, counts.shape[1]), dtype=np.int64)
    shuffled = random.permutation(len(counts))
    for code in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        by_size = shuffled[np.argsort(-counts[shuffled, code], kind="stable")]
        for group in by_size[counts[by_size, code] > 0]:
            if folds[group] < 0:
                fold = np.lexsort((load.sum(axis=1), load[:, code]))[0]
                folds[group] = fold
                load[fold] += counts[group]
    return folds


def _some_class_is_in_one_fold(counts: npt.NDArray[np.int64], folds: npt.NDArray[np.int64]) -> bool:
    """Whether a fold holds all that there is of a class, so that nothing of it would remain."""
    for own in (counts > 0).T:
        places = np.unique(folds[own])
        if len(places) == 1 and places[0] != ALWAYS_TRAINED:
            return True
    return False
