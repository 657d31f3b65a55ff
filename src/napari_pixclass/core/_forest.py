"""Inference of scikit-learn's forests over blocks of features: exact, compiled, without the GIL."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ._forest_arrays import ForestArrays, ForestKind
from ._forest_kernels import predict_tiles
from ._forest_program import LANES, Program, compile_forest

__all__ = ["CompiledForest", "ForestArrays", "ForestKind"]

Planes = npt.NDArray[np.float32]


class CompiledForest:
    """A forest, ready to predict.

    Equal to scikit-learn's `predict_proba` within 1e-6, for trees of any number, size and depth. A
    pixel's probabilities depend on its features alone, to the last bit: not on the block in which
    it lies. nan goes where most of the training samples went, as in scikit-learn. Threads may share
    a compiled forest.

    Parameters
    ----------
    arrays
        The forest; it is checked, so that the arrays of a damaged file raise ValueError.

    Attributes
    ----------
    n_features, n_classes : int
        Number of planes (or columns) to predict from, and of classes.
    used_features : int64 (n_used,)
        Those of the features that at least one split of one tree looks at, ascending.
    """

    def __init__(self, arrays: ForestArrays) -> None:
        arrays.validate()
        self.n_features = arrays.n_features
        self.n_classes = arrays.n_classes
        self.used_features = np.unique(arrays.feature[arrays.children_left >= 0]).astype(np.int64)
        self._program = compile_forest(arrays, self.used_features)

    def compact(self) -> Self:
        """Return the same forest for planes that hold nothing but `used_features`, in order."""
        forest = object.__new__(type(self))
        forest.n_features = len(self.used_features)
        forest.n_classes = self.n_classes
        forest.used_features = np.arange(forest.n_features)
        forest._program = self._program._replace(plane_of=forest.used_features)
        return forest

    def among(self, chosen: npt.NDArray[np.integer[Any]], n_features: int) -> Self:
        """Return the same forest for `n_features` planes, of which `chosen` are the ones that it has now, in order."""
        forest = object.__new__(type(self))
        forest.n_features = n_features
        forest.n_classes = self.n_classes
        forest.used_features = np.asarray(chosen, dtype=np.int64)[self._program.plane_of]
        forest._program = self._program._replace(plane_of=forest.used_features)
        return forest

    def predict_planes(self, planes: Planes, out: Planes | None = None) -> Planes:
        """Probabilities of the pixels of a block.

        Parameters
        ----------
        planes : array of float32, shape (n_features, *block)
            Features. Strided views are read in place; fastest where the last axis is contiguous.
        out : array of float32, shape (n_classes, *block), optional
            Where to write, strided or not; must not share memory with `planes`.

        Returns
        -------
        ndarray of float32, shape (n_classes, *block)
            `out`, where given. Sums to 1 over the first axis.

        Raises
        ------
        TypeError, ValueError
            If an array is not float32 or its shape does not fit.
        """
        _check_float32("planes", planes)
        if planes.ndim < 1 or len(planes) != self.n_features:
            raise ValueError(
                f"planes must have the forest's {self.n_features} features as the first axis; got "
                f"shape {planes.shape}."
            )
        shape = (self.n_classes, *planes.shape[1:])
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        _check_float32("out", out)
        if out.shape != shape or not out.flags.writeable:
            raise ValueError(f"out must be writeable and of shape {shape}; got {out.shape}.")
        _predict(self._program, planes, out)
        return out

    def predict_rows(self, X: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probabilities of single samples.

        Parameters
        ----------
        X : array of float32, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of float32, shape (n_samples, n_classes)

        Raises
        ------
        TypeError, ValueError
            If `X` is not float32 or its shape does not fit.
        """
        _check_float32("X", X)
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise ValueError(
                f"X must have the shape (n_samples, {self.n_features}), one column for each of the "
                f"forest's features; got {X.shape}."
            )
        out = np.empty((len(X), self.n_classes), dtype=np.float32)
        _predict(self._program, X.T, out.T)
        return out


def _check_float32(name: str, array: Any) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32:
        found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be a numpy array of float32; got {found}: convert it first.")


def _predict(program: Program, planes: Planes, out: Planes) -> None:
    """Predict a block of any number of axes, for which the kernel needs three."""
    if out.size == 0:
        return
    single = tuple(axis for axis in range(1, out.ndim) if out.shape[axis] == 1)
    planes, out = planes.squeeze(single), out.squeeze(single)
    if out.ndim > 4:
        for index in range(out.shape[1]):
            _predict(program, planes[:, index], out[:, index])
        return
    missing = tuple(range(1, 5 - out.ndim))
    planes, out = np.expand_dims(planes, missing), np.expand_dims(out, missing)
    predict_tiles(program, planes, _tile_shape(out.shape[1:]), out)


def _tile_shape(block: tuple[int, ...]) -> tuple[int, int, int]:
    """Shape of the tiles of a block (Z, Y, X): compact, so that the pixels of one are much alike.

    That is (4, 4, 8) in volumes, (1, 8, 16) in images, (1, 1, 128) in rows. Measured in a noisy
    volume, tiles of (4, 4, 8) visit 1 980 nodes, of (1, 8, 16) 2 880 and of (1, 1, 128) 4 860.
    """
    depth = next((size for size in (1, 2) if block[0] <= size), 4)
    height = next((size for size in (1, 2, 4) if block[1] <= size), 4 if depth == 4 else 8)
    return depth, height, LANES // (depth * height)
