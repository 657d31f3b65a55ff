"""HDF5 files: a dataset with axes and spacing in its attributes, read and written piece by piece."""

from __future__ import annotations

import importlib.util
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ._image_file import SPATIAL, ImageFile, channel_axis_of
from ._tiff import MICROMETRE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_pixclass.core import Region

DATASET = "exported_data"
"""Name of the dataset that is written, the one that ilastik uses."""

_LETTERS = set("TZCYX")


def require_h5py() -> None:
    """Raise ValueError where HDF5 files can neither be read nor written."""
    if importlib.util.find_spec("h5py") is None:
        raise ValueError(
            "HDF5 files need the package h5py, which is not installed; add it with "
            "pip install 'napari-pixclass[hdf5]'."
        )


def read_hdf5(path: Path, name: str, inner: str = "") -> ImageFile:
    """Open a dataset of an HDF5 file; its pixels are read when they are needed.

    Parameters
    ----------
    path
        The file.
    name
        What to call the image.
    inner
        Path of the dataset in the file; may be left out where there is only one of two axes or more.
    """
    require_h5py()
    import h5py

    file = h5py.File(path, "r")
    found: dict[str, Any] = {}

    def look(key: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "buif":
            found[key] = item

    file.visititems(look)
    chosen = inner.strip("/")
    if not chosen and len(found) == 1:
        (chosen,) = found
    if chosen not in found:
        file.close()
        names = ", ".join(sorted(found)[:8]) or "none"
        raise ValueError(
            f"it holds the images {names}; name one of them as '{path}/NAME'"
            if found
            else "it holds no image"
        )
    dataset = found[chosen]
    axes = _axes_of(dataset)
    sizes = np.asarray(dataset.attrs.get("element_size_um", dataset.attrs.get("spacing", ())))
    spatial = [letter for letter in SPATIAL if letter in axes]
    known = sizes.shape == (len(spatial),) and all(math.isfinite(v) and v > 0 for v in sizes)
    unit = MICROMETRE if "element_size_um" in dataset.attrs else dataset.attrs.get("unit")
    return ImageFile(
        name=name,
        data=dataset,
        axes=axes,
        channel_axis=channel_axis_of(axes, path),
        spacing=tuple(float(value) for value in sizes) if known else None,
        unit=str(unit) if known and unit is not None else None,
    )


def _axes_of(dataset: Any) -> str:
    """Axes as this program or ilastik wrote them; unknown ones otherwise."""
    named = dataset.attrs.get("axes", "")
    if not isinstance(named, str) or not named:
        import json

        try:
            tags = json.loads(dataset.attrs["axistags"])["axes"]
            named = "".join(str(tag["key"]) for tag in tags)
        except (KeyError, ValueError, TypeError):
            named = ""
    named = named.upper()
    fits = len(named) == dataset.ndim == len(set(named)) and set(named) <= _LETTERS
    return named if fits else "Q" * (dataset.ndim - 2) + "YX"


class Hdf5Store:
    """One output as a dataset in a file of its own, in chunks, compressed with gzip.

    Parameters
    ----------
    path
        File to make.
    shape, chunk, dtype
        Of the array.
    axes
        A letter for each of its axes.
    spacing, unit
        Size of a pixel along the axes Z, Y, X.
    class_names
        Names of the positions along the axis C.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        chunk: tuple[int, ...],
        dtype: np.dtype[Any],
        axes: str,
        spacing: Sequence[float] | None,
        unit: str | None,
        class_names: Sequence[str],
    ) -> None:
        import h5py

        self.dtype = dtype
        self._lock = threading.Lock()
        self._file = h5py.File(path, "w")
        self._data = self._file.create_dataset(
            DATASET,
            shape,
            dtype,
            chunks=chunk,
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        self._data.attrs["axes"] = axes
        if spacing is not None:
            self._data.attrs["spacing"] = list(spacing)
            if unit == MICROMETRE:
                self._data.attrs["element_size_um"] = list(spacing)
            elif unit is not None:
                self._data.attrs["unit"] = unit
        if class_names:
            self._data.attrs["class_names"] = list(class_names)

    def write(self, level: int, box: Region, values: npt.NDArray[Any]) -> None:
        """Write a piece; one thread at a time, as HDF5 wants it."""
        with self._lock:
            self._data[box] = values

    def read(self, level: int, box: Region) -> npt.NDArray[Any]:
        """Read a piece."""
        with self._lock:
            return np.asarray(self._data[box])

    def digest(self, level: int, box: Region) -> str:
        """No checksums: a file that was cut short is removed."""
        return ""

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
