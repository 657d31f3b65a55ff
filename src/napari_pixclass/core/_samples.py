"""Labelled pixels and their features: what a classifier is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import Region
from ._blocks import iter_blocks
from ._features import FeatureSet
from ._sample_cache import SampleCache, compute_rows
from ._scratch import Scratch
from ._training_image import TrainingImage

LABEL_BLOCKS = {2: (128, 128), 3: (32, 64, 64)}
"""Labels are looked through in blocks of this shape; in each, features are computed where new labels are."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pixels: features `X` (n_samples, n_features), class values `y`, and where they lie in the labels."""

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.integer[Any]]
    positions: npt.NDArray[np.int64]


def labelled_blocks(
    labels: npt.NDArray[np.integer[Any]], ndim: int
) -> list[tuple[tuple[int, ...], Region]]:
    """Frame and region of every block that has any labels."""
    split = labels.ndim - ndim
    return [
        (frame, block)
        for frame in np.ndindex(*labels.shape[:split])
        if labels[frame].any()
        for block in iter_blocks(labels.shape[split:], LABEL_BLOCKS[ndim])
        if labels[frame][block].any()
    ]


def iter_samples(
    training: TrainingImage, features: FeatureSet, cache: SampleCache | None = None
) -> Iterator[Samples]:
    """Features of the labelled pixels, block by block; nothing is computed where there are no labels."""
    scratch = Scratch()
    rows_of = compute_rows if cache is None else cache.rows
    for frame, block in labelled_blocks(training.labels, features.ndim):
        labels = training.labels[frame][block]
        inside = np.flatnonzero(labels)
        where = np.unravel_index(inside, labels.shape)
        absolute = [np.full(len(inside), index) for index in frame]
        absolute += [axis.start + index for axis, index in zip(block, where, strict=True)]
        yield Samples(
            X=rows_of(training, features, frame, block, inside, scratch),
            y=labels[where],
            positions=np.ravel_multi_index(absolute, training.labels.shape).astype(np.int64),
        )


def merge_samples(parts: Sequence[Samples]) -> Samples:
    """Join the samples of one image in the order of its pixels.

    The order decides which pixels a forest draws: this one does not depend on how the labels were cut into blocks.
    """
    positions = np.concatenate([part.positions for part in parts])
    order = np.argsort(positions, kind="stable")
    return Samples(
        X=np.ascontiguousarray(np.concatenate([part.X for part in parts])[order]),
        y=np.concatenate([part.y for part in parts])[order],
        positions=positions[order],
    )
