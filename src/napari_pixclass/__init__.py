"""Interactive pixel classification: features, a forest of trees, probabilities; in napari, in scripts and in batch.

Importing this package loads none of its libraries: the public names below are fetched on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING

try:
    __version__ = version("napari-pixclass")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier, load
    from napari_pixclass.core import (
        ClassInfo,
        ConfusionMatrix,
        FeatureSet,
        Preparation,
        compute_features,
        prepare_image,
    )
    from napari_pixclass.evaluation import evaluate
    from napari_pixclass.ilastik import import_ilastik
    from napari_pixclass.io import (
        ModelFileError,
        ProjectError,
        load_features,
        open_image,
        save_features,
    )
    from napari_pixclass.project import open_project
    from napari_pixclass.quality import (
        cross_validate,
        suggest_features,
        suggest_places,
        suspicious_labels,
    )
    from napari_pixclass.viewer import session

_ROOM_OF = {
    "ClassInfo": "core",
    "ConfusionMatrix": "core",
    "FeatureSet": "core",
    "ModelFileError": "io",
    "ProjectError": "io",
    "open_image": "io",
    "open_project": "project",
    "PixelClassifier": "classifier",
    "Preparation": "core",
    "compute_features": "core",
    "cross_validate": "quality",
    "evaluate": "evaluation",
    "import_ilastik": "ilastik",
    "load": "classifier",
    "load_features": "io",
    "prepare_image": "core",
    "save_features": "io",
    "suggest_features": "quality",
    "suggest_places": "quality",
    "suspicious_labels": "quality",
}

__all__ = [
    "ClassInfo",
    "ConfusionMatrix",
    "FeatureSet",
    "ModelFileError",
    "PixelClassifier",
    "Preparation",
    "ProjectError",
    "__version__",
    "compute_features",
    "cross_validate",
    "evaluate",
    "import_ilastik",
    "load",
    "load_features",
    "open_image",
    "open_project",
    "prepare_image",
    "save_features",
    "session",
    "suggest_features",
    "suggest_places",
    "suspicious_labels",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


class _Package(ModuleType):
    """Keeps ``px.session`` the public function: importing the room of that name would bind the room over it."""

    @property
    def session(self) -> object:
        return import_module(f"{__name__}.viewer").session

    @session.setter
    def session(self, room: ModuleType) -> None:
        """Ignore what the import system binds; ``from napari_pixclass.session import ...`` needs no attribute."""


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted(__all__)
