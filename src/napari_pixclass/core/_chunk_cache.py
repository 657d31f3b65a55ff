"""Images that are stored in chunks: each chunk is read and decoded once for all the tiles that need some of it."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, in_memory

_FEW = 8  # chunks that must fit; with larger ones there would be nothing to remember

Index = tuple[int, ...]
Pixels = npt.NDArray[Any]
Spans = Sequence[tuple[int, int]]


class ChunkCache:
    """An image whose chunks are remembered; any thread may read, with whole numbers and slices for all axes.

    Parameters
    ----------
    image
        A zarr, dask or HDF5 array.
    max_bytes
        Memory that chunks may take. Those that were not used for longest go first.

    Attributes
    ----------
    shape, dtype
        Of the image.
    nbytes
        Memory that they take.
    """

    def __init__(self, image: ArrayLike, max_bytes: int) -> None:
        self.shape = tuple(int(length) for length in image.shape)
        self.dtype = np.dtype(image.dtype)
        self._image = image
        self._lengths = chunk_lengths(image)
        self._n_slots = max_bytes // (math.prod(self._lengths) * self.dtype.itemsize)
        # In one piece: chunks that come and go one by one leave holes in the heap, several times what they take.
        self._slots = np.empty((self._n_slots, *self._lengths), dtype=self.dtype)
        self._slot_of: OrderedDict[Index, int] = OrderedDict()
        self._lock = Lock()
        self._reading = Lock()  # who needs a chunk that another thread is reading waits for it

    @property
    def nbytes(self) -> int:
        """Memory that the chunks take."""
        return len(self._slot_of) * math.prod(self._lengths) * self.dtype.itemsize

    def __getitem__(self, key: tuple[int | slice, ...]) -> Pixels:
        spans = [
            part.indices(length)[:2] if isinstance(part, slice) else (part, part + 1)
            for part, length in zip(key, self.shape, strict=True)
        ]
        wanted = [
            range(start // length, -(-stop // length))
            for (start, stop), length in zip(spans, self._lengths, strict=True)
        ]
        if math.prod(map(len, wanted)) > self._n_slots:
            return np.asarray(self._image[key])
        out = np.empty([stop - start for start, stop in spans], dtype=self.dtype)
        missing = self._copy_known(itertools.product(*wanted), spans, out)
        if missing:
            with self._reading:
                missing = self._copy_known(missing, spans, out)
                if missing:
                    self._read(missing, spans, out)
        return out[tuple(slice(None) if isinstance(part, slice) else 0 for part in key)]

    def _copy_known(self, wanted: Iterable[Index], spans: Spans, out: Pixels) -> list[Index]:
        """Copy what is there of some chunks; return those that are not."""
        missing = []
        with self._lock:
            for index in wanted:
                slot = self._slot_of.get(index)
                if slot is None:
                    missing.append(index)
                else:
                    self._slot_of.move_to_end(index)
                    self._copy(index, self._slots[slot], spans, out)
        return missing

    def _read(self, missing: list[Index], spans: Spans, out: Pixels) -> None:
        """Read chunks at once, in one box: libraries are slow to begin."""
        box = [
            slice(min(at) * length, min((max(at) + 1) * length, whole))
            for at, length, whole in zip(
                zip(*missing, strict=True), self._lengths, self.shape, strict=True
            )
        ]
        values = np.asarray(self._image[tuple(box)])
        for index in missing:
            inside = (
                slice(at * length - axis.start, (at + 1) * length - axis.start)
                for at, length, axis in zip(index, self._lengths, box, strict=True)
            )
            chunk = values[tuple(inside)]
            self._copy(index, chunk, spans, out)
            with self._lock:
                slot = self._free_slot()
                self._slots[slot][tuple(map(slice, chunk.shape))] = chunk
                self._slot_of[index] = slot

    def _copy(self, index: Index, chunk: Pixels, spans: Spans, out: Pixels) -> None:
        """Copy what is wanted of a chunk to where it belongs."""
        target, source = [], []
        for at, length, (start, stop) in zip(index, self._lengths, spans, strict=True):
            origin = at * length
            first, last = max(start, origin), min(stop, origin + length)
            target.append(slice(first - start, last - start))
            source.append(slice(first - origin, last - origin))
        out[tuple(target)] = chunk[tuple(source)]

    def _free_slot(self) -> int:
        if len(self._slot_of) < self._n_slots:
            return len(self._slot_of)
        return self._slot_of.popitem(last=False)[1]


def remembers_chunks(image: ArrayLike, max_bytes: int) -> bool:
    """Whether an image is stored in chunks of which at least some few fit into so many bytes."""
    if in_memory(image) or not getattr(image, "chunks", None):
        return False
    chunk = math.prod(chunk_lengths(image)) * np.dtype(image.dtype).itemsize
    return chunk * _FEW <= max_bytes


def chunk_lengths(image: Any) -> Index:
    """Length of the chunks along each axis; of the longest one where they differ, as they may in dask."""
    return tuple(max(axis) if isinstance(axis, tuple) else int(axis) for axis in image.chunks)
