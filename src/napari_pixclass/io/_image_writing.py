"""Writing an image with its axes, pixel size and names to a file, in the format that its name says."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._atomic import replacing
from ._folders import new_zarr_folder
from ._hdf5 import Hdf5Store, require_h5py
from ._npy import write_npy
from ._ome_zarr import VERSION, channels, multiscales
from ._ome_zarr_store import OmeZarrStore
from ._pictures import write_png
from ._tiff_writing import write_tiff

if TYPE_CHECKING:
    import os

    from ._image_file import ImageFile

CHUNK = 512
"""Longest side of the chunks of planes; along other axes a chunk has one pixel."""

_OME_ORDER = "TCZYX"


def write_image(
    path: str | os.PathLike[str], image: ImageFile, channel_names: Sequence[str] = ()
) -> None:
    """Write an image to a file, atomically; the suffix says in which format.

    Parameters
    ----------
    path
        ``.tif`` (OME-TIFF), ``.zarr`` (OME-Zarr), ``.h5``, ``.npy`` (without axes) or ``.png`` (one plane; fractions
        from 0 to 1 become 0 to 255). An existing file is replaced; a folder only if it is a zarr one.
    image
        Its numbers are read piece by piece where the format allows it.
    channel_names
        Names of the channels.

    Raises
    ------
    ValueError
        If the format is not written, or has no place for this image.
    OSError
        If `path` cannot be written.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(
            f"images are written to files that end in {', '.join(_WRITERS)}; got '{path.name}'. Choose one of these."
        )
    write(path, image, channel_names)


def _write_tiff(path: Path, image: ImageFile, channel_names: Sequence[str]) -> None:
    write_tiff(
        path,
        np.asarray(image.data),
        image.axes,
        spacing=image.spacing,
        unit=image.unit,
        channel_names=channel_names,
    )


def _write_npy(path: Path, image: ImageFile, channel_names: Sequence[str]) -> None:
    write_npy(path, np.asarray(image.data))


def _write_png(path: Path, image: ImageFile, channel_names: Sequence[str]) -> None:
    array = np.asarray(image.data)
    if array.dtype.kind == "f" and array.size:
        if not 0 <= float(array.min()) <= float(array.max()) <= 1:
            raise ValueError(
                "a PNG file holds whole numbers, or fractions from 0 to 1; got values from "
                f"{array.min():g} to {array.max():g}. Write TIFF."
            )
        array = np.rint(array * 255).astype(np.uint8)
    write_png(path, array)


def _write_hdf5(path: Path, image: ImageFile, channel_names: Sequence[str]) -> None:
    require_h5py()
    axes = image.axes.replace("S", "C")
    with replacing(path) as temporary:
        shape, dtype = tuple(image.data.shape), np.dtype(image.data.dtype)
        store = Hdf5Store(
            temporary,
            shape,
            _chunk(shape, axes),
            dtype,
            axes,
            image.spacing,
            image.unit,
            channel_names,
        )
        try:
            for box in _boxes(shape, _chunk(shape, axes)):
                store.write(0, box, np.asarray(image.data[box]))
        finally:
            store.close()


def _write_zarr(path: Path, image: ImageFile, channel_names: Sequence[str]) -> None:
    axes = image.axes.replace("S", "C")
    order = [axes.index(letter) for letter in _OME_ORDER if letter in axes]
    if len(order) < len(axes):
        raise ValueError(
            f"OME-Zarr holds images with the axes T, C, Z, Y and X; got {image.axes}. Name the axes of the layer, or "
            "write another format."
        )
    shape = tuple(image.data.shape[axis] for axis in order)
    letters = "".join(axes[axis] for axis in order)
    described = multiscales(
        image.name,
        letters,
        [(1,) * len(letters)],
        spacing=image.spacing,
        translation=image.translation,
        unit=image.unit,
        centred=True,
    )
    ome: dict[str, Any] = {"version": VERSION, "multiscales": [described]}
    dtype = np.dtype(image.data.dtype)
    if channel_names:
        ome["omero"] = {
            "channels": channels(channel_names, ["#ffffff"] * len(channel_names), dtype)
        }
    chunk = _chunk(shape, letters)
    with new_zarr_folder(path) as folder:
        store = OmeZarrStore(folder, dtype, (shape,), chunk)
        store.create({"ome": ome}, list(letters.lower()))
        for box in _boxes(shape, chunk):
            within = [slice(None)] * len(order)
            for axis, part in zip(order, box, strict=True):
                within[axis] = part
            store.write(0, box, np.asarray(image.data[tuple(within)]).transpose(order))


_WRITERS: dict[str, Callable[[Path, ImageFile, Sequence[str]], None]] = {
    ".tif": _write_tiff,
    ".tiff": _write_tiff,
    ".zarr": _write_zarr,
    ".h5": _write_hdf5,
    ".hdf5": _write_hdf5,
    ".npy": _write_npy,
    ".png": _write_png,
}


def _chunk(shape: tuple[int, ...], axes: str) -> tuple[int, ...]:
    return tuple(
        max(1, min(CHUNK, length)) if letter in "YX" else 1
        for length, letter in zip(shape, axes, strict=True)
    )


def _boxes(shape: tuple[int, ...], chunk: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    starts = (range(0, length, step) for length, step in zip(shape, chunk, strict=True))
    for corner in itertools.product(*starts):
        yield tuple(
            slice(at, min(at + step, length))
            for at, step, length in zip(corner, chunk, shape, strict=True)
        )
