"""How often probabilities were right, as a picture in the dock."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_pixclass.core import Calibration, ReliabilityBin

AFTER = QColor(61, 139, 253)
"""Colour of calibrated probabilities; others have that of the text."""
HEIGHT = 200
DOT = 3.5
FAINT = 0.25

Align = Qt.AlignmentFlag


class ReliabilityView(QWidget):
    """Probabilities to the right, how often they were right upwards; below, the strokes behind each point."""

    def __init__(self) -> None:
        super().__init__()
        self._calibration: Calibration | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_calibration(self, calibration: Calibration) -> None:
        """Show how often probabilities were right."""
        if calibration is not self._calibration:
            self._calibration = calibration
            self.update()

    def sizeHint(self) -> QSize:
        """Lower than a window is high."""
        return QSize(200, HEIGHT)

    @property
    def _line(self) -> int:
        return int(self.fontMetrics().height())

    @property
    def _frame(self) -> QRectF:
        """Where the points lie."""
        left = self.fontMetrics().horizontalAdvance("strokes") + 6
        bottom = 3 * self._line + 10
        return QRectF(
            left, self._line + 4, self.width() - left - 8, self.height() - self._line - bottom
        )

    @property
    def _first(self) -> float:
        """Where the axis of the probabilities begins: nothing lies below."""
        calibration = self._calibration
        bins = () if calibration is None else (*calibration.bins, *calibration.sharpened_bins)
        return min((one.lowest for one in bins), default=0.0)

    def _at(self, predicted: float, right: float) -> QPointF:
        frame, first = self._frame, self._first
        x = frame.left() + (predicted - first) / (1 - first) * frame.width()
        return QPointF(x, frame.bottom() - right * frame.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        calibration = self._calibration
        if calibration is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().windowText().color()
        self._draw_axes(painter, text)
        self._draw_points(painter, calibration.sharpened_bins, AFTER, True)
        self._draw_points(painter, calibration.bins, text, False)
        self._draw_legend(painter, text)
        self._draw_strokes(painter, calibration.bins, text)

    def _draw_axes(self, painter: QPainter, text: QColor) -> None:
        frame, first = self._frame, self._first
        faint = QColor(text)
        faint.setAlphaF(FAINT)
        painter.setPen(QPen(faint, 1))
        for right in (0, 0.5, 1):
            painter.drawLine(self._at(first, right), self._at(1, right))
        painter.setPen(QPen(faint, 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(self._at(first, first), self._at(1, 1))
        painter.setPen(text)
        for right in (0, 0.5, 1):
            height = self._at(first, right).y()
            place = QRectF(0, height - self._line / 2, frame.left() - 5, self._line)
            painter.drawText(place, Align.AlignRight | Align.AlignVCenter, f"{right:g}")
        for tenth in range(round(10 * first), 11):
            place = self._below(tenth / 10, 0)
            painter.drawText(place, Align.AlignCenter, f"{tenth / 10:g}")
        left = QRectF(0, 0, self.width(), self._line)
        painter.drawText(left, Align.AlignLeft, "right")
        foot = QRectF(frame.left(), self._below(1, 2).top(), frame.width(), self._line)
        painter.drawText(foot, Align.AlignCenter, "probability of the class that was chosen")

    def _below(self, predicted: float, line: int) -> QRectF:
        """A place for a few digits below a probability."""
        frame = self._frame
        middle = self._at(predicted, 0).x()
        return QRectF(middle - 20, frame.bottom() + 4 + line * self._line, 40, self._line)

    def _draw_points(
        self, painter: QPainter, bins: Sequence[ReliabilityBin], color: QColor, filled: bool
    ) -> None:
        points = [self._at(one.predicted, one.right) for one in bins]
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(color if filled else self.palette().window().color())
        for point in points:
            painter.drawEllipse(point, DOT, DOT)

    def _draw_legend(self, painter: QPainter, text: QColor) -> None:
        right = float(self.width() - 8)
        for words, color, filled in (("calibrated", AFTER, True), ("as predicted", text, False)):
            width = self.fontMetrics().horizontalAdvance(words)
            painter.setPen(text)
            place = QRectF(right - width, 0, width + 1, self._line)
            painter.drawText(place, Align.AlignLeft | Align.AlignVCenter, words)
            painter.setPen(QPen(color, 1.5))
            painter.setBrush(color if filled else self.palette().window().color())
            painter.drawEllipse(QPointF(right - width - 9, self._line / 2), DOT, DOT)
            right -= width + 26

    def _draw_strokes(
        self, painter: QPainter, bins: Sequence[ReliabilityBin], text: QColor
    ) -> None:
        painter.setPen(text)
        row = QRectF(0, self._below(1, 1).top(), self._frame.left() - 5, self._line)
        painter.drawText(row, Align.AlignLeft | Align.AlignVCenter, "strokes")
        for one in bins:
            middle = (one.lowest + one.highest) / 2
            painter.drawText(self._below(middle, 1), Align.AlignCenter, str(one.n_strokes))

    def event(self, event: QEvent) -> bool:
        """Tell what is below the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.told_at(event.pos().x()), self)
            return True
        return bool(super().event(event))

    def told_at(self, x: float) -> str:
        """What is said about the probabilities so far to the right; nothing where there are none."""
        calibration = self._calibration
        for one in () if calibration is None else calibration.bins:
            if self._at(one.lowest, 0).x() <= x < self._at(one.highest, 0).x():
                return (
                    f"Probabilities from {one.lowest:g} to {one.highest:g}, {one.predicted:.2f} on average, were right "
                    f"in {one.right:.0%} of the cases:\n{one.n_pixels:,} pixels of {one.n_strokes} strokes"
                )
        return ""
