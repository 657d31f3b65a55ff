"""The list of suspicious strokes."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView

from napari_pixclass.core import ClassInfo
from napari_pixclass.session import DoubtfulStroke

from ._figures_table import FiguresTable
from ._sections import plain_tooltip, signals_blocked
from ._swatch import swatch

HEADINGS = {
    "Painted as": "The class of the stroke.",
    "Looks like": "The class that forests which have not seen the stroke take it for.",
    "Pixels": "How many there are in the stroke.",
    "Sure": "How probable that class is to these forests.",
}
LOOKS_LIKE = 1
N_ROWS = 6

Key = Qt.Key
OWN_KEYS = (Key.Key_Up, Key.Key_Down, Key.Key_Home, Key.Key_End, Key.Key_PageUp, Key.Key_PageDown)
"""Keys that move in the list; all others are left to napari."""


class SuspicionList(FiguresTable):
    """A row for each stroke, the most suspicious first."""

    def __init__(self) -> None:
        super().__init__(HEADINGS, N_ROWS)
        self.doubtful: tuple[DoubtfulStroke, ...] = ()
        self._classes: dict[int, ClassInfo] = {}
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.horizontalHeader().setSectionResizeMode(LOOKS_LIKE, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeaderItem(LOOKS_LIKE).setTextAlignment(_LEFT)

    def show_strokes(
        self, doubtful: Sequence[DoubtfulStroke], classes: Sequence[ClassInfo]
    ) -> None:
        """Show these strokes; the one that is chosen stays chosen, or the one that is in its place now is."""
        row, chosen = self.currentRow(), self.chosen
        self.doubtful = tuple(doubtful)
        self._classes = {info.value: info for info in classes}
        if chosen in self.doubtful:
            row = self.doubtful.index(chosen)
        row = min(row, len(self.doubtful) - 1)
        with signals_blocked(self):
            self.setRowCount(len(self.doubtful))
            for number, one in enumerate(self.doubtful):
                self._show_stroke(number, one)
            self.setCurrentCell(row, 0 if row >= 0 else -1)
        self.fit_height()

    @property
    def chosen(self) -> DoubtfulStroke | None:
        """The stroke that is chosen, or None."""
        row = self.currentRow()
        return self.doubtful[row] if 0 <= row < len(self.doubtful) else None

    def name_of(self, info: ClassInfo) -> str:
        """What a class is called now."""
        return self._now(info).name

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move in the list; leave all other keys to napari."""
        if event.key() in OWN_KEYS:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _show_stroke(self, row: int, one: DoubtfulStroke) -> None:
        stroke = one.stroke
        label, other = self._now(stroke.label), self._now(stroke.looks_like)
        figures = [other.name, f"{stroke.n_pixels:,}", f"{stroke.confidence:.0%}"]
        hint = plain_tooltip(
            f"{label.name} in {one.pair.image.name}, around {', '.join(map(str, stroke.position))}.\n"
            f"{stroke.contradicted:.0%} of its pixels look more like another class to forests that have not seen them: "
            f"{other.name} has a probability of {stroke.confidence:.2f}, {label.name} of {stroke.support:.2f}."
        )
        self.show_row(row, label.name, figures, hint, swatch(label.color))
        for column in range(1, len(HEADINGS)):
            self.item(row, column).setToolTip(hint)
        self.item(row, LOOKS_LIKE).setIcon(swatch(other.color))
        self.item(row, LOOKS_LIKE).setTextAlignment(_LEFT)

    def _now(self, info: ClassInfo) -> ClassInfo:
        return self._classes.get(info.value, info)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
