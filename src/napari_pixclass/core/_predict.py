"""Probabilities of blocks and of whole images: features in a block, then the classifier, then the next block."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, ImageAxes, Region
from ._blocks import iter_blocks, n_blocks, read_padded, region_shape
from ._channel_features import ChannelFeatures
from ._compute import BLOCK_SHAPES, compute_planes
from ._features import FeatureSet
from ._forest import CompiledForest, ForestArrays
from ._scratch import Scratch
from ._sharpening import PlanesPredictor, with_sharpness
from ._threads import bounded_map
from ._threads import resolve_n_jobs as resolve_n_jobs

Planes = npt.NDArray[np.float32]


class EstimatorPredictor:
    """Any scikit-learn classifier, at its own speed."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def predict_planes(self, planes: Planes) -> Planes:
        rows = np.ascontiguousarray(planes.reshape(len(planes), -1).T)
        probabilities = self.estimator.predict_proba(rows)
        return np.ascontiguousarray(probabilities.T, dtype=np.float32).reshape(
            -1, *planes.shape[1:]
        )


@dataclasses.dataclass(frozen=True, slots=True)
class BlockPredictor:
    """Everything that the probabilities of a block depend on, but for the image.

    Attributes
    ----------
    channel_features
        For each channel the features to compute, None where the classifier uses none of them.
    predictor
        Gives probabilities from these features, channel by channel.
    spacing
        Spacing of the images' spatial axes.
    ndim
        Number of spatial axes.
    n_classes
        Number of classes.
    for_all
        The same as `predictor` for all features that were chosen, whether the classifier uses them or not.
    """

    channel_features: tuple[FeatureSet | None, ...]
    predictor: PlanesPredictor
    spacing: tuple[float, ...]
    ndim: int
    n_classes: int
    for_all: PlanesPredictor

    @classmethod
    def from_forest(
        cls, forest: ForestArrays, features: ChannelFeatures, spacing: tuple[float, ...]
    ) -> BlockPredictor:
        """For a forest: features that no tree splits on are not computed."""
        used = set(np.unique(forest.feature[forest.children_left >= 0]).tolist())
        channel_features: list[FeatureSet | None] = [None] * features.n_channels
        columns = np.zeros(forest.n_features, dtype=np.int32)
        chosen: list[int] = []
        for channel, offset, own in features.used():
            needed = own.restricted([i for i in range(len(own)) if offset + i in used])
            channel_features[channel] = needed
            if needed is None:
                continue
            for index, feature in enumerate(own.features):
                if feature in needed.features:
                    columns[offset + index] = len(chosen)
                    chosen.append(offset + index)
        compact = dataclasses.replace(
            forest, feature=columns[np.maximum(forest.feature, 0)], n_features=max(len(chosen), 1)
        )
        compiled = CompiledForest(compact)
        return cls(
            tuple(channel_features),
            compiled,
            spacing,
            features.ndim,
            forest.n_classes,
            compiled.among(np.array(chosen, dtype=np.int64), forest.n_features),
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, features: ChannelFeatures, spacing: tuple[float, ...]
    ) -> BlockPredictor:
        """For any other scikit-learn classifier."""
        n_classes = len(estimator.classes_)
        predictor = EstimatorPredictor(estimator)
        return cls(features.channels, predictor, spacing, features.ndim, n_classes, predictor)

    def calibrated(self, sharpness: float) -> BlockPredictor:
        """The same with probabilities raised to a power, 1 for none; see `sharpen`."""
        return dataclasses.replace(
            self,
            predictor=with_sharpness(self.predictor, sharpness),
            for_all=with_sharpness(self.for_all, sharpness),
        )

    @property
    def halo(self) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis."""
        halos = [
            features.halo_for(self.spacing)
            for features in self.channel_features
            if features is not None
        ]
        return (
            tuple(max(pixels) for pixels in zip(*halos, strict=True)) if halos else (0,) * self.ndim
        )

    def predict_block(
        self,
        image: ArrayLike,
        axes: ImageAxes,
        frame: tuple[int, ...],
        region: Region,
        scratch: Scratch | None = None,
    ) -> npt.NDArray[np.float32]:
        """Probabilities ``(n_classes, *shape of region)`` of one region of one frame.

        `scratch` is memory of this thread alone, used again from block to block.
        """
        scratch = Scratch() if scratch is None else scratch
        shape = region_shape(region)
        chosen = [
            (channel, features)
            for channel, features in enumerate(self.channel_features)
            if features
        ]
        n_planes = max(sum(len(features) for _, features in chosen), 1)
        planes = scratch.array("planes", (n_planes, *shape))
        start = 0
        for channel, features in chosen:
            padded = read_padded(
                image, axes, frame, channel, region, features.halo_for(self.spacing), scratch
            )
            stop = start + len(features)
            compute_planes(padded, region, features, self.spacing, planes[start:stop], scratch)
            start = stop
        if not chosen:
            planes[:] = 0
        return self.predictor.predict_planes(planes)

    def predict_region(
        self, image: ArrayLike, axes: ImageAxes, frame: tuple[int, ...], region: Region
    ) -> npt.NDArray[np.float32]:
        """As `predict_block`, for a region of any size: cut into blocks, so that memory stays bounded."""
        shape = region_shape(region)
        output = np.empty((self.n_classes, *shape), dtype=np.float32)
        scratch = Scratch()
        for part in iter_blocks(shape, BLOCK_SHAPES[self.ndim]):
            block = tuple(
                slice(outer.start + inner.start, outer.start + inner.stop)
                for outer, inner in zip(region, part, strict=True)
            )
            output[(slice(None), *part)] = self.predict_block(image, axes, frame, block, scratch)
        return output


@dataclasses.dataclass(frozen=True, slots=True)
class BlockResult:
    """Probabilities ``(n_classes, *shape of region)`` of one region of one frame."""

    frame: tuple[int, ...]
    region: Region
    probabilities: npt.NDArray[np.float32]


def count_blocks(axes: ImageAxes) -> int:
    """How many results `iter_predictions` gives."""
    return int(np.prod(axes.lead)) * n_blocks(axes.spatial, BLOCK_SHAPES[len(axes.spatial)])


def iter_predictions(
    predictor: BlockPredictor, image: ArrayLike, axes: ImageAxes, n_jobs: int
) -> Iterator[BlockResult]:
    """Predict an image block by block on `n_jobs` threads; results come in the order in which they are done.

    Closing the iterator stops after the blocks in hand.
    """
    thread = threading.local()

    def predict(frame: tuple[int, ...], region: Region) -> BlockResult:
        if not hasattr(thread, "scratch"):
            thread.scratch = Scratch()
        probabilities = predictor.predict_block(image, axes, frame, region, thread.scratch)
        return BlockResult(frame, region, probabilities)

    tasks = (
        (frame, region)
        for frame in axes.frames()
        for region in iter_blocks(axes.spatial, BLOCK_SHAPES[predictor.ndim])
    )
    return bounded_map(predict, tasks, n_jobs)
