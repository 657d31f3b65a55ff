"""What a user's hands do in a window: real events of mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QKeySequence, QWheelEvent
from qtpy.QtWidgets import QApplication, QLineEdit, QWidget

from napari_pixclass.viewer._class_table import EYE, NAME

from .conftest import LONG, Point
from .live import camera_of, on_layer

LEFT = Qt.MouseButton.LeftButton


class Hands:
    """Mouse and keyboard of one window.

    Parameters
    ----------
    qtbot
        Sends the events.
    viewer
        Its window must be shown.
    stroke
        Draws on the canvas.
    """

    def __init__(self, qtbot: Any, viewer: Any, stroke: Callable[..., None]) -> None:
        self._qtbot = qtbot
        self._viewer = viewer
        self._stroke = stroke
        self.canvas: QWidget = viewer.window._qt_viewer.canvas.native
        window = viewer.window._qt_window
        window.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=LONG)

    def draw(self, layer: Any, *points: Point) -> None:
        """Draw along points, given in pixels of the plane of a layer that is displayed."""
        self._stroke(self._viewer, on_layer(layer, *points))

    def click(self, layer: Any, *points: Point) -> None:
        """Click at points of the plane of a layer; a double click at the last one, where there are more."""
        *others, last = [self._position(point) for point in on_layer(layer, *points)]
        for position in others:
            self._qtbot.mouseMove(self.canvas, position)
            self._qtbot.mouseClick(self.canvas, LEFT, pos=position)
        self._qtbot.mouseMove(self.canvas, last)
        self._qtbot.mouseClick(self.canvas, LEFT, pos=last)
        if others:
            self._qtbot.mouseDClick(self.canvas, LEFT, pos=last)
            self._qtbot.mouseRelease(self.canvas, LEFT, pos=last)  # which it leaves out
        QApplication.processEvents()

    def press(self, name: str) -> None:
        """Press a key while the canvas has the focus."""
        self.canvas.setFocus()
        self._qtbot.waitUntil(lambda: QApplication.focusWidget() is self.canvas, timeout=LONG)
        key = QKeySequence(name)[0]
        self._qtbot.keyClick(self.canvas, key.key(), key.keyboardModifiers())
        QApplication.processEvents()

    def turn_wheel(self, steps: int, *modifiers: Qt.KeyboardModifier) -> None:
        """Turn the mouse wheel over the middle of the canvas: away from the user zooms in."""
        middle = QPointF(self.canvas.rect().center())
        keys = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            keys |= modifier
        event = QWheelEvent(
            middle,
            QPointF(self.canvas.mapToGlobal(middle.toPoint())),
            QPoint(0, 0),
            QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.canvas, event)
        QApplication.processEvents()

    def click_class(self, dock: Any, row: int, column: int = NAME) -> None:
        """Click a row of the class table."""
        table = dock.classes.table
        position = table.visualItemRect(table.item(row, column)).center()
        self._qtbot.mouseClick(table.viewport(), LEFT, pos=position)

    def click_eye(self, dock: Any, row: int) -> None:
        """Click the eye of a class."""
        self.click_class(dock, row, EYE)

    def rename_class(self, dock: Any, row: int, name: str) -> None:
        """Double-click the name of a class, type another one and press Enter."""
        table = dock.classes.table
        position = table.visualItemRect(table.item(row, NAME)).center()
        self._qtbot.mouseClick(table.viewport(), LEFT, pos=position)
        self._qtbot.mouseDClick(table.viewport(), LEFT, pos=position)
        self._qtbot.mouseRelease(table.viewport(), LEFT, pos=position)
        editor = table.findChild(QLineEdit)
        editor.selectAll()
        self._qtbot.keyClicks(editor, name)
        self._qtbot.keyClick(editor, Qt.Key.Key_Return)
        self._qtbot.waitUntil(lambda: table.item(row, NAME).text() == name, timeout=LONG)

    def choose(self, combo: Any, layer: Any) -> None:
        """Choose a layer in a box."""
        index = combo.findText(layer.name)
        assert index >= 0
        combo.setFocus()
        while combo.currentIndex() != index:
            down = combo.currentIndex() < index
            self._qtbot.keyClick(combo, Qt.Key.Key_Down if down else Qt.Key.Key_Up)

    def close_dock(self, dock: Any) -> None:
        """Close a dock with the button in its title."""
        self._qtbot.mouseClick(dock.parent().titleBarWidget().close_button, LEFT)

    def _position(self, point: Point) -> QPoint:
        camera = camera_of(self._viewer)
        y, x = (
            size / 2 + (at - middle) * camera.zoom
            for size, at, middle in zip(
                (self.canvas.height(), self.canvas.width()), point, camera.center[-2:], strict=True
            )
        )
        return QPoint(round(x), round(y))
