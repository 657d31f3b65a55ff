"""Adding a layer without disturbing whoever is painting."""

from __future__ import annotations

from collections.abc import Iterable

from napari.components import LayerList
from napari.layers import Layer


def insert_above(layers: LayerList, below: Iterable[Layer], layer: Layer) -> None:
    """Insert `layer` just above the topmost of the layers `below`; what is selected stays selected.

    napari selects every new layer, which would put the brush down.
    """
    position = max(layers.index(other) for other in below) + 1
    active, selected = layers.selection.active, set(layers.selection)
    layers.insert(position, layer)
    layers.selection = selected
    layers.selection.active = active
