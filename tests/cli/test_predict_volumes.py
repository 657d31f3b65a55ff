"""The command predict on what is larger than memory, and on images in zarr folders and HDF5 files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr

import napari_pixclass as px
from napari_pixclass.cli import main
from napari_pixclass.io import open_image

ALL = ["--export", "probabilities,uncertainty,segmentation"]


@pytest.fixture(scope="module")
def volume_model(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tmp_path_factory.mktemp("model") / "m.pixclass"
    pair = ["--pair", f"{files}/volume.tif", f"{files}/volume_labels.tif"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "5"]) == 0
    return model


def test_ome_zarr_in_and_out(
    files: Path, volume_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = ["predict", str(volume_model), f"{files}/volume.tif", "-o", str(tmp_path), *ALL]
    capsys.readouterr()
    assert main([*first, "--format", "ome-zarr", "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    names = [f"volume_{name}.ome.zarr" for name in ("Probabilities", "Uncertainty", "Segmentation")]
    assert out.splitlines() == [str(tmp_path / name) for name in names]
    assert err.startswith(
        "predicting volume ...\nvolume: blocks of 6 x 20 x 24 pixels, 1 thread, about "
    )
    source = open_image(files / "volume.tif")
    written = open_image(tmp_path / names[0])
    assert (written.axes, written.unit) == ("CZYX", source.unit)
    assert written.spacing == pytest.approx(source.spacing)
    expected = px.load(volume_model).predict_proba(source.data, spacing=source.spacing_for(3))
    np.testing.assert_array_equal(np.moveaxis(np.asarray(written.data), 0, -1), expected)
    # Results are images themselves: here the uncertainty is predicted.
    again = tmp_path / "again"
    second = ["predict", str(volume_model), str(tmp_path / names[1]), "-o", str(again)]
    assert main([*second, "--format", "ome-zarr", "--export", "segmentation"]) == 0
    assert (again / "volume_Uncertainty_Segmentation.ome.zarr").is_dir()


def test_complete_results_are_skipped_on_resume(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]
    arguments += ["--format", "ome-zarr"]
    assert main([*arguments, "--resume"]) == 0  # nothing to resume: it starts
    before = (tmp_path / "grey_Probabilities.ome.zarr" / "zarr.json").stat().st_mtime_ns
    assert main(arguments) == 2
    assert main([*arguments, "--resume"]) == 0
    assert (tmp_path / "grey_Probabilities.ome.zarr" / "zarr.json").stat().st_mtime_ns == before
    capsys.readouterr()
    assert main([*arguments, "--resume", "--dtype", "uint8"]) == 2
    assert "its dtype was" in capsys.readouterr().err
    assert main([*arguments, "--overwrite", "--dtype", "uint8"]) == 0
    assert open_image(tmp_path / "grey_Probabilities.ome.zarr").data.dtype == np.uint8


def test_hdf5_in_and_out(files: Path, model: Path, tmp_path: Path) -> None:
    grey = tifffile.imread(files / "grey.tif")
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["volume/raw"] = grey
        file["volume/other"] = grey[::-1]
    image = f"{tmp_path}/in.h5/volume/raw"
    assert main(["predict", str(model), image, "-o", str(tmp_path), "--format", "hdf5", *ALL]) == 0
    probabilities = open_image(tmp_path / "in_Probabilities.h5")
    assert probabilities.axes == "YXC"  # as ilastik has it
    np.testing.assert_array_equal(
        np.asarray(probabilities.data), px.load(model).predict_proba(grey)
    )


def test_several_images_in_a_file_are_named(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(tmp_path / "in.h5", "w") as file:
        file["a"] = file["b"] = np.zeros((9, 9), np.uint8)
    capsys.readouterr()
    assert main(["predict", str(model), f"{tmp_path}/in.h5", "-o", str(tmp_path)]) == 2
    assert "it holds the images a, b; name one of them as" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["zarr", "h5"])
def test_damaged_containers(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    path = tmp_path / f"in.{suffix}"
    if suffix == "zarr":
        path.mkdir()
        (path / "zarr.json").write_text("{")
    else:
        path.write_bytes(b"\x89HDF")
    capsys.readouterr()
    assert main(["predict", str(model), str(path), "-o", str(tmp_path)]) == 2
    assert "cannot be read as an image" in capsys.readouterr().err


def test_tiff_goes_block_by_block_where_memory_is_short(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["predict", str(model), f"{files}/grey.tif", *ALL]
    assert main([*arguments, "-o", str(tmp_path / "whole")]) == 0
    capsys.readouterr()
    blocks = ["--block-size", "16,16"]
    assert main([*arguments, "-o", str(tmp_path / "blocks"), *blocks]) == 0
    assert "blocks of 16 x 16 pixels" in capsys.readouterr().err
    for path in (tmp_path / "whole").iterdir():
        one, other = open_image(path), open_image(tmp_path / "blocks" / path.name)
        np.testing.assert_array_equal(one.data, other.data)
        assert (one.axes, one.spacing, one.unit) == (other.axes, other.spacing, other.unit)


def test_mask(files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros((40, 48), np.uint8)
    mask[4:9, 20:40] = 1
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    arguments = ["predict", str(model), f"{files}/grey.tif", "--export", "segmentation"]
    expected = px.load(model).predict(tifffile.imread(files / "grey.tif")) * mask
    for name in ("tiff", "ome-zarr", "hdf5"):
        folder = tmp_path / name
        options = ["-o", str(folder), "--format", name, "--mask", f"{tmp_path}/mask.tif"]
        assert main([*arguments, *options]) == 0
        (path,) = folder.iterdir()
        np.testing.assert_array_equal(np.asarray(open_image(path).data), expected)
    tifffile.imwrite(tmp_path / "small.tif", mask[1:])
    capsys.readouterr()
    options = ["-o", f"{tmp_path}/x", "--mask", f"{tmp_path}/small.tif"]
    assert main([*arguments, *options]) == 2
    assert "a mask must have the shape of the image" in capsys.readouterr().err


def test_plain_zarr_of_version_2_with_channels(files: Path, tmp_path: Path) -> None:
    colours = np.moveaxis(open_image(files / "colour.png").data, -1, 0)
    zarr.create_array(tmp_path / "c.zarr", data=colours, chunks=(1, 16, 16), zarr_format=2)
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{tmp_path}/c.zarr", f"{files}/colour_labels.png", "--channel-axis", "0"]
    train = ["train", *pair, "--ndim", "2", "-o", str(model), "--features", "fast", "--trees", "5"]
    assert main(train) == 0
    predict = ["predict", str(model), f"{tmp_path}/c.zarr", "-o", str(tmp_path)]
    assert main([*predict, "--format", "ome-zarr"]) == 0
    written = open_image(tmp_path / "c_Probabilities.ome.zarr")
    np.testing.assert_array_equal(
        np.moveaxis(np.asarray(written.data), 0, -1), px.load(model).predict_proba(colours)
    )
