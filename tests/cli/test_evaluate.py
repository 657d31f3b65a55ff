"""Evaluating from the command line: models, files of predictions, many pairs, what is written and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_pixclass.cli import main


@pytest.fixture
def truth(files: Path, tmp_path: Path) -> Path:
    """What is true of the grey image: its halves."""
    values = np.full((40, 48), 2, np.uint8)
    values[:, 24:] = 5
    values[:3] = 0
    tifffile.imwrite(tmp_path / "grey_truth.tif", values)
    return tmp_path / "grey_truth.tif"


def test_a_model(model: Path, files: Path, truth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), str(files / "grey.tif"), str(truth)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("1,776 pixels with a truth (144 without, not counted)\n")
    assert printed.index("mean IoU") < printed.index("accuracy")
    assert "truth \\ predicted" in printed


def test_json_and_picture(
    model: Path, files: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores, picture = tmp_path / "scores.json", tmp_path / "confusion.png"
    line = ["evaluate", str(model), str(files / "grey.tif"), str(truth)]
    line += ["--json", str(scores), "--confusion", str(picture)]
    assert main(line) == 0
    assert str(picture) in capsys.readouterr().out
    found = json.loads(scores.read_text())
    assert found["total"]["n_pixels"] == 1776
    assert found["total"]["mean_iou"] > 0.5
    assert found["total"]["accuracy"] >= found["total"]["mean_iou"]
    assert [row["value"] for row in found["total"]["classes"]] == [2, 5]
    assert found["pairs"][0]["image"] == str(files / "grey.tif")
    with Image.open(picture) as drawn:
        assert drawn.mode == "RGB"
    assert main(line) == 2
    assert "Add --overwrite" in capsys.readouterr().err
    assert main([*line, "--overwrite"]) == 0


def test_json_alone(
    model: Path, files: Path, truth: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["evaluate", str(model), "--pair", str(files / "grey.tif"), str(truth), "--json", "-"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["model"] == str(model)


def test_a_prediction_is_judged_as_the_model(
    model: Path, files: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict = ["predict", str(model), str(files / "grey.tif"), "-o", str(tmp_path)]
    assert main([*predict, "--export", "segmentation,probabilities"]) == 0
    capsys.readouterr()
    figures = []
    for arguments in (
        [str(model), str(files / "grey.tif"), str(truth)],
        ["--prediction", str(tmp_path / "grey_Segmentation.tiff"), str(truth)],
        [
            "--prediction",
            str(tmp_path / "grey_Probabilities.tiff"),
            str(truth),
            "--class-values",
            "2,5",
        ],
    ):
        assert main(["evaluate", *arguments, "--json", "-"]) == 0
        figures.append(json.loads(capsys.readouterr().out)["total"]["confusion"])
    assert figures[0] == figures[1] == figures[2]
    probabilities = ["--prediction", str(tmp_path / "grey_Probabilities.tiff"), str(truth)]
    assert main(["evaluate", *probabilities]) == 2
    assert "--class-values" in capsys.readouterr().err
    assert main(["evaluate", *probabilities, "--class-values", "1,2,3"]) == 2
    assert "got 3 values" in capsys.readouterr().err


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions and truths of three images, and one of each without a partner."""
    found = tmp_path / "results", tmp_path / "truth"
    for folder, ending in zip(found, ("_Segmentation.tiff", "_labels.png"), strict=True):
        folder.mkdir()
        for number in (1, 2, 10):
            values = np.full((8, 9), 1, np.uint8)
            values[:number] = 2
            path = folder / f"a_{number}{ending}"
            if path.suffix == ".png":
                Image.fromarray(values).save(path)
            else:
                tifffile.imwrite(path, values)
    Image.fromarray(np.ones((8, 9), np.uint8)).save(found[1] / "b.png")
    return found


def test_folders(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    results, truth = map(str, folders)
    assert main(["evaluate", "--prediction", results, truth]) == 0
    printed, errors = capsys.readouterr()
    assert "216 pixels with a truth" in printed
    lines = [line.split()[0] for line in printed.splitlines() if "_Segmentation" in line]
    assert lines == ["a_1_Segmentation.tiff", "a_2_Segmentation.tiff", "a_10_Segmentation.tiff"]
    assert "b.png' without a partner of the same name: left out" in errors


def test_a_bad_pair_does_not_stop_the_others(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(folders[0] / "a_2_Segmentation.tiff", np.ones((3, 3), np.uint8))
    assert main(["evaluate", "--prediction", *map(str, folders), "--json", "-"]) == 1
    printed, errors = capsys.readouterr()
    assert "a_2_Segmentation.tiff: a prediction must have the shape of the truth" in errors
    assert "1 of 3 pairs failed" in errors
    assert len(json.loads(printed)["pairs"]) == 2


def test_volumes_and_rgb(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for image, labels in (
        ("volume.tif", "volume_labels.tif"),
        ("colour.png", "colour_labels.png"),
        ("channels.tif", "colour_labels.png"),
    ):
        model = tmp_path / f"{image}.pixclass"
        pair = [str(files / image), str(files / labels)]
        train = ["train", "--pair", *pair, "-o", str(model), "--features", "fast", "--trees", "3"]
        assert main(train) == 0
        capsys.readouterr()
        assert main(["evaluate", str(model), *pair, "--json", "-"]) == 0
        assert json.loads(capsys.readouterr().out)["total"]["mean_iou"] > 0.9


def test_axes_of_length_one_do_not_matter(
    files: Path, truth: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    h5py = pytest.importorskip("h5py")
    image, labels = tifffile.imread(files / "grey.tif"), tifffile.imread(truth)
    figures = []
    for shape, axes in (((40, 48), "yx"), ((1, 40, 48), "zyx"), ((40, 48, 1), "yxc")):
        for name, data in (("image", image), ("truth", labels[np.newaxis])):
            with h5py.File(tmp_path / f"{name}.h5", "w") as file:
                file["data"] = data.reshape(shape) if name == "image" else data
                if name == "image":
                    file["data"].attrs["axes"] = axes
        pair = [str(tmp_path / "image.h5"), str(tmp_path / "truth.h5")]
        assert main(["evaluate", str(model), *pair, "--json", "-"]) == 0
        figures.append(json.loads(capsys.readouterr().out)["total"])
    assert figures[0] == figures[1] == figures[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "something must be judged"),
        (["MODEL"], "a model needs an image"),
        (["MODEL", "IMAGE"], "an image needs its truth"),
        (["MODEL", "IMAGE", "TRUTH", "--prediction", "a", "b"], "got both"),
        (["MODEL", "IMAGE", "TRUTH", "--class-values", "1,2"], "add --prediction"),
        (["MODEL", "IMAGE", "TRUTH", "--class-values", "0"], "of 1 or more"),
        (["MODEL", "IMAGE", "TRUTH", "--confusion", "a.jpg"], "in .png"),
        (["MODEL", "IMAGE", "TRUTH", "--json", "no/such/folder.json"], "folder"),
        (["MODEL", "IMAGE", "nothing.tif"], "must exist"),
        (["IMAGE", "IMAGE", "TRUTH"], "model"),
        (["--prediction", "TRUTH", "EMPTY"], "known for at least one pixel"),
    ],
)
def test_what_is_refused(
    arguments: list[str],
    message: str,
    model: Path,
    files: Path,
    truth: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty = truth.with_name("empty.tif")
    tifffile.imwrite(empty, np.zeros((40, 48), np.uint8))
    names = {"MODEL": model, "IMAGE": files / "grey.tif", "TRUTH": truth, "EMPTY": empty}
    assert main(["evaluate", *(str(names.get(text, text)) for text in arguments)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert "Traceback" not in errors
