"""Reliability: how often probabilities turned out to be right, by how high they were."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ._calibration import LeftOutSamples, Probabilities, sharpened
from ._score_table import or_none

N_BINS = 10

EXAMPLE = 0.9
"""A probability that tells people what a power does to it."""

ABOUT_RIGHT = 0.02
"""Change of the example below which nothing is said about it."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Left-out labels whose class was chosen with a probability between two limits.

    Attributes
    ----------
    lowest, highest
        The limits.
    predicted
        Mean probability of the class that was chosen.
    right
        How often that class was right, 0 to 1.
    weight
        Share of all labels; each class counts the same, and within it each stroke.
    n_pixels, n_strokes
        Number of pixels, and of strokes that they belong to.
    """

    lowest: float
    highest: float
    predicted: float
    right: float
    weight: float
    n_pixels: int
    n_strokes: int


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Whether probabilities can be believed, as left-out labels show it.

    Attributes
    ----------
    sharpness
        The power to which probabilities must be raised (and made to sum to 1 again) to be as often right as they say:
        above 1 they are too modest, below 1 too bold. See `PixelClassifier.calibrated`.
    bins
        How often probabilities were right, in tenths; those in which there are none are left out.
    sharpened_bins
        The same for probabilities that were raised to `sharpness`.
    """

    sharpness: float
    bins: tuple[ReliabilityBin, ...]
    sharpened_bins: tuple[ReliabilityBin, ...]

    @classmethod
    def of(cls, left_out: LeftOutSamples, sharpness: float) -> Calibration:
        """Count."""
        before = left_out.probabilities
        after = sharpened(before, sharpness)
        return cls(sharpness, _bins(left_out, before), _bins(left_out, after))

    @property
    def error(self) -> float:
        """Expected calibration error: mean difference between `predicted` and `right` (Guo et al., ICML 2017)."""
        return _error(self.bins)

    @property
    def sharpened_error(self) -> float:
        """The same for probabilities that were raised to `sharpness`."""
        return _error(self.sharpened_bins)

    @property
    def sentence(self) -> str:
        """What the sharpness means, in words."""
        odds = (EXAMPLE / (1 - EXAMPLE)) ** self.sharpness
        worth = odds / (1 + odds)
        if abs(worth - EXAMPLE) < ABOUT_RIGHT:
            return "the probabilities are about as often right as they say."
        how = "modest" if worth > EXAMPLE else "bold"
        return f"the probabilities are too {how}: between two classes, one of {EXAMPLE:.2f} is worth {worth:.2f}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; an undefined error is None."""
        return {
            "sharpness": self.sharpness,
            "error": or_none(self.error),
            "sharpened_error": or_none(self.sharpened_error),
            "bins": [asdict(one) for one in self.bins],
            "sharpened_bins": [asdict(one) for one in self.sharpened_bins],
        }


def _bins(left_out: LeftOutSamples, probabilities: Probabilities) -> tuple[ReliabilityBin, ...]:
    if not len(probabilities):
        return ()
    chosen = probabilities.argmax(axis=1)
    predicted = probabilities[np.arange(len(chosen)), chosen].astype(np.float64)
    right = chosen == left_out.codes
    weights = left_out.weights()
    numbers = np.minimum((predicted * N_BINS).astype(np.intp), N_BINS - 1)
    found = []
    for number in np.unique(numbers).tolist():
        own = numbers == number
        weight = float(weights[own].sum())
        found.append(
            ReliabilityBin(
                lowest=number / N_BINS,
                highest=(number + 1) / N_BINS,
                predicted=float(np.sum(weights[own] * predicted[own])) / weight,
                right=float(np.sum(weights[own] * right[own])) / weight,
                weight=weight,
                n_pixels=int(own.sum()),
                n_strokes=len(np.unique(left_out.groups[own])),
            )
        )
    return tuple(found)


def _error(bins: tuple[ReliabilityBin, ...]) -> float:
    if not bins:
        return math.nan
    return sum(one.weight * abs(one.predicted - one.right) for one in bins)
