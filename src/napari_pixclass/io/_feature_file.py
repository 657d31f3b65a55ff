"""A set of features as a JSON file: what ``suggest -o`` writes and ``train --features`` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ._archive import FileContentError
from ._atomic import replacing
from ._model_features import read_feature_set

if TYPE_CHECKING:
    import os

    from napari_pixclass.core import FeatureSet

MAX_BYTES = 2**20
"""No set of features is larger."""


def save_features(features: FeatureSet, path: str | os.PathLike[str]) -> None:
    """Write a set of features to a JSON file, atomically; an existing file is replaced.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If `path` cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(f"{json.dumps(features.to_dict(), indent=2)}\n", encoding="utf-8")


def load_features(path: str | os.PathLike[str]) -> FeatureSet:
    """Read a set of features that `save_features`, or ``napari-pixclass suggest -o``, has written.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"the file of features must exist; there is no file '{path}'.")
    try:
        return read_feature_set(_json_values(path))
    except FileContentError as error:
        raise FileContentError(
            f"'{path}' cannot be read as a set of features: {error}. Write it with save_features, or with "
            "napari-pixclass suggest -o."
        ) from error


def _json_values(path: Path) -> object:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise FileContentError(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        values: object = json.loads(content)
    except (ValueError, RecursionError):
        raise FileContentError("it is not JSON") from None
    return values
