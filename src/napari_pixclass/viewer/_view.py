"""What part of a layer is on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image, Labels

Box = tuple[slice, ...]
"""One slice per axis of a layer's data, at full resolution; of length 1 along axes that are not displayed."""


def visible_region(layer: Image | Labels, dims: Dims) -> Box | None:
    """The part of a layer's data that is on screen: a box around it where the layer is rotated.

    All of the displayed plane (or volume) where the layer has not been drawn yet, or is displayed in 3D. None where
    the sliders are beyond the layer.

    Parameters
    ----------
    layer
        An image or labels layer.
    dims
        The sliders of its viewer.
    """
    shape = _full_shape(layer)
    displayed = displayed_axes(layer, dims)
    point = np.asarray(layer.world_to_data(dims.point))
    low, high = _corners(layer, shape)
    box = []
    for axis, length in enumerate(shape):
        if axis in displayed:
            start, stop = (low[axis], high[axis]) if dims.ndisplay == 2 else (0, length)
            box.append(slice(max(start, 0), min(stop, length)))
        else:
            index = round(float(point[axis]))
            box.append(slice(index, index + 1))
        if not 0 <= box[-1].start < box[-1].stop <= length:
            return None
    return tuple(box)


def displayed_axes(layer: Image | Labels, dims: Dims) -> tuple[int, ...]:
    """Axes of a layer that lie in the plane, or the volume, that is displayed."""
    missing = dims.ndim - layer.ndim  # the layer's axes are the viewer's last ones
    return tuple(axis - missing for axis in dims.displayed if axis >= missing)


def _full_shape(layer: Image | Labels) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(length) for length in data.shape[: layer.ndim])


def _corners(layer: Image | Labels, shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """First pixel on screen and the one after the last, along every axis."""
    first, last = np.asarray(layer.corner_pixels)
    if len(first) != len(shape):  # other data, and napari has yet to notice
        return [0] * len(shape), list(shape)
    factors = (
        layer.downsample_factors[layer.data_level] if layer.multiscale else np.ones(len(shape))
    )
    low = np.floor(first * factors).astype(int)
    high = np.ceil((last + 1) * factors).astype(int)
    return low.tolist(), high.tolist()
