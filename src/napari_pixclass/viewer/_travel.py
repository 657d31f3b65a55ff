"""Going to a place in an image: the right layers, sliders, and what is in the middle of the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

import numpy as np

from ._sources import LayerImage, LayerLabels
from ._view import displayed_axes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Labels, Layer

    from napari_pixclass.session import Destination

    from ._viewer_session import ViewerSession

SIGHT = 256
"""Pixels of the data that are to be seen around a place, at the least."""

TOLERANCE = 2.0
"""How many times more or less may be seen before the zoom of the user is changed."""


NOT_PAINTING = ("pan_zoom", "transform", "pick", "erase")
"""Modes of a labels layer in which the mouse paints no class."""


class Travel:
    """Brings a place before the eyes of the user.

    What lies over it of other images is hidden, and shown again when the user is brought to these.

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
        self._hidden: WeakKeyDictionary[Image, WeakSet[Layer]] = WeakKeyDictionary()

    def go(self, destination: Destination, paints: bool = False) -> bool:
        """Go there, with the brush in hand if something is to be painted; return whether there is such a place.

        Images of a script have no layers, and layers may have other data than before.
        """
        viewer, image = self._viewer(), destination.pair.image
        labels = destination.pair.labels
        if (
            viewer is None
            or not isinstance(image, LayerImage)
            or not isinstance(labels, LayerLabels)
        ):
            return False
        if labels.layer not in viewer.layers or image.layer not in viewer.layers:
            return False
        if not _is_inside(destination.position, labels.shape):
            return False
        self._show(viewer, image, labels.layer)
        if paints and labels.layer.mode in NOT_PAINTING:
            labels.layer.mode = "paint"
        self._aim(viewer, labels.layer, destination)
        return True

    def _show(self, viewer: ViewerModel, image: LayerImage, labels: Labels) -> None:
        for other, layers in self._in_the_way(image, labels):
            shown = [layer for layer in layers if layer.visible]
            self._hidden.setdefault(other, WeakSet()).update(shown)
            for layer in shown:
                layer.visible = False
        for layer in (*self._hidden.pop(image.layer, ()), *image.layers, labels):
            layer.visible = True
        viewer.layers.selection.active = labels
        session = self._session
        if session.live_update and session.target != image:
            session.target = image

    def _in_the_way(self, image: LayerImage, labels: Labels) -> Iterator[tuple[Image, list[Layer]]]:
        """Other images that lie where this one does, and all layers that belong to them and not to this one."""
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
            yield other.layer, [layer for layer in own if layer not in wanted]

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


def _is_inside(position: Sequence[int], shape: Sequence[int]) -> bool:
    return len(position) == len(shape) and all(
        index < length for index, length in zip(position, shape, strict=True)
    )


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
