"""Files dropped on a window, or opened by a script: what they hold goes into the session of that viewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import io_utils, plugin_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QFileDialog
from tests.viewer.conftest import LONG, scribbles, stripes

import napari_pixclass as px
from napari_pixclass.batch import Batch, BatchOptions
from napari_pixclass.core import OUTPUTS, ClassInfo, LabelledPixels
from napari_pixclass.io import LabelGeometry, write_labels, write_tiff
from napari_pixclass.viewer import TrainDock, get_reader

PLUGIN = "napari-pixclass"

IMAGE = stripes((64, 64))
CLASSES = (ClassInfo(2, "bright", "#ff0000"), ClassInfo(1, "dark", "#00ff00"))


@pytest.fixture(autouse=True)
def plugins() -> None:
    """What the first window would find."""
    plugin_manager.discover()


def drop(viewer: Any, *paths: Path) -> None:
    """Drop files on the canvas of a window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    viewer.window._qt_viewer.dropEvent(event)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A classifier of an image in a file, with its labels beside it."""
    viewer = ViewerModel()
    session = px.session(viewer)
    session.folder = tmp_path
    write_tiff(tmp_path / "stripes.tif", IMAGE, "YX", spacing=(0.5, 0.25), unit="\N{MICRO SIGN}m")
    (layer,) = viewer.open(tmp_path / "stripes.tif", plugin="napari")
    layer.scale, layer.units = (0.5, 0.25), ("um", "um")
    session.add_labels(layer, LabelledPixels.of(scribbles((64, 64))))
    session.classes = CLASSES
    session.features, session.n_estimators, session.random_state = px.FeatureSet.fast(2), 10, 3
    session.train().result(60)
    session.save_classifier(tmp_path / "stripes.pixclass", with_labels=True)
    session.export_labels(tmp_path / "stripes.scribbles")
    session.close()
    return tmp_path / "stripes.pixclass"


def test_a_classifier_dropped_on_a_window_is_used_there(
    window_viewer: Any, model: Path, qtbot: Any, accidents: Any
) -> None:
    other = ViewerModel()  # in which nothing is to happen
    drop(window_viewer, model)
    session = px.session(window_viewer)
    assert session.classifier is not None
    assert session.features == px.FeatureSet.fast(2)
    assert {info.name for info in session.classes} == {"bright", "dark"}
    titles = {getattr(dock, "title", "") for dock in window_viewer.window.dock_widgets.values()}
    assert "Train" in titles
    assert "Continue" in session.message
    assert list(window_viewer.layers) == []
    assert px.session(other).classifier is None
    px.session(other).close()


def test_scribbles_dropped_bring_their_image_and_train_equal(
    viewer: ViewerModel, model: Path, qtbot: Any
) -> None:
    session = px.session(viewer)
    viewer.open(model.with_suffix(".scribbles"), plugin=PLUGIN)
    qtbot.waitUntil(lambda: len(session.pairs) == 1, timeout=LONG)
    image, labels = viewer.layers
    assert (image.name, labels.name) == ("stripes", "Labels of stripes")
    assert np.allclose(image.scale, (0.5, 0.25))
    assert session.counts == {1: 10, 2: 10}
    assert {info.name for info in session.classes} == {"bright", "dark"}
    viewer.open(model.with_suffix(".scribbles"), plugin=PLUGIN)  # once more: nothing doubles
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert len(viewer.layers) == 2


def test_a_training_is_continued(viewer: ViewerModel, model: Path, qtbot: Any) -> None:
    session = px.session(viewer)
    session.arrivals.open(model).result(60)
    assert session.classes == CLASSES
    assert session.plan.advice is None or "changed" not in session.plan.advice
    again = session.train().result(60)
    assert np.array_equal(again.predict_proba(IMAGE), px.load(model).predict_proba(IMAGE))


def test_an_image_that_is_missing_is_asked_for(
    viewer: ViewerModel,
    model: Path,
    tmp_path: Path,
    open_dock: Callable[..., TrainDock],
    click: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = tmp_path / "elsewhere" / "renamed.tif"
    moved.parent.mkdir()
    (tmp_path / "stripes.tif").rename(moved)
    dock, session = open_dock(viewer, "Train"), px.session(viewer)
    session.arrivals.open(model).result(60)
    (row,) = dock.arrivals.rows
    assert "1 image could not be found" in session.message
    assert dock.arrivals.isVisible()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    click(row.file)
    qtbot.waitUntil(lambda: len(session.pairs) == 1, timeout=LONG)
    assert not dock.arrivals.isVisible()
    assert session.counts == {1: 10, 2: 10}


def test_an_image_that_is_missing_may_be_open_or_be_left_out(
    viewer: ViewerModel, tmp_path: Path, open_dock: Any, click: Any, qtbot: Any
) -> None:
    path = tmp_path / "some.scribbles"
    labelled = LabelledPixels.of(scribbles((64, 64)))
    write_labels(path, labelled, CLASSES, LabelGeometry(image_name="never saved"))
    dock, session = open_dock(viewer, "Train"), px.session(viewer)
    viewer.add_image(np.zeros((5, 5)), name="of another shape")
    layer = viewer.add_image(IMAGE, name="mine")
    for _ in range(2):
        session.arrivals.open(path).result(60)
        (row,) = dock.arrivals.rows
        assert [row.layer.itemText(i) for i in range(row.layer.count())] == ["mine"]
        if not session.pairs:
            row.layer.layer_chosen.emit(layer)
        else:
            click(row.leave)
    assert session.counts == {1: 10, 2: 10}
    session.arrivals.open(path).result(60)
    viewer.add_image(IMAGE + 1, name="never saved")  # by its name
    assert session.arrivals.missing == ()
    assert len(session.pairs) == 2


def test_notes_on_what_was_left_out_are_shown_until_read(
    viewer: ViewerModel, open_dock: Any, click: Any, shared_data: Path
) -> None:
    project = shared_data / "ilp_variants/dimensionstest/x502_y251_z5_c1_classes2.ilp"
    dock, session = open_dock(viewer, "Train"), px.session(viewer)
    viewer.open(project, plugin=PLUGIN)
    session.arrivals._notes = ("project.ilp: The second stage is left out.",)
    while session.job is not None:
        session._mailbox.deliver_next(60)
    dock.arrivals.refresh()
    assert "The second stage" in dock.arrivals.notes.text()
    click(dock.arrivals.read)
    assert not dock.arrivals.isVisible()
    assert [info.name for info in session.classes] == ["Label 1", "Label 2"]
    assert len(session.pairs) + len(session.arrivals.missing) == 1


def test_without_a_viewer_labels_are_layers_and_classifiers_an_error(
    qtbot: Any, model: Path, tmp_path: Path
) -> None:
    labeling = tmp_path / "some.labeling"
    labeling.write_text(
        '{"interval": {"min": [0, 0], "max": [3, 4], "n": 2}, "labels": {"cell": [[1, 2]]}}'
    )
    for path, shape in ((model.with_suffix(".scribbles"), (64, 64)), (labeling, (5, 4))):
        ((data, arguments, kind),) = io_utils.read([str(path)], stack=False, plugin_name=PLUGIN)
        assert (data.shape, kind) == (shape, "labels")
        assert arguments["name"] == path.stem
    with pytest.raises(ValueError, match="opened in a napari viewer, and there is none"):
        io_utils.read([str(model)], stack=False, plugin_name=PLUGIN)


def test_damaged_files_are_one_sentence(viewer: ViewerModel, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "some.pixclass"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as a pixel classification model"):
        viewer.open(path, plugin=PLUGIN)
    session = px.session(viewer)
    for name in ("some.scribbles", "some.ilp"):
        (tmp_path / name).write_bytes(b"nothing")
        viewer.open(tmp_path / name, plugin=PLUGIN)
        qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
        assert name in session.error


def test_a_window_that_is_not_shown_yet_opens_files(make_napari_viewer: Any, model: Path) -> None:
    """So napari does with what stands on its command line."""
    viewer = make_napari_viewer(show=False)
    viewer.window._qt_viewer._qt_open([str(model)], stack=False)
    assert px.session(viewer).classifier is not None
    assert any("Train" in name for name in viewer.window.dock_widgets)


def test_results_open_as_what_they_show(viewer: ViewerModel, tmp_path: Path) -> None:
    """Written by whoever, in a window or on the command line: names, colours and places are those of a prediction."""
    classifier = px.PixelClassifier(px.FeatureSet.fast(2), 3).fit(IMAGE, scribbles((64, 64)))
    classifier.class_table_ = CLASSES[::-1]
    micrometres = "\N{MICRO SIGN}m"
    write_tiff(tmp_path / "stripes.tif", IMAGE, "YX", spacing=(0.5, 0.25), unit=micrometres)
    options = BatchOptions(folder=tmp_path, exports=OUTPUTS, format="ome-zarr", dtype="uint8")
    report = Batch(classifier, [tmp_path / "stripes.tif"], options).run()
    for path in report.results[0].outputs:
        viewer.open(path, plugin=PLUGIN)
    names = ["dark probability", "bright probability", "Uncertainty", "Segmentation"]
    layers = {layer.name: layer for layer in viewer.layers}
    assert set(layers) == {f"{name} of stripes" for name in names}
    for layer in layers.values():
        assert tuple(layer.scale) == (0.5, 0.25)
        assert str(layer.units[0]) == "micrometer"
    bright = layers["bright probability of stripes"]
    assert bright.contrast_limits == [0, 255]
    assert bright.colormap.name == "pixclass #ff0000"
    np.testing.assert_array_equal(
        layers["Segmentation of stripes"].data, classifier.predict(IMAGE, spacing=(0.5, 0.25))
    )
    (tmp_path / "x_Segmentation.ome.zarr").mkdir()
    assert get_reader(str(tmp_path / "x_Segmentation.ome.zarr")) is None


def test_a_project_of_many_images_shows_the_first_as_planes(
    viewer: ViewerModel, qtbot: Any, shared_data: Path
) -> None:
    """Its images lie on each other, and have their channels last: napari shows the last two axes."""
    session = px.session(viewer)
    session.arrivals.open(shared_data / "imc_bodenmiller_ilastik" / "TestData.ilp").result(LONG)
    images = session.image_layers
    assert len(images) > 10
    assert [layer for layer in images if layer.visible] == [images[0]]
    assert images[0].data.shape == (4, 1, 120, 120)
    painted = [pair.labels.layer for pair in session.pairs]
    assert [labels.visible for labels in painted] == [True] + [False] * (len(painted) - 1)
    image = session.target.layer.data
    expected = session.classifier.predict_proba(image, channel_axis=0)
    session.predict().result(LONG)
    shown = session.output_layers.of(session.target.layer)
    np.testing.assert_array_equal(shown[session.classes[0].value].data, expected[..., 0])
