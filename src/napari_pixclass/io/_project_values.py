"""The JSON values of a project, checked one by one: what is impossible, or not understood, is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from napari_pixclass.core import ChosenFeatures, FeatureSet, resolve_axes

from ._archive import FileContentError
from ._image_views import ImageView
from ._json_values import MAX_AXES, JsonValues, class_table
from ._model_features import MAX_FEATURES_OF_MODEL, read_feature_set
from ._project_info import (
    FORMAT,
    FORMAT_VERSION,
    ProjectCalibration,
    ProjectClassifier,
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    ProjectSource,
)
from ._runs import MAX_PIXELS

MAX_TEXT = 4000
"""Most characters of a name or a path."""

MAX_ENTRIES = 100_000
"""Most images, labels or classes."""

MAX_TREES = 1_000_000

_LABELS_FILE = re.compile(r"labels/[^/\\:\0.][^/\\:\0]*\.npy")
_COPY_FILE = re.compile(r"images/[^/\\:\0.][^/\\:\0]*")
_DIGEST = re.compile("[0-9a-f]{32}")

_DTYPES = {np.dtype(code).name for code in "?" + np.typecodes["AllInteger"] + "efdg"}
_INTEGERS = {np.dtype(code).name for code in "?" + np.typecodes["AllInteger"]}

# Settings of a training, and what checks them; the one place to enter another one.
TRAINING_SETTINGS: dict[str, Callable[[JsonValues], Any]] = {
    "n_estimators": lambda values: values.whole("n_estimators", 1, MAX_TREES),
    "random_state": lambda values: values.optional_whole("random_state", 0, 2**32 - 1),
}


def checked_info(header: object) -> ProjectInfo:
    """Check the JSON values of a description.

    Raises
    ------
    FileContentError
        If one is missing, of a wrong type, or impossible.
    """
    values = JsonValues(header, "the description")
    if values.get("format", str) != FORMAT:
        raise FileContentError("it describes something else")
    version = values.whole("format_version", 1)
    if version > FORMAT_VERSION:
        raise FileContentError(
            f"it has format version {version}, this program reads versions up to {FORMAT_VERSION}; update "
            "napari-pixclass"
        )
    sources = tuple(map(_source, _entries(values, "sources", "a source")))
    images = tuple(_image(row, sources) for row in _entries(values, "images", "an image"))
    labels = tuple(map(_labels, _entries(values, "labels", "labels")))
    if sum(entry.n_pixels for entry in labels) > MAX_PIXELS:
        raise FileContentError(f"it has more than {MAX_PIXELS:,} labelled pixels")
    rows = _entries(values, "classes", "a class")
    classes = class_table(rows, 2**63 - 1)
    if len({info.value for info in classes}) < len(classes):
        raise FileContentError("two classes in it have the same value")
    return ProjectInfo(
        save_id=values.text("save_id", MAX_TEXT),
        written=_time(values.text("written", MAX_TEXT)),
        versions=_words(values.get("versions", dict)),
        sources=sources,
        images=images,
        labels=labels,
        pairs=_pairs(values, images, labels, sources),
        target=values.optional_whole("target", 0, len(images) - 1),
        features=_features(values.get("features", object)),
        classes=classes,
        hidden_classes=frozenset(
            row.whole("value", 1) for row in rows if row.get("is_hidden", bool)
        ),
        training=_training(JsonValues(values.get("training", dict), "the training")),
        session=values.get("session", dict),
        classifier=_classifier(values.get("classifier", object)),
        calibration=_calibration(JsonValues(values.get("calibration", dict), "the calibration")),
        copies_images=values.get("copies_images", bool),
    )


def _entries(values: JsonValues, name: str, what: str) -> list[JsonValues]:
    rows = values.get(name, list)
    if len(rows) > MAX_ENTRIES:
        raise FileContentError(f"it has more than {MAX_ENTRIES:,} {name}")
    return [JsonValues(row, what) for row in rows]


def _source(values: JsonValues) -> ProjectSource:
    path, is_copy = values.optional_text("path", MAX_TEXT), values.get("is_copy", bool)
    if is_copy and (path is None or not _COPY_FILE.fullmatch(path)):
        raise FileContentError("a copy of an image in it does not lie in the folder 'images'")
    if any(
        "\0" in text for text in (path or "", values.optional_text("absolute_path", MAX_TEXT) or "")
    ):
        raise FileContentError("the path of an image in it is none")
    shape, dtype = values.shape("shape"), values.get("dtype", str)
    if dtype not in _DTYPES:
        raise FileContentError("an image in it is of an unknown type")
    view = _view(values, len(shape))
    return ProjectSource(
        name=values.text("name", MAX_TEXT),
        path=path,
        absolute_path=values.optional_text("absolute_path", MAX_TEXT),
        dataset=_dataset(values.text("dataset", MAX_TEXT)),
        is_copy=is_copy,
        view=view,
        shape=shape,
        dtype=dtype,
        fingerprint=_digest(values, "fingerprint"),
        in_memory=values.get("in_memory", bool),
        is_pyramid=values.get("is_pyramid", bool),
        layer=values.get("layer", dict),
    )


def _view(values: JsonValues, ndim: int) -> ImageView:
    places, order = values.get("places", list), values.get("order", list)
    are_places = all(p is None or (type(p) is int and 0 <= p < 2**62) for p in places)
    are_axes = all(type(axis) is int for axis in order) and sorted(order) == list(range(ndim))
    if len(places) > MAX_AXES or not (are_places and are_axes) or places.count(None) != ndim:
        raise FileContentError("what an image in it has to do with its file cannot be understood")
    return ImageView(tuple(places), tuple(order))


def _dataset(text: str) -> str:
    parts = text.split("/")
    if "\\" in text or "\0" in text or ".." in parts or text.startswith("/"):
        raise FileContentError("the name of an image within a file is none")
    return text


def _image(values: JsonValues, sources: tuple[ProjectSource, ...]) -> ProjectImage:
    members = values.get("sources", list)
    is_stack = values.get("is_stack", bool)
    if not members or not all(type(m) is int and 0 <= m < len(sources) for m in members):
        raise FileContentError("an image in it has no such source")
    shapes = {sources[member].shape for member in members}
    if len(shapes) > 1 or (len(members) > 1 and not is_stack):
        raise FileContentError("an image in it is made of sources that do not fit together")
    ndim = len(shapes.pop()) + is_stack
    axis = values.optional_whole("channel_axis", -ndim, ndim - 1)
    if is_stack and axis != 0:
        raise FileContentError("an image in it is made of channels that it does not have")
    has_size = values.get("pixel_size", object) is not None
    return ProjectImage(
        name=values.text("name", MAX_TEXT),
        sources=tuple(members),
        is_stack=is_stack,
        channel_axis=axis,
        pixel_size=values.pixel_size("pixel_size", ndim - (axis is not None)) if has_size else None,
    )


def _labels(values: JsonValues) -> ProjectLabels:
    file, dtype = values.text("file", MAX_TEXT), values.get("dtype", str)
    if not _LABELS_FILE.fullmatch(file):
        raise FileContentError("labels in it do not lie in the folder 'labels'")
    if dtype not in _INTEGERS:
        raise FileContentError("its labels are of an unknown type")
    shape = values.shape("shape")
    n_pixels = values.whole("n_pixels", 0, MAX_PIXELS)
    return ProjectLabels(
        name=values.text("name", MAX_TEXT),
        file=file,
        shape=shape,
        dtype=dtype,
        n_pixels=n_pixels,
        n_runs=values.whole("n_runs", 0, n_pixels),
        layer=values.get("layer", dict),
    )


def _pairs(
    values: JsonValues,
    images: tuple[ProjectImage, ...],
    labels: tuple[ProjectLabels, ...],
    sources: tuple[ProjectSource, ...],
) -> tuple[tuple[int, int], ...]:
    pairs = []
    for row in _entries(values, "pairs", "a pair"):
        pair = row.whole("image", 0, len(images) - 1), row.whole("labels", 0, len(labels) - 1)
        if shape_without_channels(images[pair[0]], sources) != labels[pair[1]].shape:
            raise FileContentError("labels in it have another shape than their image")
        pairs.append(pair)
    return tuple(pairs)


def shape_without_channels(
    image: ProjectImage, sources: tuple[ProjectSource, ...]
) -> tuple[int, ...]:
    """Shape that the labels of an image have."""
    shape = sources[image.sources[0]].shape
    if image.is_stack:
        shape = (len(image.sources), *shape)
    return resolve_axes(shape, 1, image.channel_axis).shape


def _features(value: object) -> ChosenFeatures | None:
    if value is None:
        return None
    values = JsonValues(value, "the features")
    own = values.get("of_channels", dict)
    if not all(isinstance(c, str) and c.isascii() and c.isdecimal() and len(c) < 10 for c in own):
        raise FileContentError("a channel in it is none")
    of_channels: dict[int, FeatureSet | None] = {
        int(channel): None if features is None else read_feature_set(features)
        for channel, features in own.items()
    }
    common = read_feature_set(values.get("common", dict))
    if any(
        features is not None and features.ndim != common.ndim for features in of_channels.values()
    ):
        raise FileContentError("its features are partly 2D and partly 3D")
    return ChosenFeatures(common, _channels(values), tuple(sorted(of_channels.items(), key=_first)))


def _first(item: tuple[int, object]) -> int:
    return item[0]


def _channels(values: JsonValues) -> tuple[int, ...] | None:
    if values.get("channels", object) is None:
        return None
    channels = values.get("channels", list)
    if not all(type(c) is int and 0 <= c < MAX_FEATURES_OF_MODEL for c in channels):
        raise FileContentError("a channel in it is none")
    return tuple(sorted(set(channels)))


def _training(values: JsonValues) -> dict[str, Any]:
    unknown = sorted(set(values.all()) - set(TRAINING_SETTINGS))
    if unknown:  # a training without them would give another classifier
        raise FileContentError(
            f"it has a setting that this program does not know, {unknown[0]!r}; update napari-pixclass"
        )
    return {
        name: check(values) for name, check in TRAINING_SETTINGS.items() if name in values.all()
    }


def _classifier(value: object) -> ProjectClassifier | None:
    if value is None:
        return None
    values = JsonValues(value, "the classifier")
    return ProjectClassifier(_digest(values, "digest"), values.get("is_current", bool))


def _calibration(values: JsonValues) -> ProjectCalibration:
    return ProjectCalibration(values.get("is_applied", bool), values.sharpness("sharpness"))


def _digest(values: JsonValues, name: str) -> str:
    digest = values.get(name, str)
    if not _DIGEST.fullmatch(digest):
        raise FileContentError(f"{name!r} in it is none")
    return digest


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise FileContentError("the time in it is none") from error
    if time.tzinfo is None:
        raise FileContentError("the time in it is none")
    return time


def _words(values: dict[Any, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise FileContentError("the versions in it are not words")
    return values
