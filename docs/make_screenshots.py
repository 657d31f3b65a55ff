"""Take the screenshots of the documentation, from a real window in which somebody really paints.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py [FOLDER]

A napari window opens with the cells sample, without its scribbles. The mouse does the rest: it makes new labels, paints
strokes of three classes, presses Train and Run. The pictures go to FOLDER (default: docs/images).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QTableWidget, QWidget

from napari_pixclass.core import sample_images

DOCKS = ("Feature selection", "Predict", "Train")
DOCK_WIDTH = 350
WINDOW = (1280, 800)
PATIENCE = 120  # seconds

Point = tuple[float, float]

# What is painted: for each class strokes through points (y, x) of the image.
STROKES: dict[str, tuple[tuple[Point, ...], ...]] = {
    "Nucleus": (
        ((270, 166), (281, 175), (286, 188)),
        ((162, 328), (178, 334), (198, 329)),
        ((80, 418), (92, 426), (104, 420)),
        ((482, 383), (490, 396), (484, 410)),
        ((117, 14), (128, 20), (140, 22)),
        ((46, 311), (53, 320), (50, 331)),
        ((215, 452), (226, 445), (234, 447)),
    ),
    "Background": (
        ((255, 215), (276, 228), (290, 250), (298, 272)),
        ((141, 131), (178, 136), (211, 155), (220, 197)),
        ((422, 291), (436, 309), (464, 314)),
        ((23, 361), (33, 389), (52, 417)),
        ((352, 469), (338, 422), (375, 413)),
    ),
    "Debris": (
        ((76, 226), (77, 232), (76, 238)),
        ((351, 213), (356, 222)),
        ((372, 351), (367, 358)),
        ((474, 80), (470, 88)),
        ((228, 232), (234, 231)),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "images")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    viewer = napari.Viewer(show=True)
    viewer.window.resize(*WINDOW)
    sample = sample_images()["cells"]()
    viewer.add_image(sample.image, name=sample.name, axis_labels=("y", "x"))
    docks = {name: open_dock(viewer, name) for name in DOCKS}
    let_it_happen()
    viewer.reset_view()
    let_it_happen()

    paint_and_train(viewer, docks["Train"])
    predict(docks["Predict"])
    docks["Train"].parent().raise_()
    let_it_happen()
    save(viewer.screenshot(canvas_only=False, flash=False), folder / "classification.png")
    for name, dock in docks.items():
        dock.parent().raise_()
        let_it_happen()
        save(pixels_of(dock.parent()), folder / f"{name.lower().replace(' ', '-')}.png")
    viewer.close()


def open_dock(viewer: napari.Viewer, name: str) -> QWidget:
    dock_widget, dock = viewer.window.add_plugin_dock_widget("napari-pixclass", name, tabify=True)
    dock_widget.setFixedWidth(DOCK_WIDTH)
    return dock


def paint_and_train(viewer: napari.Viewer, dock: QWidget) -> None:
    click(dock.images.new)
    table = dock.classes.table
    for row, (name, strokes) in enumerate(STROKES.items()):
        if row == table.rowCount():
            click(dock.classes.add)
        rename(table, row, name)
        click_cell(table, row)
        for points in strokes:
            stroke(viewer, points)
    wait_until(lambda: len(dock.session.counts) == len(STROKES))
    click(dock.training.train)
    wait_until(lambda: dock.session.job is None)


def predict(dock: QWidget) -> None:
    click(dock.prediction.run)
    wait_until(lambda: dock.session.job is None)


# Mouse and keyboard ---------------------------------------------------------------------------------------------------


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    let_it_happen()


def click_cell(table: QTableWidget, row: int) -> None:
    position = table.visualItemRect(table.item(row, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=position)
    let_it_happen()


def rename(table: QTableWidget, row: int, name: str) -> None:
    position = table.visualItemRect(table.item(row, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=position)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=position)
    editor = table.findChild(QLineEdit)
    QTest.keyClicks(editor, name)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    let_it_happen()


def stroke(viewer: napari.Viewer, points: Sequence[Point]) -> None:
    """Draw on the canvas with the left mouse button along points (y, x) of the world."""
    canvas = viewer.window._qt_viewer.canvas.native
    camera = viewer.scene.camera
    middle = np.array([canvas.height(), canvas.width()]) / 2
    corners = [middle + (np.array(point) - camera.center[-2:]) * camera.zoom for point in points]
    path = [
        QPoint(*(round(value) for value in (start + (stop - start) * t)[::-1]))
        for start, stop in pairwise(corners)
        for t in np.linspace(0, 1, 12)
    ]
    QTest.mouseMove(canvas, path[0])
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=path[0])
    for position in path:
        QTest.mouseMove(canvas, position)
        QTest.qWait(
            10
        )  # a hand is not faster, and what comes faster is dropped on its way through the screen
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=path[-1])
    let_it_happen()


def let_it_happen() -> None:
    QTest.qWait(50)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came of it within {PATIENCE} s.")
        let_it_happen()
    let_it_happen()


# Pictures -------------------------------------------------------------------------------------------------------------


def pixels_of(widget: QWidget) -> np.ndarray:
    picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    memory = picture.constBits()
    memory.setsize(picture.sizeInBytes())
    return np.frombuffer(memory, np.uint8).reshape(picture.height(), picture.width(), 4).copy()


def save(pixels: np.ndarray, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and nobody sees it."""
    Image.fromarray(pixels[..., :3]).quantize(256, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
