"""Small images to train on."""

from __future__ import annotations

import numpy as np

from napari_pixclass import FeatureSet

FEATURES = FeatureSet.from_selection(
    {"gaussian_smoothing": [0.3, 1.0], "hessian_of_gaussian_eigenvalues": [1.0]}
)


def make_image(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Noise, brighter in its second half along the last axis."""
    image = np.random.default_rng(seed).normal(100, 20, shape)
    image[..., shape[-1] // 2 :] += 60
    return image.astype(np.float32)


def make_labels(shape: tuple[int, ...], values: tuple[int, ...] = (1, 2)) -> np.ndarray:
    """A vertical stroke of each class."""
    labels = np.zeros(shape, dtype=np.uint8)
    for column, value in zip(np.linspace(2, shape[-1] - 3, len(values)), values, strict=True):
        labels[..., int(column)] = value
    return labels
