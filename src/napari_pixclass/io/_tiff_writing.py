"""Writing TIFF files: as ImageJ's hyperstacks, as OME-TIFF, or plainly with the axes in tifffile's manner."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._atomic import file_to_write
from ._image_file import SPATIAL
from ._tiff import MICROMETRE

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

_OME_AXES = set("TZCYX")
_OME_TYPES = {"int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64"}

_IMAGEJ_AXES = "TZCYX"
_IMAGEJ_TYPES = {"uint8", "uint16", "float32"}
_IMAGEJ_BYTES = 2**32 - 2**20
_MOST_OVERLAID = 7  # channels that ImageJ shows on top of each other


@dataclass(frozen=True, slots=True)
class Display:
    """How ImageJ shows an image.

    Attributes
    ----------
    range
        Values that are black and of full colour.
    colors
        Red, green, blue of each channel; nothing for an image without channels.
    """

    range: tuple[float, float]
    colors: tuple[tuple[int, int, int], ...] = ()


def write_tiff(
    path: str | os.PathLike[str],
    array: npt.NDArray[Any],
    axes: str,
    *,
    spacing: Sequence[float] | None = None,
    unit: str | None = None,
    channel_names: Sequence[str] = (),
    display: Display | None = None,
    atomic: bool = True,
) -> None:
    """Write an array with its axes and spacing to a TIFF file, atomically.

    OME-TIFF where OME knows the axes and the type, otherwise a plain TIFF with the axes in
    tifffile's manner. Not compressed, so that programs can map it into memory.

    Parameters
    ----------
    path
        File to write; an existing one is replaced.
    array
        Numbers; 64-bit integers are written with 32 bits if they fit.
    axes
        One letter per axis, ending in YX, or YXS for colours; Q for unknown ones.
    spacing
        Size of a pixel along each of the axes Z, Y, X in `axes`.
    unit
        Unit of `spacing`.
    channel_names
        Names of the positions along the axis C.
    display
        Write a hyperstack of ImageJ instead of OME-TIFF, shown like this, if ImageJ can take the array as it is; see
        `fits_imagej`.
    atomic
        Put the file in its place when it is complete; False where the caller does, see `replacing_all`.

    Raises
    ------
    ValueError
        If `axes` or `spacing` do not fit the array.
    """
    import tifffile

    array = _fitting(array)
    options = tiff_options(array.shape, array.dtype, axes, spacing, unit, channel_names, display)
    with file_to_write(path, atomic=atomic) as temporary:
        tifffile.imwrite(temporary, array, **options)


def tiff_options(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: str,
    spacing: Sequence[float] | None,
    unit: str | None,
    channel_names: Sequence[str],
    display: Display | None = None,
) -> dict[str, Any]:
    """What tifffile must be told about an array, so that axes and spacing come back; see `write_tiff`."""
    spatial = [letter for letter in SPATIAL if letter in axes]
    if len(axes) != len(shape) or not axes.endswith(("YX", "YXS")):
        raise ValueError(
            f"axes must name each of the array's {len(shape)} axes and end in YX or YXS; got {axes!r}."
        )
    if spacing is not None and len(spacing) != len(spatial):
        raise ValueError(
            f"spacing must have one value for each of the axes {''.join(spatial)}; got {spacing}."
        )
    sizes = dict(zip(spatial, spacing or (), strict=False))
    if display is not None and fits_imagej(shape, dtype, axes, sizes, unit):
        return _imagej_options(shape, axes, sizes, unit, channel_names, display)
    ome = set(axes) <= _OME_AXES and len(set(axes)) == len(axes) and dtype.name in _OME_TYPES
    metadata: dict[str, Any] = {"axes": axes}
    if ome:
        for letter, size in sizes.items():
            metadata[f"PhysicalSize{letter}"] = size
            metadata[f"PhysicalSize{letter}Unit"] = unit or "pixel"
        if channel_names and "C" in axes:
            metadata["Channel"] = {"Name": list(channel_names)}
    elif sizes:
        metadata["unit"] = unit or "pixel"
        if "Z" in sizes:
            metadata["spacing"] = sizes["Z"]
    return {
        "ome": ome,
        "photometric": "rgb" if axes.endswith("S") else "minisblack",
        "metadata": metadata,
        **_resolution(sizes, unit, ome=ome),
    }


def fits_imagej(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: str,
    sizes: Mapping[str, float],
    unit: str | None,
) -> bool:
    """Whether a hyperstack of ImageJ holds an array as it is, so that the same axes come back.

    Its planes follow each other with the channels changing fastest, then z, then time; axes of length 1 vanish, images
    of one column cannot be read back, sizes have a unit, and files end at 4 GB.
    """
    positions = [_IMAGEJ_AXES.find(letter) for letter in axes]
    return (
        -1 not in positions
        and positions == sorted(set(positions))
        and all(length > 1 for length in (*shape[:-2], shape[-1]))
        and dtype.name in _IMAGEJ_TYPES
        and math.prod(shape) * dtype.itemsize < _IMAGEJ_BYTES
        and (not sizes or _imagej_unit(unit) is not None)
    )


def _imagej_unit(unit: str | None) -> str | None:
    """The name of a unit in ASCII; None if there is none."""
    if unit == MICROMETRE:
        return "um"
    return unit if unit is not None and unit.isascii() and unit != "pixel" else None


def _imagej_options(
    shape: tuple[int, ...],
    axes: str,
    sizes: Mapping[str, float],
    unit: str | None,
    channel_names: Sequence[str],
    display: Display,
) -> dict[str, Any]:
    n_channels = shape[axes.index("C")] if "C" in axes else 1
    low, high = (float(value) for value in display.range)
    metadata: dict[str, Any] = {"axes": axes, "min": low, "max": high}
    if sizes:
        metadata["unit"] = _imagej_unit(unit)
        if "Z" in sizes:
            metadata["spacing"] = sizes["Z"]
    if n_channels > 1:
        metadata["mode"] = "composite" if n_channels <= _MOST_OVERLAID else "grayscale"
        metadata["Ranges"] = (low, high) * n_channels
        metadata["LUTs"] = [_ramp(color) for color in display.colors]
        if len(channel_names) == n_channels and len(axes) == 3:
            metadata["Labels"] = list(channel_names)
    return {
        "imagej": True,
        "byteorder": "<",
        "photometric": "minisblack",
        "metadata": metadata,
        **_resolution(sizes, unit, ome=False),
    }


def _ramp(color: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A lookup table of ImageJ from black to a colour."""
    steps = np.linspace(0, 1, 256)
    return np.rint(np.outer(color, steps)).astype(np.uint8)


def _resolution(sizes: Mapping[str, float], unit: str | None, *, ome: bool) -> dict[str, Any]:
    """Tags of the resolution: in the file's own unit, or per centimetre beside OME metadata.

    Programs that know no OME read pixels per centimetre; `_pixel_sizes` reads the others.
    """
    if not sizes:
        return {"resolution": None, "resolutionunit": "NONE"}
    metric = ome and unit == MICROMETRE
    per_unit = 1e4 if metric else 1.0
    return {
        "resolution": (per_unit / sizes["X"], per_unit / sizes["Y"]),
        "resolutionunit": "CENTIMETER" if metric else "NONE",
    }


def _fitting(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers in a type that image programs read."""
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        smaller = np.dtype("int32" if array.dtype.kind == "i" else "uint32")
        limits = np.iinfo(smaller)
        if limits.min <= array.min() and array.max() <= limits.max:
            return array.astype(smaller)
    return array
