"""Long work in the background: a handle for whoever started it, and delivery in the main thread.

1. The main thread starts a job: a generator of steps (see `core.Step`), driven by a worker thread.
2. After every step, and at the end, the worker posts a call to the mailbox; the mailbox wakes the main thread.
3. The main thread runs the calls: only there do results reach the session, and only if the job was not cancelled since.

Where there is an event loop it delivers the mail; `Job.result` delivers it too if called in the main thread, so that a
script, or the viewer's console, can wait for a result without an event loop.
"""

from __future__ import annotations

import math
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from functools import partial
from typing import Generic, TypeVar

from napari_pixclass.core import Step, Steps

T = TypeVar("T")

SECONDS_BETWEEN_STEPS = 0.05
"""Progress is told this often at most: each time the main thread stops for it."""


class Mailbox:
    """Calls that wait for the thread in which the mailbox was made.

    Parameters
    ----------
    wake
        Called, in any thread, after a call was posted; it makes the owner's event loop run `deliver_all` soon.
    """

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._owner = threading.get_ident()
        self._wake = wake

    def owns_this_thread(self) -> bool:
        """Whether this is the thread whose mail it is."""
        return threading.get_ident() == self._owner

    def post(self, call: Callable[[], None]) -> None:
        """Have `call` run in the owner's thread."""
        self._calls.put(call)
        if self._wake is not None:
            self._wake()

    def deliver_all(self) -> None:
        """Run all waiting calls."""
        while True:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                return
            _run_call(call)

    def deliver_next(self, timeout: float | None) -> None:
        """Wait for the next call at most `timeout` seconds, and run it."""
        try:
            call = self._calls.get(timeout=timeout)
        except queue.Empty:
            return
        _run_call(call)


def _run_call(call: Callable[[], None]) -> None:
    """Run a call; what a slot of somebody else's does wrong is said, but is no error of whoever waits for a result."""
    try:
        call()
    except Exception as error:  # noqa: BLE001  # whatever it is, the mail behind it must arrive
        sys.excepthook(type(error), error, error.__traceback__)


class Job(Generic[T]):
    """Handle of something that runs in the background.

    Attributes
    ----------
    progress
        0 to 1.
    what
        What is being done, in words.
    """

    def __init__(self, steps: Callable[[], Steps[T]], mailbox: Mailbox) -> None:
        self._make_steps: Callable[[], Steps[T]] | None = steps
        self._mailbox = mailbox
        self._cancel = threading.Event()
        self._finished = threading.Event()
        self._value: T | None = None
        self._error: BaseException | None = None
        self.progress = 0.0
        self.what = "Waiting"
        self.on_step: Callable[[Job[T], Step], None] | None = None
        self.on_finished: Callable[[Job[T]], None] | None = None

    @property
    def done(self) -> bool:
        """Whether it has finished, failed or been cancelled."""
        return self._finished.is_set()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancel.is_set()

    @property
    def error(self) -> BaseException | None:
        """Why it failed, or None."""
        return self._error

    @property
    def value(self) -> T | None:
        """What it gave; None as long as it runs, and if it failed or was cancelled."""
        return self._value

    def cancel(self) -> None:
        """Stop at the next step. Nothing of it reaches the session any more."""
        if not self.done:
            self._cancel.set()

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result.

        Parameters
        ----------
        timeout
            Longest time to wait in seconds; None for no limit.

        Raises
        ------
        TimeoutError
            If it is not done in time; it goes on.
        concurrent.futures.CancelledError
            If it was cancelled.
        Exception
            Whatever made it fail.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(
                    f"the job is not done after {timeout:g} s ({self.what}, {self.progress:.0%})."
                )
            if self._mailbox.owns_this_thread():
                self._mailbox.deliver_next(left)
            else:
                self._finished.wait(left)
        if self._error is not None:
            raise self._error
        if self.cancelled:
            raise CancelledError("the job was cancelled.")
        return self._value  # type: ignore[return-value]  # set before it finished without an error

    def start(self, executor: Executor) -> None:
        """Run on `executor`."""
        executor.submit(self._run)

    def finish_unstarted(self) -> None:
        """Finish a job that was cancelled before it was started; in the main thread."""
        self._finish()

    def _run(self) -> None:
        try:
            self._value = self._drive()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it belongs to whoever asks for the result
            self._error = error
        self._mailbox.post(self._finish)

    def _drive(self) -> T | None:
        make_steps = self._make_steps
        if make_steps is None or self.cancelled:
            return None
        steps = make_steps()
        told = -math.inf
        try:
            while not self.cancelled:
                step = next(steps)
                now = time.monotonic()
                if step.is_news or now - told >= SECONDS_BETWEEN_STEPS:
                    told = now
                    self._mailbox.post(partial(self._deliver, step))
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            steps.close()
        return None

    def _deliver(self, step: Step) -> None:
        if self.cancelled or self.done:
            return
        self.progress = step.done / step.total
        self.what = step.what
        if self.on_step is not None:
            self.on_step(self, step)

    def _finish(self) -> None:
        if self.cancelled:  # also after the last step: the canceller relies on nothing coming
            self._value, self._error = None, None
        if self._error is None and not self.cancelled:
            self.progress = 1.0
        try:
            if self.on_finished is not None:
                self.on_finished(self)
        finally:
            # A handle that is kept must keep neither images nor layers alive.
            self._make_steps = self.on_step = self.on_finished = None
            self._finished.set()
