"""All outputs of one image that are wanted, in one pass over its blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ._axes import AS_TRAINED, ArrayLike, AsTrained, index_of
from ._outputs import segmentation_of, uncertainty_of
from ._predict import count_blocks, iter_predictions, resolve_n_jobs
from ._steps import Step, Steps

if TYPE_CHECKING:
    from ._classifier import PixelClassifier

Output = Literal["probabilities", "uncertainty", "segmentation"]

OUTPUTS: tuple[Output, ...] = get_args(Output)


def output_steps(
    classifier: PixelClassifier,
    image: ArrayLike,
    outputs: Collection[Output],
    *,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Sequence[float] | None = None,
    dtype: npt.DTypeLike = np.float32,
    classes_last: bool = False,
) -> Steps[dict[Output, npt.NDArray[Any]]]:
    """Predict an image in steps.

    Parameters
    ----------
    classifier
        A fitted classifier.
    image, channel_axis, spacing
        As for `PixelClassifier.predict_proba`.
    outputs
        What is wanted: some of `OUTPUTS`.
    dtype
        Type of probabilities and uncertainty: a float type, or an integer type whose whole range stands for 0 to 1.
    classes_last
        Shape of the probabilities: ``(..., n_classes)``, as an array of pixels likes it, or ``(n_classes, ...)``, where
        each class becomes a layer or a page of a file.

    Returns
    -------
    dict of ndarray
        ``"probabilities"``, ``"uncertainty"`` and ``"segmentation"``, the last two with shape ``(...)``.
    """
    classes = classifier.state.classes
    image, axes = classifier.check_image(image, channel_axis)
    arrays: dict[Output, npt.NDArray[Any]] = {}
    if "probabilities" in outputs and classes_last:
        arrays["probabilities"] = np.empty((*axes.shape, len(classes)), dtype)
    elif "probabilities" in outputs:
        arrays["probabilities"] = np.empty((len(classes), *axes.shape), dtype)
    if "uncertainty" in outputs:
        arrays["uncertainty"] = np.empty(axes.shape, dtype)
    if "segmentation" in outputs:
        arrays["segmentation"] = np.empty(axes.shape, classes.dtype)

    total = count_blocks(axes)
    results = iter_predictions(
        classifier.predictor(spacing), image, axes, resolve_n_jobs(classifier.n_jobs)
    )
    for done, result in enumerate(results, start=1):
        where = index_of(result.frame, result.region)
        block = result.probabilities
        for output, array in arrays.items():
            if output == "segmentation":
                array[where] = segmentation_of(block, classes, axis=0)
            elif output == "uncertainty":
                array[where] = scaled(uncertainty_of(block, axis=0), array.dtype)
            elif classes_last:
                array[where] = np.moveaxis(scaled(block, array.dtype), 0, -1)
            else:
                array[(slice(None), *where)] = scaled(block, array.dtype)
        yield Step(done, total, "Predicting")
    return arrays


def scaled(values: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Numbers from 0 to 1 as `dtype`; integer types use their whole range, rounded to nearest."""
    if dtype.kind == "f":
        return values
    return np.rint(values * np.float64(np.iinfo(dtype).max)).astype(dtype)
