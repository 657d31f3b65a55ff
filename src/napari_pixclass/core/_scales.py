"""Geometry of one scale: how wide each kernel is along each axis, and how far it reaches.

Every scale works in two stages (the semigroup of the Gaussian): the image is smoothed once, then all derivatives are
taken with small kernels::

    image --presmoothing--> smoothed --filter--> G, first and second derivatives
                            smoothed --gradient--> first derivatives, multiplied --integration--> structure tensor
    image or smoothed --inner--> G at 0.66 sigma

In our own dialect the total scale is the nominal sigma. Along an axis, sigma in pixels of that axis is ``s = sigma *
finest / spacing``. If ``s >= sqrt(2)`` the filter kernels have width 1 and the presmoothing is ``sqrt(s^2 - 1)``, at
least 1 pixel: sampled Gaussians of width 1 and more add their variances to within 1e-8. Below that the filter kernels
have width ``s`` and there is no presmoothing.

In ilastik's dialects they are what its program computes, to the tap. Above sigma 1 there are the same two stages; up to
sigma 1 the image is smoothed with sigma and then filtered with sigma once more. Kernels end at 3.5 (presmoothing) and 2
standard deviations. The difference of Gaussians is one of the presmoothed image. There is no spacing: sigma is in
pixels. The structure tensor has two definitions: where ilastik filters with fastfilters it differentiates at half the
width of the filter and integrates at the whole one ("ilastik"), where it filters with vigra, as some installations of
1.2 did, the other way round ("ilastik-vigra").
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

Dialect = Literal["pixclass", "ilastik", "ilastik-vigra"]

TRUNCATE = 4.0
"""Kernels reach this many standard deviations."""

ILASTIK_TRUNCATE_PRESMOOTHING = 3.5
ILASTIK_TRUNCATE = 2.0
"""Reach of ilastik's kernels, before everything else and afterwards."""

MAX_ANISOTROPY = 1e4
"""Largest spacing over the smallest: beyond it somebody has mixed up units, and squares of it leave float32."""

DOG_RATIO = 0.66
"""Inner over outer width of a difference of Gaussians (ilastik's choice)."""

INTEGRATION_RATIO = 0.5
"""Width of the structure tensor's integration over sigma (ilastik's nominal choice)."""

ILASTIK_TENSOR_RATIOS: Mapping[Dialect, tuple[float, float]] = MappingProxyType(
    {"ilastik": (0.5, 1.0), "ilastik-vigra": (1.0, 0.5)}
)
"""Widths of the structure tensor's derivatives and of its integration over the width of the filter."""


def kernel_radius(sigma: float, truncate: float = TRUNCATE) -> int:
    """Pixels on each side of the centre of a kernel of width `sigma`; 0 for no filter at all."""
    return max(1, math.floor(truncate * sigma + 0.5)) if sigma > 0 else 0


@dataclass(frozen=True, slots=True)
class Stage:
    """One filter: widths of its Gaussian in pixels, one per spatial axis, 0 where an axis is left alone.

    Its kernels reach `truncate` standard deviations.
    """

    sigmas: tuple[float, ...]
    truncate: float = TRUNCATE

    @property
    def radii(self) -> np.ndarray:
        """Pixels that it needs along each axis."""
        return np.array(
            [kernel_radius(sigma, self.truncate) for sigma in self.sigmas], dtype=np.int64
        )


@dataclass(frozen=True, slots=True)
class ScaleGeometry:
    """The filters of one scale.

    Attributes
    ----------
    presmoothing, filter, gradient, integration, inner
        See above.
    lengths
        Pixel length along each axis in units of the finest: derivatives are divided by it.
    is_inner_presmoothed
        Whether the inner Gaussian smooths the presmoothed image, not the image itself.
    mirrors_products
        Beyond the borders, whether products of derivatives are mirrored as they are. Otherwise they are those of the
        mirrored image, whose derivative across a border changes its sign there.
    """

    presmoothing: Stage
    filter: Stage
    gradient: Stage
    integration: Stage
    inner: Stage
    lengths: tuple[float, ...]
    is_inner_presmoothed: bool = False
    mirrors_products: bool = False

    def halo(self, families: Collection[str]) -> np.ndarray:
        """Pixels needed along each axis by the `families` (ids) at this scale."""
        before = self.presmoothing.radii
        halo = before + self.filter.radii
        if "structure_tensor_eigenvalues" in families:
            halo = np.maximum(halo, before + self.gradient.radii + self.integration.radii)
        if "difference_of_gaussians" in families:
            inner = self.inner.radii + before * self.is_inner_presmoothed
            halo = np.maximum(halo, inner)
        return halo


def valid_spacing(spacing: Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Spacing as `ndim` positive numbers; ones where it is None."""
    if spacing is None:
        return (1.0,) * ndim
    try:
        values = tuple(float(value) for value in spacing)
    except TypeError:
        raise TypeError(
            f"spacing must be {ndim} numbers, one per spatial axis; got {spacing!r}."
        ) from None
    if len(values) != ndim:
        raise ValueError(
            f"spacing must have one value for each of the {ndim} spatial axes; got {len(values)} values."
        )
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(f"spacing must be positive and finite along every axis; got {values}.")
    if max(values) > MAX_ANISOTROPY * min(values):
        raise ValueError(
            f"spacings must lie within a factor of {MAX_ANISOTROPY:g} of each other; got {values}. "
            "Give all in one unit."
        )
    return values


def scale_geometry(
    sigma: float,
    ndim: int,
    filter_ndim: int,
    spacing: Sequence[float] | None,
    dialect: Dialect = "pixclass",
) -> ScaleGeometry:
    """Geometry of scale `sigma` in images of `ndim` spatial axes, the last `filter_ndim` of which are filtered."""
    lengths = valid_spacing(spacing, ndim)
    if dialect in ILASTIK_TENSOR_RATIOS:
        return _ilastik_geometry(sigma, ndim, filter_ndim, *ILASTIK_TENSOR_RATIOS[dialect])
    in_plane = lengths[ndim - filter_ndim :]
    finest = min(lengths)
    unfiltered = ndim - filter_ndim
    widths = [sigma * finest / length for length in in_plane]
    two_stage = [width >= math.sqrt(2) for width in widths]

    def per_axis(values: Sequence[float]) -> Stage:
        return Stage((0.0,) * unfiltered + tuple(values))

    small = per_axis([1.0 if two else w for w, two in zip(widths, two_stage, strict=True)])
    return ScaleGeometry(
        presmoothing=per_axis(
            [math.sqrt(w * w - 1) if two else 0.0 for w, two in zip(widths, two_stage, strict=True)]
        ),
        filter=small,
        gradient=small,
        integration=per_axis([INTEGRATION_RATIO * w for w in widths]),
        inner=per_axis([DOG_RATIO * w for w in widths]),
        lengths=(1.0,) * unfiltered + tuple(length / finest for length in in_plane),
    )


def _ilastik_geometry(
    sigma: float, ndim: int, filter_ndim: int, gradient_ratio: float, integration_ratio: float
) -> ScaleGeometry:
    small, before = (1.0, math.sqrt(sigma * sigma - 1)) if sigma > 1 else (sigma, sigma)

    def per_axis(width: float, truncate: float = ILASTIK_TRUNCATE) -> Stage:
        return Stage((0.0,) * (ndim - filter_ndim) + (width,) * filter_ndim, truncate)

    return ScaleGeometry(
        presmoothing=per_axis(before, ILASTIK_TRUNCATE_PRESMOOTHING),
        filter=per_axis(small),
        gradient=per_axis(gradient_ratio * small),
        integration=per_axis(integration_ratio * small),
        inner=per_axis(DOG_RATIO * small),
        lengths=(1.0,) * ndim,
        is_inner_presmoothed=True,
        mirrors_products=True,
    )
