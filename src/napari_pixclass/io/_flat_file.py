"""Arrays that lie in a file row after row, written piece by piece."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from napari_pixclass.core import Region


class FlatFile:
    """An array in a file that has its full size already: pieces go to their places.

    Parameters
    ----------
    path
        The file.
    offset
        Where the array begins.
    shape, dtype
        Of the array.
    """

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self.path = path
        self.shape = shape
        self.dtype = dtype
        self._offset = offset
        self._lock = threading.Lock()

    def write(self, level: int, box: Region, values: npt.NDArray[Any]) -> None:
        """Write a piece; a full disk is an error here, where writing to mapped memory would end the program."""
        values = np.ascontiguousarray(values, dtype=self.dtype)
        strides = [self.dtype.itemsize]
        for length in reversed(self.shape[1:]):
            strides.insert(0, strides[0] * length)
        start = self._offset + sum(
            axis.start * step for axis, step in zip(box, strides, strict=True)
        )
        with self._lock, self.path.open("r+b", buffering=0) as file:
            for row in np.ndindex(values.shape[:-1]):
                file.seek(start + sum(i * step for i, step in zip(row, strides, strict=False)))
                left = values[row].tobytes()
                while left:
                    left = left[file.write(left) :]

    def read(self, level: int, box: Region) -> npt.NDArray[Any]:
        """Read a piece."""
        mapped = np.memmap(self.path, self.dtype, "r", self._offset, self.shape)
        return np.array(mapped[box])

    def digest(self, level: int, box: Region) -> str:
        """No checksums: a file that was cut short is removed."""
        return ""
