"""Which labelled pixels belong together: one connected scribble is one decision of the person who painted it."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from numba import types

from ._jit import njit, njit_for
from ._labelled import LabelledPixels


def stroke_ids(labelled: LabelledPixels, ndim: int | None = None) -> npt.NDArray[np.int64]:
    """Number the connected scribbles: pixels of the same class that touch each other, be it by a corner.

    Time and memory follow the number of labelled pixels, not the size of the image.

    Parameters
    ----------
    labelled
        The labelled pixels of one image.
    ndim
        Connect along the last `ndim` axes only, so that scribbles of other time points are others; None connects
        along all axes.

    Returns
    -------
    ndarray
        int64 (n,): for each labelled pixel the number of its scribble, 0 or more, in the order of their first pixels.

    Raises
    ------
    ValueError
        If the labels have fewer than `ndim` axes.
    """
    n_axes = len(labelled.shape)
    if ndim is not None and not 1 <= ndim <= n_axes:
        raise ValueError(
            f"scribbles are connected along 1 to {n_axes} axes of these labels; got ndim={ndim}."
        )
    shape = labelled.shape if ndim is None else labelled.shape[n_axes - ndim :]
    return _number(
        labelled.positions,
        labelled.values.astype(np.int64),
        np.array(shape, dtype=np.int64),
        _earlier_neighbours(shape),
    )


def count_strokes(labelled: LabelledPixels, ndim: int | None = None) -> dict[int, int]:
    """Number of connected scribbles of each class value; for the parameters see `stroke_ids`."""
    _, first = np.unique(stroke_ids(labelled, ndim), return_index=True)
    values, counts = np.unique(labelled.values[first], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _earlier_neighbours(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """(n, ndim): steps to the neighbours that come before a pixel in the flattened labels."""
    # A neighbour that comes after a pixel has the pixel before itself: half of them do.
    steps = [(-1, 0, 1) if length > 1 else (0,) for length in shape]
    earlier = [step for step in product(*steps) if step < (0,) * len(shape)]
    return np.array(earlier, dtype=np.int64).reshape(len(earlier), len(shape))


def _readonly(n_axes: int) -> types.Array:
    return types.Array(types.int64, n_axes, "C", readonly=True)


@njit_for(_readonly(1), _readonly(1), _readonly(1), _readonly(2))
def _number(
    positions: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    shape: npt.NDArray[np.int64],
    steps: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    # Each set of connected pixels is a tree whose root is its first pixel (union-find).
    parents = np.arange(len(positions))
    for k in range(len(steps)):
        ahead = np.int64(0)
        for axis in range(len(shape)):
            ahead = ahead * shape[axis] + steps[k, axis]
        j = 0  # positions ascend, and with them those of the neighbours
        for i in range(len(positions)):
            while positions[j] < positions[i] + ahead:
                j += 1
            if (
                positions[j] == positions[i] + ahead
                and values[j] == values[i]
                and _is_inside(positions[i], steps[k], shape)
            ):
                one, other = _root(parents, i), _root(parents, j)
                parents[max(one, other)] = min(one, other)
    n_strokes = 0
    numbers = np.empty(len(positions), dtype=np.int64)
    for i in range(len(positions)):
        root = _root(parents, i)
        if root == i:
            numbers[i] = n_strokes
            n_strokes += 1
        else:
            numbers[i] = numbers[root]
    return numbers


@njit
def _is_inside(position: int, step: npt.NDArray[np.int64], shape: npt.NDArray[np.int64]) -> bool:
    """Whether a step from `position` stays within all axes instead of running on in the next line."""
    for axis in range(len(shape) - 1, -1, -1):
        if not 0 <= position % shape[axis] + step[axis] < shape[axis]:
            return False
        position //= shape[axis]
    return True


@njit
def _root(parents: npt.NDArray[np.int64], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]  # the next look is shorter
        i = parents[i]
    return i
