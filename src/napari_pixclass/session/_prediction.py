"""Predicting one image for the session: all outputs that are wanted, in one pass over its blocks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ClassInfo, Output, Steps, output_steps

from ._sources import ImageSource, Snapshot, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What a classifier says about one image; outputs that were not asked for are None.

    Attributes
    ----------
    image
        The image predicted.
    classifier
        The classifier that predicted it.
    classes
        Value, name and colour of each class.
    probabilities
        float32 ``(..., n_classes)``.
    uncertainty
        float32 ``(...)``.
    segmentation
        Class values ``(...)``.
    """

    image: ImageSource
    classifier: PixelClassifier
    classes: tuple[ClassInfo, ...]
    probabilities: npt.NDArray[np.float32] | None
    uncertainty: npt.NDArray[np.float32] | None
    segmentation: npt.NDArray[np.integer[Any]] | None


def predict_steps(
    classifier: PixelClassifier, image: Snapshot, outputs: Collection[Output]
) -> Steps[Prediction]:
    """Predict `image`, which must fit the classifier, block by block."""
    arrays = yield from output_steps(
        classifier,
        image.data,
        outputs,
        channel_axis=image.channel_axis,
        spacing=spacing_of(image, classifier.state.features.ndim),
    )
    probabilities = arrays.get("probabilities")
    return Prediction(
        image.source,
        classifier,
        classifier.class_table_,
        None if probabilities is None else np.moveaxis(probabilities, 0, -1),
        arrays.get("uncertainty"),
        arrays.get("segmentation"),
    )
