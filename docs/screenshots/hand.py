"""Mouse and keyboard of somebody who sits before a napari window."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QTabBar, QTableWidget, QWidget

from napari_pixclass.viewer._class_table import NAME

Point = tuple[float, float]

WINDOW = (1280, 800)
PATIENCE = 120  # seconds
LEFT = Qt.MouseButton.LeftButton


class Hand:
    """Works with one window.

    Parameters
    ----------
    viewer
        Its viewer.

    Attributes
    ----------
    train, features, predict, quality
        The docks.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self.viewer = viewer
        viewer.window.resize(*WINDOW)
        self.train = viewer.window.add_plugin_dock_widget("napari-pixclass", "Train")[1]
        self.wait()
        docks = {dock.title: dock for dock in viewer.window.dock_widgets.values()}
        self.features, self.predict = docks["Feature selection"], docks["Predict"]
        self.quality = docks["Quality"]
        viewer.reset_view()
        self.wait()

    @property
    def session(self) -> Any:
        """What the docks show."""
        return self.train.session

    def wait(self, seconds: float = 0.1) -> None:
        """Let the window do what it has to do."""
        QTest.qWait(round(1000 * seconds))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came of it within {PATIENCE} s.")
            self.wait()
        self.wait()

    def wait_until_idle(self) -> None:
        """Wait until all that follows from what was done has been done."""
        self.wait(0.5)
        self.wait_until(lambda: self.session.job is None)
        self.wait(0.3)

    # Docks ------------------------------------------------------------------------------------------------------------

    def click(self, widget: QWidget) -> None:
        """Click the left end: a box may be wider than what can be clicked of it."""
        if not widget.isEnabled():
            raise ValueError(f"what is clicked must be enabled; {widget.objectName()!r} is not.")
        QTest.mouseClick(widget, LEFT, pos=QPoint(8, widget.height() // 2))
        self.wait()

    def open_tab(self, dock: QWidget) -> None:
        """Bring a dock to the front."""
        title = dock.parent().windowTitle()
        for bar in self.viewer.window._qt_window.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.tabText(index) == title:
                    QTest.mouseClick(bar, LEFT, pos=bar.tabRect(index).center())
        self.wait()

    def take_class(self, row: int) -> None:
        """Choose a class to paint with."""
        self._click_cell(self.train.classes.table, row)

    def name_class(self, row: int, name: str) -> None:
        """Type the name of a class."""
        table = self.train.classes.table
        QTest.mouseDClick(table.viewport(), LEFT, pos=self._click_cell(table, row))
        editor = table.findChild(QLineEdit)
        QTest.keyClicks(editor, name)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        self.wait()

    def _click_cell(self, table: QTableWidget, row: int) -> QPoint:
        position: QPoint = table.visualItemRect(table.item(row, NAME)).center()
        QTest.mouseClick(table.viewport(), LEFT, pos=position)
        self.wait()
        return position

    def choose_layer(self, combo: Any, name: str) -> None:
        """Choose a layer in a list that drops down."""
        combo.setFocus()
        QTest.keyClicks(combo, name)
        combo.activated.emit(combo.currentIndex())
        self.wait()

    # Canvas -----------------------------------------------------------------------------------------------------------

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
        """Press a key over the canvas."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        canvas.setFocus()
        QTest.keyClick(canvas, key, modifier)
        self.wait()

    def stroke(self, points: Sequence[Point]) -> None:
        """Draw on the canvas along points (y, x) of the world."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        camera = self.viewer.scene.camera
        middle = np.array([canvas.height(), canvas.width()]) / 2
        corners = [
            middle + (np.array(point) - camera.center[-2:]) * camera.zoom for point in points
        ]
        path = [
            QPoint(*(round(value) for value in (start + (stop - start) * t)[::-1]))
            for start, stop in pairwise(corners)
            for t in np.linspace(0, 1, 12)
        ]
        QTest.mouseMove(canvas, path[0])
        QTest.mousePress(canvas, LEFT, pos=path[0])
        for position in path:
            QTest.mouseMove(canvas, position)
            QTest.qWait(10)  # a hand is not faster; what comes faster is dropped on its way
        QTest.mouseRelease(canvas, LEFT, pos=path[-1])
        self.wait(0.05)
