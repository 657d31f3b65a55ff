"""napari's sample data: an image and the scribbles to start from, known to belong together."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from napari_pixclass.core import sample_images

from ._adoption import pair_metadata
from ._outputs import labels_colormap

LayerData = tuple[Any, dict[str, Any], str]

AXES = ("z", "y", "x")


def open_cells() -> list[LayerData]:
    """Grey 2D image."""
    return sample_layers("cells")


def open_histology() -> list[LayerData]:
    """RGB image."""
    return sample_layers("histology")


def open_volume() -> list[LayerData]:
    """Grey volume."""
    return sample_layers("volume")


def sample_layers(name: str) -> list[LayerData]:
    """Image layer and labels layer of the sample called `name`."""
    sample = sample_images()[name]()
    place = {"scale": sample.spacing, "axis_labels": AXES[-sample.ndim :], "units": "pixel"}
    metadata = pair_metadata(uuid4().hex, sample.classes)
    image = {
        "name": sample.name,
        "rgb": sample.channel_axis is not None,
        "metadata": metadata,
        **place,
    }
    labels = {
        "name": f"Scribbles of {sample.name}",
        "colormap": labels_colormap(sample.classes),
        "metadata": metadata,
        **place,
    }
    return [(sample.image, image, "image"), (sample.labels, labels, "labels")]
