"""ilastik's features once more, from their description: slow, in float64, on scipy, without blocks."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from napari_pixclass.core import FeatureSet


def kernel(sigma: float, order: int, window: float) -> np.ndarray:
    radius = max(1, math.floor(window * sigma + 0.5))
    x = np.arange(-radius, radius + 1, dtype=float)
    g = np.exp(-(x**2) / (2 * sigma**2))
    if order == 0:
        return g / g.sum()
    if order == 1:
        k = x * g
        return k / (k * x).sum()
    k = (x**2 / sigma**2 - 1) * g
    k -= k.mean()
    return k / (k * x**2 / 2).sum()


def convolve(image: np.ndarray, sigma: float, orders: dict[int, int], window: float) -> np.ndarray:
    """Every stage sees the values before it mirrored at the borders of the image, the border pixels once."""
    for axis, order in orders.items():
        image = ndimage.correlate1d(image, kernel(sigma, order, window), axis=axis, mode="mirror")
    return image


def reference_features(image: np.ndarray, features: FeatureSet) -> np.ndarray:
    """All features of one frame of one channel, in float64."""
    image = image.astype(float)
    columns: dict[tuple[str, float, int], np.ndarray] = {}
    for sigma in features.sigmas:
        axes = list(range(image.ndim - features.ndim_at(sigma), image.ndim))
        before, s = (math.sqrt(sigma**2 - 1), 1.0) if sigma > 1 else (sigma, sigma)
        smoothed = convolve(image, before, dict.fromkeys(axes, 0), 3.5)

        def derivative(s: float, *along: int, smoothed=smoothed, axes=axes) -> np.ndarray:
            return convolve(smoothed, s, {axis: along.count(axis) for axis in axes}, 2.0)

        def eigenvalues(entry, axes=axes) -> np.ndarray:
            matrix = np.stack([np.stack([entry(i, j) for j in axes], -1) for i in axes], -1)
            return np.moveaxis(np.linalg.eigvalsh(matrix)[..., ::-1], -1, 0)

        inner, outer = (0.5 * s, s) if features.dialect == "ilastik" else (s, 0.5 * s)

        def tensor(i, j, inner=inner, outer=outer, derivative=derivative, axes=axes) -> np.ndarray:
            product = derivative(inner, i) * derivative(inner, j)
            return convolve(product, outer, dict.fromkeys(axes, 0), 2.0)

        def hessian(i: int, j: int, s=s, derivative=derivative) -> np.ndarray:
            return derivative(s, i, j)

        smooth = derivative(s)
        values = {
            "gaussian_smoothing": [smooth],
            "laplacian_of_gaussian": [sum(derivative(s, i, i) for i in axes)],
            "gaussian_gradient_magnitude": [np.sqrt(sum(derivative(s, i) ** 2 for i in axes))],
            "difference_of_gaussians": [smooth - derivative(0.66 * s)],
            "structure_tensor_eigenvalues": eigenvalues(tensor),
            "hessian_of_gaussian_eigenvalues": eigenvalues(hessian),
        }
        columns |= {
            (family, sigma, index): column
            for family, of_family in values.items()
            for index, column in enumerate(of_family)
        }
    return np.stack([columns[f.family, f.sigma, f.component] for f in features.features], axis=-1)
