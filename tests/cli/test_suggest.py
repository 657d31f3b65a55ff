"""Suggesting features from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import napari_pixclass as px
from napari_pixclass.cli import main
from napari_pixclass.core import FeatureSet


def test_a_set_is_written_and_can_be_read(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["--pair", str(files / "film.tif"), str(files / "film_labels.tif")]
    chosen, everything = tmp_path / "features.json", tmp_path / "all.json"
    command = ["suggest", *pair, "--sizes", "2", "--folds", "2", "--jobs", "1"]
    command += ["-o", str(chosen), "--json", str(everything)]
    assert main(command) == 0
    assert "recommended" in capsys.readouterr().out
    features = FeatureSet.from_dict(json.loads(chosen.read_text()))
    found = json.loads(everything.read_text())
    assert found["sets"][found["recommended"]]["features"] == features.to_dict()
    assert found["sets"][0]["n_features"] == len(FeatureSet.all(2))
    model = ["-o", str(tmp_path / "m.pixclass"), "--trees", "5"]
    assert main(["train", *pair, "--features", str(chosen), *model]) == 0
    assert px.load(tmp_path / "m.pixclass").features_ == px.load_features(chosen) == features
    assert main(command) == 2
    assert "Add --overwrite" in capsys.readouterr().err


def test_what_a_model_has_is_compared(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["--pair", str(files / "film.tif"), str(files / "film_labels.tif")]
    model = str(tmp_path / "m.pixclass")
    train = ["train", *pair, "--features", "fast", "--trees", "5", "--save-labels", "-o", model]
    assert main(train) == 0
    command = ["suggest", model, "--sizes", "1", "--folds", "2", "--jobs", "1"]
    assert main(command) == 0
    assert "current             9" in capsys.readouterr().out


def test_what_is_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = ["--pair", str(files / "film.tif"), str(files / "film_labels.tif")]
    assert main(["suggest", *pair, "-o", "x.json", "--json", "x.json"]) == 2
    assert "different files" in capsys.readouterr().err
