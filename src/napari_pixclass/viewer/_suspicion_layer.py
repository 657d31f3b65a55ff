"""Rings around suspicious strokes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari.layers import Image, Points

from ._place_marker import insert_on_top, ring_layer
from ._sources import LayerImage

if TYPE_CHECKING:
    from napari.components import LayerList

    from napari_pixclass.session import DoubtfulStroke

ROOM = 14
"""Pixels by which a ring is wider than its stroke."""


class SuspicionLayers:
    """A layer for each image with suspicious strokes: rings in the colour of the class that they look like.

    They are neither trained on nor saved with the labels, and go when there is nothing to show.

    Parameters
    ----------
    layers
        The layers of the viewer.
    """

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layers: dict[Image, Points] = {}
        self._shown: tuple[DoubtfulStroke, ...] = ()

    def show(self, doubtful: Sequence[DoubtfulStroke]) -> None:
        """Show rings around these strokes, and no others."""
        if tuple(doubtful) == self._shown:
            return
        self._shown = tuple(doubtful)
        by_image: dict[LayerImage, list[DoubtfulStroke]] = {}
        for one in doubtful:
            image = one.pair.image
            if isinstance(image, LayerImage) and image.layer in self._all:
                by_image.setdefault(image, []).append(one)
        hidden = {image for image, layer in self._layers.items() if not layer.visible}
        for layer in self._layers.values():
            if layer in self._all:
                self._all.remove(layer)
        self._layers = {}
        for image, strokes in by_image.items():
            layer = ring_layer(
                f"Suspicious labels of {image.name}",
                image,
                [one.destination for one in strokes],
                [one.stroke.looks_like.color for one in strokes],
                ROOM,
            )
            layer.visible = image.layer not in hidden
            self._layers[image.layer] = layer
            insert_on_top(self._all, layer)

    @property
    def layers(self) -> tuple[Points, ...]:
        """The layers that are there."""
        return tuple(layer for layer in self._layers.values() if layer in self._all)
