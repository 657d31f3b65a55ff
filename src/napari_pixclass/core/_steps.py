"""Long work is a generator of steps, so that whoever drives it can show progress and stop it between two of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Step:
    """A step was done: `done` of `total`, while doing `what` (words for a status line)."""

    done: int
    total: int
    what: str

    @property
    def is_news(self) -> bool:
        """Whether it holds more than progress, so that whoever listens must not miss it."""
        return False


Steps = Generator[Step, None, Result]
"""Yields progress, returns the result. Closing it cancels the work; nothing of it remains."""


def run_steps(steps: Steps[Result]) -> Result:
    """Drive `steps` to the end and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
