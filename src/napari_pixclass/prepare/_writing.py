"""Files that are filled piece by piece, and appear when they are complete."""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from napari_pixclass.io import Hdf5Store, TiffStore, make_folder, replacing_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np

    from napari_pixclass.io import ImageFile

PreparedFormat = Literal["hdf5", "tiff"]

FORMATS: dict[PreparedFormat, str] = {"hdf5": ".h5", "tiff": ".tiff"}
"""Formats that are written, and how the names of their files end."""

Store = Hdf5Store | TiffStore

CHUNK_BYTES = 1 << 19
"""Chunks of HDF5 files are about as large: well below the megabyte that HDF5 keeps in memory."""

CHUNK_ROWS = 64


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to make: where, and of which shape."""

    path: Path
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What files that are made together have in common; see `napari_pixclass.io.write_tiff`."""

    format: PreparedFormat
    dtype: np.dtype[Any]
    axes: str
    spacing: tuple[float, ...] | None
    unit: str | None
    channel_names: tuple[str, ...] = ()
    drange: tuple[float, float] | None = None
    chunk_rows: int = CHUNK_ROWS

    def store(self, path: Path, shape: tuple[int, ...]) -> Store:
        """Make a file."""
        details = (self.axes, self.spacing, self.unit, self.channel_names)
        if self.format == "tiff":
            return TiffStore(path, shape, self.dtype, *details)
        channels = (shape[0],) if self.axes.startswith("C") else ()
        rows = min(self.chunk_rows, shape[-2])
        columns = max(CHUNK_BYTES // (rows * self.dtype.itemsize * math.prod(channels)), 1)
        others = (1,) * (len(shape) - 2 - len(channels))
        chunk = (*channels, *others, rows, min(columns, shape[-1]))
        return Hdf5Store(path, shape, chunk, self.dtype, *details, drange=self.drange)


@contextmanager
def new_files(files: Sequence[NewFile], kind: FileKind) -> Iterator[list[Store]]:
    """Files to fill: all of them appear under their names at the end, or none."""
    with replacing_all([file.path for file in files]) as temporaries, ExitStack() as stack:
        stores: list[Store] = []
        for temporary, file in zip(temporaries, files, strict=True):
            store = kind.store(temporary, file.shape)
            if isinstance(store, Hdf5Store):
                stack.callback(store.close)
            stores.append(store)
        yield stores


def with_spacing(image: ImageFile, spacing: Sequence[float] | None) -> ImageFile:
    """The image with the pixel sizes that a user gave, if any.

    Raises
    ------
    ValueError
        If there is not one above 0 for each of its axes Z, Y and X.
    """
    if spacing is None:
        return image
    n_axes = sum(letter in "ZYX" for letter in image.axes_without_channels)
    if len(spacing) != n_axes or not all(0 < size < float("inf") for size in spacing):
        raise ValueError(
            f"spacing must have a size above 0 for each of the {n_axes} axes of '{image.name}' in space; got "
            f"{', '.join(f'{size:g}' for size in spacing)}."
        )
    return replace(image, spacing=tuple(spacing), unit=None)  # nobody said its unit


def check_new(paths: Iterable[Path], source: Path, *, overwrite: bool) -> None:
    """Refuse to write over the image itself, or over anything else without being told; make the folders.

    Raises
    ------
    FileExistsError, ValueError
        If something is in the way, or a folder cannot be made.
    """
    for path in paths:
        if path.resolve() == source.resolve():
            raise FileExistsError(
                f"results must not replace an image; '{path}' is one. Choose another folder."
            )
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"results must not exist yet; '{path}' does. Have it replaced (overwrite), or "
                "choose another folder."
            )
        make_folder(path.parent)
