"""The list of suspicious strokes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_pixclass.session import DoubtfulStroke

from ._sections import plain_tooltip, signals_blocked
from ._swatch import SWATCH, swatch

LABEL, PIXELS, LOOKS_LIKE, SURE = range(4)
HEADINGS = ("Painted as", "Pixels", "Looks like", "Sure")
N_ROWS = 5
"""Rows in sight; others are scrolled to."""
ROW_ROOM = 9

Key = Qt.Key
OWN_KEYS = (Key.Key_Up, Key.Key_Down, Key.Key_Home, Key.Key_End, Key.Key_PageUp, Key.Key_PageDown)
"""Keys that move in the list; all others are left to napari."""


class SuspicionList(QTableWidget):
    """What each stroke is painted as, its size, what it looks like, and how sure that is."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self.doubtful: tuple[DoubtfulStroke, ...] = ()
        self.setHorizontalHeaderLabels(HEADINGS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + ROW_ROOM)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        for column in range(len(HEADINGS)):
            name = column in (LABEL, LOOKS_LIKE)
            resize = QHeaderView.ResizeMode
            header.setSectionResizeMode(column, resize.Stretch if name else resize.ResizeToContents)
            side = Qt.AlignmentFlag.AlignLeft if name else Qt.AlignmentFlag.AlignRight
            self.horizontalHeaderItem(column).setTextAlignment(
                side | Qt.AlignmentFlag.AlignVCenter
            )

    def show_strokes(self, doubtful: Sequence[DoubtfulStroke]) -> None:
        """Show these strokes; the one that is chosen stays chosen, or the next one is where it was."""
        row, chosen = self.currentRow(), self.chosen
        self.doubtful = tuple(doubtful)
        with signals_blocked(self):
            self.setRowCount(len(self.doubtful))
            for index, one in enumerate(self.doubtful):
                self._show_row(index, one)
            if chosen in self.doubtful:
                row = self.doubtful.index(chosen)
            row = min(row, len(self.doubtful) - 1)
            if row >= 0:
                self.selectRow(row)
            else:
                self.clearSelection()
                self.setCurrentCell(-1, -1)
        shown = max(1, min(len(self.doubtful), N_ROWS))
        height = self.horizontalHeader().sizeHint().height()
        height += shown * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth() + 2
        self.setFixedHeight(height)

    @property
    def chosen(self) -> DoubtfulStroke | None:
        """The stroke that is chosen, or None."""
        row = self.currentRow()
        return self.doubtful[row] if 0 <= row < len(self.doubtful) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move in the list; leave all other keys to napari."""
        if event.key() in OWN_KEYS:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _show_row(self, row: int, one: DoubtfulStroke) -> None:
        stroke = one.stroke
        hint = plain_tooltip(
            f"{stroke.label.name} in {one.pair.image.name}: {stroke.n_pixels:,} pixels at "
            f"{', '.join(map(str, stroke.position))}.\n{stroke.contradicted:.0%} of them look more like "
            f"{stroke.looks_like.name} to forests that have not seen this stroke."
        )
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for column, text in (
            (LABEL, stroke.label.name),
            (PIXELS, f"{stroke.n_pixels:,}"),
            (LOOKS_LIKE, stroke.looks_like.name),
            (SURE, f"{stroke.confidence:.0%}"),
        ):
            item = QTableWidgetItem(text)
            item.setToolTip(hint)
            if column in (PIXELS, SURE):
                item.setTextAlignment(right)
            else:
                info = stroke.label if column == LABEL else stroke.looks_like
                item.setIcon(swatch(info.color))
            self.setItem(row, column, item)
