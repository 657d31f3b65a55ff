"""Importing and exporting labels in the Train dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog
from tests.viewer.conftest import LONG, stripes

import napari_pixclass as px
from napari_pixclass.io import load_training_labels, open_labels, write_tiff
from napari_pixclass.viewer import TrainDock

SMALL = np.zeros((10, 6), np.uint8)
SMALL[2, :4] = 5
SMALL[4:6, 0] = 9


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write_tiff(tmp_path / "small.tif", SMALL, "YX")
    return tmp_path / "small.tif"


@pytest.fixture
def dock(viewer: ViewerModel, open_dock: Callable[..., TrainDock]) -> TrainDock:
    viewer.add_image(stripes((40, 64)), name="stripes")
    dock = open_dock(viewer, "Train")
    dock.images.new.click()
    return dock


@pytest.fixture
def import_file(
    dock: TrainDock, small: Path, click: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choose a file in the panel, and wait for the preview."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(small), ""))
    click(dock.images.import_labels)
    qtbot.waitUntil(lambda: dock.label_import.file.height() > 9, timeout=LONG)  # laid out
    click(dock.label_import.file)
    qtbot.waitUntil(dock.label_import.apply.isEnabled, timeout=LONG)


def preview(viewer: ViewerModel) -> np.ndarray:
    return np.asarray(px.session(viewer).import_preview.layer.data)


def choose(combo: Any, text: str) -> None:
    index = combo.findText(text)
    assert index >= 0, [combo.itemText(i) for i in range(combo.count())]
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def test_labels_are_seen_before_they_are_imported_and_can_be_undone(
    viewer: ViewerModel, dock: TrainDock, import_file: None, click: Any, qtbot: Any
) -> None:
    panel, session = dock.label_import, px.session(viewer)
    assert panel.facts.text() == "small.tif: 10 x 6, 2 values"
    assert np.array_equal(preview(viewer)[:10, :6], SMALL)
    assert session.counts == {}
    assert len(session.labels_layers) == 1  # nobody can paint on the preview
    choose(panel.axes, "X, Y (turned)")
    assert not panel.apply.isEnabled()  # what was planned is not wanted any more
    for box, value in zip(panel.offset.boxes, (30, 50), strict=True):
        box.setValue(value)
    choose(panel.values.cellWidget(0, 2), "Class 2")
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    assert panel.result.text() == "6 pixels of 2 classes: 6 new."
    expected = np.zeros((40, 64), np.uint8)
    expected[30:36, 50:60] = SMALL.T
    expected[expected == 5] = 2
    assert np.array_equal(preview(viewer), expected)
    click(panel.apply)
    (layer,) = session.labels_layers
    assert np.array_equal(layer.data, expected)
    assert [layer.name for layer in viewer.layers] == ["stripes", "Labels of stripes"]
    assert session.counts == {2: 4, 9: 2}
    assert [info.value for info in session.classes] == [1, 2, 9]
    assert not panel.isVisible()
    layer.undo()
    assert not layer.data.any()


def test_an_import_that_is_given_up_leaves_nothing(
    viewer: ViewerModel, dock: TrainDock, import_file: None, click: Any
) -> None:
    click(dock.label_import.cancel)
    assert [layer.name for layer in viewer.layers] == ["stripes", "Labels of stripes"]
    assert px.session(viewer).counts == {}
    assert not dock.label_import.isVisible()


def test_an_import_ends_with_its_image(
    viewer: ViewerModel, dock: TrainDock, import_file: None
) -> None:
    viewer.layers.remove("Labels of stripes")  # it will get others
    assert px.session(viewer).importing.target is not None
    viewer.layers.remove("stripes")
    assert px.session(viewer).importing.target is None
    assert px.session(viewer).import_preview.layer is None


def test_objects_of_another_layer_become_one_class(
    viewer: ViewerModel, dock: TrainDock, click: Any, qtbot: Any
) -> None:
    objects = np.arange(40 * 64).reshape(40, 64) % 50
    source = viewer.add_labels(objects, name="objects")
    viewer.layers.selection.active = viewer.layers["stripes"]
    click(dock.images.import_labels)
    panel = dock.label_import
    qtbot.waitUntil(lambda: panel.file.height() > 9, timeout=LONG)
    panel.source.layer_chosen.emit(source)
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    assert panel.values.rowCount() == 1
    choose(panel.values.cellWidget(0, 2), "Class 2")
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    click(panel.apply)
    assert px.session(viewer).counts == {2: int((objects > 0).sum())}
    assert np.array_equal(source.data, objects)


def test_labels_of_one_plane_go_to_the_plane_on_screen(
    viewer: ViewerModel, open_dock: Callable[..., TrainDock], small: Path, qtbot: Any, click: Any
) -> None:
    viewer.add_image(np.zeros((7, 10, 6), np.float32), name="volume", scale=(3, 1, 1))
    viewer.dims.set_current_step(0, 4)
    dock = open_dock(viewer, "Train")
    click(dock.images.import_labels)
    dock.label_import.choose(small)
    panel = dock.label_import
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    assert panel.offset.values() == (4, 0, 0)
    click(panel.apply)
    (pair,) = px.session(viewer).pairs  # made for it
    expected = np.zeros((7, 10, 6), np.uint8)
    expected[4] = SMALL
    assert np.array_equal(np.asarray(pair.labels.data), expected)
    pair.labels.layer.undo()
    assert not np.asarray(pair.labels.data).any()


def test_labels_are_exported_to_the_file_that_was_chosen(
    viewer: ViewerModel,
    dock: TrainDock,
    click: Any,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = px.session(viewer)
    (layer,) = session.labels_layers
    layer.data_setitem((np.array([3]), np.array([4])), 2)
    chosen = (str(tmp_path / "mine"), "PNG with a palette (*.png)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    click(dock.images.export_labels)
    qtbot.waitUntil(lambda: "Wrote" in session.message, timeout=LONG)
    assert np.array_equal(open_labels(tmp_path / "mine.png"), layer.data)


def test_a_file_that_cannot_be_read_is_not_waited_for(
    viewer: ViewerModel, dock: TrainDock, small: Path, click: Any, qtbot: Any
) -> None:
    panel = dock.label_import
    small.write_bytes(b"II*\0")
    click(dock.images.import_labels)
    panel.choose(small)
    assert panel.result.text() == "Reading…"
    qtbot.waitUntil(lambda: px.session(viewer).error != "", timeout=LONG)
    qtbot.waitUntil(lambda: panel.result.text() == "", timeout=LONG)


def test_what_has_been_chosen_stays_where_the_labels_are_locked(
    viewer: ViewerModel, dock: TrainDock, import_file: None, click: Any
) -> None:
    panel, session = dock.label_import, px.session(viewer)
    layer = viewer.layers["Labels of stripes"]
    layer.editable = False
    click(panel.apply)
    assert "locked" in session.error
    assert not layer.data.any()
    layer.editable = True
    click(panel.apply)
    assert np.array_equal(layer.data[:10, :6], SMALL)


def test_an_image_with_other_data_is_looked_at_again(
    viewer: ViewerModel, dock: TrainDock, import_file: None, qtbot: Any
) -> None:
    panel = dock.label_import
    viewer.layers.remove("Labels of stripes")
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    viewer.layers["stripes"].data = stripes((30, 50))
    assert not panel.apply.isEnabled()
    qtbot.waitUntil(panel.apply.isEnabled, timeout=LONG)
    assert preview(viewer).shape == (30, 50)


def test_closing_the_dock_gives_the_import_up(
    viewer: ViewerModel, dock: TrainDock, import_file: None
) -> None:
    dock.close()
    assert [layer.name for layer in viewer.layers] == ["stripes", "Labels of stripes"]
    assert px.session(viewer).importing.source is None


def test_labels_are_saved_as_they_are_at_the_moment(viewer: ViewerModel, tmp_path: Path) -> None:
    session = px.session(viewer)
    image = viewer.add_image(
        stripes((40, 200_000)), name="large"
    )  # looked through in the background
    labels = viewer.add_labels(np.zeros((40, 200_000), np.uint8))
    session.add_pair(image, labels)
    labels.data[2, 5:9], labels.data[2, 25:29] = 1, 2
    session.labels_changed()
    session.train().result(60)
    labels.data[4, 5:9] = 1
    session.labels_changed()
    session.save_classifier(tmp_path / "m.pixclass", with_labels=True)
    (saved,) = load_training_labels(tmp_path / "m.pixclass")
    assert saved.labelled.counts == {1: 8, 2: 4}
