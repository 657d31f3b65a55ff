"""Walking to the places where a stroke is worth most."""

from __future__ import annotations

from qtpy.QtCore import Qt

from ._connections import Connections
from ._sections import Panel, PushButton, hint_label, plain_tooltip
from ._viewer_session import ViewerSession

INVITATION = "Where would a stroke help most? Next place shows it, and why."
N_LINES = 2


class PlacePanel(Panel):
    """Next place, the way back, and the reason."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self.back = PushButton("Back", "Back to the place before (Shift+B).")
        self.next = PushButton("Next place", "")
        self.reason = hint_label()
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop)
        # Two lines always: what is below must not jump.
        self.reason.setMinimumHeight(N_LINES * self.reason.fontMetrics().lineSpacing())
        self.add_row(self.next, self.back)
        self.column.addWidget(self.reason)
        self.next.clicked.connect(self._on_next)
        self.back.clicked.connect(session.previous_place)
        for signal in (
            session.pairs_changed,
            session.classifier_changed,
            session.place_changed,
            session.place_painted,
            session.labelled_changed,
            session.job_changed,
        ):
            connections.add(signal, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state."""
        session = self._session
        problem, place = session.place_problem, session.place
        self.next.setEnabled(problem is None)
        self.next.setToolTip(
            plain_tooltip(
                problem or "Go to where a stroke would help the classifier most (Shift+N)."
            )
        )
        self.back.setEnabled(session.has_previous_place)
        self.reason.setEnabled(place is not None and not session.is_place_painted)
        self.reason.setText(INVITATION if place is None else f"{place.reason}.")

    def _on_next(self) -> None:
        try:
            self._session.next_place()
        except ValueError as error:  # what stands in the way came up after the button was drawn
            self._session.report_error(str(error))
