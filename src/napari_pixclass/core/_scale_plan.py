"""All features of one scale of one block: what is prepared once, and how it is computed block by block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ._features import FeatureSet
from ._filters import Field, Kernels, half_kernel, mirrored, smooth
from ._outlets import Outlets, Reversed
from ._planar import planar_features
from ._scales import ScaleGeometry, Stage
from ._scratch import Block, Scratch
from ._taps import FEW
from ._volumetric import Columns, Planes, volume_features

Box = tuple[range, range, range]
"""Positions of a block in the image along z, y and x."""

_OUTLET_OF = {
    "gaussian_smoothing": "smoothing",
    "laplacian_of_gaussian": "laplacian",
    "gaussian_gradient_magnitude": "magnitude",
    "difference_of_gaussians": "difference",
    "structure_tensor_eigenvalues": "tensor",
    "hessian_of_gaussian_eigenvalues": "hessian",
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """Features that are made of the same derivatives, in one go; kernels along (z, y, x).

    Attributes
    ----------
    rows
        For each outlet, which features of a channel it gives.
    filters
        Half kernels of orders 0, 1 and 2, one after the other.
    integrations
        Half kernels of the structure tensor's integration.
    """

    rows: dict[str, slice]
    filters: Kernels
    integrations: Kernels

    @property
    def integration_reach(self) -> tuple[int, int, int]:
        """Planes, rows and columns that the structure tensor needs beyond the block."""
        if self.rows["tensor"].start == self.rows["tensor"].stop:
            return 0, 0, 0
        z, y, x = (len(weights) - 1 for weights in self.integrations)
        return z, y, x

    @property
    def reach(self) -> tuple[int, int, int]:
        """Planes, rows and columns of the presmoothed image that it needs beyond the block."""
        z, y, x = (
            len(filters) // 3 - 1 + extra
            for filters, extra in zip(self.filters, self.integration_reach, strict=True)
        )
        return z, y, x


@dataclass(frozen=True, slots=True)
class ScalePlan:
    """One scale of a feature set in images of one spacing.

    Attributes
    ----------
    is_planar
        Whether its filters run in the plane.
    presmoothing, inner
        Half kernels of the smoothing before everything else, and of the inner Gaussian of the difference of Gaussians.
    is_inner_presmoothed, mirrors_products
        See `ScaleGeometry`.
    sweeps
        What is made of the presmoothed image.
    """

    is_planar: bool
    presmoothing: Kernels
    inner: Kernels
    is_inner_presmoothed: bool
    mirrors_products: bool
    sweeps: tuple[Sweep, ...]

    def compute(
        self, source: Field, box: Box, extent: tuple[int, int, int], out: Block, scratch: Scratch
    ) -> None:
        """Write all features of a block.

        Parameters
        ----------
        source
            The image with a halo around the block.
        box
            Where the block lies in the image.
        extent
            Planes, rows and columns of the image.
        out
            C-contiguous array (n_features of a channel, Z, Y, X).
        scratch
            Memory for intermediate results.
        """
        # 1. Smooth what the sweeps need.
        planes, shape = box[0], (out.shape[2], max(out.shape[3], FEW))
        z, y, x = (
            max(reach) for reach in zip(*(sweep.reach for sweep in self.sweeps), strict=True)
        )
        wanted = range(max(planes.start - z, 0), min(planes.stop + z, extent[0]))
        smoothed = smooth(
            source, self.presmoothing, wanted, extent[0], shape, (y, x), scratch, "smoothed"
        )
        inner = scratch.array("inner", (1, 1, 1))
        if any(sweep.rows["difference"].stop for sweep in self.sweeps):
            begin = smoothed if self.is_inner_presmoothed else source
            inner = smooth(
                begin, self.inner, planes, extent[0], shape, (0, 0), scratch, "inner"
            ).values

        # 2. The rest happens in the sweeps.
        for sweep in self.sweeps:
            outlets = Outlets(**{name: out[sweep.rows[name]] for name in Outlets._fields})
            reversal = self._reversed(box, extent, sweep)
            if self.is_planar:
                _sweep_planes(sweep, smoothed, planes, shape, reversal, inner, outlets, scratch)
            else:
                self._sweep_volume(
                    sweep, smoothed, box, extent, shape, reversal, inner, outlets, scratch
                )

    def _reversed(self, box: Box, extent: tuple[int, int, int], sweep: Sweep) -> Reversed:
        """Where around the block derivatives along y or x have the other sign than products need."""
        is_flipped = [
            mirrored(np.arange(axis.start - reach, axis.stop + reach), length)[1]
            & self.mirrors_products
            for axis, reach, length in zip(
                box[1:], sweep.integration_reach[1:], extent[1:], strict=True
            )
        ]
        return Reversed(_signs(is_flipped[0]), np.flatnonzero(is_flipped[1]))

    def _sweep_volume(
        self,
        sweep: Sweep,
        smoothed: Field,
        box: Box,
        extent: tuple[int, int, int],
        shape: tuple[int, int],
        reversal: Reversed,
        inner: Block,
        outlets: Outlets,
        scratch: Scratch,
    ) -> None:
        # 1. Planes along z. Beyond the image everything is seen in a mirror.
        planes, n_planes = box[0], extent[0]
        beyond = sweep.integration_reach
        gradient = range(max(planes.start - beyond[0], 0), min(planes.stop + beyond[0], n_planes))
        radius = len(sweep.filters[0]) // 3 - 1
        taps, _ = mirrored(np.arange(gradient.start - radius, gradient.stop + radius), n_planes)
        products, is_flipped = mirrored(
            np.arange(planes.start - beyond[0], planes.stop + beyond[0]), n_planes
        )
        combined = Planes(
            taps - smoothed.first_plane,
            len(gradient),
            planes.start - gradient.start,
            products - gradient.start,
            _signs(is_flipped & (not self.mirrors_products)),
        )

        # 2. Memory.
        width = shape[1] + 2 * beyond[2]
        n_columns = int(taps.max() - taps.min()) + 1
        columns = Columns(
            scratch.array("along y", (3, width + 2 * (len(sweep.filters[2]) // 3 - 1))),
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
            reversal,
            sweep.filters,
            sweep.integrations,
            inner,
            columns,
            ring,
            outlets,
        )


def _sweep_planes(
    sweep: Sweep,
    smoothed: Field,
    planes: range,
    shape: tuple[int, int],
    reversal: Reversed,
    inner: Block,
    outlets: Outlets,
    scratch: Scratch,
) -> None:
    y0, x0 = smoothed.margin
    planar_features(
        smoothed.values,
        planes.start - smoothed.first_plane,
        y0,
        x0,
        shape[1],
        *sweep.filters[1:],
        *sweep.integrations[1:],
        reversal,
        inner,
        scratch.volume("products", 3, 2 * sweep.integration_reach[1] + 1, shape[1]),
        outlets,
    )


def _signs(is_flipped: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    return np.where(is_flipped, np.float32(-1), np.float32(1))


@lru_cache(maxsize=64)
def scale_plans(features: FeatureSet, spacing: tuple[float, ...]) -> tuple[ScalePlan, ...]:
    """Plans of all scales in use."""
    return tuple(_scale_plan(features, sigma, spacing) for sigma in features.sigmas)


def _scale_plan(features: FeatureSet, sigma: float, spacing: tuple[float, ...]) -> ScalePlan:
    geometry: ScaleGeometry = features.geometry(sigma, spacing)
    rows = _rows(features, sigma)
    # One sweep where the structure tensor is made of the same derivatives as the rest, otherwise two.
    choices = [(geometry.filter, rows)]
    if geometry.gradient != geometry.filter:
        tensor = {name: rows[name] if name == "tensor" else slice(0, 0) for name in rows}
        others = {name: slice(0, 0) if name == "tensor" else rows[name] for name in rows}
        choices = [(geometry.filter, others), (geometry.gradient, tensor)]
    return ScalePlan(
        features.ndim_at(sigma) == 2,
        _kernels(geometry.presmoothing),
        _kernels(geometry.inner),
        geometry.is_inner_presmoothed,
        geometry.mirrors_products,
        tuple(
            Sweep(own, _kernels(stage, (0, 1, 2), geometry.lengths), _kernels(geometry.integration))
            for stage, own in choices
            if any(place.stop for place in own.values())
        ),
    )


def _kernels(
    stage: Stage, orders: tuple[int, ...] = (0,), lengths: tuple[float, ...] = (1.0, 1.0, 1.0)
) -> Kernels:
    """Half kernels along z, y and x."""
    missing = 3 - len(stage.sigmas)
    z, y, x = (
        half_kernel(sigma, orders, stage.truncate, length)
        for sigma, length in zip(
            (0.0,) * missing + stage.sigmas, ((1.0,) * missing + lengths)[-3:], strict=True
        )
    )
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
