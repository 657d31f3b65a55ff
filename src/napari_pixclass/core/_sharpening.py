"""Probabilities raised to a power: kernels, and what predicts with them."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ._jit import njit

Planes = npt.NDArray[np.float32]

LEAST = 0.003
"""A forest of 100 trees cannot tell less from nothing."""

LIMITS = (0.01, 100.0)
"""Least and greatest power."""


class PlanesPredictor(Protocol):
    """Gives probabilities of a block from its features, both with the first axis for features or classes."""

    def predict_planes(self, planes: Planes, /) -> Planes: ...


class SharpenedPredictor:
    """What another predictor says, raised to a power.

    Parameters
    ----------
    raw
        The other one.
    sharpness
        The power; see `sharpen`.
    """

    def __init__(self, raw: PlanesPredictor, sharpness: float) -> None:
        self.raw = raw
        self.sharpness = sharpness

    def predict_planes(self, planes: Planes) -> Planes:
        probabilities = self.raw.predict_planes(planes)
        sharpen(probabilities.reshape(len(probabilities), -1), self.sharpness)
        return probabilities


def with_sharpness(predictor: PlanesPredictor, sharpness: float) -> PlanesPredictor:
    """The same predictor with another power than it may have; 1 leaves probabilities as they are."""
    raw = predictor.raw if isinstance(predictor, SharpenedPredictor) else predictor
    return raw if sharpness == 1 else SharpenedPredictor(raw, sharpness)


def valid_sharpness(sharpness: object) -> float:
    """Check a power.

    Raises
    ------
    TypeError, ValueError
        If it is none, or so small or large that nothing would be left of the probabilities.
    """
    if isinstance(sharpness, bool) or not isinstance(
        sharpness, int | float | np.integer | np.floating
    ):
        raise TypeError(f"sharpness must be a number; got {sharpness!r:.50}.")
    value = float(sharpness)
    if not LIMITS[0] <= value <= LIMITS[1]:  # also refuses NaN
        raise ValueError(
            f"sharpness must lie between {LIMITS[0]:g} and {LIMITS[1]:g}; got {value:g}."
        )
    return value


@njit
def sharpen(planes: Planes, power: float) -> None:
    """Raise probabilities to a power in place, and make them sum to 1 again.

    Those below `LEAST` count as that. The most probable class stays the same, the first one where several are.

    Parameters
    ----------
    planes
        (n_classes, n_pixels).
    power
        Above 1 the most probable class becomes more probable, below 1 less.
    """
    n_classes, n_pixels = planes.shape
    least = LEAST**power
    raised = np.empty(n_classes, dtype=np.float64)
    for pixel in range(n_pixels):
        total = 0.0
        best = 0
        for k in range(n_classes):
            value = float(planes[k, pixel])
            if value > planes[best, pixel]:
                best = k
            if value <= LEAST:
                raised[k] = least
            elif value == 1.0:
                raised[k] = 1.0
            else:
                raised[k] = math.pow(value, power)
            total += raised[k]
        for k in range(n_classes):
            planes[k, pixel] = np.float32(raised[k] / total)
        # Different numbers may have become the same one.
        for k in range(best):
            if planes[k, pixel] >= planes[best, pixel]:
                planes[k, pixel] = np.nextafter(planes[best, pixel], np.float32(0))
