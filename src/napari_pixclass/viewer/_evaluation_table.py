"""The figures of each class that follow from a comparison with the truth."""

from __future__ import annotations

from napari_pixclass.core import ConfusionMatrix

from ._figures_table import FiguresTable, figure

HEADINGS = {
    "Class": "Name and colour.",
    "Pixels": "Pixels of this class in the truth.",
    "IoU": "Intersection over union (Jaccard): shared pixels, divided by those of either.",
    "Dice": "Twice the shared pixels, divided by those of both together (F1 score).",
    "Prec.": "Precision: share of the pixels that were called this which are it.",
    "Recall": "Share of the pixels that are this which were called so.",
}


class ClassFigures(FiguresTable):
    """A row for each class: pixels of truth, IoU, Dice, precision and recall."""

    def __init__(self) -> None:
        super().__init__(HEADINGS)

    def show_matrix(self, matrix: ConfusionMatrix) -> None:
        """Show the figures of a matrix."""
        columns = (matrix.iou, matrix.dice, matrix.precision, matrix.recall)
        rows = zip(matrix.classes, matrix.support, *columns, strict=True)
        self.show_classes(
            [(info, [f"{support:,}", *map(figure, own)]) for info, support, *own in rows]
        )
