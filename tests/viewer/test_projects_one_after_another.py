"""Projects are opened in a window with another one: nothing of that is taken for something of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import plugin_manager

import napari_pixclass as px
from napari_pixclass.core import ClassInfo
from napari_pixclass.io import write_tiff

from .conftest import stripes
from .test_quality_dock import rows

pytestmark = pytest.mark.usefixtures("accidents")

SECONDS = 60
SHAPE = (64, 64)
NAMES = {"one": ("dark", "bright"), "two": ("sky", "sea")}


def noisy(seed: int) -> np.ndarray:
    """Stripes that are hard to tell."""
    rng = np.random.default_rng(seed)
    return (stripes(SHAPE) + rng.normal(0, 60, SHAPE)).astype(np.float32)


def strokes() -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[4:60:10, 3:13], labels[4:60:10, 19:29] = 1, 2
    return labels


@pytest.fixture(autouse=True)
def plugins() -> None:
    """What the first window would find."""
    plugin_manager.discover()


@pytest.fixture
def another(qtbot: Any) -> Iterator[ViewerModel]:
    """A second viewer."""
    viewer = ViewerModel()
    yield viewer
    px.session(viewer).close()


@pytest.fixture
def session(viewer: Any, tmp_path: Path) -> Any:
    """A session whose labels have been saved in two projects, one of them calibrated."""
    session = px.session(viewer)
    session.features, session.n_estimators = px.FeatureSet.fast(2), 10
    for number, (name, classes) in enumerate(NAMES.items()):
        write_tiff(tmp_path / f"{name}.tif", noisy(number), "YX")
        (image,) = viewer.open(tmp_path / f"{name}.tif", plugin="napari")
        for pair in session.pairs:
            session.remove_pair(pair)
        session.add_pair(image, viewer.add_labels(strokes(), name=f"labels of {name}"))
        session.classes = [ClassInfo(value, own, "#ff0000") for value, own in enumerate(classes, 1)]
        session.train().result(SECONDS)
        if name == "two":
            session.cross_validate().result(SECONDS)
            session.calibrate = True
        session.save_project(tmp_path / f"{name}.pixproject").result(SECONDS)
    return session


def test_figures_and_calibration(
    session: Any,
    viewer: Any,
    tmp_path: Path,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    dock, train = open_dock(viewer, "Quality"), open_dock(viewer, "Train")
    click(dock.calibration.fold)
    view, apply = dock.validation.view, dock.calibration.apply
    power = session.sharpness
    assert apply.isChecked()
    assert not view.age.isVisible()
    session.predict().result(SECONDS)
    shown = viewer.layers["sky probability of two"].data.copy()

    session.open_project(tmp_path / "one.pixproject").result(SECONDS)
    assert session.error == ""
    assert view.age.isVisible()
    assert view.lead.text().endswith("(of other labels)")
    assert [row[0] for row in rows(view.figures)] == ["sky", "sea"]
    assert dock.calibration.words.text().endswith("(Of other labels than now.)")
    assert not apply.isChecked()
    assert apply.text() == "Apply to probabilities"
    assert session.classifier.sharpness_ == 1
    assert train.project.name.text() == "one"
    click(dock.validation.start)
    wait_idle(viewer)
    assert not view.age.isVisible()
    assert [row[0] for row in rows(view.figures)] == ["dark", "bright"]
    assert train.project.name.text() == "one"  # figures are no part of it
    click(apply)
    assert train.project.name.text() == "one •"

    job = session.cross_validate()
    session.open_project(tmp_path / "two.pixproject").result(SECONDS)
    assert job.cancelled
    assert view.age.isVisible()
    assert apply.isChecked()
    assert apply.text() == f"Apply to probabilities (sharpness {power:.2f})"
    assert train.project.name.text() == "two"
    session.predict().result(SECONDS)
    found = [layer for layer in viewer.layers if layer.name.startswith("sky probability of two")]
    np.testing.assert_array_equal(found[-1].data, shown)


def test_calibration_can_be_taken_back_without_figures(
    session: Any,
    another: ViewerModel,
    tmp_path: Path,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
) -> None:
    dock, opened = open_dock(another, "Quality"), px.session(another)
    click(dock.calibration.fold)
    apply = dock.calibration.apply
    assert not apply.isEnabled()
    opened.open_project(tmp_path / "two.pixproject").result(SECONDS)
    assert not dock.validation.view.isVisible()
    assert apply.isChecked()
    assert opened.classifier.sharpness_ == session.sharpness != 1
    click(apply)
    assert opened.classifier.sharpness_ == 1
    click(apply)
    assert opened.classifier.sharpness_ == session.sharpness


def test_results_of_the_other_project(session: Any, viewer: Any, tmp_path: Path) -> None:
    """They are hidden, and come back with it; the eyes of the classes are those of the project that is open."""
    session.hidden_classes = {2}
    session.save_project().result(SECONDS)
    session.predict().result(SECONDS)
    names = ("sky probability", "sea probability", "Segmentation")
    outputs = [viewer.layers[f"{name} of two"] for name in names]

    def visible() -> tuple[bool, ...]:
        return tuple(layer.visible for layer in outputs)

    outputs[2].visible = True
    assert visible() == (True, False, True)
    session.open_project(tmp_path / "one.pixproject").result(SECONDS)
    assert session.hidden_classes == set()
    assert not session.project.is_modified
    assert visible() == (False, False, False)
    session.hidden_classes = {1}
    session.hidden_classes = {}
    assert visible() == (False, False, False)
    session.open_project(tmp_path / "two.pixproject").result(SECONDS)
    assert session.hidden_classes == {2}
    assert not session.project.is_modified
    assert visible() == (True, False, True)
    session.open_project(tmp_path / "one.pixproject").result(SECONDS)
    outputs[1].visible = True  # somebody wants to see it all the same
    assert session.hidden_classes == set()
