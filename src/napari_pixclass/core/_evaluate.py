"""Predicting an image to see how well its truth is met: nothing but counts is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._axes import AS_TRAINED, ArrayLike, AsTrained, ImageAxes, Region, index_of, wrong_labels_shape
from ._blocks import iter_blocks
from ._compute import BLOCK_SHAPES
from ._outputs import segmentation_of
from ._predict import BlockPredictor, count_blocks
from ._scores import ConfusionMatrix
from ._steps import Step, Steps
from ._threads import bounded_map, resolve_n_jobs

if TYPE_CHECKING:
    from ._classifier import PixelClassifier


def evaluation_steps(
    classifier: PixelClassifier,
    image: ArrayLike,
    truth: ArrayLike,
    *,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Sequence[float] | None = None,
) -> Steps[ConfusionMatrix]:
    """Predict an image in steps and compare with its truth block by block, whatever the size of both.

    Blocks without any truth are not predicted: of a large image of which little is annotated, little is computed.

    Parameters
    ----------
    classifier
        A fitted classifier.
    image, channel_axis, spacing
        As for `PixelClassifier.predict_proba`.
    truth
        Class values, of the shape of the image without its channel axis; pixels where it is 0 are not counted.

    Returns
    -------
    ConfusionMatrix

    Raises
    ------
    ValueError, TypeError
        If image or truth do not fit the classifier or each other.
    """
    image, axes = classifier.check_image(image, channel_axis)
    if tuple(truth.shape) != axes.shape:
        raise wrong_labels_shape(truth.shape, axes, image.shape)
    matrix: ConfusionMatrix = ConfusionMatrix.empty(classifier.class_table_)
    total = count_blocks(axes)
    counts = _count_blocks(classifier, classifier.predictor(spacing), image, truth, axes)
    try:
        for done, counted in enumerate(counts, start=1):
            matrix += counted
            yield Step(done, total, "Comparing")
    finally:
        counts.close()
    return matrix


def _count_blocks(
    classifier: PixelClassifier,
    predictor: BlockPredictor,
    image: ArrayLike,
    truth: ArrayLike,
    axes: ImageAxes,
) -> Any:
    """The matrix of each block, as they are done on threads."""
    classes = classifier.state.classes

    def count(frame: tuple[int, ...], region: Region) -> ConfusionMatrix:
        known: npt.NDArray[Any] = np.asarray(truth[index_of(frame, region)])
        if not known.any():
            return ConfusionMatrix.of(known, np.zeros_like(known))
        probabilities = predictor.predict_block(image, axes, frame, region)
        return ConfusionMatrix.of(known, segmentation_of(probabilities, classes, axis=0))

    def tasks() -> Iterator[tuple[tuple[int, ...], Region]]:
        for frame in axes.frames():
            for region in iter_blocks(axes.spatial, BLOCK_SHAPES[len(axes.spatial)]):
                yield frame, region

    return bounded_map(count, tasks(), resolve_n_jobs(classifier.n_jobs))
