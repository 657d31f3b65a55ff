"""Opening images and labels, whatever the format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._given_axes import ChannelAxis, with_given_axes
from ._hdf5 import read_hdf5
from ._npy import read_npy
from ._ome_zarr import read_zarr
from ._pictures import read_picture, read_picture_labels
from ._tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._image_file import ImageFile

    Reader = Callable[[Path, str], ImageFile]

# The one place to enter another format: suffix, then readers for images and for labels.
READERS: dict[str, tuple[Reader, Reader]] = {
    ".tif": (read_tiff, read_tiff),
    ".tiff": (read_tiff, read_tiff),
    ".png": (read_picture, read_picture_labels),
    ".jpg": (read_picture, read_picture_labels),
    ".jpeg": (read_picture, read_picture_labels),
    ".npy": (read_npy, read_npy),
}

# Formats that hold several images, named as in file.h5/name: suffix, then the reader.
CONTAINERS: dict[str, Callable[[Path, str, str], ImageFile]] = {
    ".zarr": read_zarr,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
}


def open_image(
    path: str | os.PathLike[str],
    channel_axis: ChannelAxis = None,
    axes: str | None = None,
) -> ImageFile:
    """Open an image with what the file knows about its axes and spacing.

    Parameters
    ----------
    path
        A TIFF, PNG, JPEG, npy or HDF5 file, or a zarr folder. Within HDF5 and zarr an image is named as in
        ``file.h5/name``; of OME-Zarr images the full resolution is taken. Their pixels are read when they are needed.
    channel_axis
        Axis of the channels, where the file does not say it or is wrong; "none" if it has none.
    axes
        A letter for each axis, likewise; see `with_axes`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is not read, the file is damaged, or `axes` or `channel_axis` do not fit it.
    """
    return with_given_axes(_read(Path(path), 0), axes, channel_axis)


def open_labels(path: str | os.PathLike[str]) -> npt.NDArray[np.integer]:
    """Open labels: class values, 0 where nothing is labelled.

    Of a PNG file with a palette, these are the indices into the palette. Whole numbers that are
    stored as floats are accepted.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is not read, the file is damaged, or it holds a coloured picture or anything
        else but whole numbers.
    """
    data = np.asarray(open_label_image(path).data)
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.kind == "f":
        if not bool((np.isfinite(data) & (data == np.rint(data))).all()):
            raise ValueError(f"labels must be whole numbers; '{path}' holds fractions or NaN.")
        return data.astype(np.int64)
    if data.dtype.kind not in "ui":
        raise ValueError(f"labels must be whole numbers; '{path}' holds {data.dtype.name}.")
    return data


def open_label_image(path: str | os.PathLike[str]) -> ImageFile:
    """Open an image of labels with what the file knows about its axes; its numbers are not looked at.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is not read, the file is damaged, or it holds a coloured picture.
    """
    image = _read(Path(path), 1)
    if image.axes.endswith("S"):
        raise ValueError(
            f"labels must hold one class value per pixel; '{path}' is a picture in colours, of "
            f"shape {image.data.shape}. Save the labels themselves, not how they look."
        )
    return image


def stem_of(path: str | os.PathLike[str]) -> str:
    """Name of an image file without folder and suffix; ``.ome.tif`` counts as one suffix.

    Of an image in a zarr folder or HDF5 file that of the folder or file.
    """
    stem = split_container(Path(path))[0].stem
    return stem[:-4] if stem.lower().endswith(".ome") else stem


def split_container(path: Path) -> tuple[Path, str]:
    """Folder or file that holds several images, and the name within; the path itself where it is no such thing."""
    for container in (path, *path.parents):
        if container.suffix.lower() in CONTAINERS and os.path.exists(container):
            return container, path.relative_to(container).as_posix().removeprefix(".")
    return path, ""


def _read(path: Path, purpose: int) -> ImageFile:
    container, inner = split_container(path)
    reader = CONTAINERS.get(container.suffix.lower())
    if reader is None and is_zarr_folder(path):
        reader = read_zarr
    if reader is not None and container.exists():
        return _checked(path, lambda: reader(container, stem_of(path), inner))
    if path.is_dir():
        raise ValueError(f"an image must be a file; '{path}' is a folder.")
    if not path.exists():
        raise FileNotFoundError(f"the image file must exist; there is no '{path}'.")
    readers = READERS.get(path.suffix.lower())
    if readers is None:
        raise ValueError(
            f"images are read from files that end in {', '.join([*READERS, *CONTAINERS])}; got '{path}'. "
            "Convert it to one of these."
        )
    return _checked(path, lambda: readers[purpose](path, stem_of(path)))


def is_zarr_folder(path: Path) -> bool:
    """Whether a folder is a zarr group or array, whatever its name."""
    return os.path.isdir(path) and any(
        os.path.exists(path / name) for name in ("zarr.json", ".zgroup", ".zarray")
    )


def _checked(path: Path, read: Callable[[], ImageFile]) -> ImageFile:
    try:
        image = read()
    except (PermissionError, MemoryError):
        raise
    except Exception as error:  # whatever the libraries raise when a file is damaged
        raise _unreadable(path, error) from error
    if 0 in image.data.shape or image.data.ndim < 2:
        raise ValueError(
            f"an image must have two axes or more and hold pixels; '{path}' has the shape "
            f"{image.data.shape}."
        )
    return image


def _unreadable(path: Path, error: Exception) -> ValueError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ValueError(f"'{path}' cannot be read as an image, it may be damaged: {reason[:200]}.")
