"""The layers that predictions are shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap

from ._insertion import insert_above
from ._sources import LayerImage, spatial_arguments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import numpy as np
    from napari.components import LayerList

    from napari_pixclass.core import ClassInfo
    from napari_pixclass.session import Prediction


def class_colormap(info: ClassInfo) -> Colormap:
    """From transparent to the colour of a class."""
    red, green, blue = (part / 255 for part in info.rgb)
    return Colormap(
        [[red, green, blue, 0.0], [red, green, blue, 1.0]], name=f"pixclass {info.color}"
    )


def labels_colormap(classes: Iterable[ClassInfo]) -> DirectLabelColormap:
    """Colours of the classes for a labels layer; white for values that are no class."""
    colors: dict[int | None, Any] = {info.value: info.color for info in classes}
    return DirectLabelColormap(color_dict=colors | {None: "white", 0: "transparent"})


class OutputLayers:
    """Finds, makes and updates the output layers of every image layer, by identity: renaming one does not matter."""

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layers: WeakKeyDictionary[Image, dict[object, Layer]] = WeakKeyDictionary()
        self._given_names: WeakKeyDictionary[Layer, str] = WeakKeyDictionary()

    def owns(self, layer: Layer) -> bool:
        """Whether `layer` is an output."""
        return any(
            layer is output for outputs in self._layers.values() for output in outputs.values()
        )

    def of(self, image: Image) -> dict[object, Layer]:
        """Output layers of an image layer: class values, "uncertainty" and "segmentation" to layers."""
        outputs = self._layers.get(image, {})
        return {key: layer for key, layer in outputs.items() if layer in self._all}

    def show(self, prediction: Prediction) -> None:
        """Show a prediction, unless its image has been removed since."""
        source = prediction.image
        if not isinstance(source, LayerImage) or source.layer not in self._all:
            return
        if prediction.probabilities is not None:
            self._drop_other_classes(source.layer, {info.value for info in prediction.classes})
            for index, info in enumerate(prediction.classes):
                self._show_probability(source.layer, info, prediction.probabilities[..., index])
        if prediction.uncertainty is not None:
            self._show_uncertainty(source.layer, prediction.uncertainty)
        if prediction.segmentation is not None:
            self._show_segmentation(source.layer, prediction.segmentation, prediction.classes)

    def recolor(self, classes: Iterable[ClassInfo]) -> None:
        """Give the outputs the current names and colours of the classes."""
        known = {info.value: info for info in classes}
        for image, outputs in self._layers.items():
            for key, layer in outputs.items():
                if key == "segmentation":
                    layer.colormap = labels_colormap(known.values())
                elif isinstance(key, int) and key in known:
                    layer.colormap = class_colormap(known[key])
                    if self._given_names.get(layer) == layer.name:  # unless the user has renamed it
                        layer.name = self._probability_name(image, known[key])
                        self._given_names[layer] = layer.name

    @staticmethod
    def _probability_name(image: Image, info: ClassInfo) -> str:
        return f"{info.name} probability of {image.name}"

    def _drop_other_classes(self, image: Image, values: Collection[int]) -> None:
        """Remove probabilities of classes that the classifier does not know any more: they would be stale."""
        for key, layer in self.of(image).items():
            if isinstance(key, int) and key not in values:
                del self._layers[image][key]
                self._all.remove(layer)

    def _show_probability(self, image: Image, info: ClassInfo, values: np.ndarray) -> None:
        if self._update(image, info.value, values):
            return
        layer = Image(
            values,
            name=self._probability_name(image, info),
            colormap=class_colormap(info),
            contrast_limits=(0, 1),
            opacity=0.5,
            rgb=False,
            multiscale=False,
            **spatial_arguments(image),
        )
        self._add(image, info.value, layer)

    def _show_uncertainty(self, image: Image, values: np.ndarray) -> None:
        if self._update(image, "uncertainty", values):
            return
        layer = Image(
            values,
            name=f"Uncertainty of {image.name}",
            colormap="inferno",
            contrast_limits=(0, 1),
            opacity=0.6,
            visible=False,
            rgb=False,
            multiscale=False,
            **spatial_arguments(image),
        )
        self._add(image, "uncertainty", layer)

    def _show_segmentation(
        self, image: Image, values: np.ndarray, classes: Iterable[ClassInfo]
    ) -> None:
        if self._update(image, "segmentation", values):
            return
        layer = Labels(
            values,
            name=f"Segmentation of {image.name}",
            colormap=labels_colormap(classes),
            opacity=0.5,
            visible=False,
            multiscale=False,
            **spatial_arguments(image),
        )
        self._add(image, "segmentation", layer)

    def _update(self, image: Image, key: object, values: np.ndarray) -> bool:
        """Give the layer that exists its new values; False where there is none that could take them."""
        layer = self.of(image).get(key)
        if layer is None:
            return False
        if layer.data.ndim != values.ndim:  # the image layer was given other data
            del self._layers[image][key]
            self._all.remove(layer)
            return False
        layer.data = values
        return True

    def _add(self, image: Image, key: object, layer: Layer) -> None:
        """Add an output just above its image and the outputs it has, below the labels being painted."""
        below = [image, *self.of(image).values()]
        # An output from the first moment on: whoever hears of the new layer asks.
        self._layers.setdefault(image, {})[key] = layer
        insert_above(self._all, below, layer)
        self._given_names[layer] = layer.name
