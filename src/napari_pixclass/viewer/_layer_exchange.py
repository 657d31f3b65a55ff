"""Labels that come from layers, and go into layers and files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari.layers import Image, Labels

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import LabelFile, LabelGeometry, in_blocks
from napari_pixclass.session import ImageSource, Pair, RestorableSession

from ._adoption import sample_classes
from ._disk_layers import place_of
from ._sources import LayerImage, LayerLabels


def file_of_layer(layer: Labels) -> LabelFile:
    """A labels layer as if it were a file; of several scales the finest."""
    data: Any = layer.data[0] if layer.multiscale else layer.data
    return LabelFile(str(layer.name), in_blocks(data), classes=sample_classes(layer))


class LayerExchange(RestorableSession):
    """A session whose labels are layers."""

    def add_labels(self, image: Any, labelled: LabelledPixels | None = None) -> Pair:
        """Train on a new labels layer of an image, which is empty or holds what is given."""
        source = self._image_source(image)
        if not isinstance(source, LayerImage):
            return super().add_labels(source, labelled)
        layer = self.new_labels(source, labelled)
        return next(pair for pair in self.pairs if pair.labels == LayerLabels(layer))

    def geometry_of(self, pair: Pair) -> LabelGeometry:
        """What files of labels say about the image of a pair."""
        geometry = super().geometry_of(pair)
        if not isinstance(pair.image, LayerImage):
            return geometry
        place = place_of(pair.image)
        return replace(geometry, axes=place.axes, unit=place.unit, translation=place.start)

    def _label_file(self, labels: Any) -> LabelFile:
        if isinstance(labels, Labels):
            return file_of_layer(labels)
        return super()._label_file(labels)

    def _only_image(self) -> ImageSource | None:
        current = self.current_source
        return current if len(self.image_layers) == 1 else None

    def _letters(self, target: Pair | ImageSource) -> str:
        image = target.image if isinstance(target, Pair) else target
        named = image.letters if isinstance(image, LayerImage) else ""
        return named if len(named) == len(self._labels_shape(target)) else super()._letters(target)

    # Hooks ------------------------------------------------------------------------------------------------------------

    @property
    def image_layers(self) -> list[Image]:
        """Image layers that can be trained on or predicted."""
        return []

    @property
    def current_source(self) -> LayerImage | None:
        """The current image with its channels."""
        return None

    def new_labels(
        self, image: Image | LayerImage, labelled: LabelledPixels | None = None
    ) -> Labels:
        """Add a labels layer that lies on an image."""
        raise NotImplementedError
