"""One picture of a whole classification, from the image to the uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image, ImageDraw, ImageFont

    from napari_pixclass.core import ClassInfo, Output, SampleImage

Picture = npt.NDArray[np.uint8]

GAP = 24
TOP = 64
BOTTOM = 76
BACKGROUND = (24, 26, 31)
INK = (236, 238, 242)
FAINT_INK = (150, 155, 165)
# From black over violet and orange to pale yellow, evenly brighter (matplotlib's "inferno" at nine places).
_HEAT = (
    (0, 0, 4),
    (31, 12, 72),
    (87, 16, 110),
    (138, 34, 106),
    (188, 55, 84),
    (227, 89, 51),
    (249, 142, 9),
    (249, 201, 50),
    (252, 255, 164),
)


def draw_overview(sample: SampleImage, results: Mapping[Output, npt.NDArray[Any]]) -> Picture:
    """Draw image, scribbles, probabilities, segmentation and uncertainty side by side.

    Parameters
    ----------
    sample
        A grey image in the plane.
    results
        ``probabilities`` (classes first), ``segmentation`` and ``uncertainty``.

    Returns
    -------
    ndarray of uint8 (Y, X, 3)
    """
    from PIL import Image, ImageDraw

    grey = stretch(sample.image)
    image = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    colors = np.array([info.rgb for info in sample.classes], dtype=np.float32)
    panels = (
        ("Image", image),
        ("Scribbles", paint(image // 2 + 20, sample.labels, sample.classes)),
        ("Probabilities", blend(results["probabilities"], colors)),
        ("Segmentation", paint(np.zeros_like(image), results["segmentation"], sample.classes)),
        ("Uncertainty", heat(results["uncertainty"])),
    )
    height, width = grey.shape
    size = (GAP + len(panels) * (width + GAP), TOP + height + BOTTOM)
    picture = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for number, (caption, panel) in enumerate(panels):
        left = GAP + number * (width + GAP)
        picture.paste(Image.fromarray(panel), (left, TOP))
        draw.text((left, TOP - 16), caption, INK, _font(26), anchor="ls")
    below = TOP + height + 38
    _draw_legend(draw, sample.classes, GAP, below)
    _draw_scale(picture, draw, GAP + 4 * (width + GAP), below, width)
    return np.asarray(picture)


def stretch(image: npt.NDArray[Any]) -> Picture:
    """Grey values from black to white; the brightest specks may saturate, dark parts are lifted."""
    low, high = np.percentile(image, (1, 99.7))
    share = np.clip((image - low) / (high - low), 0, 1)
    return np.rint(255 * share**0.7).astype(np.uint8)


def paint(picture: Picture, labels: npt.NDArray[Any], classes: Sequence[ClassInfo]) -> Picture:
    """A copy of the picture with labels in the colours of their classes."""
    painted = picture.copy()
    for info in classes:
        painted[labels == info.value] = info.rgb
    return painted


def blend(probabilities: npt.NDArray[np.float32], colors: npt.NDArray[np.float32]) -> Picture:
    """Colours of the classes, mixed by their probabilities."""
    mixed = np.tensordot(probabilities, colors, axes=(0, 0))
    return np.rint(mixed).astype(np.uint8)


def heat(values: npt.NDArray[np.float32]) -> Picture:
    """Numbers from 0 (dark) to 1 (bright) as colours."""
    stops = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(values, stops, channel) for channel in zip(*_HEAT, strict=True)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def _draw_legend(
    draw: ImageDraw.ImageDraw, classes: Sequence[ClassInfo], left: int, middle: int
) -> None:
    for info in classes:
        draw.rounded_rectangle((left, middle - 11, left + 22, middle + 11), 5, info.rgb)
        draw.text((left + 32, middle), info.name, INK, _font(22), anchor="lm")
        left += 32 + int(draw.textlength(info.name, _font(22))) + 36


def _draw_scale(
    picture: Image.Image, draw: ImageDraw.ImageDraw, left: int, middle: int, width: int
) -> None:
    from PIL import Image

    ramp = np.tile(np.linspace(0, 1, width, dtype=np.float32), (12, 1))
    picture.paste(Image.fromarray(heat(ramp)), (left, middle - 16))
    draw.text((left, middle + 18), "0 certain", FAINT_INK, _font(18), anchor="lm")
    draw.text((left + width, middle + 18), "1 undecided", FAINT_INK, _font(18), anchor="rm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
