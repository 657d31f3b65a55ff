"""The classes that are painted."""

from __future__ import annotations

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from ._class_actions import ClassActions
from ._class_menu import MergeMenu
from ._class_table import ClassTable
from ._connections import Connections
from ._sections import Panel, PushButton
from ._viewer_session import ViewerSession


class ClassesPanel(Panel):
    """The table of classes; adding, deleting and merging them."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Classes")
        self._session = session
        self._color_value = 0
        self.actions_ = ClassActions(session)
        self.table = ClassTable(session, self.actions_)
        self.add = PushButton("Add", "Add a class and paint with it.")
        self.delete = PushButton(
            "Delete",
            "Delete the chosen class and erase its labels (Del). Undo in the labels layer brings both back.",
        )
        self.merge = PushButton(
            "Merge into", "Make the labels of the chosen class those of another one."
        )
        self.merge_menu = MergeMenu(session, self)
        self.merge.setMenu(self.merge_menu)
        self.column.addWidget(self.table)
        self.add_row(self.add, self.delete, self.merge)
        self.color_dialog = QColorDialog(self)
        self.color_dialog.colorSelected.connect(self._on_color)
        self.table.color_requested.connect(self._on_color_requested)
        self.table.itemSelectionChanged.connect(self._enable_buttons)
        self.add.clicked.connect(self.actions_.add)
        self.delete.clicked.connect(self._on_delete)
        self.merge_menu.aboutToShow.connect(self._on_merge)
        self.merge_menu.chosen.connect(self.actions_.merge)
        for signal in (
            session.classes_changed,
            session.counts_changed,
            session.hidden_classes_changed,
        ):
            connections.add(signal, self.refresh)
        connections.add(session.selected_class_changed, self._on_selected_class)

    def refresh(self) -> None:
        """Show the current state."""
        self.table.refresh()
        self._enable_buttons()

    def _enable_buttons(self) -> None:
        several = len(self._session.classes) > 1 and self.table.selected_value is not None
        self.delete.setEnabled(several)
        self.merge.setEnabled(several)

    def _on_selected_class(self, value: int | None) -> None:
        self.table.show_selected(value)
        self._enable_buttons()

    def _on_delete(self) -> None:
        if self.table.selected_value is not None:
            self.actions_.delete(self.table.selected_value)

    def _on_merge(self) -> None:
        self.merge_menu.show_for(self.table.selected_value)

    def _on_color_requested(self, value: int) -> None:
        colors = {info.value: info.color for info in self._session.classes}
        if value in colors:
            self._color_value = value
            self.color_dialog.setCurrentColor(QColor(colors[value]))
            self.color_dialog.open()

    def _on_color(self, color: QColor) -> None:
        self.actions_.recolor(self._color_value, color.name())
