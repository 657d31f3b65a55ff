"""What the values of labels become when they are imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psygnal import Signal
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem

from napari_pixclass.core import ClassInfo, default_class

from ._sections import plain_tooltip, signals_blocked
from ._swatch import SWATCH, swatch

VALUE, PIXELS, BECOMES = range(3)
HEADINGS = ("Value", "Pixels", "Becomes")
MAX_VALUES = 32
"""Labels with more values are objects that somebody has segmented: all of them become one class."""
MAX_SHOWN = 5
ROW_HEIGHT = 28
IGNORE = "nothing"

Align = Qt.AlignmentFlag


class ValuesTable(QTableWidget):
    """A row for each value, with the class that it becomes; one row for all of them where there are many."""

    mapping_changed = Signal()

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self._values: list[int] = []
        self._is_one = False
        self.setHorizontalHeaderLabels(HEADINGS)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Align.AlignLeft | Align.AlignVCenter)
        for column in (VALUE, PIXELS):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(BECOMES, QHeaderView.ResizeMode.Stretch)

    def show_values(
        self, counts: Mapping[int, int], named: Sequence[ClassInfo], classes: Sequence[ClassInfo]
    ) -> None:
        """Show values with their numbers of pixels; `named` are classes that their file names.

        What is labelled becomes the class of the same value; 0, and what is below, nothing.
        """
        labelled = {value: n for value, n in counts.items() if value}
        self._is_one = len(labelled) > MAX_VALUES
        shown = {1: sum(labelled.values())} if self._is_one else dict(labelled)
        if 0 in counts and not self._is_one:
            shown[0] = counts[0]
        self._values = list(shown)
        names = {info.value: info for info in named}
        with signals_blocked(self):
            self.setRowCount(len(shown))
            for row, (value, n_pixels) in enumerate(shown.items()):
                text = f"all {len(labelled):,}" if self._is_one else str(value)
                self._show_item(row, VALUE, text, names.get(value))
                self._show_item(row, PIXELS, f"{n_pixels:,}", None)
                self.setCellWidget(row, BECOMES, self._combo(value, names.get(value), classes))
        self.setFixedHeight(self.sizeHint().height())

    def mapping(self) -> dict[int, int] | int:
        """What each value becomes, or what all become; 0 for nothing."""
        chosen = [
            int(self.cellWidget(row, BECOMES).currentData()) for row in range(self.rowCount())
        ]
        if self._is_one:
            return chosen[0]
        return dict(zip(self._values, chosen, strict=True))

    def sizeHint(self) -> QSize:
        """High enough for some rows; more can be scrolled to."""
        rows = min(max(1, self.rowCount()), MAX_SHOWN)
        height = self.horizontalHeader().sizeHint().height() + rows * ROW_HEIGHT + 2
        return QSize(super().sizeHint().width(), height)

    def _show_item(self, row: int, column: int, text: str, named: ClassInfo | None) -> None:
        item = QTableWidgetItem(text)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        if column == PIXELS:
            item.setTextAlignment(Align.AlignRight | Align.AlignVCenter)
        if named is not None:
            item.setToolTip(plain_tooltip(named.name))
        self.setItem(row, column, item)

    def _combo(
        self, value: int, named: ClassInfo | None, classes: Sequence[ClassInfo]
    ) -> QComboBox:
        combo = QComboBox()
        combo.setIconSize(QSize(SWATCH, SWATCH))
        combo.addItem(IGNORE, 0)
        for info in classes:
            combo.addItem(swatch(info.color), info.name, info.value)
        known = {info.value for info in classes}
        if value > 0 and value not in known:
            new = named or default_class(value)
            combo.addItem(swatch(new.color), f"{new.name} (new)", value)
        combo.setCurrentIndex(max(0, combo.findData(value if value > 0 else 0)))
        combo.activated.connect(self._on_activated)
        return combo

    def _on_activated(self, index: int) -> None:
        self.mapping_changed.emit()
