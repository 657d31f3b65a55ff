"""Labelled pixels and their features: what a classifier is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import Region
from ._channel_features import ChannelFeatures
from ._labelled import LabelledPixels
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


@dataclass(frozen=True, slots=True)
class LabelledBlock:
    """A block that has labels.

    Attributes
    ----------
    frame, region
        Where it lies.
    inside
        Flat indices of its labelled pixels within the block, ascending.
    chosen
        Which of the image's labelled pixels they are.
    """

    frame: tuple[int, ...]
    region: Region
    inside: npt.NDArray[np.intp]
    chosen: npt.NDArray[np.intp]


def labelled_blocks(labelled: LabelledPixels, ndim: int) -> list[LabelledBlock]:
    """Every block that has any labels."""
    if not len(labelled):
        return []
    split = len(labelled.shape) - ndim
    steps = np.array((1,) * split + LABEL_BLOCKS[ndim])[:, np.newaxis]
    where = np.stack(labelled.coordinates())
    blocks = where // steps
    grid = -(-np.array(labelled.shape) // steps[:, 0])
    numbers = np.ravel_multi_index(tuple(blocks), tuple(grid.tolist()))
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    found = []
    for chosen in np.split(order, starts[1:]):
        first = blocks[:, chosen[0]] * steps[:, 0]
        region = tuple(
            slice(int(start), min(int(start + step), length))
            for start, step, length in zip(
                first[split:], LABEL_BLOCKS[ndim], labelled.shape[split:], strict=True
            )
        )
        shape = tuple(axis.stop - axis.start for axis in region)
        inside = np.ravel_multi_index(
            tuple(where[split:, chosen] - first[split:, np.newaxis]), shape
        )
        found.append(LabelledBlock(tuple(first[:split].tolist()), region, inside, chosen))
    return found


def iter_samples(
    training: TrainingImage, features: ChannelFeatures, cache: SampleCache | None = None
) -> Iterator[Samples]:
    """Features of the labelled pixels, block by block; nothing is computed where there are no labels."""
    scratch = Scratch()
    rows_of = compute_rows if cache is None else cache.rows
    labels = training.labels
    for block in labelled_blocks(labels, features.ndim):
        yield Samples(
            X=rows_of(training, features, block.frame, block.region, block.inside, scratch),
            y=labels.values[block.chosen],
            positions=labels.positions[block.chosen],
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
