"""Writing predictions to disk from a session, beside its other work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import Signal

from napari_pixclass.core import ArrayLike, ImageAxes

from ._disk_task import DiskTask, Written
from ._jobs import Job, Mailbox
from ._priority import IN_NO_HURRY
from ._queue import JobQueue
from ._sources import LabelsSource

WRITING = "writing"
"""What the jobs are about."""


class DiskWriting:
    """Writes one image at a time, in a queue of its own: training, prediction and live update do not wait for it.

    Where both want the processor, they get most of it.

    Parameters
    ----------
    mailbox, on_changed, on_failed
        As for `JobQueue`.
    """

    written = Signal(Written)
    changed = Signal()
    """Something is being written, or nothing any more."""

    def __init__(
        self,
        mailbox: Mailbox,
        on_changed: Callable[[Job[Any] | None], None],
        on_failed: Callable[[str], object],
    ) -> None:
        self._on_changed = on_changed
        self._queue = JobQueue(mailbox, self._on_job, on_failed, IN_NO_HURRY)
        self._task: DiskTask | None = None
        self._was_busy = False

    @property
    def job(self) -> Job[Any] | None:
        """What is being written, or is about to stop."""
        return self._queue.running

    @property
    def is_busy(self) -> bool:
        """Whether nothing else can be written at the moment."""
        return self._queue.newest(WRITING) is not None

    def start(self, task: DiskTask) -> Job[Written]:
        """Write, after an earlier run that has been cancelled has stopped.

        Raises
        ------
        ValueError
            If an earlier run goes on.
        """
        if self.is_busy:
            raise ValueError(
                "one image is written at a time; wait until that is done, or cancel it."
            )
        self._task = task
        return self._queue.start(task.steps, self._on_written, WRITING)

    def cancel(self) -> None:
        """Stop soon; what is finished can be resumed."""
        self._queue.cancel()
        self._stop()

    def close(self) -> None:
        """Stop soon; nothing can be started afterwards."""
        self._queue.close()
        self._stop()

    def _stop(self) -> None:
        # After the job was cancelled: stopping in the middle of a block counts as a failure otherwise.
        if self._task is not None:
            self._task.stopped.set()
            self._task = None

    def _on_job(self, job: Job[Any] | None) -> None:
        self._on_changed(job)
        if self.is_busy != self._was_busy:
            self._was_busy = self.is_busy
            self.changed.emit()

    def _on_written(self, written: Written) -> None:
        self._task = None  # it holds the image
        self.written.emit(written)


def mask_of(mask: LabelsSource | None, axes: ImageAxes, name: str) -> ArrayLike | None:
    """The mask of an image: of the shape of its results, or of the axes that filters see.

    Raises
    ------
    ValueError
        If it has another shape.
    """
    if mask is None:
        return None
    if tuple(mask.shape) not in {axes.shape, axes.spatial}:
        raise ValueError(
            f"a mask must have the shape of the image without its channels, {axes.shape}; {mask.name!r} has "
            f"{tuple(mask.shape)}. Choose another one."
        )
    return mask.data
