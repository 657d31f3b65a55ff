"""The dock in which a classifier is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

import napari_pixclass as px
from napari_pixclass.viewer._class_table import COLOR, NAME, PIXELS

from .conftest import LONG, scribbles, stripes


def prepare(viewer: Any, dock: Any) -> None:
    """Give the viewer an image with scribbles of two classes."""
    image = viewer.add_image(
        stripes((64, 64)),
        name="stripes",
        scale=(0.5, 0.5),
        translate=(3, 4),
        units="um",
        axis_labels=("y", "x"),
    )
    place = {"scale": (0.5, 0.5), "translate": (3, 4), "units": "um", "axis_labels": ("y", "x")}
    labels = viewer.add_labels(scribbles((64, 64)), name="scribbles", **place)
    dock.session.features = px.FeatureSet.fast(2)
    dock.session.add_pair(image, labels)


@pytest.fixture
def painted(viewer: Any, open_dock: Callable[..., Any]) -> Any:
    """The dock beside an image with scribbles of two classes."""
    dock = open_dock(viewer, "Train")
    prepare(viewer, dock)
    return dock


@pytest.fixture
def window_painted(window_viewer: Any, open_dock: Callable[..., Any]) -> Any:
    """The same in a window that can be painted in."""
    dock = open_dock(window_viewer, "Train")
    prepare(window_viewer, dock)
    return dock


def world(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Points given in pixels of the image, in the world."""
    return [(3 + 0.5 * y, 4 + 0.5 * x) for y, x in points]


def click_row(qtbot: Any, table: Any, row: int) -> None:
    position = table.visualItemRect(table.item(row, NAME)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=position)


def counts(dock: Any) -> list[int]:
    table = dock.classes.table
    return [int(table.item(row, PIXELS).text().replace(",", "")) for row in range(table.rowCount())]


def test_from_an_image_to_a_classifier_with_the_mouse(
    window_viewer: Any,
    open_dock: Callable[..., Any],
    qtbot: Any,
    click: Callable[..., None],
    stroke: Callable[[Any, Sequence[tuple[float, float]]], None],
    wait_idle: Callable[..., None],
) -> None:
    viewer, dock = window_viewer, open_dock(window_viewer, "Train")
    place = {"scale": (0.5, 0.5), "translate": (3, 4), "units": "um", "axis_labels": ("y", "x")}
    image = viewer.add_image(stripes((64, 64)), name="stripes", **place)
    click(dock.images.new)
    labels = viewer.layers[-1]
    assert labels.name == "Labels of stripes"
    for attribute in ("scale", "translate"):
        np.testing.assert_array_equal(getattr(labels, attribute), getattr(image, attribute))
    assert (labels.units, labels.axis_labels) == (image.units, image.axis_labels)
    assert labels.mode == "paint"
    stroke(viewer, world((10, 8), (30, 8)))
    assert set(np.unique(labels.data)) == {0, 1}
    click_row(qtbot, dock.classes.table, 1)
    assert labels.selected_label == 2
    stroke(viewer, world((10, 24), (30, 24)))
    click(dock.classes.add)
    stroke(viewer, world((50, 8), (50, 30)))
    painted = [int((labels.data == value).sum()) for value in (1, 2, 3)]
    assert min(painted) > 10
    qtbot.waitUntil(lambda: counts(dock) == painted, timeout=LONG)
    click(dock.training.train)
    wait_idle(viewer)
    assert dock.session.classifier.classes_.tolist() == [1, 2, 3]


def test_undo_and_redo_are_counted(
    window_painted: Any, window_viewer: Any, qtbot: Any, stroke: Callable[..., None]
) -> None:
    labels = window_viewer.layers["scribbles"]
    click_row(qtbot, window_painted.classes.table, 0)
    stroke(window_viewer, world((50, 8), (50, 30)))
    qtbot.waitUntil(lambda: counts(window_painted)[0] > 10, timeout=LONG)
    after = counts(window_painted)
    labels.undo()
    qtbot.waitUntil(lambda: counts(window_painted) == [10, 10], timeout=LONG)
    labels.redo()
    qtbot.waitUntil(lambda: counts(window_painted) == after, timeout=LONG)


def test_new_data_are_counted(painted: Any, viewer: Any, qtbot: Any) -> None:
    viewer.layers["scribbles"].data = scribbles((64, 64), values=(2, 5))
    qtbot.waitUntil(lambda: counts(painted) == [0, 10, 10], timeout=LONG)
    assert painted.classes.table.item(2, COLOR).text() == "5"


def test_the_table_and_the_brush_follow_each_other(painted: Any, viewer: Any, qtbot: Any) -> None:
    labels, table = viewer.layers["scribbles"], painted.classes.table
    viewer.layers.selection.active = viewer.layers["stripes"]
    click_row(qtbot, table, 1)
    assert labels.selected_label == 2
    assert viewer.layers.selection.active is labels
    assert labels.mode == "paint"
    labels.selected_label = 1
    assert table.selected_value == 1
    labels.selected_label = 9
    assert table.selected_value is None


def test_layers_are_followed(painted: Any, viewer: Any) -> None:
    (row,) = painted.images.rows
    viewer.layers["stripes"].name = "renamed"
    assert row.image.currentText() == "renamed"
    viewer.add_image(stripes((64, 64)), name="second")
    assert [row.image.itemText(i) for i in range(row.image.count())] == ["renamed", "second"]
    viewer.layers.remove("scribbles")
    assert painted.session.pairs == ()
    assert painted.images.rows[0].labels.layer is None
    assert painted.footer.status.text().startswith("Paint on renamed: press “New labels”")


def test_only_labels_that_fit_are_offered(viewer: Any, open_dock: Callable[..., Any]) -> None:
    viewer.add_image(stripes((64, 64)))
    viewer.add_labels(np.zeros((32, 32), np.uint8), name="small")
    viewer.add_labels(scribbles((64, 64)), name="fits")
    (row,) = open_dock(viewer, "Train").images.rows
    assert [row.labels.itemText(i) for i in range(row.labels.count())] == ["fits"]


def test_several_images(
    painted: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    assert not painted.images.add.isEnabled()
    viewer.add_image(stripes((32, 64)), name="second")
    click(painted.images.add)
    second = painted.images.rows[1]
    assert second.image.layer is viewer.layers["second"]
    viewer.add_labels(scribbles((32, 64), values=(1, 4)), name="more")
    second.labels.setCurrentIndex(0)
    second.labels.activated.emit(0)
    assert counts(painted) == [20, 10, 10]
    click(painted.training.train)
    wait_idle(viewer)
    images = [stripes((64, 64)), stripes((32, 64))]
    labels = [scribbles((64, 64)), scribbles((32, 64), values=(1, 4))]
    expected = px.PixelClassifier(px.FeatureSet.fast(2)).fit(images, labels)
    np.testing.assert_array_equal(
        painted.session.classifier.predict_proba(images[0]), expected.predict_proba(images[0])
    )
    click(second.remove)
    assert len(painted.images.rows) == 1
    assert counts(painted) == [10, 10]  # class 4 came with these labels and went with them
    assert "more" in viewer.layers


def test_other_labels_take_the_place_of_the_first(painted: Any, viewer: Any) -> None:
    viewer.add_labels(scribbles((64, 64), values=(2, 3)), name="others")
    (row,) = painted.images.rows
    row.labels.setCurrentIndex(1)
    row.labels.activated.emit(1)
    assert [pair.labels.name for pair in painted.session.pairs] == ["others"]
    assert counts(painted) == [0, 10, 10]


def test_a_problem_is_said_before_it_happens(painted: Any, viewer: Any) -> None:
    viewer.layers["scribbles"].data = np.zeros((64, 64), np.uint8)
    painted.session.labels_changed()
    assert painted.footer.status.text() == "Paint a few strokes of each class."
    assert not painted.training.train.isEnabled()


def test_a_failure_is_said(
    painted: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    viewer.layers["stripes"].data = np.full((64, 64), np.nan, np.float32)
    click(painted.training.train)
    wait_idle(viewer)
    assert "Image must hold finite numbers" in painted.footer.status.text()
    assert painted.session.classifier is None


def test_live_update_predicts_after_a_stroke(
    window_painted: Any,
    window_viewer: Any,
    qtbot: Any,
    click: Callable[..., None],
    stroke: Callable[..., None],
) -> None:
    session = window_painted.session
    click(window_painted.training.live_update)
    qtbot.waitUntil(lambda: len(window_viewer.layers) == 6 and session.job is None, timeout=LONG)
    before = session.classifier
    click_row(qtbot, window_painted.classes.table, 1)
    stroke(window_viewer, world((50, 8), (50, 30)))
    qtbot.waitUntil(lambda: session.classifier is not before, timeout=LONG)
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert sum(session.classifier.n_samples_) == sum(counts(window_painted))
    image = window_viewer.layers["stripes"]
    np.testing.assert_array_equal(
        session.output_layers.of(image)["segmentation"].data, session.classifier.predict(image.data)
    )


def test_save_and_load(
    painted: Any,
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert not painted.classifier.save.isEnabled()
    painted.session.change_class(1, name="Dark", color="#123456")
    click(painted.training.train)
    wait_idle(viewer)
    target = tmp_path / "stripes"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    click(painted.classifier.save)
    assert painted.footer.status.text() == "Saved stripes.pixclass."
    other = ViewerModel()
    other.add_image(stripes((64, 64)))
    predict = open_dock(other, "Predict")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "stripes.pixclass"), "")
    )
    click(predict.classifier.load)
    assert predict.footer.status.text() == "Loaded stripes.pixclass."
    click(predict.prediction.run)
    wait_idle(other)
    assert other.layers[1].name == "Dark probability of Image"
    np.testing.assert_array_equal(
        other.layers[-1].data, painted.session.classifier.predict(stripes((64, 64)))
    )


def test_a_file_that_is_no_classifier_is_refused(
    painted: Any, click: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.pixclass"
    path.write_bytes(b"nothing of use")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    click(painted.classifier.load)
    assert painted.footer.status.text().startswith("'damaged.pixclass' cannot be read")
    assert painted.session.classifier is None
