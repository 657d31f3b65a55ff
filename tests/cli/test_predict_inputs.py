"""What predict takes as images, and what it refuses before it begins."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_pixclass as px
from napari_pixclass.batch import BatchOptions, find_inputs
from napari_pixclass.cli import main
from napari_pixclass.io import in_words, open_image


def errors(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    return [line for line in lines if not line.endswith(" ...")]


@pytest.fixture
def data(files: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "ab":
        shutil.copy(files / "grey.tif", folder / f"{name}.tif")
    return folder


@pytest.mark.parametrize("name", ["", "{stem}_ours"])
def test_results_of_an_earlier_run_are_no_images(
    model: Path, data: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", str(model), str(data), "-o", str(data), "--name", name]
    assert main(command) == 0
    before = {*data.iterdir()}
    assert len(before) == 4
    capsys.readouterr()
    assert main([*command, "--overwrite"]) == 0
    (note,) = errors(capsys)
    assert "note: 2 files left out as results of an earlier run" in note
    assert {*data.iterdir()} == before
    assert main([*command, "--skip-existing"]) == 0
    assert {*data.iterdir()} == before


def test_what_is_named_is_an_image_whatever_its_name(model: Path, data: Path) -> None:
    classes = px.load(model).class_table_
    result = data / "a_Probabilities.tiff"
    for path in (result, data / "c_Uncertainty.png", data / "b.tiff"):
        path.touch()
    options = BatchOptions(folder=data, name="{stem}_{output}")
    found = find_inputs([data], options, classes)
    assert found.images == (data / "a.tif", data / "b.tif", data / "b.tiff")
    assert found.results == (result, data / "c_Uncertainty.png")
    assert result in find_inputs([data, result], options, classes).images
    elsewhere = BatchOptions(folder=data / "results")
    assert len(find_inputs([data], elsewhere, classes).images) == 5
    # Called as an image but for the ending: it may be another image, so that the batch refuses to replace it.
    alike = BatchOptions(folder=data, name="{stem}")
    assert data / "b.tiff" in find_inputs([data], alike, classes).images
    with pytest.raises(ValueError, match="besides the results"):
        find_inputs([data / "*_Prob*"], options, classes)


@pytest.mark.parametrize(
    ("mask", "said"), [("gone.tif", "must exist"), ("small.tif", "a mask must have the shape")]
)
def test_a_wrong_mask_is_said_once(
    model: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mask: str,
    said: str,
) -> None:
    tifffile.imwrite(tmp_path / "small.tif", np.ones((5, 6), np.uint8))
    capsys.readouterr()
    out = tmp_path / "out"
    command = ["predict", str(model), str(data), "-o", str(out), "--mask", f"{tmp_path / mask}"]
    assert main(command) == 2
    (line,) = errors(capsys)
    assert said in line
    assert mask in line
    assert not out.exists()


@pytest.mark.parametrize("command", ["predict", "prepare", "uncertainty"])
def test_a_folder_without_a_name_is_refused(
    model: Path, data: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    images = [str(model), str(data)] if command == "predict" else [str(data)]
    assert main([command, *images, "-o", ""]) == 2
    (line,) = errors(capsys)
    assert "must be the name of a folder" in line
    with pytest.raises(ValueError, match="must have a name"):
        BatchOptions(folder="")


def test_options_are_called_as_on_the_command_line(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", str(model), str(data), "-o", str(tmp_path / "out")]
    assert main(command) == 0
    capsys.readouterr()
    assert main(command) == 2
    (line,) = errors(capsys)
    assert "replaced (--overwrite) or kept (--skip-existing)" in line


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_an_image_that_may_not_be_read(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "a.tif").chmod(0)
    capsys.readouterr()
    assert main(["predict", str(model), str(data / "a.tif"), "-o", str(tmp_path / "out")]) == 2
    (line,) = errors(capsys)
    assert "Errno" not in line
    assert "Change its permissions" in line


def test_what_the_system_says_is_a_sentence() -> None:
    forbidden = in_words(PermissionError(13, "Permission denied", "a.tif"))
    assert forbidden.startswith("files must be allowed to be used; 'a.tif' is not")
    assert in_words(OSError(28, "No space left on device")) == "No space left on device."
    assert in_words(ValueError("as it is.")) == "as it is."


def test_sizes_that_a_user_gives_have_no_unit(files: Path, tmp_path: Path) -> None:
    model = train_on_the_volume(files, tmp_path)
    command = ["predict", str(model), f"{files}/volume.tif", "-o", str(tmp_path)]
    assert main([*command, "--spacing", "4", "1", "1"]) == 0
    written = open_image(tmp_path / "volume_Probabilities.tiff")
    assert (written.spacing, written.unit) == ((4, 1, 1), None)


@pytest.mark.parametrize("file_format", ["tiff", "ome-zarr"])
def test_a_volume_of_one_plane(
    files: Path, tmp_path: Path, file_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = train_on_the_volume(files, tmp_path)
    plane = np.asarray(open_image(files / "volume.tif").data[:1])
    sizes = {"PhysicalSizeZ": 1.5, "PhysicalSizeY": 0.5, "PhysicalSizeX": 0.5}
    for name, more in (("says", sizes), ("silent", {})):
        metadata = {"axes": "ZYX", **more}
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", plane, ome=True, metadata=metadata)
    assert open_image(tmp_path / "says.ome.tif").axes == "YX"  # as napari shows it
    command = ["predict", str(model), "-o", str(tmp_path), "--format", file_format]
    assert main([*command, f"{tmp_path}/says.ome.tif"]) == 0
    capsys.readouterr()
    assert main([*command, f"{tmp_path}/silent.ome.tif"]) == 2
    assert "volume of one plane, give the axes ZYX" in errors(capsys)[-1]
    silent = [f"{tmp_path}/silent.ome.tif", "--axes", "ZYX", "--spacing", "1.5", ".5", ".5"]
    assert main([*command, *silent]) == 0
    expected = px.load(model).predict_proba(plane, spacing=(1.5, 0.5, 0.5))
    ending = ".tiff" if file_format == "tiff" else ".ome.zarr"
    for name in ("says", "silent"):
        written = np.asarray(open_image(tmp_path / f"{name}_Probabilities{ending}").data)
        np.testing.assert_allclose(
            np.moveaxis(written.reshape(-1, *plane.shape), 0, -1), expected, atol=1e-6
        )


def train_on_the_volume(files: Path, folder: Path) -> Path:
    model = folder / "m.pixclass"
    pair = ["--pair", f"{files}/volume.tif", f"{files}/volume_labels.tif"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    return model


def test_the_only_channel_is_where_it_was_at_training(tmp_path: Path) -> None:
    """A volume with a last axis of length 1, of which the file says nothing, is no time series."""
    volume = np.random.default_rng(0).integers(0, 255, (6, 20, 24, 1)).astype(np.uint8)
    labels = 1 + (volume[..., 0] > 127).astype(np.uint8)
    classifier = px.PixelClassifier(px.FeatureSet.fast(3), 3).fit(volume, labels, channel_axis=-1)
    classifier.save(tmp_path / "m.pixclass")
    np.save(tmp_path / "volume.npy", volume)
    arguments = ["predict", f"{tmp_path}/m.pixclass", f"{tmp_path}/volume.npy", "-o", str(tmp_path)]
    assert main([*arguments, "--format", "npy"]) == 0
    written = np.load(tmp_path / "volume_Probabilities.npy")
    np.testing.assert_array_equal(np.moveaxis(written, 0, -1), classifier.predict_proba(volume))
