"""The foot of every dock: what goes on, how far it is, and a way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ._connections import Connections
from ._sections import PushButton, hint_label, keep_place_when_hidden
from ._status import ProblemOf
from ._viewer_session import ViewerSession

if TYPE_CHECKING:
    from napari_pixclass.session import Job

PROGRESS_STEPS = 1000
PATIENCE_MS = 250
"""Work that is done within this, as that of live update, does not make the foot flicker."""
STEP_MS = 100
"""Steps are not shown more often than that."""


class Footer(QWidget):
    """Status line, progress bar and Cancel; the same in all docks, for the work is the same.

    Drawing any widget makes Qt compose the window with its canvas anew: 10 ms where no graphics card helps. So little
    is drawn while work runs.
    """

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
        self._job_is_shown = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._show_job)
        connections.add(session.job_changed, self._on_job)
        for signal in (
            session.status.changed,
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
        """Show the current state, touching only what is different: a touch means drawing the window again."""
        job = self._session.job if self._job_is_shown else None
        text = self._session.status.text(self._problem_of, job)
        if text != self.status.text():
            self.status.setText(text)
        for widget in (self.progress, self.cancel):
            if widget.isHidden() != (job is None):
                widget.setVisible(job is not None)
        if job is not None:
            self.progress.setValue(round(PROGRESS_STEPS * job.progress))
            self.cancel.setEnabled(not job.cancelled)

    def _on_job(self, job: Job[Any] | None) -> None:
        if job is None or job.cancelled:
            self._later.stop()
            self._job_is_shown = self._job_is_shown and job is not None
            self.refresh()
        elif not self._later.isActive():
            self._later.start(STEP_MS if self._job_is_shown else PATIENCE_MS)

    def _show_job(self) -> None:
        self._job_is_shown = self._session.job is not None
        self.refresh()

    def _on_cancel(self) -> None:
        self._session.cancel()
        self._session.report("Cancelled.")
