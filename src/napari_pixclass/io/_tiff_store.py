"""Results in TIFF files, written piece by piece: rows go to their places in a file that is made in full size first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ._tiff import tiff_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_pixclass.core import Region


class TiffStore:
    """One output as a file: OME-TIFF where OME knows the axes, BigTIFF from 4 GB on; not compressed.

    Parameters
    ----------
    path
        File to make.
    shape, dtype
        Of the array.
    axes, spacing, unit, channel_names
        See `write_tiff`.

    Raises
    ------
    ValueError
        If `axes` or `spacing` do not fit.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        axes: str,
        spacing: Sequence[float] | None,
        unit: str | None,
        channel_names: Sequence[str],
    ) -> None:
        import tifffile

        self.path = path
        self.shape = shape
        self.dtype = dtype.newbyteorder("<")
        options = tiff_options(len(shape), dtype, axes, spacing, unit, channel_names)
        place: Any = tifffile.imwrite(
            path, shape=shape, dtype=self.dtype, byteorder="<", returnoffset=True, **options
        )
        self._offset = int(place[0])
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
