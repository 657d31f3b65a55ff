"""All features of one scale whose filters run in the volume, in one sweep along y.

A step of the sweep has all planes of one y in hand: the image there, smoothed or differentiated along y, then along x,
then along z. These columns fit in the second cache. The structure tensor follows as many rows behind as its
integration reaches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import _pointwise as pointwise
from ._filters import Offsets, Weights, even_row, odd_row, steps
from ._jit import njit
from ._outlets import Outlets, Reversed
from ._scratch import Block
from ._taps import FEW, LANES


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
        Planes of the gradient under the integration's taps; and -1 where they are seen in a mirror that reverses
        derivatives along z, else 1.
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
    reversal: Reversed,
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
        The presmoothed image.
    y0, x0
        Where the block's rows and columns begin in it.
    width
        Columns to compute: those of the block, but at least `FEW`.
    planes
        Which planes are combined along z.
    reversal
        Products that change their sign.
    filters
        For z, y and x: half kernels of orders 0, 1 and 2, one after the other.
    integrations
        For z, y and x: half kernel of the structure tensor's integration.
    inner
        The block smoothed with the inner width of the difference of Gaussians.
    columns
        Scratch.
    products
        Scratch (6 x planes, taps of the integration along y, width): the last rows, in a ring.
    out
        Where to write.
    """
    n_planes, n_rows = out.smoothing.shape[1], out.smoothing.shape[2]
    has_tensor = len(out.tensor) > 0
    beyond = len(integrations[1]) - 1 if has_tensor else 0
    for y in range(-beyond, n_rows + beyond):
        is_inside = 0 <= y < n_rows
        _fill_columns(
            smoothed, y0 + y, x0, width, planes, filters, integrations, is_inside, columns, out
        )
        if has_tensor or (is_inside and len(out.magnitude) > 0):
            _fill_gradient(planes, filters[0], columns)
        if is_inside:
            _write_row(y, width, planes, filters[0], integrations, inner, columns, out)
        if has_tensor:
            slot = (y + beyond) % (2 * beyond + 1)
            sign = reversal.rows[y + beyond]
            _integrate_products(
                slot,
                width,
                n_planes,
                planes,
                sign,
                reversal.columns,
                integrations,
                columns,
                products,
            )
        if has_tensor and y >= beyond:
            _write_tensor(y - beyond, width, integrations[1], products, out.tensor)


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
    once, twice = reach, 2 * reach
    begin = radius + beyond
    a, b = columns.along_y.reshape(-1), columns.along_yx.reshape(-1)
    plane = columns.along_yx.shape[1] * wide
    lowest = planes.taps.min()
    for z in range(planes.taps.max() + 1 - lowest):
        at, to = ((lowest + z) * rows + y) * stride + x0 - begin, z * wide
        even_row(source, at, over_y, 0, filter_y, 0, 3, a, 0, reach)
        even_row(a, radius, over_x, 0, filter_x, 0, 3, b, to, wide)
        if has_first:
            odd_row(source, at, over_y, 0, filter_y, 1, 3, a, once, reach)
            even_row(a, once + radius, over_x, 0, filter_x, 0, 3, b, plane + to, wide)
            odd_row(a, radius, over_x, 0, filter_x, 1, 3, b, 2 * plane + to, wide)
        if has_second:
            even_row(source, at, over_y, 0, filter_y, 2, 3, a, twice, reach)
            even_row(a, begin, over_x, 0, filter_x, 2, 3, b, 3 * plane + to, width)
            even_row(a, twice + begin, over_x, 0, filter_x, 0, 3, b, 4 * plane + to, width)
        if has_second and has_hessian:
            odd_row(a, once + begin, over_x, 0, filter_x, 1, 3, b, 5 * plane + to, width)


@njit
def _fill_gradient(planes: Planes, filter_z: Weights, columns: Columns) -> None:
    """Write `gradient`: filter `along_yx` along z."""
    wide = columns.gradient.shape[2]
    plane, to_plane = columns.along_yx.shape[1] * wide, columns.gradient.shape[1] * wide
    offsets = (planes.taps - planes.taps.min()) * wide
    source, out = columns.along_yx.reshape(-1), columns.gradient.reshape(-1)
    for z in range(planes.n_gradient):
        to = z * wide
        odd_row(source, 0, offsets, z, filter_z, 1, 3, out, to, wide)
        even_row(source, plane, offsets, z, filter_z, 0, 3, out, to_plane + to, wide)
        even_row(source, 2 * plane, offsets, z, filter_z, 0, 3, out, 2 * to_plane + to, wide)


@njit
def _write_row(
    y: int,
    width: int,
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
    wide = columns.along_yx.shape[2]
    plane = columns.along_yx.shape[1] * wide
    offsets = (planes.taps - planes.taps.min()) * wide
    source = columns.along_yx.reshape(-1)
    gradient, component = columns.gradient.reshape(-1), columns.gradient.shape[1] * wide
    values = np.empty(6 * width, dtype=np.float32)
    inner_rows, inner_stride = inner.shape[1], inner.shape[2]
    inner_values = inner.reshape(-1)
    n_planes, n_rows, n = out.smoothing.shape[1:]
    smoothing, laplacian = out.smoothing.reshape(-1), out.laplacian.reshape(-1)
    magnitude, difference = out.magnitude.reshape(-1), out.difference.reshape(-1)
    hessian = out.hessian.reshape(-1)
    for z in range(n_planes):
        first, to = planes.start + z, (z * n_rows + y) * n
        if len(magnitude) > 0:
            pointwise.magnitude3(gradient, first * wide + beyond, component, magnitude, to, n)
        if has_smoothing:
            even_row(source, beyond, offsets, first, filter_z, 0, 3, values, 0, width)
        if len(smoothing) > 0:
            pointwise.copy(values, 0, smoothing, to, n)
        if len(difference) > 0:
            inner_at = (z * inner_rows + y) * inner_stride
            pointwise.difference(values, 0, inner_values, inner_at, difference, to, n)
        if has_second:
            yy, xx = 4 * plane, 3 * plane
            even_row(source, beyond, offsets, first, filter_z, 2, 3, values, 0, width)
            even_row(source, yy, offsets, first, filter_z, 0, 3, values, width, width)
            even_row(source, xx, offsets, first, filter_z, 0, 3, values, 2 * width, width)
        if len(laplacian) > 0:
            pointwise.trace3(values, width, laplacian, to, n)
        if has_hessian:
            zy, zx, yx = plane + beyond, 2 * plane + beyond, 5 * plane
            odd_row(source, zy, offsets, first, filter_z, 1, 3, values, 3 * width, width)
            odd_row(source, zx, offsets, first, filter_z, 1, 3, values, 4 * width, width)
            even_row(source, yx, offsets, first, filter_z, 0, 3, values, 5 * width, width)
            pointwise.eigenvalues3(values, width, hessian, to, n_planes * n_rows * n, n)


@njit
def _integrate_products(
    slot: int,
    width: int,
    n_planes: int,
    planes: Planes,
    sign_y: np.float32,
    reversed_columns: Offsets,
    integrations: tuple[Weights, Weights, Weights],
    columns: Columns,
    products: Block,
) -> None:
    """Multiply the gradient's components, smooth along z and x, and put the row into the ring.

    The products are (zz, yy, xx, zy, zx, yx).
    """
    radius_z, radius_x = len(integrations[0]) - 1, len(integrations[2]) - 1
    wide = width + 2 * radius_x
    over_z = steps(radius_z, wide)
    over_x = steps(radius_x, 1)
    gradient, component = columns.gradient.reshape(-1), columns.gradient.shape[1] * wide
    product, integrated = columns.product.reshape(-1), columns.integrated.reshape(-1)
    ring, n_slots, ring_width = products.reshape(-1), products.shape[1], products.shape[2]
    for entry in range(6):
        a = (0, 1, 2, 0, 0, 1)[entry] * component
        b = (0, 1, 2, 1, 2, 2)[entry] * component
        for z in range(len(planes.mirror)):
            # A derivative along z changes its sign in a mirror.
            sign = planes.sign[z] if entry in (3, 4) else np.float32(1)
            if entry in (3, 5):
                sign *= sign_y
            at = planes.mirror[z] * wide
            pointwise.product(gradient, a + at, b + at, sign, product, z * wide, wide)
            if entry in (4, 5):
                for column in reversed_columns:
                    product[z * wide + column] = -product[z * wide + column]
        for left in range(0, wide, LANES):
            # The planes of a narrow column stay in the first cache while all of them are smoothed.
            x = max(0, min(left, wide - FEW))
            piece = min(LANES, wide - x)
            for z in range(n_planes):
                at, to = (radius_z + z) * wide + x, z * wide + x
                even_row(product, at, over_z, 0, integrations[0], 0, 1, integrated, to, piece)
        for z in range(n_planes):
            at, to = z * wide + radius_x, ((entry * n_planes + z) * n_slots + slot) * ring_width
            even_row(integrated, at, over_x, 0, integrations[2], 0, 1, ring, to, width)


@njit
def _write_tensor(y: int, width: int, weights: Weights, products: Block, tensor: Block) -> None:
    """Smooth the products along y and write the eigenvalues of one row; its first tap is row y of the ring."""
    n_taps = 2 * len(weights) - 1
    plane, stride = products.shape[1] * products.shape[2], products.shape[2]
    offsets = np.arange(2 * n_taps) % n_taps * stride
    ring, out = products.reshape(-1), tensor.reshape(-1)
    n_planes, n_rows, n = tensor.shape[1:]
    values = np.empty(6 * width, dtype=np.float32)
    for z in range(n_planes):
        for entry in range(6):
            at, to = (entry * n_planes + z) * plane, entry * width
            even_row(ring, at, offsets, y % n_taps, weights, 0, 1, values, to, width)
        to = (z * n_rows + y) * n
        pointwise.eigenvalues3(values, width, out, to, n_planes * n_rows * n, n)
