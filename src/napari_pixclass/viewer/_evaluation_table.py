"""The figures of each class."""

from __future__ import annotations

import math

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_pixclass.core import ConfusionMatrix

from ._sections import plain_tooltip
from ._swatch import SWATCH, swatch

HEADINGS = {
    "Class": "Name and colour.",
    "Pixels": "Pixels of this class in the truth.",
    "IoU": "Intersection over union (Jaccard): shared pixels, divided by those of either.",
    "Dice": "Twice the shared pixels, divided by those of both together (F1 score).",
    "Prec.": "Precision: share of the pixels that were called this which are it.",
    "Recall": "Share of the pixels that are this which were called so.",
}
ROW_ROOM = 9
MAX_ROWS = 8

Align = Qt.AlignmentFlag


class ClassFigures(QTableWidget):
    """A row for each class: pixels of truth, IoU, Dice, precision and recall."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self.setHorizontalHeaderLabels(list(HEADINGS))
        for column, tooltip in enumerate(HEADINGS.values()):
            item = self.horizontalHeaderItem(column)
            item.setToolTip(tooltip)
            item.setTextAlignment(
                Align.AlignVCenter | (Align.AlignRight if column else Align.AlignLeft)
            )
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_matrix(self, matrix: ConfusionMatrix) -> None:
        """Show the figures of a matrix."""
        columns = (matrix.iou, matrix.dice, matrix.precision, matrix.recall)
        rows = list(zip(matrix.classes, matrix.support, *columns, strict=True))
        self.setRowCount(len(rows))
        height = self.fontMetrics().height() + ROW_ROOM
        for row, (info, support, *figures) in enumerate(rows):
            name = QTableWidgetItem(swatch(info.color), info.name)
            name.setToolTip(plain_tooltip(f"{info.name} ({info.value})"))
            self.setItem(row, 0, name)
            for column, text in enumerate([f"{support:,}", *map(figure, figures)], start=1):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Align.AlignRight | Align.AlignVCenter)
                self.setItem(row, column, item)
            self.setRowHeight(row, height)
        shown = min(len(rows), MAX_ROWS)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * height + 2)


def figure(value: float) -> str:
    """A figure between 0 and 1; a dash where it is undefined."""
    return "-" if math.isnan(value) else f"{value:.3f}"
