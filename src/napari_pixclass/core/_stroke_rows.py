"""Some pixels of every scribble with their features: enough to know what has been labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._channel_features import ChannelFeatures
from ._labelled import LabelledPixels
from ._sample_cache import SampleCache
from ._samples import iter_samples, labelled_blocks, merge_samples
from ._steps import Step, Steps
from ._strokes import stroke_ids
from ._training_image import TrainingImage

MOST_PER_STROKE, MOST_ROWS = 40, 6000
"""Pixels of one stroke, and of all strokes, that are looked at; of each stroke one at least."""


@dataclass(frozen=True, slots=True)
class StrokeRows:
    """Some pixels of each scribble.

    Attributes
    ----------
    X
        (n, n_features): their features.
    codes
        Class of each, from 0; code 0 stands for ``values[0]``.
    strokes
        The scribble of each, numbered on from image to image.
    values
        Class values, ascending.
    weights
        How often trees look at each feature; see `grow_forest`.
    """

    X: npt.NDArray[np.float32]
    codes: npt.NDArray[np.intp]
    strokes: npt.NDArray[np.int64]
    values: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.values)


def strokes_of(images: Sequence[TrainingImage], ndim: int) -> list[npt.NDArray[np.int64]]:
    """The scribble of each labelled pixel of each image, numbered on from image to image; see `stroke_ids`."""
    numbered = []
    first = 0
    for item in images:
        numbered.append(stroke_ids(item.labels, ndim) + first)
        first = int(numbered[-1].max(initial=first - 1)) + 1
    return numbered


def stroke_row_steps(
    images: Sequence[TrainingImage],
    strokes: Sequence[npt.NDArray[np.int64]],
    features: ChannelFeatures,
    cache: SampleCache | None,
) -> Steps[StrokeRows]:
    """Compute the features; `strokes` are those of `strokes_of`."""
    n_strokes = sum(len(np.unique(own)) for own in strokes)
    most = max(1, min(MOST_PER_STROKE, MOST_ROWS // max(n_strokes, 1)))
    rows = [np.empty((0, features.n_features), dtype=np.float32)]
    values: list[npt.NDArray[Any]] = [np.empty(0, dtype=np.int64)]
    numbers = [np.empty(0, dtype=np.int64)]
    items = [_thinned(item, own, most) for item, own in zip(images, strokes, strict=True)]
    total = sum(len(labelled_blocks(item.labels, features.ndim)) for item, _ in items)
    done = 0
    for item, own in items:
        if not len(own):
            continue
        parts = []
        for samples in iter_samples(item, features, cache):
            parts.append(samples)
            done += 1
            yield Step(done, total, "Computing features at the labels")
        rows.append(merge_samples(parts).X)
        values.append(item.labels.values.astype(np.int64))
        numbers.append(own)
    found, codes = np.unique(np.concatenate(values), return_inverse=True)
    return StrokeRows(np.concatenate(rows), codes, np.concatenate(numbers), found, features.weights)


def _thinned(
    item: TrainingImage, strokes: npt.NDArray[np.int64], most: int
) -> tuple[TrainingImage, npt.NDArray[np.int64]]:
    """The image with so many labelled pixels of each scribble, evenly spread, and the scribble of each."""
    if not len(strokes):
        return item, strokes
    order = np.argsort(strokes, kind="stable")
    _, starts, sizes = np.unique(strokes[order], return_index=True, return_counts=True)
    within = np.arange(len(order)) - np.repeat(starts, sizes)
    chosen = np.sort(order[within % np.repeat(-(-sizes // most), sizes) == 0])
    labels = LabelledPixels(
        item.labels.positions[chosen], item.labels.values[chosen], item.labels.shape
    )
    return TrainingImage(item.image, labels, item.axes, item.spacing), strokes[chosen]
