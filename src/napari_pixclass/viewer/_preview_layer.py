"""The one layer that shows a feature."""

from __future__ import annotations

from weakref import WeakSet

from napari.components import LayerList
from napari.layers import Image, Layer

from napari_pixclass.session import FeaturePreview

from ._insertion import insert_above
from ._sources import LayerImage, place_at, spatial_arguments


class PreviewLayer:
    """Makes, updates and removes the layer that feature previews are shown in."""

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layer: Image | None = None
        self._image: Image | None = None
        self._previews: WeakSet[Layer] = WeakSet()

    @property
    def layer(self) -> Image | None:
        """The layer, or None where there is none (any more)."""
        return self._layer if self._layer in self._all else None

    def owns(self, layer: Layer) -> bool:
        """Whether `layer` is the preview, or was one."""
        return layer in self._previews

    def show(self, preview: FeaturePreview) -> None:
        """Show a preview, unless its image has been removed since."""
        source = preview.image
        if not isinstance(source, LayerImage) or source.layer not in self._all:
            return
        if source.layer is not self._image or (
            self._layer is not None and self._layer.ndim != preview.values.ndim
        ):
            self.remove()
        layer, name = self.layer, f"{preview.name} of {source.name}"
        if layer is None:
            self._image = source.layer
            self._layer = Image(
                preview.values,
                name=name,
                contrast_limits=preview.limits,
                rgb=False,
                multiscale=False,
                **spatial_arguments(source),
            )
            self._previews.add(self._layer)
            insert_above(self._all, [source.layer], self._layer)
            return
        layer.data = preview.values
        place_at(layer, spatial_arguments(source))
        layer.name = name
        layer.contrast_limits_range = preview.limits
        layer.contrast_limits = preview.limits

    def remove(self) -> None:
        """Take the preview away."""
        layer, self._layer, self._image = self.layer, None, None
        if layer is not None:
            self._all.remove(layer)
