"""Which viewer is opening files right now: napari does not tell its readers."""

from __future__ import annotations

import inspect

from napari.components import ViewerModel


def opening_viewer() -> ViewerModel | None:
    """The viewer whose `open` is being executed, or None.

    The viewer that was active last is another one where a file is dropped on a window behind, or where a script opens
    it in the second of two viewers: so the callers are looked through.
    """
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if frame.f_code.co_name == "open" and isinstance(caller, ViewerModel):
            return caller
        frame = frame.f_back
    return None
