"""Classifiers of ilastik projects: the one that ilastik trained, or a new one on its labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import (
    FAMILY_OF,
    ILASTIK_FAMILIES,
    Dialect,
    FeatureSet,
    ForestArrays,
    Steps,
    default_class,
    fitting_dialect,
    forest_from_vigra,
    ilastik_columns,
)
from napari_pixclass.io import IlastikFeatures, IlastikForest, ImageFile

from ._opened import FeatureChoice, OpenedProject

TENSOR = "structure_tensor_eigenvalues"
"""The one family that ilastik computes in two ways, depending on how it was installed."""


def kept_classifier(opened: OpenedProject) -> PixelClassifier:
    """The classifier that ilastik trained: its features, exactly as ilastik computes them, and its forest.

    It predicts here what it predicts there. Classes without labels stay, with a probability of 0.

    Raises
    ------
    ValueError
        If the project holds no trained classifier, or one that does not fit its features.
    """
    project = opened.project
    forest, chosen = project.forest, project.features
    if forest is None or chosen is None:
        raise ValueError(
            f"a classifier to keep must be in the project; '{project.path.name}' holds none that was trained. Train "
            "it in ilastik and save the project, or retrain on its labels."
        )
    features, n_channels = _features_of(forest, chosen, opened)
    _check_names(forest, chosen, features, n_channels)
    classes = [info.value for info in opened.classes]
    arrays = forest_from_vigra(
        forest.forests,
        n_features=forest.n_features,
        classes=classes,
        columns=ilastik_columns(chosen.cells, features, n_channels),
    )
    features = replace(features, dialect=_dialect(opened, arrays, features, classes))
    images = [image.image for image in opened.images if image.image is not None]
    made = PixelClassifier.from_forest(
        arrays,
        features,
        opened.classes,
        n_channels=n_channels,
        channel_axis=_common_axis(images) if images else (-1 if n_channels > 1 else None),
    )
    # ilastik saves a classifier only while it is that of the labels.
    counts = opened.class_counts
    state = replace(made.state, n_samples=tuple(counts[value] for value in classes))
    classifier = PixelClassifier.from_state(state, None, n_estimators=arrays.n_trees)
    classifier.class_table_ = opened.classes
    return classifier


def _dialect(
    opened: OpenedProject, forest: ForestArrays, features: FeatureSet, classes: Sequence[int]
) -> Dialect:
    """The way in which the ilastik that trained the forest computed its features."""
    pairs = opened.training_pairs
    if pairs:
        arrays, channel_axis = _for_training([image for image, _ in pairs])
        labels = [its for _, its in pairs]
        try:
            found = fitting_dialect(
                forest, features, classes, arrays, labels, channel_axis=channel_axis
            )
        except (TypeError, ValueError):  # such as an image with NaN: nothing can be told from it
            found = None
        if found is not None:
            return found
    return "ilastik" if opened.project.version_key >= (1, 3) else "ilastik-vigra"


def notes_on_kept(opened: OpenedProject) -> tuple[str, ...]:
    """What is not certain of a classifier that was kept, one sentence each."""
    features = opened.project.features
    if opened.trainable or features is None or TENSOR not in features.selection:
        return ()
    note = (
        "ilastik computes the structure tensor in two ways, depending on how it was installed; without an image with "
        "labels it cannot be checked which one this classifier was trained with. Compare a result with ilastik's."
    )
    return (note,)


def _features_of(
    forest: IlastikForest, chosen: IlastikFeatures, opened: OpenedProject
) -> tuple[FeatureSet, int]:
    """The features that the forest looks at, and the number of channels; old projects do not say all of it."""
    ndims = [opened.ndim]
    if chosen.sigmas_2d is None and not any(image.image is not None for image in opened.images):
        ndims.append(5 - opened.ndim)
    n_channels = opened.n_channels
    for ndim in ndims:
        features = FeatureSet.from_selection(
            chosen.selection, ndim, sigmas_2d=chosen.sigmas_2d or (), dialect="ilastik"
        )
        found, rest = divmod(forest.n_features, len(features))
        if not rest and found >= 1 and n_channels in (None, found):
            return features, found
    raise ValueError(
        f"the classifier of a project must fit its features; it was trained on {forest.n_features} features, the "
        f"project's choice gives {len(features)} for each of {n_channels or 'some'} channels. Retrain on its labels."
    )


_FAMILY_OF_TITLE = {
    re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower(): family
    for name, family in ILASTIK_FAMILIES.items()
}


def _check_names(
    forest: IlastikForest, chosen: IlastikFeatures, features: FeatureSet, n_channels: int
) -> None:
    """Where the project names the forest's features, they must be those that we would compute, in this order."""
    named = [_parse_name(name) for name in forest.feature_names]
    if len(named) != forest.n_features:
        return
    expected = [
        (family, sigma)
        for family, sigma in chosen.cells
        for _ in range(n_channels * FAMILY_OF[family].n_values(features.ndim_at(sigma)))
    ]
    pairs = enumerate(zip(named, expected, strict=True))
    wrong = next((i for i, (found, wanted) in pairs if found and not _same(found, wanted)), None)
    if wrong is not None:
        raise ValueError(
            f"the classifier of a project must fit its features; number {wrong} of those that it was trained on, "
            f"'{forest.feature_names[wrong][:80]}', is another one in the project's choice. Retrain on its labels."
        )


def _same(named: tuple[str, float], wanted: tuple[str, float]) -> bool:
    return named[0] == wanted[0] and abs(named[1] - wanted[1]) < 0.06  # names have one decimal


def _parse_name(name: str) -> tuple[str, float] | None:
    match = re.match(r"([A-Za-z ]+?) \(\u03c3=(\d+(?:\.\d+)?)\)", name)
    family = _FAMILY_OF_TITLE.get(match[1].lower()) if match else None
    return None if match is None or family is None else (family, float(match[2]))


def retrain_steps(
    opened: OpenedProject,
    features: FeatureChoice | FeatureSet = "project",
    *,
    n_estimators: int = 100,
    random_state: int | None = 0,
    n_jobs: int | None = None,
) -> Steps[PixelClassifier]:
    """Train a new classifier on the labels of a project, in steps, with our filters and our forest.

    Raises
    ------
    ValueError
        If there are no labels, or none of the images that they were made on is here.
    """
    pairs = opened.training_pairs
    if not pairs:
        raise ValueError(_why_not(opened))
    arrays, channel_axis = _for_training([image for image, _ in pairs])
    chosen = opened.features(features)
    classifier = PixelClassifier(
        chosen, n_estimators=n_estimators, random_state=random_state, n_jobs=n_jobs
    )
    yield from classifier.fit_steps(
        arrays,
        [labels for _, labels in pairs],
        channel_axis=channel_axis,
        spacing=[image.spacing_for(chosen.ndim) for image, _ in pairs],
    )
    table = {info.value: info for info in opened.classes}
    classifier.class_table_ = tuple(
        table.get(int(value), default_class(int(value))) for value in classifier.classes_
    )
    return classifier


def _why_not(opened: OpenedProject) -> str:
    name = opened.project.path.name
    if not opened.labelled:
        return f"training needs labelled pixels; the project '{name}' holds none. Paint a stroke of each class."
    missing = [f"'{image.name}' ({image.problem})" for image in opened.labelled]
    listed = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return (
        f"training needs the images that the labels were made on; of the project '{name}' none was found: {listed}. "
        "Point to the folder where they are now."
    )


def _for_training(images: Sequence[ImageFile]) -> tuple[list[Any], int | None]:
    """Images whose channels all lie along the same axis, and that axis, counted from the end."""
    if all(image.channel_axis is None for image in images):
        return [image.data for image in images], None
    axis = _common_axis(images)
    if axis is not None:
        return [image.data for image in images], axis
    arrays = []
    for image in images:
        data = np.asarray(image.data)
        # One channel may have an axis in one image and none in another.
        axis = image.channel_axis
        arrays.append(data[..., np.newaxis] if axis is None else np.moveaxis(data, axis, -1))
    return arrays, -1


def _common_axis(images: Sequence[ImageFile]) -> int | None:
    """The axis of the channels, counted from the end; None if images differ, or have none."""
    axes = {
        None if image.channel_axis is None else image.channel_axis - image.data.ndim
        for image in images
    }
    return axes.pop() if len(axes) == 1 else None
