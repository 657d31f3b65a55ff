"""Layers in: the images and labels of a session are layers of a viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from superqt.utils import QSignalDebouncer

from napari_pixclass.core import FeatureSet, LabelledPixels
from napari_pixclass.session import (
    ImageSource,
    LabelsSource,
    LiveResult,
    Pair,
    View,
    filled_labels,
)

from ._adoption import layer_pairs, pair_of_new_layer, pair_token, sample_classes
from ._class_layers import ClassLayers
from ._label_import_preview import ImportPreview
from ._layer_exchange import LayerExchange
from ._live_layers import LiveLayers
from ._outputs import OutputLayers
from ._painted_layers import PaintedLayers
from ._preview_layer import PreviewLayer
from ._sources import (
    LayerImage,
    LayerLabels,
    brush_size_for,
    describe,
    labels_shape,
    spatial_arguments,
    suggested_ndim,
)
from ._stacked_layers import stacked_layers
from ._view_watch import ViewWatch, view_of

LOOK_AFTER_MS = 60
"""Undo and redo are heard only through events that come with every drawing; looking this often at most is enough."""


class LayerSession(LayerExchange):
    """A session whose images and labels are layers, of which it hears what happens to them.

    Parameters
    ----------
    viewer
        Its layers are held, not the viewer.
    wake
        As for `Session`.
    """

    selected_class_changed = Signal(object)
    layers_changed = Signal()
    """Layers have come or gone, or have other names, data or pixel sizes."""
    active_layer_changed = Signal()

    def __init__(self, viewer: ViewerModel, wake: Callable[[], None]) -> None:
        super().__init__(wake)
        self._layers = viewer.layers
        self.output_layers = OutputLayers(viewer.layers)
        self.class_layers = ClassLayers(self, viewer.layers, self.output_layers)
        self.preview_layer = PreviewLayer(viewer.layers)
        self.import_preview = ImportPreview(viewer.layers)
        self._had_pairs = False
        self._used_tokens: set[str] = set()
        self._dims = viewer.dims
        self._live_layers = LiveLayers(viewer.layers, self.output_layers)
        self._look_soon = QSignalDebouncer()
        self._look_soon.setTimeout(LOOK_AFTER_MS)
        self._look_soon.triggered.connect(self._look)
        self._painted = PaintedLayers(
            viewer.layers, self._on_painted, self._look_soon.throttle, self._on_selected_label
        )
        self._view_watch = ViewWatch(self, viewer)
        self.live_result_changed.connect(self._on_live_result)
        self.live_tiles_changed.connect(self._live_layers.refresh)
        self.live_done.connect(self._live_layers.finish)
        self.outputs_changed.connect(self._on_outputs_wanted)
        self.live_update_changed.connect(self._on_outputs_wanted)
        viewer.layers.events.inserted.connect(self._on_layer_inserted)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        for event in ("inserted", "removed", "reordered", "renamed"):
            getattr(viewer.layers.events, event).connect(self._on_layers_changed)
        viewer.layers.selection.events.active.connect(self._on_active_layer)
        for layer in viewer.layers:
            self._listen_to_image(layer, True)
        self.classes_changed.connect(self._on_classes_changed)
        self.pairs_changed.connect(self._preset_features)
        self._preset_features()

    # Layers -----------------------------------------------------------------------------------------------------------

    @property
    def image_layers(self) -> list[Image]:
        """Image layers that can be trained on or predicted, in the order of the layer list."""
        return [
            layer for layer in self._layers if isinstance(layer, Image) and self._is_input(layer)
        ]

    @property
    def labels_layers(self) -> list[Labels]:
        """Labels layers that can be painted on, in the order of the layer list."""
        return [
            layer
            for layer in self._layers
            if isinstance(layer, Labels) and not layer.multiscale and self._is_input(layer)
        ]

    @property
    def segmentation_layers(self) -> list[Labels]:
        """Labels layers that can be judged, our own segmentations among them, in the order of the layer list."""
        return [
            layer
            for layer in self._layers
            if isinstance(layer, Labels)
            and not (layer.multiscale or self.import_preview.owns(layer))
        ]

    @property
    def importable_layers(self) -> list[Labels]:
        """Labels layers of any kind that can be copied from, segmentations too."""
        labels = [layer for layer in self._layers if isinstance(layer, Labels)]
        return [layer for layer in labels if not self.import_preview.owns(layer)]

    def position_on_screen(self, image: LayerImage) -> tuple[int, ...]:
        """The pixel of an image, without its channels, that is shown of it along the axes with sliders."""
        layer = image.layer
        at = layer.world_to_data(self._dims.point[-layer.ndim :])
        axes = [axis for axis in range(layer.ndim) if axis != image.extra_axis]
        shape = labels_shape(image)
        return tuple(
            int(np.clip(round(float(at[axis])), 0, length - 1))
            for axis, length in zip(axes, shape, strict=True)
        )

    @property
    def current_image(self) -> Image | None:
        """The image layer that a question like "how many channels?" is about."""
        images = self.image_layers
        if self._layers.selection.active in images:
            return self._layers.selection.active
        if isinstance(self.target, LayerImage) and self.target.layer in images:
            return self.target.layer
        return images[0] if images else None

    @property
    def active_layer(self) -> Layer | None:
        """The layer that is active in the layer list."""
        return self._layers.selection.active

    @property
    def current_source(self) -> LayerImage | None:
        """The current image with its channels, as it is trained on or predicted."""
        layer = self.current_image
        return None if layer is None else self.image_source(layer)

    def _is_input(self, layer: Layer) -> bool:
        previews = (self.preview_layer, self.import_preview)
        return not (self.output_layers.owns(layer) or any(p.owns(layer) for p in previews))

    def _default_target(self) -> ImageSource | None:
        target = super()._default_target()
        if target is None and self.image_layers:
            return LayerImage(self.image_layers[0])
        return target

    def _preset_features(self) -> None:
        if isinstance(self.target, LayerImage):
            self.preset_features(FeatureSet.default(suggested_ndim(self.target.layer)))

    def _on_layer_inserted(self, event: Any) -> None:
        self._listen_to_image(event.value, True)
        pair = pair_of_new_layer(event.value, self._layers)
        if pair is not None:
            self.adopt(*pair)

    def _on_layer_removed(self, event: Any) -> None:
        layer: Layer = event.value
        self._listen_to_image(layer, False)
        if isinstance(layer, Image):
            for image in self._sources_with(layer) or [LayerImage(layer)]:
                self.forget_image(image)
        if isinstance(self._target, LayerImage) and layer in self._target.layers:
            self.target = None
        for pair in self.pairs:
            if layer in (*getattr(pair.image, "layers", ()), getattr(pair.labels, "layer", None)):
                self.remove_pair(pair)

    def _listen_to_image(self, layer: Layer, on: bool) -> None:
        if isinstance(layer, Image) and self._is_input(layer):
            for event in (layer.events.data, layer.events.scale, layer.events.units):
                (event.connect if on else event.disconnect)(self._on_image_event)
            for name in ("scale", "translate", "rotate", "shear", "affine"):
                event = getattr(layer.events, name)
                (event.connect if on else event.disconnect)(self._on_image_moved)

    def _on_image_event(self, event: Any) -> None:
        for image in self._sources_with(event.source) or [LayerImage(event.source)]:
            self.output_layers.outdate(image.layer)
            self.image_changed(image)
        self.layers_changed.emit()

    def _on_image_moved(self, event: Any) -> None:
        source = self._image_source(event.source)
        if isinstance(source, LayerImage):
            self.output_layers.place(source)

    def _on_layers_changed(self, event: Any = None) -> None:
        self._preset_features()
        self.layers_changed.emit()

    # Pairs ------------------------------------------------------------------------------------------------------------

    def adopt_layers(self) -> None:
        """Train on what can only be meant: labels that came with their image, or the only labels of the only image.

        For a dock that is opened; does nothing where something has been chosen, or taken back.
        """
        if self._had_pairs:
            return
        for image, labels in layer_pairs(self.image_layers, self.labels_layers):
            self.adopt(image, labels)

    def adopt(self, image: Image, labels: Labels) -> None:
        """Train on `labels` of `image`, with the classes that came with them, unless one of them is in a pair.

        Nor is a copy of a layer that has been adopted once: what came with it has its labels, or its image.
        """
        token = pair_token(image, labels)
        if token in self._used_tokens or labels in self._painted or image in self._paired_images:
            return
        if token is not None:
            self._used_tokens.add(token)
        known = {info.value: info for info in self.classes}
        known.update((info.value, info) for info in sample_classes(labels))
        self.classes = list(known.values())
        self.add_pair(image, labels)

    def add_pair(self, image: Any, labels: Any, **options: Any) -> Pair:
        """Train on the `labels` layer of the `image` layer too; arrays do as well."""
        self._had_pairs = True
        pair = super().add_pair(image, labels, **options)
        if isinstance(pair.labels, LayerLabels):
            self._painted.add(pair.labels.layer, self.classes)
            describe(pair.labels.layer, geometry=self.geometry_of(pair))
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; its layers stay as they are."""
        super().remove_pair(pair)
        if isinstance(pair.labels, LayerLabels) and all(
            pair.labels != other.labels for other in self.pairs
        ):
            self._painted.remove(pair.labels.layer)

    def replace_pair(self, pair: Pair, image: Any, labels: Any) -> None:
        """Train on `labels` of `image` instead of a pair, in its place."""
        if (pair.image, pair.labels) == (self._image_source(image), self._labels_source(labels)):
            return
        place = self._pairs.index(pair)
        image = self._image_source(image)
        self.remove_pair(pair)
        new = self.add_pair(image, labels)
        if self._target == pair.image:
            self.target = new.image
        self._pairs.remove(new)
        self._pairs.insert(place, new)
        self.pairs_changed.emit()
        self._update_live()  # the order of the pairs counts, too

    def new_labels(
        self, image: Image | LayerImage, labelled: LabelledPixels | None = None
    ) -> Labels:
        """Add a labels layer that lies on `image`, empty or with labels, ready to paint, and train on it."""
        source = image if isinstance(image, LayerImage) else self._image_source(image)
        if not isinstance(source, LayerImage):
            raise TypeError(f"new labels need an image layer; got {image!r}.")
        shape = labels_shape(source)
        layer = Labels(
            filled_labels(shape, labelled),
            name=f"Labels of {image.name}",
            **spatial_arguments(source),
        )
        layer.brush_size = brush_size_for(shape)
        self._layers.append(layer)
        self.add_pair(source, layer)
        if self.classes:
            self.select_class(self.classes[0].value)
        return layer

    def image_source(self, image: Any) -> LayerImage | None:
        """An image layer, or a list of them, with its channels as it would be trained on."""
        source = self._image_source(image)
        return source if isinstance(source, LayerImage) else None

    def _image_source(self, image: Any, **options: Any) -> ImageSource:
        is_list = isinstance(image, list | tuple)
        if is_list and not options and any(isinstance(part, Image) for part in image):
            return stacked_layers(image, self._paired_sources)
        if not isinstance(image, Image):
            return super()._image_source(image, **options)
        if not options:  # the way it is trained on, if it is
            known = (source for source in self._paired_sources if image in source.layers)
            return next(known, LayerImage(image))
        channel_axis = options.pop("channel_axis", None)
        if options:
            raise TypeError(
                f"an image layer takes channel_axis only; got {', '.join(options)}. Set its scale or name instead."
            )
        return LayerImage(image, channel_axis)

    def _labels_source(self, labels: Any) -> LabelsSource:
        return LayerLabels(labels) if isinstance(labels, Labels) else super()._labels_source(labels)

    def _judged_source(self, prediction: Any) -> ImageSource | LabelsSource:
        is_layer = isinstance(prediction, Labels)
        return LayerLabels(prediction) if is_layer else super()._judged_source(prediction)

    def _sources_with(self, layer: Image) -> list[LayerImage]:
        """The images, trained on or predicted, that a layer belongs to."""
        images = dict.fromkeys([*self._paired_sources, self._target])
        return [i for i in images if isinstance(i, LayerImage) and layer in i.layers]

    @property
    def _paired_sources(self) -> list[LayerImage]:
        return [pair.image for pair in self.pairs if isinstance(pair.image, LayerImage)]

    @property
    def _paired_images(self) -> list[Image]:
        return [layer for image in self._paired_sources for layer in image.layers]

    # Live update ------------------------------------------------------------------------------------------------------

    def _on_painted(self, layer: Labels) -> None:
        painted = [p.image for p in self.pairs if getattr(p.labels, "layer", None) is layer]
        # Who paints on another one of the images trained on wants to see what that does.
        is_trained_on = any(pair.image == self.target for pair in self.pairs)
        if self.live_update and painted and is_trained_on and self.target not in painted:
            self.target = painted[0]
        self.labels_changed()

    def _look(self) -> None:
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:  # in the middle of a stroke
            self._look_soon.throttle()
        else:
            self.look_at_labels()

    def _current_view(self) -> View | None:
        """What is on screen of the target."""
        target = self.target
        if not isinstance(target, LayerImage) or target.layer not in self._layers:
            return None
        shown = self.output_layers.shown(target.layer, self.outputs)
        return view_of(target, self._dims, shown)

    def _on_outputs_wanted(self) -> None:
        self.output_layers.recall()
        if self.is_following and self.live_result is not None:
            self._live_layers.show(self.live_result, self.outputs)
            self.view_changed()

    def _on_live_result(self, result: LiveResult | None) -> None:
        self._live_layers.show(result, self.outputs)

    # Classes ----------------------------------------------------------------------------------------------------------

    @property
    def selected_class(self) -> int | None:
        """The class value that the brush paints, or None where there are no labels to paint on."""
        return self._painted.selected_class

    def select_class(self, value: int) -> None:
        """Take the brush with class `value`."""
        self._painted.select_class(value)

    def _on_selected_label(self) -> None:
        self.selected_class_changed.emit(self.selected_class)

    def _on_active_layer(self, event: Any = None) -> None:
        self.active_layer_changed.emit()
        self.selected_class_changed.emit(self.selected_class)

    def _on_classes_changed(self) -> None:
        self._painted.recolor(self.classes)
        self.output_layers.recolor(self.classes)
