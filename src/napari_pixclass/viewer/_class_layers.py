"""What the layers of a viewer do when a class is hidden, or is no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image, Layer

from ._sources import LayerLabels

if TYPE_CHECKING:
    from napari.components import LayerList

    from napari_pixclass.session import Session

    from ._outputs import OutputLayers


class ClassLayers:
    """Keeps the eyes of the class table and those of the layer list the same, and a class that exists in the brush.

    A class is hidden when none of its probability layers, one for each image, is visible.

    Parameters
    ----------
    session
        Whose classes they are.
    layers
        The layers of the viewer.
    outputs
        Which of them are probabilities.
    """

    def __init__(self, session: Session, layers: LayerList, outputs: OutputLayers) -> None:
        self._session = session
        self._layers = layers
        self._outputs = outputs
        self._changing = False
        self._put_away: WeakKeyDictionary[Layer, bool] = WeakKeyDictionary()
        """Outputs that have nothing to do with the classes of the session now, and whether they were visible."""
        session.hidden_classes_changed.connect(self._on_hidden_classes)
        session.class_removed.connect(self._on_class_removed)
        layers.events.inserted.connect(self._on_inserted)
        layers.events.removed.connect(self._on_removed)

    def _probabilities(self) -> Iterator[tuple[int, Layer]]:
        """Class value and layer of each probability shown."""
        for image in self._layers:
            if isinstance(image, Image):
                for key, layer in self._outputs.of(image).items():
                    if isinstance(key, int) and layer not in self._put_away:
                        yield key, layer

    def put_away(self, image: Image) -> None:
        """Hide the outputs of an image on which nobody works any more; the eyes of the classes stay as they are."""
        with self._others_stay():
            for layer in self._outputs.of(image).values():
                self._put_away.setdefault(layer, layer.visible)
                layer.visible = False

    def bring_back(self, image: Image) -> None:
        """Show the outputs of an image that were put away, but for those of hidden classes."""
        with self._others_stay():
            for key, layer in self._outputs.of(image).items():
                if self._put_away.pop(layer, False):
                    layer.visible = key not in self._session.hidden_classes

    @contextmanager
    def _others_stay(self) -> Iterator[None]:
        """Have other layers, and classes, stay as they are while some become visible or are hidden."""
        self._changing = True
        try:
            yield
        finally:
            self._changing = False

    def _on_inserted(self, event: Any) -> None:
        for value, layer in self._probabilities():
            if layer is event.value:
                layer.visible = layer.visible and value not in self._session.hidden_classes
                layer.events.visible.connect(self._on_visible)

    def _on_removed(self, event: Any) -> None:
        if self._outputs.owns(event.value):
            event.value.events.visible.disconnect(self._on_visible)

    def _on_visible(self, event: Any) -> None:
        if self._changing:
            return
        self._put_away.pop(event.source, None)  # somebody looks at it again
        present = {value for value, _ in self._probabilities()}
        hidden = (present - self._shown) | (self._session.hidden_classes - present)
        with self._others_stay():
            self._session.hidden_classes = frozenset(hidden & self._classes)

    def _on_hidden_classes(self) -> None:
        if self._changing:
            return
        hidden = self._session.hidden_classes
        differing = self._classes & (self._shown ^ (self._classes - hidden))
        with self._others_stay():
            for value, layer in list(self._probabilities()):
                if value in differing:
                    layer.visible = value not in hidden

    @property
    def _classes(self) -> set[int]:
        return {info.value for info in self._session.classes}

    @property
    def _shown(self) -> set[int]:
        """Classes of which at least one probability layer is visible."""
        return {value for value, layer in self._probabilities() if layer.visible}

    def _on_class_removed(self, value: int, heir: int) -> None:
        for pair in self._session.pairs:
            if isinstance(pair.labels, LayerLabels) and pair.labels.layer.selected_label == value:
                pair.labels.layer.selected_label = heir
