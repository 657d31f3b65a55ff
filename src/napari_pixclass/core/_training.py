"""Before the first tree: images and labels checked and paired; and the steps of a forest that grows."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import (
    ArrayLike,
    ImageAxes,
    as_class_values,
    as_image,
    as_labels,
    resolve_axes,
    wrong_labels_shape,
)
from ._channel_features import Features, ndim_of
from ._forest_arrays import ForestArrays
from ._grow import Growth
from ._labelled import LabelledPixels, LabelsInBlocks
from ._scales import valid_spacing
from ._steps import Step, Steps
from ._training_image import TrainingImage

TREES_PER_STEP = 10
"""A step forward, in terms of progress, is this many trees."""

Images = ArrayLike | Sequence[ArrayLike]
Labels = ArrayLike | LabelledPixels | LabelsInBlocks
Spacing = Sequence[float] | None


def training_images(
    image: Images,
    labels: Labels | Sequence[Labels],
    features: Features | None,
    channel_axis: int | None,
    spacing: Spacing | Sequence[Spacing],
) -> list[TrainingImage]:
    """Check every image with its labels, and that they fit together and hold something to train on."""
    training = checked_images(image, labels, features, channel_axis, spacing)
    if not any(len(item.labels) for item in training):
        raise ValueError(
            "training needs labelled pixels; all labels are 0 (unlabelled). Paint at least one stroke of each class."
        )
    return training


def checked_images(
    image: Images,
    labels: Labels | Sequence[Labels],
    features: Features | None,
    channel_axis: int | None,
    spacing: Spacing | Sequence[Spacing],
) -> list[TrainingImage]:
    """Check every image with its labels, which may be empty, and that they fit together."""
    images, label_arrays = _as_list(image), _as_list(labels)
    if images is None:
        images, label_arrays = [image], [labels]
    elif label_arrays is None or len(label_arrays) != len(images):
        count = "no list" if label_arrays is None else str(len(label_arrays))
        raise ValueError(
            f"a list of images needs a list of as many labels; got {len(images)} images and {count} labels."
        )
    if not images:
        raise ValueError("training needs at least one image; got an empty list.")
    spacings = _spacings(spacing, len(images))
    training: list[TrainingImage] = []
    for one, its_labels, its_spacing in zip(images, label_arrays, spacings, strict=True):
        one = as_image(one)
        ndim = ndim_of(features) if features is not None else _only_possible_ndim(one, channel_axis)
        axes = resolve_axes(one.shape, ndim, channel_axis)
        if training and axes.n_channels != training[0].axes.n_channels:
            raise ValueError(
                "images to train on must have the same number of channels; got "
                f"{training[0].axes.n_channels} and {axes.n_channels}."
            )
        checked = _labelled(its_labels, axes, one.shape)
        training.append(TrainingImage(one, checked, axes, valid_spacing(its_spacing, ndim)))
    return training


def _labelled(labels: object, axes: ImageAxes, image_shape: Sequence[int]) -> LabelledPixels:
    if isinstance(labels, LabelsInBlocks):
        blocks = ((at, as_class_values(block)) for at, block in labels.label_blocks())
        dtype = labels.dtype if labels.dtype.kind in "ui" else np.uint8
        labels = LabelledPixels.of_blocks(labels.shape, dtype, blocks)
    if not isinstance(labels, LabelledPixels):
        return LabelledPixels.of(as_labels(labels, axes, image_shape))
    if labels.shape != axes.shape:
        raise wrong_labels_shape(labels.shape, axes, image_shape)
    return labels


def _only_possible_ndim(image: ArrayLike, channel_axis: int | None) -> int:
    n_axes = len(image.shape) - (channel_axis is not None)
    if n_axes > 2:
        raise ValueError(
            f"features must be chosen for an image with {n_axes} axes besides channels: "
            "FeatureSet.default(2) for frames or planes one by one, FeatureSet.default(3) for volumes; got None."
        )
    return 2


def _spacings(spacing: Any, n_images: int) -> list[Spacing]:
    """One spacing per image: a list of numbers holds for all of them."""
    if not isinstance(spacing, Iterable) or all(np.isscalar(value) for value in spacing):
        return [spacing] * n_images
    spacings = list(spacing)
    if len(spacings) != n_images:
        raise ValueError(
            f"spacing must be one for all images, or one for each of the {n_images}; got {len(spacings)}."
        )
    return spacings


def _as_list(value: Any) -> list[Any] | None:
    return list(value) if isinstance(value, list | tuple) else None


def check_estimator(estimator: Any, n_estimators: Any) -> None:
    """Check what a classifier is told to train, before anything is computed.

    Raises
    ------
    TypeError, ValueError
        If it cannot be trained, or give probabilities, or there are no trees.
    """
    if estimator is None:
        if isinstance(n_estimators, bool) or not isinstance(n_estimators, int | np.integer):
            raise TypeError(f"n_estimators must be a whole number; got {n_estimators!r}.")
        if n_estimators < 1:
            raise ValueError(f"n_estimators must be 1 or more; got {n_estimators}.")
    elif not (hasattr(estimator, "fit") and hasattr(estimator, "predict_proba")):
        raise TypeError(
            "estimator must be a scikit-learn classifier with predict_proba; got "
            f"{type(estimator).__name__}. Some offer it as an option, for example SVC(probability=True)."
        )


def count_steps(n_trees: int) -> int:
    """How many steps it takes to grow a forest."""
    return -(-n_trees // TREES_PER_STEP)


@dataclass(frozen=True, slots=True)
class GrowingStep(Step):
    """Some of the trees are done: who cannot wait may use the forest so far.

    Attributes
    ----------
    growth
        The forest so far.
    classes
        Class values that its classes stand for.
    """

    growth: Growth
    classes: npt.NDArray[np.integer[Any]]


def growing_steps(
    growing: Generator[Growth, None, ForestArrays],
    n_trees: int,
    n_before: int,
    classes: npt.NDArray[np.integer[Any]],
) -> Steps[ForestArrays]:
    """Grow a forest in steps, which follow `n_before` others; see `grow_forest`."""
    total = n_before + count_steps(n_trees)
    with closing(growing):
        while True:
            try:
                growth = next(growing)
            except StopIteration as stop:
                return stop.value
            done = n_before + count_steps(growth.n_done)
            yield GrowingStep(done, total, "Training", growth, classes)
