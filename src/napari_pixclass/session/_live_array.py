"""Live outputs as arrays: what has been predicted so far, and where nothing has, so it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import Output, Region

from ._tile_store import TileStore

Axis = int | range
"""Of an axis of the whole array: the one index chosen, or those that are left."""


class LiveArray(np.lib.mixins.NDArrayOperatorsMixin):
    """One output of live update, read like an array.

    Where nothing has been predicted yet, or what was predicted no longer holds, it is NaN (probabilities, uncertainty)
    or 0 (segmentation). Indexing gives arrays where one or two axes remain, and views, which are read when they
    are used (`numpy.asarray`, arithmetic, any function of numpy's), where there are more.

    Attributes
    ----------
    shape, dtype, ndim, size, nbytes
        As of an array.
    """

    def __init__(
        self,
        output: Output,
        dtype: npt.DTypeLike,
        shape: tuple[int, ...],
        level: int = 0,
    ) -> None:
        self.output = output
        self.dtype = np.dtype(dtype)
        self.level = level
        self.index: int | None = None
        self._axes: tuple[Axis, ...] = tuple(map(range, shape))
        self._root = self
        self._store: TileStore | None = None
        self._plane: tuple[Region, npt.NDArray[Any]] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self._axes if isinstance(axis, range))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<live {self.output}, shape {self.shape}, {self.dtype}>"

    # What is shown ----------------------------------------------------------------------------------------------------

    def show(self, store: TileStore | None, index: int | None = None) -> None:
        """Read from a store, and from now on from no other; for probabilities the position of the class."""
        self._store, self.index = store, index
        self._plane = None

    def refresh(self) -> None:
        """Say that the store has got new tiles."""
        self._plane = None

    # Reading ----------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        keys = list(key) if isinstance(key, tuple) else [key]
        if not all(map(_is_basic, keys)) or keys.count(Ellipsis) > 1:
            return np.asarray(self)[key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        if len(keys) > self.ndim:
            raise IndexError(f"too many indices: {self.ndim} axes, {len(keys)} indices.")
        keys += [slice(None)] * (self.ndim - len(keys))
        remaining = iter(keys)
        part: LiveArray = object.__new__(LiveArray)
        part.__dict__.update(self.__dict__)
        part._axes = tuple(
            axis[next(remaining)] if isinstance(axis, range) else axis for axis in self._axes
        )
        if part.ndim > 2:
            return part
        values = np.asarray(part)
        return values if values.ndim else values[()]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        spans = [
            slice(axis, axis + 1) if isinstance(axis, int) else _span(axis) for axis in self._axes
        ]
        values = self._root._read(tuple(spans))
        within: list[int | slice] = []
        for axis, span in zip(self._axes, spans, strict=True):
            if isinstance(axis, int):
                within.append(0)
            elif axis.step > 0:
                within.append(slice(None, None, axis.step))
            else:
                within.append(slice(axis[0] - span.start, None, axis.step) if axis else slice(0))
        values = values[(*within, ...)]  # an array even where no axis remains
        if dtype is not None and np.dtype(dtype) != values.dtype:
            return values.astype(dtype)
        return values.copy() if copy else values

    def astype(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """What is known now, as another type."""
        return np.asarray(self, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        arrays = [np.asarray(each) if isinstance(each, LiveArray) else each for each in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    def _read(self, box: Region) -> npt.NDArray[Any]:
        """What is known of a part; the plane that was read last is kept, because the screen asks for it again."""
        if self._plane is not None and self._plane[0] == box:
            return self._plane[1]
        shape = tuple(axis.stop - axis.start for axis in box)
        unknown = np.nan if self.dtype.kind == "f" else 0
        values: npt.NDArray[Any] = np.full(shape, unknown, dtype=self.dtype)
        if self._store is not None:
            self._store.read(self.output, self.index, self.level, box, values)
        values.flags.writeable = False
        if sum(length > 1 for length in shape) <= 2:
            self._plane = (box, values)
        return values


def _is_basic(key: object) -> bool:
    """Whether an index chooses one or some of an axis; numpy's own array knows what to do with others."""
    if isinstance(key, int | np.integer):
        return not isinstance(key, bool)
    return isinstance(key, slice) or key is Ellipsis


def _span(axis: range) -> slice:
    """From the first to the last of some indices."""
    if not axis:
        return slice(0, 0)
    return slice(min(axis[0], axis[-1]), max(axis[0], axis[-1]) + 1)
