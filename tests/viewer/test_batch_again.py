"""A batch that is looked at again: after its dock was closed, and results that were there before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_pixclass.viewer import _batch_layers
from napari_pixclass.viewer._outputs import OLD

from .conftest import LONG, scribbles, stripes

pytestmark = pytest.mark.usefixtures("accidents")


def test_folder_and_options_outlive_their_dock(
    viewer: Any, open_dock: Callable[..., Any], qtbot: Any, click: Any, tmp_path: Path
) -> None:
    dock = open_dock(viewer, "Predict")
    click(dock.batch.fold)
    options = dock.batch.options
    options.target = tmp_path / "results"
    click(options.outputs["uncertainty"])
    options.format.setCurrentIndex(options.format.findData("ome-tiff"))
    options.type.setCurrentIndex(options.type.findData("uint8"))
    options.existing.setCurrentIndex(2)
    click(options.per_class)
    qtbot.keyClicks(options.name, "{stem}/{output}")
    qtbot.keyClicks(options.axes, "yx")
    chosen = options.values
    assert chosen["overwrite"]
    assert "uncertainty" not in chosen["exports"]
    dock.close()
    again = open_dock(viewer, "Predict").batch.options
    assert again is not options
    assert again.values == chosen
    assert again.target == tmp_path / "results"
    assert again.folder.text() == "results"


def test_results_that_were_kept_are_not_those_of_the_classifier_at_hand(
    trained: Any, viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.npy" for name in "ab"]
    for path in paths:
        np.save(path, stripes((64, 64)))
    outputs = {"exports": ("segmentation",), "format": "npy", "skip_existing": True}

    def names_after_opening(n_runs: int) -> set[str]:
        for _ in range(n_runs):
            trained.predict_files(paths, tmp_path / "o", **outputs).result(LONG)
        trained.report("")
        trained.batch_layers.open([0])
        qtbot.waitUntil(lambda: trained.message.startswith("Opened a"), timeout=LONG)
        return {layer.name for layer in viewer.layers}

    assert "Segmentation of a" in names_after_opening(
        2
    )  # the second run has kept those of the first
    viewer.layers["scribbles"].data = scribbles((64, 64), values=(2, 1))
    trained.labels_changed()
    trained.train().result(LONG)
    names = names_after_opening(1)
    assert trained.batch.files[0].state == "skipped"
    assert "Segmentation of a" + OLD in names
    assert "Segmentation of a" not in names


def test_not_everything_is_opened_at_once(
    trained: Any,
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Any,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_batch_layers, "MAX_OPENED", 2)
    paths = [tmp_path / f"{name}.npy" for name in "abc"]
    for path in paths:
        np.save(path, stripes((32, 32)))
    job = trained.predict_files(paths, tmp_path / "o", exports=("segmentation",), format="npy")
    job.result(LONG)
    panel = open_dock(viewer, "Predict").batch
    click(panel.fold)
    panel.files.list.setFocus()
    qtbot.keyClick(panel.files.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    click(panel.report.open)
    qtbot.waitUntil(lambda: trained.message.startswith("Opened 2 images"), timeout=LONG)
    assert trained.message.endswith("1 more are selected; 2 are opened at a time.")
    names = {layer.name for layer in viewer.layers}
    assert {"a", "b"} < names
    assert "c" not in names
