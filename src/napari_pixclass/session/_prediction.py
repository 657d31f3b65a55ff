"""Predicting one image for the session: all outputs that are wanted, in one pass over its blocks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    BlockResult,
    ClassInfo,
    Steps,
    index_of,
    segmentation_of,
    uncertainty_of,
)

from ._sources import ImageSource, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

Output = Literal["probabilities", "uncertainty", "segmentation"]

OUTPUTS: tuple[Output, ...] = get_args(Output)


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """What a classifier says about one image; outputs that were not asked for are None.

    Attributes
    ----------
    image
        The image predicted.
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
    classes: tuple[ClassInfo, ...]
    probabilities: npt.NDArray[np.float32] | None
    uncertainty: npt.NDArray[np.float32] | None
    segmentation: npt.NDArray[np.integer[Any]] | None


def predict_steps(
    classifier: PixelClassifier, image: ImageSource, outputs: Collection[Output]
) -> Steps[Prediction]:
    """Predict `image`, which must fit the classifier, block by block."""
    state = classifier.state
    data = image.data
    _, axes = classifier.check_image(data, image.channel_axis)
    # Classes first in memory: each class becomes a layer of its own, and layers like contiguous arrays.
    probabilities = (
        np.empty((len(state.classes), *axes.shape), np.float32)
        if "probabilities" in outputs
        else None
    )
    uncertainty = np.empty(axes.shape, np.float32) if "uncertainty" in outputs else None
    segmentation = np.empty(axes.shape, state.classes.dtype) if "segmentation" in outputs else None

    def write(result: BlockResult) -> None:
        where = index_of(result.frame, result.region)
        if probabilities is not None:
            probabilities[(slice(None), *where)] = result.probabilities
        if uncertainty is not None:
            uncertainty[where] = uncertainty_of(result.probabilities, axis=0)
        if segmentation is not None:
            segmentation[where] = segmentation_of(result.probabilities, state.classes, axis=0)

    yield from classifier.predict_steps(
        data, write, channel_axis=image.channel_axis, spacing=spacing_of(image, state.features.ndim)
    )
    return Prediction(
        image,
        classifier.class_table_,
        None if probabilities is None else np.moveaxis(probabilities, 0, -1),
        uncertainty,
        segmentation,
    )
