"""Files to predict: which ones, what has become of each, and predicting them beside a session's other work."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

from psygnal import Signal

from napari_pixclass.core import Step, Steps

from ._batch_results import opening_steps
from ._batch_task import BatchFile, BatchTask, Found
from ._jobs import Job, Mailbox
from ._priority import IN_NO_HURRY
from ._queue import JobQueue

if TYPE_CHECKING:
    from napari_pixclass.batch import BatchReport, FileStep
    from napari_pixclass.core import PixelClassifier

    from ._batch_results import OpenedResults

BATCH, FINDING, OPENING = "batch", "finding images", "opening results"
"""What the jobs are about."""

_OPTION = re.compile(r" \((?:overwrite|resume|skip existing|per class|axes|channel axis)\)")
"""What a sentence says to those who use the command line."""


class FileBatch:
    """The list of files of a session, predicted in a queue of their own: its other work does not wait for them.

    Everything happens in the thread of the session, but for the work itself.

    Parameters
    ----------
    mailbox, on_changed, on_failed
        As for `JobQueue`.

    Attributes
    ----------
    folder, options
        What the next run is to be started with, as somebody has chosen it: see `BatchSession.predict_listed`.
    """

    files_changed = Signal()
    """Other files are listed than before."""
    progressed = Signal()
    """Something has become of a file."""
    changed = Signal()
    """A run goes on, or none any more."""
    finished = Signal(object)
    """The `BatchReport` of a run that came to its end."""
    opened = Signal(object)
    """A list of `OpenedResults` that were asked for."""

    def __init__(
        self,
        mailbox: Mailbox,
        on_changed: Callable[[Job[Any] | None], None],
        on_failed: Callable[[str], object],
    ) -> None:
        self._on_changed = on_changed
        self._on_failed = on_failed
        self._queue = JobQueue(mailbox, self._on_job, on_failed, IN_NO_HURRY)
        self._finding = JobQueue(mailbox, on_changed, on_failed)
        self._given_up = Event()
        self._makers: dict[Path, ReferenceType[PixelClassifier]] = {}
        self.folder: Path | None = None
        self.options: dict[str, Any] = {}
        self._files: dict[Path, BatchFile] = {}
        self._task: BatchTask | None = None
        self._was_busy = False

    # The list ---------------------------------------------------------------------------------------------------------

    @property
    def files(self) -> tuple[BatchFile, ...]:
        """The files, in the order in which they are predicted."""
        return tuple(self._files.values())

    def add(self, paths: Iterable[Path | str], only: str = "") -> Job[tuple[list[Path], list[str]]]:
        """List files, the images in folders and those that patterns match, found in the background.

        Parameters
        ----------
        paths
            See `batch.find_images`. What cannot be found is said, and does not keep the others away.
        only
            What is taken of folders, such as ``*_raw.tif`` or ``**/*.tif``; empty for all images in them.
        """
        wanted, given_up = tuple(paths), self._given_up
        return self._finding.start(
            lambda: _finding_steps(wanted, only, given_up), self._on_found, FINDING, object()
        )

    def list_files(self, paths: Iterable[Path]) -> None:
        """List files, if they are not listed yet."""
        new = [path for path in dict.fromkeys(paths) if path not in self._files]
        if new:
            self._files.update((path, BatchFile(path)) for path in new)
            self.files_changed.emit()

    def remove(self, indices: Iterable[int]) -> None:
        """Take files off the list; not while a run goes on."""
        files = self.files
        for index in indices if not self.is_busy else ():
            del self._files[files[index].path]
        self.files_changed.emit()

    def clear(self) -> None:
        """Take all files off the list; not while a run goes on."""
        self.remove(range(len(self._files)))

    def _on_found(self, found: tuple[list[Path], list[str]]) -> None:
        paths, problems = found
        self.list_files(paths)
        if problems:
            self._on_failed(" ".join(problems))

    def open_results(self, indices: Iterable[int]) -> Job[list[OpenedResults]]:
        """Read the results of files again, in the background; `opened` tells when they are there."""
        chosen = [self.files[index] for index in indices]
        return self._finding.start(
            lambda: opening_steps(chosen), self.opened.emit, OPENING, object()
        )

    @property
    def reading(self) -> Job[Any] | None:
        """Looking for images, or opening results, if that goes on."""
        return self._finding.running

    def cancel_reading(self) -> None:
        """Look for no more images, and open no more results."""
        self._given_up.set()
        self._given_up = Event()
        self._finding.cancel()

    # Runs -------------------------------------------------------------------------------------------------------------

    @property
    def job(self) -> Job[Any] | None:
        """The run that goes on, or is about to stop."""
        return self._queue.running

    @property
    def is_busy(self) -> bool:
        """Whether no other run can be started at the moment."""
        return self._queue.newest(BATCH) is not None

    def start(self, task: BatchTask) -> Job[BatchReport]:
        """Predict files, after a run that has been cancelled has stopped.

        Raises
        ------
        ValueError
            If a run goes on.
        """
        if self.is_busy:
            raise ValueError("one batch runs at a time; wait until it is done, or cancel it.")
        self._task = task
        return self._queue.start(
            task.steps,
            self.finished.emit,
            BATCH,
            on_step=lambda step: self._on_step(task, step),
            on_end=lambda: self._on_end(task),
        )

    def cancel(self) -> None:
        """Stop soon; results of files that are done stay, of the others there is nothing."""
        self._queue.cancel()
        if (
            self._task is not None
        ):  # after the job: a block that is given up counts as a failure otherwise
            self._task.stopped.set()
            self._on_end(self._task)

    def close(self) -> None:
        """Stop soon; nothing can be started afterwards."""
        self._given_up.set()
        self._finding.close()
        self._queue.close()
        if self._task is not None:
            self._task.stopped.set()
            self._task = None

    def _on_job(self, job: Job[Any] | None) -> None:
        self._on_changed(job)
        if self.is_busy != self._was_busy:
            self._was_busy = self.is_busy
            self.changed.emit()

    def _on_step(self, task: BatchTask, step: Step) -> None:
        from napari_pixclass.batch import FileStep

        if isinstance(step, Found):
            self.list_files(step.paths)
            self._files.update((path, BatchFile(path, "waiting")) for path in step.paths)
        elif isinstance(step, FileStep):
            self._files[step.path] = self._told(task, step)
        else:
            return
        self.progressed.emit()

    def _on_end(self, task: BatchTask) -> None:
        """What was not begun, or not finished, is as if it had just been listed."""
        if task is not self._task:
            return  # another one has begun
        self._task = None  # it holds the classifier
        for path, file in self._files.items():
            if file.state in ("waiting", "running"):
                self._files[path] = BatchFile(path)
        self.progressed.emit()

    def _told(self, task: BatchTask, step: FileStep) -> BatchFile:
        """What a step of a batch tells about a file."""
        result = step.result
        if result is None:
            return BatchFile(step.path, "running", step.file_done / max(step.file_total, 1))
        if result.error is not None:
            reason = _OPTION.sub("", result.error)
            return BatchFile(step.path, "failed", reason=reason)
        done = BatchFile(step.path, "done", outputs=result.outputs, run=task)
        if not result.was_skipped:
            self._makers.update(dict.fromkeys(result.outputs, ref(task.classifier)))
            return done
        makers = [self._makers.get(path) for path in result.outputs]
        is_kept = any(maker is None or maker() is not task.classifier for maker in makers)
        return replace(done, state="skipped", reason="results exist", is_kept=is_kept)


def _finding_steps(
    paths: Sequence[Path | str], only: str, given_up: Event
) -> Steps[tuple[list[Path], list[str]]]:
    """Find images; what was found, and what went wrong."""
    from napari_pixclass.batch import find_images

    found: list[Path] = []
    problems = []
    for done, path in enumerate(paths):
        yield Step(done, len(paths), "Looking for images")
        try:
            is_image = not only or find_images([path]) == [Path(path)]
        except ValueError:  # a folder without images; there may be some in those below
            is_image = False
        try:
            found += find_images([path if is_image else _inside(path, only)], given_up)
        except (OSError, ValueError) as error:
            problems.append(str(error))
    return found, problems


def _inside(path: Path | str, only: str) -> Path | str:
    """What is wanted of a folder; patterns say it themselves."""
    return str(Path(glob.escape(str(path))) / only) if Path(path).is_dir() else path
