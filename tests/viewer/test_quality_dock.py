"""What the labels alone say, in the Quality dock: figures with a date, and what probabilities are worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog

import napari_pixclass as px
from napari_pixclass.core import Calibration, ReliabilityBin
from napari_pixclass.viewer._reliability_view import ReliabilityView

from .conftest import LONG, stripes

pytestmark = pytest.mark.usefixtures("accidents")

SHAPE = (64, 64)


def strokes() -> np.ndarray:
    """Four strokes of class 1, two of class 2 and one of class 3."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:60:16, 3:13] = 1
    labels[4:36:16, 19:29] = 2
    labels[60, 50:60] = 3
    return labels


@pytest.fixture
def session(viewer: Any) -> Any:
    image = viewer.add_image(stripes(SHAPE), name="stripes")
    labels = viewer.add_labels(strokes(), name="scribbles")
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.n_estimators = 10
    session.add_pair(image, labels)
    return session


@pytest.fixture
def dock(session: Any, viewer: Any, open_dock: Callable[..., Any]) -> Any:
    return open_dock(viewer, "Quality")


def rows(table: Any) -> list[list[str]]:
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_figures_and_what_they_rest_on(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: Any,
) -> None:
    panel = dock.validation
    assert not panel.view.isVisible()
    assert panel.hint.isVisible()
    click(panel.start)
    wait_idle(viewer)
    result = session.cross_validation
    assert not panel.hint.isVisible()
    assert not panel.view.age.isVisible()
    assert panel.view.lead.text().startswith(f"Mean IoU {result.mean_iou:.3f}")
    assert "7 strokes in 1 image; strokes left out in 5 folds" in panel.view.others.text()
    found = rows(panel.view.figures)
    assert [row[:2] for row in found] == [["Class 1", "4"], ["Class 2", "2"], ["Class 3", "1"]]
    assert found[0][2] == f"{result.iou[0]:.3f}"
    assert found[2][2:] == ["-", "-", "-"]
    assert "Class 2 rests on 2 strokes: too few to tell" in panel.view.notes.text()
    assert "Class 3 rests on 1 stroke, which cannot be left out" in panel.view.notes.text()
    confusion = panel.view.confusion
    right = int(result.held_out.confusion[1][1])
    told = f"labelled Class 2, left out and predicted as Class 2:\n{right} pixels"

    def is_told() -> bool:  # once the picture has its place in the dock
        place = QPoint(round(0.7 * confusion.width()), confusion.height() - 40)
        return bool(confusion.told_at(place).startswith(told))

    qtbot.waitUntil(is_told, timeout=LONG)
    assert f"a mean IoU of {result.mean_iou:.3f}" in dock.footer.status.text()
    click(panel.view.copy)
    assert QGuiApplication.clipboard().text() == result.table()
    path = tmp_path / "figures"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    click(panel.view.save)
    qtbot.waitUntil(lambda: session.message == "Saved figures.json.", timeout=LONG)
    assert json.loads((tmp_path / "figures.json").read_text())["n_folds"] == 5
    click(panel.view.save)  # it is there now
    assert "is there already" in session.error


def test_figures_of_other_labels_say_so(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
) -> None:
    panel, layer = dock.validation, viewer.layers["scribbles"]
    click(dock.calibration.fold)
    click(panel.start)
    wait_idle(viewer)
    layer.paint((30, 40), 2)
    qtbot.waitUntil(panel.view.age.isVisible, timeout=LONG)
    assert panel.view.lead.text().endswith("(of other labels)")
    assert dock.calibration.words.text().endswith("(Of other labels than now.)")
    layer.undo()
    qtbot.waitUntil(lambda: not panel.view.age.isVisible(), timeout=LONG)
    session.features = px.FeatureSet.default(2)
    assert panel.view.age.isVisible()
    session.change_class(1, name="Dark")
    assert rows(panel.view.figures)[0][0] == "Dark"
    click(panel.start)
    layer.paint((30, 40), 2)  # while it runs
    wait_idle(viewer)
    qtbot.waitUntil(lambda: session.counts[2] > 20, timeout=LONG)
    assert panel.view.age.isVisible()


def test_what_is_in_the_way(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    qtbot: Any,
) -> None:
    panel, layer = dock.validation, viewer.layers["scribbles"]
    panel.leave_out.setCurrentText("images")
    click(panel.start)
    qtbot.waitUntil(lambda: "two images or more" in dock.footer.status.text(), timeout=LONG)
    assert not panel.view.isVisible()
    layer.data = np.where(strokes() == 1, 1, 0).astype(np.uint8)
    qtbot.waitUntil(lambda: not panel.start.isEnabled(), timeout=LONG)
    assert panel.start.toolTip() == "Only one class is painted: paint a second one."
    layer.data = strokes()
    qtbot.waitUntil(panel.start.isEnabled, timeout=LONG)
    panel.leave_out.setCurrentText("strokes")
    click(panel.start)
    viewer.layers.clear()  # what is validated is held
    wait_idle(viewer)
    assert session.cross_validation is not None
    assert panel.view.age.isVisible()
    assert not panel.start.isEnabled()


def test_cancelling_leaves_the_figures_as_they_were(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    click(dock.validation.start)
    wait_idle(viewer)
    before = session.cross_validation.to_dict()
    session.n_estimators = 5000
    click(dock.validation.start)
    dock.footer.cancel.click()
    wait_idle(viewer)
    assert session.cross_validation.to_dict() == before


def test_calibration_in_words_and_as_a_picture(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    panel = dock.calibration
    click(panel.fold)
    assert panel.words.text().startswith("Cross-validate first")
    assert not panel.view.isVisible()
    click(dock.validation.start)
    wait_idle(viewer)
    calibration = session.cross_validation.calibration
    assert panel.words.text().lower() == calibration.sentence.lower()
    assert f"left-out labels {calibration.error:.3f}" in panel.error.text()
    assert panel.view.isVisible()
    last = calibration.bins[-1]
    assert f"{last.n_pixels:,} pixels of {last.n_strokes} strokes" in panel.view.told_at(
        panel.view.width() - 12
    )


def test_calibration_is_applied(
    dock: Any,
    session: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    panel = dock.calibration
    click(panel.fold)
    assert not panel.apply.isEnabled()
    click(dock.validation.start)
    wait_idle(viewer)
    raw = session.train().result(60)
    session.predict().result(60)
    shown = viewer.layers["Class 1 probability of stripes"].data.copy()
    click(panel.apply)
    sharpness = session.cross_validation.sharpness
    assert panel.apply.text() == f"Apply to probabilities (sharpness {sharpness:.2f})"
    assert session.classifier.sharpness_ == sharpness != 1
    assert any("older classifier" in layer.name for layer in viewer.layers)
    session.predict().result(60)
    layer = viewer.layers["Class 1 probability of stripes"]
    assert not np.array_equal(layer.data, shown)
    np.testing.assert_array_equal(
        layer.data, raw.calibrated(sharpness).predict_proba(stripes(SHAPE))[..., 0]
    )
    session.classifier = raw
    assert not panel.apply.isChecked()
    session.classifier = raw.calibrated(2)
    assert panel.apply.text().endswith("(sharpness 2.00)")
    click(panel.apply)
    assert session.classifier.sharpness_ == 1


def test_the_picture_has_its_points_where_they_belong(qtbot: Any) -> None:
    view = ReliabilityView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    bins = (
        ReliabilityBin(0.5, 0.6, 0.55, 0.25, 0.3, 40, 2),
        ReliabilityBin(0.9, 1.0, 0.95, 1.0, 0.7, 90, 3),
    )
    empty = view.grab().toImage()
    view.show_calibration(Calibration(1.0, bins, bins))
    picture = view.grab().toImage()
    assert picture != empty
    low, high = (view._at(one.predicted, one.right) for one in bins)
    assert low.x() < high.x()
    assert low.y() > high.y()
    assert view.told_at(low.x()).endswith("40 pixels of 2 strokes")
    assert "were right in 25% of the cases" in view.told_at(low.x())
    assert view.told_at((low.x() + high.x()) / 2) == ""
    view.show_calibration(Calibration(1.0, (), ()))
    view.grab()  # nothing is there to be drawn


def test_a_dock_that_is_closed_while_it_runs(
    session: Any, window_viewer: Any, open_dock: Callable[..., Any], qtbot: Any
) -> None:
    image = window_viewer.add_image(stripes(SHAPE))
    labels = window_viewer.add_labels(strokes())
    other = px.session(window_viewer)
    other.add_pair(image, labels)
    dock = open_dock(window_viewer, "Quality")
    job = other.cross_validate()
    dock.parent().titleBarWidget().close_button.click()
    job.result(60)
    assert other.cross_validation is not None
    assert session.cross_validation is None  # that of another viewer
