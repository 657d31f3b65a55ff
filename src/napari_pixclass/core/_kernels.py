"""One-dimensional Gaussian kernels, for correlation, in float32."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ._scales import TRUNCATE, kernel_radius

Kernel = npt.NDArray[np.float32]

IDENTITY: Kernel = np.ones(1, dtype=np.float32)


@lru_cache(maxsize=1024)
def gaussian_kernel(sigma: float, order: int = 0, truncate: float = TRUNCATE) -> Kernel:
    """Sampled Gaussian of width `sigma` pixels, or its derivative of `order` 1 or 2.

    With ``g(x) = exp(-x^2 / (2 sigma^2))`` sampled at the integers up to ``kernel_radius(sigma, truncate)``:

    - order 0: g, normalised to sum 1;
    - order 1: ``x g``, normalised so that a ramp of slope 1 gives 1;
    - order 2: ``(x^2 / sigma^2 - 1) g``, made to sum to 0 and normalised so that ``x^2 / 2`` gives 1.

    The normalisation removes what sampling and truncation would do to small kernels (the same as in vigra and
    ilastik); as sigma goes to 0 the derivatives become central differences. A `sigma` of 0 is no filter at all.
    """
    if sigma == 0:
        return IDENTITY
    radius = kernel_radius(sigma, truncate)
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    if radius == 1 and order > 0:
        # The conditions leave one kernel of three taps, whatever the sigma; g itself underflows at tiny ones.
        kernel = np.array([-0.5, 0.0, 0.5] if order == 1 else [1.0, -2.0, 1.0])
    else:
        kernel = _sampled(x, sigma, order)
    kernel = kernel.astype(np.float32)
    kernel.flags.writeable = False
    return kernel


def _sampled(x: npt.NDArray[np.float64], sigma: float, order: int) -> npt.NDArray[np.float64]:
    g = np.exp(-x * x / (2 * sigma * sigma))
    if order == 0:
        return g / g.sum()
    if order == 1:
        kernel = x * g
        return kernel / (kernel * x).sum()
    kernel = (x * x / (sigma * sigma) - 1) * g
    kernel -= kernel.mean()
    return kernel / (kernel * x * x / 2).sum()
