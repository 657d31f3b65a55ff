"""A classifier that takes the place of one that has labels beside it; and docks that are others'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from .conftest import LONG, scribbles


def test_labels_of_an_earlier_training_are_told_of(
    trained: Any,
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Any,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "cells.pixclass"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    panel = open_dock(viewer, "Train").classifier
    click(panel.with_labels)
    click(panel.save)
    click(panel.with_labels)
    click(panel.save)  # the same again: the labels are still its own
    assert trained.message == "Saved cells.pixclass."
    viewer.layers["scribbles"].data = scribbles((64, 64), values=(2, 1))
    trained.labels_changed()
    trained.train().result(LONG)
    click(panel.save)
    assert "cells.labels beside it has those of another training" in trained.message
    click(panel.resume)
    qtbot.waitUntil(lambda: bool(trained.error), timeout=LONG)
    assert "has those of another training" in trained.error


def test_docks_of_others_are_not_taken_for_ours(make_napari_viewer: Any) -> None:
    from napari_pixclass.viewer._readers import _show_dock

    viewer = make_napari_viewer(show=False)
    viewer.window.add_dock_widget(QWidget(), name="Training diary")
    _show_dock(viewer)
    titles = [getattr(dock, "title", "") for dock in viewer.window.dock_widgets.values()]
    assert "Train" in titles
