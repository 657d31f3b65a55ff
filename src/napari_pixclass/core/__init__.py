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
    in_memory,
    index_of,
    resolve_axes,
)
from ._blocks import iter_blocks, n_blocks, region_shape
from ._candidates import Candidates
from ._channel_features import ChannelFeatures, Features
from ._chosen_features import ChosenFeatures
from ._classes import MAX_NAME_LENGTH, PALETTE, ClassInfo, default_class
from ._compute import compute_features
from ._confusion_picture import draw_confusion
from ._crops import random_crops
from ._cross_validated import CrossValidation
from ._cross_validation import LeftOut, cross_validation_steps
from ._evaluate import evaluation_steps
from ._families import DEFAULT_SIGMAS, FAMILIES, FAMILY_OF, MAX_SIGMA, Family
from ._feature_cache import SPARSE_STEP, FeatureCache
from ._features import Dialect, Feature, FeatureSet
from ._fitted_state import FittedState
from ._forest import CompiledForest, ForestArrays
from ._hot_pixels import remove_hot_pixels
from ._ilastik_dialect import fitting_dialect
from ._ilastik_order import ILASTIK_FAMILIES, ilastik_columns
from ._label_axes import Order, fitting_orders, order_of_axes
from ._label_change import IMPORT_MODES, ImportMode, LabelChange, label_change
from ._label_placing import (
    AnyLabels,
    PlacedLabels,
    ValueMapping,
    count_values,
    counting_steps,
    place_labels,
    placing_steps,
)
from ._labelled import LabelledPixels, LabelsInBlocks, with_positions
from ._output_arrays import OUTPUTS, Output, output_steps, scaled
from ._outputs import segmentation_of, uncertainty_of
from ._places import SuggestedPlace, place_steps
from ._predict import BlockPredictor, BlockResult
from ._prepare import Preparation, PreparedImage, prepare_image
from ._reliability import Calibration, ReliabilityBin
from ._sample_cache import SampleCache
from ._sample_images import SampleImage, sample_images
from ._scales import valid_spacing
from ._scores import ConfusionMatrix, check_same_shape, check_truth, score, slabs
from ._scratch import Scratch
from ._sharpening import valid_sharpness, with_sharpness
from ._sparse_labels import SparseLabels, empty_labels
from ._stacked_array import StackedArray
from ._steps import Step, Steps, run_steps
from ._strokes import count_strokes, stroke_ids
from ._suggested import FeatureSuggestions, SuggestedFeatures
from ._suggestion import suggestion_steps
from ._suspicious import (
    SUSPICION_LIMIT,
    SuspiciousLabels,
    SuspiciousStroke,
    suspicion_steps,
)
from ._threads import bounded_map, resolve_n_jobs
from ._tiles import Tile, TileReader
from ._training import GrowingStep
from ._vigra_forest import VigraForest, forest_from_vigra
from ._warm_up import warm_up

if TYPE_CHECKING:
    from ._classifier import PixelClassifier

__all__ = [
    "AS_TRAINED",
    "DEFAULT_SIGMAS",
    "FAMILIES",
    "FAMILY_OF",
    "ILASTIK_FAMILIES",
    "IMPORT_MODES",
    "MAX_NAME_LENGTH",
    "MAX_SIGMA",
    "OUTPUTS",
    "PALETTE",
    "SPARSE_STEP",
    "SUSPICION_LIMIT",
    "AnyLabels",
    "ArrayLike",
    "AsTrained",
    "BlockPredictor",
    "BlockResult",
    "Calibration",
    "Candidates",
    "ChannelFeatures",
    "ChosenFeatures",
    "ClassInfo",
    "CompiledForest",
    "ConfusionMatrix",
    "CrossValidation",
    "Dialect",
    "Family",
    "Feature",
    "FeatureCache",
    "FeatureSet",
    "FeatureSuggestions",
    "Features",
    "FittedState",
    "ForestArrays",
    "GrowingStep",
    "ImageAxes",
    "ImportMode",
    "LabelChange",
    "LabelledPixels",
    "LabelsInBlocks",
    "LeftOut",
    "Order",
    "Output",
    "PixelClassifier",
    "PlacedLabels",
    "Preparation",
    "PreparedImage",
    "Region",
    "ReliabilityBin",
    "SampleCache",
    "SampleImage",
    "Scratch",
    "SparseLabels",
    "StackedArray",
    "Step",
    "Steps",
    "SuggestedFeatures",
    "SuggestedPlace",
    "SuspiciousLabels",
    "SuspiciousStroke",
    "Tile",
    "TileReader",
    "ValueMapping",
    "VigraForest",
    "as_class_values",
    "as_image",
    "as_labels",
    "bounded_map",
    "check_same_shape",
    "check_truth",
    "check_values",
    "compute_features",
    "count_strokes",
    "count_values",
    "counting_steps",
    "cross_validation_steps",
    "default_class",
    "draw_confusion",
    "empty_labels",
    "evaluation_steps",
    "fitting_dialect",
    "fitting_orders",
    "forest_from_vigra",
    "ilastik_columns",
    "in_memory",
    "index_of",
    "iter_blocks",
    "label_change",
    "n_blocks",
    "order_of_axes",
    "output_steps",
    "place_labels",
    "place_steps",
    "placing_steps",
    "prepare_image",
    "random_crops",
    "region_shape",
    "remove_hot_pixels",
    "resolve_axes",
    "resolve_n_jobs",
    "run_steps",
    "sample_images",
    "scaled",
    "score",
    "segmentation_of",
    "slabs",
    "stroke_ids",
    "suggestion_steps",
    "suspicion_steps",
    "uncertainty_of",
    "valid_sharpness",
    "valid_spacing",
    "warm_up",
    "with_positions",
    "with_sharpness",
]


def __getattr__(name: str) -> object:
    # With it comes scikit-learn, most of a second to import: docks open without it.
    if name != "PixelClassifier":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _classifier

    return getattr(_classifier, name)
