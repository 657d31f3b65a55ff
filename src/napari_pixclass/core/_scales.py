"""Geometry of one scale: how wide each kernel is along each axis, and how far it reaches.

Every scale works in two stages (the semigroup of the Gaussian): the image is smoothed once, then all derivatives are
taken with small kernels, so that the total scale is the nominal sigma::

    image --presmoothing--> smoothed --filter--> G, first and second derivatives
                                     first derivatives, multiplied --integration--> structure tensor
    image --inner--> G at 0.66 sigma

Along an axis, sigma in pixels of that axis is ``s = sigma * finest / spacing``. If ``s >= sqrt(2)`` the filter kernels
have width 1 and the presmoothing is ``sqrt(s^2 - 1)``, at least 1 pixel: sampled Gaussians of width 1 and more add
their variances to within 1e-8. Below that the filter kernels have width ``s`` and there is no presmoothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

TRUNCATE = 4.0
"""Kernels reach this many standard deviations."""

MAX_ANISOTROPY = 1e4
"""Largest spacing over the smallest: beyond it somebody has mixed up units, and squares of it leave float32."""

DOG_RATIO = 0.66
"""Inner over outer width of a difference of Gaussians (ilastik's choice)."""

INTEGRATION_RATIO = 0.5
"""Width of the structure tensor's integration over sigma (ilastik's nominal choice)."""


def kernel_radius(sigma: float) -> int:
    """Pixels on each side of the centre of a kernel of width `sigma`; 0 for no filter at all."""
    return max(1, math.floor(TRUNCATE * sigma + 0.5)) if sigma > 0 else 0


@dataclass(frozen=True, slots=True)
class ScaleGeometry:
    """Kernel widths of one scale in pixels, one value per spatial axis; 0 where an axis is not filtered.

    `lengths` is the pixel length along each axis in units of the finest: derivatives are divided by it.
    """

    presmoothing: tuple[float, ...]
    filter: tuple[float, ...]
    inner: tuple[float, ...]
    integration: tuple[float, ...]
    lengths: tuple[float, ...]

    def halo(self, families: Collection[str]) -> np.ndarray:
        """Pixels needed along each axis by the `families` (ids) at this scale."""
        reach = _radii(self.presmoothing) + _radii(self.filter)
        halo = reach
        if "structure_tensor_eigenvalues" in families:
            halo = reach + _radii(self.integration)
        if "difference_of_gaussians" in families:
            halo = np.maximum(halo, _radii(self.inner))
        return halo


def _radii(sigmas: Sequence[float]) -> np.ndarray:
    return np.array([kernel_radius(sigma) for sigma in sigmas], dtype=np.int64)


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
    sigma: float, ndim: int, filter_ndim: int, spacing: Sequence[float] | None
) -> ScaleGeometry:
    """Geometry of scale `sigma` in images of `ndim` spatial axes, the last `filter_ndim` of which are filtered."""
    lengths = valid_spacing(spacing, ndim)
    in_plane = lengths[ndim - filter_ndim :]
    finest = min(lengths)
    unfiltered = ndim - filter_ndim
    widths = [sigma * finest / length for length in in_plane]
    two_stage = [width >= math.sqrt(2) for width in widths]

    def per_axis(values: Sequence[float]) -> tuple[float, ...]:
        return (0.0,) * unfiltered + tuple(values)

    return ScaleGeometry(
        presmoothing=per_axis(
            [math.sqrt(w * w - 1) if two else 0.0 for w, two in zip(widths, two_stage, strict=True)]
        ),
        filter=per_axis([1.0 if two else w for w, two in zip(widths, two_stage, strict=True)]),
        inner=per_axis([DOG_RATIO * w for w in widths]),
        integration=per_axis([INTEGRATION_RATIO * w for w in widths]),
        lengths=(1.0,) * unfiltered + tuple(length / finest for length in in_plane),
    )
