"""Synthetic fluorescence microscopy with known truth: nuclei and debris, in planes and volumes.

A scene is built as a microscope would see it: stained bodies with chromatin texture, blur by the
optics, out-of-focus haze, uneven illumination, photon noise and camera noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bodies:
    """Where the bodies of one kind lie.

    `index` is 0 outside and 1, 2, ... in the bodies; `depth` rises from 0 at the rim of each.
    """

    index: npt.NDArray[np.int32]
    depth: FloatArray


def place_bodies(
    shape: Sequence[int],
    spacing: Sequence[float],
    radii: FloatArray,
    rng: np.random.Generator,
    *,
    elongation: float = 0.25,
    roughness: float = 0.1,
    clustered: float = 0.0,
    avoid: npt.NDArray[np.bool_] | None = None,
) -> Bodies:
    """Place bumpy ellipsoids without overlap.

    Parameters
    ----------
    shape, spacing
        Of the image, one value per axis.
    radii
        Radius of each body, in units of `spacing`; those that find no room are left out.
    rng
        Source of all chance.
    elongation
        Largest relative difference of a half-axis from the radius.
    roughness
        How far the outline strays from the ellipsoid, relative to the radius.
    clustered
        Share of bodies that touch an earlier one.
    avoid
        Pixels in which no body may lie.
    """
    pitch = np.asarray(spacing, dtype=np.float64)
    extent = np.asarray(shape) * pitch
    bumps = smooth_noise(shape, 0.55 * float(np.mean(radii)) / pitch, rng)
    index = np.zeros(shape, dtype=np.int32)
    depth = np.zeros(shape)
    centres: list[FloatArray] = []
    for number, radius in enumerate(radii, start=1):
        centre = _free_centre(extent, centres, radii, radius, clustered, rng)
        if centre is None:
            break
        centres.append(centre)
        half_axes = radius * (1 + elongation * rng.uniform(-1, 1, len(extent)))
        turn = rng.uniform(0, np.pi)
        low = np.maximum(np.floor((centre - 1.6 * radius) / pitch).astype(int), 0)
        high = np.minimum(np.ceil((centre + 1.6 * radius) / pitch).astype(int) + 1, shape)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        ranges = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
        offset = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1) * pitch - centre
        y, x = offset[..., -2].copy(), offset[..., -1].copy()
        offset[..., -2] = np.cos(turn) * y - np.sin(turn) * x
        offset[..., -1] = np.sin(turn) * y + np.cos(turn) * x
        inside = 1 - np.sqrt(((offset / half_axes) ** 2).sum(axis=-1)) + roughness * bumps[box]
        free = (inside > 0) & (inside > depth[box])
        if avoid is not None:
            free &= ~avoid[box]
        index[box][free] = number
        depth[box][free] = inside[free]
    return Bodies(index, depth)


def _free_centre(
    extent: FloatArray,
    centres: Sequence[FloatArray],
    radii: FloatArray,
    radius: float,
    clustered: float,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Place for the next body: at random, or touching an earlier one; None if there is no room."""
    for attempt in range(400):
        if centres and attempt < 50 and rng.random() < clustered:
            near = int(rng.integers(len(centres)))
            direction = rng.normal(size=len(extent))
            step = direction / np.linalg.norm(direction)
            centre: FloatArray = centres[near] + step * 0.98 * (radii[near] + radius)
        else:
            centre = rng.uniform(0.4 * radius, extent - 0.4 * radius)
        if np.any(centre < 0) or np.any(centre > extent):
            continue
        gaps = [
            float(np.linalg.norm(centre - other)) / (radius + other_radius)
            for other, other_radius in zip(centres, radii, strict=False)
        ]
        if all(gap > 0.95 for gap in gaps):
            return centre
    return None


def smooth_noise(
    shape: Sequence[int], sigma: npt.NDArray[np.floating[Any]], rng: np.random.Generator
) -> FloatArray:
    """Gaussian random field with mean 0 and variance 1, correlated over `sigma` pixels per axis."""
    from scipy.ndimage import gaussian_filter

    noise: FloatArray = gaussian_filter(
        rng.normal(size=tuple(shape)), tuple(sigma.tolist()), mode="wrap"
    )
    noise -= noise.mean()
    noise /= noise.std()
    return noise


def stain_nuclei(nuclei: Bodies, spacing: Sequence[float], rng: np.random.Generator) -> FloatArray:
    """Stain of nuclei, about 1: each has its own strength, chromatin is grainy, nucleoli dark."""
    pitch = np.asarray(spacing, dtype=np.float64)
    shape = nuclei.index.shape
    strength = np.concatenate([[0.0], rng.lognormal(-0.05, 0.28, int(nuclei.index.max()))])
    grains = 0.16 * smooth_noise(shape, 1.4 / pitch, rng) + 0.08 * smooth_noise(
        shape, 4 / pitch, rng
    )
    nucleoli = 1 - 0.45 * (smooth_noise(shape, 2.6 / pitch, rng) > 1.9)
    rim = np.clip(nuclei.depth / 0.22, 0, 1) ** 0.6
    return strength[nuclei.index] * rim * np.clip(1 + grains, 0.3, None) * nucleoli


def take_picture(
    stain: FloatArray,
    spacing: Sequence[float],
    blur: Sequence[float],
    rng: np.random.Generator,
    *,
    photons: float,
    haze: float,
    vignetting: float,
    fading: float = 0.0,
) -> npt.NDArray[np.uint16]:
    """What a camera with 12 bits records of a stained specimen.

    Parameters
    ----------
    stain
        Concentration of the dye.
    spacing
        Size of a pixel along each axis.
    blur
        Width of the point spread function in pixels, per axis.
    rng
        Source of all noise.
    photons
        Photons per pixel where the stain is 1: fewer are noisier.
    haze
        Share of the light that comes from out-of-focus parts.
    vignetting
        Loss of light in the corners of the field, relative to its brightest point.
    fading
        Loss of light along the first axis, from its beginning to its end.
    """
    from scipy.ndimage import gaussian_filter

    pitch = np.asarray(spacing, dtype=np.float64)
    shape = stain.shape
    light = gaussian_filter(stain, tuple(blur), mode="nearest")
    light += haze * gaussian_filter(stain, tuple((22 / pitch).tolist()), mode="nearest")
    light += 0.05 + 0.012 * smooth_noise(shape, 35 / pitch, rng)
    y = np.linspace(-1, 1, shape[-2])[:, None]
    x = np.linspace(-1, 1, shape[-1])
    light *= 1 - vignetting * ((y + 0.25) ** 2 + (x - 0.3) ** 2) / 3.3
    if fading:
        light *= np.linspace(1, 1 - fading, shape[0]).reshape(-1, *(1,) * (len(shape) - 1))
    counts = rng.poisson(photons * np.clip(light, 0, None)) * (1100 / photons)
    counts = 100 + counts + rng.normal(scale=7, size=shape)
    digital: npt.NDArray[np.uint16] = np.clip(np.rint(counts), 0, 4095).astype(np.uint16)
    return digital
