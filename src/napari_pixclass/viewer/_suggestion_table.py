"""Sets of features to choose from."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView

from napari_pixclass.core import FeatureSet, FeatureSuggestions, SuggestedFeatures

from ._figures_table import FiguresTable, figure
from ._sections import signals_blocked

HEADINGS = {
    "Chosen by": "How the set was found: by importance in a forest, by mutual information, by forward selection; or "
    "what is chosen now (current).",
    "No.": "Number of features, per channel.",
    "Error": "Share of left-out labels that were given another class; each class counts the same.",
    "Agrees": "Mean IoU with the segmentation that all features give.",
    "Time": "Seconds for a million pixels, measured on one thread; how many times faster than all features.",
}
MAX_ROWS = 12
STAR, TICK = "★", "✓"


class SuggestionTable(FiguresTable):
    """A row for each set; the recommended one has a star, the one in use a tick."""

    def __init__(self) -> None:
        super().__init__(HEADINGS, MAX_ROWS)
        self._suggestions: FeatureSuggestions | None = None
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    @property
    def chosen(self) -> SuggestedFeatures | None:
        """The set of the row that is chosen."""
        row = self.currentRow()
        if self._suggestions is None or not 0 <= row < len(self._suggestions.sets):
            return None
        return self._suggestions.sets[row]

    def show_suggestions(self, suggestions: FeatureSuggestions, in_use: FeatureSet | None) -> None:
        """Show sets, and which of them is in use; of new ones the recommended one is chosen."""
        is_new = suggestions is not self._suggestions
        self._suggestions = suggestions
        best = suggestions.recommended
        row = suggestions.sets.index(best) if is_new else self.currentRow()
        with signals_blocked(self):
            self.setRowCount(len(suggestions.sets))
            for number, item in enumerate(suggestions.sets):
                marks = STAR * (item is best) + TICK * (item.features == in_use)
                self.show_row(number, f"{marks} {item.method}".strip(), _figures(suggestions, item))
                self.item(number, 0).setToolTip("\n".join(item.words()))
            self.setCurrentCell(row, 0)
        self.fit_height()


def _figures(suggestions: FeatureSuggestions, item: SuggestedFeatures) -> list[str]:
    return [
        str(len(item.features)),
        figure(item.quality.stroke_error),
        f"{item.agreement:.2f}",
        f"{item.seconds_per_megapixel:.2f} ({suggestions.speed_up(item):.1f}\N{MULTIPLICATION SIGN})",
    ]
