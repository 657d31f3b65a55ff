"""Pixels all over the images of which some are worth a stroke: sampled in small parts, so that size costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._channel_features import ChannelFeatures
from ._labelled import LabelledPixels
from ._sample_cache import SampleCache
from ._samples import iter_samples, labelled_blocks, merge_samples
from ._steps import Step, Steps
from ._training_image import TrainingImage

if TYPE_CHECKING:
    from ._sharpening import PlanesPredictor

PART = {2: (128, 128), 3: (8, 32, 32)}
"""Shape of a part that is looked at. It divides `LABEL_BLOCKS`: features are computed block by block."""

N_PARTS = {2: (32, 64), 3: (48, 192)}
"""Parts that are looked at first, and at most."""

NEW_PARTS = {2: 2, 3: 2}
"""So many more are looked at with every stroke; beyond the most that are remembered, the oldest are left."""

N_PIXELS = {2: 12_000, 3: 24_000}
"""Pixels of all parts together."""

_LONGEST_ORDER = 2**16
"""Of more parts than these only so many, drawn at random, are ever looked at."""


@dataclass(frozen=True, slots=True)
class PlaceCandidates:
    """Pixels that may be labelled next.

    Attributes
    ----------
    X
        (n, n_features): their features.
    probabilities
        (n, n_classes): what the classifier says.
    images, positions
        The image of each, and where it lies in its flattened labels.
    """

    X: npt.NDArray[np.float32]
    probabilities: npt.NDArray[np.float32]
    images: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positions)


def place_candidate_steps(
    images: Sequence[TrainingImage],
    features: ChannelFeatures,
    predictor: PlanesPredictor,
    n_strokes: int,
    seed: np.random.SeedSequence,
    cache: SampleCache,
) -> Steps[PlaceCandidates]:
    """Look at parts of the images that are drawn at random, others with every stroke that is painted.

    With the `cache` that is kept from one time to the next, only features in new parts are computed.
    """
    marked = _marked(images, features.ndim, n_strokes, seed)
    blocks = [len(labelled_blocks(item.labels, features.ndim)) for _, item in marked]
    done, total = 0, sum(blocks)
    rows, positions = [], []
    for _, item in marked:
        parts = []
        for part in iter_samples(item, features, cache):
            parts.append(part)
            done += 1
            yield Step(done, total, "Looking for places")
        samples = merge_samples(parts)
        rows.append(samples.X)
        positions.append(samples.positions)
    X = np.concatenate(rows)
    return PlaceCandidates(
        X,
        np.ascontiguousarray(predictor.predict_planes(np.ascontiguousarray(X.T)).T),
        np.repeat([index for index, _ in marked], [len(own) for own in positions]),
        np.concatenate(positions),
    )


def _marked(
    images: Sequence[TrainingImage], ndim: int, n_strokes: int, seed: np.random.SeedSequence
) -> list[tuple[int, TrainingImage]]:
    """The images that are looked at, with pixels to look at in place of their labels."""
    shapes = [item.labels.shape for item in images]
    grids = [
        tuple(-(-n // step) for n, step in zip(s, _steps(s, ndim), strict=True)) for s in shapes
    ]
    chosen = _window(
        np.array([np.prod(grid, dtype=np.int64) for grid in grids]), ndim, n_strokes, seed
    )
    parts: dict[int, list[tuple[slice, ...]]] = {}
    for image, number in chosen:
        cell = np.unravel_index(number, grids[image])
        part = tuple(
            slice(int(index) * step, min((int(index) + 1) * step, length))
            for index, step, length in zip(
                cell, _steps(shapes[image], ndim), shapes[image], strict=True
            )
        )
        parts.setdefault(image, []).append(part)
    sizes = [_size(part) for own in parts.values() for part in own]
    share = min(1.0, N_PIXELS[ndim] / sum(sizes))
    marked = []
    for image, own in sorted(parts.items()):
        positions = np.unique(np.concatenate([_pixels(part, shapes[image], share) for part in own]))
        labels = LabelledPixels(positions, np.ones(len(positions), dtype=np.uint8), shapes[image])
        item = images[image]
        marked.append((image, TrainingImage(item.image, labels, item.axes, item.spacing)))
    return marked


def _steps(shape: Sequence[int], ndim: int) -> tuple[int, ...]:
    return (1,) * (len(shape) - ndim) + PART[ndim]


def _size(part: Sequence[slice]) -> int:
    return int(np.prod([axis.stop - axis.start for axis in part]))


def _window(
    counts: npt.NDArray[np.int64], ndim: int, n_strokes: int, seed: np.random.SeedSequence
) -> list[tuple[int, int]]:
    """Image and number of each part that is looked at after so many strokes."""
    total = int(counts.sum())
    random = np.random.default_rng(seed)
    order = random.choice(total, min(total, _LONGEST_ORDER), replace=False)
    first, most = N_PARTS[ndim]
    stop = first + NEW_PARTS[ndim] * n_strokes
    wanted = np.arange(max(0, stop - most), stop)[-len(order) :]
    numbers = np.sort(order[wanted % len(order)])
    ends = np.cumsum(counts)
    images = np.searchsorted(ends, numbers, side="right")
    return list(zip(images.tolist(), (numbers - (ends - counts)[images]).tolist(), strict=True))


def _pixels(part: tuple[slice, ...], shape: tuple[int, ...], share: float) -> npt.NDArray[np.int64]:
    """Positions of some pixels of a part: the same ones whenever it is looked at, more where the share is larger."""
    size = _size(part)
    count = max(1, round(size * share))
    random = np.random.default_rng([axis.start for axis in part])
    chosen = random.permutation(size)[:count]
    inside = np.unravel_index(chosen, tuple(axis.stop - axis.start for axis in part))
    index = tuple(where + axis.start for where, axis in zip(inside, part, strict=True))
    found: npt.NDArray[np.int64] = np.ravel_multi_index(index, shape).astype(np.int64)
    return found
