"""The classes that are painted."""

from __future__ import annotations

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from ._class_table import ClassTable
from ._connections import Connections
from ._sections import Panel, PushButton
from ._viewer_session import ViewerSession


class ClassesPanel(Panel):
    """The table of classes, adding one, and removing one that nobody has painted."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Classes")
        self._session = session
        self._color_value = 0
        self.table = ClassTable(session)
        self.add = PushButton("Add class", "Add a class and paint with it.")
        self.remove = PushButton(
            "Remove class", "Remove the chosen class. Erase its labels first if it has any."
        )
        self.column.addWidget(self.table)
        self.add_row(self.add, self.remove)
        self.color_dialog = QColorDialog(self)
        self.color_dialog.colorSelected.connect(self._on_color)
        self.table.color_requested.connect(self._on_color_requested)
        self.table.itemSelectionChanged.connect(self._enable_buttons)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)
        connections.add(session.classes_changed, self.refresh)
        connections.add(session.counts_changed, self.refresh)
        connections.add(session.selected_class_changed, self._on_selected_class)

    def refresh(self) -> None:
        """Show the current state."""
        self.table.refresh()
        self._enable_buttons()

    def _enable_buttons(self) -> None:
        value = self.table.selected_value
        unpainted = value is not None and not self._session.counts.get(value)
        self.remove.setEnabled(unpainted and len(self._session.classes) > 1)

    def _on_selected_class(self, value: int | None) -> None:
        self.table.show_selected(value)
        self._enable_buttons()

    def _on_add(self) -> None:
        self._session.select_class(self._session.add_class().value)

    def _on_remove(self) -> None:
        value = self.table.selected_value
        remaining = [info for info in self._session.classes if info.value != value]
        self._session.classes = remaining
        self._session.select_class(remaining[-1].value)

    def _on_color_requested(self, value: int) -> None:
        self._color_value = value
        color = next(info.color for info in self._session.classes if info.value == value)
        self.color_dialog.setCurrentColor(QColor(color))
        self.color_dialog.open()

    def _on_color(self, color: QColor) -> None:
        self._session.change_class(self._color_value, color=color.name())
