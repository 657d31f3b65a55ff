"""The confusion matrix as a picture in the dock."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QRect, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_pixclass.core import ConfusionMatrix

from ._sections import plain_tooltip
from ._swatch import SWATCH

FULL = QColor(61, 139, 253)
"""Colour of a cell that holds all pixels of its row."""
NAMES = 0.3
"""Share of the width for the names of the classes."""
HIGH, LOW = 26, 12
"""Height of a row, of few classes and of many."""
MANY = 12
LEAST_WITH_NUMBERS = 40
"""Width of a cell below which there is no room for a number, in pixels."""

Align = Qt.AlignmentFlag


class ConfusionView(QWidget):
    """True classes below each other, predicted ones side by side; each row is shaded by the shares of its pixels.

    Parameters
    ----------
    told
        What is said about a cell, with ``{true}`` and ``{given}``.
    """

    def __init__(self, told: str = "{true} in truth, {given}") -> None:
        super().__init__()
        self._told = told
        self._matrix: ConfusionMatrix | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_matrix(self, matrix: ConfusionMatrix) -> None:
        """Show a matrix."""
        self._matrix = matrix
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As high as the classes are many."""
        n_rows = 0 if self._matrix is None else len(self._matrix.classes)
        return QSize(200, SWATCH + 6 + n_rows * self._row_height(n_rows))

    @staticmethod
    def _row_height(n_rows: int) -> int:
        return HIGH if n_rows <= MANY else LOW

    def _n_columns(self, matrix: ConfusionMatrix) -> int:
        return len(matrix.classes) + bool(matrix.missed.any())

    def _cell(self, matrix: ConfusionMatrix, row: int, column: int) -> QRect:
        left = round(NAMES * self.width())
        width = (self.width() - left) / self._n_columns(matrix)
        height = self._row_height(len(matrix.classes))
        start, stop = (left + round(width * number) for number in (column, column + 1))
        return QRect(start, SWATCH + 6 + row * height, stop - start - 1, height - 1)

    def share(self, row: int, column: int) -> float:
        """Share of the pixels of a true class that were given a class; the last column may be none at all."""
        matrix = self._matrix
        if matrix is None or not matrix.support[row]:
            return 0.0
        is_class = column < len(matrix.classes)
        count = matrix.confusion[row, column] if is_class else matrix.missed[row]
        return float(count) / matrix.support[row]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        matrix = self._matrix
        if matrix is None:
            return
        painter = QPainter(self)
        for row in range(len(matrix.classes)):
            for column in range(self._n_columns(matrix)):
                self._draw_cell(painter, self._cell(matrix, row, column), self.share(row, column))
            self._draw_name(painter, matrix, row)
        if self._n_columns(matrix) > len(matrix.classes):
            head = self._cell(matrix, 0, len(matrix.classes))
            head.setRect(head.left(), 0, head.width(), SWATCH)
            painter.drawText(head, Align.AlignCenter, "none")

    def _draw_cell(self, painter: QPainter, cell: QRect, share: float) -> None:
        shade = QColor(FULL)
        shade.setAlphaF(0.06 + 0.84 * share)
        painter.fillRect(cell, shade)
        if cell.width() >= LEAST_WITH_NUMBERS and cell.height() > LOW:
            painter.setPen(self.palette().windowText().color())
            text = f"{share:.1%}" if 0 < share < 1 else f"{share:.0%}"
            painter.drawText(cell, Align.AlignCenter, text)

    def _draw_name(self, painter: QPainter, matrix: ConfusionMatrix, number: int) -> None:
        """The name before a row, and its colour above the column."""
        info = matrix.classes[number]
        row, column = self._cell(matrix, number, 0), self._cell(matrix, 0, number)
        size = min(SWATCH, row.height() - 2, column.width())
        color = QColor(info.color)
        painter.fillRect(0, row.center().y() - size // 2, size, size, color)
        painter.fillRect(column.center().x() - size // 2, SWATCH - size, size, size, color)
        if row.height() > LOW:
            painter.setPen(self.palette().windowText().color())
            place = QRect(SWATCH + 5, row.top(), row.left() - SWATCH - 10, row.height())
            elide = Qt.TextElideMode.ElideRight
            name = painter.fontMetrics().elidedText(info.name, elide, place.width())
            painter.drawText(place, Align.AlignLeft | Align.AlignVCenter, name)

    def event(self, event: QEvent) -> bool:
        """Tell what is below the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tooltip(self.told_at(event.pos())), self)
            return True
        return bool(super().event(event))

    def told_at(self, position: object) -> str:
        """What is said about the cell at a position; nothing elsewhere."""
        matrix = self._matrix
        if matrix is None:
            return ""
        for row, true in enumerate(matrix.classes):
            for column in range(self._n_columns(matrix)):
                if self._cell(matrix, row, column).contains(position):
                    is_class = column < len(matrix.classes)
                    given = (
                        f"predicted as {matrix.classes[column].name}" if is_class else "no class"
                    )
                    count = int(matrix.confusion[row, column] if is_class else matrix.missed[row])
                    share = f"{self.share(row, column):.2%} of {true.name}"
                    cell = self._told.format(true=true.name, given=given)
                    return f"{cell}:\n{count:,} pixels, {share}"
        return ""
