"""Hearing that something else is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

from napari_pixclass.session import View

from ._sources import LayerImage, level_shapes
from ._view import displayed_axes, visible_region

if TYPE_CHECKING:
    from napari.components import Dims, ViewerModel

    from napari_pixclass.core import Output
    from napari_pixclass.session import LiveSession

LOOK_EVERY_MS = 60
"""Nobody tells when the canvas has been drawn after a zoom, a pan or a resize: only then it is known what is on it."""


class ViewWatch:
    """Tells a session when the view has changed, as long as it follows what is on screen.

    Parameters
    ----------
    session
        The session.
    viewer
        Its sliders are held, not the viewer.
    """

    def __init__(self, session: LiveSession, viewer: ViewerModel) -> None:
        self._session = session
        self._timer = QTimer()
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._on_time)
        session.following_changed.connect(self._on_following)
        for event in ("current_step", "ndisplay", "order"):
            getattr(viewer.dims.events, event).connect(self._on_dims)

    def _on_time(self) -> None:
        if self._session.is_closed:
            self._timer.stop()
        else:
            self._session.view_changed()

    def _on_following(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def _on_dims(self, event: Any = None) -> None:
        if self._session.is_following:
            self._session.view_changed()


def view_of(image: LayerImage, dims: Dims, outputs: frozenset[Output]) -> View | None:
    """What is on screen of an image, at the resolution at which its layer is drawn; None for nothing."""
    layer = image.layer
    box = visible_region(layer, dims)
    if box is None:
        return None
    level = int(layer.data_level) if layer.multiscale else 0
    full, coarse = (level_shapes(image)[index] for index in (0, level))
    axes = [axis for axis in range(layer.ndim) if axis != image.extra_axis]
    displayed, point = displayed_axes(layer, dims), layer.world_to_data(dims.point)
    spans = []
    for axis, n_full, n_coarse in zip(axes, full, coarse, strict=True):
        if axis in displayed:
            start = box[axis].start * n_coarse // n_full
            spans.append(_wide(start, -(-box[axis].stop * n_coarse // n_full), n_coarse))
        else:  # rounded as napari does it
            index = min(round(float(point[axis]) / (n_full / n_coarse)), n_coarse - 1)
            spans.append(slice(index, index + 1))
    return View(tuple(spans), coarse, level, outputs)


def _wide(start: int, stop: int, length: int) -> slice:
    """A part of a displayed axis: of 2 pixels at least, by which it is told from one that is not displayed."""
    if stop - start > 1:
        return slice(start, stop)
    return slice(max(min(start, length - 2), 0), min(start + 2, length))
