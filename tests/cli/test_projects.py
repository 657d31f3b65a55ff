"""Projects on the command line: trained again, described, written as scripts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.project.contents import CLASSES, content_of, noise, save, simple_content

import napari_pixclass as px
from napari_pixclass.cli import main
from napari_pixclass.core import ChosenFeatures
from napari_pixclass.io import ProjectCalibration, write_tiff
from napari_pixclass.project import ContentImage, ContentSource

DATA = noise((24, 20), "uint16")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a classifier, whose image is beside it."""
    write_tiff(tmp_path / "cells.tif", DATA, "YX")
    content = simple_content(DATA, tmp_path / "cells.tif")
    saved = save(content, tmp_path / "cells.pixproject")
    classifier = px.open_project(tmp_path / "cells.pixproject").train()
    content = simple_content(DATA, tmp_path / "cells.tif", classifier=classifier, is_current=True)
    save(content, tmp_path / "cells.pixproject", known_ids=[saved.info.save_id])
    return tmp_path / "cells.pixproject"


def test_a_project_is_trained_again(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "again.pixclass"
    assert main(["train", "--project", str(project), "-o", str(output)]) == 0
    assert "trained on 1 image" in capsys.readouterr().out
    found, before = px.load(output), px.load(project / "classifier.pixclass")
    np.testing.assert_array_equal(found.predict_proba(DATA), before.predict_proba(DATA))
    assert found.class_table_ == before.class_table_ == CLASSES[::-1]
    assert (found.n_estimators, found.random_state) == (5, 3)
    labels = np.zeros(DATA.shape, np.uint8)
    labels[2, 2:9], labels[20, 2:9] = 2, 7
    write_tiff(tmp_path / "labels.tif", labels, "YX")
    more = ["--pair", str(tmp_path / "cells.tif"), str(tmp_path / "labels.tif"), "--trees", "4"]
    arguments = ["train", "--project", str(project / "project.json"), *more, "-o", str(output)]
    assert main([*arguments, "--save-labels"]) == 0
    assert px.load(output).classes_.tolist() == [2, 5, 7]
    assert px.load(output).n_estimators == 4
    assert main(["train", "--continue", str(output), "-o", str(tmp_path / "third.pixclass")]) == 0
    np.testing.assert_array_equal(
        px.load(tmp_path / "third.pixclass").predict_proba(DATA),
        px.load(output).predict_proba(DATA),
    )


def test_a_calibrated_project_is_calibrated_again(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "m.pixclass"
    train = ["train", "--project", str(project), "-o", str(output)]
    opened = px.open_project(project)
    found = px.cross_validate(opened.new_classifier(), **opened.fit_arguments()).sharpness
    assert found != 1
    assert main([*train, "--calibrate"]) == 0
    assert px.load(output).sharpness_ == found
    assert main(["info", str(project)]) == 0
    assert "sharpness" not in capsys.readouterr().out.split("made with")[0].split("trained  ")[1]
    content = simple_content(
        DATA, tmp_path / "cells.tif", calibration=ProjectCalibration(True, 0.8)
    )
    save(content, project, overwrite=True)
    assert main(["info", str(project)]) == 0
    assert "sharpness 0.8: probabilities are calibrated" in capsys.readouterr().out
    assert main(["info", str(project), "--json"]) == 0
    calibration = json.loads(capsys.readouterr().out)["calibration"]
    assert calibration == {"is_applied": True, "sharpness": 0.8}
    output.unlink()
    assert main(train) == 0  # the labels may be others by now
    assert px.load(output).sharpness_ == found
    np.testing.assert_array_equal(
        px.load(output).predict_proba(DATA), opened.train().calibrated(found).predict_proba(DATA)
    )
    for model in (["--project", str(project)], ["--continue", str(output)]):
        if model[0] == "--continue":
            assert main([*train, "--save-labels"]) == 0
        assert main(["train", *model, "--no-calibrate", "-o", str(tmp_path / "n.pixclass")]) == 0
        assert px.load(tmp_path / "n.pixclass").sharpness_ == 1


def test_other_features_for_the_channels_that_a_project_uses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = np.stack([DATA, DATA + 7, DATA // 2])
    write_tiff(tmp_path / "channels.tif", data, "CYX")
    own = px.FeatureSet.from_selection({"gaussian_gradient_magnitude": [1.0]})
    content = content_of(
        [ContentSource("channels", data, str(tmp_path / "channels.tif"))],
        [ContentImage("channels", (0,), False, 0, None)],
        [0],
        features=ChosenFeatures(px.FeatureSet.fast(2), (0, 2), ((2, own),)),
        calibration=ProjectCalibration(True, 1.5),
    )
    save(content, tmp_path / "p.pixproject")
    few = px.FeatureSet.from_selection({"gaussian_smoothing": [0.7, 2.0]})
    volumetric = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3)
    px.save_features(few, tmp_path / "few.json")
    px.save_features(volumetric, tmp_path / "volumetric.json")
    output = tmp_path / "m.pixclass"
    train = ["train", "--project", str(tmp_path / "p.pixproject"), "-o", str(output)]
    chosen = ["--features", str(tmp_path / "few.json")]
    assert main([*train, *chosen]) == 0
    found = px.load(output)
    assert found.features_ == (few, None, few)
    assert (found.n_estimators, found.random_state) == (5, 3)
    assert found.sharpness_ not in (1, 1.5)  # what such a forest is worth
    assert main([*train, *chosen, "--channels", "1"]) == 0
    assert px.load(output).features_ == (None, few, None)
    assert main(["train", "--project", str(tmp_path / "p.pixproject"), "-o", str(output)]) == 0
    assert px.load(output).features_ == (px.FeatureSet.fast(2), None, own)
    assert main(["cross-validate", str(tmp_path / "p.pixproject"), *chosen, "--folds", "2"]) == 0
    capsys.readouterr()
    for options in (["--features", str(tmp_path / "volumetric.json")], ["--ndim", "3"]):
        assert main([*train, *options]) == 2
        err = capsys.readouterr().err
        assert "features must be 2D" in err
        assert len(err.splitlines()) == 1


def test_its_classifier_predicts_as_it_is(project: Path, tmp_path: Path) -> None:
    arguments = [str(project / "classifier.pixclass"), str(tmp_path / "cells.tif")]
    assert main(["predict", *arguments, "-o", str(tmp_path / "results"), "--format", "npy"]) == 0
    (result,) = (tmp_path / "results").glob("*Probabilities.npy")
    expected = px.load(project / "classifier.pixclass").predict_proba(DATA)
    np.testing.assert_array_equal(np.moveaxis(np.load(result), 0, -1), expected)


def test_images_that_are_somewhere_else(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "m.pixclass")
    (tmp_path / "away").mkdir()
    (tmp_path / "cells.tif").rename(tmp_path / "away" / "cells.tif")
    assert main(["train", "--project", str(project), "-o", output]) == 2
    assert "add --images DIR with its folder" in capsys.readouterr().err
    there = ["--images", str(tmp_path / "away")]
    assert main(["train", "--project", str(project), *there, "-o", output]) == 0
    assert main(["cross-validate", str(project), *there, "--folds", "2"]) == 0
    write_tiff(tmp_path / "away" / "cells.tif", DATA + 1, "YX")
    assert main(["train", "--project", str(project), *there, "-o", output]) == 0
    assert "note: cells: its pixels are not those" in capsys.readouterr().err


def test_a_project_is_described(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(project)]) == 0
    out = capsys.readouterr().out
    for line in (
        "images    1",
        "  cells: 24 x 20, uint16, 20 labelled pixels",
        "    ../cells.tif",
        "features  2, 2D",
        "training  n_estimators 5, random_state 3",
        "trained   classifier.pixclass, 20 labelled pixels, up to date",
    ):
        assert line in out.splitlines()
    assert main(["info", str(project), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["images"][0]["n_labelled"] == 20
    assert [row["n_labelled"] for row in values["classes"]] == [10, 10]
    assert values["images"][0]["problem"] is None
    (project.parent / "cells.tif").unlink()
    assert main(["info", str(project)]) == 0
    assert "    missing: the image 'cells' must be there" in capsys.readouterr().out


def test_a_project_is_a_script(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(project), "--python"]) == 0
    script = capsys.readouterr().out
    assert script == px.open_project(project).as_python()
    assert main(["info", str(project / "classifier.pixclass"), "--python"]) == 2
    assert "--python is for projects" in capsys.readouterr().err


def test_wrong_input_is_one_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "m.pixclass")
    nowhere = str(tmp_path / "none.pixproject")
    model = str(project / "classifier.pixclass")
    for arguments, message in (
        (["train", "--project", nowhere, "-o", output], "a project must be a folder that exists"),
        (["train", "--project", str(tmp_path), "-o", output], "must hold its description"),
        (["train", "--project", str(project), "--continue", model, "-o", output], "one earlier"),
        (
            ["train", "--project", str(project), "--images", nowhere, "-o", output],
            "there is no folder",
        ),
        (["predict", str(project), "a.tif", "-o", "x"], f"The model of this project is '{model}'"),
    ):
        assert main(arguments) == 2, arguments
        err = capsys.readouterr().err
        assert message in err
        assert len(err.splitlines()) == 1
    values = json.loads((project / "project.json").read_text())
    (project / "project.json").write_text(json.dumps(values | {"format_version": 9}))
    for arguments in (["info", str(project)], ["train", "--project", str(project), "-o", output]):
        assert main(arguments) == 2
        assert "update napari-pixclass" in capsys.readouterr().err
