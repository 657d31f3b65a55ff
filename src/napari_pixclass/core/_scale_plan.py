"""All features of one scale of one block: what is prepared once, and how it is computed block by block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ._features import FeatureSet
from ._filters import Field, Weights, Widths, half_kernel, mirrored, smooth
from ._outlets import Outlets
from ._planar import planar_features
from ._scales import ScaleGeometry
from ._scratch import Block, Scratch
from ._taps import FEW
from ._volumetric import Columns, Planes, volume_features

Filters = tuple[Weights, Weights, Weights]

_OUTLET_OF = {
    "gaussian_smoothing": "smoothing",
    "laplacian_of_gaussian": "laplacian",
    "gaussian_gradient_magnitude": "magnitude",
    "difference_of_gaussians": "difference",
    "structure_tensor_eigenvalues": "tensor",
    "hessian_of_gaussian_eigenvalues": "hessian",
}


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """One scale of a feature set in images of one spacing; widths and kernels along (z, y, x).

    Attributes
    ----------
    rows
        For each outlet, which features of a channel it gives.
    is_planar
        Whether its filters run in the plane.
    presmoothing, inner
        Widths of the smoothing before everything else, and of the inner Gaussian of the difference of Gaussians.
    filters
        Half kernels of orders 0, 1 and 2, one after the other.
    integrations
        Half kernels of the structure tensor's integration.
    """

    rows: dict[str, slice]
    is_planar: bool
    presmoothing: Widths
    inner: Widths
    filters: Filters
    integrations: Filters

    def compute(
        self, source: Field, planes: range, n_planes: int, out: Block, scratch: Scratch
    ) -> None:
        """Write all features of a block.

        Parameters
        ----------
        source
            The image with a halo around the block.
        planes
            Positions of the block's planes in the image.
        n_planes
            Planes of the image.
        out
            C-contiguous array (n_features of a channel, Z, Y, X).
        scratch
            Memory for intermediate results.
        """
        outlets = Outlets(**{name: out[self.rows[name]] for name in Outlets._fields})
        shape = out.shape[2], max(out.shape[3], FEW)

        # 1. Smooth what the derivatives and the structure tensor need.
        beyond = self._integration_reach()
        z, y, x = (
            len(filters) // 3 - 1 + extra
            for filters, extra in zip(self.filters, beyond, strict=True)
        )
        wanted = range(max(planes.start - z, 0), min(planes.stop + z, n_planes))
        smoothed = smooth(
            source, self.presmoothing, wanted, n_planes, shape, (y, x), scratch, "smoothed"
        )
        inner = scratch.array("inner", (1, 1, 1))
        if len(outlets.difference):
            inner = smooth(
                source, self.inner, planes, n_planes, shape, (0, 0), scratch, "inner"
            ).values

        # 2. The rest happens in one sweep.
        y0, x0 = smoothed.margin
        if self.is_planar:
            planar_features(
                smoothed.values,
                planes.start - smoothed.first_plane,
                y0,
                x0,
                shape[1],
                *self.filters[1:],
                *self.integrations[1:],
                inner,
                scratch.volume("products", 3, 2 * beyond[1] + 1, shape[1]),
                outlets,
            )
        else:
            self._compute_volume(smoothed, planes, n_planes, shape, inner, outlets, scratch)

    def _integration_reach(self) -> tuple[int, int, int]:
        """Planes, rows and columns that the structure tensor needs beyond the block."""
        if self.rows["tensor"].start == self.rows["tensor"].stop:
            return 0, 0, 0
        z, y, x = (len(weights) - 1 for weights in self.integrations)
        return z, y, x

    def _compute_volume(
        self,
        smoothed: Field,
        planes: range,
        n_planes: int,
        shape: tuple[int, int],
        inner: Block,
        outlets: Outlets,
        scratch: Scratch,
    ) -> None:
        # 1. Planes along z. Beyond the image everything is seen in a mirror.
        beyond = self._integration_reach()
        gradient = range(max(planes.start - beyond[0], 0), min(planes.stop + beyond[0], n_planes))
        radius = len(self.filters[0]) // 3 - 1
        taps, _ = mirrored(np.arange(gradient.start - radius, gradient.stop + radius), n_planes)
        products, is_flipped = mirrored(
            np.arange(planes.start - beyond[0], planes.stop + beyond[0]), n_planes
        )
        combined = Planes(
            taps - smoothed.first_plane,
            len(gradient),
            planes.start - gradient.start,
            products - gradient.start,
            np.where(is_flipped, np.float32(-1), np.float32(1)),
        )

        # 2. Memory.
        width = shape[1] + 2 * beyond[2]
        n_columns = int(taps.max() - taps.min()) + 1
        columns = Columns(
            scratch.array("along y", (3, width + 2 * (len(self.filters[2]) // 3 - 1))),
            scratch.array("along yx", (6, n_columns, width)),
            scratch.array("gradient", (3, len(gradient), width)),
            scratch.array("product", (len(products), width)),
            scratch.array("integrated", (len(planes), width)),
        )
        ring = scratch.volume("products", 6 * len(planes), 2 * beyond[1] + 1, shape[1])

        # 3. The sweep.
        y0, x0 = smoothed.margin
        volume_features(
            smoothed.values,
            y0,
            x0,
            shape[1],
            combined,
            self.filters,
            self.integrations,
            inner,
            columns,
            ring,
            outlets,
        )


@lru_cache(maxsize=64)
def scale_plans(features: FeatureSet, spacing: tuple[float, ...]) -> tuple[ScalePlan, ...]:
    """Plans of all scales in use."""
    return tuple(_scale_plan(features, sigma, spacing) for sigma in features.sigmas)


def _scale_plan(features: FeatureSet, sigma: float, spacing: tuple[float, ...]) -> ScalePlan:
    geometry: ScaleGeometry = features.geometry(sigma, spacing)
    filters = [
        half_kernel(width, (0, 1, 2), length)
        for width, length in zip(
            _three(geometry.filter, 0.0), _three(geometry.lengths, 1.0), strict=True
        )
    ]
    integrations = [half_kernel(width) for width in _three(geometry.integration, 0.0)]
    return ScalePlan(
        _rows(features, sigma),
        features.ndim_at(sigma) == 2,
        _three(geometry.presmoothing, 0.0),
        _three(geometry.inner, 0.0),
        (filters[0], filters[1], filters[2]),
        (integrations[0], integrations[1], integrations[2]),
    )


def _three(values: tuple[float, ...], fill: float) -> Widths:
    z, y, x = (fill,) * (3 - len(values)) + values
    return z, y, x


def _rows(features: FeatureSet, sigma: float) -> dict[str, slice]:
    """Where the values of each family at this scale lie among the features of a channel."""
    rows = dict.fromkeys(Outlets._fields, slice(0, 0))
    for index, feature in enumerate(features.features):
        if feature.sigma == sigma:
            name = _OUTLET_OF[feature.family]
            start = index if rows[name].stop == 0 else rows[name].start
            rows[name] = slice(start, index + 1)
    return rows
