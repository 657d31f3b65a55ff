"""Menus of what can be done to a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtCore import QPoint
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QWidget

from ._classifier_panel import shorten
from ._swatch import swatch

if TYPE_CHECKING:
    from ._viewer_session import ViewerSession


class MergeMenu(QMenu):
    """The classes that another one can be merged into."""

    chosen = Signal(int, int)
    """Value of the class that is merged, and of the one it becomes."""

    def __init__(self, session: ViewerSession, parent: QWidget) -> None:
        super().__init__("Merge into", parent)
        self._session = session
        self._value: int | None = None
        self.triggered.connect(self._on_triggered)

    def show_for(self, value: int | None) -> None:
        """Offer all classes but one."""
        self._value = value
        self.clear()
        for info in self._session.classes:
            if info.value != value:
                # An ampersand would underline the letter behind it.
                name = shorten(info.name).replace("&", "&&")
                action = self.addAction(swatch(info.color), name)
                action.setData(info.value)
        self.setEnabled(value is not None and not self.isEmpty())

    def _on_triggered(self, action: QAction) -> None:
        if self._value is not None:
            self.chosen.emit(self._value, action.data())


class ClassMenu(QMenu):
    """All that can be done to the class under the mouse."""

    rename_requested = Signal(int)
    color_requested = Signal(int)
    toggled = Signal(int)
    delete_requested = Signal(int)
    step_requested = Signal(int, int)
    """Class value, and how many rows it is to go down."""

    def __init__(self, session: ViewerSession, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._value = 0
        self.rename = self._add("Rename", "F2")
        self.recolor = self._add("Change colour…")
        self.visibility = self._add("")
        self.addSeparator()
        self.up = self._add("Move up", "Ctrl+Shift+Up")
        self.down = self._add("Move down", "Ctrl+Shift+Down")
        self.addSeparator()
        self.merge = MergeMenu(session, self)
        self.addMenu(self.merge)
        self.delete = self._add("Delete", "Del")
        self.triggered.connect(self._on_triggered)

    def _add(self, text: str, key: str = "") -> QAction:
        # The key is shown only: the table itself hears it.
        action: QAction = self.addAction(f"{text}\t{key}" if key else text)
        return action

    def open_for(self, value: int, position: QPoint) -> None:
        """Open at a position of the screen."""
        self._value = value
        values = [info.value for info in self._session.classes]
        row, n_classes = values.index(value), len(values)
        hidden = value in self._session.hidden_classes
        self.visibility.setText("Show probability" if hidden else "Hide probability")
        self.up.setEnabled(row > 0)
        self.down.setEnabled(row < n_classes - 1)
        self.delete.setEnabled(n_classes > 1)
        self.merge.show_for(value)
        self.popup(position)

    def _on_triggered(self, action: QAction) -> None:
        if action in (self.up, self.down):
            self.step_requested.emit(self._value, 1 if action is self.down else -1)
        for own, signal in (
            (self.rename, self.rename_requested),
            (self.recolor, self.color_requested),
            (self.visibility, self.toggled),
            (self.delete, self.delete_requested),
        ):
            if action is own:
                signal.emit(self._value)
