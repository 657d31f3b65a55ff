"""The table of classes."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QShowEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from ._class_actions import ClassActions
from ._class_menu import ClassMenu
from ._eye import HIDDEN_ROLE, EyeDelegate
from ._row_drag import RowDrag
from ._sections import plain_tooltip, signals_blocked
from ._swatch import SWATCH, swatch
from ._viewer_session import ViewerSession

EYE, COLOR, NAME, PIXELS, STROKES = range(5)
HEADINGS = ("", "Class", "Name", "Pixels", "Strokes")
MIN_ROWS, MAX_ROWS = 3, 9
EYE_WIDTH = 24
ROW_ROOM = 9
CELL_MARGIN = 10
WIDEST_COUNT = "9,999,999"
MILLION = 1_000_000

Align = Qt.AlignmentFlag
Modifier = Qt.KeyboardModifier
Key = Qt.Key
STEPS = {Key.Key_Up: -1, Key.Key_Down: 1}
TABLE_KEYS = (*STEPS, Key.Key_Home, Key.Key_End, Key.Key_PageUp, Key.Key_PageDown, Key.Key_F2)
"""Keys that move in the table or edit it; all others are left to napari."""


class ClassTable(QTableWidget):
    """Eye, colour and value, name, and how much is labelled of each class; the row chosen is the one to paint."""

    color_requested = Signal(int)
    """The class value whose colour is to be chosen."""

    def __init__(self, session: ViewerSession, actions: ClassActions) -> None:
        super().__init__(0, len(HEADINGS))
        self._session = session
        self._actions = actions
        self.setHorizontalHeaderLabels(HEADINGS)
        self.setToolTip(
            "Click a class to paint with it, its colour to change it; double-click its name to rename it.\n"
            "Drag it to another row; right-click for more."
        )
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegateForColumn(EYE, EyeDelegate(self))
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().hide()
        self._lay_out_columns()
        self.menu = ClassMenu(session, self)
        self.drag = RowDrag(self, EYE)
        self._connect()

    def _lay_out_columns(self) -> None:
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(EYE_WIDTH)
        header.setDefaultAlignment(Align.AlignLeft | Align.AlignVCenter)
        for column in (PIXELS, STROKES):
            self.horizontalHeaderItem(column).setTextAlignment(
                Align.AlignRight | Align.AlignVCenter
            )
        for column in range(len(HEADINGS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(COLOR, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)

    def _connect(self) -> None:
        self.itemSelectionChanged.connect(self._on_selected)
        self.cellClicked.connect(self._on_clicked)
        self.itemChanged.connect(self._on_edited)
        self.drag.dropped.connect(self._on_dropped)
        self.menu.rename_requested.connect(self.rename)
        self.menu.color_requested.connect(self.color_requested.emit)
        self.menu.toggled.connect(self._actions.toggle)
        self.menu.step_requested.connect(self._actions.step)
        self.menu.merge.chosen.connect(self._actions.merge)
        self.menu.delete_requested.connect(self._actions.delete)

    @property
    def selected_value(self) -> int | None:
        """The class value of the row chosen, or None."""
        rows = self.selectionModel().selectedRows()
        return self._value_at(rows[0].row()) if rows else None

    def refresh(self) -> None:
        """Show the session's classes."""
        session = self._session
        counts, strokes, hidden = session.counts, session.stroke_counts, session.hidden_classes
        with signals_blocked(self):
            self.setRowCount(len(session.classes))
            for row, info in enumerate(session.classes):
                is_hidden = info.value in hidden
                eye = self._item(row, EYE)
                eye.setData(HIDDEN_ROLE, is_hidden)
                eye.setToolTip(
                    plain_tooltip(
                        f"{'Show' if is_hidden else 'Hide'} the probability of {info.name}."
                    )
                )
                color = self._item(row, COLOR, str(info.value), "Click to change the colour.")
                color.setIcon(swatch(info.color))
                hint = f"{info.name}\nDouble-click to rename, click to paint with it."
                self._item(row, NAME, info.name, hint)
                n_pixels, n_strokes = counts.get(info.value, 0), strokes.get(info.value, 0)
                for column, number in ((PIXELS, n_pixels), (STROKES, n_strokes)):
                    self._item(row, column, _short(number), _amount(n_pixels, n_strokes))
        self.show_selected(session.selected_class)
        self._fit_height()

    def show_selected(self, value: int | None) -> None:
        """Show which class is painted with; no row if it is none of them."""
        values = [info.value for info in self._session.classes]
        with signals_blocked(self):
            if value not in values:
                self.clearSelection()
            elif value != self.selected_value:  # choosing a row ends the editing of a name
                self.selectRow(values.index(value))
        self.viewport().update()

    def rename(self, value: int) -> None:
        """Let the user type another name for a class."""
        values = [info.value for info in self._session.classes]
        if value in values:
            self.setCurrentCell(values.index(value), NAME)
            self.editItem(self.item(values.index(value), NAME))

    def _item(self, row: int, column: int, text: str = "", tooltip: str = "") -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(flags | Qt.ItemFlag.ItemIsEditable if column == NAME else flags)
            if column in (PIXELS, STROKES):
                item.setTextAlignment(Align.AlignRight | Align.AlignVCenter)
            self.setItem(row, column, item)
        item.setText(text)  # a cell that stays as it is also leaves what is being typed into it
        item.setToolTip(plain_tooltip(tooltip))
        return item

    def changeEvent(self, event: QEvent) -> None:
        """Keep every row in sight when the theme, or being put into a window, changes how high they are."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit: only now the style is known."""
        super().showEvent(event)
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Have an eye shut or opened at once, without taking the brush."""
        index = self.indexAt(event.position().toPoint())
        if index.column() != EYE:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._actions.toggle(self._value_at(index.row()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take a fast second click on an eye for what it is."""
        if self.indexAt(event.position().toPoint()).column() == EYE:
            self.mousePressEvent(event)
        else:
            super().mouseDoubleClickEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done to a class: the one under the mouse, or the chosen one."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        if index.isValid():
            self.menu.open_for(self._value_at(index.row()), event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and move classes; let napari have the keys that mean nothing here."""
        value, key = self.selected_value, event.key()
        modifiers = event.modifiers() & ~Modifier.KeypadModifier
        if key == Key.Key_Delete and modifiers == Modifier.NoModifier:
            if value is not None and not event.isAutoRepeat():
                self._actions.delete(value)
        elif key in STEPS and modifiers == Modifier.ControlModifier | Modifier.ShiftModifier:
            if value is not None:
                self._actions.step(value, STEPS[Key(key)])
        elif key in TABLE_KEYS and modifiers == Modifier.NoModifier:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _fit(self) -> None:
        header, metrics = self.horizontalHeader(), self.fontMetrics()
        self.setColumnWidth(EYE, EYE_WIDTH)
        self.setColumnWidth(PIXELS, metrics.horizontalAdvance(WIDEST_COUNT) + CELL_MARGIN)
        heading = header.fontMetrics().horizontalAdvance(HEADINGS[STROKES])
        self.setColumnWidth(STROKES, heading + CELL_MARGIN)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + ROW_ROOM)
        self._fit_height()

    def _fit_height(self) -> None:
        rows = min(max(self.rowCount(), MIN_ROWS), MAX_ROWS)
        row_height = self.verticalHeader().defaultSectionSize()
        header = self.horizontalHeader()
        heading = header.height() if header.isVisible() else header.sizeHint().height()
        self.setFixedHeight(heading + rows * row_height + 2 * self.frameWidth())

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

    def _on_dropped(self, row: int, target: int) -> None:
        self._actions.move(self._value_at(row), target)

    def _on_edited(self, item: QTableWidgetItem) -> None:
        name = item.text().strip()
        if item.column() == NAME and name:
            self._actions.rename(self._value_at(item.row()), name)
        self.refresh()


def _short(number: int) -> str:
    """A number that fits into its column."""
    return f"{number:,}" if number < 10 * MILLION else f"{number / MILLION:,.1f} M"


def _amount(n_pixels: int, n_strokes: int) -> str:
    return f"{n_pixels:,} labelled pixels in {n_strokes:,} connected strokes, in all images trained on."
