"""A long session of a user who never waits: everything is done while something is running."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_pixclass.viewer._view import visible_region

from .conftest import LONG, stripes
from .hands import Hands
from .live import check_shown, expected, features, redraw, settle
from .witness import Witness, workers

SHAPE = (3, 160, 210)
CTRL = Qt.KeyboardModifier.ControlModifier


class Project:
    """A window with two docks, live, an image with labels of two classes, and a witness."""

    def __init__(self, viewer: Any, qtbot: Any, open_dock: Any, click: Any, stroke: Any) -> None:
        self.viewer, self.qtbot, self.open_dock, self.click = viewer, qtbot, open_dock, click
        self.image = viewer.add_image(stripes(SHAPE), name="stripes")
        self.train, self.predict = open_dock(viewer, "Train"), open_dock(viewer, "Predict")
        self.session = self.train.session
        self.session.features, self.session.n_estimators = features(2), 30
        self.raise_dock(self.train)
        click(self.train.images.new)
        self.labels = self.session.pairs[0].labels.layer
        self.witness = Witness(self.session)
        self.witness.look_after(self.labels)
        redraw(viewer)
        self.hands = Hands(qtbot, viewer, stroke)
        self._row = 10

    def raise_dock(self, dock: Any) -> None:

        def is_in_front() -> bool:
            dock.parent().raise_()  # a dock that has just been opened may push itself forward once more
            return not dock.visibleRegion().isEmpty()

        self.qtbot.waitUntil(is_in_front, timeout=LONG)

    def paint(self, row: int = 0) -> None:
        """Choose a class, and draw a short line that has not been drawn before: live update begins."""
        self.hands.click_class(self.train, row)
        top, left = (axis.start for axis in visible_region(self.labels, self.viewer.dims)[-2:])
        self._row = self._row + 7 if self._row < 45 else 4
        y, x = top + self._row, left + 4 + 16 * row
        before = self.labels.data.copy()
        for shift in (0, 3, 60):  # it may have been drawn there before
            self.hands.draw(self.labels, (y + shift, x), (y + shift, x + 7))
            if not np.array_equal(before, self.labels.data):
                return
        raise AssertionError("the stroke has not reached the canvas")

    def is_busy(self) -> bool:
        return self.session.job is not None

    def busy(self) -> None:
        """Have something running."""
        dims = self.viewer.dims
        if not self.is_busy() and dims.displayed == (1, 2):
            self.paint(len(self.session.classes) - 1)
        elif not self.is_busy():
            self.labels.data = np.roll(self.labels.data, 1, axis=1)
        assert self.is_busy()

    def settle(self) -> None:
        settle(self.qtbot, self.session)
        check_shown(self.session, expected(self.session))
        assert self.witness.problems == []


@pytest.fixture
def project(
    make_napari_viewer: Callable[..., Any],
    qtbot: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    stroke: Callable[..., None],
) -> Project:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1100, 750)
    return Project(viewer, qtbot, open_dock, click, stroke)


def test_painting(project: Project, accidents: list[str]) -> None:
    hands, labels = project.hands, project.labels
    project.click(project.train.training.live_update)
    project.paint(0)
    project.paint(1)
    for _ in range(3):
        project.busy()
        project.paint(0)
    project.settle()
    # Undo and redo, erase, fill, a polygon, and the eraser again: without a pause.
    project.busy()
    hands.press("Ctrl+Z")
    project.busy()
    hands.press("Ctrl+Shift+Z")
    project.busy()
    hands.press("Shift+E")
    assert labels.mode == "erase"
    before = np.count_nonzero(labels.data)
    *_, y, x = (int(index[0]) for index in np.nonzero(labels.data))
    hands.draw(labels, (y, x), (y, x + 4))
    assert np.count_nonzero(labels.data) < before
    assert project.is_busy()
    hands.press("Shift+E")
    project.busy()
    labels.mode = "fill"
    before = np.count_nonzero(labels.data == 2)
    hands.click(labels, (150, 200))
    assert np.count_nonzero(labels.data == 2) > before + 10_000
    project.busy()
    hands.press("Ctrl+Z")
    project.busy()
    labels.mode = "polygon"
    before = np.count_nonzero(labels.data)
    hands.click(labels, (100, 130), (100, 138), (120, 138), (120, 130))
    assert np.count_nonzero(labels.data) > before
    project.settle()
    labels.data = np.roll(labels.data, 3, axis=1)
    project.busy()
    project.settle()


def test_looking_around(project: Project, accidents: list[str]) -> None:
    hands, viewer, session = project.hands, project.viewer, project.session
    project.click(project.train.training.live_update)
    for row in (0, 1):
        project.paint(row)
    actions: list[Callable[[], None]] = [
        lambda: hands.turn_wheel(3),
        lambda: hands.turn_wheel(1, CTRL),
        lambda: hands.press("Right"),
        lambda: hands.turn_wheel(-5),
        lambda: hands.press("Left"),
        lambda: hands.press("Shift+U"),
        lambda: hands.press("Shift+S"),
        lambda: hands.click_eye(project.train, 0),
        lambda: hands.press("Shift+R"),
        lambda: hands.press("Shift+R"),
        lambda: hands.click_eye(project.train, 0),
        lambda: hands.press("Ctrl+Y"),
        lambda: hands.press("Ctrl+Y"),
        lambda: hands.press("Ctrl+E"),
        lambda: hands.press("Ctrl+E"),
        lambda: hands.press("Ctrl+R"),
        lambda: viewer.window.resize(1000, 700),
        lambda: [hands.press("Shift+I") for _ in range(4)],
    ]
    for action in actions:
        project.busy()
        action()
    project.settle()
    assert viewer.dims.ndisplay == 2
    assert session.live_update


def test_docks_and_layers(project: Project, accidents: list[str]) -> None:
    hands, viewer, session, click = project.hands, project.viewer, project.session, project.click
    click(project.train.training.live_update)
    for row in (0, 1):
        project.paint(row)
    project.busy()
    hands.rename_class(project.train, 0, "Dark")
    assert session.classes[0].name == "Dark"
    project.busy()
    project.image.name, project.labels.name = "renamed", "scribbles of mine"
    project.busy()
    click(project.train.classes.add)
    project.paint(2)
    project.busy()
    hands.close_dock(project.train)
    project.qtbot.wait(20)
    project.train = project.open_dock(viewer, "Train")
    project.raise_dock(project.train)
    project.busy()
    hands.click_class(project.train, 2)
    click(project.train.classes.delete)
    assert len(session.classes) == 2
    project.settle()
    project.busy()
    viewer.layers.remove(session.output_layers.of(project.image)[1])
    project.busy()
    click(project.train.training.train)
    project.busy()
    project.raise_dock(project.predict)
    click(project.predict.prediction.run)
    project.qtbot.waitUntil(lambda: not project.is_busy(), timeout=LONG)
    project.raise_dock(project.train)
    project.busy()
    click(project.train.footer.cancel)
    assert not project.witness.problems
    project.paint(1)
    project.settle()


def test_a_second_image(project: Project, accidents: list[str]) -> None:
    hands, viewer, session, click = project.hands, project.viewer, project.session, project.click
    click(project.train.training.live_update)
    for row in (0, 1):
        project.paint(row)
    project.busy()
    second = viewer.add_image(stripes((120, 140)) + 5, name="second")
    project.busy()
    click(project.train.images.add)
    click(project.train.images.new)
    labels = session.pairs[1].labels.layer
    project.witness.look_after(labels)
    viewer.layers.selection.active = labels
    project.busy()
    hands.press("Alt+2")
    hands.draw(labels, (60, 3), (60, 12))
    assert labels.data.any()
    project.raise_dock(project.predict)
    hands.choose(project.predict.prediction.image, second)
    assert session.target.layer is second
    project.settle()
    hands.draw(labels, (70, 3), (70, 12))
    assert project.is_busy()
    hands.choose(project.predict.prediction.image, project.image)
    hands.draw(labels, (80, 3), (80, 12))
    hands.choose(project.predict.prediction.image, second)
    project.raise_dock(project.train)
    click(project.train.images.rows[1].remove)
    project.settle()
    project.busy()
    viewer.layers.remove(second)
    project.settle()
    project.busy()
    viewer.layers.remove(project.labels)
    project.qtbot.waitUntil(lambda: not project.is_busy(), timeout=LONG)
    assert session.pairs == ()
    assert project.witness.problems == []


def test_closing_the_window(
    make_napari_viewer: Callable[..., Any],
    qtbot: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    stroke: Callable[..., None],
    accidents: list[str],
) -> None:
    before = workers()
    viewer = make_napari_viewer(show=True)
    project = Project(viewer, qtbot, open_dock, click, stroke)
    click(project.train.training.live_update)
    for row in (0, 1):
        project.paint(row)
    project.settle()
    assert workers() > before
    project.busy()
    alive = [
        weakref.ref(each)
        for each in (project.session, project.image, project.labels, *viewer.layers)
    ]
    messages: list[Any] = []
    project.session.job_changed.connect(messages.append)
    viewer.close()
    assert project.session.is_closed
    assert project.session.job is None or project.session.job.cancelled
    qtbot.waitUntil(lambda: workers() <= before, timeout=LONG)
    qtbot.wait(50)
    assert project.session.job is None
    messages.clear()
    qtbot.wait(150)  # timers would be heard
    assert messages == []
    del viewer, project
    open_dock.__closure__[0].cell_contents.clear()

    def is_gone() -> bool:
        gc.collect()
        return all(each() is None for each in alive)

    qtbot.waitUntil(is_gone, timeout=5000)


def test_closing_the_window_right_after_a_stroke(
    make_napari_viewer: Callable[..., Any],
    qtbot: Any,
    stroke: Callable[..., None],
    accidents: list[str],
) -> None:
    """A move of the mouse that napari has not handed on yet does no harm."""
    viewer = make_napari_viewer(show=True)
    labels = viewer.add_labels(np.zeros((64, 64), np.uint8))
    labels.mode = "paint"
    qtbot.wait(50)
    stroke(viewer, [(5, 5), (5, 50)])
    canvas = viewer.window._qt_viewer.canvas.native
    for x in (50, 60):
        qtbot.mouseMove(canvas, QPoint(x, 50))
    del canvas
    viewer.close()
    qtbot.wait(50)  # timers would be heard
