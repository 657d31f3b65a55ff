"""Which labels belong to which image, where nobody has said so yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image, Labels, Layer

from napari_pixclass.core import ClassInfo, SparseLabels
from napari_pixclass.session import count_labels

from ._sources import METADATA_KEY, labels_shape

MAX_CLASSES = 20
"""Labels with more values than this are objects that somebody has segmented, not scribbles."""


ENOUGH_PIXELS = 1_000_000
"""A look at this many pixels tells most segmented objects from scribbles, in a hundredth of a second."""


def pair_metadata(token: str, classes: Sequence[ClassInfo] = ()) -> dict[str, Any]:
    """Metadata that make an image and its labels, which get the same `token`, known as a pair."""
    return {METADATA_KEY: {"pair": token, "classes": tuple(classes)}}


def layer_pairs(images: Sequence[Image], labels: Sequence[Labels]) -> list[tuple[Image, Labels]]:
    """Labels that came with one of the images; else the only labels of the only image if they may be scribbles."""
    pairs = [
        (image, layer)
        for image in images
        for layer in labels
        if _token(image) is not None and _token(image) == _token(layer)
    ]
    if not pairs and len(images) == len(labels) == 1 and _may_be_scribbles(images[0], labels[0]):
        return [(images[0], labels[0])]
    return pairs


def pair_of_new_layer(layer: Layer, layers: LayerList) -> tuple[Image, Labels] | None:
    """The pair that a layer completes which has just been added."""
    token = _token(layer)
    for other in layers if token is not None else ():
        if _token(other) != token:
            continue
        for image, labels in ((layer, other), (other, layer)):
            if isinstance(image, Image) and isinstance(labels, Labels):
                return image, labels
    return None


def pair_token(image: Image, labels: Labels) -> str | None:
    """The token that an image and its labels came with, if it is the same."""
    return _token(image) if _token(image) == _token(labels) else None


def sample_classes(labels: Labels) -> tuple[ClassInfo, ...]:
    """Classes that came with a labels layer."""
    classes = _metadata(labels).get("classes", ())
    return tuple(info for info in classes if isinstance(info, ClassInfo))


def _token(layer: Layer) -> str | None:
    token = _metadata(layer).get("pair")
    return token if isinstance(token, str) else None


def _metadata(layer: Layer) -> dict[str, Any]:
    """Our metadata of a layer; anybody may have put something else under that name."""
    metadata = layer.metadata.get(METADATA_KEY)
    return metadata if isinstance(metadata, dict) else {}


def _may_be_scribbles(image: Image, labels: Labels) -> bool:
    # Labels that are not in memory would have to be computed, just for a look.
    if labels.multiscale or not isinstance(labels.data, np.ndarray | SparseLabels):
        return False
    if labels.data.shape != labels_shape(image):
        return False
    if isinstance(labels.data, SparseLabels):
        return len(count_labels(labels.data)) <= MAX_CLASSES
    some = labels.data.ravel()[:: max(1, labels.data.size // ENOUGH_PIXELS)]
    return len(np.unique(some)) <= MAX_CLASSES and len(count_labels(labels.data)) <= MAX_CLASSES
