"""The project of a viewer: its images and labels are layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from napari_pixclass.project import SavedProject
from napari_pixclass.session import (
    ContentMaker,
    ImageSource,
    LabelsSource,
    ProjectOpening,
    SessionProject,
)

from ._layer_look import look_of
from ._sources import LayerImage, LayerLabels, describe

if TYPE_CHECKING:
    from ._layer_arrivals import LayerArrivals
    from ._viewer_session import ViewerSession


MAX_NAMES = 3
"""Images that are named in a message."""


class LayerContent(ContentMaker):
    """Takes the layers of a viewer, and how they look.

    Parameters
    ----------
    session, opening, with_left_out
        As for `ContentMaker`.
    """

    def __init__(
        self, session: ViewerSession, opening: ProjectOpening | None, with_left_out: bool
    ) -> None:
        super().__init__(session, opening, with_left_out)
        self._viewer_session = session

    def _further_images(self) -> Iterable[ImageSource]:
        """Image layers that come from files: it costs nothing to remember them."""
        session = self._viewer_session
        known = [pair.image for pair in session.pairs] + [session.chosen_target]
        used = {id(layer) for image in known for layer in getattr(image, "layers", ())}
        images = [LayerImage(layer) for layer in session.image_layers if id(layer) not in used]
        return [image for image in images if image.path is not None]

    def _key_of(self, array: ImageSource) -> int:
        return id(array.layer) if isinstance(array, LayerImage) else super()._key_of(array)

    def _look_of(self, source: ImageSource | LabelsSource) -> Mapping[str, Any]:
        return look_of(source.layer) if isinstance(source, LayerImage | LayerLabels) else {}


class LayerProject(SessionProject):
    """Saves a viewer's session, says so, and follows the names of its layers.

    Parameters
    ----------
    session
        The session of the viewer.
    arrivals, start
        As for `SessionProject`.
    """

    def __init__(
        self, session: ViewerSession, arrivals: LayerArrivals, start: Callable[..., Any]
    ) -> None:
        self._viewer_session = session
        super().__init__(session, arrivals, start)
        session.layers_changed.connect(self.look)
        self.saved.connect(self._on_saved)

    def _maker(self, with_left_out: bool) -> ContentMaker:
        return LayerContent(self._viewer_session, self._opening, with_left_out)

    def _names(self) -> object:
        names = tuple(str(layer.name) for layer in self._viewer_session.image_layers)
        return super()._names(), names

    def _tell_files(self, maker: ContentMaker, saved: SavedProject) -> None:
        for number in saved.homeless:
            array, path = maker.arrays[number], saved.source_paths[number]
            if isinstance(array, LayerImage) and path is not None:
                describe(array.layer, path=str(path))

    def _on_saved(self, saved: SavedProject) -> None:
        names, others = saved.copied[:MAX_NAMES], len(saved.copied) - MAX_NAMES
        copied = ", ".join(names) + (f" and {others} more" if others > 0 else "")
        told = f" Copied into it, for no file holds it: {copied}." if copied else ""
        self._viewer_session.report(" ".join([f"Saved {saved.path.name}.{told}", *saved.notes]))
