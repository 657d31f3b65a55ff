"""The layers that predictions are shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, WeakKeyDictionary, WeakSet, ref

from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap

from ._insertion import insert_above
from ._sources import LayerImage, place_at, spatial_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from napari.components import LayerList

    from napari_pixclass.core import ClassInfo, PixelClassifier
    from napari_pixclass.session import Prediction

Place = dict[str, Any]
"""What `spatial_arguments` gives."""


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
        self._outputs: WeakSet[Layer] = WeakSet()
        """All outputs, also those whose image is gone."""
        self._made_by: WeakKeyDictionary[Layer, ReferenceType[PixelClassifier]] = (
            WeakKeyDictionary()
        )
        """The classifier behind each output that shows what it says about the image as it is."""

    def owns(self, layer: Layer) -> bool:
        """Whether `layer` is an output, or was one of an image that is gone."""
        return layer in self._outputs

    def outdate(self, image: Image) -> None:
        """Say that the outputs of an image no longer show what their classifier says about it."""
        for layer in self.of(image).values():
            self._made_by.pop(layer, None)

    def of(self, image: Image) -> dict[object, Layer]:
        """Output layers of an image layer: class values, "uncertainty" and "segmentation" to layers."""
        outputs = self._layers.get(image, {})
        return {key: layer for key, layer in outputs.items() if layer in self._all}

    def show(self, prediction: Prediction) -> None:
        """Show a prediction, unless its image has been removed since."""
        source = prediction.image
        if not isinstance(source, LayerImage) or source.layer not in self._all:
            return
        self._drop_stale(source.layer, prediction)
        place = spatial_arguments(source)
        if prediction.probabilities is not None:
            for index, info in enumerate(prediction.classes):
                self._show_probability(
                    source.layer, info, prediction.probabilities[..., index], place
                )
        if prediction.uncertainty is not None:
            self._show_uncertainty(source.layer, prediction.uncertainty, place)
        if prediction.segmentation is not None:
            self._show_segmentation(
                source.layer, prediction.segmentation, prediction.classes, place
            )
        for key in _refreshed(prediction):
            self._made_by[self._layers[source.layer][key]] = ref(prediction.classifier)

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

    def _drop_stale(self, image: Image, prediction: Prediction) -> None:
        """Remove the outputs of another classifier, or of other data, that a prediction does not refresh."""
        refreshed = _refreshed(prediction)
        for key, layer in self.of(image).items():
            made_by = self._made_by.get(layer)
            fresh = made_by is not None and made_by() is prediction.classifier
            if key not in refreshed and not fresh:
                self._remove(image, key)

    def _remove(self, image: Image, key: object) -> None:
        self._all.remove(self._layers[image].pop(key))

    def _show_probability(
        self, image: Image, info: ClassInfo, values: np.ndarray, place: Place
    ) -> None:
        if self._update(image, info.value, values, place):
            return
        layer = Image(
            values,
            name=self._probability_name(image, info),
            colormap=class_colormap(info),
            contrast_limits=(0, 1),
            opacity=0.5,
            rgb=False,
            multiscale=False,
            **place,
        )
        self._add(image, info.value, layer)

    def _show_uncertainty(self, image: Image, values: np.ndarray, place: Place) -> None:
        if self._update(image, "uncertainty", values, place):
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
            **place,
        )
        self._add(image, "uncertainty", layer)

    def _show_segmentation(
        self, image: Image, values: np.ndarray, classes: Iterable[ClassInfo], place: Place
    ) -> None:
        if self._update(image, "segmentation", values, place):
            return
        layer = Labels(
            values,
            name=f"Segmentation of {image.name}",
            colormap=labels_colormap(classes),
            opacity=0.5,
            visible=False,
            multiscale=False,
            **place,
        )
        self._add(image, "segmentation", layer)

    def _update(self, image: Image, key: object, values: np.ndarray, place: Place) -> bool:
        """Give the layer that exists its new values; False where there is none that could take them."""
        layer = self.of(image).get(key)
        if layer is None:
            return False
        if layer.data.ndim != values.ndim:  # the image layer was given other data
            self._remove(image, key)
            return False
        layer.data = values
        place_at(layer, place)
        return True

    def _add(self, image: Image, key: object, layer: Layer) -> None:
        """Add an output just above its image and the outputs it has, below the labels being painted."""
        below = [image, *self.of(image).values()]
        # An output from the first moment on: whoever hears of the new layer asks.
        self._outputs.add(layer)
        self._layers.setdefault(image, {})[key] = layer
        insert_above(self._all, below, layer)
        self._given_names[layer] = layer.name


def _refreshed(prediction: Prediction) -> set[object]:
    """What a prediction gives: class values, "uncertainty" and "segmentation"."""
    keys: set[object] = set()
    if prediction.probabilities is not None:
        keys.update(info.value for info in prediction.classes)
    if prediction.uncertainty is not None:
        keys.add("uncertainty")
    if prediction.segmentation is not None:
        keys.add("segmentation")
    return keys
