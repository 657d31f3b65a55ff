"""Training for the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_pixclass.core import ArrayLike, FeatureSet, SampleCache, Steps

from ._sources import Pair, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier


def prepare_training(
    pairs: Sequence[Pair],
    features: FeatureSet,
    n_estimators: int,
    random_state: int | None,
    n_jobs: int | None,
    cache: SampleCache,
) -> Callable[[], Steps[PixelClassifier]]:
    """Take a snapshot of images and labels, in the thread of the session; return what trains on it, in any thread."""
    images = [pair.image.data for pair in pairs]
    labels = [_copied(pair.labels.data) for pair in pairs]
    spacings = [spacing_of(pair.image, features.ndim) for pair in pairs]
    channel_axis = pairs[0].image.channel_axis

    def steps() -> Steps[PixelClassifier]:
        from napari_pixclass.classifier import PixelClassifier  # takes a while, the first time

        new = PixelClassifier(features, n_estimators, random_state, n_jobs)
        arrays = [np.asarray(item) for item in labels]
        yield from new.fit_steps(
            images, arrays, channel_axis=channel_axis, spacing=spacings, cache=cache
        )
        return new

    return steps


def _copied(labels: ArrayLike) -> ArrayLike:
    """A copy of labels that can be painted; others are read by whoever uses them."""
    return labels.copy() if isinstance(labels, np.ndarray) else labels
