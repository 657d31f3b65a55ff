"""What a dock's status line says."""

from __future__ import annotations

from collections.abc import Callable

from ._viewer_session import ViewerSession

ProblemOf = Callable[[ViewerSession], str | None]
"""What stands in the way of what a dock is for, in words."""


def status_text(session: ViewerSession, problem_of: ProblemOf) -> str:
    """What runs; else what went wrong; else what is to be done next; else what was done last."""
    job = session.job
    if job is not None:
        return "Cancelling…" if job.cancelled else f"{job.what}…"
    if session.error:
        return session.error[0].upper() + session.error[1:]
    return problem_of(session) or session.plan.advice or session.message or "Ready."
