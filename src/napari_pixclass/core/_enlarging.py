"""Where the pixels of an enlarged image lie between those of the image, axis by axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

Enlarging = Literal["linear", "nearest"]


@dataclass(frozen=True, slots=True)
class Places:
    """Between which pixels of the image, along one axis, the pixels of the result lie.

    Attributes
    ----------
    needed
        Pixels of the image that take part.
    lower, upper
        For each pixel of the result the pixels of the image on both sides, counted from the first that is needed.
    share
        How much of the upper one it gets.
    """

    needed: slice
    lower: npt.NDArray[np.intp]
    upper: npt.NDArray[np.intp]
    share: Values

    @classmethod
    def of(cls, wanted: slice, length: int, scale: int, how: Enlarging) -> Self:
        """Where the pixels `wanted` of the result lie on an axis of `length` pixels; the border is repeated."""
        positions = (np.arange(wanted.start, wanted.stop) + 0.5) / scale - 0.5
        if how == "nearest":
            positions = np.rint(positions)
        below = np.floor(positions)
        share = positions - below
        lower = np.clip(below.astype(np.intp), 0, length - 1)
        upper = np.clip(below.astype(np.intp) + (share > 0), 0, length - 1)
        first, last = int(lower[0]), int(upper[-1])
        return cls(slice(first, last + 1), lower - first, upper - first, share)

    def applied(self, values: Values, axis: int) -> Values:
        """The pixels of the result from those that are needed."""
        if not self.share.any():
            return values.take(self.lower, axis)
        share = self.share.reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        return values.take(self.lower, axis) * (1 - share) + values.take(self.upper, axis) * share
