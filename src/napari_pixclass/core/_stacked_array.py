"""Several arrays as the channels of one image, none of which is copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike

Key = tuple[Any, ...]


class StackedArray:
    """Arrays of the same shape, read as one array with a new first axis: as `numpy.stack` of them, block by block.

    Parameters
    ----------
    arrays
        Arrays in memory, memory-mapped, zarr or dask arrays: what can be indexed with whole numbers and slices. Values
        are converted to the type that they have in common, as `numpy.stack` does.
    """

    def __init__(self, arrays: Sequence[ArrayLike]) -> None:
        if not arrays:
            raise ValueError("an image needs at least one channel; got no arrays.")
        self.arrays = tuple(arrays)
        self.dtype: np.dtype[Any] = np.result_type(*(np.dtype(array.dtype) for array in arrays))

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.arrays), *(int(length) for length in self.arrays[0].shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def is_in_memory(self) -> bool:
        """Whether the pixels of all channels can be looked at, and written to by others, at any time."""
        return all(
            isinstance(array, np.ndarray) and not isinstance(array, np.memmap)
            for array in self.arrays
        )

    def __getitem__(self, key: Any, /) -> npt.NDArray[Any]:
        """Read some of it into memory; `key` holds whole numbers, slices, and at most one ellipsis."""
        first, *rest = self._full_key(key if isinstance(key, tuple) else (key,))
        if not isinstance(first, slice):
            return self._read(int(first), tuple(rest))
        chosen = range(*first.indices(len(self.arrays)))
        if not chosen:
            return self._read(0, tuple(rest))[np.newaxis][:0]
        return np.stack([self._read(channel, tuple(rest)) for channel in chosen])

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("an array made of several cannot be had without a copy of them.")
        return self[...].astype(self.dtype if dtype is None else dtype, copy=False)

    def _full_key(self, key: Key) -> Key:
        """The key with one entry for each axis."""
        places = [index for index, entry in enumerate(key) if entry is Ellipsis]
        missing = self.ndim - (len(key) - len(places))
        for entry in key:
            if not (entry is Ellipsis or isinstance(entry, int | np.integer | slice)):
                raise TypeError(
                    f"an array made of several is indexed with whole numbers and slices; got {entry!r}."
                )
        if missing < 0 or len(places) > 1:
            raise IndexError(f"an index must have {self.ndim} entries at most; got {key!r}.")
        place = places[0] if places else len(key)
        return (*key[:place], *(slice(None),) * missing, *key[place + len(places) :])

    def _read(self, channel: int, key: Key) -> npt.NDArray[Any]:
        return np.asarray(self.arrays[channel][key]).astype(self.dtype, copy=False)
