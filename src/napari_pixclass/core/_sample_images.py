"""Images to try things on, with scribbles to start from: made or shipped, never downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._classes import PALETTE, ClassInfo
from ._scenes import place_bodies, stain_nuclei, take_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SampleImage:
    """An image with scribbles, and with the truth where it is known.

    Attributes
    ----------
    name, title
        For files and for people.
    image
        The image.
    labels
        Scribbles, uint8 of the shape of the image without its channel axis; 0 where unpainted.
    truth
        Class value of every pixel, or None where nobody knows.
    channel_axis
        Axis of the channels, or None.
    spacing
        Size of a pixel along each spatial axis.
    ndim
        2 for a plane, 3 for a volume.
    classes
        Name and colour of each class, by ascending value.
    """

    name: str
    title: str
    image: npt.NDArray[Any]
    labels: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.uint8] | None
    channel_axis: int | None
    spacing: tuple[float, ...]
    ndim: int
    classes: tuple[ClassInfo, ...]


def sample_images() -> Mapping[str, Callable[[], SampleImage]]:
    """Functions that make the samples, by name."""
    return MappingProxyType({"cells": cells, "histology": histology, "volume": volume})


def cells() -> SampleImage:
    """Synthetic fluorescent nuclei, some touching, and debris: (512, 512) uint16, truth."""
    rng = np.random.default_rng(2024)
    shape, spacing = (512, 512), (1.0, 1.0)
    nuclei = place_bodies(shape, spacing, rng.uniform(13, 21, 64), rng, clustered=0.45)
    debris = place_bodies(
        shape,
        spacing,
        rng.uniform(4, 8, 24),
        rng,
        elongation=0.35,
        roughness=0.25,
        avoid=nuclei.index > 0,
    )
    stain = stain_nuclei(nuclei, spacing, rng) + _stain_debris(debris.index, debris.depth, rng)
    image = take_picture(stain, spacing, (1.3, 1.3), rng, photons=60, haze=0.22, vignetting=0.5)
    truth = np.where(nuclei.index > 0, 2, np.where(debris.index > 0, 3, 1)).astype(np.uint8)
    labels = np.zeros(shape, dtype=np.uint8)
    for value, width in ((1, 4), (2, 4), (3, 3)):
        scribble(labels, _CELLS_STROKES[value], value, width)
    return SampleImage(
        name="cells",
        title="Cells: nuclei and debris, synthetic fluorescence (2D)",
        image=image,
        labels=labels,
        truth=truth,
        channel_axis=None,
        spacing=spacing,
        ndim=2,
        classes=_named("Background", "Nucleus", "Debris"),
    )


def histology() -> SampleImage:
    """Colonic glands, immunohistochemistry, from scikit-image: (512, 512, 3) uint8, no truth."""
    from skimage.data import immunohistochemistry

    image: npt.NDArray[np.uint8] = immunohistochemistry()  # type: ignore[no-untyped-call]
    labels = np.zeros(image.shape[:2], dtype=np.uint8)
    for value, strokes in _HISTOLOGY_STROKES.items():
        scribble(labels, strokes, value, 5)
    return SampleImage(
        name="histology",
        title="Histology: glands in colon tissue, stained, RGB (2D)",
        image=image,
        labels=labels,
        truth=None,
        channel_axis=2,
        spacing=(1.0, 1.0),
        ndim=2,
        classes=_named("Lumen", "Epithelium", "Stroma"),
    )


def volume() -> SampleImage:
    """Synthetic fluorescent nuclei in a volume: (32, 160, 160) uint16, spacing (2, 1, 1), truth.

    The small bright specks between them count as background.
    """
    rng = np.random.default_rng(7)
    shape, spacing = (32, 160, 160), (2.0, 1.0, 1.0)
    nuclei = place_bodies(shape, spacing, rng.uniform(10, 15, 44), rng, clustered=0.45)
    debris = place_bodies(
        shape,
        spacing,
        rng.uniform(4, 6, 16),
        rng,
        elongation=0.35,
        roughness=0.25,
        avoid=nuclei.index > 0,
    )
    stain = stain_nuclei(nuclei, spacing, rng) + _stain_debris(debris.index, debris.depth, rng)
    image = take_picture(
        stain, spacing, (0.8, 1.1, 1.1), rng, photons=40, haze=0.25, vignetting=0.3, fading=0.35
    )
    labels = np.zeros(shape, dtype=np.uint8)
    for (plane, value), strokes in _VOLUME_STROKES.items():
        scribble(labels[plane], strokes, value, 3)
    return SampleImage(
        name="volume",
        title="Volume: nuclei, synthetic fluorescence (3D)",
        image=image,
        labels=labels,
        truth=np.where(nuclei.index > 0, 2, 1).astype(np.uint8),
        channel_axis=None,
        spacing=spacing,
        ndim=3,
        classes=_named("Background", "Nucleus"),
    )


def scribble(
    labels: npt.NDArray[np.uint8], strokes: Iterable[Sequence[Point]], value: int, width: int
) -> None:
    """Paint strokes of a round brush into a plane: smooth curves through their points (y, x)."""
    from scipy.interpolate import CubicSpline

    square = np.indices((width + 2, width + 2)).reshape(2, -1).T - (width + 1) // 2
    brush = square[np.hypot(*square.T) <= width / 2]
    for points in strokes:
        path = np.asarray(points, dtype=np.float64)
        travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
        # Two stamps of the brush per pixel of way.
        stamps = CubicSpline(travelled, path)(np.linspace(0, travelled[-1], int(2 * travelled[-1])))
        spots = (np.rint(stamps).astype(np.int64)[:, None] + brush).reshape(-1, 2)
        inside = ((spots >= 0) & (spots < labels.shape)).all(axis=1)
        labels[tuple(spots[inside].T)] = value


def _stain_debris(
    index: npt.NDArray[np.int32], depth: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    strength = np.concatenate([[0.0], rng.uniform(0.7, 1.4, int(index.max()))])
    return strength[index] * (0.9 + 1.2 * np.clip(depth / 0.4, 0, 1))


def _named(*names: str) -> tuple[ClassInfo, ...]:
    """Classes 1, 2, ...; what surrounds the rest comes first, in the cool colour."""
    colors = (PALETTE[1], PALETTE[0], PALETTE[2])
    return tuple(
        ClassInfo(value, name, color)
        for value, (name, color) in enumerate(zip(names, colors, strict=False), start=1)
    )


# Strokes as somebody would paint them after a first look: the points (y, x) that the brush passes.
_CELLS_STROKES: dict[int, tuple[tuple[Point, ...], ...]] = {
    1: (
        ((14, 135), (28, 144), (45, 138)),
        ((255, 215), (276, 228), (290, 250), (298, 272)),
        ((141, 131), (178, 136), (211, 155), (220, 197)),
        ((220, 309), (223, 328), (220, 347)),
        ((352, 469), (338, 422), (375, 413), (399, 450)),
        ((356, 110), (389, 110), (422, 108), (445, 94)),
        ((28, 488), (56, 497), (103, 492)),
        ((23, 361), (33, 389), (52, 417)),
        ((422, 291), (436, 309), (464, 314)),
        ((221, 222), (231, 221), (241, 228)),
        ((340, 205), (338, 220), (345, 236)),
        ((276, 337), (289, 340), (302, 336)),
    ),
    2: (
        ((270, 166), (281, 175), (286, 188)),
        ((162, 328), (178, 334), (198, 329)),
        ((80, 418), (92, 426), (104, 420)),
        ((395, 22), (406, 30), (416, 27)),
        ((482, 383), (490, 396), (484, 410)),
        ((465, 484), (476, 480)),
        ((117, 14), (128, 20), (140, 22)),
        ((46, 311), (53, 320), (50, 331)),
        ((302, 64), (312, 63)),
        ((215, 452), (226, 445), (234, 447)),
        ((276, 312), (288, 307), (300, 313)),
        ((126, 412), (134, 420)),
        ((78, 430), (90, 437), (103, 434)),
    ),
    3: (
        ((76, 226), (77, 232), (76, 238)),
        ((88, 251), (91, 258)),
        ((153, 350), (155, 354)),
        ((351, 213), (356, 222)),
        ((372, 351), (367, 358)),
        ((432, 468), (438, 470)),
        ((474, 80), (470, 88)),
        ((228, 232), (234, 231)),
        ((499, 161), (504, 161)),
    ),
}

_HISTOLOGY_STROKES: dict[int, tuple[tuple[Point, ...], ...]] = {
    1: (
        ((320, 15), (350, 28), (385, 20)),
        ((105, 330), (130, 345), (172, 364)),
        ((405, 440), (425, 450), (450, 447)),
        ((5, 62), (9, 75), (5, 88)),
        ((440, 12), (470, 20), (500, 15)),
        ((330, 38), (360, 44), (390, 43)),
    ),
    2: (
        ((40, 30), (70, 45), (110, 50)),
        ((90, 150), (130, 130), (180, 140)),
        ((45, 345), (75, 400), (130, 430)),
        ((190, 305), (235, 350), (262, 400)),
        ((310, 110), (380, 90), (440, 115), (490, 100)),
        ((350, 280), (400, 320), (465, 340)),
    ),
    3: (
        ((245, 110), (268, 150), (275, 205), (252, 258)),
        ((320, 185), (400, 200), (470, 235)),
        ((20, 455), (100, 480), (175, 478)),
        ((315, 430), (275, 480), (360, 495)),
        ((340, 395), (420, 402), (480, 395)),
        ((330, 246), (360, 243), (400, 248), (430, 258)),
        ((190, 462), (220, 458), (250, 448)),
        ((340, 158), (400, 163), (460, 166)),
    ),
}

# For each plane and class.
_VOLUME_STROKES: dict[tuple[int, int], tuple[tuple[Point, ...], ...]] = {
    (6, 1): (
        ((9, 44), (35, 44), (59, 50)),
        ((114, 112), (97, 129), (78, 123), (61, 117)),
        ((120, 15), (135, 20), (150, 18)),
        ((106, 137), (110, 140)),
    ),
    (6, 2): (
        ((6, 15), (16, 20), (25, 20)),
        ((40, 92), (48, 84), (52, 78)),
        ((134, 54), (146, 48), (155, 42)),
        ((90, 90), (96, 100), (100, 108)),
    ),
    (12, 1): (
        ((50, 43), (60, 44), (72, 42)),
        ((116, 104), (131, 106), (146, 103)),
    ),
    (12, 2): (
        ((52, 26), (60, 24), (68, 27)),
        ((124, 82), (131, 81), (139, 86)),
    ),
    (18, 1): (
        ((50, 62), (47, 74), (50, 86)),
        ((6, 38), (18, 44), (44, 35)),
        ((97, 73), (111, 85), (129, 97), (147, 117)),
        ((50, 142), (57, 143)),
        ((82, 115), (86, 117)),
        ((30, 144), (18, 138)),
    ),
    (18, 2): (
        ((58, 70), (57, 77)),
        ((60, 82), (66, 74), (74, 68)),
        ((10, 8), (18, 14), (24, 10)),
        ((114, 50), (124, 46), (132, 44)),
        ((128, 136), (136, 142)),
    ),
    (26, 1): (
        ((14, 26), (30, 24), (42, 25)),
        ((126, 53), (135, 67), (123, 79)),
        ((9, 67), (22, 70), (40, 66)),
        ((73, 85), (85, 79), (88, 66)),
    ),
    (26, 2): (
        ((22, 33), (34, 32), (43, 37)),
        ((24, 38), (34, 43), (42, 38)),
        ((34, 86), (40, 96), (38, 104)),
        ((120, 112), (132, 114), (138, 108)),
    ),
}
