"""Setting the contrast by dragging on the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from ._level_sample import Limits

DOUBLED_BY = 120
"""Dragging up this many pixels of the screen doubles the width."""
MOVED_BY = 400
"""Dragging to the right this many moves the centre by the width."""


class LevelsOwner(Protocol):
    """What the drag serves."""

    @property
    def dragging(self) -> bool:
        """Whether dragging sets the contrast."""

    @dragging.setter
    def dragging(self, on: bool) -> None: ...

    def adjustable_layer(self) -> Image | None:
        """The image layer whose contrast is meant; says why if there is none."""

    def say_limits(self, layer: Image, stay: bool = False) -> None:
        """Say what the contrast limits of a layer are."""


class LevelDrag:
    """A tool in the hand, from being made until `end`: meanwhile the active layer neither paints nor pans.

    Taking up another tool of the layer puts this one away.

    Parameters
    ----------
    levels
        Told what happens.
    viewer
        Held weakly.
    """

    def __init__(self, levels: LevelsOwner, viewer: ViewerModel) -> None:
        self._levels = levels
        self._viewer = ref(viewer)
        self._layer: Layer | None = None
        self._mode_before = ""
        viewer.mouse_drag_callbacks.append(self._on_drag)
        viewer.layers.selection.events.active.connect(self._on_active_layer)
        self._on_active_layer()

    def end(self) -> None:
        """Give the layer the tool back that it had."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.mouse_drag_callbacks.remove(self._on_drag)
            viewer.layers.selection.events.active.disconnect(self._on_active_layer)
        self._let_go()

    def _on_active_layer(self, event: Any = None) -> None:
        self._let_go()
        viewer = self._viewer()
        layer = None if viewer is None else viewer.layers.selection.active
        if layer is not None:
            self._layer, self._mode_before = layer, layer.mode
            layer.mode = "pan_zoom"
            layer.mouse_pan = False
            layer.events.mode.connect(self._on_other_tool)

    def _let_go(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None:
            layer.events.mode.disconnect(self._on_other_tool)
            layer.mode = self._mode_before
            layer.mouse_pan = layer.mode == "pan_zoom"

    def _on_other_tool(self, event: Any = None) -> None:
        if self._layer is not None:
            self._mode_before = self._layer.mode
            self._levels.dragging = False

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1 or event.modifiers:
            return
        layer = self._levels.adjustable_layer()
        if layer is None:
            return
        limits, (x, y) = tuple(layer.contrast_limits), event.pos
        smallest = 1.0 if layer.dtype.kind in "iu" else 0.0
        yield
        while event.type == "mouse_move" and self._levels.dragging:
            right, up = event.pos[0] - x, y - event.pos[1]
            layer.contrast_limits = dragged(limits, right, up, smallest)
            self._levels.say_limits(layer, stay=True)
            yield


def dragged(limits: Limits, right: float, up: float, smallest: float = 0.0) -> Limits:
    """Contrast limits after dragging so many pixels of the screen.

    Parameters
    ----------
    limits
        The two before.
    right
        Moves the centre, by the width before every `MOVED_BY` pixels.
    up
        Doubles the width every `DOUBLED_BY` pixels.
    smallest
        What the width is at least.
    """
    width = max(limits[1] - limits[0], smallest)
    centre = (limits[0] + limits[1]) / 2 + width * right / MOVED_BY
    width = max(width * 2 ** (up / DOUBLED_BY), smallest)
    return centre - width / 2, centre + width / 2
