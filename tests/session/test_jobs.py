"""Jobs: progress, results, cancelling, and who runs what in which thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from napari_pixclass.core import Step, Steps
from napari_pixclass.session import Job, Mailbox

LONG = 30  # seconds; no test waits that long unless something is broken


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


class News(Step):
    """A step that nobody may miss."""

    is_news = True


def count_to(n: int) -> Steps[str]:
    for i in range(1, n + 1):
        yield News(i, n, "Counting")
    return "counted"


def test_result_arrives_after_all_steps(executor: ThreadPoolExecutor) -> None:
    job = Job(lambda: count_to(3), Mailbox())
    seen = []
    job.on_step = lambda job, step: seen.append((job.progress, job.what))
    job.start(executor)
    assert job.result(LONG) == "counted"
    assert seen == [(1 / 3, "Counting"), (2 / 3, "Counting"), (1.0, "Counting")]
    assert job.done
    assert job.progress == 1


def test_callbacks_run_in_the_thread_of_the_mailbox(executor: ThreadPoolExecutor) -> None:
    job = Job(lambda: count_to(2), Mailbox())
    threads = []
    job.on_step = job.on_finished = lambda job, *step: threads.append(threading.current_thread())
    job.start(executor)
    job.result(LONG)
    assert set(threads) == {threading.current_thread()}


def test_another_thread_may_wait_for_the_result(executor: ThreadPoolExecutor) -> None:
    mailbox = Mailbox()
    job = Job(lambda: count_to(2), mailbox)
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(job.result, LONG)
        job.start(executor)
        while not job.done:
            mailbox.deliver_next(LONG)
        assert waiting.result(LONG) == "counted"


def test_mailbox_wakes_its_owner(executor: ThreadPoolExecutor) -> None:
    woken = threading.Event()
    mailbox = Mailbox(woken.set)
    job = Job(lambda: count_to(1), mailbox)
    job.start(executor)
    assert woken.wait(LONG)
    executor.shutdown()  # everything is posted now
    mailbox.deliver_all()
    assert job.done


def test_cancel_stops_at_the_next_step(executor: ThreadPoolExecutor) -> None:
    reached, go_on = threading.Event(), threading.Event()
    closed = []

    def steps() -> Steps[str]:
        try:
            yield News(1, 3, "first")
            reached.set()
            go_on.wait(LONG)
            yield News(2, 3, "second")
            pytest.fail("went on after it was cancelled")
        finally:
            closed.append(True)
        return "never"

    job = Job(steps, Mailbox())
    delivered = []
    job.on_step = lambda job, step: delivered.append(job.what)
    job.start(executor)
    reached.wait(LONG)
    job.cancel()
    go_on.set()
    with pytest.raises(CancelledError):
        job.result(LONG)
    assert delivered == []  # nothing of a cancelled job arrives, not even what was posted before
    assert closed == [True]
    assert job.value is None


def test_cancelled_in_the_last_moment_gives_nothing(executor: ThreadPoolExecutor) -> None:
    job = Job(lambda: count_to(1), Mailbox())
    job.start(executor)
    executor.shutdown()  # it is complete, and not delivered
    job.cancel()
    with pytest.raises(CancelledError):
        job.result(LONG)
    assert job.value is None


def test_error_belongs_to_who_asks_for_the_result(executor: ThreadPoolExecutor) -> None:
    def steps() -> Steps[str]:
        yield Step(1, 2, "first")
        raise ValueError("broken")

    job = Job(steps, Mailbox())
    job.start(executor)
    with pytest.raises(ValueError, match="broken"):
        job.result(LONG)
    assert isinstance(job.error, ValueError)


def test_result_in_time_or_a_timeout(executor: ThreadPoolExecutor) -> None:
    go_on = threading.Event()

    def steps() -> Steps[str]:
        yield Step(1, 2, "Reading")
        go_on.wait(LONG)
        return "late"

    job = Job(steps, Mailbox())
    job.start(executor)
    with pytest.raises(TimeoutError, match=r"not done after 0\.01 s"):
        job.result(0.01)
    go_on.set()
    assert job.result(LONG) == "late"
