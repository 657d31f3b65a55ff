"""Cross-validating from the command line: pairs, models that kept their labels, what is written and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_pixclass.cli import main

FAST = ["--features", "fast", "--trees", "5"]


def pair(files: Path, name: str) -> list[str]:
    return ["--pair", str(files / f"{name}.tif"), str(files / f"{name}_labels.tif")]


def test_a_table(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["cross-validate", *pair(files, "film"), *FAST, "--class-names", "Left", "Right"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("120 labelled pixels, 6 strokes in 1 image\n")
    assert "2  Left" in printed
    assert "class 5 (Right) rests on 3 strokes: too few to tell" in printed


def test_json(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = tmp_path / "scores.json"
    command = ["cross-validate", *pair(files, "film"), *FAST, "--folds", "2"]
    assert main([*command, "--json", str(scores)]) == 0
    found = json.loads(scores.read_text())
    assert (found["left_out"], found["n_folds"]) == ("strokes", 2)
    assert [row["strokes"] for row in found["classes"]] == [3, 3]
    assert "rests on 3 strokes" in found["notes"][0]
    assert main([*command, "--json", str(scores)]) == 2
    assert "Add --overwrite" in capsys.readouterr().err
    assert main([*command, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_a_model_with_its_labels(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "film.pixclass")
    assert main(["train", *pair(files, "film"), *FAST, "--save-labels", "-o", model]) == 0
    capsys.readouterr()
    assert main(["cross-validate", model, "--leave-out", "strokes"]) == 0
    assert "6 strokes in 1 image" in capsys.readouterr().out


def test_what_is_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cross-validate"]) == 2
    assert "there must be labels" in capsys.readouterr().err
    assert main(["cross-validate", *pair(files, "grey"), *FAST]) == 2
    assert "two strokes or more" in capsys.readouterr().err
    assert main(["cross-validate", *pair(files, "grey"), "--folds", "1"]) == 2
    assert "2 or more" in capsys.readouterr().err
