"""The table of classes."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap, QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from ._sections import plain_tooltip, signals_blocked
from ._viewer_session import ViewerSession

COLOR, NAME, COUNT = range(3)
SWATCH = 14
MIN_ROWS, MAX_ROWS = 3, 8


class ClassTable(QTableWidget):
    """Colour and value, name, and number of labelled pixels of each class; the row chosen is the one to paint."""

    color_requested = Signal(int)
    """The class value whose colour was clicked."""

    def __init__(self, session: ViewerSession) -> None:
        super().__init__(0, 3)
        self._session = session
        self.setHorizontalHeaderLabels(["Class", "Name", "Pixels"])
        self.setToolTip(
            "Click a class to paint with it, its colour to change it; double-click its name to rename it."
        )
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        for column, mode in (
            (COLOR, QHeaderView.ResizeMode.ResizeToContents),
            (NAME, QHeaderView.ResizeMode.Stretch),
            (COUNT, QHeaderView.ResizeMode.ResizeToContents),
        ):
            header.setSectionResizeMode(column, mode)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.itemSelectionChanged.connect(self._on_selected)
        self.cellClicked.connect(self._on_clicked)
        self.itemChanged.connect(self._on_edited)

    @property
    def selected_value(self) -> int | None:
        """The class value of the row chosen, or None."""
        rows = self.selectionModel().selectedRows()
        return self._value_at(rows[0].row()) if rows else None

    def refresh(self) -> None:
        """Show the session's classes."""
        classes, counts = self._session.classes, self._session.counts
        with signals_blocked(self):
            self.setRowCount(len(classes))
            for row, info in enumerate(classes):
                color = self._item(row, COLOR, str(info.value))
                color.setIcon(_swatch(info.color))
                name = self._item(row, NAME, info.name)
                name.setFlags(name.flags() | Qt.ItemFlag.ItemIsEditable)
                name.setToolTip(
                    plain_tooltip(f"{info.name}\nDouble-click to rename, click to paint with it.")
                )
                count = self._item(row, COUNT, f"{counts.get(info.value, 0):,}")
                count.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                color.setToolTip("Click to change the colour.")
                count.setToolTip("Labelled pixels of this class in all images trained on.")
        self.show_selected(self._session.selected_class)
        self._fit_height()

    def show_selected(self, value: int | None) -> None:
        """Show which class is painted with; no row if it is none of them."""
        values = [info.value for info in self._session.classes]
        with signals_blocked(self):
            if value in values:
                self.selectRow(values.index(value))
            else:
                self.clearSelection()
        self.viewport().update()

    def _item(self, row: int, column: int, text: str) -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.setItem(row, column, item)
        item.setText(text)
        return item

    def changeEvent(self, event: QEvent) -> None:
        """Keep every row in sight when the theme, or being put into a window, changes how high they are."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit_height()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit: only now the style is known."""
        super().showEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        rows = min(max(self.rowCount(), MIN_ROWS), MAX_ROWS)
        header = self.verticalHeader()
        row_height = header.sectionSize(0) if self.rowCount() else header.defaultSectionSize()
        around = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        self.setFixedHeight(around + rows * row_height + 2)

    def _value_at(self, row: int) -> int:
        return self._session.classes[row].value

    def _on_selected(self) -> None:
        if self.selected_value is not None:
            self._session.select_class(self.selected_value)

    def _on_clicked(self, row: int, column: int) -> None:
        # Also where the row was chosen before: the user may be coming back from another tool.
        self._session.select_class(self._value_at(row))
        if column == COLOR:
            self.color_requested.emit(self._value_at(row))

    def _on_edited(self, item: QTableWidgetItem) -> None:
        name = item.text().strip()
        if item.column() == NAME and name:
            self._session.change_class(self._value_at(item.row()), name=name)
        self.refresh()


def _swatch(color: str) -> QIcon:
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(QColor(color))
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # Qt would tint it
    return icon
