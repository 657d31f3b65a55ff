"""Scribbles are offered in the Train dock when their image is open again, and brought back by one click."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from tests.viewer.conftest import LONG, scribbles, stripes

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, LabelledPixels, default_class
from napari_pixclass.io import ScribblesFolder, fingerprint, load_scribbles, save_scribbles
from napari_pixclass.viewer import TrainDock
from napari_pixclass.viewer._restore_panel import told_time
from napari_pixclass.viewer._sample_data import sample_layers

IMAGE = stripes((64, 64))
NUCLEI = ClassInfo(2, "nuclei", "#ff0080")


def stroke_on(layer: Any, rows: Any, columns: Any, value: int) -> None:
    """Label some pixels in one stroke: it is told of when it is finished."""
    with layer.block_history():
        layer.data_setitem((np.array(rows), np.array(columns)), value)


@pytest.fixture
def new_viewer(qtbot: Any) -> Iterator[Callable[[], ViewerModel]]:
    """More viewers, one after the other."""
    viewers = []

    def make() -> ViewerModel:
        viewers.append(ViewerModel())
        return viewers[-1]

    yield make
    for viewer in viewers:
        px.session(viewer).close()


@pytest.fixture
def files(state_folder: Path) -> Callable[[], list[Path]]:
    return lambda: sorted((state_folder / "scribbles").glob("*.scribbles"))


@pytest.fixture
def left(new_viewer: Any, files: Any, qtbot: Any) -> np.ndarray:
    """Scribbles of `IMAGE` that a viewer has left, with a class called nuclei."""
    viewer = new_viewer()
    session = px.session(viewer)
    layer = session.new_labels(viewer.add_image(IMAGE, name="before"))
    session.classes = [default_class(1), NUCLEI]
    stroke_on(layer, *np.nonzero(scribbles((64, 64))), 2)
    stroke_on(layer, [5, 5], [7, 8], 1)
    qtbot.waitUntil(lambda: bool(files()), timeout=LONG)
    session.close()
    qtbot.waitUntil(lambda: not list(files()[0].parent.glob("*.lock")), timeout=LONG)
    return np.array(layer.data)


@pytest.fixture
def wait_for_offer(qtbot: Any) -> Callable[[TrainDock], Any]:
    def wait(dock: TrainDock) -> Any:
        qtbot.waitUntil(lambda: bool(dock.restore.rows), timeout=LONG)
        return dock.restore.rows[0]

    return wait


@pytest.fixture
def settle(qtbot: Any) -> Callable[[Any], None]:
    """Have everything searched, read and written that is to be."""

    def wait(viewer: Any) -> None:
        session = px.session(viewer)
        session.recovery._autosave.worker.join()
        session.deliver()

    return wait


def labels_of(viewer: Any) -> list[np.ndarray]:
    return [pair.labels.data for pair in px.session(viewer).pairs]


def test_nothing_to_offer_takes_no_place(viewer: Any, open_dock: Any, settle: Any) -> None:
    viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    settle(viewer)
    assert not dock.restore.isVisible()
    assert dock.restore.rows == []


@pytest.mark.parametrize("dock_first", [True, False])
def test_offered_whenever_the_dock_is_opened(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, dock_first: bool
) -> None:
    if dock_first:
        dock = open_dock(viewer, "Train")
        viewer.add_image(IMAGE.copy(), name="after")
    else:
        viewer.add_image(IMAGE.copy(), name="after")
        dock = open_dock(viewer, "Train")
    row = wait_for_offer(dock)
    assert dock.restore.isVisible()
    assert row.text.text().startswith("Scribbles of after from today ")
    assert row.text.text().endswith(" (22 pixels, 2 classes)")
    assert "Painted on before" in row.text.toolTip()


def test_restored_into_empty_labels_and_undone(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, qtbot: Any
) -> None:
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    layer = px.session(viewer).new_labels(image)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: bool(layer.data.any()), timeout=LONG)
    np.testing.assert_array_equal(layer.data, left)
    assert NUCLEI in px.session(viewer).classes
    assert "Restored 22 pixels of 2 classes" in dock.footer.status.text()
    assert not dock.restore.isVisible()
    layer.undo()
    assert not layer.data.any()
    layer.redo()
    np.testing.assert_array_equal(layer.data, left)


def test_restored_without_labels(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, qtbot: Any
) -> None:
    viewer.add_image(IMAGE, name="cells", scale=(0.5, 0.25))
    dock = open_dock(viewer, "Train")
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: len(px.session(viewer).pairs) == 1, timeout=LONG)
    np.testing.assert_array_equal(labels_of(viewer)[0], left)
    assert viewer.layers[-1].name == "Labels of cells"
    np.testing.assert_array_equal(viewer.layers[-1].scale, (0.5, 0.25))


def test_what_is_painted_is_never_overwritten(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, qtbot: Any
) -> None:
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    session = px.session(viewer)
    session.classes = [ClassInfo(1, "mine", "#00ff00"), default_class(2)]
    painted = session.new_labels(image)
    stroke_on(painted, [50], [50], 1)
    qtbot.waitUntil(lambda: session.counts == {1: 1}, timeout=LONG)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: len(session.pairs) == 2, timeout=LONG)
    assert np.count_nonzero(painted.data) == painted.data[50, 50] == 1
    np.testing.assert_array_equal(labels_of(viewer)[1], left)
    assert session.classes == (ClassInfo(1, "mine", "#00ff00"), NUCLEI)


def test_scribbles_that_came_with_the_image_make_way(
    viewer: Any, new_viewer: Any, open_dock: Any, wait_for_offer: Any, click: Any, qtbot: Any,
    files: Any,
) -> None:  # fmt: skip
    def open_sample(viewer: Any) -> Any:
        for data, options, kind in sample_layers("cells"):
            getattr(viewer, f"add_{kind}")(data, **options)
        return viewer.layers[1]

    first = new_viewer()
    session = px.session(first)
    layer = open_sample(first)
    qtbot.waitUntil(lambda: len(session.counts) > 1, timeout=LONG)
    session.recovery._autosave.worker.join()
    assert files() == []
    stroke_on(layer, [0, 0], [0, 1], 1)
    qtbot.waitUntil(lambda: bool(files()), timeout=LONG)
    session.close()
    dock = open_dock(viewer, "Train")
    sample = open_sample(viewer)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=LONG)
    (restored,) = labels_of(viewer)
    np.testing.assert_array_equal(restored, layer.data)
    assert sample in viewer.layers
    assert sample.data[0, 0] == 0


def test_values_that_small_labels_cannot_hold(
    viewer: Any, open_dock: Any, wait_for_offer: Any, click: Any, qtbot: Any, state_folder: Path
) -> None:
    many = np.zeros((64, 64), np.uint16)
    many[3, 4:9] = 300
    folder = ScribblesFolder(state_folder / "scribbles")
    save_scribbles(folder.new_path(fingerprint(IMAGE)), LabelledPixels.of(many))
    folder.close()
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    empty = px.session(viewer).new_labels(image)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: px.session(viewer).counts == {300: 5}, timeout=LONG)
    assert not empty.data.any()
    np.testing.assert_array_equal(viewer.layers[-1].data, many)


def test_hidden_labels_can_be_filled(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, qtbot: Any
) -> None:
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    labels = viewer.add_labels(np.zeros((64, 64), np.uint8), visible=False)
    px.session(viewer).add_pair(image, labels)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: bool(labels.data.any()), timeout=LONG)
    np.testing.assert_array_equal(labels.data, left)


def test_a_discarded_offer_never_comes_back(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, settle: Any,
    files: Any,
) -> None:  # fmt: skip
    viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    click(wait_for_offer(dock).discard)
    assert not dock.restore.isVisible()
    viewer.add_image(IMAGE + 1)
    settle(viewer)
    assert files() == []
    assert dock.restore.rows == []


def test_offers_go_with_their_image(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, settle: Any
) -> None:
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    wait_for_offer(dock)
    viewer.layers.remove(image)
    assert dock.restore.rows == []
    viewer.add_image(IMAGE[:32])
    viewer.add_image(IMAGE.astype(np.float64))
    settle(viewer)
    assert dock.restore.rows == []
    viewer.add_image(IMAGE)
    wait_for_offer(dock)


def test_a_deleted_labels_layer_is_offered_again(
    viewer: Any, open_dock: Any, wait_for_offer: Any, click: Any, qtbot: Any, settle: Any,
    files: Any,
) -> None:  # fmt: skip
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    session = px.session(viewer)
    layer = session.new_labels(image)
    stroke_on(layer, [50], [50], 1)
    qtbot.waitUntil(lambda: bool(files()), timeout=LONG)
    settle(viewer)
    assert dock.restore.rows == []
    stroke_on(layer, [51], [51], 2)  # nobody has looked yet
    viewer.layers.remove(layer)
    click(wait_for_offer(dock).restore)
    qtbot.waitUntil(lambda: len(session.pairs) == 1, timeout=LONG)
    np.testing.assert_array_equal(labels_of(viewer)[0], layer.data)
    settle(viewer)
    assert len(files()) == 1


def test_what_was_painted_before_the_dock_was_opened_is_saved(
    viewer: Any, open_dock: Any, qtbot: Any, files: Any
) -> None:
    viewer.add_image(IMAGE)
    layer = viewer.add_labels(scribbles((64, 64)))
    stroke_on(layer, [50], [50], 1)
    open_dock(viewer, "Train")
    qtbot.waitUntil(lambda: bool(files()), timeout=LONG)
    np.testing.assert_array_equal(load_scribbles(files()[0])[0].to_array(), layer.data)


def test_scribbles_of_a_living_viewer_are_not_offered(
    viewer: Any, new_viewer: Any, open_dock: Any, settle: Any, qtbot: Any, files: Any
) -> None:
    other = new_viewer()
    layer = px.session(other).new_labels(other.add_image(IMAGE))
    stroke_on(layer, [50], [50], 1)
    qtbot.waitUntil(lambda: len(files()) == 1, timeout=LONG)
    image = viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    mine = px.session(viewer).new_labels(image)
    stroke_on(mine, [5], [5], 2)
    qtbot.waitUntil(lambda: len(files()) == 2, timeout=LONG)
    settle(viewer)
    assert dock.restore.rows == []
    assert {load_scribbles(path)[0].counts.popitem() for path in files()} == {(1, 1), (2, 1)}


def test_a_file_that_cannot_be_read_is_said_in_the_status_line(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any, click: Any, files: Any,
    qtbot: Any,
) -> None:  # fmt: skip
    viewer.add_image(IMAGE)
    dock = open_dock(viewer, "Train")
    row = wait_for_offer(dock)
    files()[0].write_bytes(b"PK\x03\x04")
    click(row.restore)
    qtbot.waitUntil(lambda: "cannot be read" in dock.footer.status.text(), timeout=LONG)
    assert len(viewer.layers) == 1


def test_an_image_may_be_called_anything(
    viewer: Any, open_dock: Any, left: np.ndarray, wait_for_offer: Any
) -> None:
    viewer.add_image(IMAGE, name="<b>one\ntwo</b> " + "x" * 100)
    row = wait_for_offer(open_dock(viewer, "Train"))
    assert "\n" not in row.text.text()
    assert "<b>one two" in row.text.text()
    assert len(row.text.text()) < 100


NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(minutes=5), "today 09:25"),
        (timedelta(hours=10), "yesterday 23:30"),
        (timedelta(days=2), "27 February, 09:30"),
        (timedelta(days=100), "21 November 2025, 09:30"),
        (timedelta(days=-1), "2 March, 09:30"),
    ],
)
def test_how_a_time_is_told(ago: timedelta, said: str) -> None:
    assert told_time(NOW - ago, NOW) == said
