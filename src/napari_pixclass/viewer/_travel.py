"""Going to a place in an image: the right layers, sliders, and what is in the middle of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from ._sources import LayerImage, LayerLabels
from ._view import displayed_axes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

    from napari_pixclass.session import Destination

    from ._viewer_session import ViewerSession

SIGHT = 256
"""Pixels of the data that are to be seen around a place, at the least."""

TOLERANCE = 2.0
"""How many times more or less may be seen before the zoom of the user is changed."""


class Travel:
    """Brings a place before the eyes of the user, ready to paint.

    Parameters
    ----------
    session
        Whose images and labels they are.
    viewer
        Held weakly.
    """

    def __init__(self, session: ViewerSession, viewer: ViewerModel) -> None:
        self._session = session
        self._viewer = ref(viewer)

    def go(self, destination: Destination) -> bool:
        """Go there; return whether that was possible: images of a script have no layers."""
        viewer, image = self._viewer(), destination.pair.image
        labels = destination.pair.labels
        if viewer is None or not isinstance(image, LayerImage) or not isinstance(labels, LayerLabels):
            return False
        if labels.layer not in viewer.layers or image.layer not in viewer.layers:
            return False
        if len(destination.position) != labels.layer.ndim:  # other data than it was found in
            return False
        self._show(viewer, image, labels.layer)
        self._aim(viewer, labels.layer, destination)
        return True

    def _show(self, viewer: ViewerModel, image: LayerImage, labels: Labels) -> None:
        for layer in self._in_the_way(image, labels):
            layer.visible = False
        for shown in (*image.layers, labels):
            shown.visible = True
        viewer.layers.selection.active = labels
        if labels.mode in ("pan_zoom", "transform", "pick", "erase"):
            labels.mode = "paint"
        session = self._session
        if session.live_update and session.target != image:
            session.target = image

    def _in_the_way(self, image: LayerImage, labels: Labels) -> Iterator[Layer]:
        """Layers of other images that lie where this one does."""
        wanted = (*image.layers, labels)
        for pair in self._session.pairs:
            other = pair.image
            if not isinstance(other, LayerImage) or other.layer is image.layer:
                continue
            if not _overlap(other.layer, image.layer):
                continue
            own = [*other.layers, *self._session.output_layers.of(other.layer).values()]
            if isinstance(pair.labels, LayerLabels):
                own.append(pair.labels.layer)
            yield from (layer for layer in own if all(layer is not kept for kept in wanted))

    def _aim(self, viewer: ViewerModel, labels: Labels, destination: Destination) -> None:
        """Set the sliders, the middle of the canvas, and the zoom where the user sees much more or less."""
        dims = viewer.dims
        dims.ndisplay = 2  # nobody paints in 3D
        world = np.asarray(labels.data_to_world(destination.position), dtype=float)
        first = dims.ndim - labels.ndim
        hidden = [axis for axis in dims.not_displayed if axis >= first]
        dims.set_point(hidden, [world[axis - first] for axis in hidden])
        camera: Any = getattr(viewer, "scene", viewer).camera  # napari 0.9 put a scene in between
        middle = [world[axis - first] if axis >= first else 0.0 for axis in dims.displayed]
        camera.center = (*tuple(camera.center)[:-2], *middle)
        wanted = _sight(labels, destination, displayed_axes(labels, dims))
        seen = min(_canvas_size(viewer)) / camera.zoom
        if wanted and not 1 / TOLERANCE <= seen / wanted <= TOLERANCE:
            camera.zoom = min(_canvas_size(viewer)) / wanted


def _sight(labels: Labels, destination: Destination, axes: tuple[int, ...]) -> float:
    """Length in the world of what is to be seen: the place with its surroundings, no more than there is."""
    lengths = []
    for axis in axes:
        span = destination.region[axis]
        pixels = max(SIGHT, 2 * (span.stop - span.start))
        lengths.append(min(pixels, labels.data.shape[axis]) * abs(float(labels.scale[axis])))
    return max(lengths, default=0.0)


def _overlap(a: Layer, b: Layer) -> bool:
    """Whether two layers cover each other in the last two axes, at least in part."""
    one, other = (np.asarray(layer.extent.world)[:, -2:] for layer in (a, b))
    return bool((np.minimum(one[1], other[1]) > np.maximum(one[0], other[0])).all())


def _canvas_size(viewer: ViewerModel) -> tuple[int, int]:
    """Height and width of the canvas in pixels of the screen; napari 0.9 has renamed it."""
    canvas = getattr(viewer, "canvas", None)
    height, width = getattr(canvas, "size", None) or viewer._canvas_size
    return max(int(height), 1), max(int(width), 1)
