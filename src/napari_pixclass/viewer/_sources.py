"""napari layers as the session's images and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.session import indices_of, refusal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Layer

    from napari_pixclass.core import ArrayLike
    from napari_pixclass.session import Positions


METADATA_KEY = "pixclass"
"""Of what layers are told by us."""


class LayerImage:
    """An image layer. The last axis of an RGB layer is its channels; an alpha channel is left out.

    Parameters
    ----------
    layer
        The image layer.
    channel_axis
        Axis of the channels of a layer that is not RGB; None if it has none.
    """

    def __init__(self, layer: Image, channel_axis: int | None = None) -> None:
        if layer.rgb and channel_axis not in (None, -1, layer.ndim):
            raise ValueError(
                f"the channels of an RGB layer are its last axis; got channel_axis={channel_axis}. Leave it out."
            )
        self.layer = layer
        self._channel_axis = None if layer.rgb else channel_axis

    @property
    def layers(self) -> tuple[Image, ...]:
        """All layers that it is made of."""
        return (self.layer,)

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def path(self) -> str | None:
        """The file that it was opened from, by napari or by us, if it was."""
        ours = self.layer.metadata.get(METADATA_KEY)
        path = ours.get("path") if isinstance(ours, dict) else None
        path = path or self.layer.source.path
        return None if path is None else str(path)

    @property
    def letters(self) -> str:
        """Letters of its axes but for the channels, if they have some, each another one."""
        axes = [axis for axis in range(self.layer.ndim) if axis != self.extra_axis]
        names = [str(self.layer.axis_labels[axis]).strip().upper() for axis in axes]
        is_named = all(len(name) == 1 and name.isalpha() for name in names)
        return "".join(names) if is_named and len(set(names)) == len(names) else ""

    @property
    def is_multiscale(self) -> bool:
        """Whether the layer has several resolutions."""
        return bool(self.layer.multiscale)

    @property
    def version(self) -> Any:
        return self.layer.data[0] if self.layer.multiscale else self.layer.data

    @property
    def problem(self) -> str | None:
        return None

    @property
    def data(self) -> Any:
        data = self.version
        return data[..., :3] if self.layer.rgb and data.shape[-1] > 3 else data

    @property
    def channel_axis(self) -> int | None:
        return -1 if self.layer.rgb else self._channel_axis

    @property
    def extra_axis(self) -> int | None:
        """The axis of the layer that is its channels; None where it has none, or they are no axis of the layer: RGB."""
        return None if self._channel_axis is None else self._channel_axis % self.layer.ndim

    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        """Size of a pixel along every axis but the channels, lengths in the unit of the last axis.

        None where the layer says nothing: all sizes are 1 pixel.
        """
        axes = [axis for axis in range(self.layer.ndim) if axis != self.extra_axis]
        scale = [abs(float(self.layer.scale[axis])) for axis in axes]
        units = [self.layer.units[axis] for axis in axes]
        if set(scale) == {1.0} and {str(unit) for unit in units} == {"pixel"}:
            return None
        factors = [
            float((1 * unit).to(units[-1]).magnitude) if unit.is_compatible_with(units[-1]) else 1.0
            for unit in units
        ]
        return tuple(size * factor for size, factor in zip(scale, factors, strict=True))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LayerImage)
            and other.layers == self.layers
            and other.channel_axis == self.channel_axis
        )

    def __hash__(self) -> int:
        return id(self.layer)


class LayerLabels:
    """A labels layer that is painted on."""

    def __init__(self, layer: Labels) -> None:
        if layer.multiscale:
            raise ValueError(
                f"labels must have one scale; {layer.name} has {len(layer.data)}. Add the finest one as a layer."
            )
        self.layer = layer

    @property
    def name(self) -> str:
        return str(self.layer.name)

    @property
    def data(self) -> ArrayLike:
        data: ArrayLike = self.layer.data
        return data

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(length) for length in self.layer.data.shape)

    @property
    def is_painted(self) -> bool:
        """Whether there is anything to undo; napari has no public name for it."""
        return bool(getattr(self.layer, "_undo_history", ()))

    def refusal(self, value: int) -> str | None:
        """Why pixels cannot be labelled with `value` (0 erases), in words; None if they can."""
        if not self.layer.editable:
            return f"the labels {self.name!r} are locked: their layer cannot be edited. Unlock it."
        return refusal_of(self.name, self.layer.data, value)

    def replace_value(self, old: int, new: int, positions: Positions | None = None) -> int:
        """Label with `new` what is labelled with `old`, in one step that napari can undo."""
        if problem := self.refusal(new):
            raise ValueError(problem)
        where = indices_of(self.layer.data, old, positions)
        try:
            self.layer.data_setitem(where, new)
        except IndexError:
            # napari updates what is on screen last, and fails where that has never been loaded: in a hidden layer.
            if not (np.asarray(self.layer.data[where]) == new).all():
                raise
            self.layer.refresh()
        return len(where[0])

    def set_values(self, positions: Positions, values: npt.NDArray[np.integer[Any]]) -> None:
        """Label each pixel with its own value, in one step that napari can undo."""
        if problem := self.refusal(int(values.max(initial=0))):
            raise ValueError(problem)
        where, values = np.unravel_index(positions, self.shape), values.astype(self.layer.dtype)
        try:
            self.layer.data_setitem(where, values)
        except IndexError:
            # napari updates what is on screen last, and fails where that has never been loaded: in a hidden layer.
            if not np.array_equal(np.asarray(self.layer.data[where]), values):
                raise
            self.layer.refresh()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LayerLabels) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)


def describe(layer: Layer, **facts: object) -> None:
    """Keep facts with a layer, for whoever gets no more than its metadata."""
    ours = layer.metadata.get(METADATA_KEY)
    known = ours if isinstance(ours, dict) else {}
    layer.metadata = {**layer.metadata, METADATA_KEY: {**known, **facts}}


def labels_shape(image: Image | LayerImage) -> tuple[int, ...]:
    """Shape of labels that fit an image, or an image layer without channels other than colours."""
    source = image if isinstance(image, LayerImage) else LayerImage(image)
    shape = [int(length) for length in source.data.shape]
    if source.channel_axis is not None:
        del shape[source.channel_axis]
    return tuple(shape)


def level_shapes(image: LayerImage) -> list[tuple[int, ...]]:
    """Shape of an image without its channels at every resolution that its layer has, the finest first."""
    layer = image.layer
    levels = list(layer.data) if layer.multiscale else [layer.data]
    shapes = [[int(length) for length in data.shape[: layer.ndim]] for data in levels]
    skipped = image.extra_axis
    return [tuple(n for axis, n in enumerate(shape) if axis != skipped) for shape in shapes]


def brush_size_for(shape: Sequence[int]) -> int:
    """Diameter of a brush that is neither a dot nor a blot on an image of this shape."""
    return int(np.clip(min(shape[-2:]) // 60, 1, 10))


def suggested_ndim(layer: Image) -> int:
    """3 where an axis of an image layer is called z, 2 where none is: more than two axes may be time as well."""
    labels = {str(label).strip().lower() for label in layer.axis_labels[-3:]}
    return 3 if layer.ndim > 2 and "z" in labels else 2


def spatial_arguments(image: LayerImage) -> dict[str, Any]:
    """What a layer made from an image takes over, but for the channel axis, so that it lies at the same place."""
    layer, n_axes = image.layer, image.layer.ndim
    axes = [axis for axis in range(n_axes) if axis != image.extra_axis]
    matrix = [*axes, n_axes]
    sheared = np.isin(np.stack(np.triu_indices(n_axes, 1)), axes).all(axis=0)
    return {
        "scale": layer.scale[axes],
        "translate": layer.translate[axes],
        "rotate": layer.rotate[np.ix_(axes, axes)],
        "shear": layer.shear[sheared],
        "affine": layer.affine.affine_matrix[np.ix_(matrix, matrix)],
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }


def place_at(layer: Layer, place: dict[str, Any]) -> None:
    """Put a layer to where `spatial_arguments` say."""
    for name, value in place.items():
        if not np.array_equal(getattr(layer, name), value):
            setattr(layer, name, value)
