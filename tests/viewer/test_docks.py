"""What the docks have in common: one session, one look, a life cycle."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from napari.components import ViewerModel
from napari.settings import get_settings
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QTableWidget,
    QWidget,
)

import napari_pixclass as px
from napari_pixclass.viewer._class_table import NAME

from .conftest import DOCKS, LONG, scribbles, stripes

WIDTH = 350
CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QTableWidget)


def add_pair(viewer: Any) -> None:
    viewer.add_image(stripes((64, 64)), name="stripes")
    viewer.add_labels(scribbles((64, 64)), name="scribbles")


def controls(dock: QWidget) -> list[QWidget]:
    """The controls that a user can see, without those that Qt puts into them."""
    return [
        widget
        for kind in CONTROLS
        for widget in dock.findChildren(kind)
        if widget.isVisibleTo(dock)
        and not widget.objectName().startswith("qt_")
        and widget.width() > 1
    ]


@pytest.mark.parametrize("order", list(permutations(DOCKS)), ids="-".join)
def test_docks_work_whichever_is_opened_first(
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    order: tuple[str, ...],
) -> None:
    add_pair(viewer)
    docks = {name: open_dock(viewer, name) for name in order}
    assert {dock.session for dock in docks.values()} == {px.session(viewer)}
    click(docks["Feature selection"].scales.presets[0])
    click(docks["Train"].training.train)
    wait_idle(viewer)
    assert docks["Train"].footer.status.text() == "Trained on 20 pixels of 2 classes."
    click(docks["Predict"].prediction.run)
    wait_idle(viewer)
    assert len(viewer.layers) == 6


def test_docks_open_from_the_manifest(window_viewer: Any, open_dock: Callable[..., Any]) -> None:
    docks = [open_dock(window_viewer, name) for name in DOCKS]
    assert [type(dock) for dock in docks] == list(DOCKS.values())
    assert {dock.session for dock in docks} == {px.session(window_viewer)}


@pytest.mark.parametrize("name", DOCKS)
def test_a_dock_opened_first_takes_up_the_only_image_and_its_labels(
    viewer: Any, open_dock: Callable[..., Any], name: str
) -> None:
    add_pair(viewer)
    dock = open_dock(viewer, name)
    assert [(pair.image.name, pair.labels.name) for pair in dock.session.pairs] == [
        ("stripes", "scribbles")
    ]


def test_a_pair_that_was_taken_back_is_not_taken_up_again(
    viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    add_pair(viewer)
    click(open_dock(viewer, "Train").images.rows[0].remove)
    assert open_dock(viewer, "Predict").session.pairs == ()


def test_labels_of_objects_are_not_taken_for_scribbles(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    viewer.add_image(stripes((64, 64)))
    viewer.add_labels(scribbles((64, 64)) + stripes((64, 64)).astype(int))
    assert open_dock(viewer, "Train").session.pairs == ()


@pytest.mark.parametrize("name", DOCKS)
def test_nothing_is_wider_than_the_dock(
    window_viewer: Any, open_dock: Callable[..., Any], qtbot: Any, name: str
) -> None:
    window_viewer.add_image(
        stripes((8, 64, 64)), name="a very long name " * 5, axis_labels=("z", "y", "x")
    )
    window_viewer.add_labels(scribbles((8, 64, 64)), name="another very long name " * 5)
    dock = open_dock(window_viewer, name)
    dock.session.change_class(1, name="a class with a very long name " * 3)
    dock.session.features = px.FeatureSet.all(
        3, sigmas=[0.3, 0.7, 1, 2.25, 3.75, 5, 7.5, 12.25, 20]
    )
    dock.parent().setFixedWidth(WIDTH)
    window_viewer.window.resize(1366, 500)  # low: the scroll bar takes room as well
    qtbot.waitUntil(lambda: dock.scroll_area.widget().width() <= WIDTH, timeout=LONG)
    assert dock.width() == WIDTH
    for widget in controls(dock):
        if name == "Feature selection" and dock.scales.grid.isAncestorOf(widget):
            continue  # the columns of the grid have a scroll bar of their own
        left = widget.mapTo(dock, widget.rect().topLeft()).x()
        assert left >= 0
        assert left + widget.width() <= WIDTH, widget
        if isinstance(widget, QDoubleSpinBox):  # asks for more than its largest number takes
            needed = widget.fontMetrics().horizontalAdvance("100.00")
            assert needed < widget.lineEdit().width()
        else:
            assert widget.minimumSizeHint().width() <= widget.width(), widget


def test_the_default_scales_fit_without_a_scroll_bar(
    window_viewer: Any, open_dock: Callable[..., Any], qtbot: Any
) -> None:
    window_viewer.add_image(stripes((8, 64, 64)), axis_labels=("z", "y", "x"))
    dock = open_dock(window_viewer, "Feature selection")
    dock.parent().setFixedWidth(WIDTH)
    window_viewer.window.resize(1366, 500)
    qtbot.waitUntil(lambda: dock.scroll_area.verticalScrollBar().isVisible(), timeout=LONG)
    qtbot.waitUntil(lambda: dock.scroll_area.widget().width() <= WIDTH, timeout=LONG)
    grid = dock.scales.grid
    right = max(box.mapTo(grid, box.rect().bottomRight()).x() for box in grid.column_boxes.values())
    assert right < grid.width()


@pytest.mark.parametrize("name", DOCKS)
def test_every_control_has_a_tooltip(viewer: Any, open_dock: Callable[..., Any], name: str) -> None:
    add_pair(viewer)
    dock = open_dock(viewer, name)
    without = [widget for widget in controls(dock) if not widget.toolTip()]
    assert not without


def test_docks_follow_the_theme(window_viewer: Any, open_dock: Callable[..., Any]) -> None:
    dock = open_dock(window_viewer, "Train")

    def background() -> int:
        return int(dock.grab().toImage().pixelColor(5, dock.height() - 5).lightness())

    get_settings().appearance.theme = "dark"
    assert background() < 60
    get_settings().appearance.theme = "light"
    assert background() > 200


def test_closing_docks_ends_their_connections_and_opening_one_again_works(
    window_viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    add_pair(window_viewer)
    for name in DOCKS:
        dock = open_dock(window_viewer, name)
        click(dock.parent().titleBarWidget().close_button)
        assert not dock.connections.is_open
    dock = open_dock(window_viewer, "Train")
    click(dock.training.train)
    wait_idle(window_viewer)
    assert px.session(window_viewer).classifier is not None


def test_a_dock_put_back_shows_what_happened_meanwhile(
    window_viewer: Any, open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(window_viewer, "Train")
    window_viewer.window.remove_dock_widget(dock)
    px.session(window_viewer).change_class(1, name="Dark")
    assert dock.classes.table.item(0, NAME).text() == "Class 1"
    window_viewer.window.add_dock_widget(dock, name="again")
    assert dock.classes.table.item(0, NAME).text() == "Dark"


def test_docks_of_two_viewers_do_not_mix(
    open_dock: Callable[..., Any], click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    first, second = ViewerModel(), ViewerModel()
    for viewer in (first, second):
        add_pair(viewer)
    docks = [open_dock(viewer, "Train") for viewer in (first, second)]
    click(docks[0].training.train)
    wait_idle(first)
    assert px.session(first).classifier is not None
    assert px.session(second).classifier is None
    first.layers["stripes"].name = "renamed"
    assert [dock.images.rows[0].image.currentText() for dock in docks] == ["renamed", "stripes"]
    for viewer in (first, second):
        px.session(viewer).close()


@pytest.mark.parametrize("names", [(), tuple(DOCKS)], ids=["without docks", "with docks"])
def test_closing_the_window_ends_the_work(
    make_napari_viewer: Callable[..., Any],
    open_dock: Callable[..., Any],
    qtbot: Any,
    names: tuple[str, ...],
) -> None:
    viewer = make_napari_viewer(strict_qt="raise")
    image = viewer.add_image(stripes((1024, 1024)))
    docks = [open_dock(viewer, name) for name in names]
    session = px.session(viewer)
    session.add_pair(image, viewer.add_labels(scribbles((1024, 1024))))
    jobs = [session.train(), session.predict()]
    viewer.close()
    qtbot.waitUntil(lambda: all(job.done for job in jobs), timeout=LONG)
    assert all(job.cancelled for job in jobs)
    assert session.classifier is None
    assert not any(dock.connections.is_open for dock in docks)


def test_the_process_ends_soon_after_the_window(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CLOSE_WHILE_PREDICTING)
    subprocess.run([sys.executable, script], check=True, timeout=60)


CLOSE_WHILE_PREDICTING = """
import napari, numpy as np
from qtpy.QtCore import QTimer
import napari_pixclass as px

viewer = napari.Viewer()
labels = np.zeros((256, 256), np.uint8)
labels[3:9, 3:9], labels[100:110, 100:110] = 1, 2
session = px.session(viewer)
session.add_pair(
    viewer.add_image(np.random.default_rng(0).normal(size=(256, 256))), viewer.add_labels(labels)
)
session.train().result(60)
session.target = viewer.add_image(np.zeros((2000, 256, 256), np.uint8))
session.job_changed.connect(lambda job: job and job.progress and QTimer.singleShot(0, viewer.close))
session.predict()
napari.run()
"""
