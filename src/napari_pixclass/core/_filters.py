"""Gaussian smoothing of blocks, with numba: kernels that several scales and both 2D and 3D share.

Arrays are C-contiguous float32 (Z, Y, X) and may be larger than what they are used for; a plane has one z. Work goes
row by row in pieces of `LANES` and then of `FEW` pixels, the last of which overlaps the one before, so that no row
needs padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ._jit import njit
from ._kernels import gaussian_kernel
from ._scratch import Block, Scratch
from ._taps import FEW, LANES, correlate_even, correlate_few_even, correlate_few_odd, correlate_odd

Weights = npt.NDArray[np.float32]
Offsets = npt.NDArray[np.int64]
Kernels = tuple[Weights, Weights, Weights]


@dataclass(frozen=True, slots=True)
class Field:
    """Values at a block and around it.

    Attributes
    ----------
    values
        Array (Z, Y, X).
    first_plane
        Position in the image of its first plane.
    margin
        Rows and columns before the block.
    """

    values: Block
    first_plane: int
    margin: tuple[int, int]


@lru_cache(maxsize=1024)
def half_kernel(
    sigma: float, orders: tuple[int, ...], truncate: float, length: float = 1.0
) -> Weights:
    """Gaussian kernels of these derivative `orders`, one after the other, from the centre to the right end.

    `length` is the pixel's: derivatives are per unit of length.
    """
    halves = []
    for order in orders:
        kernel = gaussian_kernel(sigma, order, truncate)
        halves.append(kernel[len(kernel) // 2 :] / np.float32(length**order))
    return np.concatenate(halves)


def mirrored(
    positions: npt.NDArray[np.int64], length: int
) -> tuple[Offsets, npt.NDArray[np.bool_]]:
    """Pixels seen at `positions` of an axis that is mirrored at its end pixels, and which of them are seen reversed."""
    period = max(2 * (length - 1), 1)
    phase = positions % period
    is_flipped = phase > length - 1
    return np.where(is_flipped, period - phase, phase), is_flipped


def smooth(
    source: Field,
    kernels: Kernels,
    planes: range,
    n_planes: int,
    shape: tuple[int, int],
    margin: tuple[int, int],
    scratch: Scratch,
    name: str,
) -> Field:
    """Gaussian smoothing of some planes of a block.

    Parameters
    ----------
    source
        The image around the block, with at least the margin that is needed.
    kernels
        Half kernels along z, y and x; those of a single weight leave an axis alone.
    planes
        Positions of the planes to compute, in the image.
    n_planes
        Planes of the image, which is mirrored beyond them.
    shape
        Rows and columns of the block, at least `FEW` columns.
    margin
        Rows and columns to compute on each side of the block.
    scratch, name
        Where the result is kept.
    """
    radius_z, radius_y, radius_x = (len(kernel) - 1 for kernel in kernels)
    rows, width = shape[0] + 2 * margin[0], shape[1] + 2 * margin[1]
    if radius_z:
        # Along z first: y and x then have only the planes to do that are wanted.
        positions, _ = mirrored(
            np.arange(planes.start - radius_z, planes.stop + radius_z), n_planes
        )
        wide = margin[0] + radius_y, margin[1] + radius_x
        extent = rows + 2 * radius_y, width + 2 * radius_x
        out = scratch.volume(f"{name} along z", len(planes), *extent)
        y, x = (have - want for have, want in zip(source.margin, wide, strict=True))
        smooth_along_z(
            source.values,
            positions - source.first_plane,
            y,
            x,
            kernels[0],
            len(planes),
            *extent,
            out,
        )
        source = Field(out, planes.start, wide)
    if radius_y or radius_x:
        out = scratch.volume(name, len(planes), rows, width)
        z = planes.start - source.first_plane
        y, x = (have - want for have, want in zip(source.margin, margin, strict=True))
        smooth_in_planes(
            source.values, z, y, x, kernels[1], kernels[2], len(planes), rows, width, out
        )
        source = Field(out, planes.start, margin)
    return source


@njit
def steps(radius: int, stride: int) -> Offsets:
    """Offsets of the taps of a kernel along an axis of this stride."""
    return np.arange(-radius, radius + 1) * stride


@njit
def even_row(
    source: Block,
    at: int,
    offsets: Offsets,
    first: int,
    weights: Weights,
    order: int,
    n_orders: int,
    out: Block,
    out_at: int,
    width: int,
) -> None:
    """Correlate a row of `width` pixels with one of the `n_orders` half kernels in `weights`; arrays are flat."""
    n = len(weights) // n_orders
    start = order * n
    end = width - width % LANES
    for x in range(0, end, LANES):
        correlate_even(source, at + x, offsets, first, n - 1, weights, start, out, out_at + x)
    for left in range(end, width, FEW):
        x = min(left, width - FEW)
        correlate_few_even(source, at + x, offsets, first, n - 1, weights, start, out, out_at + x)


@njit
def odd_row(
    source: Block,
    at: int,
    offsets: Offsets,
    first: int,
    weights: Weights,
    order: int,
    n_orders: int,
    out: Block,
    out_at: int,
    width: int,
) -> None:
    """As `even_row`, for first derivatives."""
    n = len(weights) // n_orders
    start = order * n
    end = width - width % LANES
    for x in range(0, end, LANES):
        correlate_odd(source, at + x, offsets, first, n - 1, weights, start, out, out_at + x)
    for left in range(end, width, FEW):
        x = min(left, width - FEW)
        correlate_few_odd(source, at + x, offsets, first, n - 1, weights, start, out, out_at + x)


@njit
def smooth_along_z(
    source: Block,
    planes: Offsets,
    y0: int,
    x0: int,
    weights: Weights,
    n_planes: int,
    n_rows: int,
    width: int,
    out: Block,
) -> None:
    """Smooth along z from (y0, x0) on; `planes` are those of `source` under the first tap of each output, and so on."""
    stride = source.shape[2]
    out_rows, out_stride = out.shape[1], out.shape[2]
    offsets = planes * (source.shape[1] * stride)
    source, out = source.reshape(-1), out.reshape(-1)
    for y in range(n_rows):
        for left in range(0, width, LANES):
            # The planes of a narrow column stay in the first cache while all its outputs are computed.
            x = max(0, min(left, width - FEW))
            at = (y0 + y) * stride + x0 + x
            for z in range(n_planes):
                to = (z * out_rows + y) * out_stride + x
                even_row(source, at, offsets, z, weights, 0, 1, out, to, min(LANES, width - x))


@njit
def smooth_in_planes(
    source: Block,
    z0: int,
    y0: int,
    x0: int,
    weights_y: Weights,
    weights_x: Weights,
    n_planes: int,
    n_rows: int,
    width: int,
    out: Block,
) -> None:
    """Smooth along y, then x, from (z0, y0, x0) on."""
    radius_x = len(weights_x) - 1
    rows, stride = source.shape[1], source.shape[2]
    out_rows, out_stride = out.shape[1], out.shape[2]
    along_y = steps(len(weights_y) - 1, stride)
    along_x = steps(radius_x, 1)
    row = np.empty(width + 2 * radius_x, dtype=np.float32)
    source, out = source.reshape(-1), out.reshape(-1)
    for z in range(n_planes):
        for y in range(n_rows):
            at = ((z0 + z) * rows + y0 + y) * stride + x0 - radius_x
            even_row(source, at, along_y, 0, weights_y, 0, 1, row, 0, len(row))
            to = (z * out_rows + y) * out_stride
            even_row(row, radius_x, along_x, 0, weights_x, 0, 1, out, to, width)
