"""Blocks on threads: a bounded map, and how many threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import joblib
import numpy as np

Result = TypeVar("Result")


def bounded_map(
    function: Callable[..., Result],
    tasks: Iterator[Sequence[Any]],
    n_jobs: int,
    on_end: Callable[[], None] | None = None,
) -> Generator[Result, None, None]:
    """Map on threads with at most two tasks per thread waiting or running, so that memory stays bounded.

    Results come in the order in which they are done. Closing the iterator stops after the tasks in hand; `on_end` is
    called before these are waited for, however the iteration ends, and may shorten them.
    """
    with ThreadPoolExecutor(n_jobs, thread_name_prefix="pixclass") as pool:
        pending: set[Future[Result]] = set()
        try:
            while True:
                while len(pending) < 2 * n_jobs and (task := next(tasks, None)) is not None:
                    pending.add(pool.submit(function, *task))
                if not pending:
                    return
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            if on_end is not None:
                on_end()
            for future in pending:
                future.cancel()


def resolve_n_jobs(n_jobs: int | None) -> int:
    """Number of threads: all cores for None; -1 is all, -2 all but one, as in scikit-learn."""
    # Only the cores that this process may use, where the system can tell (joblib asks it all that it can).
    cores = joblib.cpu_count()
    if n_jobs is None:
        return cores
    given: object = n_jobs
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or given == 0:
        raise ValueError(
            f"n_jobs must be a whole number other than 0, or None for all cores; got {n_jobs!r}."
        )
    return int(n_jobs) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))
