"""The model file ``.pixclass``: what a trained classifier is, without a line of code in it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from napari_pixclass.core import (
    BlockPredictor,
    FittedState,
    ForestArrays,
    PixelClassifier,
)

from ._archive import ArchiveKind, ArchiveReader, FileContentError, ModelFileError, write_archive
from ._atomic import replacing
from ._model_features import features_header
from ._model_info import FORMAT, ModelInfo, format_version_for
from ._project_info import CLASSIFIER_NAME
from ._versions import versions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

MAX_REASON = 300
"""Most characters of what is told about a file that cannot be read."""

KIND = ArchiveKind("a model", "model.json", "forest", "Train fewer or smaller trees.")

Classifier = TypeVar("Classifier", bound=PixelClassifier)

# Names and types of the arrays in a file: part of the format, whatever the computer.
_ARRAYS = {
    "tree_offsets": "<i8",
    "children_left": "<i4",
    "children_right": "<i4",
    "feature": "<i4",
    "threshold": "<f8",
    "value": "<f8",
    "impurity": "<f8",
    "n_node_samples": "<i8",
    "weighted_n_node_samples": "<f8",
}


def save_model(classifier: PixelClassifier, path: str | os.PathLike[str]) -> None:
    """Write a trained classifier to exactly `path`, atomically; an existing file is replaced.

    The file is a zip of ``model.json`` (features, channels, spacing, classes with their names and
    colours, parameters, what it was trained on) and of the forest as plain arrays.

    Parameters
    ----------
    classifier
        A fitted classifier whose estimator is a forest.
    path
        File to write, by custom with the suffix ``.pixclass``; no suffix is added.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it was not trained.
    TypeError
        If its estimator is not a `RandomForestClassifier` or `ExtraTreesClassifier`.
    ValueError
        If it is larger than model files may be, such as one of 20 000 features or more.
    FileNotFoundError, IsADirectoryError, PermissionError
        If `path` cannot be written.
    """
    state = classifier.state
    forest = state.forest
    if forest is None:
        raise TypeError(
            "only forests can be saved; the classifier was trained with "
            f"{type(classifier.estimator_).__name__}. Train it with RandomForestClassifier or "
            "ExtraTreesClassifier."
        )
    seed = classifier.random_state
    header = {
        "format": FORMAT,
        "format_version": format_version_for(state.features, state.n_samples, state.sharpness),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        **features_header(state.features),
        "channel_axis": None if state.channel_axis is None else int(state.channel_axis),
        "spacing": list(state.spacing),
        "classes": [
            {"value": info.value, "name": info.name, "color": info.color, "n_samples": n_samples}
            for info, n_samples in zip(classifier.class_table_, state.n_samples, strict=True)
        ],
        "class_dtype": state.classes.dtype.name,
        # A generator in place of a seed cannot be repeated: it is like no seed at all.
        "random_state": int(seed) if isinstance(seed, int | np.integer) else None,
        "n_estimators": int(classifier.n_estimators),
        "estimator": _estimator_header(classifier.estimator),
        "forest": {"kind": forest.kind, "n_trees": forest.n_trees, "n_nodes": forest.n_nodes},
        **({} if state.sharpness == 1 else {"sharpness": state.sharpness}),
    }
    try:
        ModelInfo.from_header(header)
    except FileContentError as error:  # better now than when it is needed
        raise ValueError(
            f"a classifier to save must be one that can be loaded; of this file one would say: {error}."
        ) from error
    arrays = {name: getattr(forest, name).astype(dtype) for name, dtype in _ARRAYS.items()}
    with replacing(path) as temporary:
        write_archive(temporary, KIND, header, arrays)


def load_model(path: str | os.PathLike[str], cls: type[Classifier]) -> Classifier:
    """Read what `save_model` wrote as a `cls`, with a real scikit-learn forest as `estimator_`.

    It predicts what the saved one predicted, bit for bit; ``n_jobs`` is None. No code is run.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is not a model, is damaged, or was written by a newer version.
    """
    path = _existing_file(path)
    try:
        with path.open("rb") as file:
            reader = ArchiveReader(file, KIND, tuple(_ARRAYS))
            info = ModelInfo.from_header(reader.header())
            forest = _read_forest(reader, info)
        return _build(cls, info, forest)
    except FileContentError as error:
        raise _unreadable(path, error) from error


def inspect_model(path: str | os.PathLike[str]) -> ModelInfo:
    """Read what a model file says about itself; its forest is not looked at.

    Raises
    ------
    FileNotFoundError, ModelFileError
        As `load_model`.
    """
    path = _existing_file(path)
    try:
        with path.open("rb") as file:
            return ModelInfo.from_header(ArchiveReader(file, KIND, tuple(_ARRAYS)).header())
    except FileContentError as error:
        raise _unreadable(path, error) from error


def forest_fingerprint(path: str | os.PathLike[str]) -> str:
    """Give 32 hexadecimal digits that tell forests of model files apart; names, colours and dates do not count.

    Raises
    ------
    FileNotFoundError, ModelFileError
        As `load_model`.
    """
    path = _existing_file(path)
    try:
        with path.open("rb") as file:
            checksums = ArchiveReader(file, KIND, tuple(_ARRAYS)).checksums()
    except FileContentError as error:
        raise _unreadable(path, error) from error
    return blake2b(repr(checksums).encode(), digest_size=16).hexdigest()


def _existing_file(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.is_dir():
        inside = path / CLASSIFIER_NAME
        hint = f" The model of this project is '{inside}'." if inside.is_file() else ""
        raise IsADirectoryError(f"a model must be a file; '{path}' is a folder.{hint}")
    if not path.exists():
        raise FileNotFoundError(f"the model file must exist; there is no '{path}'.")
    return path


def _unreadable(path: Path, error: FileContentError) -> ModelFileError:
    reason = str(error)
    if len(reason) > MAX_REASON:  # it quotes the file
        reason = f"{reason[:MAX_REASON]} ..."
    return ModelFileError(f"'{path}' cannot be read as a pixel classification model: {reason}.")


def _read_forest(reader: ArchiveReader, info: ModelInfo) -> ForestArrays:
    n_nodes, n_classes = info.n_nodes, len(info.classes)
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(_ARRAYS, (n_nodes,))
    shapes["tree_offsets"] = (info.n_trees + 1,)
    shapes["value"] = (n_nodes, n_classes)
    arrays = {name: reader.array(name, dtype, shapes[name]) for name, dtype in _ARRAYS.items()}
    forest = ForestArrays(
        **arrays,
        n_features=info.features.n_features,
        n_classes=n_classes,
        kind=cast("Any", info.forest_kind),  # checked by ModelInfo
    )
    try:
        forest.validate()
    except ValueError as error:
        raise ModelFileError(str(error).rstrip(".")) from error
    return forest


def _build(cls: type[Classifier], info: ModelInfo, forest: ForestArrays) -> Classifier:
    classes = np.array([row.value for row in info.classes], dtype=info.class_dtype)
    state = FittedState(
        features=info.features,
        channel_axis=info.channel_axis,
        spacing=info.spacing,
        classes=classes,
        n_samples=info.n_samples,
        forest=forest,
        predictor=BlockPredictor.from_forest(forest, info.features, info.spacing),
    ).calibrated(info.sharpness)
    fitted = forest.to_estimator(classes)
    template = None
    if info.estimator is not None:
        known = fitted.get_params()
        parameters = {name: value for name, value in info.estimator.items() if name in known}
        template = type(fitted)(**parameters)
        try:
            template._validate_params()  # what fit would do first; there is no public name for it
        except ValueError as error:
            reason = str(error).rstrip(".")
            raise ModelFileError(f"the estimator in it cannot be used ({reason})") from error
    fitted.set_params(random_state=info.random_state)
    classifier = cls.from_state(
        state,
        fitted,
        n_estimators=info.n_estimators,
        random_state=info.random_state,
    )
    classifier.estimator = template
    classifier.class_table_ = info.classes
    return classifier


def _estimator_header(estimator: Any) -> Mapping[str, Any] | None:
    """Parameters of the forest that a user gave: a loaded classifier trains in the same way."""
    if estimator is None:
        return None
    parameters = {}
    for name, value in estimator.get_params(deep=False).items():
        plain = value.item() if isinstance(value, np.generic) else value
        if name == "random_state" and not isinstance(plain, int):
            plain = None
        if not isinstance(plain, bool | int | float | str | None):
            raise TypeError(
                "parameters of an estimator to save must be numbers, words or None; got "
                f"{name}={value!r}. Set it to one of these and train again."
            )
        parameters[name] = plain
    return parameters
