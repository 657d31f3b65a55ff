"""Figures side by side, a row for each class, or whatever else they are of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_pixclass.core import ClassInfo

from ._sections import plain_tooltip
from ._swatch import SWATCH, swatch

ROW_ROOM = 9
MAX_ROWS = 8

Align = Qt.AlignmentFlag


class FiguresTable(QTableWidget):
    """A name in the first column, figures in the others; as high as it has rows, up to a limit.

    Parameters
    ----------
    headings
        Of each column what it is called, and what it means.
    max_rows
        Rows beyond these are scrolled.
    """

    def __init__(self, headings: Mapping[str, str], max_rows: int = MAX_ROWS) -> None:
        super().__init__(0, len(headings))
        self._max_rows = max_rows
        self.setHorizontalHeaderLabels(list(headings))
        for column, tooltip in enumerate(headings.values()):
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

    def show_classes(self, rows: Sequence[tuple[ClassInfo, Sequence[str]]]) -> None:
        """Show the figures of each class."""
        self.setRowCount(len(rows))
        for row, (info, figures) in enumerate(rows):
            tooltip = plain_tooltip(f"{info.name} ({info.value})")
            self.show_row(row, info.name, figures, tooltip, swatch(info.color))
        self.fit_height()

    def show_row(
        self,
        row: int,
        name: str,
        figures: Sequence[str],
        tooltip: str = "",
        icon: QIcon | None = None,
    ) -> None:
        """Show one row of those that there are."""
        first = QTableWidgetItem(name) if icon is None else QTableWidgetItem(icon, name)
        first.setToolTip(tooltip)
        self.setItem(row, 0, first)
        for column, text in enumerate(figures, start=1):
            item = QTableWidgetItem(text)
            item.setTextAlignment(Align.AlignRight | Align.AlignVCenter)
            self.setItem(row, column, item)

    def fit_height(self) -> None:
        """Be as high as the rows are many."""
        height = self.fontMetrics().height() + ROW_ROOM
        for row in range(self.rowCount()):
            self.setRowHeight(row, height)
        shown = min(self.rowCount(), self._max_rows)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + shown * height + 2)


def figure(value: float) -> str:
    """A figure between 0 and 1; a dash where it is undefined."""
    return "-" if math.isnan(value) else f"{value:.3f}"
