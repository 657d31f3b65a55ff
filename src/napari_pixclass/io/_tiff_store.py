"""Results in TIFF files, written piece by piece: rows go to their places in a file that is made in full size first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._flat_file import FlatFile
from ._tiff_writing import tiff_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np


class TiffStore(FlatFile):
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

        dtype = dtype.newbyteorder("<")
        options = tiff_options(shape, dtype, axes, spacing, unit, channel_names)
        place: Any = tifffile.imwrite(
            path, shape=shape, dtype=dtype, byteorder="<", returnoffset=True, **options
        )
        super().__init__(path, int(place[0]), shape, dtype)
