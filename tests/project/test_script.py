"""Projects as scripts: what the script computes is what the session computes, bit for bit."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.project.contents import (
    CLASSES,
    content_of,
    noise,
    opened,
    save,
    simple_content,
    write_all,
)

import napari_pixclass as px
from napari_pixclass.core import ChosenFeatures, ClassInfo, FeatureSet, run_steps
from napari_pixclass.io import ProjectCalibration, write_tiff
from napari_pixclass.project import ContentImage, ContentSource, Project, python_steps
from napari_pixclass.project import _script as module


def run(script: str, folder: Path) -> list[np.ndarray]:
    """Run a script with plain Python; the probabilities that it computes."""
    end = "\nnp.savez('out.npz', *map(np.asarray, probabilities))\n"
    (folder / "run.py").write_text(script + end, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "run.py"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with np.load(folder / "out.npz") as arrays:
        return [arrays[name] for name in arrays]


def run_here(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Run a script in this process, which is faster; the probabilities that it computes."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(script, "script.py", "exec"), names)
    return [np.asarray(probabilities) for probabilities in names["probabilities"]]


def many_images(folder: Path, ndim: int = 2) -> Any:
    """A stack of channels, colours, an axis of channels, part of a lazy image; and one that is not labelled."""
    files = write_all(folder)
    channels = files["channels"][0]
    lazy = da.from_array(opened(files["channels"][1]))
    sources = [
        ContentSource("green", files["rgb"][0], str(files["rgb"][1])),
        *(ContentSource(f"c{n}", channels[n], str(files["channels"][1])) for n in (2, 0, 1)),
        ContentSource("zarr", lazy, str(files["channels"][1])),
        ContentSource("memory", np.stack([noise((20, 22), seed=s) for s in (8, 9, 10)]), None),
        ContentSource("one channel only", files["grey"][0], str(files["grey"][1])),
    ]
    images = [
        ContentImage("stack", (1, 2, 3), True, 0, (0.5, 0.25)),
        ContentImage("zarr", (4,), False, 0, (0.5, 0.5)),
        ContentImage("memory", (5,), False, 0, None),
        ContentImage("grey", (6,), False, None, None),
    ]
    return content_of(sources, images, [2, 0, 2], ndim)


def probabilities_of(project: Project) -> dict[str, np.ndarray]:
    classifier = project.train()
    ndim = project.info.features.ndim
    return {
        image.name: classifier.predict_proba(
            np.asarray(image.data),
            channel_axis=image.channel_axis,
            spacing=image.spacing(ndim),
        )
        for image in project.images
        if image.channel_axis is not None
    }


def test_a_script_of_a_project_computes_the_same(tmp_path: Path) -> None:
    save(many_images(tmp_path), tmp_path / 'it\'s "p".pixproject')
    project = px.open_project(tmp_path / 'it\'s "p".pixproject')
    script = project.as_python()
    found = run(script, tmp_path)
    expected = probabilities_of(project)
    # Those that are trained on come first, and the one with another number of channels is left out.
    for probabilities, name in zip(found, ("memory", "stack", "zarr"), strict=True):
        np.testing.assert_array_equal(probabilities, expected[name], err_msg=name)
    assert px.load(tmp_path / "classifier.pixclass").class_table_ == CLASSES[::-1]
    assert "its copy in the project" in script
    assert "napari_pixclass." not in script  # the public names alone


def test_a_script_of_what_is_not_saved_has_the_labels_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = noise((5, 24, 20), "uint16")
    write_tiff(tmp_path / "v.tif", data, "ZYX")
    source = ContentSource("v", data, str(tmp_path / "v.tif"))
    image = ContentImage("v", (0,), False, None, (3.0, 1.0, 1.0))
    content = content_of([source], [image], [0], 3)
    script = run_steps(python_steps(content, None, {}))
    assert "open_project" not in script
    (found,) = run_here(script, tmp_path, monkeypatch)
    save(content, tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    again = project.train().predict_proba(data, spacing=(3.0, 1.0, 1.0))
    np.testing.assert_array_equal(found, again)


def test_channels_with_features_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, *_ = write_all(tmp_path)["channels"]
    own = FeatureSet.all(3, sigmas=(1.0, 1.6), dialect="ilastik")
    chosen = ChosenFeatures(
        FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3, sigmas_2d=[1.0]),
        (0, 2),
        ((2, own),),
    )
    volume = np.stack([data, data + 1], axis=1)  # (c, z, y, x)
    source = ContentSource("c", volume, None)
    image = ContentImage("c", (0,), False, 0, None)
    content = content_of([source], [image], [0], 3, features=chosen)
    save(content, tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    (found,) = run_here(project.as_python(), tmp_path, monkeypatch)
    np.testing.assert_array_equal(found, project.train().predict_proba(volume))


@pytest.mark.parametrize("is_saved", [True, False])
def test_calibrated_probabilities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_saved: bool
) -> None:
    data = noise((24, 20))
    write_tiff(tmp_path / "cells.tif", data, "YX")
    calibration = ProjectCalibration(True, 1.2345678901234567)
    content = simple_content(data, tmp_path / "cells.tif", calibration=calibration)
    save(content, tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    script = project.as_python() if is_saved else run_steps(python_steps(content, None, {}))
    (found,) = run_here(script, tmp_path, monkeypatch)
    again, written = project.train(), px.load(tmp_path / "classifier.pixclass")
    assert again.sharpness_ == written.sharpness_ == project.sharpness == calibration.sharpness
    assert again.class_table_ == written.class_table_ == CLASSES[::-1]
    for classifier in (again, written):
        np.testing.assert_array_equal(found, classifier.predict_proba(data))
    assert (found != again.calibrated(1).predict_proba(data)).any()
    save(simple_content(data, tmp_path / "cells.tif"), tmp_path / "q.pixproject")
    assert ".calibrated(" not in px.open_project(tmp_path / "q.pixproject").as_python()


@pytest.mark.parametrize("settings", [{}, {"n_estimators": 3, "random_state": 9}])
def test_settings_stand_in_it(tmp_path: Path, settings: dict[str, Any]) -> None:
    save(simple_content(noise((24, 20)), training=settings), tmp_path / "p.pixproject")
    script = px.open_project(tmp_path / "p.pixproject").as_python()
    for name, value in settings.items():
        assert f"{name}={value}" in script
    ast.parse(script)


def test_what_no_script_can_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = noise((24, 20))
    with pytest.raises(ValueError, match="no file holds 'cells' as it is now"):
        run_steps(python_steps(simple_content(data), None, {}))
    save(simple_content(data), tmp_path / "p.pixproject")  # its copy will do
    script = run_steps(python_steps(simple_content(data), tmp_path / "p.pixproject", {}))
    assert "(its copy" not in script
    assert str(tmp_path / "p.pixproject" / "images") in script
    monkeypatch.setattr(module, "MAX_RUNS", 1)
    with pytest.raises(ValueError, match="Save the project: the script then reads them from there"):
        run_steps(python_steps(simple_content(data), tmp_path / "p.pixproject", {}))
    save(content_of([], [], []), tmp_path / "q.pixproject")
    with pytest.raises(ValueError, match="a script needs labelled images"):
        px.open_project(tmp_path / "q.pixproject").as_python()


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=60)
def test_no_name_becomes_code(name: str, folder: str) -> None:
    """Whatever images, classes and folders are called: the script means the same."""
    try:
        classes = (ClassInfo(2, name or "x", "#ff0000"), ClassInfo(5, "b", "#ff0000"))
    except ValueError:
        classes = CLASSES
    text = f"/data/{folder}".replace("\0", "")
    assert ast.literal_eval(module._text(text)) == text
    comment = module._comment(name)
    assert len(f"# {comment}".splitlines()) == 1
    for info in classes:
        assert ast.literal_eval(module._text(info.name)) == info.name
