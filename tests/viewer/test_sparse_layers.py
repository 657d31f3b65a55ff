"""Painting on an image that is larger than memory: labels take what is painted, and nothing else is different."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import QPoint, Qt

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels, SparseLabels

from .conftest import stripes
from .live import N_TREES, camera_of, features, on_layer, painted_layer, redraw

SHAPE = (200, 2000, 2000)
LONG = 60_000

Stroke = Callable[..., None]


class VirtualVolume:
    """Striped planes, each darker than the one before, made where they are read."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape, self.ndim, self.dtype = shape, len(shape), np.dtype(np.uint8)
        self.size = int(np.prod(shape))
        self._plane = stripes(shape[1:]).astype(np.uint8)

    def __getitem__(self, key: Any) -> np.ndarray:
        z, *rest = key if isinstance(key, tuple) else (key,)
        planes = np.arange(self.shape[0], dtype=np.uint8)[z] // 10
        return self._plane[tuple(rest)] - np.reshape(planes, np.shape(planes) + (1,) * 2)


@pytest.fixture
def session(window_viewer: Any) -> Any:
    """A session with empty labels on a large image, its 8th plane enlarged on screen."""
    viewer = window_viewer
    image = viewer.add_image(VirtualVolume(SHAPE), contrast_limits=(0, 255), name="volume")
    session = px.session(viewer)
    session.features = features(2)
    session.n_estimators = N_TREES
    session.new_labels(image)
    viewer.dims.set_current_step(0, 8)
    camera_of(viewer).center = (0, 1000, 1000)
    camera_of(viewer).zoom = 4
    redraw(viewer)
    return session


def click_at(qtbot: Any, viewer: Any, point: tuple[float, float]) -> None:
    canvas, camera = viewer.window._qt_viewer.canvas.native, camera_of(viewer)
    middle = np.array([canvas.height(), canvas.width()]) / 2
    y, x = middle + (np.array(point) - camera.center[-2:]) * camera.zoom
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))


def paint(viewer: Any, session: Any, stroke: Stroke, value: int, y: int, x: int) -> None:
    """A stroke downwards on the plane on screen, within a stripe."""
    layer = painted_layer(session)
    session.select_class(value)
    before = len(LabelledPixels.of(layer.data))
    stroke(viewer, on_layer(layer, (y, x), (y + 12, x)))
    assert len(LabelledPixels.of(layer.data)) > before


def test_paint_fill_erase_undo(
    window_viewer: Any, session: Any, qtbot: Any, stroke: Stroke
) -> None:
    viewer, layer = window_viewer, painted_layer(session)
    labels = layer.data
    assert isinstance(labels, SparseLabels)
    assert labels.shape == SHAPE
    tracemalloc.start()
    try:
        paint(viewer, session, stroke, 1, 980, 1000)
        painted = labels[8]
        np.testing.assert_array_equal(layer._slice.image.raw, painted)  # what is drawn
        paint(viewer, session, stroke, 2, 1000, 1020)
        layer.mode = "erase"
        stroke(viewer, on_layer(layer, (980, 990), (980, 1010)))
        erased = labels[8]
        assert np.count_nonzero(erased == 1) < np.count_nonzero(painted == 1)
        layer.mode = "fill"
        layer.selected_label = 3
        click_at(qtbot, viewer, (990, 1000))
        assert set(np.unique(labels[8])) == {0, 2, 3}
        layer.undo()
        np.testing.assert_array_equal(labels[8], erased)
        layer.undo()
        layer.undo()
        np.testing.assert_array_equal(labels[8], painted)
        layer.redo()
        layer.redo()
        np.testing.assert_array_equal(labels[8], erased)
        np.testing.assert_array_equal(layer._slice.image.raw, erased)
        viewer.dims.set_current_step(0, 9)
        assert not layer._slice.image.raw.any()
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert labels.nbytes < 1_000_000
    qtbot.waitUntil(lambda: session.counts == LabelledPixels.of(labels).counts, timeout=LONG)


def test_live_update(window_viewer: Any, session: Any, qtbot: Any, stroke: Stroke) -> None:
    viewer = window_viewer
    labels, image = painted_layer(session).data, session.target.data
    session.live_update = True
    paint(viewer, session, stroke, 1, 980, 1000)
    paint(viewer, session, stroke, 2, 980, 1016)

    def is_settled() -> bool:
        result, seen = session.live_result, session.labelled(session.pairs[0])
        return (
            session.job is None
            and result is not None
            and result.classifier is session.classifier
            and seen == LabelledPixels.of(labels)
            and len(seen.counts) == 2
        )

    qtbot.waitUntil(is_settled, timeout=LONG)
    classifier = px.PixelClassifier(session.features, n_estimators=N_TREES, random_state=0)
    # A crop holds all that matters: strokes, what is around them and what is on screen.
    crop = np.s_[8:9, 800:1200, 800:1200]
    classifier.fit(image[crop], labels[crop])
    right = classifier.predict_proba(image[crop])[0, 100:300, 100:300]
    outputs = session.output_layers.of(session.target.layer)
    shown = np.asarray(outputs[1].data[8, 900:1100, 900:1100])
    known = ~np.isnan(shown)
    assert known.sum() > 10_000
    np.testing.assert_array_equal(shown[known], right[..., 0][known])


def test_what_would_need_all_of_it_says_so(
    window_viewer: Any, session: Any, tmp_path: Path
) -> None:
    viewer = window_viewer
    big = session.new_labels(
        viewer.add_image(VirtualVolume((2000, 2000, 2000)), contrast_limits=(0, 255))
    )
    with pytest.raises(MemoryError, match=r"would take 8\.0 GB"):
        big.save(str(tmp_path / "labels.tif"))
    assert not list(tmp_path.iterdir())
    for image in session.image_layers:
        image.visible = False  # napari would read all of it
    with pytest.raises(MemoryError, match="Hide them in 3D"):
        viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    viewer.dims.set_current_step(0, 4)
    big.paint((4, 1000, 1000), 1)
    assert big.data[4, 1000, 1000] == 1


def test_classes_are_deleted_and_come_back(
    window_viewer: Any, session: Any, qtbot: Any, stroke: Stroke
) -> None:
    layer = painted_layer(session)
    paint(window_viewer, session, stroke, 1, 980, 1000)
    paint(window_viewer, session, stroke, 2, 980, 1016)
    qtbot.waitUntil(lambda: len(session.counts) == 2, timeout=LONG)
    before = LabelledPixels.of(layer.data)
    assert session.delete_class(2) == before.counts[2]
    assert LabelledPixels.of(layer.data).counts == {1: before.counts[1]}
    layer.undo()
    assert LabelledPixels.of(layer.data) == before
    qtbot.waitUntil(lambda: session.counts == before.counts, timeout=LONG)


def test_scribbles_come_back(qtbot: Any, state_folder: Path) -> None:
    def files() -> list[Path]:
        return list((state_folder / "scribbles").glob("*.scribbles"))

    viewer = ViewerModel()
    session = px.session(viewer)
    layer = session.new_labels(viewer.add_image(VirtualVolume(SHAPE), contrast_limits=(0, 255)))
    layer.data_setitem((np.array([5, 7]), np.array([700, 1999]), np.array([3, 4])), 2)
    painted = LabelledPixels.of(layer.data)
    qtbot.waitUntil(lambda: bool(files()), timeout=LONG)
    layer.data_setitem((np.array([9]), np.array([9]), np.array([9])), 1)  # nobody has seen this yet
    painted = LabelledPixels.of(layer.data)
    session.close()
    qtbot.waitUntil(lambda: not list((state_folder / "scribbles").glob("*.lock")), timeout=LONG)

    viewer = ViewerModel()
    session = px.session(viewer)
    viewer.add_image(VirtualVolume(SHAPE), contrast_limits=(0, 255))
    qtbot.waitUntil(lambda: bool(session.recovery.offers), timeout=LONG)
    session.recovery.restore(session.recovery.offers[0])
    qtbot.waitUntil(lambda: bool(session.pairs), timeout=LONG)
    restored = painted_layer(session).data
    assert isinstance(restored, SparseLabels)
    assert LabelledPixels.of(restored) == painted
    session.close()


@pytest.mark.parametrize("seed", range(6))
def test_every_tool_does_the_same_as_on_an_array(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (12, 150, 140)
    sparse, dense = Labels(SparseLabels(shape)), Labels(np.zeros(shape, np.uint8))
    for _ in range(25):
        tool = rng.choice(["paint", "polygon", "fill", "undo", "redo", "setitem", "options"])
        points, value = rng.integers(0, (12, 140, 130), (4, 3)), int(rng.integers(4))
        points[:, 0] = points[0, 0]
        options = [int(rng.integers(1, 30)), int(rng.integers(2, 4)), bool(rng.integers(2))]
        for layer in (sparse, dense):
            if tool == "paint":
                layer.paint(points[0], value)
            elif tool == "polygon" and layer.n_edit_dimensions == 2:
                layer.paint_polygon(points, value)
            elif tool == "fill":
                layer.fill(points[0], value)
            elif tool == "setitem":
                layer.data_setitem(tuple(points.T), value)
            elif tool == "options":
                layer.brush_size, layer.n_edit_dimensions, layer.contiguous = options
            elif tool in ("undo", "redo"):
                getattr(layer, tool)()
        np.testing.assert_array_equal(sparse.data[...], dense.data)
        np.testing.assert_array_equal(sparse._slice.image.raw, dense._slice.image.raw)
