"""What happens at each pixel after filtering: magnitudes, traces, eigenvalues. Kernels for numba, a row at a time.

Each reads rows from `at` on and writes the whole of `out`. No fused multiply-add and no reordering: a pixel's value
does not depend on where in a row it lies.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ._jit import njit

Row = npt.NDArray[np.float32]

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
def copy(values: Row, at: int, out: Row) -> None:
    """Write the values."""
    for x in range(len(out)):
        out[x] = values[at + x]


@njit
def product(a: Row, b: Row, sign: np.float32, out: Row) -> None:
    """Write ``sign * a * b``."""
    for x in range(len(out)):
        out[x] = sign * (a[x] * b[x])


@njit
def difference(a: Row, at: int, b: Row, out: Row) -> None:
    """Write ``a - b``; `b` is read from its beginning."""
    for x in range(len(out)):
        out[x] = a[at + x] - b[x]


@njit
def magnitude2(dy: Row, dx: Row, at: int, out: Row) -> None:
    """Write the length of the gradient in the plane."""
    for x in range(len(out)):
        a, b = dy[at + x], dx[at + x]
        out[x] = math.sqrt(a * a + b * b)


@njit
def magnitude3(dz: Row, dy: Row, dx: Row, at: int, out: Row) -> None:
    """Write the length of the gradient in the volume."""
    for x in range(len(out)):
        a, b, c = dz[at + x], dy[at + x], dx[at + x]
        out[x] = math.sqrt(a * a + b * b + c * c)


@njit
def trace2(yy: Row, xx: Row, out: Row) -> None:
    """Write ``yy + xx``."""
    for x in range(len(out)):
        out[x] = yy[x] + xx[x]


@njit
def trace3(zz: Row, yy: Row, xx: Row, out: Row) -> None:
    """Write ``zz + yy + xx``."""
    for x in range(len(out)):
        out[x] = zz[x] + yy[x] + xx[x]


@njit
def eigenvalues2(yy: Row, yx: Row, xx: Row, largest: Row, smallest: Row) -> None:
    """Write the eigenvalues of the symmetric matrices ``[[yy, yx], [yx, xx]]``."""
    for x in range(len(largest)):
        a, b, c = yy[x], yx[x], xx[x]
        mean = _HALF * (a + c)
        half = _HALF * (a - c)
        radius = math.sqrt(half * half + b * b)
        largest[x] = mean + radius
        smallest[x] = mean - radius


@njit
def eigenvalues3(
    zz: Row,
    yy: Row,
    xx: Row,
    zy: Row,
    zx: Row,
    yx: Row,
    largest: Row,
    middle: Row,
    smallest: Row,
) -> None:
    """Write the eigenvalues of symmetric 3x3 matrices: the closed form (O. K. Smith, 1961), with polynomials.

    acos is a polynomial times a square root, cos and sin are Taylor polynomials on [0, pi/3]: unlike library calls
    they vectorise. The cosine of the angle is computed in float64, because half of its digits are lost where two
    eigenvalues are close; what follows is well conditioned. Error: below 1e-6 of the largest eigenvalue's magnitude.
    """
    for x in range(len(largest)):
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
