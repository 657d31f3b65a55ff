"""One run of a batch: what it needs to know, and what has become of its files."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal

from napari_pixclass.core import Step, Steps

if TYPE_CHECKING:
    from napari_pixclass.batch import BatchOptions, BatchReport, FileStep
    from napari_pixclass.core import PixelClassifier

FileState = Literal["listed", "waiting", "running", "done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file of the list, and what has become of it.

    Attributes
    ----------
    path
        The file, or the folder of a zarr image.
    state
        "listed" as long as no run has anything to do with it; "skipped" where its results were there already.
    progress
        0 to 1, while it is running.
    outputs
        Its results.
    reason
        Why it failed, or was skipped.
    run
        What made the results, or found them.
    is_kept
        Whether nobody knows which classifier has made them.
    """

    path: Path
    state: FileState = "listed"
    progress: float = 0.0
    outputs: tuple[Path, ...] = ()
    reason: str = ""
    run: BatchTask | None = field(default=None, repr=False, compare=False)
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Found(Step):
    """The images that a run is for."""

    paths: tuple[Path, ...]

    @property
    def is_news(self) -> bool:
        """The list shows them."""
        return True


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class BatchTask:
    """All that a run needs to know, as it was when it was asked for.

    Attributes
    ----------
    classifier
        The classifier of the session.
    frozen
        The copy of it that predicts: its classes may be given other names meanwhile.
    images
        Files, where they are known; patterns and folders are looked at when the run begins.
    are_files
        Whether `images` are all files.
    options
        What to write, where and how.
    """

    classifier: PixelClassifier
    frozen: PixelClassifier
    images: tuple[Path | str, ...]
    are_files: bool
    options: BatchOptions
    stopped: Event = field(default_factory=Event)

    def steps(self) -> Steps[BatchReport]:
        """Predict and write, in a background thread; what is closed leaves nothing half-written."""
        from napari_pixclass.batch import Batch, find_inputs

        yield Step(0, 1, "Looking for images")
        if self.are_files:
            images = tuple(map(Path, self.images))
        else:
            images = find_inputs(self.images, self.options, self.frozen.class_table_).images
        batch = Batch(self.frozen, images, self.options)
        yield Found(0, 1, "Looking for images", batch.images)
        with closing(batch.steps(self.stopped)) as steps:
            return (yield from _with_names(steps))


def _with_names(steps: Generator[FileStep, None, BatchReport]) -> Steps[BatchReport]:
    """The same steps, which say which file they are about."""
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            report: BatchReport = stop.value
            return report
        what = f"Predicting {step.path.name}, {step.index + 1:,} of {step.n_files:,}"
        yield replace(step, what=what)
