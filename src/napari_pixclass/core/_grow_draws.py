"""What a tree draws at random: features and thresholds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._jit import njit
from ._vectors import bits_of_float, float_of_bits

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
UInt64Array = npt.NDArray[np.uint64]

_U = np.uint64


def as_keys(values: FloatArray) -> Int32Array:
    """Whole numbers that are ordered as the values are, for comparisons that vectorise.

    The bits of a float, those of negative ones turned around; both zeros are the same.
    """
    bits = (values + np.float32(0)).view(np.int32)
    keys: Int32Array = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return keys


@njit
def turned(bits: np.int32) -> np.int32:
    """Turn the bits of a value into its key, or back."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@njit
def _random(state: UInt64Array) -> np.uint64:
    """Next number of the generator SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    state[0] += _U(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> _U(27))) * _U(0x94D049BB133111EB)
    return mixed ^ (mixed >> _U(31))


@njit
def _random_fraction(state: UInt64Array) -> float:
    """Return a number from 0 to 1, without 1; 52 bits, so that a product can not be rounded up to its factor."""
    return np.float64(_random(state) >> _U(12)) * 2.0**-52


@njit
def draw_feature(features: IntArray, weights: DoubleArray, first: int, state: UInt64Array) -> int:
    """Draw one of the features from place `first` on, by their weights; return its place."""
    while True:
        place = first + int(_random_fraction(state) * (len(features) - first))
        weight = weights[features[place]]
        if weight >= 1 or _random_fraction(state) < weight:
            return place


@njit
def draw_threshold(
    keys: Int32Array, n: int, lowest: np.int32, highest: np.int32, state: UInt64Array
) -> np.int32:
    """Key of a value drawn evenly between two of the first `n` keys, which are drawn at random.

    At least the lowest of them, and below the highest.
    """
    low = np.float64(float_of_bits(turned(keys[int(_random_fraction(state) * n)])))
    high = np.float64(float_of_bits(turned(keys[int(_random_fraction(state) * n)])))
    drawn = np.float32(low + _random_fraction(state) * (high - low))
    return max(lowest, min(turned(bits_of_float(drawn)), np.int32(highest - 1)))
