"""The eye that shows or hides something."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from qtpy.QtGui import QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

HIDDEN_ROLE = Qt.ItemDataRole.UserRole
"""Where a cell says whether its eye is closed."""

WIDTH, HEIGHT = 14.0, 8.0
FAINT = 0.4


class EyeDelegate(QStyledItemDelegate):
    """Paints an open eye into a cell, or a faint one that is struck through, in the colour of the cell's text."""

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the cell and its eye."""
        super().paint(painter, option, index)
        if painter is None:
            return
        hidden = bool(index.data(HIDDEN_ROLE))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(FAINT if hidden else 1.0)
        painter.setPen(QPen(option.palette.text().color(), 1.3))
        middle = QRectF(option.rect).center()
        painter.drawPath(_lids(middle))
        if hidden:
            reach = QPointF(HEIGHT / 2 + 1, -HEIGHT / 2 - 1)
            painter.drawLine(middle - reach, middle + reach)
        else:
            painter.setBrush(option.palette.text())
            painter.drawEllipse(middle, HEIGHT / 4, HEIGHT / 4)
        painter.restore()


def _lids(middle: QPointF) -> QPainterPath:
    left, right = middle - QPointF(WIDTH / 2, 0), middle + QPointF(WIDTH / 2, 0)
    path = QPainterPath(left)
    path.quadTo(middle - QPointF(0, HEIGHT), right)
    path.quadTo(middle + QPointF(0, HEIGHT), left)
    return path
