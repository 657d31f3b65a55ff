"""What the docks have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ._arrangement import Arrangement
from ._connections import Connections
from ._footer import Footer
from ._keys import DockKeys
from ._registry import session as session_of
from ._sections import MARGIN, SECTION_GAP, Panel
from ._status import ProblemOf

PREFERRED_WIDTH = 350


class Dock(QWidget):
    """Panels one below the other, scrollable where the window is low, above a footer that stays in sight.

    It listens to the session as long as it is open. napari takes a dock that the user closes out of the window without
    telling it, and a window that is closed takes its docks along: both break the connections.

    Parameters
    ----------
    viewer
        The napari viewer.
    problem_of
        What the status line complains about.

    Attributes
    ----------
    title
        What it is called in the manifest.
    """

    title: ClassVar[str]

    def __init__(self, viewer: Any, problem_of: ProblemOf) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.connections = Connections()
        self.panels: list[Panel] = []
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self._column.setSpacing(SECTION_GAP)
        self._column.addStretch(1)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll_area.setWidget(content)
        self.footer = Footer(self.session, self.connections, problem_of)
        self.footer.layout().setContentsMargins(MARGIN, 0, MARGIN, MARGIN)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.scroll_area, 1)
        layout.addWidget(self.footer)
        self.destroyed.connect(self.connections.close)
        self.keys = DockKeys(self.session.keys, self)
        self.arrangement = Arrangement(self, getattr(viewer, "__wrapped__", viewer))
        self.session.adopt_layers()
        self.session.warm_up()

    @staticmethod
    def kinds() -> dict[str, Callable[[Any], Dock]]:
        """All docks by their titles: what takes a viewer and makes one. Each knows this class, which knows none."""
        kinds: list[Any] = Dock.__subclasses__()
        return {kind.title: kind for kind in kinds}

    def add_panel(self, panel: Panel) -> None:
        """Add a panel below those that are there."""
        self.panels.append(panel)
        self._column.insertWidget(self._column.count() - 1, panel)

    def refresh(self) -> None:
        """Show the current state."""
        for panel in self.panels:
            panel.refresh()
        self.footer.refresh()

    def sizeHint(self) -> QSize:
        """As wide as a dock of napari's is comfortable, as high as its panels are."""
        height = self.scroll_area.widget().sizeHint().height() + self.footer.sizeHint().height()
        return QSize(PREFERRED_WIDTH, height)

    def event(self, event: QEvent) -> bool:
        """Listen to the session from the moment of being put into a window until being taken out of it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
        ):  # a key: nothing has been done about it yet
            self.keys.refresh()
        handled = bool(super().event(event))
        if event.type() == QEvent.Type.ParentChange:
            self._listen(self.parent() is not None)
            self.arrangement.moved()
        elif event.type() == QEvent.Type.Show:
            self._listen(True)
            self.arrangement.shown()
        elif event.type() == QEvent.Type.Close:
            self._listen(False)
        return handled

    def _listen(self, on: bool) -> None:
        if on == self.connections.is_open:
            return
        if on:
            self.connections.open()
            self.refresh()
        else:
            for panel in self.panels:
                panel.leave()
            self.connections.close()
            self.session.cancel_preview()
