"""The definitions of the features once more: slow, in float64, on scipy, without blocks."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import ndimage

from napari_pixclass.core import FeatureSet


def kernel(sigma: float, order: int) -> np.ndarray:
    radius = max(1, math.floor(4 * sigma + 0.5))
    x = np.arange(-radius, radius + 1, dtype=float)
    if radius == 1 and order:
        return np.array([-0.5, 0, 0.5] if order == 1 else [1.0, -2.0, 1.0])
    g = np.exp(-(x**2) / (2 * sigma**2))
    if order == 0:
        return g / g.sum()
    if order == 1:
        return x * g / (x * x * g).sum()
    k = (x**2 / sigma**2 - 1) * g
    k = k - k.mean()
    return k / (k * x**2 / 2).sum()


def convolve(image: np.ndarray, sigmas: list[float], orders: tuple[int, ...]) -> np.ndarray:
    for axis, (sigma, order) in enumerate(zip(sigmas, orders, strict=True)):
        if sigma > 0:
            image = ndimage.correlate1d(image, kernel(sigma, order), axis=axis, mode="nearest")
    return image


def reference_features(
    image: np.ndarray, features: FeatureSet, spacing: tuple[float, ...] | None = None
) -> np.ndarray:
    """All features of one frame of one channel, in float64."""
    ndim = image.ndim
    spacing = spacing or (1.0,) * ndim
    finest = min(spacing)
    # Everything is computed on the mirrored image, far enough out for no border to matter.
    pads = [10 + math.ceil(6.5 * max(features.sigmas) * finest / length) for length in spacing]
    padded = np.pad(image.astype(float), [(pad, pad) for pad in pads], mode="reflect")
    core = tuple(slice(pad, -pad) for pad in pads)
    columns: dict[tuple[str, float, int], np.ndarray] = {}
    for sigma in features.sigmas:
        axes = list(range(ndim - features.ndim_at(sigma), ndim))
        widths = [sigma * finest / spacing[i] if i in axes else 0.0 for i in range(ndim)]
        two_stage = [width >= math.sqrt(2) for width in widths]
        before = [
            math.sqrt(w * w - 1) if two else 0.0 for w, two in zip(widths, two_stage, strict=True)
        ]
        small = [1.0 if two else w for w, two in zip(widths, two_stage, strict=True)]
        smoothed = convolve(padded, before, (0,) * ndim)

        def derivative(*along: int, smoothed=smoothed, small=small) -> np.ndarray:
            result = convolve(smoothed, small, tuple(along.count(i) for i in range(ndim)))
            return result / math.prod(spacing[i] / finest for i in along)

        def eigenvalues(entry, axes=axes) -> np.ndarray:
            matrix = np.empty((*image.shape, len(axes), len(axes)))
            for (p, i), (q, j) in itertools.product(enumerate(axes), repeat=2):
                matrix[..., p, q] = entry(i, j)[core]
            return np.linalg.eigvalsh(matrix)[..., ::-1]

        def tensor(i: int, j: int, derivative=derivative, widths=widths) -> np.ndarray:
            return convolve(derivative(i) * derivative(j), [w / 2 for w in widths], (0,) * ndim)

        g = derivative()
        values = {
            "gaussian_smoothing": g[core],
            "laplacian_of_gaussian": sum(derivative(i, i) for i in axes)[core],
            "gaussian_gradient_magnitude": np.sqrt(sum(derivative(i) ** 2 for i in axes))[core],
            "difference_of_gaussians": (
                g - convolve(padded, [0.66 * w for w in widths], (0,) * ndim)
            )[core],
        }
        for family, value in values.items():
            columns[family, sigma, 0] = value
        for family, entry in (
            ("structure_tensor_eigenvalues", tensor),
            ("hessian_of_gaussian_eigenvalues", derivative),
        ):
            for component, value in enumerate(np.moveaxis(eigenvalues(entry), -1, 0)):
                columns[family, sigma, component] = value
    return np.stack([columns[f.family, f.sigma, f.component] for f in features.features], axis=-1)
