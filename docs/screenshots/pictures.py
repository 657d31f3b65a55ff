"""Pictures of windows, put side by side and written to files."""

from __future__ import annotations

from pathlib import Path

import napari
import numpy as np
import numpy.typing as npt
from PIL import Image
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QWidget

Picture = npt.NDArray[np.uint8]
"""(height, width, 3) of red, green, blue."""

GAP = 8
NO_DITHER = Image.Dither.NONE
EVERY_COLOUR = Image.Quantize.MAXCOVERAGE


def of_window(viewer: napari.Viewer) -> Picture:
    """The window with everything in it."""
    picture: Picture = viewer.screenshot(canvas_only=False, flash=False)[..., :3]
    return picture


def of_canvas(viewer: napari.Viewer) -> Picture:
    """The largest square in the middle of the canvas."""
    picture: Picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    side = min(picture.shape[:2])
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def of_widget(widget: QWidget) -> Picture:
    """A part of a window."""
    picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    memory = picture.constBits()
    memory.setsize(picture.sizeInBytes())
    pixels = np.frombuffer(memory, np.uint8).reshape(picture.height(), picture.width(), 4)
    return pixels[..., :3].copy()


def with_margin(picture: Picture) -> Picture:
    """A picture with some room around it, in the colour of its first pixel."""
    height, width = picture.shape[:2]
    framed = np.empty((height + 2 * GAP, width + 2 * GAP, 3), np.uint8)
    framed[:] = picture[0, 0]
    framed[GAP:-GAP, GAP:-GAP] = picture
    return framed


def side_by_side(*pictures: Picture, height: int | None = None) -> Picture:
    """Pictures in a row on white, all as high as said; where nothing is said they stay as they are."""
    row = pictures if height is None else [_scaled(picture, height) for picture in pictures]
    width = sum(picture.shape[1] + GAP for picture in row) - GAP
    joined = np.full((max(map(len, row)), width, 3), 255, np.uint8)
    left = 0
    for picture in row:
        joined[: len(picture), left : left + picture.shape[1]] = picture
        left += picture.shape[1] + GAP
    return joined


def save(picture: Picture, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and nobody sees it.

    Small strokes keep their colours: those are chosen that cover all there are, not those of most pixels.
    """
    image = Image.fromarray(picture).quantize(256, EVERY_COLOUR, kmeans=1, dither=NO_DITHER)
    image.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def _scaled(picture: Picture, height: int) -> Picture:
    width = round(picture.shape[1] * height / picture.shape[0])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))
