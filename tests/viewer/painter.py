"""A program that is killed while it paints: a napari window, the Train dock, and a hand that draws lines.

Unless its first line is line 0, it restores what it is offered. It paints line after line, tells of each on standard
output once the mouse button is up, and kills itself at a random moment.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

import napari_pixclass as px

PAUSE_MS = 250
"""Nobody lifts the pen, moves on and draws the next line faster."""

PATIENCE_MS = 30_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("first", type=int, help="number of the first line")
    parser.add_argument("n_lines", type=int, help="lines before the process may be killed")
    parser.add_argument("--seed", type=int, default=0, help="of the moment")
    parser.add_argument("--live", action="store_true", help="with live update")
    parser.add_argument("--shape", type=int, nargs="+", default=[256, 256])
    chosen = parser.parse_args()
    viewer = napari.Viewer(show=True)
    viewer.window.resize(1000, 700)
    image = np.random.default_rng(0).normal(100, 20, chosen.shape).astype(np.float32)
    layer = viewer.add_image(image, name="cells")
    _, dock = viewer.window.add_plugin_dock_widget("napari-pixclass", "Train", tabify=True)
    session = px.session(viewer)
    labels = restored(session, dock) if chosen.first else session.new_labels(layer)
    tell(labels)
    session.live_update = chosen.live
    labels.brush_size = 3
    moment = random.Random(chosen.seed).uniform(0, 2 * PAUSE_MS / 1000)
    for number in range(chosen.first, chosen.first + 1000):
        if number == chosen.first + chosen.n_lines:
            threading.Timer(moment, os.kill, (os.getpid(), signal.SIGKILL)).start()
        session.select_class(1 + number % 2)
        draw(viewer, row=6 * number + 6, columns=(20, 200))
        tell(labels)
        QTest.qWait(PAUSE_MS)


def restored(session: Any, dock: Any) -> Any:
    """The labels layer with what an earlier process has painted."""
    wait_until(lambda: dock.restore.rows)
    QTest.mouseClick(dock.restore.rows[0].restore, Qt.MouseButton.LeftButton)
    wait_until(lambda: session.counts)
    return session.pairs[0].labels.layer


def wait_until(what: Callable[[], object]) -> None:
    """Let the window live until something is true."""
    for _ in range(PATIENCE_MS // 20):
        if what():
            return
        QTest.qWait(20)
    raise TimeoutError("it never happened.")


def draw(viewer: Any, row: int, columns: tuple[int, int]) -> None:
    """Draw a line with the left mouse button."""
    canvas = viewer.window._qt_viewer.canvas.native
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 put a scene in between
    middle = np.array([canvas.height(), canvas.width()]) / 2
    path = []
    for column in np.linspace(*columns, 20):
        y, x = middle + (np.array([row, column]) - camera.center[-2:]) * camera.zoom
        path.append(QPoint(round(x), round(y)))
    QTest.mouseMove(canvas, path[0])
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=path[0])
    for position in path:
        QTest.mouseMove(canvas, position)
        QApplication.processEvents()
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=path[-1])


def tell(labels: Any) -> None:
    """Say how many pixels each row has."""
    plane = labels.data.reshape(-1, *labels.data.shape[-2:]).sum(axis=0, dtype=int)
    rows = {int(row): int((plane[row] > 0).sum()) for row in np.flatnonzero(plane.any(axis=1))}
    sys.stdout.write(f"{json.dumps(rows)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
