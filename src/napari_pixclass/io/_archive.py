"""The container of our files: a zip of one JSON text and plain arrays, read with suspicion.

Nothing is unpacked to disk and nothing is executed. Before anything is decompressed, the list of
entries must be exactly the one that such a file has, and all sizes must be possible: so memory is
bounded by `MAX_BYTES`, and for small files by `MAX_EXPANSION` times the size of the file.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 4 * 2**30 - 2**20
"""Most bytes that the arrays of a file may have; zip files beyond it have another layout."""

MAX_HEADER_BYTES = 2**20
"""Most bytes of the JSON text."""

MAX_EXPANSION = 200
"""Compression makes forests some 4 times smaller; a file that expands 200 times is a trap."""

SMALL_BYTES = 2**24
"""Files that are smaller than this when expanded may be compressed as well as they like."""

MAX_ARRAY_HEADER = 1024
"""Bytes before the numbers of an array; numpy writes 128."""


class FileContentError(ValueError):
    """A file is not of the kind it should be, is damaged, or was written by a newer version."""


class ModelFileError(FileContentError):
    """A file is not a model, is damaged, or was written by a newer version."""


@dataclass(frozen=True, slots=True)
class ArchiveKind:
    """What one kind of file looks like inside, and how messages speak of it.

    Attributes
    ----------
    what
        Such as "a model".
    header
        Name of the JSON text.
    folder
        Where the arrays lie.
    remedy
        What to do where one gets too large.
    """

    what: str
    header: str
    folder: str
    remedy: str

    def array_entry(self, name: str) -> str:
        """Where the array called `name` lies."""
        return f"{self.folder}/{name}.npy"


def write_archive(
    path: Path,
    kind: ArchiveKind,
    header: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
) -> None:
    """Write a new file `path`; the same content gives the same bytes."""
    text = json.dumps(header, indent=2, ensure_ascii=False, allow_nan=False).encode()
    total = sum(array.nbytes for array in arrays.values())
    if len(text) > MAX_HEADER_BYTES or total > MAX_BYTES:
        raise ValueError(
            f"{kind.what} to save must be smaller than {MAX_BYTES / 2**30:.0f} GiB, with a "
            f"description below {MAX_HEADER_BYTES // 2**20} MiB; got {total / 2**30:.1f} GiB and "
            f"{len(text) / 2**20:.1f} MiB. {kind.remedy}"
        )
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(_entry(kind.header), text)
        for name, array in arrays.items():
            with archive.open(_entry(kind.array_entry(name)), "w") as file:
                np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # with a fixed date
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


class ArchiveReader:
    """Reads what `write_archive` wrote.

    Parameters
    ----------
    file
        The file, opened for binary reading.
    kind
        What it must be.
    names
        Names of the arrays that it must hold.

    Raises
    ------
    FileContentError
        If it is no such file, or is damaged.
    """

    def __init__(self, file: io.BufferedReader, kind: ArchiveKind, names: tuple[str, ...]) -> None:
        self._kind = kind
        size = file.seek(0, os.SEEK_END)
        expected = {kind.header, *map(kind.array_entry, names)}
        _check_directory(file, size, len(expected), kind)
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise FileContentError("its table of contents cannot be read") from error
        entries = self._archive.infolist()
        if len(entries) != len(expected) or {entry.filename for entry in entries} != expected:
            raise FileContentError(f"it does not hold the parts of {kind.what}")
        total = sum(entry.file_size for entry in entries)
        if total > min(MAX_BYTES, max(SMALL_BYTES, MAX_EXPANSION * size)):
            raise FileContentError(
                f"it would expand from {size} to {total} bytes, more than {kind.what} may"
            )
        for entry in entries:
            if entry.flag_bits & 1 or entry.compress_type not in {
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            }:
                raise FileContentError(f"its part {entry.filename} is packed in an unknown way")

    def checksums(self) -> list[tuple[str, int, int]]:
        """Name, CRC-32 and length of every array, as the table of contents has them."""
        entries = self._archive.infolist()
        return sorted(
            (e.filename, e.CRC, e.file_size) for e in entries if e.filename != self._kind.header
        )

    def header(self) -> object:
        """Give the JSON text as Python values; NaN and infinity are refused."""
        text = self._read(self._kind.header, MAX_HEADER_BYTES)
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:  # also what is no UTF-8
            raise FileContentError(f"its part {self._kind.header} is not valid JSON") from error

    def array(self, name: str, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """One array, which must have this type and shape."""
        wanted = np.dtype(dtype)
        n_bytes = wanted.itemsize * math.prod(shape)
        entry = self._kind.array_entry(name)
        data = self._read(entry, n_bytes + MAX_ARRAY_HEADER)
        # The header is compared, not parsed: there is only one that fits.
        start = max(len(data) - n_bytes, 0)
        if header_parts(data[:start]) != header_parts(array_header(wanted, shape)):
            raise FileContentError(f"its part {entry} is not {dtype} numbers of shape {shape}")
        numbers = np.frombuffer(data, dtype=wanted, offset=start).reshape(shape)
        return numbers.astype(wanted.newbyteorder("="))

    def _read(self, name: str, limit: int) -> bytes:
        entry = self._archive.getinfo(name)
        if entry.file_size > limit:
            raise FileContentError(
                f"its part {name} has {entry.file_size} bytes where at most {limit} are possible"
            )
        try:
            with self._archive.open(entry) as file:
                # Not read(): that would decompress all there is, whatever the size in the table.
                data = file.read(entry.file_size)
                complete = len(data) == entry.file_size and not file.read(1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            RuntimeError,
            OSError,
        ) as error:
            raise FileContentError(f"its part {name} is damaged") from error
        if not complete:
            raise FileContentError(f"its part {name} is damaged")
        return data


def array_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What stands before the numbers of an array."""
    header = io.BytesIO()
    fields = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()


def header_parts(header: bytes) -> tuple[bytes, bytes]:
    """Magic number and text, without the spaces that fill it up and the length that counts them."""
    return header[:8], header[10:].rstrip()


def _check_directory(file: io.BufferedReader, size: int, n_entries: int, kind: ArchiveKind) -> None:
    """Check the end record, before `zipfile` reads as many entries as a hostile one announces."""
    tail = min(size, 42)
    file.seek(size - tail)
    end = file.read(tail)
    if size < 22 or end[-22:-18] != b"PK\x05\x06":
        file.seek(0)
        if file.read(4) == b"PK\x03\x04":
            raise FileContentError("it is incomplete")
        raise FileContentError("it is another kind of file")
    total, n_bytes = struct.unpack("<HL", end[-12:-6])
    if total != n_entries or n_bytes > 200 * n_entries or end[:4] == b"PK\x06\x07":
        raise FileContentError(f"it does not hold the parts of {kind.what}")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
