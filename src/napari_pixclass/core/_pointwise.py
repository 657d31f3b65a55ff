"""What happens at each pixel after filtering: magnitudes, traces, eigenvalues. Kernels for numba.

Each kernel reads the core of C-contiguous blocks (Z, Y, X), which begins at `origin`, and writes C-contiguous planes of
the core's shape. No fused multiply-add and no reordering: a pixel's value does not depend on where in a block it lies.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ._jit import njit

Block = npt.NDArray[np.float32]
Origin = tuple[int, int, int]

_HALF = np.float32(0.5)
_TINY = 1e-200


@njit
def product(a: Block, b: Block, out: Block) -> None:
    """Write ``a * b``."""
    for z in range(a.shape[0]):
        for y in range(a.shape[1]):
            for x in range(a.shape[2]):
                out[z, y, x] = a[z, y, x] * b[z, y, x]


@njit
def difference(a: Block, a_origin: Origin, b: Block, b_origin: Origin, out: Block) -> None:
    """Write ``a - b``."""
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[z, y, x] = (
                    a[a_origin[0] + z, a_origin[1] + y, a_origin[2] + x]
                    - b[b_origin[0] + z, b_origin[1] + y, b_origin[2] + x]
                )


@njit
def magnitude2(dy: Block, dx: Block, origin: Origin, out: Block) -> None:
    """Write the length of the gradient in the plane."""
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                a = dy[origin[0] + z, origin[1] + y, origin[2] + x]
                b = dx[origin[0] + z, origin[1] + y, origin[2] + x]
                out[z, y, x] = math.sqrt(a * a + b * b)


@njit
def magnitude3(dz: Block, dy: Block, dx: Block, origin: Origin, out: Block) -> None:
    """Write the length of the gradient in the volume."""
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                a = dz[origin[0] + z, origin[1] + y, origin[2] + x]
                b = dy[origin[0] + z, origin[1] + y, origin[2] + x]
                c = dx[origin[0] + z, origin[1] + y, origin[2] + x]
                out[z, y, x] = math.sqrt(a * a + b * b + c * c)


@njit
def trace2(yy: Block, xx: Block, origin: Origin, out: Block) -> None:
    """Write ``yy + xx``."""
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[z, y, x] = (
                    yy[origin[0] + z, origin[1] + y, origin[2] + x]
                    + xx[origin[0] + z, origin[1] + y, origin[2] + x]
                )


@njit
def trace3(zz: Block, yy: Block, xx: Block, origin: Origin, out: Block) -> None:
    """Write ``zz + yy + xx``."""
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            for x in range(out.shape[2]):
                out[z, y, x] = (
                    zz[origin[0] + z, origin[1] + y, origin[2] + x]
                    + yy[origin[0] + z, origin[1] + y, origin[2] + x]
                    + xx[origin[0] + z, origin[1] + y, origin[2] + x]
                )


@njit
def eigenvalues2(
    yy: Block, yx: Block, xx: Block, origin: Origin, largest: Block, smallest: Block
) -> None:
    """Write the eigenvalues of the symmetric matrices ``[[yy, yx], [yx, xx]]``."""
    for z in range(largest.shape[0]):
        for y in range(largest.shape[1]):
            for x in range(largest.shape[2]):
                a = yy[origin[0] + z, origin[1] + y, origin[2] + x]
                b = yx[origin[0] + z, origin[1] + y, origin[2] + x]
                c = xx[origin[0] + z, origin[1] + y, origin[2] + x]
                mean = _HALF * (a + c)
                half = _HALF * (a - c)
                radius = math.sqrt(half * half + b * b)
                largest[z, y, x] = mean + radius
                smallest[z, y, x] = mean - radius


@njit
def eigenvalues3(
    zz: Block,
    yy: Block,
    xx: Block,
    zy: Block,
    zx: Block,
    yx: Block,
    origin: Origin,
    largest: Block,
    middle: Block,
    smallest: Block,
) -> None:
    """Write the eigenvalues of symmetric 3x3 matrices: the closed form (O. K. Smith, 1961), with polynomials.

    acos is a polynomial times a square root (Abramowitz and Stegun 4.4.46), cos and sin are Taylor polynomials on
    [0, pi/3]: unlike library calls they vectorise. In float64, because the angle loses half of its digits where two
    eigenvalues are close. Error: below 1e-6 of the largest eigenvalue's magnitude.
    """
    for z in range(largest.shape[0]):
        for y in range(largest.shape[1]):
            for x in range(largest.shape[2]):
                i, j, k = origin[0] + z, origin[1] + y, origin[2] + x
                a, b, c = np.float64(zz[i, j, k]), np.float64(yy[i, j, k]), np.float64(xx[i, j, k])
                d, e, f = np.float64(zy[i, j, k]), np.float64(zx[i, j, k]), np.float64(yx[i, j, k])
                mean = (a + b + c) / 3
                a, b, c = a - mean, b - mean, c - mean
                spread2 = (a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / 6
                spread = math.sqrt(spread2)
                determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
                ratio = 0.5 * determinant / (spread2 * spread + _TINY)
                cosine = min(max(ratio, -1.0), 1.0)
                t = abs(cosine)
                angle = 0.0066700901 - t * 0.0012624911
                angle = -0.0170881256 + t * angle
                angle = 0.0308918810 + t * angle
                angle = -0.0501743046 + t * angle
                angle = 0.0889789874 + t * angle
                angle = -0.2145988016 + t * angle
                angle = 1.5707963050 + t * angle
                angle = math.sqrt(1.0 - t) * angle
                angle = (math.pi - angle if cosine < 0 else angle) / 3
                s = angle * angle
                cos = 1 + s * (
                    -1 / 2 + s * (1 / 24 + s * (-1 / 720 + s * (1 / 40320 - s / 3628800)))
                )
                sin = angle * (1 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s / 362880))))
                high = 2 * spread * cos
                low = -2 * spread * (0.5 * cos + 0.8660254037844386 * sin)
                # The three sum to three times the mean, that is to 0 after its subtraction.
                largest[z, y, x] = mean + high
                smallest[z, y, x] = mean + low
                middle[z, y, x] = mean + min(max(-high - low, low), high)
