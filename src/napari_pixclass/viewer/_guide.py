"""What leads the user to places in the images, and the marks that stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._place_marker import PlaceMarker
from ._suspicion_layer import SuspicionLayers
from ._travel import Travel

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_pixclass.session import Destination

    from ._viewer_session import ViewerSession


class Guide:
    """Goes where the session says, and shows what there is to see.

    Parameters
    ----------
    session
        Whose places and suspicious strokes these are.
    viewer
        Held weakly, but for its layers.

    Attributes
    ----------
    marker
        The mark at the next place.
    rings
        Those around suspicious strokes.
    """

    def __init__(self, session: ViewerSession, viewer: ViewerModel) -> None:
        self._session = session
        self._travel = Travel(session, viewer)
        self.marker = PlaceMarker(viewer.layers)
        self.rings = SuspicionLayers(viewer.layers)
        session.place_changed.connect(self._on_place)
        session.place_painted.connect(self.marker.remove)
        session.suspicious_changed.connect(self._on_suspicious)

    def go(self, destination: Destination) -> None:
        """Show a place in the images; nothing else changes."""
        self._travel.go(destination)

    def _on_place(self, place: Destination | None) -> None:
        self.marker.remove()
        if place is not None and self._travel.go(place, paints=True):
            if self._session.is_place_painted:
                self._session.report("Something has been painted here.")
            else:
                self.marker.show(place)
                self._session.report("Paint in the square what is there.")

    def _on_suspicious(self) -> None:
        self.rings.show(self._session.suspicious)
