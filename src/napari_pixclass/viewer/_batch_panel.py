"""Predicting many image files with the classifier at hand."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout

from ._batch_files import BatchFiles
from ._batch_options import BatchOptionsForm
from ._batch_report import BatchReportView
from ._connections import Connections
from ._folding_panel import FoldingPanel
from ._footer import STEP_MS
from ._sections import GAP, PushButton, hint_label, plain_tooltip
from ._time_left import TimeLeft
from ._viewer_session import ViewerSession

TOOLTIP = "Predict many image files with the classifier at hand, and write the results to files."
OPENABLE = ("done", "skipped")


class BatchPanel(FoldingPanel):
    """The files, what to write, Start and Cancel, how far each is, and what came of it; the bar is in the footer.

    All that it shows is the session's: a dock that is closed and opened again shows the same.
    """

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Batch", TOOLTIP)
        self._session = session
        self._time_left = TimeLeft()
        self.files = BatchFiles(session)
        self.options = BatchOptionsForm(session)
        self.start = PushButton("Start", "")
        self.cancel = PushButton(
            "Cancel batch", "Stop. Results that are complete stay; of the others nothing is left."
        )
        self.hint = hint_label()
        self.report = BatchReportView()
        self.rows.addWidget(self.files)
        self.rows.addWidget(self.options)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.cancel, 1)
        self.rows.addLayout(buttons)
        for widget in (self.hint, self.report):
            self.rows.addWidget(widget)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(STEP_MS)
        self._soon.timeout.connect(self._show_progress)
        self.options.changed.connect(self._show_problem)
        self.files.list.selectionModel().selectionChanged.connect(self._show_openable)
        self.files.list.open_requested.connect(self._on_open)
        self.report.open.clicked.connect(self._on_open)
        self.start.clicked.connect(self._on_start)
        self.cancel.clicked.connect(session.batch.cancel)
        connections.add(session.batch.files_changed, self.refresh)
        connections.add(session.batch.changed, self.refresh)
        connections.add(session.batch.changed, self._on_changed)
        connections.add(session.batch.progressed, self._on_progress)
        connections.add(session.classifier_changed, self._show_problem)
        self.refresh()

    def leave(self) -> None:
        """Keep what has been chosen for the next dock."""
        self.options.remember()

    # Showing ----------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the current state."""
        self.files.show_files()
        self.options.show_folder()
        self._show_progress()
        self._show_problem()

    @property
    def problem(self) -> str | None:
        """What is missing, in words."""
        if self._session.classifier is None:
            return "Train first, or load a classifier."
        if not self._session.batch.files:
            return "Add images to predict."
        return self.options.problem

    def _show_problem(self) -> None:
        is_busy, problem = self._session.batch.is_busy, self.problem
        self.start.setEnabled(problem is None and not is_busy)
        tooltip = "Predict all files of the list with the classifier as it is now."
        self.start.setToolTip(plain_tooltip(problem or tooltip))
        self.cancel.setEnabled(is_busy)
        self.hint.setText(problem or "")
        self.hint.setVisible(problem is not None and not is_busy)

    def _on_changed(self) -> None:
        if not self.body.isHidden():
            self.scroll_here()  # something is below the buttons now

    def _on_progress(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_progress(self) -> None:
        batch = self._session.batch
        files, job = batch.files, batch.job if batch.is_busy else None
        self.files.show_states()
        self.report.show_files(files, "" if job is None else self._time_left.text(job))
        self._show_openable()

    def _show_openable(self) -> None:
        self.report.open.setEnabled(bool(self._openable))

    @property
    def _openable(self) -> list[int]:
        """The selected files that have results; of a single file without selecting it."""
        files = self._session.batch.files
        chosen = self.files.list.chosen or ([0] if len(files) == 1 else [])
        return [row for row in chosen if files[row].state in OPENABLE]

    # Doing ------------------------------------------------------------------------------------------------------------

    def _on_start(self) -> None:
        if self.options.target is None:
            self.options.choose_folder()
        if self.options.target is None:
            return
        try:
            self._session.predict_listed(self.options.target, **self.options.values)
        except (TypeError, ValueError) as error:  # it came up after the button was drawn
            self._session.report_error(str(error))

    def _on_open(self) -> None:
        self._session.batch_layers.open(self._openable)
