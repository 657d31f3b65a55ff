"""A list in which any number of entries can be checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from ._sections import GAP, plain_tooltip

MAX_ROWS = 10
WIDTH = 260


class CheckList(QScrollArea):
    """Names with a checkbox each, as high as they are many, up to `MAX_ROWS`."""

    changed = Signal(object)
    """Positions of the entries that are checked, after the user has changed one."""

    def __init__(self, tooltip: str) -> None:
        super().__init__()
        self.boxes: list[QCheckBox] = []
        self.setToolTip(tooltip)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)
        self.setWidget(content)
        self.setFixedWidth(WIDTH)

    def show_entries(self, names: Sequence[str], checked: Collection[int]) -> None:
        """Show entries, some of which are checked."""
        while len(self.boxes) < len(names):
            box = QCheckBox()
            box.clicked.connect(self._on_clicked)
            self.boxes.append(box)
            self._column.addWidget(box)
        # The one that has just been clicked must not be taken away under the click.
        while len(self.boxes) > len(names):
            box = self.boxes.pop()
            self._column.removeWidget(box)
            box.hide()
            box.deleteLater()
        for row, (box, name) in enumerate(zip(self.boxes, names, strict=True)):
            room = WIDTH - 3 * box.fontMetrics().height()
            elided = box.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
            box.setText(elided.replace("&", "&&"))
            box.setToolTip(plain_tooltip(name))
            box.setChecked(row in checked)
        self._fit()

    def _fit(self) -> None:
        rows = min(len(self.boxes), MAX_ROWS)
        height = self.boxes[0].sizeHint().height() if self.boxes else 0
        self.setFixedHeight(rows * (height + GAP))

    def _on_clicked(self) -> None:
        self.changed.emit(tuple(row for row, box in enumerate(self.boxes) if box.isChecked()))
