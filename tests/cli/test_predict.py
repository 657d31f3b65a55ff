"""The command predict: the numbers of the Python API, in files that keep axes and spacing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import napari_pixclass as px
import napari_pixclass.io
from napari_pixclass.cli import main
from napari_pixclass.io import open_image, open_labels

ALL = ["--export", "probabilities,uncertainty,segmentation"]


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert not out
    (line,) = [line for line in err.splitlines() if not line.endswith(" ...")]
    assert line.startswith("napari-pixclass: error: ")
    return line


def test_all_outputs_are_those_of_the_python_api(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    folder = tmp_path / "made" / "for me"
    assert main(["predict", str(model), f"{files}/grey.tif", "-o", str(folder), *ALL]) == 0
    paths = {
        name: folder / f"grey_{name}.tiff"
        for name in ("Probabilities", "Uncertainty", "Segmentation")
    }
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(path) for path in paths.values()]
    assert err == "predicting grey ...\n"
    classifier, image = px.load(model), open_image(files / "grey.tif").data
    probabilities = open_image(paths["Probabilities"])
    assert (probabilities.axes, probabilities.data.dtype) == ("CYX", np.float32)
    np.testing.assert_array_equal(
        np.moveaxis(probabilities.data, 0, -1), classifier.predict_proba(image)
    )
    np.testing.assert_array_equal(
        open_image(paths["Uncertainty"]).data, classifier.uncertainty(image)
    )
    segmentation = open_labels(paths["Segmentation"])
    assert segmentation.dtype == np.uint8
    np.testing.assert_array_equal(segmentation, classifier.predict(image))
    assert set(np.unique(segmentation)) == {2, 5}


@pytest.mark.parametrize("name", ["volume", "film"])
def test_axes_and_spacing_are_kept(files: Path, tmp_path: Path, name: str) -> None:
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{files}/{name}.tif", f"{files}/{name}_labels.tif"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    assert main(["predict", str(model), f"{files}/{name}.tif", "-o", str(tmp_path), *ALL]) == 0
    source = open_image(files / f"{name}.tif")
    probabilities = open_image(tmp_path / f"{name}_Probabilities.tiff")
    assert probabilities.axes == "C" + source.axes
    assert probabilities.spacing == pytest.approx(source.spacing)
    assert probabilities.unit == source.unit
    classifier = px.load(model)
    expected = classifier.predict_proba(
        source.data, spacing=source.spacing_for(classifier.features_.ndim)
    )
    np.testing.assert_array_equal(np.moveaxis(probabilities.data, 0, -1), expected)
    assert open_image(tmp_path / f"{name}_Segmentation.tiff").axes == source.axes


def test_channels_may_stand_elsewhere_than_in_training(files: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{files}/colour.png", f"{files}/colour_labels.png"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    colours = open_image(files / "colour.png").data
    tifffile.imwrite(
        tmp_path / "c.ome.tif",
        np.moveaxis(colours, -1, 0),
        ome=True,
        photometric="minisblack",
        metadata={"axes": "CYX"},
    )
    tifffile.imwrite(
        tmp_path / "q.tif", np.moveaxis(colours, -1, 0).copy(), photometric="minisblack"
    )
    arguments = ["predict", str(model), "-o", str(tmp_path)]
    assert main([*arguments, f"{files}/colour.png", f"{tmp_path}/c.ome.tif"]) == 0
    expected = px.load(model).predict_proba(colours)
    for name in ("colour", "c"):
        written = open_image(tmp_path / f"{name}_Probabilities.tiff").data
        np.testing.assert_array_equal(np.moveaxis(written, 0, -1), expected)
    assert main([*arguments, f"{tmp_path}/q.tif", "--channel-axis", "0"]) == 0
    written = open_image(tmp_path / "q_Probabilities.tiff").data
    np.testing.assert_array_equal(np.moveaxis(written, 0, -1), expected)


def test_channels_last_in_a_file_that_names_no_axes(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.random.default_rng(0).integers(0, 200, (40, 48, 5), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "last.tif", image, photometric="minisblack")
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{tmp_path}/last.tif", f"{files}/grey_labels.tif"]
    options = ["--ndim", "2", "--channel-axis", "2", "--features", "fast", "--trees", "5"]
    assert main(["train", *pair, "-o", str(model), *options]) == 0
    expected = px.load(model).predict_proba(image)
    for name, more in (("given", ["--channel-axis", "2"]), ("known to the model", [])):
        folder = tmp_path / name
        assert main(["predict", str(model), f"{tmp_path}/last.tif", "-o", str(folder), *more]) == 0
        written = open_image(folder / "last_Probabilities.tiff")
        assert written.axes == "CYX"
        np.testing.assert_array_equal(np.moveaxis(written.data, 0, -1), expected)


def test_axes_that_cannot_be_written_are_refused_before_predicting(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    colour = [f"{files}/colour.png", "--channel-axis", "none"]
    assert main(["predict", str(model), *colour, "-o", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert not out
    (line,) = err.splitlines()[-1:]
    assert "must end in the axes Y and X" in line
    assert not list(tmp_path.iterdir())


def test_a_model_of_one_channel_predicts_images_without_a_channel_axis(
    files: Path, tmp_path: Path
) -> None:
    grey = tifffile.imread(files / "grey.tif")
    tifffile.imwrite(
        tmp_path / "one.tif", grey[np.newaxis], photometric="minisblack", metadata={"axes": "CYX"}
    )
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{tmp_path}/one.tif", f"{files}/grey_labels.tif"]
    options = ["--channel-axis", "0", "--features", "fast", "--trees", "5"]
    assert main(["train", *pair, "-o", str(model), *options]) == 0
    assert px.load(model).channel_axis_ == 0
    assert main(["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]) == 0
    np.testing.assert_array_equal(
        np.moveaxis(open_image(tmp_path / "grey_Probabilities.tiff").data, 0, -1),
        px.load(model).predict_proba(grey, channel_axis=None),
    )


def test_a_picture_with_transparency_has_three_channels_in_every_format(
    files: Path, tmp_path: Path
) -> None:
    colours = open_image(files / "colour.png").data
    with_alpha = np.dstack([colours, np.full(colours.shape[:2], 255, dtype=np.uint8)])
    Image.fromarray(with_alpha).save(tmp_path / "png.png")
    tifffile.imwrite(
        tmp_path / "tif.tif", with_alpha, photometric="rgb", extrasamples=["unassalpha"]
    )
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{files}/colour.png", f"{files}/colour_labels.png"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    images = [f"{tmp_path}/png.png", f"{tmp_path}/tif.tif"]
    assert main(["predict", str(model), *images, "-o", str(tmp_path)]) == 0
    expected = px.load(model).predict_proba(colours)
    for name in ("png", "tif"):
        written = open_image(tmp_path / f"{name}_Probabilities.tiff").data
        np.testing.assert_array_equal(np.moveaxis(written, 0, -1), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_use_their_whole_range(
    files: Path, model: Path, tmp_path: Path, dtype: str
) -> None:
    arguments = ["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]
    options = ["--dtype", dtype] if dtype == "uint8" else ["--renormalize"]
    assert main([*arguments, *ALL, *options]) == 0
    written = open_image(tmp_path / "grey_Probabilities.tiff").data
    assert written.dtype == dtype
    exact = px.load(model).predict_proba(open_image(files / "grey.tif").data)
    top = np.iinfo(dtype).max
    np.testing.assert_array_equal(
        np.moveaxis(written, 0, -1), np.rint(exact.astype(np.float64) * top)
    )
    assert open_image(tmp_path / "grey_Uncertainty.tiff").data.dtype == dtype
    assert open_image(tmp_path / "grey_Segmentation.tiff").data.dtype == np.uint8


def test_png(files: Path, model: Path, tmp_path: Path) -> None:
    arguments = ["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path), "--format", "png"]
    assert main([*arguments, "--export", "segmentation,uncertainty", "--dtype", "uint16"]) == 0
    classifier, image = px.load(model), open_image(files / "grey.tif").data
    np.testing.assert_array_equal(
        open_labels(tmp_path / "grey_Segmentation.png"), classifier.predict(image)
    )
    assert open_image(tmp_path / "grey_Uncertainty.png").data.dtype == np.uint16


def test_one_bad_image_does_not_stop_the_others(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.tif").write_text("no image")
    images = [f"{tmp_path}/bad.tif", f"{files}/grey.tif"]
    capsys.readouterr()
    assert main(["predict", str(model), *images, "-o", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/grey_Probabilities.tiff\n"
    assert "error: '" in err
    assert err.endswith("napari-pixclass: 1 of 2 images failed\n")


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device")])
def test_a_failure_at_one_image_leaves_none_of_its_files_and_does_not_stop_the_others(
    files: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    images = [tmp_path / name for name in ("first.tif", "second.tif")]
    for image in images:
        image.write_bytes((files / "grey.tif").read_bytes())
    folder = tmp_path / "out"
    folder.mkdir()
    older = folder / "first_Probabilities.tiff"
    older.write_bytes(b"of an earlier run")
    write = napari_pixclass.io.write_tiff

    def fail_at_the_segmentation_of_the_first(path: Path, *args: Any, **options: Any) -> None:
        if "first_Segmentation" in path.name:
            raise error
        write(path, *args, **options)

    monkeypatch.setattr(napari_pixclass.io, "write_tiff", fail_at_the_segmentation_of_the_first)
    capsys.readouterr()
    paths = [str(path) for path in images]
    assert main(["predict", str(model), *paths, "-o", str(folder), "--overwrite", *ALL]) == 1
    out, err = capsys.readouterr()
    expected = [f"second_{name}.tiff" for name in ("Probabilities", "Uncertainty", "Segmentation")]
    assert out.splitlines() == [str(folder / name) for name in expected]
    reason = "No space left on device." if isinstance(error, OSError) else "MemoryError"
    assert f"napari-pixclass: failed: {images[0]}: {reason}\n" in err
    assert err.endswith("napari-pixclass: 1 of 2 images failed\n")
    assert {path.name for path in folder.iterdir()} == {older.name, *expected}
    assert older.read_bytes() == b"of an earlier run"


def test_nothing_is_overwritten_unasked(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    assert "results must not exist yet" in one_error(capsys)
    assert main([*arguments, "--overwrite"]) == 0


def test_what_exists_is_skipped_when_asked(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.tif").write_bytes((files / "grey.tif").read_bytes())
    arguments = ["predict", str(model), str(tmp_path), "-o", f"{tmp_path}/out", "--skip-existing"]
    assert main(arguments) == 0
    (tmp_path / "out" / "b_Probabilities.tiff").unlink()
    capsys.readouterr()
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/out/b_Probabilities.tiff\n"
    assert err.splitlines() == [
        "[2/2] predicting b ...",
        "napari-pixclass: 1 of 2 images skipped, their results exist",
    ]


def test_ctrl_c_says_how_to_go_on(
    files: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in "ab":
        (tmp_path / f"{name}.tif").write_bytes((files / "grey.tif").read_bytes())
    write = napari_pixclass.io.write_tiff

    def press_ctrl_c_at_the_second(path: Path, *args: Any, **options: Any) -> None:
        if "b_" in path.name:
            raise KeyboardInterrupt
        write(path, *args, **options)

    monkeypatch.setattr(napari_pixclass.io, "write_tiff", press_ctrl_c_at_the_second)
    capsys.readouterr()
    assert main(["predict", str(model), str(tmp_path), "-o", f"{tmp_path}/out"]) == 130
    err = capsys.readouterr().err
    assert "1 of 2 images are finished; --skip-existing leaves them out next time" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a_Probabilities.tiff"]


def test_axes_given_by_the_user_count_in_training_and_prediction(
    files: Path, tmp_path: Path
) -> None:
    film, labels = tifffile.imread(files / "film.tif"), tifffile.imread(files / "film_labels.tif")
    np.save(tmp_path / "film.npy", film)
    np.save(tmp_path / "labels.npy", labels)
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{tmp_path}/film.npy", f"{tmp_path}/labels.npy", "--axes", "TYX"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    assert px.load(model).features_.ndim == 2
    image = [f"{tmp_path}/film.npy", "--axes", "TYX", "-o", str(tmp_path)]
    assert main(["predict", str(model), *image]) == 0
    written = open_image(tmp_path / "film_Probabilities.tiff")
    assert written.axes == "CTYX"
    np.testing.assert_array_equal(
        np.moveaxis(written.data, 0, -1), px.load(model).predict_proba(film)
    )


def test_results_do_not_replace_images_or_each_other(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = (files / "grey.tif").read_bytes()
    (tmp_path / "grey_Probabilities.tiff").write_bytes(grey)
    (tmp_path / "grey.tif").write_bytes(grey)
    capsys.readouterr()
    arguments = ["predict", str(model), "-o", str(tmp_path), "--overwrite"]
    assert main([*arguments, f"{tmp_path}/grey.tif", f"{tmp_path}/grey_Probabilities.tiff"]) == 2
    assert "must not replace an image" in one_error(capsys)
    assert main([*arguments, f"{tmp_path}/grey.tif", f"{files}/grey.tif"]) == 2
    error = one_error(capsys)
    assert "must differ in their names" in error
    assert "after their folders" in error
    assert main([*arguments, f"{tmp_path}/a.tif", f"{tmp_path}/a.png"]) == 2
    assert "'*.tif' and '*.png' one after the other" in one_error(capsys)
    assert (tmp_path / "grey_Probabilities.tiff").read_bytes() == grey


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--export", "features"], "must be a list of probabilities, uncertainty, segmentation"),
        (["--export", ""], "must be a list of"),
        (
            ["--format", "n5"],
            "'n5' is not supported; choose tiff, ome-tiff, ome-zarr, hdf5, png or npy",
        ),
        (["--overwrite", "--skip-existing"], "not allowed with argument"),
        (["--format", "ome-zarr", "--overwrite", "--resume"], "either replaced or kept"),
        (["--format", "ome-zarr", "--per-class"], "in OME-Zarr each class is a channel"),
        (["--per-class", "--mask", "m.tif"], "mask needs results that are written block by block"),
        (["--per-class", "--name", "a"], "must tell the files of the classes apart"),
        (["--axes", "XYZ"], "axes must name each axis of an image; got 3 letters"),
        (["--axes", "YZ"], "axes must be different letters"),
        (["--format", "png", "--export", "uncertainty", "--dtype", "float32"], "uint8 or uint16"),
        (["--dtype", "float32", "--renormalize"], "whole range of an integer type"),
        (["--dtype", "int8"], "invalid choice: 'int8'"),
        (["--resume"], "only ome-zarr results can be resumed"),
        (["--levels", "2"], "only ome-zarr results .* got levels"),
        (["--scheduler", "tcp://127.0.0.1:9"], "only ome-zarr results .* got scheduler"),
        (["--format", "hdf5", "--resume"], "only ome-zarr results can be resumed"),
        (["--format", "png", "--export", "segmentation", "--mask", "m.tif"], "block by block"),
        (["--memory", "much"], "must be a size such as 800MB or 1.5GB"),
        (["--block-size", "0,5"], "must be lengths in pixels such as 64,256,256"),
        (["--block-size", "8,8,8"], "a block size must have 2 lengths"),
        (["--format", "ome-zarr", "--memory", "1MB"], r"takes [\d.]+ GB of memory at least"),
        (["--jobs", "0"], "must be a whole number of 1 or more"),
        (["--spacing", "1"], "one value for each of the 2 spatial axes"),
    ],
)
def test_bad_options(
    files: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
) -> None:
    capsys.readouterr()
    arguments = ["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]
    assert main([*arguments, *options]) == 2
    assert re.search(reason, one_error(capsys))
    assert not list(tmp_path.iterdir())


def test_images_that_do_not_fit_the_model(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["predict", str(model), f"{files}/colour.png", "-o", str(tmp_path)]) == 2
    assert "trained on images with 1 channels; got 3" in one_error(capsys)
    tifffile.imwrite(tmp_path / "nan.tif", np.full((8, 9), np.nan, dtype=np.float32))
    assert main(["predict", str(model), f"{tmp_path}/nan.tif", "-o", str(tmp_path)]) == 2
    assert "must hold finite numbers" in one_error(capsys)
    png = ["--format", "png", "--export", "segmentation"]
    assert main(["predict", str(model), f"{files}/film.tif", "-o", str(tmp_path), *png]) == 2
    assert "a PNG file holds one plane" in one_error(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["nan.tif"]


def test_models_that_cannot_be_used(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.pixclass").write_bytes(b"PK\x03\x04")
    for name, reason in (("bad", "it is incomplete"), ("missing", "model file must exist")):
        assert (
            main(
                [
                    "predict",
                    f"{tmp_path}/{name}.pixclass",
                    f"{files}/grey.tif",
                    "-o",
                    f"{tmp_path}/out",
                ]
            )
            == 2
        )
        assert reason in one_error(capsys)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (tmp_path / "file").write_text("")
    assert main(["predict", str(model), f"{files}/grey.tif", "-o", f"{tmp_path}/file"]) == 2
    assert "results need a folder that can be written to" in one_error(capsys)
