"""Several image layers as the channels of one image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from napari.layers import Image

from napari_pixclass.session import ImageSource, StackedImage

from ._sources import LayerImage, spatial_arguments

PLACE = ("translate", "rotate", "shear", "affine")
"""What must be the same for all layers, besides their scale."""


class StackedLayers(StackedImage, LayerImage):
    """Image layers of the same shape, at the same place, as the channels of one image; none of them is copied.

    What is predicted for it is shown at the first one.

    Parameters
    ----------
    layers
        The layers, two or more.

    Raises
    ------
    ValueError
        If they do not fit together; see `problem`.
    """

    def __init__(self, layers: Sequence[Image]) -> None:
        LayerImage.__init__(self, layers[0])
        self._layers = tuple(layers)
        StackedImage.__init__(self, [LayerImage(layer) for layer in layers])

    @property
    def layers(self) -> tuple[Image, ...]:
        return self._layers

    @property
    def problem(self) -> str | None:
        """Why the layers cannot be channels of one image (any more), in words; None if they can."""
        return super().problem or self._place_problem()

    def _place_problem(self) -> str | None:
        place = spatial_arguments(self)
        for layer in self._layers[1:]:
            other = spatial_arguments(LayerImage(layer))
            for name in PLACE:
                if not np.allclose(place[name], other[name]):
                    return (
                        f"image layers that become channels of one must lie at the same place; {self.layer.name!r} "
                        f"and {layer.name!r} differ in {name}. Give them the same."
                    )
        return None


def stacked_layers(layers: Sequence[Any], known: Iterable[ImageSource]) -> ImageSource:
    """Layers as one image: one of the `known` images if it is the same, so that its data are one object.

    Raises
    ------
    TypeError
        If there is something else among them.
    ValueError
        If they do not fit together.
    """
    for layer in layers:
        if not isinstance(layer, Image):
            raise TypeError(
                f"channels of one image must be image layers, or arrays, all of them; got {type(layer).__name__} "
                "among layers."
            )
    source = StackedLayers(layers) if len(layers) > 1 else LayerImage(layers[0])
    return next((image for image in known if image == source), source)
