"""Images and labels of a project as layers that look and lie as they did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import (
    ImageFile,
    ProjectImage,
    ProjectLabels,
    fingerprint,
    split_container,
)
from napari_pixclass.session import SourceReference, array_of

from ._layer_look import apply_look, arguments_of, has_place
from ._sources import METADATA_KEY, LayerImage, brush_size_for, spatial_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

COLOURS = (3, 4)
"""Samples of a pixel that are shown as a colour."""


def project_layer(image: ImageFile, reference: SourceReference, file: Path | None) -> Image:
    """An array of a project as a layer."""
    look, levels = reference.source.layer, reference.levels
    data: Any = list(levels) if levels else image.data
    rgb = _is_rgb(look, reference)
    ndim = len(reference.source.shape) - rgb
    known = arguments_of(look, ndim, True)
    if not has_place(look, ndim):
        known |= _place(reference, ndim, rgb)
    path = reference.path_of(file)
    fixed = {
        "name": reference.name,
        "rgb": rgb,
        "multiscale": bool(levels),
        "metadata": {} if path is None else {METADATA_KEY: {"path": str(path)}},
    }
    try:
        return Image(data, **known, **fixed)
    except Exception:  # noqa: BLE001  # napari's own idea of what goes together: size matters, looks do not
        known = {name: known[name] for name in ("scale", "units") if name in known}
        return Image(data, **known, **fixed)


def is_array_of(layer: Image, reference: SourceReference) -> bool:
    """Whether a layer is an array of a project: of the same file, or of the same name; and of the same pixels.

    The pixels of a layer that is not in memory are not looked at, which would take its time.
    """
    source, image = reference.source, LayerImage(layer)
    data = image.data
    if np.dtype(data.dtype).name != source.dtype:
        return False
    is_known = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
    if is_known and fingerprint(data) != source.fingerprint:
        return False
    if image.name == source.name and (is_known or image.path is None):
        return True
    if image.path is None:
        return False
    file, inner = split_container(Path(image.path))
    is_only = source.view.is_whole and inner in (
        "",
        source.dataset,
    )  # of one file there may be several
    return (is_only or image.name == source.name) and any(
        same_file(file, path) for path in reference.paths
    )


def same_file(a: Path | None, b: Path) -> bool:
    """Whether two paths lead to the same file, which exists."""
    try:
        return a is not None and a.samefile(b)
    except OSError:
        return False


def give_pixel_size(layer: Image, image: ProjectImage) -> None:
    """Have a layer the pixel size that its image was trained with, whatever it was opened with."""
    axis = None if image.is_stack else image.channel_axis
    if LayerImage(layer, None if layer.rgb else axis).pixel_size == image.pixel_size:
        return
    scale = list(image.pixel_size or (1.0,) * (layer.ndim - (axis is not None and not layer.rgb)))
    if axis is not None and not layer.rgb:
        scale.insert(axis % layer.ndim, 1.0)
    layer.units = ("pixel",) * layer.ndim
    layer.scale = scale


def project_labels(image: LayerImage, labels: ProjectLabels, labelled: LabelledPixels) -> Labels:
    """Labels of a project as a layer that lies on its image, ready to paint."""
    layer = Labels(array_of(labels, labelled), name=labels.name, **spatial_arguments(image))
    layer.brush_size = brush_size_for(labels.shape)
    apply_look(layer, labels.layer)
    return layer


def _is_rgb(look: Mapping[str, Any], reference: SourceReference) -> bool:
    shape, axis = reference.source.shape, reference.channel_axis
    is_last = axis is not None and axis % len(shape) == len(shape) - 1
    if not is_last or len(shape) < len(COLOURS) + 1 or shape[-1] not in COLOURS:
        return False
    return look.get("rgb", reference.source.dtype == "uint8") is True


def _place(reference: SourceReference, ndim: int, rgb: bool) -> dict[str, Any]:
    """Where a layer lies of which no more is known than the size of a pixel."""
    size, axis = reference.pixel_size, reference.channel_axis
    if size is None:
        return {}
    scale = list(size)
    if axis is not None and not rgb:
        scale.insert(axis % ndim, 1.0)
    return {"scale": scale, "units": ["pixel"] * ndim} if len(scale) == ndim else {}
