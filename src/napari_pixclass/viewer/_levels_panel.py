"""Setting the contrast of the image."""

from __future__ import annotations

from ._connections import Connections
from ._sections import Panel, PushButton
from ._viewer_session import ViewerSession

FIT = "Spread the contrast of the current image over the values that are on screen."
DRAG = (
    "Set the contrast of the current image by dragging on it: up and down for the width, left and right for the "
    "centre. Press again to go on painting."
)
NONE = "There is no image whose contrast could be set."
RGB = "The colours of an RGB image are shown as they are, without contrast limits."


class LevelsPanel(Panel):
    """Contrast from what is on screen, and contrast by dragging."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Contrast")
        self._session = session
        self.fit = PushButton("Auto", FIT)
        self.drag = PushButton("Drag", DRAG)
        self.drag.setCheckable(True)
        self.add_row(self.fit, self.drag)
        self.fit.clicked.connect(self._on_fit)
        self.drag.clicked.connect(self._on_drag)
        connections.add(session.levels.dragging_changed, self._on_dragging)
        for signal in (session.layers_changed, session.active_layer_changed):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        layer = self._session.levels.layer
        problem = NONE if layer is None else RGB if layer.rgb else None
        dragging = self._session.levels.dragging
        self.fit.setEnabled(problem is None)
        self.fit.setToolTip(problem or FIT)
        self.drag.setEnabled(problem is None or dragging)
        self.drag.setToolTip(problem or DRAG)
        self.drag.setChecked(dragging)

    def _on_dragging(self, on: bool) -> None:
        self.refresh()

    def _on_fit(self) -> None:
        self._session.levels.fit_visible()

    def _on_drag(self, on: bool) -> None:
        self._session.levels.dragging = on
        self.refresh()
