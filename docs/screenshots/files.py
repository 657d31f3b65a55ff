"""Many files are predicted; a prediction is compared with the truth, or judged by the strokes alone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import napari
import numpy as np
import tifffile
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_pixclass.core import sample_images

from . import strokes
from .hand import LEFT, Hand
from .pictures import Picture, of_widget, save, side_by_side, with_margin
from .scenes import open_cells, paint

N_IMAGES = 8
N_DONE = 4
"""How many are done when the first picture is taken."""
TILES = (4, 4)
COPY = Qt.DropAction.CopyAction
ALONE = Qt.KeyboardModifier.NoModifier


def batch(folder: Path) -> None:
    """A folder is dropped on the list; two of its files cannot be predicted."""
    viewer, hand = trained_on_cells()
    panel = hand.predict.batch
    hand.open_tab(hand.predict)
    hand.click(panel.fold)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        images = Path(place) / "plate"
        write_images(images)
        drop(hand, panel.files.list.viewport(), images)
        panel.options.target = Path(place) / "results"
        panel.refresh()
        hand.click(panel.start)
        files = panel.files.list.rows
        hand.wait_until(lambda: sum(f.state == "done" for f in files.files) >= N_DONE)
        steps: list[Picture] = [with_margin(of_widget(panel))]
        hand.wait_until_idle()
        panel.files.list.setCurrentIndex(files.index(1, 0))
        hand.wait()
        steps.append(with_margin(of_widget(panel)))
    save(side_by_side(*steps), folder / "batch.png")
    viewer.close()


def evaluation(folder: Path) -> None:
    """Cells are painted, and what is predicted is compared with what is known of them."""
    viewer, hand = trained_on_cells()
    truth = np.array(sample_images()["cells"]().truth)
    # As it was painted here: nuclei first.
    truth = np.array([0, 2, 1, 3], np.uint8)[truth]
    viewer.add_labels(truth, name="truth", visible=False)
    panel = hand.quality.evaluation
    hand.open_tab(hand.quality)
    hand.click(panel.fold)
    hand.click(panel.evaluate)
    hand.wait_until_idle()
    save(with_margin(of_widget(panel)), folder / "evaluation.png")
    viewer.close()


def quality(folder: Path) -> None:
    """The strokes of a sample say how good a classifier will be, and which features are enough."""
    viewer = napari.Viewer(show=True)
    sample = sample_images()["cells"]()
    viewer.add_image(sample.image, name="cells", axis_labels=("y", "x"))
    viewer.add_labels(sample.labels, name="scribbles", axis_labels=("y", "x"))
    hand = Hand(viewer)
    for row, info in enumerate(sample.classes):
        hand.name_class(row, info.name)
    panels = (hand.quality.validation, hand.quality.calibration)
    hand.open_tab(hand.quality)
    hand.click(panels[0].start)
    hand.wait_until_idle()
    hand.click(panels[1].fold)
    hand.wait(0.5)
    save(side_by_side(*(with_margin(of_widget(panel)) for panel in panels)), folder / "quality.png")
    panel = hand.features.suggestion
    hand.open_tab(hand.features)
    hand.click(panel.fold)
    hand.click(panel.start)
    hand.wait_until_idle()
    hand.click(panel.use)
    hand.wait(0.5)
    save(with_margin(of_widget(panel)), folder / "suggested-features.png")
    viewer.close()


def trained_on_cells() -> tuple[QWidget, Hand]:
    """A window with the cells, painted and trained."""
    viewer, hand = open_cells()
    hand.click(hand.train.images.new)
    hand.click(hand.train.classes.add)
    for row, name in enumerate(strokes.CELLS):
        hand.name_class(row, name)
    paint(hand, strokes.CELLS, list(strokes.CELLS), slice(None))
    hand.click(hand.train.training.train)
    hand.wait_until_idle()
    return viewer, hand


def write_images(folder: Path) -> None:
    """Images as from a plate, one of which is cut short and one of which is in colours."""
    folder.mkdir()
    image = sample_images()["cells"]().image
    for index in range(N_IMAGES):
        tifffile.imwrite(
            folder / f"cells_{index + 1}.tif", np.tile(np.roll(image, 40 * index, 1), TILES)
        )
    whole = (folder / "cells_3.tif").read_bytes()
    (folder / "cells_3.tif").write_bytes(whole[: len(whole) // 2])
    colours = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(folder / "overview.tif", colours, photometric="rgb")


def drop(hand: Hand, widget: QWidget, path: Path) -> None:
    """Drag a folder onto a part of the window, and let go of it."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    place = widget.rect().center()
    QApplication.sendEvent(widget, QDragEnterEvent(place, COPY, mime, LEFT, ALONE))
    QApplication.sendEvent(widget, QDropEvent(QPointF(place), COPY, mime, LEFT, ALONE))
    hand.wait_until(lambda: bool(hand.session.batch.files))
