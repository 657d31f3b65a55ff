"""napari's reader of our own OME-Zarr results: layers that look and lie as those of a prediction in the viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_pixclass.io import OmeZarrResult, open_image, result_in
from napari_pixclass.session import lazy_levels

from ._file_place import place_in_file
from ._outputs import class_colormap, labels_colormap
from ._sources import METADATA_KEY

LayerData = tuple[Any, ...]


def read_result(path: Path) -> list[LayerData]:
    """Layers of one result; their pixels are read when they are looked at.

    Raises
    ------
    ValueError
        If the folder holds no result of ours.
    """
    result = result_in(path)
    if result is None:
        raise ValueError(
            f"only results that this program wrote are opened as such; '{path}' is none."
        )
    levels = lazy_levels(path)
    file = open_image(path)
    place = place_in_file(file, file.axes_without_channels)
    if result.output == "segmentation":
        return [_segmentation(result, levels, place)]
    dtype = np.dtype(levels[0].dtype)
    top = 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)
    common = {"contrast_limits": (0, top), "rgb": False, **place}
    if result.output == "uncertainty":
        look = {"name": f"Uncertainty of {result.image}", "colormap": "inferno", "opacity": 0.6}
        return [_layer(levels, look | common, "image")]
    return [
        _layer(
            [level[index] for level in levels],
            {
                "name": f"{info.name} probability of {result.image}",
                "colormap": class_colormap(info),
                "opacity": 0.5,
                **common,
            },
            "image",
        )
        for index, info in enumerate(result.classes)
    ]


def _segmentation(result: OmeZarrResult, levels: list[Any], place: dict[str, Any]) -> LayerData:
    look = {
        "name": f"Segmentation of {result.image}",
        "colormap": labels_colormap(result.classes),
        "opacity": 0.5,
        "metadata": {METADATA_KEY: {"classes": result.classes}},
    }
    return _layer(levels, look | place, "labels")


def _layer(levels: list[Any], arguments: dict[str, Any], kind: str) -> LayerData:
    is_pyramid = len(levels) > 1
    return levels if is_pyramid else levels[0], {**arguments, "multiscale": is_pyramid}, kind
