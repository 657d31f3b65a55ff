"""What the layers of a viewer do when a class is hidden, or is no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

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
        session.hidden_classes_changed.connect(self._on_hidden_classes)
        session.class_removed.connect(self._on_class_removed)
        layers.events.inserted.connect(self._on_inserted)
        layers.events.removed.connect(self._on_removed)

    def _probabilities(self) -> Iterator[tuple[int, Layer]]:
        """Class value and layer of each probability shown."""
        for image in self._layers:
            if isinstance(image, Image):
                for key, layer in self._outputs.of(image).items():
                    if isinstance(key, int):
                        yield key, layer

    def _on_inserted(self, event: Any) -> None:
        for value, layer in self._probabilities():
            if layer is event.value:
                layer.visible = layer.visible and value not in self._session.hidden_classes
                layer.events.visible.connect(self._on_visible)

    def _on_removed(self, event: Any) -> None:
        if self._outputs.owns(event.value):
            event.value.events.visible.disconnect(self._on_visible)

    def _on_visible(self, event: Any = None) -> None:
        if self._changing:
            return
        present = {value for value, _ in self._probabilities()}
        hidden = (present - self._shown) | (self._session.hidden_classes - present)
        self._changing = True  # other layers stay as they are
        try:
            self._session.hidden_classes = frozenset(hidden & self._classes)
        finally:
            self._changing = False

    def _on_hidden_classes(self) -> None:
        if self._changing:
            return
        hidden = self._session.hidden_classes
        differing = self._classes & (self._shown ^ (self._classes - hidden))
        self._changing = True
        try:
            for value, layer in list(self._probabilities()):
                if value in differing:
                    layer.visible = value not in hidden
        finally:
            self._changing = False

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
