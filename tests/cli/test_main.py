"""The command as a whole: info, demo, exit codes, real processes, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_pixclass as px
from napari_pixclass.cli import _demo, main
from napari_pixclass.io import open_image, open_labels

ROOT = Path(__file__).parent.parent.parent
SCRIPT = Path(sys.executable).with_name("napari-pixclass")


def test_info_as_table(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["info", str(model)]) == 0
    out = capsys.readouterr().out
    assert "ExtraTreesClassifier, 5 trees" in out
    assert "features  9, 2D, halo 44 x 44 pixels" in out
    assert "gaussian_smoothing               1  3.5  10" in out
    assert "              5               40  #b46bff  Class 5" in out


def test_info_as_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["info", str(model), "--json"]) == 0
    info = json.loads(capsys.readouterr().out)
    assert [row["value"] for row in info["classes"]] == [2, 5]
    assert px.FeatureSet.from_dict(info["features"]) == px.load(model).features_
    assert info["forest"]["n_trees"] == 5


def test_info_of_a_damaged_forest(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(model.read_bytes())
    content[content.index(b"forest/value.npy") + 100] ^= 255
    (tmp_path / "m.pixclass").write_bytes(content)
    capsys.readouterr()
    assert main(["info", str(tmp_path / "m.pixclass")]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "is damaged" in err


@pytest.mark.parametrize("arguments", [[], ["evaluate"], ["train"], ["predict"], ["--nothing"]])
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 1
    assert err.startswith("napari-pixclass: error: ")
    assert "--help" in err


@pytest.mark.parametrize("command", [[], ["demo"], ["train"], ["predict"], ["evaluate"], ["info"]])
def test_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: napari-pixclass")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"napari-pixclass {version('napari-pixclass')}\n"


def test_headless_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main(["demo", "--headless", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    listed = [line.split()[-1] for line in out.partition("files\n")[2].splitlines()]
    assert sorted(listed) == sorted(str(path) for path in folder.iterdir())
    sample = px.core.sample_images()["cells"]()
    segmentation = open_labels(folder / "cells_Segmentation.tiff")
    np.testing.assert_array_equal(open_labels(folder / "cells_Truth.tiff"), sample.truth)
    scores = px.core.score(segmentation, sample.truth, [1, 2, 3])
    assert scores.mean_iou > 0.8
    assert f"mean          IoU {scores.mean_iou:.3f}" in out
    assert f"all pixels    accuracy {scores.accuracy:.3f}" in out
    loaded = px.load(folder / "cells.pixclass")
    assert [info.name for info in loaded.class_table_] == ["Background", "Nucleus", "Debris"]
    image = open_image(folder / "cells.tiff").data
    np.testing.assert_array_equal(loaded.predict(image), segmentation)
    height, width, channels = open_image(folder / "overview.png").data.shape
    assert (height > 512, width > 5 * 512, channels) == (True, True, 3)


def test_the_demo_needs_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert _demo.why_no_viewer() == "there is no display"
    monkeypatch.setenv("DISPLAY", ":0")
    assert _demo.why_no_viewer() == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "napari is not installed" in _demo.why_no_viewer()


def test_the_demo_needs_no_qt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    installed = {"napari"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed or None)
    assert "napari has no Qt to draw with (pip install pyqt6" in _demo.why_no_viewer()
    installed.add("PySide6")
    assert _demo.why_no_viewer() == ""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_installed_script_and_module(model: Path) -> None:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert name == {"napari-pixclass": "napari_pixclass.cli:main"}
    done = run(str(SCRIPT), "info", str(model))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"file      {model} (")
    missing = run(sys.executable, "-m", "napari_pixclass", "info", "nothing.pixclass")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr == (
        "napari-pixclass: error: the model file must exist; there is no 'nothing.pixclass'.\n"
    )


def test_help_loads_no_libraries() -> None:
    code = "import sys; from napari_pixclass.cli import main; main(['--help']); print(sorted(sys.modules))"
    done = run(sys.executable, "-c", code)
    loaded = set(eval(done.stdout.splitlines()[-1]))
    assert not loaded & {"numpy", "sklearn", "cv2", "numba", "tifffile", "tqdm"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_ctrl_c_leaves_nothing_half_written(files: Path, tmp_path: Path) -> None:
    labels = np.zeros((20, 400, 400), dtype=np.uint8)
    labels[:, 50], labels[:, 300] = 1, 2
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    tifffile.imwrite(
        tmp_path / "image.tif",
        np.random.default_rng(0).integers(0, 255, labels.shape, dtype=np.uint8),
    )
    folder = tmp_path / "out"
    folder.mkdir()
    pair = ["--pair", str(tmp_path / "image.tif"), str(tmp_path / "labels.tif")]
    command = [str(SCRIPT), "train", *pair, "--ndim", "3", "-o", str(folder / "m.pixclass")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "training ...\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "napari-pixclass: cancelled\n"
        assert process.wait(60) == 130
    assert not list(folder.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_a_reader_that_goes_away_is_no_crash(model: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [str(SCRIPT), "info", str(model)],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_folders_that_are_not_writable(
    files: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    capsys.readouterr()
    assert main(["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]) == 2
    pair = ["--pair", f"{files}/grey.tif", f"{files}/grey_labels.tif"]
    assert main(["train", *pair, "-o", str(tmp_path / "m.pixclass")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "results need a folder that can be written to" in first
    assert "the folder of a file to write must be writable" in second


def test_a_full_disk_is_a_failure_not_a_wrong_input(
    files: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    capsys.readouterr()
    assert main(["predict", str(model), f"{files}/grey.tif", "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith(
        f"napari-pixclass: failed: {files}/grey.tif: No space left on device.\n"
    )
    assert not list(tmp_path.iterdir())
