"""The labels layers that are painted on: their colours, the brush, and hearing of every stroke."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ._outputs import labels_colormap
from ._sources import describe

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Labels

    from napari_pixclass.core import ClassInfo


class PaintedLayers:
    """Labels layers in the colours of the classes, as long as they are painted on.

    Parameters
    ----------
    layers
        The layers of the viewer.
    on_painted
        Called with a layer whose labels have been changed.
    on_drawn
        Called, much more often than needed, when they may have been.
    on_selected
        Called when another label is to be painted.
    """

    def __init__(
        self,
        layers: LayerList,
        on_painted: Callable[[Labels], None],
        on_drawn: Callable[[], None],
        on_selected: Callable[[], None],
    ) -> None:
        self._all = layers
        self._on_painted = on_painted
        self._on_drawn = on_drawn
        self._on_selected = on_selected
        self._layers: list[Labels] = []
        self._own_colormaps: WeakKeyDictionary[Labels, Any] = WeakKeyDictionary()

    def __contains__(self, layer: object) -> bool:
        return any(layer is painted for painted in self._layers)

    def add(self, layer: Labels, classes: Iterable[ClassInfo]) -> None:
        """Listen to a layer, and give it the colours of the classes."""
        if layer in self:
            return
        self._layers.append(layer)
        self._own_colormaps[layer] = layer.colormap
        self._show_classes(layer, tuple(classes))
        for event, slot in self._slots(layer):
            event.connect(slot)

    def remove(self, layer: Labels) -> None:
        """Leave a layer alone, in the colours that it came in."""
        self._layers = [painted for painted in self._layers if painted is not layer]
        for event, slot in self._slots(layer):
            event.disconnect(slot)
        layer.colormap = self._own_colormaps.pop(layer)

    def recolor(self, classes: Iterable[ClassInfo]) -> None:
        """Give all layers the current colours of the classes."""
        shown = tuple(classes)
        for layer in self._layers:
            self._show_classes(layer, shown)

    def _show_classes(self, layer: Labels, classes: tuple[ClassInfo, ...]) -> None:
        layer.colormap = labels_colormap(classes)
        describe(layer, classes=classes)  # for whoever saves it

    @property
    def selected_class(self) -> int | None:
        """The class value that the brush paints, or None where there are no labels to paint on."""
        active = self._all.selection.active
        if active in self:
            return int(active.selected_label)
        return int(self._layers[0].selected_label) if self._layers else None

    def select_class(self, value: int) -> None:
        """Take the brush with class `value`."""
        for layer in self._layers:
            layer.selected_label = value
        if not self._layers:
            return
        active = self._all.selection.active
        if active not in self:
            active = self._layers[-1]
            self._all.selection.active = active
        if active.mode in ("pan_zoom", "transform", "erase", "pick"):
            active.mode = "paint"

    def _slots(self, layer: Labels) -> list[tuple[Any, Callable[[Any], None]]]:
        return [
            (layer.events.paint, self._painted),  # after a stroke, fill or polygon
            (layer.events.data, self._painted),
            # Also after undo and redo, which have no event of their own.
            (layer.events.set_data, self._drawn),
            (layer.events.selected_label, self._selected),
        ]

    def _painted(self, event: Any) -> None:
        self._on_painted(event.source)
        # napari tells of polygons, and of what scripts paint, before it changes the data: look once more soon.
        self._on_drawn()

    def _drawn(self, event: Any = None) -> None:
        self._on_drawn()

    def _selected(self, event: Any = None) -> None:
        self._on_selected()
