"""Which of ilastik's two definitions of the structure tensor a forest was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ._channel_features import ChannelFeatures
from ._features import FeatureSet
from ._forest import CompiledForest, ForestArrays
from ._samples import iter_samples, merge_samples
from ._scales import Dialect
from ._training import Images, Labels, training_images
from ._training_image import TrainingImage

DIALECTS: tuple[Dialect, Dialect] = ("ilastik", "ilastik-vigra")
"""The one that most programs have comes first."""

TENSOR = "structure_tensor_eigenvalues"


def fitting_dialect(
    forest: ForestArrays,
    features: FeatureSet,
    classes: Sequence[int],
    images: Images,
    labels: Labels | Sequence[Labels],
    *,
    channel_axis: int | None = None,
) -> Dialect | None:
    """Find out with which dialect ilastik trained a forest, from the labels that it was trained on.

    Its trees are fully grown: most of them put the labels that they were grown from exactly where they belong, but only
    if they see the same features. So the dialect with which the forest is surer of its own labels is the right one.
    The version of a project does not tell, because it depended on the installation.

    Parameters
    ----------
    forest
        The forest; its columns are those of `compute_features`.
    features
        Its features, in either dialect, the same for all channels.
    classes
        Class value of each class of the forest, ascending.
    images, labels, channel_axis
        What it was trained on, or some of it; as for `PixelClassifier.fit`.

    Returns
    -------
    Dialect or None
        None if it cannot be told: no tree looks at a structure tensor, or both fit alike.

    Raises
    ------
    TypeError, ValueError
        If images, labels, features and forest do not fit together, or there are no labels.
    """
    training = training_images(images, labels, features, channel_axis, None)
    n_channels = training[0].axes.n_channels
    if forest.n_features != len(features) * n_channels:
        raise ValueError(
            f"features must be the forest's {forest.n_features}; got {len(features)} for each of {n_channels} channels."
        )
    tensor = [i for i, feature in enumerate(features.features) if feature.family == TENSOR]
    columns = [len(features) * channel + i for channel in range(n_channels) for i in tensor]
    if not np.isin(forest.feature[forest.children_left >= 0], columns).any():
        return None
    first, second = DIALECTS
    X, y = _samples(training, replace(features, dialect=first), n_channels)
    known = np.isin(y, classes)
    only = replace(features, dialect=second).restricted(tensor)
    other = X.copy()
    other[:, columns] = _samples(training, only, n_channels)[0]
    own = np.searchsorted(classes, y[known])
    sure, other_sure = (
        float(CompiledForest(forest).predict_rows(rows[known])[np.arange(len(own)), own].mean())
        for rows in (X, other)
    )
    return None if sure == other_sure else first if sure > other_sure else second


def _samples(
    training: Sequence[TrainingImage], features: FeatureSet | None, n_channels: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.integer[Any]]]:
    """Features and class values of all labelled pixels."""
    channels = ChannelFeatures((features,) * n_channels)
    parts = [
        merge_samples(list(iter_samples(item, channels))) for item in training if len(item.labels)
    ]
    return np.concatenate([part.X for part in parts]), np.concatenate([part.y for part in parts])
