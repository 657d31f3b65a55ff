"""napari's writers: File > Save Selected Layers, with axes, pixel size and names.

napari gives a writer the data of layers and their attributes, not the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np

from napari_pixclass.core import ClassInfo, StackedArray
from napari_pixclass.io import (
    ImageFile,
    LabelGeometry,
    labelled_pixels,
    stem_of,
    write_image,
    write_labels,
)
from napari_pixclass.session import LiveArray

from ._sources import METADATA_KEY

Attributes = Mapping[str, Any]
P = ParamSpec("P")

KNOWN = "TCZYX"


def _told(save: Callable[P, list[str]]) -> Callable[P, list[str]]:
    """Have napari say what is wrong: it takes a ValueError for "there is no such writer"."""

    @wraps(save)
    def told(*args: P.args, **kwargs: P.kwargs) -> list[str]:
        try:
            return save(*args, **kwargs)
        except ValueError as error:
            raise RuntimeError(str(error)) from error

    return told


@_told
def save_image(path: str, data: Any, attributes: Attributes) -> list[str]:
    """Write an image layer, such as a probability or the uncertainty."""
    data = _complete(_finest(data))
    write_image(path, _image_file(path, data, attributes, ""))
    return [path]


@_told
def save_channels(path: str, layers: Sequence[tuple[Any, Attributes, str]]) -> list[str]:
    """Write image layers of the same shape as the channels of one image, such as all probabilities."""
    arrays = [_complete(_finest(data)) for data, _, _ in layers]
    shapes = sorted({tuple(array.shape) for array in arrays})
    if len(shapes) > 1 or any(attributes.get("rgb") for _, attributes, _ in layers):
        raise ValueError(
            "layers to save as channels of one file must be grey and of the same shape; got the shapes "
            f"{', '.join(map(str, shapes))}. Save them one by one."
        )
    image = _image_file(path, StackedArray(arrays), layers[0][1], "C")
    write_image(path, image, [str(attributes["name"]) for _, attributes, _ in layers])
    return [path]


@_told
def save_labels(path: str, data: Any, attributes: Attributes) -> list[str]:
    """Write a labels layer: scribbles, or a segmentation."""
    data = _complete(_finest(data))
    ours = attributes.get("metadata", {}).get(METADATA_KEY)
    ours = ours if isinstance(ours, dict) else {}
    classes = [info for info in ours.get("classes", ()) if isinstance(info, ClassInfo)]
    image = _image_file(path, data, attributes, "")
    known = ours.get("geometry")
    geometry = known if isinstance(known, LabelGeometry) else LabelGeometry()
    geometry = LabelGeometry(
        image.axes,
        image.spacing,
        image.unit,
        image.translation,
        geometry.image_name or str(attributes["name"]),
        geometry.image_path,
        geometry.channel_axis,
        geometry.pixel_size,
    )
    write_labels(path, labelled_pixels(data), classes, geometry)
    return [path]


def _finest(data: Any) -> Any:
    """The data of a layer at full resolution."""
    is_pyramid = not hasattr(data, "dtype")
    return data[0] if is_pyramid else data


def _complete(data: Any) -> Any:
    """Refuse what live update has not predicted from end to end: the file would be lying."""
    if isinstance(data, LiveArray):
        values = np.asarray(data)
        unknown = np.isnan(values) if values.dtype.kind == "f" else values == 0
        if unknown.any():
            raise ValueError(
                f"a result to save must be complete; of this one {unknown.mean():.0%} have not been on screen. Press "
                "Run in the Predict dock, or write it to disk there."
            )
        return values
    return data


def _image_file(path: str, data: Any, attributes: Attributes, leading: str) -> ImageFile:
    """Layer data with what the layer says of its axes, and one more axis in front, if it has a letter."""
    rgb = bool(attributes.get("rgb"))
    ndim = data.ndim - len(leading) - rgb
    axes = _letters([str(label) for label in attributes.get("axis_labels", ())], ndim)
    spatial = [axis for axis, letter in enumerate(axes) if letter in "ZYX"]
    units = [str(attributes["units"][axis]) for axis in spatial] if "units" in attributes else []
    unit = units[-1] if units and units[-1] != "pixel" and len(set(units)) == 1 else None
    scale = [abs(float(attributes["scale"][axis])) for axis in spatial]
    translation = [float(attributes["translate"][axis]) for axis in spatial]
    letters = leading + axes + "S" * rgb
    is_known = unit is not None or set(scale) != {1.0}
    return ImageFile(
        name=stem_of(Path(path).name),
        data=data,
        axes=letters,
        channel_axis=0 if leading else (data.ndim - 1 if rgb else None),
        spacing=tuple(scale) if is_known else None,
        unit=_SHORT.get(unit or "", unit) if is_known else None,
        translation=tuple(translation) if any(translation) else None,
    )


_SHORT = {
    "micrometer": "\N{MICRO SIGN}m",
    "nanometer": "nm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "angstrom": "\N{ANGSTROM SIGN}",
}


def _letters(labels: Sequence[str], ndim: int) -> str:
    """Letters of the axes: those of the layer, else Y and X, Z before them, and Q for what nobody knows."""
    named = "".join(label.strip().upper() for label in labels)
    fits = len(named) == ndim == len(set(named)) and set(named) <= set(KNOWN)
    if fits and named.endswith("YX"):
        return named
    return "Q" * max(0, ndim - 3) + "ZYX"[-ndim:]
