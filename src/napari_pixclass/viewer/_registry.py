"""One session per viewer, whichever dock or script asks first."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from ._viewer_session import ViewerSession

_sessions: WeakKeyDictionary[Any, ViewerSession] = WeakKeyDictionary()


def session(viewer: Any) -> ViewerSession:
    """The session behind the docks of `viewer`, made on first use, with or without docks.

    Parameters
    ----------
    viewer
        A napari viewer.
    """
    # Docks get the viewer wrapped in a proxy; the session is that of the viewer itself.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _sessions:
        _sessions[viewer] = ViewerSession(viewer)
    return _sessions[viewer]
