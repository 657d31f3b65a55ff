"""How well predictions agree with the truth: the figures that count first."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_pixclass.core import ConfusionMatrix
from napari_pixclass.session import Evaluation

from ._evaluation_matrix import ConfusionView
from ._evaluation_table import ClassFigures
from ._figures_table import figure
from ._sections import GAP, PushButton, as_list, heading, hint_label, text_label


class EvaluationView(QWidget):
    """Mean IoU, what to know before believing it, the figures of each class, and the confusion matrix."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self.age = hint_label()
        self.age.setText("Of an older classifier; evaluate again for the one at hand.")
        self.lead = heading("")
        self.others = hint_label()
        self.others.setToolTip(
            "Balanced accuracy is the mean of the recalls: each class counts the same, however many pixels it has."
        )
        self.notes = hint_label()
        for label in (self.lead, self.others, self.notes):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.figures = ClassFigures()
        self.confusion = ConfusionView()
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
        column.addWidget(text_label("Truth (rows) and what it was predicted as"))
        column.addWidget(self.confusion)
        column.addWidget(self.notes)
        column.addLayout(buttons)
        self.copy.clicked.connect(self._on_copy)

    def show_evaluation(self, evaluation: Evaluation | None) -> None:
        """Show figures; nothing at all where there are none."""
        self._evaluation = evaluation
        self.setVisible(evaluation is not None)
        if evaluation is None:
            return
        matrix = evaluation.matrix
        self.lead.setText(
            f"Mean IoU {figure(matrix.mean_iou)}     Balanced accuracy {figure(matrix.balanced_accuracy)}"
        )
        self.others.setText(_others(matrix))
        self.figures.show_matrix(matrix)
        self.confusion.show_matrix(matrix)
        self.notes.setText(as_list(evaluation.notes))
        self.notes.setVisible(bool(evaluation.notes))

    def show_age(self, is_old: bool) -> None:
        """Say whether the figures are those of another classifier than there is now."""
        self.age.setVisible(is_old)

    def _on_copy(self) -> None:
        if self._evaluation is not None:
            QGuiApplication.clipboard().setText(self._evaluation.text())


def _others(matrix: ConfusionMatrix) -> str:
    """What must not be read alone: the accuracy beside that of calling everything the same."""
    largest = matrix.classes[matrix.support.index(max(matrix.support))]
    return (
        f"{matrix.n_pixels:,} pixels compared; mean Dice {figure(matrix.mean_dice)}; accuracy "
        f"{figure(matrix.accuracy)}, where calling all of them {largest.name} would have {matrix.majority_share:.3f}"
    )
