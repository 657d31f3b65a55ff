"""The session of one viewer: layers in, layers out."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from psygnal import Signal
from qtpy.QtWidgets import QApplication
from superqt.utils import QSignalDebouncer

from napari_pixclass.core import FeatureSet, Steps
from napari_pixclass.session import (
    FeaturePreview,
    ImageSource,
    Job,
    LabelsSource,
    Pair,
    Prediction,
    Session,
    preview_steps,
)

from ._adoption import layer_pairs, pair_of_new_layer, sample_classes
from ._outputs import OutputLayers, labels_colormap
from ._preview_layer import PreviewLayer
from ._sources import LayerImage, LayerLabels, labels_shape, spatial_arguments, suggested_ndim
from ._wake import GuiWaker

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

T = TypeVar("T")

RECOUNT_AFTER_MS = 100
"""Labels are counted this long after their last change: undo and redo are heard only through many small events."""


class ViewerSession(Session):
    """A session whose images and labels are layers, and whose predictions become layers.

    All of it happens in the GUI thread, but for the work itself.

    Parameters
    ----------
    viewer
        Held weakly: the session ends with its viewer.

    Attributes
    ----------
    message
        What was done last, in words; empty where nothing was.
    error
        What went wrong last; empty once something new is started.
    folder
        Where file dialogs start.
    """

    selected_class_changed = Signal(object)
    layers_changed = Signal()
    active_layer_changed = Signal()
    message_changed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        self._waker = GuiWaker(self.deliver)
        super().__init__(self._waker.wake)
        self._layers = viewer.layers
        self.output_layers = OutputLayers(viewer.layers)
        self.preview_layer = PreviewLayer(viewer.layers)
        self.message = ""
        self.error = ""
        self.folder = Path.cwd()
        self._had_pairs = False
        self._previewing: Job[FeaturePreview] | None = None
        self._recount_soon = QSignalDebouncer()
        self._recount_soon.setTimeout(RECOUNT_AFTER_MS)
        self._recount_soon.triggered.connect(self.labels_changed)
        viewer.layers.events.inserted.connect(self._on_layer_inserted)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        for event in ("inserted", "removed", "reordered", "renamed"):
            getattr(viewer.layers.events, event).connect(self._on_layers_changed)
        viewer.layers.selection.events.active.connect(self._on_active_layer)
        self.predicted.connect(self.output_layers.show)
        self.classes_changed.connect(self._on_classes_changed)
        self.pairs_changed.connect(self._suggest_features)
        self.classifier_changed.connect(self._on_classifier_changed)
        self.predicted.connect(self._on_predicted)
        self.failed.connect(self.report_error)
        self._suggest_features()
        self._close_with(viewer)

    def _close_with(self, viewer: ViewerModel) -> None:
        weakref.finalize(viewer, self.close)
        # A viewer outlives its window where somebody still holds it; work would go on for nobody.
        window = getattr(getattr(viewer, "window", None), "_qt_window", None)
        if window is not None:
            window.destroyed.connect(self.close)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

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
            layer for layer in self._layers if isinstance(layer, Labels) and self._is_input(layer)
        ]

    @property
    def current_image(self) -> Image | None:
        """The image layer that a question like "how many channels?" is about."""
        images = self.image_layers
        if self._layers.selection.active in images:
            return self._layers.selection.active
        if isinstance(self.target, LayerImage) and self.target.layer in images:
            return self.target.layer
        return images[0] if images else None

    def _is_input(self, layer: Layer) -> bool:
        return not (self.output_layers.owns(layer) or self.preview_layer.owns(layer))

    def _default_target(self) -> ImageSource | None:
        target = super()._default_target()
        if target is None and self.image_layers:
            return LayerImage(self.image_layers[0])
        return target

    def _suggest_features(self) -> None:
        if isinstance(self.target, LayerImage):
            self.suggest_features(FeatureSet.default(suggested_ndim(self.target.layer)))

    def _on_layer_inserted(self, event: Any) -> None:
        pair = pair_of_new_layer(event.value, self._layers)
        # A copy of a sample's labels came with no image: the image has its labels.
        if pair is not None and all(known.image != LayerImage(pair[0]) for known in self.pairs):
            self.adopt(*pair)

    def _on_layer_removed(self, event: Any) -> None:
        layer: Layer = event.value
        for pair in self.pairs:
            if layer in (getattr(pair.image, "layer", None), getattr(pair.labels, "layer", None)):
                self.remove_pair(pair)
        if isinstance(self._target, LayerImage) and self._target.layer is layer:
            self.target = None

    def _on_layers_changed(self, event: Any = None) -> None:
        self._suggest_features()
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
        """Train on `labels` of `image`, with the classes that came with them."""
        known = {info.value: info for info in self.classes}
        known.update((info.value, info) for info in sample_classes(labels))
        self.classes = list(known.values())
        self.add_pair(image, labels)

    def add_pair(self, image: Any, labels: Any, **options: Any) -> Pair:
        """Train on the `labels` layer of the `image` layer too; arrays do as well."""
        self._had_pairs = True
        pair = super().add_pair(image, labels, **options)
        if isinstance(pair.labels, LayerLabels):
            self._connect(pair.labels.layer)
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; its layers stay as they are."""
        super().remove_pair(pair)
        if isinstance(pair.labels, LayerLabels) and pair.labels.layer not in self._painted_layers:
            self._disconnect(pair.labels.layer)

    def replace_pair(self, pair: Pair, image: Any, labels: Any) -> None:
        """Train on `labels` of `image` instead of a pair, in its place."""
        if (pair.image, pair.labels) == (self._image_source(image), self._labels_source(labels)):
            return
        place = self._pairs.index(pair)
        self.remove_pair(pair)
        new = self.add_pair(image, labels)
        self._pairs.remove(new)
        self._pairs.insert(place, new)
        self.pairs_changed.emit()

    def new_labels(self, image: Image) -> Labels:
        """Add an empty labels layer that lies on `image`, ready to paint the first class, and train on it."""
        shape = labels_shape(image)
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
        if isinstance(image, Image):
            return LayerImage(image)
        return super()._image_source(image, **options)

    def _labels_source(self, labels: Any) -> LabelsSource:
        return LayerLabels(labels) if isinstance(labels, Labels) else super()._labels_source(labels)

    @property
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

    # Classes ----------------------------------------------------------------------------------------------------------

    @property
    def selected_class(self) -> int | None:
        """The class value that the brush paints, or None where there are no labels to paint on."""
        layers = self._painted_layers
        active = self._layers.selection.active
        if active in layers:
            return int(active.selected_label)
        return int(layers[0].selected_label) if layers else None

    def select_class(self, value: int) -> None:
        """Take the brush with class `value`."""
        layers = self._painted_layers
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

    def _on_selected_label(self, event: Any = None) -> None:
        self.selected_class_changed.emit(self.selected_class)

    def _on_active_layer(self, event: Any = None) -> None:
        self.active_layer_changed.emit()
        self.selected_class_changed.emit(self.selected_class)

    def _on_classes_changed(self) -> None:
        for layer in self._painted_layers:
            layer.colormap = labels_colormap(self.classes)
        self.output_layers.recolor(self.classes)

    # Work -------------------------------------------------------------------------------------------------------------

    def preview(self, index: int, channel: int = 0) -> Job[FeaturePreview]:
        """Show the feature at `index` of `features` for one channel of the current image, in the background."""
        image, features = self.current_image, self.features
        if image is None or features is None:
            raise ValueError("a preview needs an image and at least one feature.")
        self.cancel_preview()
        source = LayerImage(image)
        self._previewing = self._start(
            lambda: preview_steps(source, features, index, channel), self.preview_layer.show
        )
        return self._previewing

    @property
    def previewing(self) -> bool:
        """Whether a preview is shown, or will be."""
        job = self._previewing
        computing = self._queue.holds(job) and not (job and job.cancelled)
        return computing or self.preview_layer.layer is not None

    def cancel_preview(self) -> None:
        """Stop computing a preview; what is shown stays."""
        if self._previewing is not None:
            self._previewing.cancel()

    def stop_preview(self) -> None:
        """Show no preview any more."""
        self.cancel_preview()
        self.preview_layer.remove()

    def report(self, message: str) -> None:
        """Say what was done."""
        self.message, self.error = message, ""
        self.message_changed.emit(message)

    def report_error(self, message: str) -> None:
        """Say what went wrong."""
        self.error = message
        self.message_changed.emit(message)

    def _start(self, steps: Callable[[], Steps[T]], succeed: Callable[[T], object]) -> Job[T]:
        self.error = ""
        return super()._start(steps, succeed)

    def _on_classifier_changed(self, classifier: PixelClassifier | None) -> None:
        if classifier is None:
            self.report("")
            return
        n_pixels, n_classes = sum(classifier.n_samples_), len(classifier.classes_)
        self.report(f"Trained on {n_pixels:,} pixels of {n_classes} classes.")

    def _on_predicted(self, prediction: Prediction) -> None:
        self.report(f"Predicted {prediction.image.name}.")
