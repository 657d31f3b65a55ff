"""How good a classifier will be: the figures that count first."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_pixclass.core import CrossValidation

from ._evaluation_matrix import ConfusionView
from ._figures_table import FiguresTable, figure
from ._sections import GAP, PushButton, as_list, heading, hint_label, text_label

HEADINGS = {
    "Class": "Name and colour.",
    "Strokes": "Connected scribbles of this class: the figures are as sure as these are many.",
    "IoU": "Intersection over union (Jaccard) to expect of whole images.",
    "F1": "F1 score (Dice coefficient) to expect of whole images.",
    "Accuracy": "Share of the labels of this class that were found again when they were left out.",
}
OLD = "Of other labels or settings than there are now: cross-validate again."


class ValidationView(QWidget):
    """The mean IoU to expect, the figures of each class, the confusion matrix, and what they rest on."""

    def __init__(self) -> None:
        super().__init__()
        self._result: CrossValidation | None = None
        self._is_current = False
        self.age = hint_label()
        self.age.setText(OLD)
        self.lead = heading("")
        self.others = hint_label()
        self.notes = hint_label()
        for label in (self.lead, self.others, self.notes):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lead.setToolTip(
            "What to expect of whole images, also where nothing is labelled; the mean over all classes."
        )
        self.figures = FiguresTable(HEADINGS)
        self.confusion = ConfusionView("labelled {true}, left out and {given}")
        self.copy = PushButton("Copy", "Copy all figures as text.")
        self.save = PushButton(
            "Save…",
            "Write all figures as JSON or text, or the confusion matrix as a picture (PNG).",
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.copy, 1)
        buttons.addWidget(self.save, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        for widget in (self.age, self.lead, self.others, self.figures):
            column.addWidget(widget)
        column.addWidget(text_label("Left-out labels (rows), predicted as"))
        column.addWidget(self.confusion)
        column.addWidget(self.notes)
        column.addLayout(buttons)
        self.copy.clicked.connect(self._on_copy)

    def show_result(self, result: CrossValidation | None, is_current: bool) -> None:
        """Show figures, and whether they are those of the labels as they are; nothing where there are none."""
        self.setVisible(result is not None)
        if result is None or (result is self._result and is_current == self._is_current):
            return  # after a stroke nothing is drawn that is there already
        self._result, self._is_current = result, is_current
        self.age.setVisible(not is_current)
        old = "" if is_current else " (of other labels)"
        self.lead.setText(f"Mean IoU {figure(result.mean_iou)}   F1 {figure(result.mean_f1)}{old}")
        self.others.setText(_basis(result))
        columns = (result.strokes, result.iou, result.f1, result.held_out_accuracy)
        rows = zip(result.classes, *columns, strict=True)
        self.figures.show_classes(
            [(info, [str(strokes), *map(figure, own)]) for info, strokes, *own in rows]
        )
        self.confusion.show_matrix(result.held_out)
        self.notes.setText(as_list(result.notes))
        self.notes.setVisible(bool(result.notes))

    def _on_copy(self) -> None:
        if self._result is not None:
            QGuiApplication.clipboard().setText(self._result.table())


def _basis(result: CrossValidation) -> str:
    images = "1 image" if result.n_images == 1 else f"{result.n_images} images"
    return (
        f"to expect of whole images, from {sum(result.strokes)} strokes in {images}; "
        f"{result.left_out} left out in {result.n_folds} folds"
    )
