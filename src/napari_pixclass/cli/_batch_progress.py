"""Showing how far a batch is: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from typing import TYPE_CHECKING, Any

from ._exit import report
from ._words import printable, time_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_pixclass.batch import Batch, BatchReport, FileResult, FileStep

_WORTH_SAYING_S = 10
_MOST_LETTERS = 40


def run_batch(batch: Batch, on_result: Callable[[FileResult], None]) -> BatchReport:
    """Drive a batch to the end, showing progress on stderr.

    Ctrl-C closes the steps, so that what they hold is given back before the program ends.

    Parameters
    ----------
    batch
        The batch.
    on_result
        Called with what came of each image.
    """
    step: FileStep | None = None
    with ExitStack() as stack:
        shown = stack.enter_context(_Progress(len(batch.images)))
        steps = stack.enter_context(closing(batch.steps()))
        try:
            while True:
                step = next(steps)
                shown.show(step)
                if step.result is not None:
                    with shown.aside():
                        on_result(step.result)
        except StopIteration as stop:
            result: BatchReport = stop.value
            return result
        except KeyboardInterrupt:
            if step is not None:
                _tell_what_remains(batch, step)
            raise


def _tell_what_remains(batch: Batch, step: FileStep) -> None:
    if batch.options.format == "ome-zarr":
        report(f"what is finished of '{step.path}' is kept; go on with --resume")
    elif step.index:
        report(
            f"{step.index} of {step.n_files} images are finished; --skip-existing leaves them out next time"
        )


class _Progress:
    """What is shown of a batch; on a terminal a bar for all images and one for the image that is worked on."""

    def __init__(self, n_files: int) -> None:
        self._n_files = n_files
        self._index = -1
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._bars: list[Any] = []

    def __enter__(self) -> _Progress:
        if self._is_terminal:
            from tqdm import tqdm

            layout = "{l_bar}{bar}| {elapsed}<{remaining}"
            self._bars = [
                tqdm(
                    desc="predicting",
                    file=sys.stderr,
                    leave=False,
                    position=position,
                    bar_format=layout,
                )
                for position in range(1 if self._n_files == 1 else 2)
            ]
        return self

    def __exit__(self, *_: object) -> None:
        for bar in reversed(self._bars):
            bar.close()

    def aside(self) -> AbstractContextManager[None]:
        """While lines are printed the bars are not there."""
        if not self._bars:
            return nullcontext()
        from tqdm import tqdm

        manager: AbstractContextManager[None] = tqdm.external_write_mode(file=sys.stderr)
        return manager

    def show(self, step: FileStep) -> None:
        """Show a step."""
        is_new = step.index != self._index and step.result is None
        if is_new:
            self._index = step.index
            if not self._is_terminal:
                print(f"{self._line(step)} ...", file=sys.stderr)
        if step.detail:
            with self.aside():
                print(step.detail, file=sys.stderr)
        if not self._bars:
            return
        *overall, one = self._bars
        if is_new:
            one.reset()
        one.set_description_str(f"predicting {_short(step.path.name)}", refresh=False)
        _move(one, step.file_done, step.file_total)
        for bar in overall:
            bar.set_description_str(f"{step.index + 1} of {step.n_files}", refresh=False)
            _move(bar, step.done, step.total)

    def _line(self, step: FileStep) -> str:
        from napari_pixclass.io import stem_of

        line = f"predicting {printable(stem_of(step.path))}"
        if self._n_files == 1:
            return line
        elapsed = time.monotonic() - self._began
        left = elapsed * (step.total - step.done) / step.done if step.done else 0.0
        said = f", {time_left(left)}" if left > _WORTH_SAYING_S else ""
        return f"[{step.index + 1}/{step.n_files}] {line}{said}"


def _short(name: str) -> str:
    """A name that leaves room for a bar."""
    text = printable(name)
    return text if len(text) <= _MOST_LETTERS else f"...{text[3 - _MOST_LETTERS :]}"


def _move(bar: Any, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
