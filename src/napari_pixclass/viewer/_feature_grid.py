"""The grid of feature families and scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from psygnal import Signal
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)

from ._feature_choice import Cell, FeatureChoice

COLUMN_WIDTH = 24
HEADER_ROW, ALL_ROW, FIRST_ROW = 0, 1, 2


class StateBox(QCheckBox):
    """A checkbox that shows a state, also a mixed one, and leaves it to others to change it."""

    def nextCheckState(self) -> None:
        """Qt's hook: a click changes nothing by itself."""

    def show_state(self, state: bool | None) -> None:
        """Show True, False, or None for mixed."""
        states = {
            True: Qt.CheckState.Checked,
            False: Qt.CheckState.Unchecked,
            None: Qt.CheckState.PartiallyChecked,
        }
        self.setCheckState(states[state])


class HeaderLabel(QLabel):
    """A label whose click is that of a checkbox."""

    def __init__(self, text: str, box: QCheckBox) -> None:
        super().__init__(text)
        self._box = box
        self.setToolTip(box.toolTip())

    def mousePressEvent(self, event: QEvent) -> None:
        """Click the checkbox instead."""
        self._box.click()


class FeatureGrid(QWidget):
    """Families as rows, scales as columns; the columns scroll sideways where there are too many.

    Parameters
    ----------
    choice
        What is shown, and changed by clicks.
    """

    changed = Signal()

    def __init__(self, choice: FeatureChoice) -> None:
        super().__init__()
        self.choice = choice
        self.boxes: dict[Cell, StateBox] = {}
        self.row_boxes: dict[str, StateBox] = {}
        self.column_boxes: dict[float, StateBox] = {}
        self.ndim_buttons: dict[float, QPushButton] = {}
        self.all_box = self._box(choice.all_cells, "Choose all features, or none.")
        self._shown: tuple[object, ...] = ()
        self._names = QWidget()
        self._columns_area = QScrollArea()
        self._columns_area.setFrameShape(QFrame.Shape.NoFrame)
        self._columns_area.setWidgetResizable(True)
        self._columns_area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._names)
        layout.addWidget(self._columns_area, 1)
        self._fill_names()

    def refresh(self) -> None:
        """Show the choice as it is now."""
        choice = self.choice
        offered = tuple(filter(choice.is_offered, choice.all_cells()))
        shown = (tuple(choice.sigmas), choice.ndim, offered)
        if shown != self._shown:
            self._shown = shown
            self._fill_columns()
        self.all_box.show_state(choice.state(choice.all_cells()))
        for cell, box in self.boxes.items():
            box.show_state(cell in choice.chosen)
        for family, box in self.row_boxes.items():
            box.show_state(choice.state(choice.row_cells(family)))
        for sigma, box in self.column_boxes.items():
            box.show_state(choice.state(choice.column_cells(sigma)))
        for sigma, button in self.ndim_buttons.items():
            button.setText("2D" if sigma in choice.planar else "3D")

    def changeEvent(self, event: QEvent) -> None:
        """Follow napari's theme and font size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._align_rows()

    def _box(self, cells: Callable[[], Iterable[Cell]], tooltip: str) -> StateBox:
        """A checkbox that toggles `cells`."""
        box = StateBox()
        box.setToolTip(tooltip)
        box.clicked.connect(partial(self._on_clicked, cells))
        return box

    def _on_clicked(self, cells: Callable[[], Iterable[Cell]], checked: bool = False) -> None:
        self.choice.toggle(cells())
        self.refresh()
        self.changed.emit()
