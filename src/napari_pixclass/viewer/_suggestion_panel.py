"""Fewer features that do nearly as well as all."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout

from ._connections import Connections
from ._folding_panel import FoldingPanel
from ._sections import GAP, PushButton, as_list, hint_label, plain_tooltip
from ._suggestion_table import SuggestionTable
from ._viewer_session import ViewerSession

TOOLTIP = "Small sets of features that are nearly as good as all, and faster: the labels say which."
START = (
    "Try sets of features on the labels, in the background; what is chosen stays until you use one."
)
OLD = "For other labels than there are now: suggest again."


class SuggestionPanel(FoldingPanel):
    """Suggest, the sets that were tried, and using one of them."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Suggested features", TOOLTIP)
        self._session = session
        self.start = PushButton("Suggest", "")
        self.age = hint_label()
        self.age.setText(OLD)
        self.table = SuggestionTable()
        self.words = hint_label()
        self.use = PushButton("Use this set", "")
        self.undo = PushButton("Undo", "Choose the features again that were chosen before.")
        self.rows.addWidget(self.start)
        for widget in (self.age, self.table, self.words):
            self.rows.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.use, 1)
        buttons.addWidget(self.undo, 1)
        self.rows.addLayout(buttons)
        self.start.clicked.connect(self._on_start)
        self.table.currentCellChanged.connect(self._show_chosen)
        self.use.clicked.connect(self._on_use)
        self.undo.clicked.connect(self._session.undo_suggested)
        for signal in (
            session.counts_changed,
            session.features_changed,
            session.pairs_changed,
            session.layers_changed,
        ):
            connections.add(signal, self.refresh)
        connections.add(session.features_suggested, self._on_suggested)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state."""
        if self.body.isHidden():
            return  # it would be for nothing
        session = self._session
        problem = session.trial_problem
        self.start.setEnabled(problem is None)
        self.start.setToolTip(plain_tooltip(problem or START))
        suggestions = session.suggestions
        for widget in (self.table, self.words, self.use, self.undo):
            widget.setVisible(suggestions is not None)
        self.age.setVisible(suggestions is not None and not session.suggestions_are_current)
        if suggestions is not None:
            self.table.show_suggestions(suggestions, session.common_features)
            self._show_chosen()
        self.undo.setEnabled(session.can_undo_suggested)

    def _show_chosen(self) -> None:
        chosen = self.table.chosen
        self.words.setText("" if chosen is None else as_list(chosen.words()))
        in_use = chosen is not None and chosen.features == self._session.common_features
        self.use.setEnabled(chosen is not None and not in_use)
        self.use.setToolTip(
            "This set is in use." if in_use else "Choose these features, for all channels in use."
        )

    def _on_start(self) -> None:
        try:
            self._session.suggest_features()
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))

    def _on_suggested(self) -> None:
        self.refresh()
        if not self.body.isHidden():
            self.scroll_here()

    def _on_use(self) -> None:
        chosen = self.table.chosen
        if chosen is not None:
            self._session.apply_suggested(chosen.features)
