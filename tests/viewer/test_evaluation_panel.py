"""Comparing predictions with the truth in the Quality dock."""

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

from .conftest import LONG

pytestmark = pytest.mark.usefixtures("accidents")


@pytest.fixture
def truth(trained: Any, viewer: Any) -> Any:
    """The stripes as they are, a third class where nobody knows of one, and nothing on the left."""
    truth = np.tile(1 + np.arange(64) // 16 % 2, (64, 1)).astype(np.uint8)
    truth[60:, 30:] = 3
    truth[:, :8] = 0
    return viewer.add_labels(truth, name="truth")


@pytest.fixture
def panel(truth: Any, viewer: Any, open_dock: Callable[..., Any], click: Any) -> Any:
    dock = open_dock(viewer, "Quality")
    assert not dock.evaluation.body.isVisible()
    click(dock.evaluation.fold)
    return dock.evaluation


def choose(combo: Any, name: str) -> None:
    assert combo.findText(name) >= 0
    combo.setCurrentIndex(combo.findText(name))
    combo.activated.emit(combo.currentIndex())


def test_the_figures_that_count_come_first(
    panel: Any,
    viewer: Any,
    trained: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: Any,
) -> None:
    row = panel.comparisons.rows[0]
    assert (row.judged.name, row.truth.name) == ("stripes", "truth")  # not the scribbles
    assert not panel.view.isVisible()
    click(panel.evaluate)
    wait_idle(viewer)
    matrix = trained.evaluation.matrix
    assert matrix.n_pixels == 64 * 56
    assert panel.view.lead.text().startswith(f"Mean IoU {matrix.mean_iou:.3f}")
    assert f"accuracy {matrix.accuracy:.3f}, where calling all of them" in panel.view.others.text()
    assert "3" in panel.view.notes.text()  # never predicted: it is told
    figures = panel.view.figures
    cells = [[figures.item(r, c).text() for c in range(6)] for r in range(3)]
    assert [cell[0] for cell in cells] == ["Class 1", "Class 2", "Class 3"]
    assert cells[2][1:] == ["136", "0.000", "0.000", "-", "0.000"]
    confusion = panel.view.confusion
    assert confusion.share(0, 0) > 0.9
    told = confusion.told_at(QPoint(confusion.width() - 10, confusion.height() - 10))
    assert told == "Class 3 in truth, predicted as Class 3:\n0 pixels, 0.00% of Class 3"
    assert not panel.view.age.isVisible()
    classifier, trained.classifier = trained.classifier, None
    assert panel.view.age.isVisible()  # the figures are those of another one
    trained.classifier = classifier
    assert not panel.view.age.isVisible()
    click(panel.view.copy)
    assert QGuiApplication.clipboard().text() == trained.evaluation.text()
    path = tmp_path / "figures"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    click(panel.view.save)
    qtbot.waitUntil(lambda: trained.message == "Saved figures.json.", timeout=LONG)
    assert json.loads((tmp_path / "figures.json").read_text())["n_pixels"] == 64 * 56


def test_segmentations_and_scribbles(
    panel: Any,
    viewer: Any,
    trained: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    trained.predict().result(60)
    trained.classifier = None
    assert panel.hint.text().startswith("Train first, or load a classifier")
    row = panel.comparisons.rows[0]
    segmentation = "Segmentation of stripes (older classifier)"
    choose(row.judged_combo, segmentation)
    assert panel.evaluate.isEnabled()
    click(panel.evaluate)
    wait_idle(viewer)
    first = trained.evaluation
    assert first.names == ((segmentation, "truth"),)
    click(panel.add)
    assert panel.hint.text() == "Choose what is judged, and labels that are the truth."
    second = panel.comparisons.rows[1]
    choose(second.judged_combo, segmentation)
    choose(second.truth_combo, "scribbles")
    click(panel.evaluate)
    wait_idle(viewer)
    assert trained.evaluation.matrix.n_pixels == first.matrix.n_pixels + 20
    assert "trained on scribbles" in panel.view.notes.text()
    choose(second.judged_combo, "scribbles")
    assert panel.hint.text() == "scribbles cannot judge itself. Choose other labels."
    viewer.add_labels(np.ones((9, 9), np.uint8), name="small")
    choose(second.truth_combo, "small")
    assert "shape of what is judged: small is (9, 9)" in panel.hint.text()
    click(second.remove)
    assert panel.evaluate.isEnabled()
    click(panel.evaluate)
    viewer.layers.clear()  # what is being compared is held
    wait_idle(viewer)
    assert trained.evaluation.matrix.n_pixels == first.matrix.n_pixels
    assert not panel.evaluate.isEnabled()
