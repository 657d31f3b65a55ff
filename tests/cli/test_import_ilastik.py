"""The command import-ilastik: what it writes, what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.io.ilp import Lane, Stump, write_project

import napari_pixclass as px
from napari_pixclass.cli import main
from napari_pixclass.io import open_image, open_labels

SHAPE = (24, 30)
LABELS = np.zeros(SHAPE, dtype=np.uint8)
LABELS[2:20, 3] = 1
LABELS[2:20, -4] = 2
STUMP: Stump = (0, 120.0, (1.0, 0.0), (0.25, 0.75))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one image beside it, and one that is somewhere else."""
    for name in ("here/a.tif", "elsewhere/deep/b.tif"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        pixels = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
        tifffile.imwrite(path, pixels)
    lanes = [
        Lane("a.tif", "yx", SHAPE, LABELS, nickname="a"),
        Lane(r"D:\data\b.tif", "yx", SHAPE, LABELS[::-1], nickname="b: \x1b[31mred/..\\"),
    ]
    colours = [(255, 225, 25), (0, 130, 200)]
    return write_project(
        tmp_path / "here/p.ilp", lanes, names=["Nucleus", "Ground"], colors=colours, stumps=[STUMP]
    )


def run(project: Path, *options: object) -> int:
    output = project.parent / "m.pixclass"
    return main(["import-ilastik", str(project), "-o", str(output), *map(str, options)])


def test_it_retrains_on_what_it_finds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "--trees", 5, "--seed", 3, "--jobs", 1) == 0
    out, err = capsys.readouterr()
    assert err == "importing ...\n"
    assert out.splitlines()[:-2] == [
        "project   p.ilp (ilastik 1.4.0, Pixel Classification)",
        "images    2 in the project, 1 found, 2 with labels",
        "             36 labels  a.tif",
        "             36 labels  b: ?[31mred/..\\ (missing)",
        "classes   value  labelled pixels  colour   name",
        "              1               36  #ffe119  Nucleus",
        "              2               36  #0082c8  Ground",
        "features  1 (2D): the project's choice of 1 cell, computed our way",
        "classifier retrained on the labels, 5 trees; results are close to ilastik's, but not the same",
        "left out, or not certain:",
    ]
    assert "there is no file 'b.tif'. Its 36 labels are not used." in out
    model = project.parent / "m.pixclass"
    assert f"wrote {model} (" in out
    loaded = px.load(model)
    assert (loaded.n_samples_, loaded.n_estimators, loaded.random_state) == ((18, 18), 5, 3)
    assert [info.name for info in loaded.class_table_] == ["Nucleus", "Ground"]
    assert main(["info", str(model)]) == 0


def test_images_are_pointed_to(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = project.parent.parent / "elsewhere"
    assert run(project, "--trees", 2, "--images", elsewhere, "--retrain") == 0
    out = capsys.readouterr().out
    assert f"             36 labels  {elsewhere / 'deep/b.tif'}\n" in out
    assert "nothing was left out" in out
    assert px.load(project.parent / "m.pixclass").n_samples_ == (36, 36)
    assert run(project, "--images", elsewhere / "nowhere") == 2
    assert "a folder with images must exist" in capsys.readouterr().err


def test_the_classifier_is_kept(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "--keep-classifier") == 0
    out = capsys.readouterr().out
    assert (
        "classifier kept as ilastik trained it, 1 tree; it predicts here what it predicts there"
        in out
    )
    classifier = px.load(project.parent / "m.pixclass")
    image = open_image(project.parent / "a.tif").data
    expected, _ = px.import_ilastik(project, mode="keep")
    np.testing.assert_array_equal(classifier.predict_proba(image), expected.predict_proba(image))
    assert run(project, "--keep-classifier", "--trees", 5) == 2
    assert "--trees is for retraining" in capsys.readouterr().err
    assert run(project, "--keep-classifier", "--retrain") == 2


def test_without_images_it_is_kept_and_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.parent / "a.tif").unlink()
    assert run(project) == 0
    assert "kept because none of the images with labels was found" in capsys.readouterr().out
    assert run(project, "--retrain") == 2
    err = capsys.readouterr().err
    assert "training needs the images that the labels were made on" in err
    assert err.count("\n") == 2


def test_labels_are_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = project.parent.parent / "labels"
    assert run(project, "--trees", 2, "--labels", labels) == 0
    assert f"wrote labels of 2 images to {labels}" in capsys.readouterr().out
    names = sorted(path.name for path in labels.iterdir())
    assert names == ["a_labels.tif", "b_ __31mred_..__labels.tif"]
    np.testing.assert_array_equal(open_labels(labels / "a_labels.tif"), LABELS)
    np.testing.assert_array_equal(open_labels(labels / names[1]), LABELS[::-1])
    pair = ["--pair", str(project.parent / "a.tif"), str(labels / "a_labels.tif")]
    again = ["-o", str(labels / "again.pixclass"), "--trees", "2", "--features", "fast"]
    assert main(["train", *pair, *again]) == 0
    assert run(project, "--trees", 2, "--labels", labels) == 2
    assert "Add --overwrite, or choose another folder" in capsys.readouterr().err
    assert run(project, "--trees", 2, "--labels", labels, "--overwrite") == 0


def test_wrong_input(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.ilp"
    damaged.write_bytes(project.read_bytes()[:1000])
    assert run(damaged) == 2
    assert "cannot be read as an ilastik project" in capsys.readouterr().err
    assert run(tmp_path / "nowhere.ilp") == 2
    assert "the project file must exist" in capsys.readouterr().err
    assert main(["import-ilastik", str(project), "-o", str(project)]) == 2
    assert "only a model may be replaced by a model" in capsys.readouterr().err
    assert project.exists()
    assert not list(tmp_path.glob("*.pixclass"))


def test_features_of_ours(project: Path) -> None:
    assert run(project, "--trees", 2, "--features", "fast") == 0
    assert px.load(project.parent / "m.pixclass").features_ == px.FeatureSet.fast(2)
