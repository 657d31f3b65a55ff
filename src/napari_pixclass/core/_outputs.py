"""What is made of probabilities: the segmentation and the uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def uncertainty_of(
    probabilities: npt.NDArray[np.floating[Any]], axis: int = -1
) -> npt.NDArray[np.float32]:
    """Margin uncertainty: 1 minus the difference between the two largest probabilities.

    0 where one class is certain, 1 where two are equally likely, 0 everywhere if there is one class only. The
    same as in ilastik, so that figures can be compared.

    Parameters
    ----------
    probabilities
        Probabilities of any shape.
    axis
        Axis of the classes.

    Returns
    -------
    ndarray of float32 in [0, 1], without the class axis
    """
    n_classes = probabilities.shape[axis]
    if n_classes == 1:
        return np.zeros(np.delete(probabilities.shape, axis), dtype=np.float32)
    one, *others = np.moveaxis(probabilities, axis, 0)
    best, second = one, np.full_like(one, -np.inf)
    for other in others:
        second = np.maximum(second, np.minimum(best, other))
        best = np.maximum(best, other)
    return np.clip(1 - (best - second), 0, 1).astype(np.float32, copy=False)


def segmentation_of(
    probabilities: npt.NDArray[np.floating[Any]],
    classes: npt.NDArray[np.integer[Any]],
    axis: int = -1,
) -> npt.NDArray[np.integer[Any]]:
    """Class value of the largest probability; the lower class where two are equal.

    Parameters
    ----------
    probabilities
        Probabilities of any shape.
    classes
        Class value of each position along `axis`, ascending.
    axis
        Axis of the classes.
    """
    return np.take(classes, probabilities.argmax(axis=axis))
