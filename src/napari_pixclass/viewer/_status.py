"""What the status line of every dock says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import QTimer

from ._time_left import TimeLeft

if TYPE_CHECKING:
    from napari_pixclass.session import Job

    from ._viewer_session import ViewerSession

ProblemOf = Callable[["ViewerSession"], str | None]
"""What stands in the way of what a dock is for, in words."""

NOTICE_MS = 4000


class Status:
    """The words of the status lines of one session.

    A notice answers what the user has just done, before everything else, and goes away by itself.

    Parameters
    ----------
    session
        Whose work and problems are told.
    """

    changed = Signal()
    """Another notice, or none any more."""

    def __init__(self, session: ViewerSession) -> None:
        self._session = session
        self._time_left = TimeLeft()
        self._gone = QTimer()
        self._gone.setSingleShot(True)
        self._gone.timeout.connect(self.take_back)
        self.notice = ""

    def say(self, notice: str, stay: bool = False) -> None:
        """Say something for a few seconds, or until it is taken back."""
        self.notice = notice
        if stay:
            self._gone.stop()
        else:
            self._gone.start(NOTICE_MS)
        self.changed.emit()

    def take_back(self) -> None:
        """Say what there was to say before."""
        self._gone.stop()
        self.notice = ""
        self.changed.emit()

    def text(self, problem_of: ProblemOf, job: Job[Any] | None) -> str:
        """The notice; else how far `job` is, what went wrong, what is to be done next, what was done last."""
        session = self._session
        if self.notice:
            return self.notice
        if job is not None:
            return self._work(job)
        if session.error:
            return session.error[0].upper() + session.error[1:]
        return problem_of(session) or session.plan.advice or session.message or "Ready."

    def _work(self, job: Job[Any]) -> str:
        if job.cancelled:
            return "Cancelling…"
        time_left = self._time_left.text(job)
        return f"{job.what}… {time_left}" if time_left else f"{job.what}…"
