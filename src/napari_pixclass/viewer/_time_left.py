"""How long the running work will still take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any
from weakref import ReferenceType, ref

from napari_pixclass.session import Job

WORTH_SAYING_S = 3.0
"""Nobody needs to be told of work that takes less."""
SETTLED_AFTER_S = 0.5
SMOOTHED_OVER_S = 2.0
SAID_FOR_S = 1.0


class TimeLeft:
    """Estimates from progress and time how long a job goes on, without jumping.

    Parameters
    ----------
    clock
        Seconds; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._job: ReferenceType[Job[Any]] | None = None
        self._began = self._estimated = self._said = self._progress = 0.0
        self._left: float | None = None
        self._text = ""

    def text(self, job: Job[Any]) -> str:
        """Words for a status line; empty while nothing is known, and for work that is done soon."""
        now = self._clock()
        if self._job is None or self._job() is not job:
            self._job, self._text = ref(job), ""
            self._began = self._estimated = self._said = now
            self._progress, self._left = job.progress, None
        if job.progress > self._progress:
            self._estimate(job, now)
        return self._text

    def _estimate(self, job: Job[Any], now: float) -> None:
        elapsed = now - self._began
        left = elapsed * (1 - job.progress) / (job.progress - self._progress)
        if self._left is not None:
            expected = max(self._left - (now - self._estimated), 0.0)
            weight = 1 - math.exp((self._estimated - now) / SMOOTHED_OVER_S)
            left = expected + weight * (left - expected)
        self._left, self._estimated = left, now
        if elapsed < SETTLED_AFTER_S or (not self._text and elapsed + left < WORTH_SAYING_S):
            return
        if not self._text or now - self._said >= SAID_FOR_S:
            self._text, self._said = in_words(left), now


def in_words(seconds: float) -> str:
    """About how long that is, no more precisely than anyone can know."""
    if seconds < 20:
        return f"about {max(round(seconds), 1)} s left"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"
