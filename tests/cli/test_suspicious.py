"""Suspicious strokes on the command line: a table, JSON, models and projects that kept their labels, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_pixclass.cli import main

FAST = ["--features", "fast"]


@pytest.fixture(scope="module")
def pair(files: Path) -> list[str]:
    """The grey image with six strokes on each half, one of them wrong."""
    labels = np.zeros((40, 48), np.uint8)
    labels[2:38:6, 3:20] = 2
    labels[2:38:6, 28:45] = 5
    labels[14, 3:20] = 5
    path = files / "grey_doubtful.tif"
    tifffile.imwrite(path, labels)
    return ["--pair", str(files / "grey.tif"), str(path)]


def test_a_table_and_json(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "strokes.json"
    command = ["suspicious", *pair, *FAST, "--class-names", "Left", "Right", "--json", str(path)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("1 of 12 strokes in 1 image is suspicious\n")
    (row,) = (line for line in printed.splitlines() if line.lstrip().startswith("1  "))
    assert "14, 11" in row
    assert row.index("5  Right") < row.index("2  Left")
    (stroke,) = json.loads(path.read_text())["suspicious"]
    assert (stroke["class"], stroke["looks_like"], stroke["pixels"]) == (5, 2, 17)
    assert stroke["region"] == [[14, 15], [3, 20]]
    assert main(command) == 2
    assert "Add --overwrite" in capsys.readouterr().err
    assert main(["suspicious", *pair, *FAST, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["suspicious"][0]["position"] == [14, 11]


def test_a_model_with_its_labels(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "grey.pixclass")
    assert main(["train", *pair, *FAST, "--trees", "5", "--save-labels", "-o", model]) == 0
    capsys.readouterr()
    assert main(["suspicious", model]) == 0
    assert "1 of 12 strokes" in capsys.readouterr().out
    assert main(["suspicious", model, "--limit", "0.9"]) == 0
    assert "0 of 12 strokes" in capsys.readouterr().out


def test_what_is_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suspicious"]) == 2
    assert "there must be labels" in capsys.readouterr().err
    assert main(["suspicious", "--pair", "a.tif", "b.tif", "--folds", "3"]) == 2
    assert "--folds" in capsys.readouterr().err
    assert main(["suspicious", "--pair", str(files / "grey.tif"), str(files / "no.tif")]) == 2
    assert "no.tif" in capsys.readouterr().err
