"""All features of one scale whose filters run in the plane, in one sweep over the rows.

Every derivative of a row is made of three rows that are smoothed, or differentiated once or twice, along y; all rows
in hand fit in the first cache. The structure tensor follows as many rows behind as its integration reaches. Only what
is chosen is computed.
"""

from __future__ import annotations

import numpy as np

from . import _pointwise as pointwise
from ._filters import Offsets, Weights, even_row, odd_row, steps
from ._jit import njit
from ._outlets import Outlets, Reversed
from ._scratch import Block, Flat


@njit
def planar_features(
    smoothed: Block,
    z0: int,
    y0: int,
    x0: int,
    width: int,
    filter_y: Weights,
    filter_x: Weights,
    integration_y: Weights,
    integration_x: Weights,
    reversal: Reversed,
    inner: Block,
    products: Block,
    out: Outlets,
) -> None:
    """Write the features of a block plane by plane.

    Parameters
    ----------
    smoothed
        The presmoothed image.
    z0, y0, x0
        Where the block begins in it.
    width
        Columns to compute: those of the block, but at least `FEW`.
    filter_y, filter_x
        Half kernels of orders 0, 1 and 2, one after the other.
    integration_y, integration_x
        Half kernels of the structure tensor's integration.
    reversal
        Products that change their sign.
    inner
        The block smoothed with the inner width of the difference of Gaussians.
    products
        Scratch (3, taps of `integration_y`, width): the last rows, in a ring.
    out
        Where to write.
    """
    # 1. Rows and columns that the structure tensor needs beyond the block.
    n_planes, n_rows = out.smoothing.shape[1], out.smoothing.shape[2]
    has_tensor = len(out.tensor) > 0
    beyond_y = len(integration_y) - 1 if has_tensor else 0
    beyond_x = len(integration_x) - 1 if has_tensor else 0
    wide = width + 2 * beyond_x
    has_gradient = has_tensor or len(out.magnitude) > 0
    has_hessian = len(out.hessian) > 0
    has_second = has_hessian or len(out.laplacian) > 0
    has_smoothing = len(out.smoothing) > 0 or len(out.difference) > 0

    radius = len(filter_x) // 3 - 1
    rows, stride = smoothed.shape[1], smoothed.shape[2]
    along_y = steps(len(filter_y) // 3 - 1, stride)
    along_x = steps(radius, 1)
    source = smoothed.reshape(-1)
    reach = wide + 2 * radius
    begin = radius + beyond_x
    once, twice = reach, 2 * reach
    along = np.empty(3 * reach, dtype=np.float32)  # smoothed, differentiated once and twice along y
    gradient = np.empty(2 * wide, dtype=np.float32)
    values = np.empty(3 * width, dtype=np.float32)
    columns = out.smoothing.shape[3]
    plane = n_planes * n_rows * columns
    smoothing, laplacian = out.smoothing.reshape(-1), out.laplacian.reshape(-1)
    magnitude, difference = out.magnitude.reshape(-1), out.difference.reshape(-1)
    tensor, hessian = out.tensor.reshape(-1), out.hessian.reshape(-1)
    inner_rows, inner_stride = inner.shape[1], inner.shape[2]
    inner_values = inner.reshape(-1)

    for z in range(n_planes):
        for y in range(-beyond_y, n_rows + beyond_y):
            is_inside = 0 <= y < n_rows
            to = (z * n_rows + y) * columns
            # 2. Along y.
            at = ((z0 + z) * rows + y0 + y) * stride + x0 - begin
            even_row(source, at, along_y, 0, filter_y, 0, 3, along, 0, reach)
            if has_gradient or has_hessian:
                odd_row(source, at, along_y, 0, filter_y, 1, 3, along, once, reach)
            if is_inside and has_second:
                even_row(source, at, along_y, 0, filter_y, 2, 3, along, twice, reach)

            # 3. The gradient, and its products: into the ring, and out of it where all taps are there.
            if has_gradient:
                even_row(along, once + radius, along_x, 0, filter_x, 0, 3, gradient, 0, wide)
                odd_row(along, radius, along_x, 0, filter_x, 1, 3, gradient, wide, wide)
            if has_tensor:
                slot = (y + beyond_y) % (2 * beyond_y + 1)
                sign = reversal.rows[y + beyond_y]
                _integrate_along_x(
                    gradient, wide, sign, reversal.columns, integration_x, products, slot, width
                )
            if has_tensor and y >= beyond_y:
                first = (y - beyond_y) % (2 * beyond_y + 1)
                _integrate_along_y(products, integration_y, first, width, values)
                tensor_to = to - beyond_y * columns
                pointwise.eigenvalues2(values, width, tensor, tensor_to, plane, columns)
            if not is_inside:
                continue
            if len(magnitude) > 0:
                pointwise.magnitude2(gradient, beyond_x, wide, magnitude, to, columns)

            # 4. Everything else at the block itself.
            if has_smoothing:
                even_row(along, begin, along_x, 0, filter_x, 0, 3, values, 0, width)
            if len(smoothing) > 0:
                pointwise.copy(values, 0, smoothing, to, columns)
            if len(difference) > 0:
                inner_at = (z * inner_rows + y) * inner_stride
                pointwise.difference(values, 0, inner_values, inner_at, difference, to, columns)
            if has_second:
                even_row(along, twice + begin, along_x, 0, filter_x, 0, 3, values, 0, width)
                even_row(along, begin, along_x, 0, filter_x, 2, 3, values, width, width)
            if len(laplacian) > 0:
                pointwise.trace2(values, width, laplacian, to, columns)
            if has_hessian:
                odd_row(along, once + begin, along_x, 0, filter_x, 1, 3, values, 2 * width, width)
                pointwise.eigenvalues2(values, width, hessian, to, plane, columns)


@njit
def _integrate_along_x(
    gradient: Flat,
    wide: int,
    sign: np.float32,
    reversed_columns: Offsets,
    weights: Weights,
    products: Block,
    slot: int,
    width: int,
) -> None:
    """Multiply the gradient's components (yy, xx, yx), smooth along x, and put the row into the ring."""
    radius = len(weights) - 1
    along_x = steps(radius, 1)
    row = np.empty(wide, dtype=np.float32)
    ring = products.reshape(-1)
    for entry in range(3):
        a, b = (0, wide, 0)[entry], (0, wide, wide)[entry]
        pointwise.product(gradient, a, b, sign if entry == 2 else np.float32(1), row, 0, wide)
        if entry == 2:
            for column in reversed_columns:
                row[column] = -row[column]
        to = (entry * products.shape[1] + slot) * products.shape[2]
        even_row(row, radius, along_x, 0, weights, 0, 1, ring, to, width)


@njit
def _integrate_along_y(
    products: Block, weights: Weights, first: int, width: int, values: Flat
) -> None:
    """Smooth the products along y; the first tap lies at place `first` of the ring."""
    n_taps = 2 * len(weights) - 1
    plane, stride = products.shape[1] * products.shape[2], products.shape[2]
    offsets = np.arange(2 * n_taps) % n_taps * stride
    ring = products.reshape(-1)
    for entry in range(3):
        at, to = entry * plane, entry * width
        even_row(ring, at, offsets, first, weights, 0, 1, values, to, width)
