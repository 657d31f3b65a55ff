"""Predicting many files from the Predict dock: dropping them, starting, cancelling, reading the report, opening."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from napari.layers import Image
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

import napari_pixclass as px
from napari_pixclass.batch import FORMATS, TYPES
from napari_pixclass.viewer import PredictDock
from napari_pixclass.viewer._batch_options import FORMATS as FORMAT_TITLES
from napari_pixclass.viewer._batch_options import TYPES as TYPE_TITLES

from .conftest import LONG, scribbles, stripes

pytestmark = pytest.mark.usefixtures("accidents")

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
ACTIONS = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Drag something over a widget and let go of it; whether it was taken."""
    place = QPoint(20, 20)
    enter = QDragEnterEvent(place, ACTIONS, mime, LEFT, NONE)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(place), ACTIONS, mime, LEFT, NONE)
        QApplication.sendEvent(widget, event)
        assert event.dropAction() == Qt.DropAction.CopyAction
    return enter.isAccepted()


def urls(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two images, one of them with pixels of a known size, and two that cannot be predicted."""
    folder = tmp_path / "plate"
    folder.mkdir()
    image = stripes((64, 96))
    options = {"resolution": (4, 4), "metadata": {"axes": "YX", "unit": "um"}}
    tifffile.imwrite(folder / "a.tif", image, imagej=True, **options)
    tifffile.imwrite(folder / "c.tif", image)
    (folder / "b.tif").write_bytes(b"II*\0")
    tifffile.imwrite(folder / "d.tif", np.full((9, 9), np.nan, np.float32))
    return folder


@pytest.fixture
def dock(
    trained: Any, viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> PredictDock:
    dock = open_dock(viewer, "Predict")
    assert not dock.batch.body.isVisible()
    click(dock.batch.fold)
    return dock


@pytest.fixture
def listed(dock: PredictDock, folder: Path, qtbot: Any, tmp_path: Path) -> PredictDock:
    """A dock with the files of the folder, and a folder for the results."""
    assert drop(dock.batch.files.list.viewport(), urls(folder))
    qtbot.waitUntil(lambda: len(dock.session.batch.files) == 4, timeout=LONG)
    dock.batch.options.target = tmp_path / "results"
    return dock


def texts(dock: PredictDock) -> list[tuple[str, str]]:
    """What the list shows."""
    rows = dock.batch.files.list.rows
    return [
        (rows.index(row, 0).data(), rows.index(row, 1).data()) for row in range(rows.rowCount())
    ]


def test_files_folders_and_patterns(
    dock: PredictDock,
    folder: Path,
    qtbot: Any,
    click: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files, batch = dock.batch.files, dock.session.batch
    text = QMimeData()
    text.setText("no file")
    assert not drop(files.list.viewport(), text)
    assert drop(files, urls(folder / "c.tif", folder / "a.tif"))  # beside the list
    qtbot.waitUntil(lambda: len(batch.files) == 2, timeout=LONG)
    files.pattern.setText("b*")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a: str(folder))
    click(files.add_folder)
    qtbot.waitUntil(lambda: len(batch.files) == 3, timeout=LONG)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a: ([str(folder / "a.tif")], ""))
    click(files.add_files)  # is there already
    files.pattern.setText(str(folder / "[d]*"))
    qtbot.keyClick(files.pattern, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(batch.files) == 4, timeout=LONG)
    assert [name for name, _ in texts(dock)] == ["c.tif", "a.tif", "b.tif", "d.tif"]
    assert {state for _, state in texts(dock)} == {"not started"}
    assert files.count.text() == "4 files"
    files.list.selectAll()
    files.list.selectionModel().select(
        files.list.rows.index(1, 0), files.list.selectionModel().SelectionFlag.Deselect
    )
    files.list.selectionModel().select(
        files.list.rows.index(1, 1), files.list.selectionModel().SelectionFlag.Deselect
    )
    qtbot.keyClick(files.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().count("not started") == 3
    qtbot.keyClick(files.list, Qt.Key.Key_Delete)
    assert [name for name, _ in texts(dock)] == ["a.tif"]
    click(files.clear)
    assert texts(dock) == []
    assert dock.batch.hint.text() == "Add images to predict."
    files.pattern.setText(str(folder / "*.nothing"))
    qtbot.keyClick(files.pattern, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(dock.session.error), timeout=LONG)
    assert "matches none" in dock.footer.status.text()


def test_without_a_classifier_it_says_what_is_missing(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    panel = open_dock(viewer, "Predict").batch
    assert not panel.start.isEnabled()
    assert panel.hint.text() == panel.start.toolTip() == "Train first, or load a classifier."


def test_bad_files_are_reported_and_the_others_done(
    listed: PredictDock,
    folder: Path,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
) -> None:
    panel = listed.batch
    panel.options.type.setCurrentIndex(panel.options.type.findText("uint8"))
    click(panel.start)
    assert not panel.start.isEnabled()
    assert not panel.files.clear.isEnabled()
    wait_idle(viewer)
    qtbot.waitUntil(lambda: not panel._soon.isActive(), timeout=LONG)
    shown = dict(texts(listed))
    assert shown["a.tif"] == shown["c.tif"] == "done"
    assert shown["b.tif"].startswith("failed: cannot be read as an image")
    assert shown["d.tif"].startswith("failed: image must hold finite numbers")
    assert panel.report.summary.text() == "4 files: 2 done, 2 failed."
    assert panel.report.reasons.toPlainText().count("\n") == 1
    click(panel.report.copy)
    copied = QGuiApplication.clipboard().text()
    assert str(folder / "b.tif") in copied
    assert str(folder / "d.tif") in copied
    assert listed.footer.status.text() == "2 of 4 images predicted, 2 failed."
    tooltip = panel.files.list.rows.index(1, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert str(folder / "b.tif") in tooltip
    # Opening one: the image with the size of its pixels, and what was written of it.
    panel.files.list.setCurrentIndex(panel.files.list.rows.index(0, 0))
    click(panel.report.open)
    qtbot.waitUntil(lambda: len(viewer.layers) > 2, timeout=LONG)
    image = viewer.layers["a"]
    outputs = px.session(viewer).output_layers.of(image)
    assert set(outputs) == {1, 2, "uncertainty", "segmentation"}
    assert outputs[2].name == "Class 2 probability of a"
    assert tuple(outputs[2].contrast_limits) == (0, 255)
    for layer in (image, *outputs.values()):
        np.testing.assert_allclose(layer.scale, (0.25, 0.25))
        assert str(layer.units[0]) == "micrometer"
    listed.session.report("")
    click(panel.report.open)  # the same layers again
    qtbot.waitUntil(lambda: listed.session.message == "Opened a with its results.", timeout=LONG)
    assert sum(isinstance(layer, Image) for layer in viewer.layers) == 5
    # Once more: results that exist are not replaced without being told.
    click(panel.start)
    wait_idle(viewer)
    assert listed.footer.status.text().startswith("Results must not exist yet")
    panel.options.existing.setCurrentIndex(1)
    click(panel.start)
    wait_idle(viewer)
    assert dict(texts(listed))["a.tif"] == "skipped: results exist"


def test_channels_and_file_of_an_image_stay_known(
    dock: PredictDock, viewer: Any, tmp_path: Path, qtbot: Any
) -> None:
    session, path = dock.session, tmp_path / "two.tif"
    image = np.stack([stripes((64, 64)), 150 - stripes((64, 64))])
    tifffile.imwrite(path, image, imagej=True, metadata={"axes": "CYX"})
    classifier = px.PixelClassifier(n_estimators=5)
    classifier.fit(image, scribbles((64, 64)), channel_axis=0)
    session.classifier = classifier
    session.predict_files(path, tmp_path / "results").result(60)
    session.batch_layers.open([0])
    qtbot.waitUntil(lambda: session.message == "Opened two with its results.", timeout=LONG)
    assert session.target.name == "two"
    assert session.target.path == str(path)  # for those who train on it and save that
    assert session.plan.prediction_problem is None


def test_everything_may_go_on_meanwhile(
    listed: PredictDock,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    open_dock: Callable[..., Any],
    tmp_path: Path,
) -> None:
    click(listed.batch.start)
    listed.close()
    viewer.layers["scribbles"].data = scribbles((64, 64), values=(2, 1))
    listed.session.train()
    viewer.layers.clear()
    wait_idle(viewer)
    assert listed.session.message == "2 of 4 images predicted, 2 failed."
    again = open_dock(viewer, "Predict").batch
    assert again.report.summary.text() == "4 files: 2 done, 2 failed."
    assert len(list((tmp_path / "results").iterdir())) == 6


def test_cancel(
    dock: PredictDock,
    viewer: Any,
    qtbot: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    tmp_path: Path,
) -> None:
    panel, batch = dock.batch, dock.session.batch
    np.save(tmp_path / "1.npy", stripes((64, 64)))
    np.save(tmp_path / "2.npy", stripes((4096, 4096)))  # takes long enough to be cancelled
    batch.list_files([tmp_path / "1.npy", tmp_path / "2.npy"])
    panel.options.target = tmp_path / "results"
    dock.session.classifier.n_jobs = 1
    click(panel.start)
    qtbot.waitUntil(lambda: 0 < batch.files[1].progress < 1, timeout=LONG)
    qtbot.waitUntil(lambda: texts(dock)[1][1].startswith("running"), timeout=LONG)
    assert dock.session.job is batch.job  # which the footer shows, with the only bar
    assert batch.job.progress >= 0.5
    click(panel.cancel)
    assert panel.start.isEnabled()
    assert not panel.cancel.isEnabled()
    wait_idle(viewer)
    qtbot.waitUntil(lambda: texts(dock)[1][1] == "not started", timeout=LONG)
    assert texts(dock)[0][1] == "done"
    assert all(path.name.startswith("1_") for path in (tmp_path / "results").iterdir())
    assert len(list((tmp_path / "results").iterdir())) == 3


def test_options_agree_with_the_engine(
    listed: PredictDock, click: Callable[..., None], wait_idle: Callable[..., None], viewer: Any
) -> None:
    options = listed.batch.options
    assert list(FORMAT_TITLES) == list(FORMATS)
    assert set(TYPE_TITLES) == set(TYPES)
    options.format.setCurrentIndex(options.format.findData("png"))
    assert options.type.findData("float32") == -1
    assert options.per_class.isChecked()
    assert not options.per_class.isEnabled()
    options.format.setCurrentIndex(options.format.findData("ome-zarr"))
    assert not options.per_class.isChecked()
    options.name.setText("{nonsense}")
    click(listed.batch.start)
    assert listed.footer.status.text().startswith("The name of results may hold")
    for box in options.outputs.values():
        click(box)
    assert listed.batch.hint.text() == "Choose at least one output to write."
    assert not listed.batch.start.isEnabled()
