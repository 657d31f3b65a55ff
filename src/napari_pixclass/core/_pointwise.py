"""What happens at each pixel after filtering: magnitudes, traces, eigenvalues. Kernels for numba, a row at a time.

All arrays are flat: rows begin at `at`, are written from `to` on, and lie `stride` apart. Each kernel slices its rows
itself: indices counted from the beginning of the array could be negative, for all that LLVM knows, and would keep it
from using vectors. No fused multiply-add and no reordering: a pixel's value does not depend on where in a row it lies.
"""

from __future__ import annotations

import math

import numpy as np

from ._jit import njit
from ._scratch import Flat

_HALF = np.float32(0.5)
_ONE = np.float32(1)
_TWO = np.float32(2)
_THIRD = np.float32(1 / 3)
_SQRT3 = np.float32(math.sqrt(3))
_PI = np.float32(math.pi)
_TINY = 1e-200

# acos(t) = sqrt(1 - t) * polynomial, error below 2e-8 (Abramowitz and Stegun 4.4.46), highest power first.
_ACOS = tuple(
    np.float32(c)
    for c in (
        -0.0012624911,
        0.0066700901,
        -0.0170881256,
        0.0308918810,
        -0.0501743046,
        0.0889789874,
        -0.2145988016,
        1.5707963050,
    )
)
_COS = tuple(np.float32(c) for c in (1 / 40320, -1 / 720, 1 / 24, -1 / 2))
_SIN = tuple(np.float32(c) for c in (1 / 362880, -1 / 5040, 1 / 120, -1 / 6))


@njit
def copy(values: Flat, at: int, out: Flat, to: int, width: int) -> None:
    """Write the values."""
    row, result = values[at : at + width], out[to : to + width]
    for x in range(width):
        result[x] = row[x]


@njit
def product(
    values: Flat, at: int, other: int, sign: np.float32, out: Flat, to: int, width: int
) -> None:
    """Write the product of the rows that begin at `at` and at `other`, times a sign."""
    a, b = values[at : at + width], values[other : other + width]
    result = out[to : to + width]
    for x in range(width):
        result[x] = sign * (a[x] * b[x])


@njit
def difference(
    values: Flat, at: int, others: Flat, others_at: int, out: Flat, to: int, width: int
) -> None:
    """Write the values minus the others."""
    a, b = values[at : at + width], others[others_at : others_at + width]
    result = out[to : to + width]
    for x in range(width):
        result[x] = a[x] - b[x]


@njit
def magnitude2(gradient: Flat, at: int, stride: int, out: Flat, to: int, width: int) -> None:
    """Write the length of the gradient, given as two rows."""
    dy, dx = gradient[at : at + width], gradient[at + stride : at + stride + width]
    result = out[to : to + width]
    for x in range(width):
        result[x] = math.sqrt(dy[x] * dy[x] + dx[x] * dx[x])


@njit
def magnitude3(gradient: Flat, at: int, stride: int, out: Flat, to: int, width: int) -> None:
    """Write the length of the gradient, given as three rows."""
    dz, dy = gradient[at : at + width], gradient[at + stride : at + stride + width]
    dx = gradient[at + 2 * stride : at + 2 * stride + width]
    result = out[to : to + width]
    for x in range(width):
        result[x] = math.sqrt(dz[x] * dz[x] + dy[x] * dy[x] + dx[x] * dx[x])


@njit
def trace2(matrix: Flat, stride: int, out: Flat, to: int, width: int) -> None:
    """Write the sum of the first two rows."""
    yy, xx, result = matrix[:width], matrix[stride : stride + width], out[to : to + width]
    for x in range(width):
        result[x] = yy[x] + xx[x]


@njit
def trace3(matrix: Flat, stride: int, out: Flat, to: int, width: int) -> None:
    """Write the sum of the first three rows."""
    zz, yy = matrix[:width], matrix[stride : stride + width]
    xx, result = matrix[2 * stride : 2 * stride + width], out[to : to + width]
    for x in range(width):
        result[x] = zz[x] + yy[x] + xx[x]


@njit
def eigenvalues2(
    matrix: Flat, stride: int, out: Flat, to: int, out_stride: int, width: int
) -> None:
    """Write the eigenvalues of symmetric matrices given as rows (yy, xx, yx): the largest, then the smallest."""
    yy, xx = matrix[:width], matrix[stride : stride + width]
    yx = matrix[2 * stride : 2 * stride + width]
    largest, smallest = out[to : to + width], out[to + out_stride : to + out_stride + width]
    for x in range(width):
        a, b, c = yy[x], xx[x], yx[x]
        mean = _HALF * (a + b)
        half = _HALF * (a - b)
        radius = math.sqrt(half * half + c * c)
        largest[x] = mean + radius
        smallest[x] = mean - radius


@njit
def eigenvalues3(
    matrix: Flat, stride: int, out: Flat, to: int, out_stride: int, width: int
) -> None:
    """Write the eigenvalues of symmetric matrices given as rows (zz, yy, xx, zy, zx, yx), in descending order.

    The closed form (O. K. Smith, 1961): acos is a polynomial times a square root, cos and sin are Taylor polynomials
    on [0, pi/3], which vectorise where library calls do not. The cosine of the angle is computed in float64, because
    half of its digits are lost where two eigenvalues are close; what follows is well conditioned. Error: below 1e-6 of
    the largest eigenvalue's magnitude.
    """
    zz, yy = matrix[:width], matrix[stride : stride + width]
    xx, zy = (
        matrix[2 * stride : 2 * stride + width],
        matrix[3 * stride : 3 * stride + width],
    )
    zx, yx = (
        matrix[4 * stride : 4 * stride + width],
        matrix[5 * stride : 5 * stride + width],
    )
    largest = out[to : to + width]
    middle = out[to + out_stride : to + out_stride + width]
    smallest = out[to + 2 * out_stride : to + 2 * out_stride + width]
    for x in range(width):
        a, b, c = np.float64(zz[x]), np.float64(yy[x]), np.float64(xx[x])
        d, e, f = np.float64(zy[x]), np.float64(zx[x]), np.float64(yx[x])
        trace = (a + b + c) * (1 / 3)
        a, b, c = a - trace, b - trace, c - trace
        spread2 = (a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) * (1 / 6)
        spread64 = math.sqrt(spread2)
        determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
        ratio = 0.5 * determinant / (spread2 * spread64 + _TINY)
        cosine = min(abs(ratio), 1.0)

        t = np.float32(cosine)
        angle = _ACOS[0] * t + _ACOS[1]
        angle = angle * t + _ACOS[2]
        angle = angle * t + _ACOS[3]
        angle = angle * t + _ACOS[4]
        angle = angle * t + _ACOS[5]
        angle = angle * t + _ACOS[6]
        angle = angle * t + _ACOS[7]
        angle *= np.float32(math.sqrt(np.float32(1.0 - cosine)))
        angle = (_PI - angle if ratio < 0 else angle) * _THIRD

        s = angle * angle
        cos = _ONE + s * (_COS[3] + s * (_COS[2] + s * (_COS[1] + s * _COS[0])))
        sin = angle * (_ONE + s * (_SIN[3] + s * (_SIN[2] + s * (_SIN[1] + s * _SIN[0]))))
        mean, spread = np.float32(trace), np.float32(spread64)
        high = _TWO * spread * cos
        low = -spread * (cos + _SQRT3 * sin)
        # The three sum to three times the mean, that is to 0 after its subtraction.
        largest[x] = mean + high
        smallest[x] = mean + low
        middle[x] = mean + min(max(-high - low, low), high)
