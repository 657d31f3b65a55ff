"""Starting the training."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox

from ._connections import Connections
from ._memory_row import MemoryRow
from ._sections import Panel, PushButton, plain_tooltip
from ._viewer_session import ViewerSession


class TrainingPanel(Panel):
    """The Train button, and training again by itself after every stroke."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Training")
        self._session = session
        self.train = PushButton("Train", "")
        self.live_update = QCheckBox("Live update")
        self.live_update.setToolTip(
            "After every stroke train again, and predict what is on screen; Run in the Predict dock does the rest."
        )
        self.memory = MemoryRow(session, connections)
        self.add_row(self.train, self.live_update)
        self.column.addWidget(self.memory)
        self.train.clicked.connect(self._on_train)
        self.live_update.clicked.connect(self._on_live_update)
        for signal in (
            session.features_changed,
            session.pairs_changed,
            session.counts_changed,
            session.layers_changed,
            session.live_update_changed,
        ):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        problem = self._session.plan.training_problem
        self.train.setEnabled(problem is None)
        self.train.setToolTip(
            plain_tooltip(problem or "Train a classifier on the labelled pixels.")
        )
        self.live_update.setChecked(self._session.live_update)
        self.memory.refresh()

    def _on_train(self) -> None:
        try:
            self._session.train()
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))

    def _on_live_update(self, on: bool) -> None:
        self._session.live_update = on
