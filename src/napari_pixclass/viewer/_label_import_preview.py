"""The layer that shows labels before they are imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakSet

from napari.layers import Labels, Layer

from napari_pixclass.session import filled_labels

from ._insertion import insert_above
from ._outputs import labels_colormap
from ._sources import LayerImage, spatial_arguments

if TYPE_CHECKING:
    from napari.components import LayerList

    from napari_pixclass.core import ClassInfo, LabelledPixels

NAME = "Labels to import"


class ImportPreview:
    """Makes, updates and removes a labels layer that nobody trains on.

    Parameters
    ----------
    layers
        The layers of the viewer.
    """

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layer: Labels | None = None
        self._previews: WeakSet[Layer] = WeakSet()

    @property
    def layer(self) -> Labels | None:
        """The layer, or None where there is none (any more)."""
        return self._layer if self._layer in self._all else None

    def owns(self, layer: Layer) -> bool:
        """Whether `layer` is the preview, or was one."""
        return layer in self._previews

    def show(
        self, labelled: LabelledPixels, image: LayerImage, classes: Iterable[ClassInfo]
    ) -> None:
        """Show labels on an image, in the colours of the classes."""
        self.remove()
        if image.layer not in self._all:
            return
        layer = Labels(
            filled_labels(labelled.shape, labelled),
            name=NAME,
            colormap=labels_colormap(classes),
            **spatial_arguments(image),
        )
        layer.editable = False
        self._layer = layer
        self._previews.add(layer)
        insert_above(self._all, self._all, layer)

    def remove(self) -> None:
        """Take the preview away."""
        layer, self._layer = self.layer, None
        if layer is not None:
            active, selected = self._all.selection.active, set(self._all.selection) - {layer}
            self._all.remove(layer)
            self._all.selection = selected
            if active is not layer:
                self._all.selection.active = active
