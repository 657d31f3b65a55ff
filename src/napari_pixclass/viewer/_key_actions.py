"""What the keys do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from napari_pixclass.core import Output

from ._sources import LayerImage, LayerLabels

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

    from ._viewer_session import ViewerSession

PAINTING = ("paint", "fill", "polygon")
"""Modes of a labels layer that paint a class."""


class KeyActions:
    """Does in one stroke of a key what takes a walk with the mouse.

    Parameters
    ----------
    session
        The session of the viewer.
    viewer
        Held weakly.
    """

    def __init__(self, session: ViewerSession, viewer: ViewerModel) -> None:
        self._session = session
        self._viewer = ref(viewer)
        self._mode_before: WeakKeyDictionary[Labels, str] = WeakKeyDictionary()
        self._shown_before: dict[Output, WeakSet[Layer]] = {}

    def paint_class(self, number: int) -> None:
        """Take the brush with the class in a row of the table, from 1."""
        classes = self._session.classes
        if number > len(classes):
            self._say(f"There is no class in row {number} of the table.")
        elif not self._painted_layers:
            self._say("There are no labels to paint on: choose some, or make new ones.")
        else:
            self._session.select_class(classes[number - 1].value)

    def toggle_eraser(self) -> None:
        """Take the eraser; if that is in hand, what was in hand before."""
        layers, viewer = self._painted_layers, self._viewer()
        if not layers or viewer is None:
            self._say("There are no labels to erase.")
            return
        layer = viewer.layers.selection.active
        if layer not in layers:
            layer = viewer.layers.selection.active = layers[-1]
        if layer.mode == "erase":
            layer.mode = self._mode_before.get(layer, "paint")
            return
        self._mode_before[layer] = layer.mode if layer.mode in PAINTING else "paint"
        layer.mode = "erase"
        if layer.mode != "erase":  # napari lets nobody erase there
            self._say(f"{layer.name} cannot be erased: it is hidden or locked.")

    def toggle_output(self, output: Output) -> None:
        """Show or hide an output of the image being predicted; where there is none yet, have it predicted or not."""
        layers = self._output_layers(output)
        if not layers:
            self._session.outputs ^= {output}
            will = "will be" if output in self._session.outputs else "will not be"
            self._say(f"{output.capitalize()} {will} predicted.")
            return
        shown = [layer for layer in layers if layer.visible]
        if shown:
            self._shown_before[output] = WeakSet(shown)
        else:
            before = self._shown_before.get(output, ())
            shown = [layer for layer in layers if layer in before] or layers
        visible = not shown[0].visible
        for layer in shown:
            layer.visible = visible
        self._say(f"{output.capitalize()} {'shown' if visible else 'hidden'}.")

    def toggle_live_update(self) -> None:
        """Turn live update on or off."""
        self._session.live_update = not self._session.live_update
        self._say(f"Live update is {'on' if self._session.live_update else 'off'}.")

    def train(self) -> None:
        """Train, as the button does."""
        try:
            self._session.train()
        except ValueError as error:
            self._say(str(error))

    def next_place(self) -> None:
        """Go to where a stroke would help most."""
        try:
            self._session.next_place()
        except ValueError as error:
            self._say(str(error))

    def previous_place(self) -> None:
        """Go back to the place before."""
        if not self._session.has_previous_place:
            self._say("There is no place before this one.")
        self._session.previous_place()

    def save_project(self) -> None:
        """Save the project, if it has a name."""
        if self._session.project.path is None:
            self._say("The project has no name yet: press Save in the Train dock.")
        else:
            try:
                self._session.save_project()
            except ValueError as error:
                self._say(str(error))

    def level_automatically(self) -> None:
        """Give what is on screen all the contrast there is."""
        self._session.levels.fit_visible()

    def toggle_level_dragging(self) -> None:
        """Set the contrast by dragging, or no longer."""
        self._session.levels.dragging = not self._session.levels.dragging

    @property
    def _painted_layers(self) -> list[Any]:
        sources = [pair.labels for pair in self._session.pairs]
        return [source.layer for source in sources if isinstance(source, LayerLabels)]

    def _output_layers(self, output: Output) -> list[Layer]:
        target = self._session.target
        if not isinstance(target, LayerImage):
            return []
        outputs = self._session.output_layers.of(target.layer)
        if output == "probabilities":
            return [layer for key, layer in outputs.items() if isinstance(key, int)]
        return [outputs[output]] if output in outputs else []

    def _say(self, notice: str) -> None:
        self._session.status.say(notice)


Act = Callable[[KeyActions], None]
