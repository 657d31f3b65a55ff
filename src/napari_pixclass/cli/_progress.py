"""Driving long work from the command line: a progress bar, or a line where nobody looks."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from napari_pixclass.core import Steps

Result = TypeVar("Result")


def run_with_progress(steps: Steps[Result], what: str) -> Result:
    """Drive `steps` to the end, showing progress on stderr.

    Ctrl-C closes the steps, so that what they hold is given back before the program ends.
    """
    from tqdm import tqdm

    if not sys.stderr.isatty():
        print(f"{what} ...", file=sys.stderr)
    what_now = ""
    # `disable=None`: no bar where stderr is no terminal.
    with tqdm(desc=what, file=sys.stderr, disable=None, leave=False, unit="block") as bar:
        try:
            while True:
                step = next(steps)
                if step.what != what_now:  # a rate is that of what goes on now
                    what_now = step.what
                    bar.n = bar.initial = bar.last_print_n = max(step.done - 1, 0)
                    bar.start_t = time.time()
                bar.total = step.total
                bar.update(step.done - bar.n)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            steps.close()
