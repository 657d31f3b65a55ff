"""The demo, from the first window to the last file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import napari_pixclass as px

LOOK_AND_CLOSE = """
import sys
import napari
from qtpy.QtCore import QTimer
import napari_pixclass as px
from napari_pixclass.viewer import open_demo

def look():
    viewer = napari.current_viewer()
    if viewer is None:  # closed
        return
    session = px.session(viewer)
    if session.job is None:
        print(session.error, *(layer.name for layer in viewer.layers), sep="\\n")
        viewer.close()

def run_and_look(run=napari.run):
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(100)
    run()

napari.run = run_and_look
open_demo(sys.argv[1])
"""


def test_the_demo_shows_a_result_and_keeps_the_classifier(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", LOOK_AND_CLOSE, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout.splitlines() == [
        "",
        "cells",
        "Background probability of cells",
        "Nucleus probability of cells",
        "Debris probability of cells",
        "Uncertainty of cells",
        "Segmentation of cells",
        "Scribbles of cells",
    ]
    classifier = px.load(tmp_path / "cells.pixclass")
    assert [info.name for info in classifier.class_table_] == ["Background", "Nucleus", "Debris"]
