"""Whether probabilities say how often they are right, and the power that makes them do so."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]

_LEAST = 0.01
"""A forest of 100 trees cannot tell less from nothing."""

_POWERS = np.exp(np.linspace(-1.5, 1.5, 61))


def fitted_sharpness(
    probabilities: Probabilities, codes: npt.NDArray[np.intp], groups: npt.NDArray[np.int64]
) -> float:
    """The power that brings probabilities nearest to how often they turned out to be right.

    That is temperature scaling (Guo et al., ICML 2017): greatest likelihood of what turned out, where each class has
    the same weight, and within a class each group. Few groups say little: the power then stays near 1.

    Parameters
    ----------
    probabilities
        (n, n_classes), of samples that the classifier has not seen.
    codes
        What class they are of.
    groups
        Samples of the same number are one observation.
    """
    if not len(codes):
        return 1.0
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / size[group]
    n_observations = weights.sum()
    per_class = np.bincount(codes, weights)
    weights /= per_class[codes] * np.count_nonzero(per_class)
    losses = [
        -np.sum(weights * np.log(sharpened(probabilities, power)[np.arange(len(codes)), codes]))
        + np.log(power) ** 2 / n_observations
        for power in _POWERS
    ]
    return float(_POWERS[int(np.argmin(losses))])


def sharpened(probabilities: Probabilities, power: float) -> Probabilities:
    """Probabilities raised to a power, and made to sum to 1 again; the most probable class stays the same."""
    raised = np.maximum(probabilities, np.float32(_LEAST)) ** np.float32(power)
    result: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return result
