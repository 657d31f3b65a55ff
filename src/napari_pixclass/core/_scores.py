"""How well a segmentation agrees with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement of a segmentation with the truth.

    Attributes
    ----------
    classes
        Class values, ascending.
    confusion
        Number of pixels of each true class (rows) that were given each class (columns).
    """

    classes: tuple[int, ...]
    confusion: npt.NDArray[np.int64]

    @property
    def iou(self) -> tuple[float, ...]:
        """Intersection over union of each class; NaN for a class that occurs nowhere."""
        hits = np.diag(self.confusion)
        union = self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - hits
        with np.errstate(invalid="ignore"):
            return tuple((hits / union).tolist())

    @property
    def mean_iou(self) -> float:
        """Mean of `iou` over the classes that occur."""
        return float(np.nanmean(self.iou))

    @property
    def accuracy(self) -> float:
        """Share of pixels that were given their true class."""
        return float(np.trace(self.confusion) / self.confusion.sum())


def score(
    segmentation: npt.NDArray[np.integer[Any]],
    truth: npt.NDArray[np.integer[Any]],
    classes: Sequence[int],
) -> Scores:
    """Compare a segmentation with the truth.

    Parameters
    ----------
    segmentation
        Class values.
    truth
        Class values of the same shape; pixels where it is 0 are not scored.
    classes
        Class values to score, ascending.

    Raises
    ------
    ValueError
        If the shapes differ, or no pixel can be scored.
    """
    if segmentation.shape != truth.shape:
        raise ValueError(
            "a segmentation must have the shape of the truth, "
            f"{truth.shape}; got {segmentation.shape}."
        )
    known = truth > 0
    values = np.asarray(classes)
    count = len(values)
    if not np.isin(truth[known], values).all() or not np.isin(segmentation[known], values).all():
        raise ValueError(f"classes to score must be all that occur; got {tuple(values.tolist())}.")
    if not known.any():
        raise ValueError("the truth must be known for at least one pixel; it is 0 everywhere.")
    pairs = np.searchsorted(values, truth[known]) * count
    pairs += np.searchsorted(values, segmentation[known])
    confusion = np.bincount(pairs, minlength=count * count).reshape(count, count)
    return Scores(tuple(values.tolist()), confusion)
