"""What a model file says about itself, checked value by value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_pixclass.core import ChannelFeatures, ClassInfo, valid_spacing

from ._archive import ModelFileError
from ._json_values import JsonValues, class_table
from ._model_features import read_features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "napari-pixclass model"

FORMAT_VERSION = 4
"""Raised when older programs could no longer read a file, or would read it wrongly; see `format_version_for`."""

MAX_TREES_TO_GROW = 1_000_000
"""Most trees that a model may ask for when it is trained again."""

MAX_THREADS = 1024

MAX_AXIS = 7
"""Highest position of a channel axis, from either end."""

FOREST_KINDS = ("RandomForestClassifier", "ExtraTreesClassifier")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Everything in a model file but its forest.

    Attributes
    ----------
    format_version
        Version of the file's layout.
    created
        When it was written, in ISO 8601.
    versions
        Libraries it was trained with.
    features, channel_axis, spacing
        As in the state of the classifier.
    classes
        Value, name and colour of each class, by ascending value.
    class_dtype
        Type of the class values in segmentations.
    n_samples
        Labelled pixels of each class; 0 where that is not known.
    random_state, n_estimators
        Parameters of the classifier.
    estimator
        Parameters of the forest that the user gave, None where the classifier made its own.
    forest_kind, n_trees, n_nodes
        Kind and size of the trained forest.
    sharpness
        The power to which its probabilities are raised.
    """

    format_version: int
    created: str
    versions: Mapping[str, str]
    features: ChannelFeatures
    channel_axis: int | None
    spacing: tuple[float, ...]
    classes: tuple[ClassInfo, ...]
    class_dtype: str
    n_samples: tuple[int, ...]
    random_state: int | None
    n_estimators: int
    estimator: Mapping[str, Any] | None
    forest_kind: str
    n_trees: int
    n_nodes: int
    sharpness: float

    @property
    def n_channels(self) -> int:
        return self.features.n_channels

    @classmethod
    def from_header(cls, header: object) -> ModelInfo:
        """Check the JSON values of a file.

        Raises
        ------
        FileContentError
            If one is missing, of a wrong type, or impossible.
        """
        values = JsonValues(header, "the description")
        if values.get("format", str) != FORMAT:
            raise ModelFileError("it describes something else")
        format_version = values.whole("format_version", 1)
        if format_version > FORMAT_VERSION:
            raise ModelFileError(
                f"it has format version {format_version}, this program reads versions up to "
                f"{FORMAT_VERSION}; update napari-pixclass"
            )
        features = read_features(values, format_version)
        rows = [JsonValues(row, "a class") for row in values.get("classes", list)]
        class_dtype = values.get("class_dtype", str)
        forest = JsonValues(values.get("forest", dict), "the forest")
        kind = forest.get("kind", str)
        if kind not in FOREST_KINDS:
            raise ModelFileError(f"its forest is of an unknown kind, {kind!r}")
        n_nodes = forest.whole("n_nodes", 1, 2**31 - 1)
        return cls(
            format_version=format_version,
            created=values.get("created", str),
            versions=_words(values.get("versions", dict)),
            features=features,
            channel_axis=values.optional_whole("channel_axis", -MAX_AXIS, MAX_AXIS),
            spacing=_spacing(values.get("spacing", list), features.ndim),
            classes=_classes(rows, class_dtype),
            class_dtype=class_dtype,
            n_samples=tuple(row.whole("n_samples", 0) for row in rows),
            random_state=values.optional_whole("random_state", 0, 2**32 - 1),
            n_estimators=values.whole("n_estimators", 1, MAX_TREES_TO_GROW),
            estimator=_estimator(values.get("estimator", object)),
            forest_kind=kind,
            n_trees=forest.whole("n_trees", 1, n_nodes),
            n_nodes=n_nodes,
            sharpness=_sharpness(values, format_version),
        )


def format_version_for(
    features: ChannelFeatures, n_samples: Sequence[int], sharpness: float
) -> int:
    """Version of a file: the oldest that can say what it has to, so that older programs go on reading most files."""
    if sharpness != 1:
        return 4
    dialects = {chosen.dialect for _, _, chosen in features.used()}
    if dialects != {"pixclass"} or 0 in n_samples:
        return 3
    return 1 if features.common is not None else 2


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelFileError("a number in it is not one")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _sharpness(values: JsonValues, format_version: int) -> float:
    """1 where the file says nothing: only since version 4 it may."""
    if format_version < 4 or "sharpness" not in values.all():
        return 1.0
    return values.sharpness("sharpness")


def _words(values: dict[Any, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise ModelFileError("the versions in it are not words")
    return values


def _spacing(values: list[object], ndim: int) -> tuple[float, ...]:
    try:
        return valid_spacing([_number(value) for value in values], ndim)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"its spacing cannot be used ({str(error).rstrip('.')})") from error


def _classes(rows: list[JsonValues], class_dtype: str) -> tuple[ClassInfo, ...]:
    if class_dtype not in {np.dtype(code).name for code in np.typecodes["AllInteger"]}:
        raise ModelFileError(f"its class values are of an unknown type, {class_dtype!r}")
    classes = class_table(rows, int(np.iinfo(class_dtype).max))
    values = [info.value for info in classes]
    if not values or values != sorted(set(values)):
        raise ModelFileError("its class values are not ascending")
    return classes


def _estimator(value: object) -> dict[str, Any] | None:
    """Parameters of a forest, in types and sizes that do no harm; scikit-learn checks the rest."""
    if value is None:
        return None
    values = JsonValues(value, "the estimator")
    parameters = values.all()
    for name, item in parameters.items():
        if not isinstance(item, get_args(bool | int | float | str | None)):
            raise ModelFileError("the estimator in it has parameters of a wrong type")
        if isinstance(item, int) and not isinstance(item, bool):
            highest = {"n_estimators": MAX_TREES_TO_GROW, "n_jobs": MAX_THREADS}.get(name, 2**32)
            values.whole(name, -highest, highest)
    return parameters
