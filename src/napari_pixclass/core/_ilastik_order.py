"""How ilastik orders its features, and how that maps to the order of a `PixelClassifier`."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ._features import FeatureSet

ILASTIK_FAMILIES = MappingProxyType(
    {
        "GaussianSmoothing": "gaussian_smoothing",
        "LaplacianOfGaussian": "laplacian_of_gaussian",
        "GaussianGradientMagnitude": "gaussian_gradient_magnitude",
        "DifferenceOfGaussians": "difference_of_gaussians",
        "StructureTensorEigenvalues": "structure_tensor_eigenvalues",
        "HessianOfGaussianEigenvalues": "hessian_of_gaussian_eigenvalues",
    }
)
"""What ilastik calls our families."""


def ilastik_columns(
    cells: Iterable[tuple[str, float]], features: FeatureSet, n_channels: int
) -> npt.NDArray[np.int64]:
    """Where the features of a forest of ilastik's stand among those of a `PixelClassifier`.

    ilastik goes through the cells of its table (families are rows, sigmas columns), then through the channels of the
    image, then through the eigenvalues; we go through the channels first.

    Parameters
    ----------
    cells
        Family id and sigma of each chosen cell, row by row, as they stand in the project.
    features
        The same cells as a feature set, used for every channel.
    n_channels
        Number of channels.

    Returns
    -------
    ndarray of int64, shape (n_channels * len(features),)
        For each feature in ilastik's order its place in ours.

    Raises
    ------
    ValueError
        If `cells` and `features` are not the same choice.
    """
    places: dict[tuple[str, float], list[int]] = {}
    for index, feature in enumerate(features.features):
        places.setdefault((feature.family, feature.sigma), []).append(index)
    chosen = [(family, float(sigma)) for family, sigma in cells]
    if sorted(chosen) != sorted(places):
        raise ValueError(
            f"cells must name each of the feature set's {len(places)} pairs of family and sigma once; got "
            f"{len(chosen)} cells."
        )
    return np.array(
        [
            channel * len(features) + place
            for cell in chosen
            for channel in range(n_channels)
            for place in places[cell]
        ],
        dtype=np.int64,
    )
