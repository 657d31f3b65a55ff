"""The layers that predictions are shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap

from ._insertion import insert_above
from ._sources import LayerImage, describe, place_at, spatial_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from napari.components import LayerList

    from napari_pixclass.core import ClassInfo, Output, PixelClassifier
    from napari_pixclass.session import Prediction

Values = Any
"""An array, or a list of arrays of falling resolution."""

Place = dict[str, Any]
"""What `spatial_arguments` gives."""


OLD = " (older classifier)"
"""What the name of an output ends with that the classifier at hand has not made."""


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


def _output_of(key: Any) -> Output:
    """What a layer shows of which the key is a class value, or the output itself."""
    return "probabilities" if isinstance(key, int) else key


class OutputLayers:
    """Finds, makes and updates the output layers of every image layer, by identity: renaming one does not matter."""

    def __init__(self, layers: LayerList) -> None:
        self._all = layers
        self._layers: WeakKeyDictionary[Image, dict[object, Layer]] = WeakKeyDictionary()
        self._given_names: WeakKeyDictionary[Layer, str] = WeakKeyDictionary()
        self._outputs: WeakSet[Layer] = WeakSet()
        """All outputs, also those whose image is gone."""
        self._made_by: WeakKeyDictionary[Layer, Callable[[], PixelClassifier | None]] = (
            WeakKeyDictionary()
        )
        """The classifier behind each output that shows what it says about the image as it is; None where it is gone."""
        self._dismissed: WeakKeyDictionary[Image, set[object]] = WeakKeyDictionary()
        layers.events.removed.connect(self._on_removed)

    def owns(self, layer: Layer) -> bool:
        """Whether `layer` is an output, or was one of an image that is gone."""
        return layer in self._outputs

    def outdate(self, image: Image) -> None:
        """Say that the outputs of an image no longer show what their classifier says about it."""
        for layer in self.of(image).values():
            self._made_by.pop(layer, None)

    def tell_age(self, classifier: PixelClassifier | None) -> None:
        """Have the names say which outputs are those of another classifier, or of other data, than there are now."""
        for outputs in self._layers.values():
            for layer in outputs.values():
                made_by = self._made_by.get(layer)
                if made_by is not None:
                    maker = made_by()
                    is_old = maker is None or maker is not classifier
                    self._name(layer, self._plain_name(layer), is_old)

    def _name(self, layer: Layer, name: str, is_old: bool = False) -> None:
        """Name an output, unless the user has given it another name."""
        if self._given_names.get(layer) == layer.name:
            layer.name = name + OLD if is_old else name
            self._given_names[layer] = layer.name

    @staticmethod
    def _plain_name(layer: Layer) -> str:
        return str(layer.name).split(OLD)[0]

    def is_dismissed(self, image: Image, key: object) -> bool:
        """Whether somebody has removed an output of an image, and nobody has asked for it since."""
        return key in self._dismissed.get(image, ())

    def recall(self) -> None:
        """Say that all outputs are wanted."""
        self._dismissed.clear()

    def _on_removed(self, event: Any) -> None:
        for image, outputs in self._layers.items():
            for key in [key for key, layer in outputs.items() if layer is event.value]:
                del outputs[key]
                self._dismissed.setdefault(image, set()).add(key)

    def of(self, image: Image) -> dict[object, Layer]:
        """Output layers of an image layer: class values, "uncertainty" and "segmentation" to layers."""
        present = {id(layer) for layer in self._all}
        outputs = self._layers.get(image, {})
        return {key: layer for key, layer in outputs.items() if id(layer) in present}

    def shown(self, image: Image, outputs: Collection[Output]) -> frozenset[Output]:
        """Those of `outputs` of an image that are visible, or will be as soon as there are any.

        Parameters
        ----------
        image
            The image layer.
        outputs
            What is wanted.
        """
        layers = self.of(image)
        visible: set[Output] = {_output_of(key) for key, layer in layers.items() if layer.visible}
        known = {_output_of(key) for key in (*layers, *self._dismissed.get(image, ()))}
        wanted = frozenset(outputs)
        awaited: frozenset[Output] = wanted & {"probabilities"} or wanted
        return wanted & (visible | (awaited - known))

    def show(self, prediction: Prediction) -> None:
        """Show a prediction of a whole image, unless the image has been removed since."""
        source = prediction.image
        if not isinstance(source, LayerImage) or source.layer not in self._all:
            return
        values: dict[object, Values] = {}
        if prediction.probabilities is not None:
            for index, info in enumerate(prediction.classes):
                values[info.value] = prediction.probabilities[..., index]
        if prediction.uncertainty is not None:
            values["uncertainty"] = prediction.uncertainty
        if prediction.segmentation is not None:
            values["segmentation"] = prediction.segmentation
        self.show_values(source, values, prediction.classes, prediction.classifier)

    def show_values(
        self,
        source: LayerImage,
        values: Mapping[object, Values],
        classes: Iterable[ClassInfo],
        classifier: PixelClassifier | None,
    ) -> None:
        """Show what a classifier, None for an unknown one, says of a whole image that is in the viewer; see `put`."""
        self._dismissed.pop(source.layer, None)
        self._drop_stale(source.layer, values, classifier)
        self.put(source, values, classes)
        for key in values:
            layer = self._layers[source.layer][key]
            self._made_by[layer] = _unknown if classifier is None else ref(classifier)

    def put(
        self, source: LayerImage, values: Mapping[object, Values], classes: Iterable[ClassInfo]
    ) -> None:
        """Show some outputs of an image that is in the viewer, in the layers that are there or in new ones.

        Parameters
        ----------
        source
            The image.
        values
            Class values, "uncertainty" and "segmentation" to arrays, or to lists of them where the image is multiscale.
        classes
            The classes.
        """
        place, known = spatial_arguments(source), {info.value: info for info in classes}
        for key, array in values.items():
            if self._update(source.layer, key, array, place):
                continue
            common = {"multiscale": isinstance(array, list), "cache": False, **place}
            layer: Layer
            if key == "segmentation":
                layer = self._segmentation(source.layer, array, known.values(), common)
            elif key == "uncertainty":
                layer = self._uncertainty(source.layer, array, common)
            elif isinstance(key, int):
                layer = self._probability(source.layer, array, known[key], common)
            # What alone was asked for is not hidden behind anything.
            layer.visible = layer.visible or not any(isinstance(other, int) for other in values)
            self._add(source, key, layer)

    def remove_others(self, image: Image, keys: Collection[object]) -> None:
        """Remove the outputs of an image but for some."""
        for key in self.of(image).keys() - set(keys):
            self._remove(image, key)

    def place(self, source: LayerImage) -> None:
        """Put the outputs of an image to where it is now."""
        place = spatial_arguments(source)
        for layer in self.of(source.layer).values():
            if layer.ndim == len(place["scale"]):  # else the image has other data
                place_at(layer, place)

    def recolor(self, classes: Iterable[ClassInfo]) -> None:
        """Give the outputs the current names and colours of the classes."""
        known = {info.value: info for info in classes}
        for image, outputs in self._layers.items():
            for key, layer in outputs.items():
                if key == "segmentation":
                    layer.colormap = labels_colormap(known.values())
                    describe(layer, classes=tuple(known.values()))  # for whoever saves it
                elif isinstance(key, int) and key in known:
                    layer.colormap = class_colormap(known[key])
                    is_old = str(layer.name).find(OLD) >= 0
                    self._name(layer, self._probability_name(image, known[key]), is_old)

    @staticmethod
    def _probability_name(image: Image, info: ClassInfo) -> str:
        return f"{info.name} probability of {image.name}"

    def _drop_stale(
        self, image: Image, refreshed: Collection[object], classifier: PixelClassifier | None
    ) -> None:
        """Remove the outputs of another classifier, or of other data, that a prediction does not refresh."""
        for key, layer in self.of(image).items():
            made_by = self._made_by.get(layer)
            fresh = made_by is not None and classifier is not None and made_by() is classifier
            if key not in refreshed and not fresh:
                self._remove(image, key)

    def _remove(self, image: Image, key: object) -> None:
        self._all.remove(self._layers[image].pop(key))

    def _probability(
        self, image: Image, values: Values, info: ClassInfo, common: dict[str, Any]
    ) -> Image:
        return Image(
            values,
            name=self._probability_name(image, info),
            colormap=class_colormap(info),
            contrast_limits=(0, 1),
            opacity=0.5,
            rgb=False,
            **common,
        )

    @staticmethod
    def _uncertainty(image: Image, values: Values, common: dict[str, Any]) -> Image:
        return Image(
            values,
            name=f"Uncertainty of {image.name}",
            colormap="inferno",
            contrast_limits=(0, 1),
            opacity=0.6,
            visible=False,
            rgb=False,
            **common,
        )

    @staticmethod
    def _segmentation(
        image: Image, values: Values, classes: Iterable[ClassInfo], common: dict[str, Any]
    ) -> Labels:
        layer = Labels(
            values,
            name=f"Segmentation of {image.name}",
            colormap=labels_colormap(classes),
            opacity=0.5,
            visible=False,
            **common,
        )
        describe(layer, classes=tuple(classes))
        return layer

    def _update(self, image: Image, key: object, values: Values, place: Place) -> bool:
        """Give the layer that exists its new values; False where there is none that could take them."""
        layer = self._layers.get(image, {}).get(key)
        if layer is None or layer not in self._all:
            return False
        first = values[0] if isinstance(values, list) else values
        # The image layer may have been given other data.
        if layer.multiscale != isinstance(values, list) or layer.ndim != first.ndim:
            self._remove(image, key)
            return False
        self._made_by.pop(layer, None)
        self._name(layer, self._plain_name(layer))
        if (layer.data[0] if layer.multiscale else layer.data) is not first:
            layer.data = values
        place_at(layer, place)
        return True

    def _add(self, source: LayerImage, key: object, layer: Layer) -> None:
        """Add an output just above its image and the outputs that come before it, below the labels being painted."""
        image, outputs = source.layer, self.of(source.layer).items()
        before = [other for name, other in outputs if _rank(name) < _rank(key)]
        below = [member for member in source.layers if member in self._all] + before
        # An output from the first moment on: whoever hears of the new layer asks.
        self._outputs.add(layer)
        self._layers.setdefault(image, {})[key] = layer
        insert_above(self._all, below, layer)
        self._given_names[layer] = layer.name


def _unknown() -> None:
    """The classifier of outputs that were there before anybody asked."""


def _rank(key: object) -> tuple[int, int]:
    """Outputs lie above each other in this order: classes, uncertainty, segmentation."""
    return (0, key) if isinstance(key, int) else (1 + (key == "segmentation"), 0)
