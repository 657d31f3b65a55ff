"""Whether probabilities say how often they are right, and the power that makes them do so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._sharpening import LEAST, sharpen

Probabilities = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

STRONGEST = 1.5
"""Largest logarithm of a power, in either direction."""

EVERYWHERE = 4.0
"""How much pixels all over the images count, where the labels count 1."""


@dataclass(frozen=True, slots=True, eq=False)
class LeftOutSamples:
    """What forests say of labelled pixels that they have not seen.

    Attributes
    ----------
    probabilities
        (n, n_classes).
    codes
        What class each is of.
    groups
        Samples of the same number are one observation: pixels of a stroke.
    """

    probabilities: Probabilities
    codes: npt.NDArray[np.intp]
    groups: npt.NDArray[np.int64]

    @property
    def n_groups(self) -> int:
        """Number of observations."""
        return len(np.unique(self.groups))

    def weights(self) -> Doubles:
        """Every class has the same weight, and within a class every group; they sum to 1."""
        _, group, size = np.unique(self.groups, return_inverse=True, return_counts=True)
        weights: Doubles = 1 / size[group]
        per_class = np.bincount(self.codes, weights)
        weights /= per_class[self.codes] * np.count_nonzero(per_class)
        return weights


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What is said of pixels whose class nobody knows.

    Attributes
    ----------
    whole
        By the forest that knows all labels, (n, n_classes).
    others
        By forests that do not, on average.
    """

    whole: Probabilities
    others: Probabilities


def fitted_sharpness(left_out: LeftOutSamples, everywhere: Opinions | None = None) -> float:
    """The power that brings probabilities nearest to how often they turn out to be right.

    That is temperature scaling (Guo et al., ICML 2017): greatest likelihood of the classes of what was left out. Few
    observations say little: the power then stays near 1. Labels are easier than what lies between them, so that by them
    alone it would be too great: forests that do not know all labels also say what pixels all over the images are.

    Parameters
    ----------
    left_out
        Labelled pixels.
    everywhere
        Pixels all over the images; None for none.
    """
    from scipy.optimize import minimize_scalar

    if not len(left_out.codes):
        return 1.0
    truth: Doubles = np.zeros(left_out.probabilities.shape)
    truth[np.arange(len(truth)), left_out.codes] = left_out.weights()
    parts = [(np.log(np.maximum(left_out.probabilities, LEAST, dtype=np.float64)), truth)]
    if everywhere is not None and len(everywhere.whole):
        share: Doubles = everywhere.others * np.float64(EVERYWHERE / len(everywhere.others))
        parts.append((np.log(np.maximum(everywhere.whole, LEAST, dtype=np.float64)), share))
    n_groups = left_out.n_groups

    def loss(exponent: float) -> float:
        power = np.exp(exponent)
        return exponent**2 / n_groups + sum(_loss(power * logs, of) for logs, of in parts)

    found = minimize_scalar(loss, bounds=(-STRONGEST, STRONGEST), method="bounded")
    return float(np.exp(found.x))


def _loss(logs: Doubles, of: Doubles) -> float:
    """Sum of minus the logarithms of probabilities, which are given without a common factor, weighted by `of`."""
    total = np.log(np.exp(logs).sum(axis=1))
    return float(np.sum(of * (total[:, np.newaxis] - logs)))


def sharpened(probabilities: Probabilities, power: float) -> Probabilities:
    """Probabilities (n, n_classes) raised to a power, as `sharpen` does it."""
    planes = np.array(probabilities.T, dtype=np.float32, order="C")
    sharpen(planes, power)
    return np.ascontiguousarray(planes.T)
