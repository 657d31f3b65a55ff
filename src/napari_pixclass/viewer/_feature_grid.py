"""The grid of feature families and scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby

from psygnal import Signal
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QWidget,
)

from napari_pixclass.core import FAMILIES

from ._feature_choice import Cell, FeatureChoice
from ._sections import text_label
from ._state_box import BoxLabel, StateBox

COLUMN_WIDTH, MAX_COLUMN_WIDTH = 22, 32
SCALES_ROW, ALL_ROW, FIRST_ROW = 0, 1, 2


class _Half(QWidget):
    """The names or the columns of the grid: rows have the heights given."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setHorizontalSpacing(0)
        self.grid.setVerticalSpacing(0)

    def set_heights(self, heights: Mapping[int, int]) -> None:
        """Set the height of each row."""
        for row, height in heights.items():
            self.grid.setRowMinimumHeight(row, height)
        self.setFixedHeight(sum(heights.values()))


class FeatureGrid(QWidget):
    """Families as rows, scales as columns; the columns scroll sideways where they are many.

    Parameters
    ----------
    choice
        What is shown, and changed by clicks.
    """

    changed = Signal()

    def __init__(self, choice: FeatureChoice) -> None:
        super().__init__()
        self.choice = choice
        self.cell_boxes: dict[Cell, StateBox] = {}
        self.row_boxes: dict[str, StateBox] = {}
        self.column_boxes: dict[float, StateBox] = {}
        self.ndim_buttons: dict[float, QPushButton] = {}
        self._cells_of: dict[QAbstractButton, Callable[[], list[Cell]]] = {}
        self._buttons = QButtonGroup(self)
        self._buttons.setExclusive(False)
        self._buttons.buttonClicked.connect(self._on_clicked)
        self._shown: object = None
        self._rows = self._layout_rows()
        self._names = _Half()
        self._columns = _Half()
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._names, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._area, 1, Qt.AlignmentFlag.AlignTop)
        self._fill_names()

    def refresh(self) -> None:
        """Show the choice as it is now."""
        choice = self.choice
        shown = (choice.ndim, tuple(choice.sigmas), choice.all_cells())
        if shown != self._shown:
            self._shown = shown
            self._fill_columns()
        self.all_box.show_state(choice.state(choice.all_cells()))
        for cell, box in self.cell_boxes.items():
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
            self._align()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave room for the scroll bar where there is one."""
        super().resizeEvent(event)
        self._align()

    # Rows: a heading above each group, then its families; both halves of the grid have the same ones -----------------

    @staticmethod
    def _layout_rows() -> dict[str, int]:
        """Grid row of every group heading and of every family."""
        rows: dict[str, int] = {}
        for group, families in groupby(FAMILIES, key=lambda family: family.group):
            rows[group] = FIRST_ROW + len(rows)
            for family in families:
                rows[family.id] = FIRST_ROW + len(rows)
        return rows

    @property
    def _ndim_row(self) -> int:
        return FIRST_ROW + len(self._rows)

    def _fill_names(self) -> None:
        grid = self._names.grid
        grid.setHorizontalSpacing(4)
        self.all_box = self._add_box(self.choice.all_cells, "Choose all features, or none.")
        grid.addWidget(text_label("Scale (pixels)"), SCALES_ROW, 0, 1, 2)
        grid.addWidget(self.all_box, ALL_ROW, 0)
        grid.addWidget(BoxLabel("All", self.all_box), ALL_ROW, 1)
        for group in dict.fromkeys(family.group for family in FAMILIES):
            label = text_label(group)
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
            grid.addWidget(label, self._rows[group], 0, 1, 2)
        for family in FAMILIES:
            box = self._add_box(
                partial(self.choice.row_cells, family.id),
                f"{family.title}\n{family.explanation}\nClick for all scales, or none.",
            )
            self.row_boxes[family.id] = box
            grid.addWidget(box, self._rows[family.id], 0)
            grid.addWidget(BoxLabel(_in_two_lines(family.title), box), self._rows[family.id], 1)
        self._ndim_label = text_label("Filters run in")
        grid.addWidget(self._ndim_label, self._ndim_row, 0, 1, 2)

    def _fill_columns(self) -> None:
        for buttons in (self.cell_boxes, self.column_boxes, self.ndim_buttons):
            for button in buttons.values():
                self._cells_of.pop(button, None)
                self._buttons.removeButton(button)
            buttons.clear()
        self._columns = _Half()
        grid = self._columns.grid
        for column, sigma in enumerate(self.choice.sigmas):
            box = self._add_box(
                partial(self.choice.column_cells, sigma),
                f"All families at scale {sigma:g}, or none.",
            )
            self.column_boxes[sigma] = box
            label = BoxLabel(f"{sigma:g}", box)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(label, SCALES_ROW, column)
            grid.addWidget(box, ALL_ROW, column, Qt.AlignmentFlag.AlignCenter)
            for family in FAMILIES:
                cell = (family.id, sigma)
                if self.choice.is_offered(cell):
                    box = self._add_box(
                        partial(list, [cell]),
                        f"{family.title} at scale {sigma:g}\n{family.explanation}",
                    )
                    self.cell_boxes[cell] = box
                    grid.addWidget(box, self._rows[family.id], column, Qt.AlignmentFlag.AlignCenter)
            if self.choice.ndim == 3:
                self.ndim_buttons[sigma] = button = self._add_ndim_button(sigma)
                grid.addWidget(button, self._ndim_row, column, Qt.AlignmentFlag.AlignCenter)
        grid.setColumnStretch(len(self.choice.sigmas), 1)
        self._ndim_label.setVisible(self.choice.ndim == 3)
        self._area.setWidget(self._columns)
        self._align()

    def _add_box(self, cells: Callable[[], list[Cell]], tooltip: str) -> StateBox:
        """A checkbox that toggles `cells`."""
        box = StateBox()
        self._cells_of[box] = cells
        box.setToolTip(tooltip)
        box.setStyleSheet("spacing: 0px;")
        self._buttons.addButton(box)
        return box

    def _add_ndim_button(self, sigma: float) -> QPushButton:
        button = QPushButton()
        button.setToolTip(
            f"Whether the filters of scale {sigma:g} run in the volume (3D) or plane by plane (2D)."
        )
        button.setStyleSheet("padding: 1px;")
        button.setFixedWidth(COLUMN_WIDTH)
        self._buttons.addButton(button)
        return button

    def _align(self) -> None:
        """Give both halves rows of the same height, and the scroll area the height of its content."""
        line = self._ndim_label.fontMetrics().lineSpacing()
        heights = {SCALES_ROW: line + 4, ALL_ROW: 22}
        for key, row in self._rows.items():
            heights[row] = 2 * line + 3 if key in self.row_boxes else line + 6
        heights[self._ndim_row] = line + 12 if self.choice.ndim == 3 else 0
        self._names.set_heights(heights)
        self._columns.set_heights(heights)
        columns = self._columns.grid
        room = self._area.maximumViewportSize().width()
        pitch = min(
            max(room // max(len(self.choice.sigmas), 1), COLUMN_WIDTH),
            MAX_COLUMN_WIDTH,
        )
        for column in range(len(self.choice.sigmas)):
            header = columns.itemAtPosition(SCALES_ROW, column).widget()
            columns.setColumnMinimumWidth(column, max(pitch, header.sizeHint().width()))
        overflows = self._columns.minimumSizeHint().width() > room
        bar_height = self._area.horizontalScrollBar().sizeHint().height() if overflows else 0
        self._area.setFixedHeight(self._columns.height() + bar_height)

    # Clicks -----------------------------------------------------------------------------------------------------------

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button in self._cells_of:
            self.choice.toggle(self._cells_of[button]())
        for sigma, ndim_button in self.ndim_buttons.items():
            if ndim_button is button:
                self.choice.toggle_planar(sigma)
        self.refresh()
        self.changed.emit()


def _in_two_lines(title: str) -> str:
    """Break a title so that its longer line is as short as can be."""
    words = title.split()
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(breaks, key=lambda lines: max(map(len, lines))))
