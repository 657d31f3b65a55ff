"""Suspicious labels in the Quality dock: found, gone to, removed, relabelled, kept; and the rings around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

import napari_pixclass as px
from napari_pixclass.core import _stroke_bags

from .conftest import LONG
from .hands import Hands
from .live import camera_of, features

pytestmark = pytest.mark.usefixtures("accidents")

SHAPE = (96, 128)
RINGS = "Suspicious labels of halves"
WRONG = {26: slice(5, 35), 50: slice(90, 120)}
"""Row and columns of strokes of another class."""


def halves() -> np.ndarray:
    image = np.random.default_rng(0).normal(50, 5, SHAPE)
    image[:, 64:] += 100
    return image.astype(np.float32)


def doubtful() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[2:90:8, 5:35] = 1
    labels[2:90:8, 90:120] = 2
    for (row, columns), value in zip(WRONG.items(), (2, 1), strict=True):
        labels[row, columns] = value
    return labels


def begin(viewer: ViewerModel) -> Any:
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), 10
    image = viewer.add_image(halves(), name="halves")
    session.add_pair(image, viewer.add_labels(doubtful(), name="scribbles"))
    session.change_class(1, name="Dark")
    session.change_class(2, name="Bright")
    return session


@pytest.fixture(autouse=True)
def few_bags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for strokes that are as easy to tell apart as these."""
    monkeypatch.setattr(_stroke_bags, "N_BAGS", 12)


@pytest.fixture
def session(viewer: ViewerModel) -> Any:
    return begin(viewer)


@pytest.fixture
def panel(
    session: Any,
    viewer: ViewerModel,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> Any:
    """The panel after a search."""
    panel = open_dock(viewer, "Quality").suspicion
    click(panel.fold)
    click(panel.find)
    wait_idle(viewer)
    return panel


def rows(panel: Any) -> list[list[str]]:
    table = panel.list
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def rings(viewer: ViewerModel) -> list[list[float]]:
    return viewer.layers[RINGS].data.tolist() if RINGS in viewer.layers else []


def choose(panel: Any, qtbot: Any, name: str) -> None:
    """Click the stroke that is painted as this class."""
    (row,) = (row for row, texts in enumerate(rows(panel)) if texts[0] == name)
    position = panel.list.visualItemRect(panel.list.item(row, 0)).center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=position)


def test_in_a_window(
    window_viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    stroke: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
) -> None:
    """Find, go there, remove, undo, and paint it right by hand."""
    viewer, session = window_viewer, begin(window_viewer)
    dock = open_dock(viewer, "Quality")
    panel, layer = dock.suspicion, viewer.layers["scribbles"]
    click(panel.fold)
    click(panel.find)
    wait_idle(viewer)
    assert dock.footer.status.text() == "2 strokes of 22 may be painted wrongly."
    assert {tuple(row[:3]) for row in rows(panel)} == {
        ("Bright", "Dark", "30"),
        ("Dark", "Bright", "30"),
    }
    assert sorted(rings(viewer)) == [[26, 19.5], [50, 104.5]]
    choose(panel, qtbot, "Bright")
    np.testing.assert_allclose(camera_of(viewer).center[-2:], (26, 19), atol=1)
    assert viewer.layers.selection.active is layer
    click(panel.remove)
    assert not layer.data[26].any() or not layer.data[26, 5:35].any()
    assert dock.footer.status.text() == "Removed a stroke of 30 pixels."
    assert rings(viewer) == [[50, 104.5]]
    assert [row[0] for row in rows(panel)] == ["Dark"]
    layer.undo()
    qtbot.waitUntil(lambda: len(rows(panel)) == 2, timeout=LONG)
    assert (layer.data == doubtful()).all()
    assert len(rings(viewer)) == 2
    hands = Hands(qtbot, viewer, stroke)
    session.select_class(1)
    viewer.layers.selection.active, layer.mode = layer, "paint"
    hands.draw(layer, (26, 3), (26, 37))
    qtbot.waitUntil(lambda: rings(viewer) == [[50, 104.5]], timeout=LONG)
    assert "The labels have changed since." in panel.hint.text()


def test_relabelling_and_nothing_left(
    panel: Any, viewer: ViewerModel, click: Callable[..., None], qtbot: Any
) -> None:
    layer = viewer.layers["scribbles"]
    choose(panel, qtbot, "Bright")
    assert "Make this stroke one of Dark" in panel.relabel.toolTip()
    click(panel.relabel)
    assert (layer.data[26, 5:35] == 1).all()
    choose(panel, qtbot, "Dark")
    click(panel.relabel)
    assert (layer.data[50, 90:120] == 2).all()
    assert RINGS not in viewer.layers
    assert not panel.list.isVisible()
    assert panel.hint.text() == "Nothing is left of what was found. The labels have changed since."
    layer.undo()
    assert (layer.data[50, 90:120] == 1).all()


def test_what_is_kept_is_remembered(
    panel: Any,
    viewer: ViewerModel,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
) -> None:
    choose(panel, qtbot, "Bright")
    click(panel.keep)
    assert [row[0] for row in rows(panel)] == ["Dark"]
    assert rings(viewer) == [[50, 104.5]]
    click(panel.find)
    wait_idle(viewer)
    assert [row[0] for row in rows(panel)] == ["Dark"]
    assert panel.kept.text() == "List again what was kept (1)"
    click(panel.kept)
    assert len(rows(panel)) == 2
    assert not panel.kept.isVisible()


def test_names_and_colours_follow(panel: Any, session: Any) -> None:
    session.change_class(1, name="Night")
    assert {tuple(row[:2]) for row in rows(panel)} == {("Bright", "Night"), ("Night", "Bright")}


def test_rings_are_no_labels_and_go_with_the_list(
    panel: Any, viewer: ViewerModel, session: Any, click: Callable[..., None]
) -> None:
    layer = viewer.layers[RINGS]
    assert not layer.editable
    assert [pair.labels.layer for pair in session.pairs] == [viewer.layers["scribbles"]]
    assert session.suspicion_is_current
    click(panel.clear)
    assert RINGS not in viewer.layers
    assert not panel.clear.isEnabled()
    assert panel.list.rowCount() == 0


def test_keys_move_in_the_list_and_go_there(panel: Any, viewer: ViewerModel, qtbot: Any) -> None:
    first = rows(panel)[0][0]
    choose(panel, qtbot, first)
    seen = [tuple(camera_of(viewer).center[-2:])]
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    seen.append(tuple(camera_of(viewer).center[-2:]))
    assert {round(row) for row, _ in seen} == set(WRONG)


def test_layers_that_go(panel: Any, viewer: ViewerModel) -> None:
    viewer.layers.remove(RINGS)  # the user does not want it
    viewer.layers["scribbles"].name = "mine"
    assert len(rows(panel)) == 2
    viewer.layers.remove("mine")
    assert rows(panel) == []
    assert RINGS not in viewer.layers


def test_labels_that_cannot_be_changed(
    panel: Any, viewer: ViewerModel, click: Callable[..., None], qtbot: Any
) -> None:
    viewer.layers["scribbles"].editable = False
    choose(panel, qtbot, "Bright")
    click(panel.remove)
    assert (viewer.layers["scribbles"].data == doubtful()).all()
    assert len(rows(panel)) == 2


def test_nothing_to_search(
    viewer: ViewerModel, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    dock = open_dock(viewer, "Quality")
    click(dock.suspicion.fold)
    assert not dock.suspicion.find.isEnabled()
    assert dock.suspicion.find.toolTip()
    assert not dock.suspicion.list.isVisible()
