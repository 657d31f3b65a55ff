"""TIFF files: axes and spacing from OME, ImageJ or tifffile metadata, in both directions."""

from __future__ import annotations

import logging
import math
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._atomic import replacing
from ._image_file import SPATIAL, ImageFile, channel_axis_of, without_alpha

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# Words that programs write where they mean "not calibrated".
_NO_UNITS = {"", "null", "none", "pixel", "pixels", "px", "reference frame", "inch", "dpi"}
MICROMETRE = "\N{MICRO SIGN}m"
_MICROMETRES = {MICROMETRE, "\N{GREEK SMALL LETTER MU}m", "\\u00b5m", "um", "micron", "micrometer"}

# Values of the tag ExtraSamples that mean transparency, premultiplied or not.
_ALPHA = (1, 2)

_OME_AXES = set("TZCYX")
_OME_TYPES = {"int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64"}


def read_tiff(path: Path, name: str) -> ImageFile:
    """Read the first image series of a TIFF file; memory-mapped if it is stored plainly.

    Transparency is dropped, as `read_png` does.
    """
    import tifffile

    with _no_logged_errors(), tifffile.TiffFile(path) as tiff:
        if not tiff.series:
            raise ValueError("it holds no image")
        series = tiff.series[0]
        axes = "".join(letter if letter in "TZCSYX" else "Q" for letter in series.axes)
        sizes = _pixel_sizes(tiff)
        data: npt.NDArray[Any]
        try:
            data = tifffile.memmap(path, mode="r")
        except ValueError:  # compressed, tiled, or incomplete
            data = series.asarray()
        if data.shape != series.shape:
            raise ValueError(f"it announces the shape {series.shape} and holds {data.shape}")
        extra = series.keyframe.extrasamples
        if "S" in axes and extra and extra[-1] in _ALPHA:
            data, axes = without_alpha(data, axes)
    spatial = [letter for letter in SPATIAL if letter in axes]
    known = all(letter in sizes for letter in spatial)
    return ImageFile(
        name=name,
        data=data,
        axes=axes,
        channel_axis=channel_axis_of(axes, path),
        spacing=tuple(float(sizes[letter]) for letter in spatial) if known else None,
        unit=sizes.get("unit") if known else None,
    )


@contextmanager
def _no_logged_errors() -> Iterator[None]:
    """Raise what tifffile only logs: of an incomplete file it returns the pages that are left."""
    messages: list[str] = []
    handler = _Collector(messages)
    logger = logging.getLogger("tifffile")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    if messages:
        raise ValueError(messages[0])


class _Collector(logging.Handler):
    def __init__(self, messages: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._messages = messages
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        # A tag that cannot be read does no harm, unless it is the one that tells the axes.
        harmless = message.startswith("<TiffTag.fromfile>") and "TiffTag 270 " not in message
        if record.thread == self._thread and not harmless:
            self._messages.append(message)


def _pixel_sizes(tiff: Any) -> dict[str, Any]:
    """Pixel size by axis letter, and the ``unit``, as far as they are known."""
    if tiff.is_ome:
        return _ome_sizes(tiff.ome_metadata)
    shaped = tiff.shaped_metadata
    own: Mapping[str, Any] = shaped[0] if shaped else {}
    described: Mapping[str, Any] = tiff.imagej_metadata or own
    page = tiff.pages.first
    sizes: dict[str, Any] = {}
    unit = _unit(described.get("unit"))
    # `write_tiff` says "pixel" of sizes without a unit; ImageJ says it where there are no sizes.
    if unit is not None or (described is own and own.get("unit") == "pixel"):
        factor = 1.0
    elif not described and page.tags.valueof("ResolutionUnit", default=0) == 3:
        unit, factor = MICROMETRE, 1e4  # pixels per centimetre; per inch is what printers want
    else:
        return {}
    for letter, tag in (("Y", "YResolution"), ("X", "XResolution")):
        value = page.tags.valueof(tag)
        if isinstance(value, tuple) and len(value) == 2 and min(value) > 0:
            sizes[letter] = factor * value[1] / value[0]
    if _is_size(described.get("spacing")):
        sizes["Z"] = described["spacing"]
    return sizes | {"unit": unit}


def _ome_sizes(description: str) -> dict[str, Any]:
    import tifffile

    image = tifffile.xml2dict(description)["OME"]["Image"]
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    sizes: dict[str, Any] = {}
    units = set()
    for letter in SPATIAL:
        size = pixels.get(f"PhysicalSize{letter}")
        if _is_size(size):
            sizes[letter] = size
            units.add(_unit(pixels.get(f"PhysicalSize{letter}Unit", MICROMETRE)))
    if len(units) > 1:  # nobody writes that; better no spacing than a wrong one
        return {}
    return sizes | {"unit": next(iter(units), None)}


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0


def _unit(word: object) -> str | None:
    if not isinstance(word, str) or word.strip().lower() in _NO_UNITS:
        return None
    return MICROMETRE if word.strip().lower() in _MICROMETRES else word.strip()


def write_tiff(
    path: str | os.PathLike[str],
    array: npt.NDArray[Any],
    axes: str,
    *,
    spacing: Sequence[float] | None = None,
    unit: str | None = None,
    channel_names: Sequence[str] = (),
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

    Raises
    ------
    ValueError
        If `axes` or `spacing` do not fit the array.
    """
    import tifffile

    array = _fitting(array)
    options = tiff_options(array.ndim, array.dtype, axes, spacing, unit, channel_names)
    with replacing(path) as temporary:
        tifffile.imwrite(temporary, array, **options)


def tiff_options(
    ndim: int,
    dtype: np.dtype[Any],
    axes: str,
    spacing: Sequence[float] | None,
    unit: str | None,
    channel_names: Sequence[str],
) -> dict[str, Any]:
    """What tifffile must be told about an array, so that axes and spacing come back; see `write_tiff`."""
    spatial = [letter for letter in SPATIAL if letter in axes]
    if len(axes) != ndim or not axes.endswith(("YX", "YXS")):
        raise ValueError(
            f"axes must name each of the array's {ndim} axes and end in YX or YXS; got {axes!r}."
        )
    if spacing is not None and len(spacing) != len(spatial):
        raise ValueError(
            f"spacing must have one value for each of the axes {''.join(spatial)}; got {spacing}."
        )
    sizes = dict(zip(spatial, spacing or (), strict=False))
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
