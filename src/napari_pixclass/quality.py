"""What labels alone say: how good a classifier will be, which features it needs, where to label next, what looks wrong.

See ``docs/quality.md`` and ``docs/guidance.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_pixclass.core import (
    AS_TRAINED,
    SUSPICION_LIMIT,
    AsTrained,
    Calibration,
    ClassInfo,
    CrossValidation,
    Features,
    FeatureSet,
    FeatureSuggestions,
    LeftOut,
    ReliabilityBin,
    SuggestedFeatures,
    SuggestedPlace,
    SuspiciousLabels,
    SuspiciousStroke,
    cross_validation_steps,
    place_steps,
    run_steps,
    suggestion_steps,
    suspicion_steps,
)

__all__ = [
    "Calibration",
    "CrossValidation",
    "FeatureSuggestions",
    "ReliabilityBin",
    "SuggestedFeatures",
    "SuggestedPlace",
    "SuspiciousLabels",
    "SuspiciousStroke",
    "cross_validate",
    "suggest_features",
    "suggest_places",
    "suspicious_labels",
]


def cross_validate(
    classifier: Any,
    image: Any,
    labels: Any,
    *,
    channel_axis: int | None = None,
    spacing: Any = None,
    n_folds: int = 5,
    leave_out: LeftOut | None = None,
    random_state: int = 0,
    classes: Sequence[ClassInfo] = (),
) -> CrossValidation:
    """How good a classifier will be on whole images, from their labels alone.

    Neighbouring pixels are alike: whoever leaves out pixels of a stroke and trains on the others of it finds what was
    learnt by heart. Here whole strokes (connected labels of a class) are left out, or whole images. Features are
    computed once, at the labels and at some pixels all over the images.

    Parameters
    ----------
    classifier
        A `PixelClassifier`, trained or not, which stays as it is; or features alone, as for its constructor; None for
        the default ones.
    image, labels, channel_axis, spacing
        As for `PixelClassifier.fit`.
    n_folds
        Number of parts that are left out, one after the other; fewer if there are not so many strokes.
    leave_out
        ``"strokes"`` or ``"images"``; None for images where more than one has labels of every class, else strokes.
    random_state
        Seed: the same images, labels and seed give the same figures.
    classes
        Names of classes; by default those of the classifier.

    Returns
    -------
    CrossValidation
        ``mean_iou`` and ``iou`` are what to expect of whole images, ``held_out`` is the confusion matrix of the labels
        that were left out, ``calibration`` says how far probabilities can be believed; ``notes`` say in sentences what
        the figures rest on, ``table()`` shows everything.

    Raises
    ------
    TypeError, ValueError
        As `PixelClassifier.fit`; and if there are fewer than two classes, or nothing can be left out.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[:, 30:] = 200
    >>> labels = np.zeros((40, 60), np.uint8)
    >>> labels[5:35:10, 5:20], labels[5:35:10, 40:55] = 1, 2
    >>> result = cross_validate(None, image, labels)
    >>> result.strokes, result.held_out.accuracy
    ((3, 3), 1.0)
    """
    steps = cross_validation_steps(
        classifier,
        image,
        _in_blocks(labels),
        channel_axis=channel_axis,
        spacing=spacing,
        n_folds=n_folds,
        leave_out=leave_out,
        random_state=random_state,
        classes=classes,
    )
    return run_steps(steps)


def suggest_features(
    image: Any,
    labels: Any,
    *,
    features: Features | None = None,
    current: FeatureSet | None = None,
    channel_axis: int | None = None,
    spacing: Any = None,
    sizes: Sequence[int] = (4, 7, 11),
    n_folds: int = 5,
    leave_out: LeftOut | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    classes: Sequence[ClassInfo] = (),
) -> FeatureSuggestions:
    """Small sets of features that are nearly as good as all of them, and several times faster.

    Features are ranked in three ways: by their importance in a forest, by mutual information with the class (mRMR),
    and by forward selection. The latter two look at the labels and at what a forest with all features makes of pixels
    all over the images. Of each ranking the first make up a set of each size; each set is cross-validated and timed.

    Parameters
    ----------
    image, labels, channel_axis, spacing
        As for `PixelClassifier.fit`.
    features
        What to choose from: one set for all channels, or a list with the same set for each channel that is used and
        None for the others. None: all features.
    current
        Some of these that are tried as well, for comparison.
    sizes
        Most features of the sets, per channel.
    n_folds, leave_out, random_state, classes
        As for `cross_validate`.
    n_jobs
        Threads; None for all cores.

    Returns
    -------
    FeatureSuggestions
        ``sets``, the first of them all features, and which one is ``recommended``; its ``features`` are a `FeatureSet`
        for the classifier. ``table()`` shows everything.

    Raises
    ------
    TypeError, ValueError
        As `cross_validate`; and if channels have different features, or `current` holds others.
    """
    steps = suggestion_steps(
        image,
        _in_blocks(labels),
        features=features,
        current=current,
        channel_axis=channel_axis,
        spacing=spacing,
        sizes=sizes,
        n_folds=n_folds,
        leave_out=leave_out,
        random_state=random_state,
        n_jobs=n_jobs,
        classes=classes,
    )
    return run_steps(steps)


def suggest_places(
    classifier: Any,
    image: Any,
    labels: Any = None,
    *,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Any = None,
    n_places: int = 10,
    avoid: Sequence[SuggestedPlace] = (),
    random_state: int = 0,
) -> list[SuggestedPlace]:
    """Where to label next: places at which a stroke teaches a classifier most, and why.

    Pixels in parts of the images that are drawn at random are predicted. The most uncertain ones are clustered by their
    features; clusters that hold much uncertainty, few strokes and classes with few labels come first, and each cluster
    has its turn before the first one has a second. Of images of any size the same number of pixels is looked at.

    Parameters
    ----------
    classifier
        A trained `PixelClassifier`; it stays as it is.
    image, labels
        As for `PixelClassifier.fit`: one image and its labels so far, or lists of them. Labels may be all 0, and need
        not be those that the classifier was trained on. None: nothing is labelled.
    channel_axis
        As for `PixelClassifier.predict_proba`.
    spacing
        Size of a pixel along each spatial axis, or a list with one for each image; None for that of the first image
        trained on.
    n_places
        Number of places; fewer where there are no more that are apart from each other.
    avoid
        Places that were suggested before and are not to be again, nor others near them.
    random_state
        Seed: the same images, labels, classifier and seed give the same places.

    Returns
    -------
    list of SuggestedPlace
        The best one first; each has a ``position`` in the labels of its ``image``, a ``region`` to paint in, and a
        ``reason`` in words.

    Raises
    ------
    TypeError, ValueError
        If images and labels do not fit together, or images do not fit the classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_pixclass import PixelClassifier
    >>> image = np.zeros((64, 64), np.uint8)
    >>> image[:, 20:40], image[:, 40:] = 100, 200
    >>> labels = np.zeros((64, 64), np.uint8)
    >>> labels[5:60:8, 2:10], labels[5:60:8, 50:60] = 1, 2
    >>> places = suggest_places(PixelClassifier().fit(image, labels), image, labels)
    >>> places[0].reason
    'Uncertain between Class 2 and Class 1; unlike what is labelled so far'
    """
    steps = place_steps(
        classifier,
        image,
        None if labels is None else _in_blocks(labels),
        channel_axis=channel_axis,
        spacing=spacing,
        n_places=n_places,
        avoid=avoid,
        random_state=random_state,
    )
    return run_steps(steps)


def suspicious_labels(
    classifier: Any,
    image: Any,
    labels: Any,
    *,
    channel_axis: int | None = None,
    spacing: Any = None,
    limit: float = SUSPICION_LIMIT,
    random_state: int = 0,
    classes: Sequence[ClassInfo] = (),
) -> SuspiciousLabels:
    """Strokes that look like another class to forests that have not seen them: some of them are painted wrongly.

    Small forests are grown on random sets of whole strokes, and judge the others; then once more, without those that
    were contradicted. A stroke is suspicious if its class gets much less than half of what strokes usually get.

    Parameters
    ----------
    classifier
        A `PixelClassifier`, trained or not, which stays as it is; or features alone, as for its constructor; None for
        the default ones.
    image, labels, channel_axis, spacing
        As for `PixelClassifier.fit`.
    limit
        How much less than half. A higher one finds fewer strokes, and more of these are wrong.
    random_state
        Seed: the same images, labels and seed give the same strokes.
    classes
        Names of classes; by default those of the classifier.

    Returns
    -------
    SuspiciousLabels
        ``strokes``, the most suspicious first, each with its pixels, what it is painted as and what it looks like;
        ``notes`` say in sentences what cannot be told; ``table()`` shows everything.

    Raises
    ------
    TypeError, ValueError
        As `PixelClassifier.fit`; and if there are fewer than two classes.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((40, 60), np.uint8)
    >>> image[:, 30:] = 200
    >>> labels = np.zeros((40, 60), np.uint8)
    >>> labels[5:35:4, 5:20], labels[5:35:4, 40:55] = 1, 2
    >>> labels[13, 40:55] = 1
    >>> [(s.position, s.label.name, s.looks_like.name) for s in suspicious_labels(None, image, labels).strokes]
    [((13, 47), 'Class 1', 'Class 2')]
    """
    steps = suspicion_steps(
        classifier,
        image,
        _in_blocks(labels),
        channel_axis=channel_axis,
        spacing=spacing,
        limit=limit,
        random_state=random_state,
        classes=classes,
    )
    return run_steps(steps)


def _in_blocks(labels: Any) -> Any:
    """Of labels in zarr arrays only what has been written is read."""
    from napari_pixclass.io import in_blocks

    return list(map(in_blocks, labels)) if isinstance(labels, list | tuple) else in_blocks(labels)
