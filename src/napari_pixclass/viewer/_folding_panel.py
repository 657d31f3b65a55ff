"""A part of a dock that can be folded away."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from ._keys_panel import ARROWS, LOOKS_LIKE_A_HEADING
from ._sections import GAP, Panel, heading


class FoldingPanel(Panel):
    """A heading that unfolds what is below it; folded at first.

    Parameters
    ----------
    title
        The heading.
    tooltip
        What it is for.

    Attributes
    ----------
    fold
        The heading; checked while unfolded.
    body, rows
        What is folded away, and its layout.
    """

    def __init__(self, title: str, tooltip: str) -> None:
        super().__init__()
        self._title = title
        self.fold = QPushButton()
        self.fold.setCheckable(True)
        self.fold.setFlat(True)
        self.fold.setFont(heading("").font())
        self.fold.setStyleSheet(LOOKS_LIKE_A_HEADING)
        self.fold.setToolTip(tooltip)
        self.body = QWidget()
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(GAP)
        self.column.addWidget(self.fold)
        self.column.addWidget(self.body)
        self._laid_out = QTimer(self)
        self._laid_out.setSingleShot(True)
        self._laid_out.timeout.connect(self.scroll_into_sight)
        self.fold.toggled.connect(self._on_fold)
        self.fold.clicked.connect(self._on_clicked)
        self._on_fold(False)

    def unfold(self) -> None:
        """Show what is below the heading."""
        self.fold.setChecked(True)

    def scroll_here(self) -> None:
        """Have all of it in sight, if there is room, as soon as it has been laid out."""
        self._laid_out.start(0)

    def _on_fold(self, on: bool) -> None:
        self.fold.setText(f"{ARROWS[on]} {self._title}")
        self.body.setVisible(on)
        if on:
            self.refresh()

    def _on_clicked(self, on: bool) -> None:
        if on:
            self.scroll_here()
