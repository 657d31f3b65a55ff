"""Hot pixels: single ones that are far brighter than all around them, as detectors of single ions produce them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def remove_hot_pixels(plane: npt.NDArray[Any], threshold: float) -> npt.NDArray[Any]:
    """Set pixels that exceed the largest of their neighbours by more than `threshold` to that neighbour.

    Parameters
    ----------
    plane
        Array (Y, X).
    threshold
        In the unit of the values.

    Returns
    -------
    ndarray of the same shape; of float64, as differences of unsigned numbers are not to be trusted
    """
    values = np.asarray(plane, dtype=np.float64)
    rows, columns = values.shape
    around = np.pad(values, 1, constant_values=-np.inf)
    largest = np.full_like(values, -np.inf)
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                np.maximum(
                    largest, around[down : down + rows, right : right + columns], out=largest
                )
    largest[np.isneginf(largest)] = np.inf  # a single pixel has no neighbours
    return np.where(values - largest > threshold, largest, values)
