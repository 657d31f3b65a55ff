"""The list of the keys."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from ._connections import Connections
from ._keys import CLASS_KEYS, KEYS, Key
from ._sections import GAP, Panel, heading, hint_label, text_label
from ._viewer_session import ViewerSession

ARROWS = {True: "▾", False: "▸"}
LOOKS_LIKE_A_HEADING = (
    "QPushButton { background: transparent; border: none; padding: 0; text-align: left; }"
)


class KeysPanel(Panel):
    """All keys and what they do, folded away until somebody asks."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self.fold = QPushButton()
        self.fold.setCheckable(True)
        self.fold.setFlat(True)
        self.fold.setFont(heading("").font())
        self.fold.setStyleSheet(LOOKS_LIKE_A_HEADING)
        self.fold.setToolTip("The keys of this plugin, and what they do.")
        self.fold.toggled.connect(self._on_fold)
        self.list = QWidget()
        self._grid = QGridLayout(self.list)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GAP)
        self._grid.setVerticalSpacing(GAP // 2)
        self._grid.setColumnStretch(1, 1)
        self._classes = self._add_row(f"{_native(CLASS_KEYS[0])} … {len(CLASS_KEYS)}")
        self._others = {key: self._add_row(_native(key)) for key in KEYS if key not in CLASS_KEYS}
        self.column.addWidget(self.fold)
        self.column.addWidget(self.list)
        self._laid_out = QTimer(self)
        self._laid_out.setSingleShot(True)
        self._laid_out.timeout.connect(self.scroll_into_sight)
        connections.add(session.keys.changed, self.refresh)
        self._on_fold(False)

    def refresh(self) -> None:
        """Show which keys work."""
        taken = [key for key in CLASS_KEYS if not self._session.keys.works(key)]
        self._classes.setText("Paint the class in that row" + _taken(taken))
        for key, label in self._others.items():
            works = self._session.keys.works(key)
            label.setText(key.meaning + ("" if works else " (taken)"))

    def _add_row(self, keys: str) -> QLabel:
        row = self._grid.rowCount()
        meaning = hint_label()
        self._grid.addWidget(text_label(keys), row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(meaning, row, 1)
        return meaning

    def _on_fold(self, on: bool) -> None:
        self.fold.setText(f"{ARROWS[on]} Keys")
        self.list.setVisible(on)
        if on:
            self.refresh()
            self._laid_out.start(0)


def _native(key: Key) -> str:
    """How a key is called on this system."""
    return str(QKeySequence(key.name).toString(QKeySequence.SequenceFormat.NativeText))


def _taken(keys: list[Key]) -> str:
    return f" (taken: {', '.join(map(_native, keys))})" if keys else ""
