"""The mark where a stroke is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Points

from ._insertion import insert_above
from ._sources import LayerImage, labels_shape, spatial_arguments
from ._travel import SIGHT

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer

    from napari_pixclass.session import Destination

NAME = "Next place"
COLOR = "#ffffff"
CLEAR = "#00000000"
WIDTH = 1 / 256
"""Of the line, as a share of what is seen around a place."""


class PlaceMarker:
    """A square around a place: a layer that is there as long as nothing has been painted in it.

    Parameters
    ----------
    layers
        The layers of the viewer.
    """

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layer: Points | None = None

    @property
    def layer(self) -> Points | None:
        """The layer, or None where there is none (any more)."""
        return self._layer if self._layer in self._all else None

    def show(self, destination: Destination) -> None:
        """Mark a place, above all other layers."""
        self.remove()
        image = destination.pair.image
        if not isinstance(image, LayerImage) or image.layer not in self._all:
            return
        self._layer = ring_layer(NAME, image, [destination], [COLOR], extra=0, symbol="square")
        insert_on_top(self._all, self._layer)

    def remove(self) -> None:
        """Take the mark away."""
        layer, self._layer = self.layer, None
        if layer is not None:
            self._all.remove(layer)


def ring_layer(
    name: str,
    image: LayerImage,
    destinations: list[Destination],
    colors: list[str],
    extra: int,
    symbol: str = "disc",
) -> Points:
    """A layer with the outline of a square or a disc around each place, `extra` pixels larger than its region."""
    seen = min(SIGHT, *labels_shape(image)[-2:])
    sizes, middles = [], []
    for destination in destinations:
        spans = destination.region[-2:]
        sizes.append(max(axis.stop - axis.start for axis in spans) + extra)
        middle = [(axis.start + axis.stop - 1) / 2 for axis in spans]
        middles.append([*destination.position[:-2], *middle])
    return Points(
        np.array(middles, dtype=float),
        name=name,
        size=np.array(sizes, dtype=float),
        symbol=symbol,
        face_color=CLEAR,
        border_color=colors,
        border_width=WIDTH * seen,
        border_width_is_relative=False,
        **spatial_arguments(image),
    )


def insert_on_top(layers: LayerList, layer: Layer) -> None:
    """Put a layer that nobody is to change above all others."""
    insert_above(layers, [layers[-1]], layer)
    layer.editable = False  # before, napari would forget it as it is inserted
