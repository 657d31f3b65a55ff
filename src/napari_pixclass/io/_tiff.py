"""Reading TIFF files: axes, spacing and channel names from OME, ImageJ or tifffile metadata."""

from __future__ import annotations

import logging
import math
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from ._image_file import (
    SPATIAL,
    ImageFile,
    channel_axis_of,
    names_of_channels,
    without_alpha,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Words that programs write where they mean "not calibrated".
_NO_UNITS = {"", "null", "none", "pixel", "pixels", "px", "reference frame", "inch", "dpi"}
MICROMETRE = "\N{MICRO SIGN}m"
_MICROMETRES = {MICROMETRE, "\N{GREEK SMALL LETTER MU}m", "\\u00b5m", "um", "micron", "micrometer"}

# Values of the tag ExtraSamples that mean transparency, premultiplied or not.
_ALPHA = (1, 2)


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
        sizes, names = _pixel_sizes(tiff), _channel_names(tiff)
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
    channel_axis = channel_axis_of(axes, path)
    return ImageFile(
        name=name,
        data=data,
        axes=axes,
        channel_axis=channel_axis,
        spacing=tuple(float(sizes[letter]) for letter in spatial) if known else None,
        unit=sizes.get("unit") if known else None,
        channel_names=names_of_channels(names, data.shape, channel_axis),
        volume_spacing=_volume_spacing(axes, sizes),
    )


def _volume_spacing(axes: str, sizes: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Spacing of a volume of one plane: tifffile leaves its axis Z out, but the file has a size for it."""
    if "Z" in axes or not all(letter in sizes for letter in SPATIAL):
        return None
    return tuple(float(sizes[letter]) for letter in SPATIAL)


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
    unit = as_unit(described.get("unit"))
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


def _channel_names(tiff: Any) -> list[Any]:
    """Names of the channels by OME, or the labels that ImageJ shows above the planes."""
    if not tiff.is_ome:
        return list((tiff.imagej_metadata or {}).get("Labels", ()))
    described = _ome_pixels(tiff.ome_metadata).get("Channel", [])
    channels = described if isinstance(described, list) else [described]
    return [str(channel.get("Name", "")) for channel in channels]


def _ome_pixels(description: str) -> dict[str, Any]:
    """What OME says of the first image."""
    import tifffile

    image = tifffile.xml2dict(description)["OME"]["Image"]
    pixels: dict[str, Any] = (image[0] if isinstance(image, list) else image)["Pixels"]
    return pixels


def _ome_sizes(description: str) -> dict[str, Any]:
    pixels = _ome_pixels(description)
    sizes: dict[str, Any] = {}
    units = set()
    for letter in SPATIAL:
        size = pixels.get(f"PhysicalSize{letter}")
        if _is_size(size):
            sizes[letter] = size
            units.add(as_unit(pixels.get(f"PhysicalSize{letter}Unit", MICROMETRE)))
    if len(units) > 1:  # nobody writes that; better no spacing than a wrong one
        return {}
    return sizes | {"unit": next(iter(units), None)}


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0


def as_unit(word: object) -> str | None:
    """A unit as programs write it, None where they mean that there is none."""
    if not isinstance(word, str) or word.strip().lower() in _NO_UNITS:
        return None
    return MICROMETRE if word.strip().lower() in _MICROMETRES else word.strip()
