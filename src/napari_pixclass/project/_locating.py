"""Finding out whether an image is what its file holds, so that it can be opened from there again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_pixclass.core import ArrayLike, in_memory
from napari_pixclass.io import (
    WHOLE_BYTES,
    ImageView,
    ProjectInfo,
    find_view,
    fingerprint,
    open_image,
    split_container,
    stamp_of,
    whole_fingerprint,
)

HDF5_SUFFIXES = (".h5", ".hdf5")


@dataclass(frozen=True, slots=True)
class Located:
    """Where an image can be opened again.

    Attributes
    ----------
    path
        The file, or the zarr folder.
    dataset
        Path of the image within it.
    view
        Which part of it the image is.
    """

    path: Path
    dataset: str
    view: ImageView


Known = dict[tuple[str, str, str], Located]
"""What has been found out about arrays in memory: by their file, its state, and all their pixels."""


def locate(data: ArrayLike, path: str | os.PathLike[str] | None, known: Known) -> Located | None:
    """Find an image in the file that it is said to come from.

    Of arrays in memory, which anybody may have changed, every pixel is compared; of others as much as makes their
    fingerprint.

    Parameters
    ----------
    data
        The image.
    path
        The file; None where nobody knows one.
    known
        What has been found out before; it is added to.

    Returns
    -------
    Located or None
        None where there is no such file, or it holds something else.
    """
    if path is None:
        return None
    file, inner = split_container(Path(path).absolute())
    if not os.path.exists(file):
        return None
    if not in_memory(data) or isinstance(data, np.memmap):
        return _located(data, file, inner)
    key = str(file / inner), stamp_of(file), whole_fingerprint(data)
    if key not in known:
        found = _located(data, file, inner)
        if found is None:
            return None
        known[key] = found
    return known[key]


def earlier_copy(data: ArrayLike, info: ProjectInfo, folder: Path, known: Known) -> Located | None:
    """Find the copy of an image in a project, whatever has become of the file that it was made of."""
    for copy in info.sources:
        if copy.is_copy and copy.shape == tuple(data.shape):
            found = locate(data, folder / str(copy.path) / copy.dataset, known)
            if found is not None:
                return found
    return None


def _located(data: ArrayLike, file: Path, inner: str) -> Located | None:
    try:
        image = open_image(file / inner)
        view = find_view(image.data, data.shape, _Comparison(data))
    except (OSError, ValueError):  # it cannot be read by us, or not any more
        return None
    if view is None:
        return None
    if file.suffix.lower() in HDF5_SUFFIXES and not inner:
        inner = str(getattr(image.data, "name", "")).strip("/")  # others may join it in the file
    return Located(file, inner, view)


class _Comparison:
    """Says whether an array holds the pixels of another one."""

    def __init__(self, data: ArrayLike) -> None:
        self._data = data
        self._fingerprint = fingerprint(data)
        n_bytes = int(np.prod(data.shape, dtype=np.int64)) * np.dtype(data.dtype).itemsize
        is_looked_through = in_memory(data) and not isinstance(data, np.memmap)
        self._is_thorough = is_looked_through and n_bytes > WHOLE_BYTES

    def __call__(self, other: ArrayLike) -> bool:
        if np.dtype(other.dtype).newbyteorder("<") != np.dtype(self._data.dtype).newbyteorder("<"):
            return False
        if fingerprint(other) != self._fingerprint:
            return False
        return not self._is_thorough or whole_fingerprint(other) == whole_fingerprint(self._data)
