"""The next place to paint at, and strokes that look wrong."""

from __future__ import annotations

from pathlib import Path

import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_pixclass.core import sample_images

from . import strokes
from .hand import LEFT, Hand
from .pictures import of_window, save
from .scenes import SHIFT, open_cells, paint

WRONG = (slice(130, 230), slice(125, 205))
"""A part of the cells in which there is one stroke, of the background; it is painted as a nucleus here."""


def guidance(folder: Path) -> None:
    """Somebody paints two strokes, and asks for the next place; somebody else has painted one stroke wrongly."""
    viewer, hand = open_cells()
    hand.click(hand.train.images.new)
    hand.click(hand.train.training.live_update)
    for row, name in enumerate(("Nucleus", "Background")):
        hand.name_class(row, name)
    paint(hand, strokes.CELLS, ["Nucleus", "Background"], slice(0, 1))
    hand.key(Qt.Key.Key_N, SHIFT)
    hand.wait_until_idle()
    save(of_window(viewer), folder / "next-place.png")
    viewer.close()
    viewer, hand = labelled_cells()
    hand.open_tab(hand.quality)
    panel = hand.quality.suspicion
    hand.click(panel.fold)
    hand.click(panel.find)
    hand.wait_until_idle()
    place = panel.list.visualItemRect(panel.list.item(0, 0)).center()
    QTest.mouseClick(panel.list.viewport(), LEFT, pos=place)
    hand.wait_until_idle()
    save(of_window(viewer), folder / "suspicious-labels.png")
    viewer.close()


def labelled_cells() -> tuple[napari.Viewer, Hand]:
    """A window with the cells and their scribbles, one of which is wrong."""
    viewer = napari.Viewer(show=True)
    sample = sample_images()["cells"]()
    background, nucleus = (info.value for info in sample.classes[:2])
    labels = sample.labels.copy()
    part = labels[WRONG]
    part[part == background] = nucleus
    viewer.add_image(sample.image, name="cells", axis_labels=("y", "x"))
    viewer.add_labels(labels, name="scribbles", axis_labels=("y", "x"))
    hand = Hand(viewer)
    for row, info in enumerate(sample.classes):
        hand.name_class(row, info.name)
    return viewer, hand
