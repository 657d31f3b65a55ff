"""Window levelling: which values of an image are black and white on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from napari.layers import Image
from psygnal import Signal

from napari_pixclass.session import JobQueue, Mailbox

from ._level_drag import LevelDrag
from ._level_sample import Limits, contrast_steps, sample_on_screen
from ._view import visible_region
from ._wake import GuiWaker

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from ._viewer_session import ViewerSession

HOW_TO_DRAG = (
    "Drag on the image: up and down for the width of the contrast, left and right for its centre."
)


class Levels:
    """Sets the contrast limits of the image that the user is looking at: from what is on screen, or by dragging.

    Parameters
    ----------
    session
        What knows which layers are images.
    viewer
        Held weakly.
    """

    dragging_changed = Signal(bool)

    def __init__(self, session: ViewerSession, viewer: ViewerModel) -> None:
        self._session = session
        self._viewer = ref(viewer)
        self._drag: LevelDrag | None = None
        # A queue of its own: contrast must not wait for a prediction that takes minutes.
        self._mailbox = Mailbox(self._wake)
        self._waker = GuiWaker(self._mailbox.deliver_all)
        self._queue = JobQueue(self._mailbox, self._on_job, self._on_failed)

    @property
    def layer(self) -> Image | None:
        """The image whose contrast is meant: the active layer, unless that is an output or no image."""
        viewer = self._viewer()
        active = None if viewer is None else viewer.layers.selection.active
        if isinstance(active, Image) and not self._session.output_layers.owns(active):
            return active
        return self._session.current_image

    def adjustable_layer(self) -> Image | None:
        """The same, if it has contrast limits; says so if not."""
        layer = self.layer
        if layer is None:
            self._session.status.say("There is no image whose contrast could be set.")
        elif layer.rgb:
            self._session.status.say(
                f"{layer.name} is RGB: its colours are shown as they are, without contrast limits."
            )
            return None
        return layer

    def fit_visible(self) -> None:
        """Spread the contrast over the values that are on screen; they are read in the background."""
        layer, viewer = self.adjustable_layer(), self._viewer()
        if layer is None or viewer is None:
            return
        region = visible_region(layer, viewer.dims)
        if region is None:
            self._session.status.say(f"Nothing of {layer.name} is on screen.")
            return
        version = layer.data
        data, box = sample_on_screen(layer, region)

        def show(limits: Limits) -> None:
            if layer.data is version:
                self._show(layer, limits)

        self._queue.start(lambda: contrast_steps(data, box), show, "contrast")

    @property
    def fitting(self) -> bool:
        """Whether what is on screen is being read."""
        return self._queue.running is not None

    @property
    def dragging(self) -> bool:
        """Whether dragging with the left mouse button sets the contrast."""
        return self._drag is not None

    @dragging.setter
    def dragging(self, on: bool) -> None:
        viewer = self._viewer()
        if on == self.dragging or viewer is None or (on and self.adjustable_layer() is None):
            return
        if self._drag is None:
            self._drag = LevelDrag(self, viewer)
            self._session.status.say(HOW_TO_DRAG, stay=True)
        else:
            drag, self._drag = self._drag, None
            drag.end()
            self._session.status.take_back()
        self.dragging_changed.emit(on)

    def say_limits(self, layer: Image, stay: bool = False) -> None:
        """Say what the contrast limits of a layer are."""
        low, high = layer.contrast_limits
        self._session.status.say(
            f"Contrast: {low:.5g} to {high:.5g} (centre {(low + high) / 2:.5g}, width {high - low:.5g}).",
            stay,
        )

    def close(self) -> None:
        """Put everything away; nothing can be started afterwards."""
        self.dragging = False
        self._queue.close()

    def _show(self, layer: Image, limits: Limits) -> None:
        if limits[0] < limits[1]:
            layer.contrast_limits = limits
            self.say_limits(layer)
        else:
            self._session.status.say(
                f"All of {layer.name} that is on screen has one value: its contrast stays."
            )

    def _wake(self) -> None:
        self._waker.wake()

    def _on_job(self, job: object) -> None:
        """There is nothing to show of work that takes a blink."""

    def _on_failed(self, message: str) -> None:
        self._session.status.say(f"The contrast stays as it is: {message}")
