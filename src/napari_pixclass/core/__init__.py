"""The science: arrays in, arrays out. No files, no lazy arrays, no events, no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._axes import (
    AS_TRAINED,
    ArrayLike,
    AsTrained,
    ImageAxes,
    Region,
    as_class_values,
    as_image,
    as_labels,
    check_values,
    index_of,
    resolve_axes,
)
from ._blocks import iter_blocks, n_blocks, region_shape
from ._channel_features import ChannelFeatures, Features
from ._classes import PALETTE, ClassInfo, default_class
from ._compute import compute_features
from ._families import DEFAULT_SIGMAS, FAMILIES, FAMILY_OF, MAX_SIGMA, Family
from ._feature_cache import SPARSE_STEP, FeatureCache
from ._features import Feature, FeatureSet
from ._forest import CompiledForest, ForestArrays
from ._labelled import LabelledPixels, LabelsInBlocks, with_positions
from ._output_arrays import OUTPUTS, Output, output_steps, scaled
from ._outputs import segmentation_of, uncertainty_of
from ._predict import BlockPredictor, BlockResult
from ._sample_cache import SampleCache
from ._sample_images import SampleImage, sample_images
from ._scales import valid_spacing
from ._scores import Scores, score
from ._scratch import Scratch
from ._sparse_labels import SparseLabels, empty_labels
from ._stacked_array import StackedArray
from ._steps import Step, Steps, run_steps
from ._strokes import count_strokes, stroke_ids
from ._threads import bounded_map, resolve_n_jobs
from ._tiles import Tile, TileReader
from ._training import GrowingStep
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
    "SPARSE_STEP",
    "ArrayLike",
    "AsTrained",
    "BlockPredictor",
    "BlockResult",
    "ChannelFeatures",
    "ClassInfo",
    "CompiledForest",
    "Family",
    "Feature",
    "FeatureCache",
    "FeatureSet",
    "Features",
    "FittedState",
    "ForestArrays",
    "GrowingStep",
    "ImageAxes",
    "LabelledPixels",
    "LabelsInBlocks",
    "Output",
    "PixelClassifier",
    "Region",
    "SampleCache",
    "SampleImage",
    "Scores",
    "Scratch",
    "SparseLabels",
    "StackedArray",
    "Step",
    "Steps",
    "Tile",
    "TileReader",
    "as_class_values",
    "as_image",
    "as_labels",
    "bounded_map",
    "check_values",
    "compute_features",
    "count_strokes",
    "default_class",
    "empty_labels",
    "index_of",
    "iter_blocks",
    "n_blocks",
    "output_steps",
    "region_shape",
    "resolve_axes",
    "resolve_n_jobs",
    "run_steps",
    "sample_images",
    "scaled",
    "score",
    "segmentation_of",
    "stroke_ids",
    "uncertainty_of",
    "valid_spacing",
    "warm_up",
    "with_positions",
]


def __getattr__(name: str) -> object:
    # With them comes scikit-learn, most of a second to import: docks open without it.
    if name not in ("FittedState", "PixelClassifier"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _classifier

    return getattr(_classifier, name)
