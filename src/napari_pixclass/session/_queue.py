"""Jobs one after the other, in one background thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from napari_pixclass.core import Steps

from ._jobs import Job, Mailbox

T = TypeVar("T")


class JobQueue:
    """Runs jobs in the order in which they come; everything but the work happens in the thread that made the queue.

    Parameters
    ----------
    wake
        See `Mailbox`.
    on_changed
        Called with the running job after each of its steps and when it is cancelled, and with None when nothing runs.
    on_failed
        Called with the message of a job that failed.
    """

    def __init__(
        self,
        wake: Callable[[], None] | None,
        on_changed: Callable[[Job[Any] | None], None],
        on_failed: Callable[[str], object],
    ) -> None:
        self._mailbox = Mailbox(wake)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="pixclass-session")
        self._on_changed = on_changed
        self._on_failed = on_failed
        self._running: Job[Any] | None = None
        self._waiting: list[Job[Any]] = []
        self._closed = False

    @property
    def running(self) -> Job[Any] | None:
        """The job that is running, or None."""
        return self._running

    def holds(self, job: Job[Any] | None) -> bool:
        """Whether `job` is running or waiting."""
        return job is not None and (job is self._running or job in self._waiting)

    def start(self, steps: Callable[[], Steps[T]], succeed: Callable[[T], object]) -> Job[T]:
        """Run `steps` when everything before is done, and call `succeed` with the result unless cancelled by then."""
        if self._closed:
            raise RuntimeError(
                "the session is closed, as its viewer is. Use the session of an open viewer."
            )
        job = Job(steps, self._mailbox)

        def on_finished(job: Job[T]) -> None:
            if job is not self._running:  # cancelled while it was waiting
                return
            self._running = None
            try:
                if job.error is not None:
                    self._on_failed(str(job.error))
                elif job.value is not None:
                    succeed(job.value)
            finally:
                self._start_next()

        job.on_step = self._on_changed
        job.on_finished = on_finished
        self._waiting.append(job)
        if self._running is None:
            self._start_next()
        return job

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        waiting, self._waiting = self._waiting, []
        for job in waiting:
            job.cancel()
            job.finish_unstarted()
        if self._running is not None:
            self._running.cancel()
        self._on_changed(self._running)

    def deliver(self) -> None:
        """Let the mail of the worker arrive."""
        self._mailbox.deliver_all()

    def close(self) -> None:
        """Cancel everything; nothing can be started afterwards."""
        self._closed = True
        self.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _start_next(self) -> None:
        if self._running is None and self._waiting and not self._closed:
            self._running = self._waiting.pop(0)
            self._running.start(self._executor)
        self._on_changed(self._running)
