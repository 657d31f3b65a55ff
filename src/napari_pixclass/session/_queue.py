"""Jobs one after the other, in one background thread."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from napari_pixclass.core import Step, Steps

from ._jobs import Job, Mailbox
from ._priority import NICENESS, lower_priority

T = TypeVar("T")


@dataclass(frozen=True, eq=False, slots=True)
class _Entry:
    """A job in the queue: what it is about, the job before it that must have succeeded, and if it survives."""

    job: Job[Any]
    topic: str
    subject: object
    needs: Job[Any] | None
    outlives: bool

    @property
    def is_possible(self) -> bool:
        return self.needs is None or not (self.needs.cancelled or self.needs.error is not None)


class JobQueue:
    """Runs jobs in the order in which they come; everything but the work happens in the thread that made the queue.

    Parameters
    ----------
    mailbox
        Where the worker's mail arrives.
    on_changed
        Called with the running job after each of its steps and when it is cancelled, and with None when nothing runs.
    on_failed
        Called with the message of a job that failed.
    niceness
        See `lower_priority`.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        on_changed: Callable[[Job[Any] | None], None],
        on_failed: Callable[[str], object],
        niceness: int = NICENESS,
    ) -> None:
        self._mailbox = mailbox
        self._executor = ThreadPoolExecutor(1, "pixclass-session", lower_priority, (niceness,))
        self._on_changed = on_changed
        self._on_failed = on_failed
        self._running: _Entry | None = None
        self._waiting: list[_Entry] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing can be started any more."""
        return self._closed

    @property
    def running(self) -> Job[Any] | None:
        """The job that is running, or None."""
        return None if self._running is None else self._running.job

    def newest(self, topic: str, subject: object = None) -> Job[Any] | None:
        """The last job about `topic` that is running or waiting and has not been cancelled, or None.

        One about `subject`, where that is given.
        """
        jobs = [
            entry.job
            for entry in self._entries
            if entry.topic == topic and (subject is None or entry.subject == subject)
        ]
        return next((job for job in reversed(jobs) if not job.cancelled), None)

    def start(
        self,
        steps: Callable[[], Steps[T]],
        succeed: Callable[[T], object],
        topic: str,
        subject: object = None,
        needs: Job[Any] | None = None,
        on_step: Callable[[Step], object] | None = None,
        on_end: Callable[[], object] | None = None,
        outlives: bool = False,
    ) -> Job[T]:
        """Run `steps` when everything before is done, and call `succeed` with the result unless cancelled by then.

        So is `on_step`, with every step. `on_end` is called after all that has been begun, however it ended.

        Earlier jobs about the same subject of the same topic are cancelled. So is this one, if the job that it
        `needs` fails or is cancelled. If the queue is closed while it runs, one that `outlives` that is finished all
        the same; nobody hears of it.
        """
        if self._closed:
            raise RuntimeError(
                "the session is closed, as its viewer is. Use the session of an open viewer."
            )
        self._cancel(
            [e for e in self._entries if (e.topic, e.subject) == (topic, subject)],
        )
        job = Job(steps, self._mailbox)
        entry = _Entry(job, topic, subject, needs, outlives)

        def on_finished(job: Job[T]) -> None:
            if entry is not self._running:  # cancelled while it was waiting
                return
            self._running = None
            try:
                if job.error is not None:
                    self._on_failed(str(job.error))
                elif job.value is not None:
                    succeed(job.value)
            finally:
                self._start_next()
                if on_end is not None and not self._closed:
                    on_end()

        def tell_step(job: Job[T], step: Step) -> None:
            if on_step is not None:
                on_step(step)
            self._on_changed(job)

        job.on_step = tell_step
        job.on_finished = on_finished
        self._waiting.append(entry)
        if self._running is None:
            self._start_next()
        return job

    def cancel(self, topics: Collection[str] | None = None) -> None:
        """Cancel what is running and what is waiting; all of it, or what is about `topics`."""
        self._cancel([e for e in self._entries if topics is None or e.topic in topics])

    def close(self) -> None:
        """Cancel everything but what outlives it; nothing can be started afterwards."""
        self._closed = True
        self._cancel([e for e in self._entries if not (e.outlives and e is self._running)])
        # What the worker has been given it must still finish: somebody may be waiting for it.
        self._executor.shutdown(wait=False)

    @property
    def _entries(self) -> list[_Entry]:
        return self._waiting if self._running is None else [self._running, *self._waiting]

    def _cancel(self, entries: Collection[_Entry]) -> None:
        if not entries:
            return
        self._waiting = [entry for entry in self._waiting if entry not in entries]
        for entry in entries:
            entry.job.cancel()
            if entry is not self._running:
                entry.job.finish_unstarted()
        self._on_changed(self.running)

    def _start_next(self) -> None:
        while self._running is None and self._waiting and not self._closed:
            entry = self._waiting.pop(0)
            if entry.is_possible:
                self._running = entry
                entry.job.start(self._executor)
            else:
                entry.job.cancel()
                entry.job.finish_unstarted()
        self._on_changed(self.running)
