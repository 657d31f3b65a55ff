"""What a dock's status line says."""

from __future__ import annotations

from collections.abc import Callable

from napari_pixclass.session import Plan

from ._viewer_session import ViewerSession

ProblemOf = Callable[[Plan], str | None]
"""Which of the plan's problems a dock is about."""


def status_text(session: ViewerSession, problem_of: ProblemOf) -> str:
    """What runs; else what went wrong; else what is to be done next; else what was done last."""
    job = session.job
    if job is not None:
        return "Cancelling…" if job.cancelled else f"{job.what}…"
    if session.error:
        return session.error
    plan = session.plan
    return problem_of(plan) or plan.advice or session.message or "Ready."
