"""All features of one scale whose filters run in the plane: one sweep over the rows, one over the tensor's.

Every derivative of a row is made of three rows that are smoothed, or differentiated once or twice, along y; all rows
in hand fit in the first cache. Only what is chosen is computed.
"""

from __future__ import annotations

import numpy as np

from . import _pointwise as pointwise
from ._filters import Weights, even_row, odd_row, steps
from ._jit import njit
from ._outlets import Outlets
from ._scratch import Block


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
    inner: Block,
    products: Block,
    out: Outlets,
) -> None:
    """Write the features of a block plane by plane.

    Parameters
    ----------
    smoothed
        The presmoothed image; the block begins at (z0, y0, x0).
    width
        Columns to compute: those of the block, but at least `LANES`.
    filter_y, filter_x
        Half kernels of orders 0, 1 and 2, one after the other.
    integration_y, integration_x
        Half kernels of the structure tensor's integration.
    inner
        The block smoothed with the inner width of the difference of Gaussians.
    products
        Scratch (3, rows of the block and the reach of `integration_y`, width).
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
    along = np.empty((3, reach), dtype=np.float32)
    gradient = np.empty((2, wide), dtype=np.float32)
    values = np.empty((4, width), dtype=np.float32)
    begin = radius + beyond_x

    for z in range(n_planes):
        for y in range(-beyond_y, n_rows + beyond_y):
            is_inside = 0 <= y < n_rows
            # 2. Along y.
            at = ((z0 + z) * rows + y0 + y) * stride + x0 - begin
            even_row(source, at, along_y, 0, filter_y, 0, 3, along[0], 0, reach)
            if has_gradient or has_hessian:
                odd_row(source, at, along_y, 0, filter_y, 1, 3, along[1], 0, reach)
            if is_inside and has_second:
                even_row(source, at, along_y, 0, filter_y, 2, 3, along[2], 0, reach)

            # 3. The gradient, and its products integrated along x.
            if has_gradient:
                even_row(along[1], radius, along_x, 0, filter_x, 0, 3, gradient[0], 0, wide)
                odd_row(along[0], radius, along_x, 0, filter_x, 1, 3, gradient[1], 0, wide)
            if has_tensor:
                _integrate_along_x(gradient, integration_x, products, y + beyond_y, width)
            if not is_inside:
                continue
            if len(out.magnitude) > 0:
                pointwise.magnitude2(gradient[0], gradient[1], beyond_x, out.magnitude[0, z, y])

            # 4. Everything else at the block itself.
            if has_smoothing:
                even_row(along[0], begin, along_x, 0, filter_x, 0, 3, values[3], 0, width)
            if len(out.smoothing) > 0:
                pointwise.copy(values[3], 0, out.smoothing[0, z, y])
            if len(out.difference) > 0:
                pointwise.difference(values[3], 0, inner[z, y], out.difference[0, z, y])
            if has_second:
                even_row(along[2], begin, along_x, 0, filter_x, 0, 3, values[0], 0, width)
                even_row(along[0], begin, along_x, 0, filter_x, 2, 3, values[2], 0, width)
            if len(out.laplacian) > 0:
                pointwise.trace2(values[0], values[2], out.laplacian[0, z, y])
            if has_hessian:
                odd_row(along[1], begin, along_x, 0, filter_x, 1, 3, values[1], 0, width)
                pointwise.eigenvalues2(
                    values[0], values[1], values[2], out.hessian[0, z, y], out.hessian[1, z, y]
                )
        if has_tensor:
            _integrate_along_y(products, integration_y, width, z, out.tensor)


@njit
def _integrate_along_x(
    gradient: Block, weights: Weights, products: Block, row: int, width: int
) -> None:
    """Write a row of the gradient's products (yy, yx, xx), smoothed along x."""
    radius = len(weights) - 1
    along_x = steps(radius, 1)
    values = np.empty(gradient.shape[1], dtype=np.float32)
    for entry in range(3):
        a, b = (0, 0) if entry == 0 else (0, 1) if entry == 1 else (1, 1)
        pointwise.product(gradient[a], gradient[b], np.float32(1), values)
        even_row(values, radius, along_x, 0, weights, 0, 1, products[entry, row], 0, width)


@njit
def _integrate_along_y(
    products: Block, weights: Weights, width: int, z: int, tensor: Block
) -> None:
    """Smooth the products along y and write the eigenvalues of one plane."""
    radius = len(weights) - 1
    stride = products.shape[2]
    along_y = steps(radius, stride)
    source = products.reshape(-1)
    values = np.empty((3, width), dtype=np.float32)
    for y in range(tensor.shape[2]):
        for entry in range(3):
            at = (entry * products.shape[1] + y + radius) * stride
            even_row(source, at, along_y, 0, weights, 0, 1, values[entry], 0, width)
        pointwise.eigenvalues2(
            values[0], values[1], values[2], tensor[0, z, y], tensor[1, z, y]
        )
