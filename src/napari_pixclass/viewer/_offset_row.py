"""A whole number for each axis: where something begins."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from ._sections import GAP, signals_blocked, text_label

FARTHEST = 1_000_000

NARROW = "QSpinBox { min-width: 24px; }"
"""napari's style makes boxes so wide that those of three axes do not fit side by side."""


class OffsetRow(QWidget):
    """A box for each axis, with its letter before it."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[QSpinBox] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP)
        self.show_axes("YX", (1, 1), (0, 0))

    def show_axes(self, letters: str, shape: Sequence[int], values: Sequence[int]) -> None:
        """Show axes with what to begin with."""
        while (item := self._row.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.boxes = []
        for letter, length, value in zip(letters, shape, values, strict=True):
            box = QSpinBox()
            box.setRange(-FARTHEST, max(FARTHEST, length))
            box.setToolTip(
                f"Where the first pixel of the labels lies along {letter} of the image; may be negative."
            )
            box.setStyleSheet(NARROW)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            with signals_blocked(box):
                box.setValue(value)
            box.valueChanged.connect(self._on_changed)
            self._row.addWidget(text_label(letter))
            self._row.addWidget(box, 1)
            self.boxes.append(box)

    def values(self) -> tuple[int, ...]:
        """The number of each axis."""
        return tuple(int(box.value()) for box in self.boxes)

    def _on_changed(self, value: int) -> None:
        self.changed.emit()
