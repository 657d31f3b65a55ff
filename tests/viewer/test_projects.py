"""Projects in napari: layers are saved, and come back as they were; the row in the Train dock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari._qt.dialogs.qt_reader_dialog import QtReaderDialog
from napari.components import ViewerModel
from npe2 import plugin_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent, QGuiApplication
from qtpy.QtWidgets import QFileDialog, QMessageBox
from tests.viewer.conftest import LONG, scribbles, stripes
from tests.viewer.hands import Hands

import napari_pixclass as px
from napari_pixclass.core import ClassInfo
from napari_pixclass.io import ImageFile, write_image, write_tiff
from napari_pixclass.viewer import TrainDock, get_reader

PLUGIN = "napari-pixclass"
SHAPE = (64, 64)
CLASSES = (ClassInfo(2, "bright", "#ff0000"), ClassInfo(1, "dark", "#00ff00"))
SECONDS = 60


@pytest.fixture(autouse=True)
def plugins() -> None:
    """What the first window would find."""
    plugin_manager.discover()


@pytest.fixture
def another(qtbot: Any) -> Any:
    """A second viewer."""
    viewer = ViewerModel()
    yield viewer
    px.session(viewer).close()


def prepare(viewer: Any, ndim: int = 2) -> Any:
    session = px.session(viewer)
    session.classes = CLASSES
    session.features, session.n_estimators, session.random_state = px.FeatureSet.fast(ndim), 10, 3
    return session


def predicted(viewer: Any, image: Any = None) -> np.ndarray:
    """What Run says about an image, from end to end."""
    session = px.session(viewer)
    if image is not None:
        session.target = image
    target = session.target
    return np.asarray(
        session.classifier.predict_proba(
            np.asarray(target.data),
            channel_axis=target.channel_axis,
            spacing=None
            if target.pixel_size is None
            else target.pixel_size[-session.classifier.state.features.ndim :],
        )
    )


def save_and_open(viewer: Any, another: Any, folder: Path, **options: Any) -> Any:
    session = px.session(viewer)
    session.train().result(SECONDS)
    session.save_project(folder, **options).result(SECONDS)
    other = px.session(another)
    other.open_project(folder).result(SECONDS)
    assert other.error == ""
    assert other.arrivals.missing == ()
    return other


def test_all_layers_come_back_as_they_were(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    write_tiff(tmp_path / "a.tif", stripes(SHAPE), "YX", spacing=(0.5, 0.25), unit="um")
    (first,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    first.scale, first.units, first.translate = (0.5, 0.25), ("um", "um"), (3, 4)
    first.colormap, first.contrast_limits, first.gamma, first.opacity = "magma", (10, 140), 0.7, 0.5
    first.axis_labels = ("y", "x")
    second = viewer.add_image(stripes(SHAPE)[::-1].copy(), name="memory", visible=False, rotate=30)
    session = prepare(viewer)
    painted = viewer.add_labels(scribbles(SHAPE), name="mine", opacity=0.3)
    session.add_pair(first, painted)
    session.new_labels(second)
    session.pairs[1].labels.layer.data_setitem((np.array([3]), np.array([5])), 2)
    session.hidden_classes = {1}
    session.target = second
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    assert "Copied into it, for no file holds it: memory." in session.message
    assert "2 images" in other.message
    assert [layer.name for layer in another.layers] == ["a", "mine", "memory", "Labels of memory"]
    a, mine, memory, labels = another.layers
    for old, new in ((first, a), (second, memory)):
        for name in (
            "scale",
            "translate",
            "rotate",
            "contrast_limits",
            "opacity",
            "gamma",
            "visible",
        ):
            np.testing.assert_allclose(getattr(new, name), getattr(old, name), err_msg=name)
        assert (new.colormap.name, new.units, new.axis_labels) == (
            old.colormap.name,
            old.units,
            old.axis_labels,
        )
        np.testing.assert_array_equal(new.data, old.data)
    assert mine.opacity == 0.3
    np.testing.assert_array_equal(mine.data, painted.data)
    np.testing.assert_allclose(labels.rotate, memory.rotate)
    assert other.classes == CLASSES
    assert other.hidden_classes == {1}
    assert other.target.layer is memory
    assert not other.project.is_modified
    np.testing.assert_array_equal(predicted(another), predicted(viewer))
    run = other.predict().result(SECONDS)
    np.testing.assert_array_equal(run.probabilities, predicted(viewer))
    again = other.train().result(SECONDS)
    np.testing.assert_array_equal(
        again.predict_proba(a.data), session.classifier.predict_proba(a.data)
    )


def test_channels_from_several_layers_are_all_there(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    channels = np.stack([stripes(SHAPE) + n for n in range(3)])
    write_image(tmp_path / "c.ome.zarr", ImageFile("c", channels, "CYX", 0))
    parts = [
        viewer.add_image(
            channels[n], name=f"c{n}", metadata={"pixclass": {"path": str(tmp_path / "c.ome.zarr")}}
        )
        for n in (2, 0)
    ]
    parts.append(viewer.add_image(channels[1] * 2, name="made here"))
    session = prepare(viewer)
    session.add_pair(parts, viewer.add_labels(scribbles(SHAPE), name="l"))
    session.channels = [0, 2]
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    (pair,) = other.pairs
    assert [layer.name for layer in pair.image.layers] == ["c2", "c0", "made here"]
    assert other.channels == (0, 2)
    np.testing.assert_array_equal(predicted(another), predicted(viewer))
    # Once more into the same viewer: nothing doubles.
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    assert len(another.layers) == 4
    assert other.pairs[0].image == pair.image


def test_colours(viewer: ViewerModel, another: ViewerModel, tmp_path: Path) -> None:
    rgb = np.stack([stripes(SHAPE).astype(np.uint8) + n for n in (0, 20, 40)], axis=-1)
    write_image(tmp_path / "rgb.png", ImageFile("rgb", rgb, "YXS", 2))
    (layer,) = viewer.open(tmp_path / "rgb.png", plugin="napari")
    assert layer.rgb
    session = prepare(viewer)
    session.add_pair(layer, viewer.add_labels(scribbles(SHAPE)))
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    assert other.pairs[0].image.layer.rgb
    np.testing.assert_array_equal(predicted(another), predicted(viewer))


def test_volumes_with_spacing_and_films(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    shape = (6, 40, 48)
    write_tiff(tmp_path / "v.tif", stripes(shape), "ZYX", spacing=(2, 0.5, 0.5), unit="um")
    session = prepare(viewer, 3)
    place = {"scale": (2, 0.5, 0.5), "units": "um", "axis_labels": ("z", "y", "x")}
    volume = viewer.add_image(
        stripes(shape), name="v", metadata={"pixclass": {"path": str(tmp_path / "v.tif")}}, **place
    )
    session.add_pair(volume, viewer.add_labels(scribbles(shape), **place))
    film = viewer.add_image(stripes((2, *shape)), name="film", axis_labels=("t", "z", "y", "x"))
    session.target = film
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    for name in ("v", "film"):
        np.testing.assert_array_equal(
            predicted(another, another.layers[name]), predicted(viewer, viewer.layers[name])
        )
    assert other.plan.advice is None


def test_a_channel_axis_and_a_dataset_in_hdf5(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    import h5py

    data = np.stack([stripes(SHAPE), stripes(SHAPE) * 2])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["some/raw"], file["other"] = data, data + 1
    layer = viewer.add_image(
        data, name="h5", metadata={"pixclass": {"path": str(tmp_path / "a.h5" / "some" / "raw")}}
    )
    session = prepare(viewer)
    image = type(session.image_source(layer))(layer, 0)
    session.add_pair(image, viewer.add_labels(scribbles(SHAPE)))
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    assert other.pairs[0].image.channel_axis == 0
    np.testing.assert_array_equal(predicted(another), predicted(viewer))
    other.save_project().result(SECONDS)
    info = px.open_project(tmp_path / "p.pixproject").info
    assert (info.sources[0].dataset, info.sources[0].is_copy) == ("some/raw", False)
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    assert len(another.layers) == 2


def test_pyramids_come_back_with_all_their_levels(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    import dask.array as da
    import zarr

    data = stripes((256, 256))
    root = zarr.open_group(tmp_path / "p.zarr", mode="w")
    for level in range(2):
        root.create_array(str(level), data=data[:: 2**level, :: 2**level], chunks=(64, 64))
    axes = [{"name": name, "type": "space"} for name in "yx"]
    datasets = [
        {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [2.0**n] * 2}]}
        for n in range(2)
    ]
    root.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    levels = [da.from_zarr(tmp_path / "p.zarr" / str(n)) for n in range(2)]
    layer = viewer.add_image(
        levels, name="p", multiscale=True, metadata={"pixclass": {"path": str(tmp_path / "p.zarr")}}
    )
    session = prepare(viewer)
    session.add_pair(layer, viewer.add_labels(scribbles((256, 256))))
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    (new,) = other.pairs[0].image.layers
    assert new.multiscale
    assert [level.shape for level in new.data] == [(256, 256), (128, 128)]
    np.testing.assert_array_equal(predicted(another), predicted(viewer))


def test_renamed_and_deleted_layers(viewer: ViewerModel, tmp_path: Path) -> None:
    """The same project again into the window it came from: what has been changed there is set aside, not lost."""
    write_tiff(tmp_path / "a.tif", stripes(SHAPE), "YX")
    (image,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    memory = viewer.add_image(stripes(SHAPE) + 1, name="memory")
    session = prepare(viewer)
    session.add_pair(image, viewer.add_labels(scribbles(SHAPE), name="l"))
    session.add_pair(memory, viewer.add_labels(scribbles(SHAPE), name="m"))
    session.train().result(SECONDS)
    before = session.classifier
    session.save_project(tmp_path / "p.pixproject").result(SECONDS)
    image.name = "renamed"
    assert session.project.is_modified
    image.name = "a"
    assert not session.project.is_modified
    image.name = "renamed"
    viewer.layers["l"].data_setitem((np.array([9]), np.array([9])), 1)
    session.labels_changed()
    viewer.layers.remove(memory)
    assert len(session.pairs) == 1
    session.open_project(tmp_path / "p.pixproject").result(SECONDS)
    names = [(layer.name, layer.visible) for layer in viewer.layers]
    assert names == [
        ("renamed", True),
        ("l", False),
        ("m", True),
        ("l [1]", True),
        ("memory", True),
        ("m [1]", True),
    ]
    assert np.count_nonzero(viewer.layers["l"].data) == 21  # the stroke is still there
    assert [pair.image.name for pair in session.pairs] == ["renamed", "memory"]
    again = session.train().result(SECONDS)
    np.testing.assert_array_equal(again.predict_proba(image.data), before.predict_proba(image.data))


def test_layers_that_are_deleted_while_it_is_saved(viewer: ViewerModel, tmp_path: Path) -> None:
    image = viewer.add_image(stripes(SHAPE), name="a")
    session = prepare(viewer)
    session.add_pair(image, viewer.add_labels(scribbles(SHAPE), name="l"))
    job = session.save_project(tmp_path / "p.pixproject")
    viewer.layers.clear()
    job.result(SECONDS)
    assert session.project.is_modified
    project = px.open_project(tmp_path / "p.pixproject")
    assert project.labels[0].counts == {1: 10, 2: 10}
    np.testing.assert_array_equal(project.images[0].data, stripes(SHAPE))


def test_two_viewers_with_one_project(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path, qtbot: Any
) -> None:
    session = prepare(viewer)
    session.add_pair(viewer.add_image(stripes(SHAPE)), viewer.add_labels(scribbles(SHAPE)))
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    other.add_class("theirs")
    other.save_project().result(SECONDS)
    session.add_class("mine")
    with pytest.raises(FileExistsError):
        session.save_project().result(SECONDS)
    assert "somebody else has saved" in session.error
    assert session.project.is_modified


def test_images_from_files_without_labels_belong_to_it(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    for name in "ab":
        write_tiff(tmp_path / f"{name}.tif", stripes(SHAPE), "YX")
        viewer.open(tmp_path / f"{name}.tif", plugin="napari")
    viewer.add_image(stripes(SHAPE), name="made here")
    session = prepare(viewer)
    session.add_pair(viewer.layers["a"], viewer.add_labels(scribbles(SHAPE), name="l"))
    save_and_open(viewer, another, tmp_path / "p.pixproject")
    assert [layer.name for layer in another.layers] == ["a", "l", "b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", [0, 1]),
        ("scale", [1e400, 1]),
        ("scale", "x"),
        ("units", ["9**9**9", "m"]),
        ("units", ["nonsense", "m"]),
        ("affine", [[0, 0, 0]] * 3),
        ("rotate", [[1, 0], [0]]),
        ("colormap", "<b>"),
        ("contrast_limits", [3, 3]),
        ("contrast_limits", [None, 1]),
        ("blending", []),
        ("opacity", 7),
        ("gamma", 0),
        ("axis_labels", ["y" * 10_000, "x"]),
        ("rgb", True),
        ("visible", 0),
        ("later", {}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_looks_that_cannot_be(viewer: ViewerModel, tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "p.pixproject"
    session = prepare(viewer)
    session.add_pair(
        viewer.add_image(stripes(SHAPE), name="a"), viewer.add_labels(scribbles(SHAPE))
    )
    session.save_project(path).result(SECONDS)
    values = json.loads((path / "project.json").read_text())
    values["sources"][0]["layer"][name] = value
    (path / "project.json").write_text(json.dumps(values).replace("Infinity", "1e999"))
    viewer.layers.clear()
    session.open_project(path).result(SECONDS)
    assert session.error == ""
    assert [pair.image.name for pair in session.pairs] == ["a"]
    np.testing.assert_array_equal(session.pairs[0].image.layer.scale, (1, 1))


# The row in the dock --------------------------------------------------------------------------------------------------


@pytest.fixture
def dock(viewer: ViewerModel, open_dock: Callable[..., TrainDock], tmp_path: Path) -> TrainDock:
    """The Train dock of a viewer with an image in a file, and its labels."""
    write_tiff(tmp_path / "a.tif", stripes(SHAPE), "YX")
    (image,) = viewer.open(tmp_path / "a.tif", plugin="napari")
    dock = open_dock(viewer, "Train")
    session = prepare(viewer)
    session.folder = tmp_path
    session.add_pair(image, viewer.add_labels(scribbles(SHAPE), name="l"))
    return dock


def test_saving_in_the_dock(
    dock: TrainDock,
    viewer: ViewerModel,
    tmp_path: Path,
    click: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel, session = dock.project, px.session(viewer)
    assert panel.name.text() == "not saved yet"
    asked: list[str] = []

    def choose(*arguments: Any) -> tuple[str, str]:
        asked.append(arguments[2])
        return str(tmp_path / "cells"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    with qtbot.waitSignal(session.project.saved, timeout=LONG):
        click(panel.save)
    assert panel.name.text() == "cells"
    assert (tmp_path / "cells.pixproject" / "project.json").exists()
    session.add_class("third")
    assert panel.name.text() == "cells •"
    assert "changed since it was saved" in panel.name.toolTip()
    with qtbot.waitSignal(session.project.saved, timeout=LONG):
        click(panel.save)
    assert panel.name.text() == "cells"
    assert len(asked) == 1  # it has a name now
    panel.copies.trigger()
    with qtbot.waitSignal(session.project.saved, timeout=LONG):
        click(panel.save)
    assert len(list((tmp_path / "cells.pixproject" / "images").iterdir())) == 1
    # Another project is replaced only if that is said.
    session.save_project(tmp_path / "other.pixproject").result(SECONDS)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Cancel)
    panel.save_as.trigger()
    assert session.job is None
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)
    with qtbot.waitSignal(session.project.saved, timeout=LONG):
        panel.save_as.trigger()
    assert session.project.path == tmp_path / "cells.pixproject"


def test_opening_in_the_dock(
    dock: TrainDock,
    viewer: ViewerModel,
    tmp_path: Path,
    click: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, path = px.session(viewer), tmp_path / "cells.pixproject"
    session.save_project(path).result(SECONDS)
    session.add_class("third")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(path))
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Cancel)
    click(dock.project.open)
    assert len(session.classes) == 3
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Open)
    with qtbot.waitSignal(session.arrivals.arrived, timeout=LONG):
        click(dock.project.open)
    assert len(session.classes) == 2
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    click(dock.project.open)
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert "must hold its description" in session.error
    assert len(session.pairs) == 1


def test_copy_as_python_in_the_dock(
    dock: TrainDock,
    viewer: ViewerModel,
    tmp_path: Path,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = px.session(viewer)
    with qtbot.waitSignal(session.project.script_made, timeout=LONG):
        dock.project.script.trigger()
    script = QGuiApplication.clipboard().text()
    assert "Copied a script of" in session.message
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(script, "script.py", "exec"), names)
    session.train().result(SECONDS)
    np.testing.assert_array_equal(names["probabilities"][0], predicted(viewer))
    assert session.as_python() == script
    viewer.add_image(stripes(SHAPE) + 1, name="memory")
    session.new_labels(viewer.layers["memory"])
    dock.project.script.trigger()
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert "no file holds 'memory' as it is now. Save the project" in session.error
    for pair in session.pairs:
        session.remove_pair(pair)
    dock.project.script.trigger()
    assert session.error


def test_nothing_to_save(viewer: ViewerModel, open_dock: Callable[..., TrainDock]) -> None:
    dock = open_dock(viewer, "Train")
    assert not dock.project.save.isEnabled()
    assert not dock.project.save_as.isEnabled()
    assert dock.project.open.isEnabled()


def test_a_missing_image_is_asked_for(
    dock: TrainDock,
    viewer: ViewerModel,
    tmp_path: Path,
    click: Any,
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = px.session(viewer)
    session.train().result(SECONDS)
    session.save_project(tmp_path / "p.pixproject").result(SECONDS)
    (tmp_path / "a.tif").rename(tmp_path / "b.tif")
    viewer.layers.clear()
    session.open_project(tmp_path / "p.pixproject").result(SECONDS)
    (row,) = dock.arrivals.rows
    assert row.isVisible()
    assert dock.project.name.text() == "p"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "b.tif"), ""))
    click(row.file)
    qtbot.waitUntil(lambda: len(session.pairs) == 1, timeout=LONG)
    assert dock.arrivals.rows == []
    assert session.plan.advice is None
    assert dock.project.name.text() == "p •"  # it lies somewhere else now
    assert session.pairs[0].image.path == str(tmp_path / "b.tif")


def test_a_project_is_dropped_on_a_window_and_live_update_goes_on(
    window_viewer: Any,
    viewer: ViewerModel,
    tmp_path: Path,
    qtbot: Any,
    stroke: Any,
    accidents: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "p.pixproject"
    session = prepare(viewer)
    session.add_pair(
        viewer.add_image(stripes(SHAPE), name="a"), viewer.add_labels(scribbles(SHAPE))
    )
    session.train().result(SECONDS)
    before = predicted(viewer)
    session.save_project(path).result(SECONDS)
    values = json.loads((path / "project.json").read_text())
    values["session"]["live_update"] = True
    (path / "project.json").write_text(json.dumps(values))
    assert get_reader(str(path)) is not None
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    # napari asks who is to read a folder, once for each ending if one likes.
    monkeypatch.setattr(
        QtReaderDialog, "get_user_choices", lambda _: ("Pixel classification", False)
    )
    window_viewer.window._qt_viewer.dropEvent(event)
    opened = px.session(window_viewer)
    trained: list[Any] = []
    opened.trained.connect(trained.append)
    qtbot.waitUntil(lambda: len(opened.pairs) == 1, timeout=LONG)
    assert opened.live_update
    qtbot.waitUntil(lambda: opened.job is None and opened.live_result is not None, timeout=LONG)
    shown = [layer for layer in window_viewer.layers if "probability" in layer.name]
    assert len(shown) == 2
    (image,) = [pair.image.layer for pair in opened.pairs]
    outputs = opened.output_layers.of(image)
    for index, value in enumerate((1, 2)):
        np.testing.assert_array_equal(np.asarray(outputs[value].data), before[..., index])
    assert trained == []
    assert not opened.project.is_modified
    docks = {getattr(dock, "title", "") for dock in window_viewer.window.dock_widgets.values()}
    assert "Train" in docks
    # Painting goes on where it was: the project has been changed, a key saves it.
    hands = Hands(qtbot, window_viewer, stroke)
    hands.draw(opened.pairs[0].labels.layer, (10, 36), (10, 44))
    qtbot.waitUntil(lambda: bool(trained) and opened.job is None, timeout=LONG)
    assert opened.project.is_modified
    with qtbot.waitSignal(opened.project.saved, timeout=LONG):
        hands.press("Ctrl+Shift+S")
    assert not opened.project.is_modified
    assert sum(px.open_project(path).labels[0].counts.values()) > 20
    opened.live_update = False


def test_what_was_not_saved_is_offered_when_it_is_opened_again(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path, qtbot: Any
) -> None:
    session = prepare(viewer)
    session.add_pair(
        viewer.add_image(stripes(SHAPE), name="a"), viewer.add_labels(scribbles(SHAPE))
    )
    session.save_project(tmp_path / "p.pixproject").result(SECONDS)
    session.pairs[0].labels.layer.data_setitem((np.arange(9), np.arange(9)), 1)
    session.labels_changed()
    session.close()
    other = px.session(another)
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    qtbot.waitUntil(lambda: bool(other.recovery.offers), timeout=LONG)
    (offer,) = other.recovery.offers
    assert offer.info.n_pixels == 29
    other.recovery.restore(offer)
    qtbot.waitUntil(lambda: sum(other.counts.values()) == 29, timeout=LONG)


def test_labels_of_another_shape_are_refused_before_anything_is_written(
    viewer: ViewerModel, tmp_path: Path
) -> None:
    session = prepare(viewer)
    labels = viewer.add_labels(scribbles(SHAPE), name="l")
    session.add_pair(viewer.add_image(stripes(SHAPE), name="a"), labels)
    labels.data = scribbles((32, 64))
    with pytest.raises(ValueError, match="labels must have the shape of their image"):
        session.save_project(tmp_path / "p.pixproject")
    labels.data = scribbles(SHAPE)
    session.save_project(tmp_path / "p.pixproject").result(SECONDS)


def test_an_image_that_is_open_already_is_used_as_it_was_trained_on(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    """Its pixel size is that of the project; one with other pixels is another image."""
    write_tiff(tmp_path / "v.tif", stripes((4, *SHAPE)), "ZYX")
    session = prepare(viewer, 3)
    (layer,) = viewer.open(tmp_path / "v.tif", plugin="napari")
    layer.scale, layer.axis_labels = (4, 1, 1), ("z", "y", "x")
    session.add_pair(layer, viewer.add_labels(scribbles((4, *SHAPE))))
    session.train().result(SECONDS)
    session.save_project(tmp_path / "p.pixproject").result(SECONDS)
    (opened,) = another.open(tmp_path / "v.tif", plugin="napari")
    other = px.session(another)
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    assert other.pairs[0].image.layer is opened
    assert tuple(opened.scale) == (4, 1, 1)
    np.testing.assert_array_equal(predicted(another), predicted(viewer))
    another.layers.clear()
    (changed,) = another.open(tmp_path / "v.tif", plugin="napari")
    changed.data = changed.data + 1
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    assert other.pairs[0].image.layer is not changed
    np.testing.assert_array_equal(predicted(another), predicted(viewer))


def test_one_file_that_is_open_twice(
    viewer: ViewerModel, another: ViewerModel, tmp_path: Path
) -> None:
    write_tiff(tmp_path / "a.tif", stripes(SHAPE), "YX")
    session = prepare(viewer)
    for name in ("l", "m"):
        (layer,) = viewer.open(tmp_path / "a.tif", plugin="napari")
        session.add_pair(layer, viewer.add_labels(scribbles(SHAPE), name=name))
    other = save_and_open(viewer, another, tmp_path / "p.pixproject")
    assert [layer.name for layer in another.layers] == ["a", "l", "a [1]", "m"]
    other.open_project(tmp_path / "p.pixproject").result(SECONDS)
    assert len(another.layers) == 4
