"""Blocks on the workers of a dask.distributed cluster.

The job with its model goes to each worker once, as a plugin: also to workers that join later, or come back after they
were lost. A task is two numbers; it writes the chunks of its block itself and returns what the journal wants to know.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from distributed import Client, KilledWorker, WorkerPlugin, get_worker, wait
from distributed.client import FutureCancelledError

from ._journal import FinishedBlock
from ._writing import BlockWriter, RunBlocks, Task, WriteJob

_RETRIES = 2  # of a task that fails on a worker; tasks of lost workers are scheduled again by dask
_AHEAD = 2  # tasks for each thread of the cluster that wait or run


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as it is now.

    Attributes
    ----------
    address
        Of the scheduler.
    n_workers
        Number of processes.
    n_threads
        Threads of the worker that has most.
    """

    address: str
    n_workers: int
    n_threads: int


def connect(address: str, timeout: float = 10) -> Client:
    """Connect to a scheduler.

    Raises
    ------
    ValueError
        If none answers within `timeout` seconds.
    """
    try:
        return Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ValueError(
            f"a scheduler must answer at its address; '{address}' does not ({type(error).__name__}). "
            "Start one (dask scheduler), or check the address."
        ) from error


def describe(client: Client, timeout: float = 60) -> Cluster:
    """Look at a cluster once it has a worker.

    Raises
    ------
    ValueError
        If none comes within `timeout` seconds.
    """
    address = str(client.scheduler_info()["address"])
    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError:
        raise ValueError(
            f"a cluster must have workers; '{address}' has none. Start one (dask worker)."
        ) from None
    threads = client.nthreads()
    return Cluster(address, len(threads), max(threads.values()))


def on_cluster(client: Client, job: WriteJob) -> RunBlocks:
    """Make blocks on a cluster whose workers see the same files; see `write_steps`."""

    def run(tasks: Iterator[Task]) -> Generator[FinishedBlock, None, None]:
        name = f"pixclass-{uuid4().hex}"
        client.register_plugin(_JobPlugin(name, job))
        pending: set[Any] = set()
        try:
            while True:
                room = max(1, _AHEAD * sum(client.nthreads().values())) - len(pending)
                for _ in range(room):
                    task = next(tasks, None)
                    if task is None:
                        break
                    key = f"{name}-{task[0]}-{task[1]}"
                    pending.add(
                        client.submit(_make, name, *task, key=key, pure=False, retries=_RETRIES)
                    )
                if not pending:
                    return
                with client.as_current():
                    done, pending = wait(pending, return_when="FIRST_COMPLETED")
                for future in done:
                    yield _result(future)
        finally:
            if pending:
                client.cancel(list(pending))
            client.unregister_worker_plugin(name)

    return run


def _result(future: Any) -> FinishedBlock:
    try:
        block: FinishedBlock = future.result()
    except (KilledWorker, FutureCancelledError) as error:
        raise ConnectionError(
            f"the cluster lost a block again and again ({type(error).__name__}): its workers may have "
            "too little memory, or the scheduler ended"
        ) from error
    return block


class _JobPlugin(WorkerPlugin):
    """Keeps a job in a worker, and opens its image when the first task comes."""

    def __init__(self, name: str, job: WriteJob) -> None:
        self.name = name
        self._job = job
        self._writer: BlockWriter | None = None

    def setup(self, worker: Any) -> None:
        """Be ready for tasks on several threads."""
        self._lock = threading.Lock()

    def teardown(self, worker: Any) -> None:
        """Stop within a tile what is still running."""
        if self._writer is not None:
            self._writer.stopped.set()

    def writer(self) -> BlockWriter:
        """What makes the blocks on this worker."""
        with self._lock:
            if self._writer is None:
                self._writer = BlockWriter(self._job)
            return self._writer


def _make(name: str, level: int, number: int) -> FinishedBlock:
    plugin: Any = get_worker().plugins[name]
    block: FinishedBlock = plugin.writer().make(level, number)
    return block
