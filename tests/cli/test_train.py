"""The command train: the same classifier as the Python API makes, or one line that says why not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_pixclass as px
from napari_pixclass.cli import main
from napari_pixclass.core import ClassInfo, LabelledPixels
from napari_pixclass.io import open_image, open_labels, write_labels


def train(files: Path, name: str, output: Path, *options: str, labels: str = "") -> int:
    suffix = "png" if name == "colour" else "tif"
    pair = [f"{files}/{name}.{suffix}", f"{files}/{labels or name + '_labels'}.{suffix}"]
    return main(["train", "--pair", *pair, "-o", str(output), "--trees", "5", *options])


def test_the_model_is_that_of_the_python_api(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "m.pixclass"
    assert train(files, "grey", output, "--features", "fast", "--seed", "3", "--jobs", "1") == 0
    out, err = capsys.readouterr()
    assert "trained on 1 image in" in out
    assert "features  9 (2D)" in out
    assert "class 5          40 labelled pixels  Class 5" in out
    assert f"wrote {output} (" in out
    assert err == "training ...\n"
    image = open_image(files / "grey.tif").data
    classifier = px.PixelClassifier(px.FeatureSet.fast(2), n_estimators=5, random_state=3)
    classifier.fit(image, open_labels(files / "grey_labels.tif"))
    np.testing.assert_array_equal(
        px.load(output).predict_proba(image), classifier.predict_proba(image)
    )


def test_features_from_a_file(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file decides in how many axes filters run, where nobody says anything else."""
    path, output = tmp_path / "features.json", tmp_path / "m.pixclass"
    features = px.FeatureSet.from_selection({"gaussian_smoothing": [0.7, 2.0]}, 2)
    px.save_features(features, path)
    assert train(files, "volume", output, "--features", str(path)) == 0
    assert "features  2 (2D)" in capsys.readouterr().out
    assert px.load(output).features_ == features
    for options, reason in (
        (["--ndim", "3"], "must be 3D, as all else is; they are 2D"),
        (["--sigmas", "2"], "Leave out --sigmas"),
    ):
        assert train(files, "volume", output, "--features", str(path), *options) == 2
        assert reason in capsys.readouterr().err
    path.write_text("{}")
    assert train(files, "volume", output, "--features", str(path)) == 2
    assert "cannot be read as a set of features" in capsys.readouterr().err


def test_several_pairs_with_names(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "m.pixclass"
    second = ["--pair", f"{files}/grey.tif", f"{files}/grey_labels.tif"]
    names = ["--class-names", "Hintergründe & co", "核"]
    assert train(files, "grey", output, *second, "--sigmas", "1", "--features", "all", *names) == 0
    assert "trained on 2 images" in capsys.readouterr().out
    loaded = px.load(output)
    assert [info.name for info in loaded.class_table_] == ["Hintergründe & co", "核"]
    assert loaded.n_samples_ == (80, 80)
    assert len(loaded.features_) == 8
    assert loaded.features_.sigmas == (1.0,)


def test_dimensions_and_spacing_come_from_the_file(files: Path, tmp_path: Path) -> None:
    small = ["--features", "fast", "--sigmas", "1"]
    assert train(files, "volume", tmp_path / "v.pixclass", *small) == 0
    volume = px.load(tmp_path / "v.pixclass")
    assert volume.features_.ndim == 3
    assert volume.spacing_ == (1.5, 0.5, 0.5)
    assert train(files, "film", tmp_path / "f.pixclass", *small) == 0
    film = px.load(tmp_path / "f.pixclass")
    assert film.features_.ndim == 2
    assert film.spacing_ == (0.5, 0.5)
    planes = ["--ndim", "2", "--spacing", "1", "2"]
    assert train(files, "volume", tmp_path / "p.pixclass", *small, *planes) == 0
    assert px.load(tmp_path / "p.pixclass").spacing_ == (1.0, 2.0)


def test_channels_come_from_the_file_or_the_user(files: Path, tmp_path: Path) -> None:
    small = ["--features", "fast", "--sigmas", "1"]
    assert train(files, "colour", tmp_path / "c.pixclass", *small) == 0
    assert px.load(tmp_path / "c.pixclass").n_channels_ == 3
    planes = tmp_path / "planes.tif"
    tifffile.imwrite(
        planes, np.moveaxis(open_image(files / "colour.png").data, -1, 0), photometric="minisblack"
    )
    pair = ["--pair", str(planes), str(files / "grey_labels.tif")]
    output = ["-o", str(tmp_path / "p.pixclass"), "--trees", "5", *small]
    assert main(["train", *pair, *output]) == 2
    assert main(["train", *pair, *output, "--channel-axis", "0"]) == 0
    assert px.load(tmp_path / "p.pixclass").channel_axis_ == 0
    # One pair with colours last, one with channels first: together they train one classifier.
    assert (
        train(
            files,
            "colour",
            tmp_path / "b.pixclass",
            *small,
            *pair[:1],
            f"{files}/channels.tif",
            pair[2],
        )
        == 0
    )
    assert px.load(tmp_path / "b.pixclass").n_samples_ == (80, 80)


def test_channels_can_be_left_out(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "c.pixclass"
    small = ["--features", "fast", "--sigmas", "1"]
    assert train(files, "channels", output, *small, "--channels", "2,0", labels="grey_labels") == 0
    assert "features  4 (2D) in channels 0, 2" in capsys.readouterr().out
    chosen = px.load(output).state.features.channels[0]
    assert px.load(output).features_ == (chosen, None, chosen)
    assert main(["info", str(output)]) == 0
    out = capsys.readouterr().out
    assert "features  8 in 2 of 3 channels, 2D, halo" in out
    assert "  channels 0, 2: 4 features\n    gaussian_smoothing               1\n" in out
    assert "  channel 1: not used\n" in out
    assert main(["info", str(output), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert info["features"] == [chosen.to_dict(), None, chosen.to_dict()]
    assert (info["n_features"], info["n_channels"]) == (8, 3)
    assert main(["predict", str(output), f"{files}/channels.tif", "-o", str(tmp_path / "out")]) == 0


def test_all_channels_named_are_all_channels(files: Path, tmp_path: Path) -> None:
    small = ["--features", "fast", "--sigmas", "1", "--channels", "0,1,2"]
    assert train(files, "colour", tmp_path / "c.pixclass", *small) == 0
    assert (
        px.load(tmp_path / "c.pixclass").features_
        == px.load(tmp_path / "c.pixclass").state.features.common
    )


def test_an_older_model_is_replaced_and_nothing_else(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "m.pixclass"
    small = ["--features", "fast", "--sigmas", "1"]
    assert train(files, "grey", output, *small) == 0
    assert train(files, "grey", output, *small, "--trees", "3") == 0
    assert px.load(output).n_estimators == 3
    precious = tmp_path / "precious.tif"
    precious.write_bytes(b"data")
    assert train(files, "grey", precious, *small) == 2
    assert "only a model may be replaced by a model" in capsys.readouterr().err
    assert precious.read_bytes() == b"data"


def broken_files(folder: Path, files: Path) -> dict[str, Path]:
    """Files that are wrong, each in its own way."""
    made = {
        name: folder / f"{name}.tif"
        for name in ("truncated", "text", "nan", "empty", "negative", "small")
    }
    made["truncated"].write_bytes((files / "grey.tif").read_bytes()[:900])
    made["text"].write_text("no image")
    tifffile.imwrite(made["nan"], np.full((40, 48), np.nan, dtype=np.float32))
    tifffile.imwrite(made["empty"], np.zeros((40, 48), dtype=np.uint8))
    tifffile.imwrite(made["negative"], np.full((40, 48), -1, dtype=np.int16))
    tifffile.imwrite(made["small"], np.ones((10, 10), dtype=np.uint8))
    return made


@pytest.mark.parametrize(
    ("image", "labels", "reason"),
    [
        ("missing", "labels", "the image file must exist; there is no '"),
        ("image", "missing", "the image file must exist; there is no '"),
        ("folder", "labels", "an image must be a file"),
        ("truncated", "labels", "cannot be read as an image"),
        ("text", "labels", "cannot be read as an image"),
        ("model", "labels", "files that end in .tif"),
        ("nan", "labels", "must hold finite numbers; 1920 of 1920 values"),
        ("image", "empty", "all labels are 0"),
        ("image", "negative", "labels must be 0 (unlabelled) or a class value"),
        ("image", "small", "labels must have the shape of the image, (40, 48); got (10, 10)"),
        ("image", "colour", "a picture in colours"),
        ("stack", "labels", "Add --ndim 2 or --ndim 3"),
    ],
)
def test_bad_input(
    files: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    image: str,
    labels: str,
    reason: str,
) -> None:
    paths = broken_files(tmp_path, files) | {
        "image": files / "grey.tif",
        "labels": files / "grey_labels.tif",
        "colour": files / "colour.png",
        "stack": files / "stack.tif",
        "missing": tmp_path / "missing.tif",
        "folder": tmp_path,
        "model": model,
    }
    capsys.readouterr()
    output = tmp_path / "m.pixclass"
    pair = [str(paths[image]), str(paths[labels])]
    assert main(["train", "--pair", *pair, "-o", str(output)]) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out
    assert len(lines) == 1 or lines[:-1] == ["training ..."]
    assert lines[-1].startswith("napari-pixclass: error: ")
    assert reason in lines[-1]
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--sigmas", "-1"], "sigma must lie above 0"),
        (["--sigmas", "0.1"], "must hold at least one feature"),
        (["--sigmas", "nan"], "sigma must lie above 0"),
        (["--ndim", "3"], "3D features need an image whose last axes are ZYX"),
        (["--channel-axis", "5"], "the channel axis must be one of"),
        (["--spacing", "1"], "one value for each of the 2 spatial axes"),
        (["--spacing", "1", "-2"], "spacing must be positive"),
        (["--class-names", "a", "\x1b[31m"], "a class name must be 1 to 200 printable"),
        (["--class-names", "a", "\ud800"], "a class name must be 1 to 200 printable"),
        (["--class-names", "a", ""], "a class name must be 1 to 200 printable"),
        (["--class-names", "one"], "each of the 2 classes in the labels, 2, 5; got 1 names"),
        (["-o", "nowhere/m.pixclass"], "the folder of a file to write must exist"),
        (["-o", "."], "must not be a folder"),
        (["--trees", "0"], "must be a whole number of 1 or more; got '0'"),
        (["--seed", "-1"], "expected one argument|must be a whole number"),
        (["--channel-axis", "x"], "must be a whole number or 'none'"),
        (["--channels", "1"], "--channels must be channels of the images, 0 to 0; got 1."),
        (["--channels", "0,x"], "with commas between them; got '0,x'"),
        (["--channels", ""], "with commas between them; got ''"),
        (
            ["--features", "some"],
            "default, all, fast or a file of features; there is no file 'some'",
        ),
        (["--feat", "all"], "unrecognized arguments"),
    ],
)
def test_bad_options(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    assert train(files, "grey", tmp_path / "m.pixclass", *options) == 2
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
    assert any(part in err for part in reason.split("|"))
    assert not list(tmp_path.iterdir())


def test_one_class_is_enough(files: Path, tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "one.tif", (open_labels(files / "grey_labels.tif") == 2).astype("u1")
    )
    pair = ["--pair", str(files / "grey.tif"), str(tmp_path / "one.tif")]
    assert main(["train", *pair, "-o", str(tmp_path / "m.pixclass"), "--features", "fast"]) == 0
    assert px.load(tmp_path / "m.pixclass").classes_.tolist() == [1]


def test_images_with_other_channels_do_not_mix(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = ["--pair", f"{files}/colour.png", f"{files}/colour_labels.png"]
    assert train(files, "grey", tmp_path / "m.pixclass", *second) == 2
    assert "must all have channels or none" in capsys.readouterr().err


def test_scribbles_files_give_labels_and_names(files: Path, tmp_path: Path) -> None:
    labelled = LabelledPixels.of(open_labels(files / "grey_labels.tif"))
    names = [ClassInfo(value, f"class {value}!", "#00ff00") for value in labelled.counts]
    write_labels(tmp_path / "grey.scribbles", labelled, names)
    pair = ["--pair", f"{files}/grey.tif", str(tmp_path / "grey.scribbles")]
    assert main(["train", *pair, "-o", str(tmp_path / "a.pixclass"), "--trees", "5"]) == 0
    assert train(files, "grey", tmp_path / "b.pixclass") == 0
    from_scribbles, from_image = (px.load(tmp_path / f"{n}.pixclass") for n in "ab")
    assert from_scribbles.class_table_ == tuple(names)
    image = open_image(files / "grey.tif").data
    assert np.array_equal(from_scribbles.predict_proba(image), from_image.predict_proba(image))


def test_labels_smaller_than_their_image_have_an_offset(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = open_labels(files / "grey_labels.tif")
    tifffile.imwrite(tmp_path / "part.tif", labels[5:, 3:])
    pair = ["--pair", f"{files}/grey.tif", str(tmp_path / "part.tif"), "--trees", "5"]
    assert main(["train", *pair, "-o", str(tmp_path / "a.pixclass")]) == 2
    assert main(["train", *pair, "-o", str(tmp_path / "a.pixclass"), "--labels-offset", "5"]) == 2
    assert "offset must be a whole number for each of the 2 axes" in capsys.readouterr().err
    offset = ["--labels-offset", "5", "3"]
    assert main(["train", *pair, "-o", str(tmp_path / "a.pixclass"), *offset]) == 0
    expected = np.zeros_like(labels)
    expected[5:, 3:] = labels[5:, 3:]
    assert px.load(tmp_path / "a.pixclass").n_samples_ == tuple(
        int((expected == value).sum()) for value in np.unique(expected[expected > 0])
    )


def test_a_training_goes_on_with_further_images(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, both, again = (tmp_path / f"{name}.pixclass" for name in ("first", "both", "again"))
    options = ["--features", "fast", "--seed", "3", "--class-names", "a", "b"]
    assert train(files, "grey", first, *options, "--save-labels") == 0
    second = ["--pair", f"{files}/grey.tif", f"{files}/grey_labels.tif"]
    assert train(files, "grey", both, *options, *second) == 0
    assert main(["train", "--continue", str(first), *second, "-o", str(again)]) == 0
    assert "trained on 2 images" in capsys.readouterr().out
    image = open_image(files / "grey.tif").data
    found, expected = px.load(again), px.load(both)
    assert np.array_equal(found.predict_proba(image), expected.predict_proba(image))
    assert found.class_table_ == expected.class_table_
    assert main(["train", "--continue", str(first), "--channels", "0", "-o", str(again)]) == 0
    assert px.load(again).state.features == px.load(first).state.features  # those it had
    assert "note:" not in capsys.readouterr().err
    assert main(["train", "--continue", str(first), "-o", str(first)]) == 0
    assert "holds labels of an earlier training" in capsys.readouterr().err
    assert main(["train", "--continue", str(both), "-o", str(again)]) == 2
    assert "continued with the labels beside its model" in capsys.readouterr().err
    assert main(["train", "-o", str(again)]) == 2
    assert (
        "give --pair IMAGE LABELS, --continue MODEL, or --project FOLDER" in capsys.readouterr().err
    )
