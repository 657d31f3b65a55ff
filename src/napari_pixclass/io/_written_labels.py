"""Labels in zarr arrays: only what has been written is read, which of scribbles is little."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import LabelledPixels, SparseLabels

Index = tuple[int, ...]


class WrittenLabels:
    """Labels in a zarr array, chunk by chunk, but for those chunks that nobody has ever written: they are 0.

    Parameters
    ----------
    array
        A `zarr.Array`.
    """

    def __init__(self, array: Any) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self._array.dtype)

    def label_blocks(self) -> Iterator[tuple[Index, npt.NDArray[Any]]]:
        """The first pixel of each chunk that has been written, and what was."""
        array = self._array
        steps = array.chunks if array.shards is None else array.shards
        for index in self._written(steps):
            first = tuple(i * step for i, step in zip(index, steps, strict=True))
            region = tuple(slice(at, at + step) for at, step in zip(first, steps, strict=True))
            yield first, np.asarray(array[region])

    def __getitem__(self, key: Any, /) -> Any:
        return self._array[key]

    def _written(self, steps: Index) -> Iterator[Index]:
        array = self._array
        grid = [range(-(-n // step)) for n, step in zip(array.shape, steps, strict=True)]
        if array.fill_value or not array.store.supports_listing:
            yield from itertools.product(*grid)
            return
        for key in _keys(array):
            # "c/0/1" or "0.1": the numbers at the end are those of the chunk.
            numbers = re.findall(r"\d+", key)[-len(grid) :]
            index = tuple(map(int, numbers))
            if len(index) == len(grid) and array.metadata.encode_chunk_key(index) == key:
                yield index


def in_blocks(labels: Any) -> Any:
    """Labels of a zarr array so that only what has been written is read; others as they are."""
    return WrittenLabels(labels) if is_zarr(labels) else labels


def labelled_pixels(labels: Any) -> LabelledPixels:
    """What is labelled in an array of any kind: 0 and less is unlabelled.

    Of `SparseLabels` and of zarr arrays only what has been written is looked at; others are read whole.
    """
    labels = in_blocks(labels)
    if not isinstance(labels, SparseLabels | WrittenLabels):
        labels = np.asarray(labels)
    return LabelledPixels.of(labels)


def is_zarr(labels: object) -> bool:
    """Whether this is an array of zarr."""
    # By its name: zarr is imported only by those who use it.
    is_zarr = type(labels).__module__.partition(".")[0] == "zarr"
    return is_zarr and hasattr(labels, "chunks") and len(getattr(labels, "shape", ())) > 0


def _keys(array: Any) -> list[str]:
    """Names of everything in the store of an array, within it."""
    from zarr.core.sync import sync  # asks the store in zarr's own thread, as zarr itself does

    prefix = f"{array.path}/" if array.path else ""

    async def listed() -> list[str]:
        return [key async for key in array.store.list_prefix(prefix)]

    return [key.removeprefix(prefix) for key in sync(listed())]
