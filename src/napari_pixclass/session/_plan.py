"""What can be done now, and if not, why: one answer for buttons, status lines and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_pixclass.core import ChosenFeatures, resolve_axes

from ._sources import ImageSource, Pair

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier


@dataclass(frozen=True, slots=True)
class Plan:
    """What stands in the way of training and of prediction, in words; None where nothing does.

    `advice` is something that the user should know although nothing is in the way.
    """

    training_problem: str | None
    prediction_problem: str | None
    advice: str | None


def resolve(
    pairs: Sequence[Pair],
    counts: Mapping[int, int],
    features: ChosenFeatures | None,
    classifier: PixelClassifier | None,
    target: ImageSource | None,
    counting: bool = False,
    n_unknown: int = 0,
) -> Plan:
    """Find out what can be done.

    Parameters
    ----------
    pairs
        Images with their labels.
    counts
        Labelled pixels of each class over all pairs.
    features
        The features chosen; None where none are.
    classifier
        The trained classifier, if any.
    target
        The image to predict, if any.
    counting
        Whether labels are still being counted, so that there may be more than `counts` says.
    n_unknown
        Values in the labels that are no classes, because they are too many to become some by themselves.
    """
    objects = (
        f"The labels hold {n_unknown:,} values that are no classes: objects rather than scribbles? "
        "Choose other labels, or add the classes first."
    )
    return Plan(
        _training_problem(pairs, counts, features, counting, target)
        or (objects if n_unknown else None),
        _prediction_problem(classifier, target),
        _advice(counts),
    )


def _training_problem(
    pairs: Sequence[Pair],
    counts: Mapping[int, int],
    features: ChosenFeatures | None,
    counting: bool,
    target: ImageSource | None,
) -> str | None:
    if not pairs:
        if target is not None:
            return f"Paint on {target.name}: press “New labels”, or choose labels that are there."
        return "Choose an image and labels to paint on."
    if features is None:
        return "Choose at least one feature."
    for pair in pairs:
        problem = _pair_problem(pair, features)
        if problem:
            return problem
    n_channels = {
        resolve_axes(p.image.data.shape, features.ndim, p.image.channel_axis).n_channels
        for p in pairs
    }
    if len(n_channels) > 1:
        return f"All images to train on need the same number of channels; these have {sorted(n_channels)}."
    for pair in pairs[1:]:
        if not _same_channel_axis(pairs[0].image.channel_axis, pair.image):
            return (
                f"All images to train on need their channels on the same axis; {pair.image.name} has them on "
                f"{pair.image.channel_axis}, {pairs[0].image.name} on {pairs[0].image.channel_axis}."
            )
    try:
        features.of(n_channels.pop())
    except ValueError as error:
        return _sentence(error)
    if not counts and not counting:
        return "Paint a few strokes of each class."
    return None


def _pair_problem(pair: Pair, features: ChosenFeatures) -> str | None:
    if pair.image.problem:
        return _sentence(pair.image.problem)
    try:
        axes = resolve_axes(pair.image.data.shape, features.ndim, pair.image.channel_axis)
    except (TypeError, ValueError) as error:
        return f"{pair.image.name}: {error}"
    if pair.labels.shape != axes.shape:
        return (
            f"Labels must have the shape of the image: {pair.labels.name} is {pair.labels.shape}, "
            f"{pair.image.name} is {axes.shape}. Make new labels for it."
        )
    return None


def _same_channel_axis(axis: int | None, image: ImageSource) -> bool:
    if axis is None or image.channel_axis is None:
        return axis is image.channel_axis
    n_axes = len(image.data.shape)
    return axis % n_axes == image.channel_axis % n_axes


def _prediction_problem(
    classifier: PixelClassifier | None, target: ImageSource | None
) -> str | None:
    if classifier is None:
        return "Train first, or load a classifier."
    if target is None:
        return "Choose an image to predict."
    if target.problem:
        return _sentence(target.problem)
    state = classifier.state
    try:
        axes = resolve_axes(target.data.shape, state.features.ndim, target.channel_axis)
    except (TypeError, ValueError) as error:
        return f"{target.name}: {error}"
    if axes.n_channels != state.n_channels:
        return (
            f"The classifier was trained on images with {state.n_channels} channels; {target.name} has "
            f"{axes.n_channels}. Choose another image, or train on this one."
        )
    return None


def _sentence(reason: object) -> str:
    text = str(reason)
    return text[:1].upper() + text[1:]


def _advice(counts: Mapping[int, int]) -> str | None:
    if len(counts) == 1:
        return "Only one class is painted: paint a second one."
    return None
