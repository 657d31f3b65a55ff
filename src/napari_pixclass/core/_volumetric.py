"""All features of one scale whose filters run in the volume: one sweep along y, one over the tensor's rows.

A step of the sweep has all planes of one y in hand: the image there, smoothed or differentiated along y, then along x,
then along z. These columns fit in the second cache, whatever the size of the image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import _pointwise as pointwise
from ._filters import Offsets, Weights, even_row, odd_row, steps
from ._jit import njit
from ._outlets import Outlets
from ._scratch import Block
from ._taps import LANES, correlate_even


class Columns(NamedTuple):
    """Scratch for all planes of one y; `wide` is the block's columns and those that the structure tensor needs beyond.

    Attributes
    ----------
    along_y : (3, wide and the reach of the filter along x)
        One plane, smoothed or differentiated once or twice along y.
    along_yx : (6, planes under the taps, wide)
        Orders along (y, x): (0, 0), (1, 0), (0, 1) and, at the block itself, (0, 2), (2, 0), (1, 1).
    gradient : (3, planes of the gradient, wide)
        Derivatives along z, y and x.
    product : (planes of the block and the reach of the integration, wide)
        One product of derivatives.
    integrated : (planes of the block, wide)
        The same, smoothed along z.
    """

    along_y: Block
    along_yx: Block
    gradient: Block
    product: Block
    integrated: Block


class Planes(NamedTuple):
    """Which planes are combined along z.

    Attributes
    ----------
    taps
        Planes of the presmoothed image under the filter's taps: the first tap of the first plane of the gradient first.
    n_gradient, start
        Planes of the gradient, and which of them is the block's first.
    mirror, sign
        Planes of the gradient under the integration's taps, and -1 where they are seen in a mirror, else 1.
    """

    taps: Offsets
    n_gradient: int
    start: int
    mirror: Offsets
    sign: npt.NDArray[np.float32]


@njit
def volume_features(
    smoothed: Block,
    y0: int,
    x0: int,
    width: int,
    planes: Planes,
    filters: tuple[Weights, Weights, Weights],
    integrations: tuple[Weights, Weights, Weights],
    inner: Block,
    columns: Columns,
    products: Block,
    out: Outlets,
) -> None:
    """Write the features of a block.

    Parameters
    ----------
    smoothed
        The presmoothed image; the block's rows and columns begin at (y0, x0).
    width
        Columns to compute: those of the block, but at least `LANES`.
    planes
        Which planes are combined along z.
    filters
        For z, y and x: half kernels of orders 0, 1 and 2, one after the other.
    integrations
        For z, y and x: half kernel of the structure tensor's integration.
    inner
        The block smoothed with the inner width of the difference of Gaussians.
    columns
        Scratch.
    products
        Scratch (6 x planes, rows of the block and the reach of the integration, width).
    out
        Where to write.
    """
    n_planes, n_rows = out.smoothing.shape[1], out.smoothing.shape[2]
    has_tensor = len(out.tensor) > 0
    beyond = len(integrations[1]) - 1 if has_tensor else 0
    for y in range(-beyond, n_rows + beyond):
        is_inside = 0 <= y < n_rows
        _fill_columns(smoothed, y0 + y, x0, width, planes, filters, integrations, is_inside, columns, out)
        if has_tensor or (is_inside and len(out.magnitude) > 0):
            _fill_gradient(planes, filters[0], columns)
        if is_inside:
            _write_row(y, width, n_planes, planes, filters[0], integrations, inner, columns, out)
        if has_tensor:
            _integrate_products(y + beyond, width, n_planes, planes, integrations, columns, products)
    if has_tensor:
        _write_tensor(width, n_planes, integrations[1], products, out.tensor)


@njit
def _beyond_x(integrations: tuple[Weights, Weights, Weights], out: Outlets) -> int:
    """Columns that the structure tensor needs beyond the block."""
    return len(integrations[2]) - 1 if len(out.tensor) > 0 else 0


@njit
def _fill_columns(
    smoothed: Block,
    y: int,
    x0: int,
    width: int,
    planes: Planes,
    filters: tuple[Weights, Weights, Weights],
    integrations: tuple[Weights, Weights, Weights],
    is_inside: bool,
    columns: Columns,
    out: Outlets,
) -> None:
    """Write `along_yx`: filter all planes along y and x."""
    has_hessian = len(out.hessian) > 0
    has_second = is_inside and (has_hessian or len(out.laplacian) > 0)
    has_first = has_hessian or len(out.tensor) > 0 or len(out.magnitude) > 0
    beyond = _beyond_x(integrations, out)
    wide = width + 2 * beyond
    filter_y, filter_x = filters[1], filters[2]
    radius = len(filter_x) // 3 - 1
    reach = wide + 2 * radius
    rows, stride = smoothed.shape[1], smoothed.shape[2]
    source = smoothed.reshape(-1)
    over_y = steps(len(filter_y) // 3 - 1, stride)
    over_x = steps(radius, 1)
    first = planes.taps.min()
    for z in range(planes.taps.max() + 1 - first):
        at = ((first + z) * rows + y) * stride + x0 - beyond - radius
        a = columns.along_y
        b = columns.along_yx
        even_row(source, at, over_y, 0, filter_y, 0, 3, a[0], 0, reach)
        even_row(a[0], radius, over_x, 0, filter_x, 0, 3, b[0, z], 0, wide)
        if has_first:
            odd_row(source, at, over_y, 0, filter_y, 1, 3, a[1], 0, reach)
            even_row(a[1], radius, over_x, 0, filter_x, 0, 3, b[1, z], 0, wide)
            odd_row(a[0], radius, over_x, 0, filter_x, 1, 3, b[2, z], 0, wide)
        if has_second:
            at_block = radius + beyond
            even_row(source, at, over_y, 0, filter_y, 2, 3, a[2], 0, reach)
            even_row(a[0], at_block, over_x, 0, filter_x, 2, 3, b[3, z], 0, width)
            even_row(a[2], at_block, over_x, 0, filter_x, 0, 3, b[4, z], 0, width)
            if has_hessian:
                odd_row(a[1], at_block, over_x, 0, filter_x, 1, 3, b[5, z], 0, width)


@njit
def _fill_gradient(planes: Planes, filter_z: Weights, columns: Columns) -> None:
    """Write `gradient`: filter `along_yx` along z."""
    n_columns, stride = columns.along_yx.shape[1], columns.along_yx.shape[2]
    offsets = (planes.taps - planes.taps.min()) * stride
    source = columns.along_yx.reshape(-1)
    width = columns.gradient.shape[2]
    plane = n_columns * stride
    for z in range(planes.n_gradient):
        odd_row(source, 0, offsets, z, filter_z, 1, 3, columns.gradient[0, z], 0, width)
        even_row(source, plane, offsets, z, filter_z, 0, 3, columns.gradient[1, z], 0, width)
        even_row(source, 2 * plane, offsets, z, filter_z, 0, 3, columns.gradient[2, z], 0, width)


@njit
def _write_row(
    y: int,
    width: int,
    n_planes: int,
    planes: Planes,
    filter_z: Weights,
    integrations: tuple[Weights, Weights, Weights],
    inner: Block,
    columns: Columns,
    out: Outlets,
) -> None:
    """Filter along z and write everything but the structure tensor."""
    has_hessian = len(out.hessian) > 0
    has_second = has_hessian or len(out.laplacian) > 0
    has_smoothing = len(out.smoothing) > 0 or len(out.difference) > 0
    beyond = _beyond_x(integrations, out)
    n_columns, stride = columns.along_yx.shape[1], columns.along_yx.shape[2]
    plane = n_columns * stride
    offsets = (planes.taps - planes.taps.min()) * stride
    source = columns.along_yx.reshape(-1)
    gradient = columns.gradient
    values = np.empty((6, width), dtype=np.float32)
    for z in range(n_planes):
        first = planes.start + z
        if len(out.magnitude) > 0:
            pointwise.magnitude3(
                gradient[0, first],
                gradient[1, first],
                gradient[2, first],
                beyond,
                out.magnitude[0, z, y],
            )
        if has_smoothing:
            even_row(source, beyond, offsets, first, filter_z, 0, 3, values[0], 0, width)
            if len(out.smoothing) > 0:
                pointwise.copy(values[0], 0, out.smoothing[0, z, y])
            if len(out.difference) > 0:
                pointwise.difference(values[0], 0, inner[z, y], out.difference[0, z, y])
        if has_second:
            even_row(source, beyond, offsets, first, filter_z, 2, 3, values[0], 0, width)
            even_row(source, 4 * plane, offsets, first, filter_z, 0, 3, values[1], 0, width)
            even_row(source, 3 * plane, offsets, first, filter_z, 0, 3, values[2], 0, width)
            if len(out.laplacian) > 0:
                pointwise.trace3(values[0], values[1], values[2], out.laplacian[0, z, y])
        if has_hessian:
            odd_row(source, plane + beyond, offsets, first, filter_z, 1, 3, values[3], 0, width)
            odd_row(source, 2 * plane + beyond, offsets, first, filter_z, 1, 3, values[4], 0, width)
            even_row(source, 5 * plane, offsets, first, filter_z, 0, 3, values[5], 0, width)
            _write_eigenvalues(values, z, y, out.hessian)


@njit
def _write_eigenvalues(values: Block, z: int, y: int, out: Block) -> None:
    """Write the eigenvalues of a row of matrices given as (zz, yy, xx, zy, zx, yx)."""
    pointwise.eigenvalues3(
        values[0],
        values[1],
        values[2],
        values[3],
        values[4],
        values[5],
        out[0, z, y],
        out[1, z, y],
        out[2, z, y],
    )


@njit
def _integrate_products(
    row: int,
    width: int,
    n_planes: int,
    planes: Planes,
    integrations: tuple[Weights, Weights, Weights],
    columns: Columns,
    products: Block,
) -> None:
    """Multiply the gradient's components (zz, yy, xx, zy, zx, yx) and smooth the products along z and x."""
    radius_z, radius_x = len(integrations[0]) - 1, len(integrations[2]) - 1
    wide = width + 2 * radius_x
    stride = columns.product.shape[1]
    over_z = steps(radius_z, stride)
    over_x = steps(radius_x, 1)
    source, integrated = columns.product.reshape(-1), columns.integrated.reshape(-1)
    for entry in range(6):
        a = (0, 1, 2, 0, 0, 1)[entry]
        b = (0, 1, 2, 1, 2, 2)[entry]
        for z in range(len(planes.mirror)):
            # A derivative along z changes its sign in a mirror.
            sign = planes.sign[z] if entry in (3, 4) else np.float32(1)
            from_plane = planes.mirror[z]
            pointwise.product(
                columns.gradient[a, from_plane],
                columns.gradient[b, from_plane],
                sign,
                columns.product[z],
            )
        for left in range(0, wide, LANES):
            # The planes of a narrow column stay in the first cache while all of them are smoothed.
            x = min(left, wide - LANES)
            for z in range(n_planes):
                at = (radius_z + z) * stride + x
                correlate_even(
                    source, at, over_z, 0, radius_z, integrations[0], 0, integrated, z * stride + x
                )
        for z in range(n_planes):
            to = products[entry * n_planes + z, row]
            even_row(
                integrated, z * stride + radius_x, over_x, 0, integrations[2], 0, 1, to, 0, width
            )


@njit
def _write_tensor(
    width: int, n_planes: int, weights: Weights, products: Block, tensor: Block
) -> None:
    """Smooth the products along y and write the eigenvalues."""
    radius = len(weights) - 1
    rows, stride = products.shape[1], products.shape[2]
    over_y = steps(radius, stride)
    source = products.reshape(-1)
    values = np.empty((6, width), dtype=np.float32)
    for z in range(n_planes):
        for y in range(tensor.shape[2]):
            for entry in range(6):
                at = ((entry * n_planes + z) * rows + y + radius) * stride
                even_row(source, at, over_y, 0, weights, 0, 1, values[entry], 0, width)
            _write_eigenvalues(values, z, y, tensor)
