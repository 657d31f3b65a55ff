"""The foot of every dock: what goes on, how far it is, and a way to stop it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ._connections import Connections
from ._sections import PushButton, hint_label, keep_place_when_hidden
from ._status import ProblemOf, status_text
from ._viewer_session import ViewerSession

PROGRESS_STEPS = 1000


class Footer(QWidget):
    """Status line, progress bar and Cancel; the same in all docks, for the work is the same."""

    def __init__(
        self, session: ViewerSession, connections: Connections, problem_of: ProblemOf
    ) -> None:
        super().__init__()
        self._session = session
        self._problem_of = problem_of
        self.status = hint_label()
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status.setMinimumHeight(2 * self.status.fontMetrics().lineSpacing() + 4)
        self.status.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.progress = QProgressBar()
        self.progress.setRange(0, PROGRESS_STEPS)
        self.progress.setToolTip("How much of the running work is done.")
        self.cancel = PushButton(
            "Cancel", "Stop what is running. The classifier and the layers stay as they are."
        )
        self.cancel.clicked.connect(self._on_cancel)
        keep_place_when_hidden(self.progress)
        keep_place_when_hidden(self.cancel)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.status)
        for signal in (
            session.job_changed,
            session.message_changed,
            session.features_changed,
            session.pairs_changed,
            session.counts_changed,
            session.classifier_changed,
            session.target_changed,
            session.layers_changed,
            session.outputs_changed,
        ):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        job = self._session.job
        self.status.setText(status_text(self._session, self._problem_of))
        self.progress.setVisible(job is not None)
        self.cancel.setVisible(job is not None)
        if job is not None:
            self.progress.setValue(round(PROGRESS_STEPS * job.progress))
            self.cancel.setEnabled(not job.cancelled)

    def _on_cancel(self) -> None:
        self._session.cancel()
        self._session.report("Cancelled.")
