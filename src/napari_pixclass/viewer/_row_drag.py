"""Rows of a table that are dragged to another place."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, QPoint, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication, QFrame, QTableWidget

LINE_HEIGHT = 2


class RowDrag(QObject):
    """Watches the mouse on a table: a row that is dragged shows a line where it would go.

    Qt's own dragging of table rows drops cells into cells; and its drags run an event loop of their own, in which
    the table would be changed by what happens meanwhile.

    Parameters
    ----------
    table
        Its rows are dragged; it moves none itself.
    fixed_column
        A column whose cells are buttons, from where nothing is dragged.
    """

    dropped = Signal(int, int)
    """Row that was dragged, and the row it is to be."""

    def __init__(self, table: QTableWidget, fixed_column: int) -> None:
        super().__init__(table)
        self._table = table
        self._fixed_column = fixed_column
        self._start = QPoint()
        self._row: int | None = None
        self._gap: int | None = None
        self._line = QFrame(table.viewport())
        self._line.hide()
        table.installEventFilter(self)
        table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the mouse from the table as long as a button is held: it would select what is dragged over."""
        if isinstance(event, QMouseEvent):
            if event.type() == QEvent.Type.MouseButtonPress:
                self._press(event)
            elif event.type() == QEvent.Type.MouseMove:
                return self._move(event)
            elif event.type() == QEvent.Type.MouseButtonRelease:
                return self._release()
        elif isinstance(event, QKeyEvent) and self._gap is not None:
            if event.key() == Qt.Key.Key_Escape:
                self._stop()
            return True
        return False

    def _press(self, event: QMouseEvent) -> None:
        self._stop()
        index = self._table.indexAt(event.position().toPoint())
        is_handle = index.isValid() and index.column() != self._fixed_column
        if is_handle and event.button() == Qt.MouseButton.LeftButton:
            self._start, self._row = event.position().toPoint(), index.row()
            color = self._table.palette().text().color().name()  # of the theme
            self._line.setStyleSheet(f"background-color: {color};")

    def _move(self, event: QMouseEvent) -> bool:
        position = event.position().toPoint()
        far = (position - self._start).manhattanLength() >= QApplication.startDragDistance()
        if self._row is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if far or self._gap is not None:
                self._show_gap(position.y())
            return True
        return bool(event.buttons())

    def _release(self) -> bool:
        row, gap = self._row, self._gap
        self._stop()
        if row is None or gap is None:
            return False
        target = gap if gap <= row else gap - 1
        if target != row:
            self.dropped.emit(row, target)
        return True

    def _show_gap(self, y: int) -> None:
        """Draw the line between the rows that are nearest."""
        table, last = self._table, self._table.rowCount() - 1
        row = table.rowAt(min(max(y, 0), table.viewport().height() - 1))
        row = last if row < 0 else row
        table.scrollTo(table.model().index(row, 0))
        top, height = table.rowViewportPosition(row), table.rowHeight(row)
        self._gap = row + (y > top + height / 2)
        edge = top + (height if self._gap > row else 0)
        at = min(max(edge - LINE_HEIGHT // 2, 0), table.viewport().height() - LINE_HEIGHT)
        self._line.setGeometry(0, at, table.viewport().width(), LINE_HEIGHT)
        self._line.show()
        self._line.raise_()

    def _stop(self) -> None:
        self._row = self._gap = None
        self._line.hide()
