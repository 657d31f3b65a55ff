"""Arrays of numpy in files: numbers without axes or spacing."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ._archive import MAX_ARRAY_HEADER, FileContentError, array_header, header_parts
from ._atomic import file_to_write
from ._flat_file import FlatFile
from ._image_file import ImageFile

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


def read_npy(path: Path, name: str) -> ImageFile:
    """Open an array, mapped into memory. Nothing is unpickled."""
    data: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return ImageFile(name, data, ("Q" * (data.ndim - 2) + "YX")[-data.ndim :])


def write_npy(
    path: str | os.PathLike[str], array: npt.NDArray[Any], *, atomic: bool = True
) -> None:
    """Write an array, atomically unless the caller sees to that."""
    with file_to_write(path, atomic=atomic) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def read_exact_npy(path: Path, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Read an array of this type and shape, which the file must hold exactly as it is written here.

    Raises
    ------
    FileContentError
        If it is missing, or something else.
    """
    wanted = np.dtype(dtype)
    n_bytes = wanted.itemsize * math.prod(shape)
    if not os.path.isfile(path):  # nor a pipe, which would be waited for
        raise FileContentError("it is missing")
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = size - n_bytes
        file.seek(0)
        header = file.read(start) if 0 <= start <= MAX_ARRAY_HEADER else b""
        is_whole = len(header) == 10 + int.from_bytes(header[8:10], "little")
        if not is_whole or header_parts(header) != header_parts(array_header(wanted, shape)):
            raise FileContentError(f"it is not {dtype} numbers of shape {shape}")
        numbers = np.fromfile(file, wanted, math.prod(shape))
    if numbers.size != math.prod(shape):
        raise FileContentError("it is incomplete")
    return numbers.reshape(shape).astype(wanted.newbyteorder("="))


class NpyStore(FlatFile):
    """One output as an array in a file.

    Parameters
    ----------
    path
        File to make.
    shape, dtype
        Of the array.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            file.truncate(offset + math.prod(shape) * dtype.itemsize)
        super().__init__(path, offset, shape, dtype)
