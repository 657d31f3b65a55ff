"""What a model file says about itself, checked value by value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from napari_pixclass.core import ClassInfo, FeatureSet, valid_spacing

from ._archive import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "napari-pixclass model"

FORMAT_VERSION = 1
"""Raised when older programs could no longer read a file, or would read it wrongly."""

MAX_FEATURES_PER_CHANNEL = 2_000

MAX_FEATURES_OF_MODEL = 20_000
"""Most features of all channels together."""

MAX_TREES_TO_GROW = 1_000_000
"""Most trees that a model may ask for when it is trained again."""

MAX_THREADS = 1024

MAX_AXIS = 7
"""Highest position of a channel axis, from either end."""

FOREST_KINDS = ("RandomForestClassifier", "ExtraTreesClassifier")

Kind = TypeVar("Kind")


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
    features, n_channels, channel_axis, spacing
        As in the classifier.
    classes
        Value, name and colour of each class, by ascending value.
    class_dtype
        Type of the class values in segmentations.
    n_samples
        Labelled pixels of each class.
    random_state, n_estimators
        Parameters of the classifier.
    estimator
        Parameters of the forest that the user gave, None where the classifier made its own.
    forest_kind, n_trees, n_nodes
        Kind and size of the trained forest.
    """

    format_version: int
    created: str
    versions: Mapping[str, str]
    features: FeatureSet
    n_channels: int
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

    @classmethod
    def from_header(cls, header: object) -> ModelInfo:
        """Check the JSON values of a file.

        Raises
        ------
        ModelFileError
            If one is missing, of a wrong type, or impossible.
        """
        values = _Values(header, "the description")
        if values.get("format", str) != FORMAT:
            raise ModelFileError("it describes something else")
        format_version = values.whole("format_version", 1)
        if format_version > FORMAT_VERSION:
            raise ModelFileError(
                f"it has format version {format_version}, this program reads versions up to "
                f"{FORMAT_VERSION}; update napari-pixclass"
            )
        features = _features(values)
        if len(features) > MAX_FEATURES_PER_CHANNEL:
            raise ModelFileError(
                f"it has more than {MAX_FEATURES_PER_CHANNEL} features per channel"
            )
        n_channels = values.whole("n_channels", 1, MAX_FEATURES_OF_MODEL)
        if n_channels * len(features) > MAX_FEATURES_OF_MODEL:
            raise ModelFileError(f"it has more than {MAX_FEATURES_OF_MODEL} features")
        rows = [_Values(row, "a class") for row in values.get("classes", list)]
        class_dtype = values.get("class_dtype", str)
        forest = _Values(values.get("forest", dict), "the forest")
        kind = forest.get("kind", str)
        if kind not in FOREST_KINDS:
            raise ModelFileError(f"its forest is of an unknown kind, {kind!r}")
        n_nodes = forest.whole("n_nodes", 1, 2**31 - 1)
        return cls(
            format_version=format_version,
            created=values.get("created", str),
            versions=_words(values.get("versions", dict)),
            features=features,
            n_channels=n_channels,
            channel_axis=values.optional_whole("channel_axis", -MAX_AXIS, MAX_AXIS),
            spacing=_spacing(values.get("spacing", list), features.ndim),
            classes=_classes(rows, class_dtype),
            class_dtype=class_dtype,
            n_samples=tuple(row.whole("n_samples", 1) for row in rows),
            random_state=values.optional_whole("random_state", 0, 2**32 - 1),
            n_estimators=values.whole("n_estimators", 1, MAX_TREES_TO_GROW),
            estimator=_estimator(values.get("estimator", object)),
            forest_kind=kind,
            n_trees=forest.whole("n_trees", 1, n_nodes),
            n_nodes=n_nodes,
        )


class _Values:
    """Typed access to a JSON object; each mistake becomes one sentence."""

    def __init__(self, values: object, what: str) -> None:
        if not isinstance(values, dict):
            raise ModelFileError(f"{what} in it is not a JSON object")
        self._values = values
        self._what = what

    def get(self, name: str, kind: type[Kind]) -> Kind:
        if name not in self._values:
            raise ModelFileError(f"{self._what} in it lacks {name!r}")
        value = self._values[name]
        # JSON knows true and false apart from numbers; Python's bool is an int.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ModelFileError(f"{name!r} of {self._what} in it has a wrong type")
        return value

    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def whole(self, name: str, low: int, high: int = 2**63 - 1) -> int:
        value = self.get(name, int)
        if not low <= value <= high:
            raise ModelFileError(f"{name!r} of {self._what} in it is not within {low} and {high}")
        return value

    def optional_whole(self, name: str, low: int, high: int) -> int | None:
        if self.get(name, object) is None:
            return None
        return self.whole(name, low, high)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelFileError("a number in it is not one")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _words(values: dict[Any, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise ModelFileError("the versions in it are not words")
    return values


def _features(values: _Values) -> FeatureSet:
    features = values.get("features", dict)
    _Values(features, "the features").whole("ndim", 2, 3)
    try:
        return FeatureSet.from_dict(features)
    except (KeyError, AttributeError, TypeError, ValueError, OverflowError) as error:
        reason = str(error).rstrip(".") if isinstance(error, ValueError) else "wrong values"
        raise ModelFileError(f"its feature set cannot be used ({reason})") from error


def _spacing(values: list[object], ndim: int) -> tuple[float, ...]:
    try:
        return valid_spacing([_number(value) for value in values], ndim)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"its spacing cannot be used ({str(error).rstrip('.')})") from error


def _classes(rows: list[_Values], class_dtype: str) -> tuple[ClassInfo, ...]:
    if class_dtype not in {np.dtype(code).name for code in np.typecodes["AllInteger"]}:
        raise ModelFileError(f"its class values are of an unknown type, {class_dtype!r}")
    highest = int(np.iinfo(class_dtype).max)
    try:
        classes = tuple(
            ClassInfo(row.whole("value", 1, highest), row.get("name", str), row.get("color", str))
            for row in rows
        )
    except ValueError as error:
        raise ModelFileError(f"a class in it is wrong ({str(error).rstrip('.')})") from error
    ascending = sorted({info.value for info in classes})
    if not classes or [info.value for info in classes] != ascending:
        raise ModelFileError("its class values are not ascending")
    return classes


def _estimator(value: object) -> dict[str, Any] | None:
    """Parameters of a forest, in types and sizes that do no harm; scikit-learn checks the rest."""
    if value is None:
        return None
    values = _Values(value, "the estimator")
    parameters = values.all()
    for name, item in parameters.items():
        if not isinstance(item, get_args(bool | int | float | str | None)):
            raise ModelFileError("the estimator in it has parameters of a wrong type")
        if isinstance(item, int) and not isinstance(item, bool):
            highest = {"n_estimators": MAX_TREES_TO_GROW, "n_jobs": MAX_THREADS}.get(name, 2**32)
            values.whole(name, -highest, highest)
    return parameters
