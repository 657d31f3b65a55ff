"""What can be the channels of an image layer, and what is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ._sources import LayerImage
from ._stacked_layers import StackedLayers

if TYPE_CHECKING:
    from napari.layers import Image

    from ._layer_session import LayerSession

MAX_CHANNELS = 64
"""An axis that is longer is something else, unless somebody has said that it is the channels."""

RGB_NAMES = ("Red", "Green", "Blue")


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """The channels of one image.

    Attributes
    ----------
    axes
        Axes of the layer that may be its channels.
    axis
        The one that is; None for none.
    layers
        Layers that may be channels together, in the order of the layer list; none where axes or colours are the
        channels.
    chosen
        Those that are.
    names
        Names of the channels.
    used
        Positions of the channels that are trained on.
    """

    axes: tuple[int, ...]
    axis: int | None
    layers: tuple[Image, ...]
    chosen: tuple[Image, ...]
    names: tuple[str, ...]
    used: frozenset[int]

    @classmethod
    def of(
        cls, image: LayerImage, others: Sequence[Image], channels: Collection[int] | None
    ) -> Self:
        """Options of an image among `others`, where `channels` are trained on."""
        names = channel_names(image)
        used = range(len(names)) if channels is None else channels
        is_single = image.extra_axis is None and not image.layer.rgb
        layers = _like(image.layer, others) if is_single else ()
        chosen = image.layers if is_single else ()
        missing = tuple(layer for layer in chosen if layer not in layers)
        return cls(
            () if len(chosen) > 1 else _possible_axes(image),
            image.extra_axis,
            (*layers, *missing),
            chosen,
            names,
            frozenset(used),
        )

    @property
    def matter(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.names) > 1 or len(self.layers) > 1 or bool(self.axes) or self.used != {0}


def channel_names(image: LayerImage) -> tuple[str, ...]:
    """What the channels of an image are called; an image without channels has one."""
    if isinstance(image, StackedLayers):
        return tuple(str(layer.name) for layer in image.layers)
    if image.layer.rgb:
        return RGB_NAMES
    if image.extra_axis is None:
        return (image.name,)
    return tuple(f"Channel {i + 1}" for i in range(image.data.shape[image.extra_axis]))


def training_channels(session: LayerSession) -> tuple[str, ...]:
    """Names of the channels of the images that are trained on, or would be; none where there is no image."""
    images = [pair.image for pair in session.pairs if isinstance(pair.image, LayerImage)]
    image = images[0] if images else session.current_source
    return () if image is None else channel_names(image)


def _possible_axes(image: LayerImage) -> tuple[int, ...]:
    """Axes that may be channels: short ones, if two others are left, that are not called x, y, z or t."""
    layer = image.layer
    if layer.rgb or layer.ndim < 3:
        return ()
    shape = (layer.data[0] if layer.multiscale else layer.data).shape
    labels = [str(label).strip().lower() for label in layer.axis_labels]
    return tuple(
        axis
        for axis in range(layer.ndim)
        if axis == image.extra_axis
        or (shape[axis] <= MAX_CHANNELS and labels[axis] not in {"x", "y", "z", "t", "time"})
    )


def _like(layer: Image, others: Sequence[Image]) -> tuple[Image, ...]:
    """Layers that may be channels together with a layer, and that layer itself."""
    shape = LayerImage(layer).data.shape
    return tuple(
        other
        for other in others
        if other is layer or (not other.rgb and LayerImage(other).data.shape == shape)
    )
