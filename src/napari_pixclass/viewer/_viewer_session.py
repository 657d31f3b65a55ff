"""The session of one viewer: layers in, layers out."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from psygnal import Signal
from qtpy.QtWidgets import QApplication
from superqt.utils import QSignalDebouncer

from napari_pixclass.core import resolve_axes
from napari_pixclass.session import ImageSource, LabelsSource, Pair, Session

from ._outputs import OutputLayers, labels_colormap
from ._sources import LayerImage, LayerLabels, spatial_arguments
from ._wake import GuiWaker

RECOUNT_AFTER_MS = 100
"""Labels are counted this long after their last change: undo and redo are heard only through many small events."""


class ViewerSession(Session):
    """A session whose images and labels are layers, and whose predictions become layers.

    All of it happens in the GUI thread, but for the work itself.

    Parameters
    ----------
    viewer
        Held weakly: the session ends with its viewer.
    """

    selected_class_changed = Signal(int)
    layers_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._waker = GuiWaker(self.deliver)
        super().__init__(self._waker.wake)
        self._viewer = weakref.ref(viewer)
        self._layers = viewer.layers
        self.output_layers = OutputLayers(viewer.layers)
        self._recount_soon = QSignalDebouncer()
        self._recount_soon.setTimeout(RECOUNT_AFTER_MS)
        self._recount_soon.triggered.connect(self.labels_changed)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        for event in ("inserted", "removed", "reordered", "renamed"):
            getattr(viewer.layers.events, event).connect(self._on_layers_changed)
        self.predicted.connect(self.output_layers.show)
        self.classes_changed.connect(self._on_classes_changed)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)
        self._finalizer = weakref.finalize(viewer, _close, weakref.ref(self))

    @property
    def viewer(self) -> ViewerModel | None:
        """The viewer, or None once it is gone."""
        return self._viewer()

    @property
    def image_layers(self) -> list[Image]:
        """Image layers that can be trained on or predicted."""
        return [
            layer
            for layer in self._layers
            if isinstance(layer, Image) and not self.output_layers.owns(layer)
        ]

    @property
    def labels_layers(self) -> list[Labels]:
        """Labels layers that can be painted on."""
        return [
            layer
            for layer in self._layers
            if isinstance(layer, Labels) and not self.output_layers.owns(layer)
        ]

    # Pairs ------------------------------------------------------------------------------------------------------------

    def add_pair(self, image: Any, labels: Any, **options: Any) -> Pair:
        """Train on the `labels` layer of the `image` layer too; arrays do as well."""
        pair = super().add_pair(image, labels, **options)
        if isinstance(pair.labels, LayerLabels):
            self._connect(pair.labels.layer)
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; its layers stay as they are."""
        super().remove_pair(pair)
        if isinstance(pair.labels, LayerLabels) and not self._is_painted_on(pair.labels.layer):
            self._disconnect(pair.labels.layer)

    def new_labels(self, image: Image) -> Labels:
        """Add an empty labels layer that lies on `image`, ready to paint the first class, and train on it."""
        source = LayerImage(image)
        shape = resolve_axes(source.data.shape, 2, source.channel_axis).shape
        layer = Labels(
            np.zeros(shape, dtype=np.uint8),
            name=f"Labels of {image.name}",
            **spatial_arguments(image),
        )
        layer.brush_size = int(np.clip(min(shape[-2:]) // 60, 1, 10))
        self._layers.append(layer)
        self.add_pair(image, layer)
        if self.classes:
            self.select_class(self.classes[0].value)
        return layer

    def _image_source(self, image: Any, **options: Any) -> ImageSource:
        return (
            LayerImage(image)
            if isinstance(image, Image)
            else super()._image_source(image, **options)
        )

    def _labels_source(self, labels: Any) -> LabelsSource:
        return LayerLabels(labels) if isinstance(labels, Labels) else super()._labels_source(labels)

    def _is_painted_on(self, layer: Labels) -> bool:
        return any(pair.labels == LayerLabels(layer) for pair in self.pairs)

    def _painted_layers(self) -> list[Labels]:
        return [pair.labels.layer for pair in self.pairs if isinstance(pair.labels, LayerLabels)]

    def _connect(self, layer: Labels) -> None:
        self._disconnect(layer)
        layer.colormap = labels_colormap(self.classes)
        for event in self._label_events(layer):
            event.connect(self._on_labels_event)
        layer.events.selected_label.connect(self._on_selected_label)

    def _disconnect(self, layer: Labels) -> None:
        for event in self._label_events(layer):
            event.disconnect(self._on_labels_event)
        layer.events.selected_label.disconnect(self._on_selected_label)

    @staticmethod
    def _label_events(layer: Labels) -> tuple[Any, ...]:
        # paint: after a stroke, fill or polygon. set_data: also after undo and redo, which have no event of their own.
        return layer.events.paint, layer.events.data, layer.events.set_data

    def _on_labels_event(self, event: Any = None) -> None:
        self._recount_soon.throttle()

    def _on_layers_changed(self, event: Any = None) -> None:
        self.layers_changed.emit()

    def _on_layer_removed(self, event: Any) -> None:
        layer: Layer = event.value
        for pair in self.pairs:
            if layer in (getattr(pair.image, "layer", None), getattr(pair.labels, "layer", None)):
                self.remove_pair(pair)
        if isinstance(self._target, LayerImage) and self._target.layer is layer:
            self.target = None

    # Classes ----------------------------------------------------------------------------------------------------------

    @property
    def selected_class(self) -> int | None:
        """The class value that the brush paints, or None where there are no labels to paint on."""
        layers = self._painted_layers()
        active = self._layers.selection.active
        if active in layers:
            return int(active.selected_label)
        return int(layers[0].selected_label) if layers else None

    def select_class(self, value: int) -> None:
        """Take the brush with class `value`."""
        layers = self._painted_layers()
        for layer in layers:
            layer.selected_label = value
        if not layers:
            return
        active = self._layers.selection.active
        if active not in layers:
            active = layers[-1]
            self._layers.selection.active = active
        if active.mode in ("pan_zoom", "transform", "erase", "pick"):
            active.mode = "paint"

    def _on_selected_label(self, event: Any) -> None:
        self.selected_class_changed.emit(int(event.source.selected_label))

    def _on_classes_changed(self) -> None:
        for layer in self._painted_layers():
            layer.colormap = labels_colormap(self.classes)
        self.output_layers.recolor(self.classes)


def _close(reference: weakref.ref[ViewerSession]) -> None:
    session = reference()
    if session is not None:
        session.close()
