"""Choosing a layer."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Layer
from psygnal import Signal

from ._eliding_combo import ElidingCombo
from ._sections import plain_tooltip, signals_blocked


class LayerCombo(ElidingCombo):
    """A combo box of layers; it keeps to a layer, whatever that is called.

    Parameters
    ----------
    tooltip
        What the layer is for.
    placeholder
        What is shown where there is no layer.
    """

    layer_chosen = Signal(object)
    """The layer that the user has chosen."""

    def __init__(self, tooltip: str, placeholder: str) -> None:
        super().__init__()
        self._tooltip = tooltip
        self._layers: list[Layer] = []
        self.setPlaceholderText(placeholder)
        self.activated.connect(self._on_activated)

    @property
    def layer(self) -> Layer | None:
        """The layer shown, or None."""
        index = self.currentIndex()
        return self._layers[index] if index >= 0 else None

    def show_layers(self, layers: Sequence[Layer], chosen: Layer | None) -> None:
        """Offer `layers`, show `chosen`."""
        with signals_blocked(self):
            self._layers = list(layers)
            self.clear()
            self.addItems([layer.name for layer in layers])
            self.setCurrentIndex(self._layers.index(chosen) if chosen in self._layers else -1)
        name = "" if chosen is None else f"\n{chosen.name}"
        self.setToolTip(plain_tooltip(self._tooltip + name))
        self.setEnabled(bool(self._layers))

    def _on_activated(self, index: int) -> None:
        self.layer_chosen.emit(self._layers[index])
