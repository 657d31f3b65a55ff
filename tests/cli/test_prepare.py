"""Preparing files: what is written, what is refused, and the whole chain on real data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_pixclass.cli import main
from napari_pixclass.core import Preparation, prepare_image
from napari_pixclass.io import open_image
from napari_pixclass.prepare import (
    PrepareOptions,
    UncertaintyOptions,
    prepare_file,
    uncertainty_file,
)

pytest.importorskip("h5py")

MICROMETRE = "\N{MICRO SIGN}m"


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """Three OME-TIFF files with named channels."""
    folder = tmp_path / "in"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in ("a1", "a2", "a10"):
        image = random.gamma(1, 4, (3, 20, 24)).astype(np.float32)
        image[0, 5, 5] = 900
        tifffile.imwrite(
            folder / f"{name}.ome.tiff",
            image,
            photometric="minisblack",
            metadata={
                "axes": "CYX",
                "Channel": {"Name": ["Ir191 DNA", "Ir193 DNA", "CD45"]},
                "PhysicalSizeX": 1.0,
                "PhysicalSizeXUnit": MICROMETRE,
                "PhysicalSizeY": 1.0,
                "PhysicalSizeYUnit": MICROMETRE,
            },
        )
    return folder


def _pixels(path: Path) -> np.ndarray:
    """Channels first."""
    image = open_image(path)
    return np.moveaxis(np.asarray(image.data), image.channel_axis, 0)


def test_a_folder(stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["--channels", "CD45,ir191+3 dna", "--suffix", "_ilastik", "--crops", "2"]
    assert main(["prepare", str(stacks), "-o", str(out), *arguments, "--crop-size", "16x12"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in printed if "_s2" in line] == [
        f"{name}_ilastik_s2.h5" for name in ("a1", "a2", "a10")
    ]
    assert sorted(map(Path, printed)) == sorted(out.rglob("*.h5"))
    image = tifffile.imread(stacks / "a1.ome.tiff")
    expected = prepare_image(image, Preparation.imc(((2,), (0, 1))), channel_axis=0)
    result = open_image(out / "a1_ilastik_s2.h5")
    np.testing.assert_array_equal(_pixels(out / "a1_ilastik_s2.h5"), expected)
    assert result.channel_names == ("mean of channels", "CD45", "Ir191 DNA+Ir193 DNA")
    assert result.spacing == (0.5, 0.5)
    assert result.unit == MICROMETRE
    crops = list((out / "crops").glob("a1_ilastik_x*_w16_h12.h5"))
    assert len(crops) == 2
    for crop in crops:
        x, y = (int(part[1:]) for part in crop.stem.split("_")[2:4])
        np.testing.assert_array_equal(_pixels(crop), expected[:, y : y + 12, x : x + 16])


def test_tiff_crops_only(stacks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--format", "tiff", "--crops", "1", "--crops-only", "--scale", "1"]
    more = ["--hot-pixels", "none", "--summary", "none", "--dtype", "float32"]
    line = ["prepare", str(stacks / "a1.ome.tiff"), "-o", str(out), *arguments, *more]
    assert main([*line, "--no-whole-numbers"]) == 0
    (crop,) = out.rglob("*.*")
    assert crop == out / "crops" / "a1_x0_y0_w24_h20.tiff"
    np.testing.assert_array_equal(_pixels(crop), tifffile.imread(stacks / "a1.ome.tiff"))


def test_a_bad_file_does_not_stop_the_others(
    stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stacks / "a2.ome.tiff").write_bytes((stacks / "a2.ome.tiff").read_bytes()[:900])
    (stacks / "a3.tif").write_text("no image")
    tifffile.imwrite(stacks / "a4.tif", np.full((2, 9, 9), np.nan, np.float32))
    tifffile.imwrite(stacks / "a5.tif", np.zeros((2, 9, 9), np.uint8), photometric="minisblack")
    out = tmp_path / "out"
    assert main(["prepare", str(stacks), "-o", str(out), "--channels", "1"]) == 1
    printed, errors = capsys.readouterr()
    assert {Path(line).name for line in printed.splitlines()} == {"a1_s2.h5", "a10_s2.h5"}
    assert {path.name for path in out.iterdir()} == {"a1_s2.h5", "a10_s2.h5"}
    for bad in ("a2.ome.tiff", "a3.tif", "a4.tif", "a5.tif"):
        assert sum(bad in line for line in errors.splitlines() if "error" in line) == 1
    assert "(--channel-axis): 0 if they come first" in errors
    assert "4 of 6 images failed" in errors


def test_nothing_is_overwritten_unasked(
    stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, out = stacks / "a1.ome.tiff", tmp_path / "out"
    assert main(["prepare", str(image), "-o", str(out)]) == 0
    before = (out / "a1_s2.h5").read_bytes()
    assert main(["prepare", str(image), "-o", str(out), "--dtype", "float32"]) == 2
    assert "(--overwrite)" in capsys.readouterr().err
    assert (out / "a1_s2.h5").read_bytes() == before
    assert main(["prepare", str(image), "-o", str(out), "--dtype", "float32", "--overwrite"]) == 0
    assert open_image(out / "a1_s2.h5").data.dtype == np.float32
    tifffile.imwrite(stacks / "b_prepared.tiff", np.zeros((9, 9), np.uint8))
    same = PrepareOptions(
        folder=stacks, preparation=Preparation(scale=1), suffix="_prepared", format="tiff"
    )
    (stacks / "b.tiff").write_bytes((stacks / "b_prepared.tiff").read_bytes())
    with pytest.raises(FileExistsError, match="results must not exist yet"):
        prepare_file(stacks / "b.tiff", same)


def test_images_of_the_same_name(
    stacks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "a1.tif"
    other.write_bytes((stacks / "a1.ome.tiff").read_bytes())
    out = tmp_path / "out"
    assert main(["prepare", str(stacks / "a1.ome.tiff"), str(other), "-o", str(out)]) == 2
    assert "images must differ in their names" in capsys.readouterr().err
    assert not out.exists()


def test_what_is_lost_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite(tmp_path / "shares.tif", np.full((9, 9), 0.4, np.float32))
    tifffile.imwrite(tmp_path / "bright.tif", np.full((9, 9), 40000, np.uint16))
    for name in ("shares", "bright"):
        assert main(["prepare", str(tmp_path / f"{name}.tif"), "-o", str(tmp_path / name)]) == 0
    errors = capsys.readouterr().err
    assert "shares.tif: all values of the result are 0" in errors
    assert "bright.tif: values beyond the range of uint16" in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--crops-only"], "add --crops N"),
        (["--channels", "1,,2"], "numbers or names"),
        (["--channels", "DNA"], "2 channels have that"),
        (["--channels", "CD4"], None),
        (["--channels", "CD19"], "no channel has that"),
        (["--channels", "9"], "0 to 2; got 9"),
        (["--hot-pixels", "hot"], "must be a number"),
        (["--hot-pixels", "-4"], "must be a number of 0 or more"),
        (["--crop-size", "3x"], "must be a number of pixels"),
        (["--summary-factor", "0"], "must be a number above 0"),
        (["--scale", "99"], "from 1 to 16"),
        (["--axes", "ZZ"], "axes must"),
        (["--spacing", "1"], "spacing must have a size"),
    ],
)
def test_options(
    arguments: list[str],
    message: str | None,
    stacks: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = ["prepare", str(stacks / "a1.ome.tiff"), "-o", str(tmp_path / "out"), *arguments]
    assert main(line) == (0 if message is None else 2)
    errors = capsys.readouterr().err
    if message is not None:
        assert message in errors
        assert "Traceback" not in errors


@pytest.fixture
def probabilities(tmp_path: Path) -> np.ndarray:
    values = np.random.default_rng(0).dirichlet((1, 1, 1), (12, 14)).astype(np.float32)
    values[0, :3] = 0  # outside a mask
    folder = tmp_path / "probabilities"
    folder.mkdir()
    whole = np.rint(values * 65535).astype(np.uint16)
    tifffile.imwrite(folder / "a_Probabilities.tiff", whole, photometric="rgb")
    first = np.moveaxis(values, -1, 0)
    tifffile.imwrite(folder / "b.tif", first, metadata={"axes": "CYX"}, photometric="minisblack")
    return values


def test_uncertainty_of_a_folder(
    probabilities: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "maps"
    tifffile.imwrite(tmp_path / "probabilities" / "c.tif", np.ones((5, 9, 9), np.uint8))
    assert main(["uncertainty", str(tmp_path / "probabilities"), "-o", str(out)]) == 1
    assert {path.name for path in out.iterdir()} == {"a_Uncertainty.tiff", "b_Uncertainty.tiff"}
    assert "1 of 3 files failed" in capsys.readouterr().err
    ordered = np.sort(probabilities, axis=-1)
    expected = 1 - (ordered[..., -1] - ordered[..., -2])
    expected[0, :3] = 0
    np.testing.assert_allclose(tifffile.imread(out / "b_Uncertainty.tiff"), expected, atol=1e-6)
    ours = tifffile.imread(out / "a_Uncertainty.tiff")
    assert ours.dtype == np.uint16
    np.testing.assert_allclose(ours / 65535, expected, atol=3e-5)


def test_other_uncertainty(probabilities: np.ndarray, tmp_path: Path) -> None:
    options = UncertaintyOptions(measure="best", dtype="uint8", format="hdf5")
    path = uncertainty_file(tmp_path / "probabilities" / "a_Probabilities.tiff", options)
    assert path == tmp_path / "probabilities" / "a_Uncertainty.h5"
    image = open_image(path)
    assert image.axes == "YX"
    expected = 1 - probabilities.max(axis=-1)
    expected[0, :3] = 0
    np.testing.assert_allclose(np.asarray(image.data) / 255, expected, atol=0.002)
    with pytest.raises(FileExistsError):
        uncertainty_file(tmp_path / "probabilities" / "a_Probabilities.tiff", options)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_no_probabilities(scale: float, probabilities: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "wrong.tif"
    tifffile.imwrite(path, scale * probabilities, photometric="rgb")
    with pytest.raises(ValueError, match="must sum up to 1"):
        uncertainty_file(path, UncertaintyOptions())
    assert not (tmp_path / "wrong_Uncertainty.tiff").exists()


def _agreement(ours: Path, theirs: Path) -> tuple[float, float]:
    """Share of pixels with the same best class, and with probabilities within 0.02; ours have classes first."""
    one, other = tifffile.imread(ours), np.moveaxis(tifffile.imread(theirs), -1, 0)
    difference = np.abs(one.astype(int) - other).max(axis=0) / 65535
    return (one.argmax(0) == other.argmax(0)).mean(), (difference <= 0.0201).mean()


def test_the_chain_on_real_data(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From OME-TIFF to probabilities with the trained project: what the pipeline's own program stored."""
    imc = shared_data / "imc_bodenmiller_ilastik"
    monkeypatch.chdir(tmp_path)
    prepare = ["prepare", str(imc / "ome"), "-o", "prepared", "--suffix", "_ilastik"]
    assert main([*prepare, "--channels", "Ag,Eu153,Yb172"]) == 0
    project = ["import-ilastik", str(imc / "TestData.ilp"), "-o", "imc.pixclass"]
    assert main([*project, "--keep-classifier"]) == 0
    assert main(["predict", "imc.pixclass", "prepared", "-o", "results", "--renormalize"]) == 0
    assert main(["uncertainty", "results"]) == 0
    found = sorted(Path("results").glob("*_Probabilities.tiff"))
    assert len(found) == 3
    for path in found:
        same, close = _agreement(path, imc / "analysis" / "ilastik" / path.name)
        assert same > 0.9999
        assert close > 0.999
        assert path.with_name(path.name.replace("Probabilities", "Uncertainty")).exists()


def test_the_steinbock_chain_on_real_data(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imc = shared_data / "imc_bodenmiller_ilastik"
    monkeypatch.chdir(tmp_path)
    prepare = ["prepare", str(imc / "steinbock_img" / "*_00[12].tiff"), "-o", "prepared"]
    assert main([*prepare, "--preset", "steinbock", "--channels", "0,3,4"]) == 0
    project = str(imc / "steinbock_pixel_classifier.ilp")
    assert main(["import-ilastik", project, "-o", "sb.pixclass", "--keep-classifier"]) == 0
    assert main(["predict", "sb.pixclass", "prepared", "-o", "results", "--renormalize"]) == 0
    found = sorted(Path("results").glob("*_Probabilities.tiff"))
    assert len(found) == 10
    for path in found:
        name = path.name.replace("_s2_Probabilities", "")
        same, close = _agreement(path, imc / "steinbock_ilastik_probabilities" / name)
        assert same > 0.9999
        assert close > 0.999


def test_results_do_not_replace_other_images(
    stacks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (stacks / "a1.ome.tiff").read_bytes()
    (stacks / "a1_s2.tiff").write_bytes(before)
    arguments = ["--format", "tiff", "--overwrite", "-o", str(stacks)]
    assert main(["prepare", str(stacks), *arguments]) == 2
    assert "must not replace images that they are made of" in capsys.readouterr().err
    assert (stacks / "a1_s2.tiff").read_bytes() == before


def test_a_suffix_is_part_of_a_name(stacks: Path, tmp_path: Path) -> None:
    assert main(["prepare", str(stacks), "-o", str(tmp_path / "out"), "--suffix", "/../x"]) == 2
    assert not (tmp_path / "out").exists()


def test_uncertainty_of_many_classes_in_8_bits(tmp_path: Path) -> None:
    shares = np.full((40, 4, 5), round(255 / 40), np.uint8)  # of which 40 are 240
    tifffile.imwrite(
        tmp_path / "a_Probabilities.tif",
        shares,
        photometric="minisblack",
        metadata={"axes": "CYX"},
    )
    path = uncertainty_file(tmp_path / "a_Probabilities.tif", UncertaintyOptions())
    assert np.unique(open_image(path).data).tolist() == [255]
