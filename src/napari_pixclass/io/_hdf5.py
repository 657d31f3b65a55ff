"""HDF5 files: a dataset with axes and spacing in its attributes, read and written piece by piece."""

from __future__ import annotations

import importlib.util
import json
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ._ilastik_hdf5 import attribute, axes_of_tags
from ._image_file import (
    SPATIAL,
    ImageFile,
    channel_axis_of,
    named_axes,
    names_of_channels,
)
from ._tiff import MICROMETRE, as_unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from napari_pixclass.core import Region

DATASET = "exported_data"
"""Name of the dataset that is written, the one that ilastik uses."""

_LETTERS = set("TZCYX")
_TYPE_FLAGS = {"C": 1, "Z": 2, "Y": 2, "X": 2, "T": 8}  # vigra's: channels, space, time
_MOST_NAMED = 8


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
        Path of the dataset in the file; may be left out where there is one that can be meant: the only one of two axes
        or more, or the one with the name that ilastik and this program use.
    """
    require_h5py()
    import h5py

    file = h5py.File(path, "r")
    found: dict[str, Any] = {}

    def look(key: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "buifc":
            found[key] = item

    file.visititems(look)
    chosen = inner.strip("/")
    if not chosen:
        chosen = next(iter(found)) if len(found) == 1 else DATASET
    if chosen not in found:
        file.close()
        names = ", ".join(sorted(found)[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        if not found:
            raise ValueError("it holds no image")
        example = f"{path.name}/{min(found)}"
        absent = f"it holds no image '{chosen}', but" if inner else "it holds the images"
        raise ValueError(f"{absent} {names}{more}; name one of them as in '{example}'")
    dataset = found[chosen]
    axes = _axes_of(dataset)
    spacing, unit = _sizes_of(dataset, axes)
    channel_axis = channel_axis_of(axes, path)
    names = dataset.attrs.get("class_names", ())
    return ImageFile(
        name=name,
        data=dataset,
        axes=axes,
        channel_axis=channel_axis,
        spacing=spacing,
        unit=unit,
        channel_names=names_of_channels(list(names), dataset.shape, channel_axis),
    )


def _axes_of(dataset: Any) -> str:
    """Axes as ilastik, this program or the file format's own labels name them; unknown ones otherwise."""
    tags = attribute(dataset, "axistags")
    labels = [str(dimension.label) for dimension in dataset.dims]
    own = attribute(dataset, "axes")
    for named in (
        axes_of_tags(tags) if isinstance(tags, str) else "",
        own if isinstance(own, str) else "",
        "".join(labels) if all(len(label) == 1 for label in labels) else "",
    ):
        axes = named.upper()
        if len(axes) == dataset.ndim == len(set(axes)) and set(axes) <= _LETTERS:
            return axes
    return "Q" * (dataset.ndim - 2) + "YX"


def _sizes_of(dataset: Any, axes: str) -> tuple[tuple[float, ...] | None, str | None]:
    """Spacing and unit: those that this program and others write for Z, Y, X, or those of ilastik's axis tags."""
    spatial = [letter for letter in SPATIAL if letter in axes]
    unit: Any = MICROMETRE
    sizes = attribute(dataset, "element_size_um")
    if sizes is None:
        sizes, unit = attribute(dataset, "spacing"), attribute(dataset, "unit")
    if sizes is None:
        sizes, unit = _tagged_sizes(dataset, spatial)
    values = np.asarray(sizes)
    if values.shape != (len(spatial),) or values.dtype.kind not in "uif":
        return None, None
    if not all(math.isfinite(value) and value > 0 for value in values):
        return None, None
    return tuple(float(value) for value in values), str(unit) if unit else None


def _tagged_sizes(dataset: Any, spatial: Sequence[str]) -> tuple[list[Any], str | None]:
    """Pixel sizes in ilastik's axis tags, which are 0 where it knows none, and their unit."""
    try:
        tags = json.loads(attribute(dataset, "axistags") or "{}")["axes"]
        sizes = {str(tag["key"]).upper(): tag.get("resolution") for tag in tags}
        units = json.loads(attribute(dataset, "axis_units") or "{}")
        named = {str(units.get(letter.lower(), "")) for letter in spatial}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], None
    unit = named.pop() if len(named) == 1 else ""
    return [sizes.get(letter) for letter in spatial], as_unit(unit)


def value_range(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The numbers of a type that stand for 0 and 1 in probabilities."""
    return 0.0, 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)


class Hdf5Store:
    """One output as ilastik exports it: a dataset in a file of its own, in chunks, compressed with gzip, classes last.

    Parameters
    ----------
    path
        File to make.
    shape, chunk, dtype
        Of the array, with the classes along its first axis.
    axes
        A letter for each of its axes.
    spacing, unit
        Size of a pixel along the axes Z, Y, X.
    class_names
        Names of the positions along the axis C.
    drange
        Values that stand for nothing and everything, None where there are none.
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
        drange: tuple[float, float] | None = None,
    ) -> None:
        import h5py

        self.dtype = dtype
        self._lock = threading.Lock()
        self._classes_last = axes.startswith("C")
        if self._classes_last:
            shape, chunk, axes = (*shape[1:], shape[0]), (*chunk[1:], chunk[0]), axes[1:] + "C"
        axes, n_known = named_axes(axes), sum(letter in SPATIAL for letter in axes)
        if spacing is not None and sum(letter in SPATIAL for letter in axes) > n_known:
            spacing = unit = None  # of an axis that has just been called Z nobody knows the size
        self._file = h5py.File(path, "w")
        self._data = self._file.create_dataset(
            DATASET,
            shape,
            dtype,
            chunks=tuple(map(min, chunk, shape)),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        for dimension, letter in zip(self._data.dims, axes.lower(), strict=True):
            dimension.label = letter
        attributes = self._data.attrs
        attributes["axistags"] = _axistags(axes, spacing)
        attributes["display_mode"] = "grayscale" if class_names or drange else "random-colortable"
        if drange is not None:
            attributes["drange"] = drange
        if spacing is not None:
            attributes["spacing"] = list(spacing)
            if unit == MICROMETRE:
                attributes["element_size_um"] = list(spacing)
            if unit is not None:
                attributes["unit"] = unit
                units = {x.lower(): unit for x in axes if x in SPATIAL}
                attributes["axis_units"] = json.dumps(units, ensure_ascii=False)
        if class_names:
            attributes["class_names"] = list(class_names)

    def write(self, level: int, box: Region, values: npt.NDArray[Any]) -> None:
        """Write a piece; one thread at a time, as HDF5 wants it."""
        if self._classes_last:
            box, values = (*box[1:], box[0]), np.moveaxis(values, 0, -1)
        with self._lock:
            self._data[box] = values

    def read(self, level: int, box: Region) -> npt.NDArray[Any]:
        """Read a piece."""
        if self._classes_last:
            with self._lock:
                return np.moveaxis(np.asarray(self._data[(*box[1:], box[0])]), -1, 0)
        with self._lock:
            return np.asarray(self._data[box])

    def digest(self, level: int, box: Region) -> str:
        """No checksums: a file that was cut short is removed."""
        return ""

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _axistags(axes: str, spacing: Sequence[float] | None) -> str:
    """The axes as ilastik describes them."""
    sizes = dict(zip([letter for letter in SPATIAL if letter in axes], spacing or (), strict=False))
    tags = [
        {
            "key": letter.lower(),
            "typeFlags": _TYPE_FLAGS.get(letter, 0),
            "resolution": sizes.get(letter, 0),
            "description": "",
        }
        for letter in axes
    ]
    return json.dumps({"axes": tags}, indent=2)
