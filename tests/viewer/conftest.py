"""A real napari window, real mouse strokes on its canvas, and the docks as napari opens them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QWidget

import napari_pixclass as px
from napari_pixclass.viewer import FeatureDock, PredictDock, QualityDock, TrainDock

LONG = 60_000  # milliseconds; no test waits that long unless something is broken
DOCKS = {
    "Feature selection": FeatureDock,
    "Train": TrainDock,
    "Predict": PredictDock,
    "Quality": QualityDock,
}

Point = tuple[float, float]


def stripes(shape: tuple[int, ...]) -> np.ndarray:
    """Bright and dark stripes along the last axis, with noise: two classes that are easy to tell apart."""
    rng = np.random.default_rng(0)
    x = np.arange(shape[-1]) // 16 % 2
    return (x * 100 + rng.normal(50, 5, shape)).astype(np.float32)


def scribbles(shape: tuple[int, ...], values: Sequence[int] = (1, 2)) -> np.ndarray:
    """A short line of labels on each of the first stripes, in the middle of every leading axis."""
    labels = np.zeros(shape, dtype=np.uint8)
    middle = tuple(length // 2 for length in shape[:-1])
    for index, value in enumerate(values):
        labels[(*middle, slice(16 * index + 3, 16 * index + 13))] = value
    return labels


@pytest.fixture
def viewer(qtbot: Any) -> Iterator[ViewerModel]:
    """A viewer without a window: all that most tests need."""
    viewer = ViewerModel()
    yield viewer
    px.session(viewer).close()


@pytest.fixture
def window_viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    """A viewer whose window is shown."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1200, 800)
    return viewer


@pytest.fixture
def open_dock(qtbot: Any) -> Callable[[Any, str], Any]:
    """Open a dock: where there is a window, the way the Plugins menu does."""

    docks = []  # nobody else holds them

    def open_it(viewer: Any, name: str) -> Any:
        if hasattr(viewer, "window"):
            return viewer.window.add_plugin_dock_widget("napari-pixclass", name, tabify=True)[1]
        dock = DOCKS[name](viewer)
        docks.append(dock)
        qtbot.addWidget(dock)
        dock.show()
        return dock

    return open_it


@pytest.fixture
def click(qtbot: Any) -> Callable[[QWidget], None]:
    """Click a widget; a disabled one is a mistake of the test."""

    def click_it(widget: QWidget) -> None:
        assert widget.isEnabled(), widget
        # The left end: a checkbox may be wider than what can be clicked of it.
        position = QPoint(8, widget.height() // 2)
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=position)

    return click_it


@pytest.fixture
def wait_idle(qtbot: Any) -> Callable[[Any], None]:
    """Wait until nothing runs in the background."""

    def wait(viewer: Any) -> None:
        session = px.session(viewer)
        qtbot.waitUntil(lambda: session.job is None, timeout=LONG)

    return wait


@pytest.fixture
def stroke(qtbot: Any) -> Callable[[Any, Sequence[Point]], None]:
    """Draw on the canvas with the left mouse button along points (y, x) of the world, as the user's hand would."""

    def draw(viewer: Any, points: Sequence[Point]) -> None:
        QApplication.processEvents()  # the window may just have been laid out
        canvas = viewer.window._qt_viewer.canvas.native
        camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 put a scene in between
        middle = np.array([canvas.height(), canvas.width()]) / 2
        pixels = [middle + (np.array(point) - camera.center[-2:]) * camera.zoom for point in points]
        steps = [
            start + (stop - start) * t
            for start, stop in pairwise(pixels)
            for t in np.linspace(0, 1, 10)
        ]
        path = [QPoint(round(x), round(y)) for y, x in steps]
        for position in path[:1]:
            qtbot.mouseMove(canvas, position)
            QApplication.processEvents()
            qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=position)
        for position in path:
            qtbot.mouseMove(canvas, position)
            QApplication.processEvents()
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=path[-1])

    return draw


@pytest.fixture
def trained(viewer: Any) -> Any:
    """The session of a viewer with an image, its scribbles and a classifier."""
    image = viewer.add_image(stripes((64, 64)), name="stripes")
    labels = viewer.add_labels(scribbles((64, 64)), name="scribbles")
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image, labels)
    session.train().result(60)
    return session


@pytest.fixture
def accidents(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[list[str]]:
    """What went wrong unseen: exceptions nobody caught in any thread, and errors that were only logged."""
    found: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, _: found.append(repr(error)))
    monkeypatch.setattr(threading, "excepthook", lambda told: found.append(repr(told.exc_value)))
    yield found
    found += [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert found == []
