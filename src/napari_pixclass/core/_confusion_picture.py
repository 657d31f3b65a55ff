"""A confusion matrix as a picture, drawn with Pillow: no screen and no plot library is needed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._score_table import class_label

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    from ._classes import ClassInfo
    from ._scores import ConfusionMatrix

Color = tuple[int, int, int]

PAPER: Color = (255, 255, 255)
INK: Color = (32, 34, 40)
FAINT: Color = (120, 124, 132)
FULL: Color = (22, 74, 140)
"""Colour of a cell that holds all pixels of its row; others are mixed with `PAPER`."""

GAP = 24
CELL = 92
SMALL_CELL = 18
SCORE = 78
MOST_WITH_NUMBERS = 20
"""With more classes cells are small and hold no numbers."""
MAX_NAME = 260
"""Longer names are cut, in pixels."""


def draw_confusion(matrix: ConfusionMatrix) -> npt.NDArray[np.uint8]:
    """Draw a confusion matrix: each row a true class, shaded by the share of its pixels, with the scores beside it.

    Returns
    -------
    ndarray of uint8 (Y, X, 3)
    """
    from PIL import Image, ImageDraw

    large = len(matrix.classes) <= MOST_WITH_NUMBERS
    cell = CELL if large else SMALL_CELL
    columns = len(matrix.classes) + bool(matrix.missed.any())
    probe = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    labels = [_label(info, probe, _font(18 if large else 12)) for info in matrix.classes]
    left = GAP + 44 + max([int(probe.textlength(text, _font(18))) for text in labels] + [90])
    top = 2 * GAP + 76
    grid_width = columns * cell
    scores_width = GAP + 4 * SCORE if large else 0
    width = max(left + grid_width + scores_width + GAP, 760)
    height = top + max(len(matrix.classes), 1) * cell + 2 * GAP
    picture = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(picture)
    _draw_heading(draw, matrix, left)
    _draw_grid(draw, matrix, (left, top), cell, large)
    _draw_names(draw, matrix.classes, labels, (left, top), cell)
    if matrix.missed.any():
        x = left + len(matrix.classes) * cell + cell // 2 - 1
        draw.text((x, top - 22), "none", FAINT, _font(15 if large else 11), anchor="ms")
    if large:
        _draw_scores(draw, matrix, (left + grid_width + GAP, top), cell)
    return np.asarray(picture)


def _draw_heading(draw: ImageDraw.ImageDraw, matrix: ConfusionMatrix, left: int) -> None:
    draw.text((GAP, GAP), f"mean IoU {_figure(matrix.mean_iou)}", INK, _font(26))
    draw.text(
        (GAP + 240, GAP + 6),
        f"mean Dice {_figure(matrix.mean_dice)}    balanced accuracy {_figure(matrix.balanced_accuracy)}    "
        f"{matrix.n_pixels:,} pixels",
        FAINT,
        _font(17),
    )
    draw.text((GAP, GAP + 70), "truth", FAINT, _font(16), anchor="ls")
    draw.text((left, GAP + 52), "predicted as", FAINT, _font(16), anchor="ls")


def _draw_grid(
    draw: ImageDraw.ImageDraw,
    matrix: ConfusionMatrix,
    corner: tuple[int, int],
    cell: int,
    large: bool,
) -> None:
    left, top = corner
    counts = np.column_stack([matrix.confusion, matrix.missed])
    columns = len(matrix.classes) + bool(matrix.missed.any())
    for row, true in enumerate(matrix.support):
        for column in range(columns):
            x, y = left + column * cell, top + row * cell
            share = counts[row, column] / true if true else 0.0
            draw.rectangle((x, y, x + cell - 2, y + cell - 2), _mixed(share))
            if large:
                ink = PAPER if share > 0.55 else INK
                middle = (x + cell // 2 - 1, y + cell // 2 - 9)
                draw.text(middle, f"{share:.1%}" if true else "-", ink, _font(18), anchor="mm")
                below = (middle[0], middle[1] + 22)
                draw.text(below, _short(int(counts[row, column])), ink, _font(13), anchor="mm")


def _draw_names(
    draw: ImageDraw.ImageDraw,
    classes: tuple[ClassInfo, ...],
    labels: list[str],
    corner: tuple[int, int],
    cell: int,
) -> None:
    left, top = corner
    large = cell == CELL
    for number, (info, text) in enumerate(zip(classes, labels, strict=True)):
        middle = top + number * cell + cell // 2 - 1
        draw.rectangle((left - 22, middle - 7, left - 8, middle + 7), info.rgb)
        draw.text((left - 30, middle), text, INK, _font(18 if large else 12), anchor="rm")
        x = left + number * cell + cell // 2 - 1
        draw.rectangle((x - 7, top - 18, x + 7, top - 8), info.rgb)
        if large:
            draw.text((x, top - 22), str(info.value), INK, _font(16), anchor="ms")


def _draw_scores(
    draw: ImageDraw.ImageDraw, matrix: ConfusionMatrix, corner: tuple[int, int], cell: int
) -> None:
    left, top = corner
    figures = {
        "IoU": matrix.iou,
        "Dice": matrix.dice,
        "precision": matrix.precision,
        "recall": matrix.recall,
    }
    for column, (caption, values) in enumerate(figures.items()):
        x = left + column * SCORE + SCORE // 2
        draw.text((x, top - 22), caption, FAINT, _font(15), anchor="ms")
        for row, value in enumerate(values):
            middle = top + row * cell + cell // 2 - 1
            draw.text((x, middle), _figure(value), INK, _font(18), anchor="mm")


def _mixed(share: float) -> Color:
    red, green, blue = (
        round(paper + (full - paper) * share**0.8) if share else 244
        for paper, full in zip(PAPER, FULL, strict=True)
    )
    return red, green, blue


def _label(
    info: ClassInfo, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> str:
    """Value and name, cut to `MAX_NAME`."""
    text = class_label(info)
    while draw.textlength(text, font) > MAX_NAME:
        text = f"{text.removesuffix('...')[:-1]}..."
    return text


def _short(count: int) -> str:
    """A count in at most six characters."""
    for limit, unit in ((10_000, ""), (10_000_000, "k"), (10_000_000_000, "M")):
        if count < limit:
            return f"{count // max(limit // 10_000, 1)}{unit}"
    return f"{count // 1_000_000_000}G"


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)
