"""Features of all labelled pixels and of places all over the images, computed once, to try classifiers on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ._channel_features import ChannelFeatures
from ._labelled import LabelledPixels
from ._sample_cache import SampleCache
from ._samples import LABEL_BLOCKS, Samples, iter_samples, labelled_blocks, merge_samples
from ._steps import Step, Steps
from ._strokes import stroke_ids
from ._training_image import TrainingImage

PLACES = {2: (24, (128, 128), 600), 3: (12, (8, 32, 32), 1200)}
"""How many parts of an image, or of all images together, are looked at, the shape of one, and pixels in each."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What classifiers are tried on.

    Attributes
    ----------
    X, codes
        Features and class of each labelled pixel; code 0 stands for ``values[0]``.
    strokes, images
        The scribble (see `stroke_ids`; numbered on from image to image) and the image of each.
    values
        Class values, ascending.
    X_places, place_images
        Features of pixels that stand for the whole images, and the image of each.
    weights
        How often trees look at each feature; see `grow_forest`.
    """

    X: npt.NDArray[np.float32]
    codes: npt.NDArray[np.intp]
    strokes: npt.NDArray[np.int64]
    images: npt.NDArray[np.int64]
    values: npt.NDArray[np.integer[Any]]
    X_places: npt.NDArray[np.float32]
    place_images: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.values)

    @property
    def n_strokes(self) -> tuple[int, ...]:
        """Number of scribbles of each class."""
        return self._count(self.strokes)

    @property
    def n_images(self) -> tuple[int, ...]:
        """Number of images with labels of each class."""
        return self._count(self.images)

    def _count(self, groups: npt.NDArray[np.int64]) -> tuple[int, ...]:
        pairs = np.unique(np.stack([groups, self.codes]), axis=1)
        return tuple(np.bincount(pairs[1], minlength=self.n_classes).tolist())

    def with_columns(self, columns: npt.NDArray[np.intp]) -> Self:
        """The same with some of the features only."""
        return replace(
            self,
            X=np.ascontiguousarray(self.X[:, columns]),
            X_places=np.ascontiguousarray(self.X_places[:, columns]),
            weights=self.weights[columns],
        )

    def with_samples(self, chosen: npt.NDArray[np.intp]) -> Self:
        """The same with some of the labelled pixels only."""
        return replace(
            self,
            X=np.ascontiguousarray(self.X[chosen]),
            codes=self.codes[chosen],
            strokes=self.strokes[chosen],
            images=self.images[chosen],
        )


def gathering_steps(
    training: Sequence[TrainingImage],
    features: ChannelFeatures,
    random: np.random.Generator,
    cache: SampleCache | None,
) -> Steps[Gathered]:
    """Compute all features."""
    labelled = [index for index, item in enumerate(training) if len(item.labels)]
    views = [_places(training[index], features.ndim, random, len(labelled)) for index in labelled]
    work = [*((training[index], "Computing features at the labels") for index in labelled)]
    work += [(view, "Computing features all over the image") for view in views]
    total = sum(len(labelled_blocks(item.labels, features.ndim)) for item, _ in work)
    merged: list[Samples] = []
    done = 0
    for item, what in work:
        parts = []
        for part in iter_samples(item, features, cache):
            parts.append(part)
            done += 1
            yield Step(done, total, what)
        merged.append(merge_samples(parts))
    samples, places = merged[: len(labelled)], merged[len(labelled) :]
    values, codes = np.unique(np.concatenate([part.y for part in samples]), return_inverse=True)
    return Gathered(
        X=np.concatenate([part.X for part in samples]),
        codes=codes,
        strokes=_strokes([training[index].labels for index in labelled], features.ndim),
        images=np.repeat(labelled, [len(part.y) for part in samples]),
        values=values.astype(np.min_scalar_type(int(values[-1]))),
        X_places=np.concatenate([part.X for part in places]),
        place_images=np.repeat(labelled, [len(part.y) for part in places]),
        weights=features.weights,
    )


def _strokes(labels: Sequence[LabelledPixels], ndim: int) -> npt.NDArray[np.int64]:
    numbered = []
    first = 0
    for own in labels:
        numbered.append(stroke_ids(own, ndim) + first)
        first = int(numbered[-1].max()) + 1
    return np.concatenate(numbered)


def _places(
    item: TrainingImage, ndim: int, random: np.random.Generator, n_images: int
) -> TrainingImage:
    """The image with pixels to look at in place of its labels: at random, equally dense everywhere."""
    n_parts, part, n_pixels = PLACES[ndim]
    shape = item.labels.shape
    found = []
    for _ in range(-(-n_parts // n_images)):
        ranges = _part(shape, [int(random.integers(length)) for length in shape], part)
        index = [random.choice(axis, n_pixels) for axis in ranges]
        found.append(np.ravel_multi_index(index, shape))
    positions = np.unique(np.concatenate(found)).astype(np.int64)
    marked = LabelledPixels(positions, np.ones(len(positions), dtype=np.uint8), shape)
    return TrainingImage(item.image, marked, item.axes, item.spacing)


def _part(
    shape: Sequence[int], centre: Sequence[int], size: Sequence[int]
) -> list[npt.NDArray[np.intp]]:
    """Indices along each axis of a part, which lies in one block: features are computed block by block."""
    split = len(shape) - len(size)
    ranges = [np.array([index]) for index in centre[:split]]
    blocks = LABEL_BLOCKS[len(size)]
    for index, length, own, block in zip(centre[split:], shape[split:], size, blocks, strict=True):
        begin = index // block * block
        end = min(begin + block, length)
        start = max(min(index - own // 2, end - own), begin)
        ranges.append(np.arange(start, min(start + own, end)))
    return ranges
