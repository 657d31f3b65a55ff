"""What a batch tells: how far it is, and what came of each image."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_pixclass.core import Step

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one image.

    Attributes
    ----------
    path
        The image.
    outputs
        Files and folders that hold its results; empty if it failed.
    error
        Why there are none, in one sentence; None if all went well.
    is_bad_input
        Whether the image (or an option) is to blame, rather than the disk or the memory.
    was_skipped
        Whether its results existed and were left as they are.
    seconds
        How long it took.
    """

    path: Path
    outputs: tuple[Path, ...] = ()
    error: str | None = None
    is_bad_input: bool = False
    was_skipped: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FileStep(Step):
    """A step of a batch: `done` of `total` is that of the whole batch, each image weighs the same.

    Attributes
    ----------
    path
        The image that is being worked on.
    index, n_files
        Its place in the batch, from 0, and the number of images.
    file_done, file_total
        How far it is.
    detail
        How it is predicted, where that is worth a line: blocks, threads, memory. Once for an image.
    result
        What came of the image; None before it is finished.
    """

    path: Path
    index: int
    n_files: int
    file_done: int
    file_total: int
    detail: str = ""
    result: FileResult | None = None

    @property
    def is_news(self) -> bool:
        """Whether an image is finished, or there is a line to be told."""
        return self.result is not None or bool(self.detail)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What came of all images, in their order."""

    results: tuple[FileResult, ...]

    @property
    def written(self) -> tuple[FileResult, ...]:
        """Images whose results were written now."""
        return tuple(r for r in self.results if r.error is None and not r.was_skipped)

    @property
    def skipped(self) -> tuple[FileResult, ...]:
        """Images whose results existed."""
        return tuple(r for r in self.results if r.was_skipped)

    @property
    def failed(self) -> tuple[FileResult, ...]:
        """Images without results."""
        return tuple(r for r in self.results if r.error is not None)

    def summary(self) -> str:
        """One line, such as ``190 of 200 images predicted, 10 failed``."""
        n_images = len(self.results)
        words = [f"{len(self.written)} of {n_images} image{'s' * (n_images != 1)} predicted"]
        if self.skipped:
            words.append(f"{len(self.skipped)} skipped, their results exist")
        if self.failed:
            words.append(f"{len(self.failed)} failed")
        return ", ".join(words)


BatchSteps = Generator[FileStep, None, BatchReport]
"""As `core.Steps`; closing it cancels the rest of the batch."""
