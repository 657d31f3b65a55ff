"""The only room that knows napari and Qt: docks, layers, the session of a viewer."""

from ._registry import session
from ._viewer_session import ViewerSession

__all__ = ["ViewerSession", "session"]
