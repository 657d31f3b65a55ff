"""What is judged by what."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Labels, Layer
from psygnal import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from ._layer_combo import LayerCombo
from ._sections import GAP, PushButton, text_label

JUDGED = "What is judged: an image, which the classifier predicts for the purpose, or a segmentation as it is."
TRUTH = "The truth: a labels layer with class values. Where it is 0 nothing is compared."
CROSS = "✕"
LEAST_WIDTH = 60


class ComparisonRow:
    """A layer that is judged, and the layer that is the truth.

    Attributes
    ----------
    judged, truth
        The layers, or None.
    """

    def __init__(self, judged: Layer | None, truth: Labels | None) -> None:
        self.judged, self.truth = judged, truth
        self.judged_combo = LayerCombo(JUDGED, "image or segmentation")
        self.truth_combo = LayerCombo(TRUTH, "labels")
        for combo in (self.judged_combo, self.truth_combo):
            combo.setMinimumWidth(LEAST_WIDTH)  # else the placeholders, which are long, decide
        self.remove = PushButton(CROSS, "Take this comparison away.")
        self.remove.setFixedWidth(self.remove.sizeHint().height())


class ComparisonRows(QWidget):
    """Any number of comparisons, one below the other."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ComparisonRow] = []
        self._judged: Sequence[Layer] = ()
        self._truths: Sequence[Labels] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(text_label("Prediction"), 0, 0)
        self._grid.addWidget(text_label("Truth"), 0, 1)

    def add(self, judged: Layer | None, truth: Labels | None) -> None:
        """Add a comparison."""
        row = ComparisonRow(judged, truth)
        self.rows.append(row)
        line = self._grid.rowCount()
        for column, widget in enumerate((row.judged_combo, row.truth_combo, row.remove)):
            self._grid.addWidget(widget, line, column)
        row.judged_combo.layer_chosen.connect(lambda layer: self._choose(row, "judged", layer))
        row.truth_combo.layer_chosen.connect(lambda layer: self._choose(row, "truth", layer))
        row.remove.clicked.connect(lambda: self._remove(row))
        self.show_layers(self._judged, self._truths)

    def show_layers(self, judged: Sequence[Layer], truths: Sequence[Labels]) -> None:
        """Offer layers; those that are gone are no longer chosen."""
        self._judged, self._truths = judged, truths
        for row in self.rows:
            row.judged = row.judged if row.judged in judged else None
            row.truth = row.truth if row.truth in truths else None
            row.judged_combo.show_layers(judged, row.judged)
            row.truth_combo.show_layers(truths, row.truth)
            row.remove.setEnabled(len(self.rows) > 1)

    def _choose(self, row: ComparisonRow, which: str, layer: Layer) -> None:
        setattr(row, which, layer)
        self.show_layers(self._judged, self._truths)
        self.changed.emit()

    def _remove(self, row: ComparisonRow) -> None:
        self.rows.remove(row)
        for widget in (row.judged_combo, row.truth_combo, row.remove):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self.show_layers(self._judged, self._truths)
        self.changed.emit()
