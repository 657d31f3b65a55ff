"""The science: arrays in, arrays out. No files, no lazy arrays, no events, no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._axes import (
    AS_TRAINED,
    ArrayLike,
    AsTrained,
    ImageAxes,
    Region,
    as_image,
    as_labels,
    check_values,
    index_of,
    resolve_axes,
)
from ._blocks import iter_blocks, region_shape
from ._classes import PALETTE, ClassInfo, default_class
from ._compute import compute_features
from ._families import DEFAULT_SIGMAS, FAMILIES, FAMILY_OF, MAX_SIGMA, Family
from ._features import Feature, FeatureSet
from ._forest import CompiledForest, ForestArrays
from ._output_arrays import OUTPUTS, Output, output_steps
from ._outputs import segmentation_of, uncertainty_of
from ._predict import BlockPredictor, BlockResult
from ._sample_cache import SampleCache
from ._sample_images import SampleImage, sample_images
from ._scales import valid_spacing
from ._scores import Scores, score
from ._steps import Step, Steps, run_steps
from ._warm_up import warm_up

if TYPE_CHECKING:
    from ._classifier import FittedState, PixelClassifier

__all__ = [
    "AS_TRAINED",
    "DEFAULT_SIGMAS",
    "FAMILIES",
    "FAMILY_OF",
    "MAX_SIGMA",
    "OUTPUTS",
    "PALETTE",
    "ArrayLike",
    "AsTrained",
    "BlockPredictor",
    "BlockResult",
    "ClassInfo",
    "CompiledForest",
    "Family",
    "Feature",
    "FeatureSet",
    "FittedState",
    "ForestArrays",
    "ImageAxes",
    "Output",
    "PixelClassifier",
    "Region",
    "SampleCache",
    "SampleImage",
    "Scores",
    "Step",
    "Steps",
    "as_image",
    "as_labels",
    "check_values",
    "compute_features",
    "default_class",
    "index_of",
    "iter_blocks",
    "output_steps",
    "region_shape",
    "resolve_axes",
    "run_steps",
    "sample_images",
    "score",
    "segmentation_of",
    "uncertainty_of",
    "valid_spacing",
    "warm_up",
]


def __getattr__(name: str) -> object:
    # With them comes scikit-learn, most of a second to import: docks open without it.
    if name not in ("FittedState", "PixelClassifier"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _classifier

    return getattr(_classifier, name)
