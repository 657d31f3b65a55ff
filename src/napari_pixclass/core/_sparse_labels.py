"""Labels to paint on, without the memory that all those pixels would need that nobody has labelled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

CHUNK = (8, 64, 64)
"""A scribble touches few of them, whichever plane it lies in: flat ones cost many times the memory across planes."""
PLANE_CHUNK = (128, 128)

DENSE_BYTES = 2**28
"""Labels that need more are kept sparse."""
LARGEST_ARRAY = 2**30
"""Bytes of an array that is made of sparse labels; planes may be larger, somebody is looking at them."""

Index = tuple[int, ...]
Labels = npt.NDArray[np.integer[Any]]


def empty_labels(shape: Sequence[int], dtype: npt.DTypeLike = np.uint8) -> Labels | SparseLabels:
    """Labels of nothing yet, to paint on: an array, or sparse labels where it would be a large one."""
    if math.prod(shape) * np.dtype(dtype).itemsize > DENSE_BYTES:
        return SparseLabels(shape, dtype)
    return np.zeros(tuple(shape), dtype=dtype)


class SparseLabels:
    """Whole numbers that are read and written like a numpy array; only chunks that are not all 0 take memory.

    What is read is always a copy. It can be indexed with whole numbers, slices and an ellipsis, or with an array of
    whole numbers for each axis, as `numpy.nonzero` gives them; masks and mixtures are refused.

    One thread may write while others read: these see each chunk as it is before or while it is being written.

    Parameters
    ----------
    shape
        Number of pixels along each axis, one at least.
    dtype
        Of the labels, an integer type.

    Raises
    ------
    ValueError, TypeError
        If there is no axis, a length is negative, or the type is not one of whole numbers.
    """

    def __init__(self, shape: Sequence[int], dtype: npt.DTypeLike = np.uint8) -> None:
        self._shape = tuple(int(length) for length in shape)
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        if not self._shape or min(self._shape) < 0:
            raise ValueError(
                f"labels need one axis at least, of a length of 0 or more; got {self._shape}."
            )
        if self._dtype.kind not in "ui":
            raise TypeError(f"labels must be whole numbers; got {self._dtype}.")
        self._chunk = _chunk_shape(self._shape)
        self._chunks: dict[Index, Labels] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        """Number of pixels, labelled or not."""
        return math.prod(self._shape)

    @property
    def nbytes(self) -> int:
        """Memory that the labels really take."""
        return sum(chunk.nbytes for chunk in self._stored())

    def label_blocks(self) -> Iterator[tuple[Index, Labels]]:
        """All that is labelled: the first pixel of each block that has labels, and its labels; not to be written to."""
        for index, chunk in list(self._chunks.items()):
            first = tuple(i * step for i, step in zip(index, self._chunk, strict=True))
            inside = tuple(
                slice(min(step, length - start))
                for start, step, length in zip(first, self._chunk, self._shape, strict=True)
            )
            yield first, chunk[inside]

    # As napari and numpy ask an array ---------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, key: Any, /) -> Any:
        where = self._where(key)
        if isinstance(where, _Pixels):
            return self._read_pixels(where)
        self._check_size(where.shape)
        found: Labels = np.zeros(where.shape, dtype=self._dtype)
        for part in self._parts(where, only_stored=True):
            chunk = self._chunks.get(part.chunk)
            if chunk is not None:
                found[part.outside] = chunk[part.inside]
        return where.as_asked(found)[()]  # a number where a single pixel was asked for

    def __setitem__(self, key: Any, value: Any, /) -> None:
        values = np.asarray(value, dtype=self._dtype if isinstance(value, int) else None)
        where = self._where(key)
        if isinstance(where, _Pixels):
            self._write_pixels(where, values)
            return
        wanted = where.as_kept(_broadcast(values, where.asked_shape))
        erases = not values.any()
        for part in self._parts(where, only_stored=erases):
            self._write(part.chunk, part.inside, wanted[part.outside])

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("sparse labels can be made an array by copying only; got copy=False.")
        self._check_size(self._shape, planes_too=True)
        found: npt.NDArray[Any] = self[...]
        return found if dtype is None else found.astype(dtype, copy=False)

    def astype(self, dtype: npt.DTypeLike, copy: bool = True) -> SparseLabels:
        """Labels of another type; always a copy."""
        other = SparseLabels(self._shape, dtype)
        other._chunks = {i: c.astype(other._dtype) for i, c in list(self._chunks.items())}
        return other

    def copy(self) -> Self:
        """The same labels, to be changed independently."""
        other = type(self)(self._shape, self._dtype)
        other._chunks = {index: chunk.copy() for index, chunk in list(self._chunks.items())}
        return other

    def max(self, axis: None = None, out: None = None) -> Any:
        """The largest label: `numpy.max` comes here."""
        if (axis, out) != (None, None):
            raise TypeError("sparse labels have one maximum, that of all of them; got axis or out.")
        largest = max((chunk.max() for chunk in self._stored()), default=self._dtype.type(0))
        has_gaps = len(self._chunks) < math.prod(self._grid)
        return max(largest, self._dtype.type(0)) if has_gaps else largest

    def any(self) -> bool:
        """Whether anything is labelled."""
        return bool(self._chunks)

    def __repr__(self) -> str:
        return f"SparseLabels({self._shape}, {self._dtype}, {self.nbytes / 1e6:.1f} MB used)"

    # Indices ----------------------------------------------------------------------------------------------------------

    @property
    def _grid(self) -> Index:
        """Number of chunks along each axis, if all were there."""
        return tuple(-(-n // step) for n, step in zip(self._shape, self._chunk, strict=True))

    def _where(self, key: Any) -> _Box | _Pixels:
        keys = list(key) if isinstance(key, tuple) else [key]
        if any(isinstance(k, np.ndarray | list) and np.ndim(k) > 0 for k in keys):
            return _Pixels.at(keys, self._shape)
        if sum(k is Ellipsis for k in keys) > 1 or len(keys) - (Ellipsis in keys) > self.ndim:
            raise IndexError(
                f"labels of {self.ndim} axes take an index for each, and one ellipsis; got {key}."
            )
        at = keys.index(Ellipsis) if Ellipsis in keys else len(keys)
        rest = self.ndim - len(keys) + (Ellipsis in keys)
        keys[at : at + 1] = [slice(None)] * rest
        return _Box(
            tuple(_positions(k, n) for k, n in zip(keys, self._shape, strict=True)),
            tuple(axis for axis, k in enumerate(keys) if not isinstance(k, slice)),
        )

    def _parts(self, box: _Box, only_stored: bool) -> Iterator[_Part]:
        """What lies in each chunk; where only what is stored matters not more chunks are visited than there are."""
        axes = [
            _chunks_of(positions, step)
            for positions, step in zip(box.axes, self._chunk, strict=True)
        ]
        indices: Iterator[Index] = itertools.product(*axes)
        if only_stored and math.prod(map(len, axes)) > len(self._chunks):
            indices = (
                index
                for index in list(self._chunks)
                if all(i in axis for i, axis in zip(index, axes, strict=True))
            )
        for index in indices:
            slices = [axis[i] for i, axis in zip(index, axes, strict=True)]
            yield _Part(index, tuple(s[0] for s in slices), tuple(s[1] for s in slices))

    # Chunks -----------------------------------------------------------------------------------------------------------

    def _stored(self) -> list[Labels]:
        return list(self._chunks.values())

    def _write(self, index: Index, inside: Any, values: Labels) -> None:
        chunk = self._chunks.get(index)
        if chunk is None:
            if not values.any():
                return
            chunk = np.zeros(self._chunk, dtype=self._dtype)
            chunk[inside] = values
            self._chunks[index] = chunk
            return
        chunk[inside] = values
        if not chunk.any():
            del self._chunks[index]

    def _read_pixels(self, pixels: _Pixels) -> Labels:
        found: Labels = np.zeros(pixels.shape, dtype=self._dtype)
        flat = found.reshape(-1)
        for index, inside, chosen in pixels.by_chunk(self._chunk):
            chunk = self._chunks.get(index)
            if chunk is not None:
                flat[chosen] = chunk[inside]
        return found

    def _write_pixels(self, pixels: _Pixels, values: npt.NDArray[Any]) -> None:
        flat = _broadcast(values, pixels.shape).reshape(-1)
        for index, inside, chosen in pixels.by_chunk(self._chunk):
            self._write(index, inside, flat[chosen])

    def _check_size(self, shape: Index, planes_too: bool = False) -> None:
        nbytes = math.prod(shape) * self._dtype.itemsize
        is_plane = sum(length > 1 for length in shape) < 3
        if nbytes > LARGEST_ARRAY and (planes_too or not is_plane):
            raise MemoryError(
                f"labels are read whole up to {LARGEST_ARRAY / 1e9:.1f} GB only; these, of shape {shape}, would take "
                f"{nbytes / 1e9:.1f} GB. Hide them in 3D, or crop them to save them; scribbles are kept without saving."
            )


class _Part(NamedTuple):
    """What of a box lies in one chunk: where in the chunk, and where in the box."""

    chunk: Index
    inside: tuple[slice, ...]
    outside: tuple[slice, ...]


class _Box(NamedTuple):
    """Evenly spaced positions along each axis; `single` axes were asked for by a number."""

    axes: tuple[range, ...]
    single: tuple[int, ...]

    @property
    def shape(self) -> Index:
        return tuple(len(positions) for positions in self.axes)

    @property
    def asked_shape(self) -> Index:
        return tuple(n for axis, n in enumerate(self.shape) if axis not in self.single)

    def as_asked(self, values: Labels) -> Labels:
        return values.reshape(self.asked_shape)

    def as_kept(self, values: Labels) -> Labels:
        """With the axes that were asked for by a number."""
        return values.reshape(self.shape)


class _Pixels(NamedTuple):
    """Indices of pixels along each axis, flat, and the shape in which they were asked for."""

    indices: tuple[npt.NDArray[np.intp], ...]
    shape: Index

    @classmethod
    def at(cls, keys: Sequence[Any], shape: Index) -> Self:
        arrays = [np.asarray(key) for key in keys if not isinstance(key, slice | type(Ellipsis))]
        if (
            len(arrays) != len(shape)
            or len(keys) != len(shape)
            or any(a.dtype.kind not in "ui" for a in arrays if a.size)
        ):
            raise IndexError(
                f"pixels of labels of {len(shape)} axes are found by an array of whole numbers for each axis; got "
                f"{len(arrays)} arrays among {len(keys)} indices. Give a mask as np.nonzero(mask)."
            )
        together = np.broadcast_arrays(*arrays)
        indices = []
        for axis, (found, length) in enumerate(zip(together, shape, strict=True)):
            index = found.reshape(-1).astype(np.intp)
            if len(index) and not (index.min() >= -length and index.max() < length):
                raise IndexError(
                    f"indices must lie within the {length} pixels of axis {axis}; got {index.min()} to {index.max()}."
                )
            indices.append(np.where(index < 0, index + length, index))
        return cls(tuple(indices), together[0].shape)

    def by_chunk(
        self, chunk: Index
    ) -> Iterator[tuple[Index, tuple[npt.NDArray[np.intp], ...], npt.NDArray[np.intp]]]:
        """For each chunk with some of them where these are in the chunk, and which of them they are, in order."""
        if not len(self.indices[0]):
            return
        split = [np.divmod(index, step) for index, step in zip(self.indices, chunk, strict=True)]
        grid = np.stack([number for number, _ in split])
        extent = tuple((grid.max(axis=1) + 1).tolist())
        flat = np.ravel_multi_index(tuple(grid), extent)
        order = np.argsort(flat, kind="stable")
        starts = np.flatnonzero(np.diff(flat[order], prepend=-1))
        for chosen in np.split(order, starts[1:]):
            index = tuple(grid[:, chosen[0]].tolist())
            yield index, tuple(rest[chosen] for _, rest in split), chosen


def _chunk_shape(shape: Index) -> Index:
    whole = (PLANE_CHUNK if len(shape) < 3 else CHUNK)[-len(shape) :]
    steps = (1,) * (len(shape) - len(whole)) + whole
    return tuple(max(1, min(step, length)) for step, length in zip(steps, shape, strict=True))


def _positions(key: Any, length: int) -> range:
    if isinstance(key, slice):
        return range(*key.indices(length))
    if key is None or isinstance(key, bool | np.bool_):
        raise IndexError(
            f"labels take whole numbers, slices and an ellipsis as indices; got {key}."
        )
    at = int(key.__index__() if not isinstance(key, np.ndarray) else key[()].__index__())
    if not -length <= at < length:
        raise IndexError(f"indices must lie within the {length} pixels of an axis; got {at}.")
    return range(at % length, at % length + 1)


def _chunks_of(positions: range, step: int) -> dict[int, tuple[slice, slice]]:
    """For each chunk along an axis that has some of the positions where they are: in the chunk, and among all."""
    found = {}
    n = len(positions)
    if not n:
        return {}
    stride = abs(positions.step)
    lowest = min(positions[0], positions[-1])
    number = lowest // step
    while number * step <= lowest + (n - 1) * stride:
        begin = max(0, -(-(number * step - lowest) // stride))
        end = min(n, -(-((number + 1) * step - lowest) // stride))
        if begin < end:
            first = lowest + begin * stride - number * step
            last = lowest + (end - 1) * stride - number * step
            inside = slice(first, last + 1, stride)
            if positions.step > 0:
                found[number] = inside, slice(begin, end)
            else:  # the last position of all comes first
                stop = n - 1 - end
                found[number] = inside, slice(n - 1 - begin, stop if stop >= 0 else None, -1)
        number += 1
    return found


def _broadcast(values: npt.NDArray[Any], shape: Index) -> npt.NDArray[Any]:
    """As numpy does in assignments: leading axes of length 1 may be too many."""
    extra = max(0, values.ndim - len(shape))
    if values.shape[:extra] == (1,) * extra:
        values = values.reshape(values.shape[extra:])
    return np.broadcast_to(values, shape)
