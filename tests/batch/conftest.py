"""A classifier of three classes with names, and an image that it fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_pixclass import FeatureSet, PixelClassifier
from napari_pixclass.core import ClassInfo

FEATURES = FeatureSet.from_selection({"gaussian_smoothing": [0.7], "laplacian_of_gaussian": [1.0]})


def make_image(shape: tuple[int, ...] = (24, 30), seed: int = 0) -> np.ndarray:
    """Noise in three steps of brightness along the last axis."""
    image = np.random.default_rng(seed).integers(0, 40, shape)
    third = shape[-1] // 3
    image[..., third:] += 60
    image[..., 2 * third :] += 60
    return image.astype(np.uint16)


def train(image: np.ndarray, channel_axis: int | None = None) -> PixelClassifier:
    """Train on strokes of the classes 1, 2 and 5."""
    shape = list(image.shape)
    if channel_axis is not None:
        del shape[channel_axis]
    labels = np.zeros(shape, np.uint8)
    labels[..., 3], labels[..., shape[-1] // 2], labels[..., -4] = 1, 2, 5
    classifier = PixelClassifier(FEATURES, n_estimators=5, random_state=0)
    classifier.fit(image, labels, channel_axis=channel_axis)
    classifier.class_table_ = (
        ClassInfo(1, "background", "#000080"),
        ClassInfo(2, "cell/body", "#00ff00"),
        ClassInfo(5, "nucleus", "#ff0000"),
    )
    return classifier


@pytest.fixture(scope="session")
def classifier() -> PixelClassifier:
    return train(make_image())


@pytest.fixture(scope="session")
def colours_classifier() -> PixelClassifier:
    return train(make_image((24, 30, 3)).astype(np.uint8), channel_axis=2)


def names_in(folder: Path) -> list[str]:
    """All files, hidden ones too."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
