"""OME-Zarr: what its metadata says, in both directions, and reading images with it.

The format is that of https://ngff.openmicroscopy.org, version 0.5 (zarr v3); 0.4 (zarr v2) is read as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ._image_file import (
    SPATIAL,
    ImageFile,
    channel_axis_of,
    named_axes,
    names_of_channels,
)
from ._tiff import MICROMETRE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from napari_pixclass.core import ClassInfo

VERSION = "0.5"

_TYPES = {"T": "time", "C": "channel", "Z": "space", "Y": "space", "X": "space"}

# Names of units in OME-Zarr (those of UDUNITS-2), and ours.
_UNITS = {
    "angstrom": "\N{ANGSTROM SIGN}",
    "nanometer": "nm",
    "micrometer": MICROMETRE,
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
}
_UNIT_NAMES = {short: name for name, short in _UNITS.items()}


def ome_axes(axes: str) -> str:
    """The letters of results as OME-Zarr knows them: an axis without a name is Z where there is none yet, then T.

    Raises
    ------
    ValueError
        If the format has no place for these axes, or not in this order.
    """
    named = named_axes(axes)
    if named not in {"YX", "ZYX", "TYX", "TZYX"}:
        raise ValueError(
            "OME-Zarr holds images with the axes (T,) (Z,) Y, X in this order, besides channels; "
            f"got {axes}. Reorder them, or write another format."
        )
    return named


def multiscales(
    name: str,
    axes: str,
    factors: Sequence[Sequence[int]],
    *,
    spacing: Sequence[float] | None,
    translation: Sequence[float] | None,
    unit: str | None,
    centred: bool,
) -> dict[str, Any]:
    """The metadata that every image has.

    Parameters
    ----------
    name
        Of the image.
    axes
        Letters of its axes.
    factors
        How much coarser each level is than the first one, along each axis.
    spacing, translation
        Size of a pixel and position of the first one along the axes Z, Y, X.
    unit
        Unit of both.
    centred
        Whether a coarse pixel stands for the middle of those that it was made of, or for the first of them.
    """
    spatial = [letter for letter in axes if letter in SPATIAL]
    sizes = dict(zip(spatial, spacing or (1.0,) * len(spatial), strict=True))
    starts = dict(zip(spatial, translation or (0.0,) * len(spatial), strict=True))
    unit_name = _UNIT_NAMES.get(unit or "")
    datasets = []
    for level, factor in enumerate(factors):
        scale = [sizes.get(letter, 1.0) * step for letter, step in zip(axes, factor, strict=True)]
        start = [
            starts.get(letter, 0.0) + (sizes.get(letter, 1.0) * (step - 1) / 2 if centred else 0.0)
            for letter, step in zip(axes, factor, strict=True)
        ]
        transformations = [
            {"type": "scale", "scale": [float(value) for value in scale]},
            {"type": "translation", "translation": [float(value) for value in start]},
        ]
        datasets.append({"path": str(level), "coordinateTransformations": transformations})
    described = []
    for letter in axes:
        axis = {"name": letter.lower(), "type": _TYPES[letter]}
        if letter in SPATIAL and unit_name is not None:
            axis["unit"] = unit_name
        described.append(axis)
    return {"name": name, "axes": described, "datasets": datasets}


def channels(
    names: Sequence[str], colors: Sequence[str], dtype: np.dtype[Any]
) -> list[dict[str, Any]]:
    """How viewers show values from 0 to 1, or the whole range of an integer type."""
    import numpy as np

    top = 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)
    return [
        {
            "label": name,
            "color": color.removeprefix("#").upper(),
            "active": True,
            "window": {"min": 0.0, "max": top, "start": 0.0, "end": top},
        }
        for name, color in zip(names, colors, strict=True)
    ]


def image_label(classes: Sequence[ClassInfo]) -> dict[str, Any]:
    """Names and colours of class values."""
    return {
        "version": VERSION,
        "colors": [{"label-value": info.value, "rgba": [*info.rgb, 255]} for info in classes],
        "properties": [{"label-value": info.value, "class": info.name} for info in classes],
    }


def read_zarr(path: Path, name: str, inner: str = "") -> ImageFile:
    """Open an OME-Zarr image at full resolution, or a plain zarr array; its pixels are read when they are needed.

    Parameters
    ----------
    path
        The folder.
    name
        What to call the image.
    inner
        Path of the group or array in it.
    """
    import zarr

    node: Any = zarr.open(path / inner, mode="r")
    if isinstance(node, zarr.Array):
        return _plain(node, name, path)
    attributes = node.attrs.asdict()
    described: Any = attributes.get("ome", attributes).get("multiscales")
    if not described:
        raise ValueError("it holds no image with OME-Zarr metadata; name one of its arrays")
    first = described[0]
    dataset = first["datasets"][0]
    array = node[dataset["path"]]
    letters = "".join(_letter(axis) for axis in first["axes"])
    if len(letters) != array.ndim:
        raise ValueError(f"it names {len(letters)} axes of an array with {array.ndim}")
    spatial = [letter for letter in letters if letter in SPATIAL]
    scale, translation = _transformed(dataset, len(letters))
    outer, moved = _transformed(first, len(letters))
    sizes = [a * b for a, b in zip(scale, outer, strict=True)]
    starts = [a * b + c for a, b, c in zip(translation, outer, moved, strict=True)]
    known = [axis.get("unit") for axis in first["axes"] if axis.get("type", "space") == "space"]
    unit = known[0] if len(set(known)) == 1 else None
    usable = all(math.isfinite(size) and size > 0 for size in sizes)
    usable = usable and all(map(math.isfinite, starts)) and len(set(spatial)) == len(spatial)
    channel_axis = channel_axis_of(letters, path)
    names = _channel_names(attributes.get("ome", attributes))
    return ImageFile(
        name=name,
        data=array,
        axes=letters,
        channel_axis=channel_axis,
        spacing=tuple(sizes[letters.index(letter)] for letter in SPATIAL if letter in spatial)
        if usable and len(set(known)) == 1
        else None,
        unit=None if unit is None else _UNITS.get(unit, str(unit)),
        translation=tuple(starts[letters.index(letter)] for letter in SPATIAL if letter in spatial)
        if usable
        else None,
        channel_names=names_of_channels(names, array.shape, channel_axis),
    )


def stored_levels(path: Path) -> list[Any]:
    """Arrays of all resolutions of an OME-Zarr image, the finest first; none where it is something else."""
    import zarr

    node: Any = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        return []
    attributes = node.attrs.asdict()
    described: Any = attributes.get("ome", attributes).get("multiscales")
    return [node[dataset["path"]] for dataset in described[0]["datasets"]] if described else []


def _channel_names(ome: Mapping[str, Any]) -> list[str]:
    shown = ome.get("omero")
    channels = shown.get("channels") if isinstance(shown, dict) else None
    if not isinstance(channels, list):
        return []
    return [str(c.get("label", "")) if isinstance(c, dict) else "" for c in channels]


def _letter(axis: Mapping[str, Any]) -> str:
    letter = str(axis["name"]).upper()
    if axis.get("type") in {"time", "channel"}:
        return str(axis["type"])[0].upper()
    return letter if letter in _TYPES else "Q"


def _transformed(described: Mapping[str, Any], ndim: int) -> tuple[list[float], list[float]]:
    """Scale and translation, 1 and 0 where they are not given."""
    scale, translation = [1.0] * ndim, [0.0] * ndim
    for transformation in described.get("coordinateTransformations", ()):
        if transformation["type"] == "scale":
            scale = [float(value) for value in transformation["scale"]]
            translation = [a * b for a, b in zip(translation, scale, strict=True)]
        elif transformation["type"] == "translation":
            translation = [float(value) for value in transformation["translation"]]
    return scale, translation


def _plain(array: Any, name: str, path: Path) -> ImageFile:
    named = [str(word).upper() for word in getattr(array.metadata, "dimension_names", None) or ()]
    axes = "Q" * (array.ndim - 2) + "YX"
    if len(named) == array.ndim == len(set(named)) and set(named) <= set(_TYPES):
        axes = "".join(named)
    return ImageFile(name=name, data=array, axes=axes, channel_axis=channel_axis_of(axes, path))
