"""Showing what one feature looks like, the way the classifier sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_pixclass.core import (
    BlockPredictor,
    Step,
    as_image,
    iter_blocks,
    resolve_axes,
    valid_spacing,
)

from ._sources import ImageSource, Snapshot, spacing_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_pixclass.core import FeatureSet, Steps

PREVIEW_BLOCKS = {2: (512, 512), 3: (64, 128, 128)}
"""A preview is computed in blocks of this shape, so that it can be cancelled in between."""


@dataclass(frozen=True, eq=False, slots=True)
class FeaturePreview:
    """One feature of one channel of an image.

    Attributes
    ----------
    image
        The image.
    name
        Name of the feature.
    values
        float32, of the shape of the image without its channel axis.
    limits
        Two different values between which nearly all of them lie.
    """

    image: ImageSource
    name: str
    values: npt.NDArray[np.float32]
    limits: tuple[float, float]


class _OnePlane:
    """Hands on one of the feature planes of a block instead of classifying them."""

    def __init__(self, index: int) -> None:
        self.index = index

    def predict_planes(self, planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return planes[self.index : self.index + 1]


def preview_steps(
    image: Snapshot, features: FeatureSet, index: int, channel: int
) -> Steps[FeaturePreview]:
    """Compute the feature at `index` of `features` for one channel, block by block."""
    feature = features.features[index]
    alone = features.restricted([index])
    data = as_image(image.data)
    axes = resolve_axes(data.shape, features.ndim, image.channel_axis)
    spacing = valid_spacing(spacing_of(image, features.ndim), features.ndim)
    channels = tuple(alone if i == channel else None for i in range(axes.n_channels))
    one = _OnePlane(feature.component)
    predictor = BlockPredictor(channels, one, spacing, features.ndim, 1, one)
    values = np.empty(axes.shape, dtype=np.float32)
    regions = list(iter_blocks(axes.spatial, PREVIEW_BLOCKS[features.ndim]))
    total, done = len(regions) * int(np.prod(axes.lead)), 0
    for frame in axes.frames():
        for region in regions:
            where: tuple[int | slice, ...] = (*frame, *region)
            values[where] = predictor.predict_region(data, axes, frame, region)[0]
            done += 1
            yield Step(done, total, "Computing the preview")
    low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
    return FeaturePreview(
        image.source, feature.name, values, (low, high) if low < high else (low, low + 1)
    )
