"""Window levelling: contrast from what is on screen, and by dragging on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel

import napari_pixclass as px
from napari_pixclass.core import run_steps
from napari_pixclass.viewer._level_drag import DOUBLED_BY, MOVED_BY, dragged
from napari_pixclass.viewer._level_sample import (
    MAX_VALUES,
    contrast_limits,
    contrast_steps,
    sample_on_screen,
)

from .conftest import LONG, scribbles, stripes


def fit(viewer: Any, qtbot: Any) -> None:
    """Fit the contrast and wait for it."""
    levels = px.session(viewer).levels
    levels.fit_visible()
    qtbot.waitUntil(lambda: not levels.fitting, timeout=LONG)


@pytest.fixture
def dock(window_viewer: Any, open_dock: Callable[..., Any]) -> Any:
    """A Train dock beside an image, whose labels are in hand."""
    window_viewer.add_image(stripes((64, 64)), name="stripes", contrast_limits=(0, 200))
    labels = window_viewer.add_labels(scribbles((64, 64)), name="scribbles")
    labels.mode = "paint"
    return open_dock(window_viewer, "Train")


@pytest.fixture
def session(viewer: ViewerModel) -> Iterator[Any]:
    return px.session(viewer)


# Limits ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float16", "bool", "uint64"])
def test_nearly_all_values_lie_between_the_limits(dtype: str) -> None:
    values = np.arange(1000).astype(dtype)
    low, high = contrast_limits(values)
    assert values.min() <= low < high <= values.max()
    assert np.mean((values >= low) & (values <= high)) >= 0.98


@pytest.mark.parametrize("values", [np.full(5, 7.0), np.array([np.nan, np.inf]), np.empty(0)])
def test_limits_of_one_value_are_equal(values: np.ndarray) -> None:
    low, high = contrast_limits(values)
    assert low == high


def test_a_few_spots_on_an_even_background_count() -> None:
    values = np.zeros(10_000)
    values[5] = 3
    assert contrast_limits(values) == (0, 3)


def test_values_that_are_not_finite_do_not_count() -> None:
    values = np.r_[np.linspace(0, 1, 1001), np.nan, np.inf, -np.inf]
    np.testing.assert_allclose(contrast_limits(values), (0.005, 0.995))


def test_of_many_values_only_some_are_read(viewer: ViewerModel) -> None:
    layer = viewer.add_image(np.zeros((4096, 4096), np.uint8))
    data, box = sample_on_screen(layer, (slice(0, 4096), slice(5, 4096)))
    assert data[box].size <= MAX_VALUES
    assert data[box].shape[0] > 1000


@pytest.mark.parametrize("wrap", [np.asarray, da.from_array], ids=["numpy", "dask"])
def test_a_sample_is_read_whole(wrap: Callable[..., Any]) -> None:
    data = stripes((37, 101))
    box = (slice(3, 36), slice(7, 101, 2))
    assert run_steps(contrast_steps(wrap(data), box)) == contrast_limits(data[box])


def test_of_a_multiscale_image_the_resolution_on_screen_is_read(viewer: ViewerModel) -> None:
    data = stripes((512, 512))
    layer = viewer.add_image([data, data[::2, ::2], data[::4, ::4]], multiscale=True)
    layer.data_level = 1
    read, box = sample_on_screen(layer, (slice(11, 101), slice(511, 512)))
    assert read is layer.data[1]
    assert box == (slice(5, 51, 1), slice(255, 256, 1))


# From what is on screen -----------------------------------------------------------------------------------------------


def test_contrast_of_what_is_on_screen(window_viewer: Any, qtbot: Any) -> None:
    data = np.zeros((512, 512), np.float32)
    data[200:300, 200:300] = np.linspace(100, 200, 10_000).reshape(100, 100)
    layer = window_viewer.add_image(data, contrast_limits=(0, 1000))
    camera = getattr(window_viewer, "scene", window_viewer).camera
    camera.center, camera.zoom = (250, 250), 20
    qtbot.waitUntil(lambda: layer.corner_pixels[0, 0] > 200, timeout=LONG)
    fit(window_viewer, qtbot)
    (top, left), (bottom, right) = layer.corner_pixels
    expected = contrast_limits(data[top : bottom + 1, left : right + 1])
    np.testing.assert_allclose(layer.contrast_limits, expected, rtol=0.01)
    assert 100 < layer.contrast_limits[0] < layer.contrast_limits[1] < 200


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_contrast_of_the_plane_on_screen(viewer: ViewerModel, qtbot: Any, ndisplay: int) -> None:
    planes = [np.linspace(10 * z, 10 * z + 1, 64 * 64).reshape(64, 64) for z in range(8)]
    layer = viewer.add_image(da.from_array(np.stack(planes), chunks=(1, 32, 32)))
    viewer.dims.set_point(0, 5)
    viewer.dims.ndisplay = ndisplay
    fit(viewer, qtbot)
    low, high = layer.contrast_limits
    assert (50 < low < high < 51) if ndisplay == 2 else (low < 1 and high > 70)


def test_contrast_of_a_multiscale_image(window_viewer: Any, qtbot: Any) -> None:
    data = stripes((2048, 2048))
    layer = window_viewer.add_image(
        [data, data[::2, ::2], data[::4, ::4]], multiscale=True, contrast_limits=(0, 1)
    )
    qtbot.waitUntil(lambda: layer.data_level > 0, timeout=LONG)
    fit(window_viewer, qtbot)
    np.testing.assert_allclose(layer.contrast_limits, contrast_limits(data), rtol=0.05)


@pytest.mark.parametrize("value", [0, 7, np.nan])
def test_a_constant_image_keeps_its_contrast(
    viewer: ViewerModel, session: Any, qtbot: Any, value: float
) -> None:
    layer = viewer.add_image(np.full((8, 8), value), name="even", contrast_limits=(3, 4))
    fit(viewer, qtbot)
    assert layer.contrast_limits == [3, 4]
    assert (
        session.status.notice == "All of even that is on screen has one value: its contrast stays."
    )


def test_rgb_has_no_contrast_limits(
    viewer: ViewerModel, open_dock: Callable[..., Any], qtbot: Any
) -> None:
    viewer.add_image(np.zeros((8, 8, 3), np.uint8), rgb=True, name="photo")
    dock = open_dock(viewer, "Train")
    assert not dock.levels.fit.isEnabled()
    assert "RGB" in dock.levels.fit.toolTip()
    fit(viewer, qtbot)
    assert dock.footer.status.text().startswith("photo is RGB")
    dock.session.levels.dragging = True
    assert not dock.session.levels.dragging


def test_nothing_on_screen(viewer: ViewerModel, session: Any, qtbot: Any) -> None:
    viewer.add_image(np.zeros((20, 8, 8)))
    layer = viewer.add_image(stripes((3, 8, 8)), name="short", contrast_limits=(0, 1))
    viewer.dims.set_point(0, 15)
    fit(viewer, qtbot)
    assert session.status.notice == "Nothing of short is on screen."
    assert layer.contrast_limits == [0, 1]


def test_values_that_cannot_be_read_are_said(viewer: ViewerModel, session: Any, qtbot: Any) -> None:
    def broken(block: np.ndarray) -> np.ndarray:
        if block.size and session.levels.fitting:
            raise OSError("the disk is gone")
        return block

    data = da.from_array(stripes((64, 64)), chunks=64).map_blocks(broken, dtype=np.float32)
    viewer.add_image(data, contrast_limits=(0, 1), cache=False)
    fit(viewer, qtbot)
    assert session.status.notice == "The contrast stays as it is: the disk is gone"


def test_data_that_was_changed_meanwhile_is_not_judged(
    viewer: ViewerModel, session: Any, qtbot: Any
) -> None:
    layer = viewer.add_image(stripes((64, 64)), contrast_limits=(0, 1))
    session.levels.fit_visible()
    layer.data = np.zeros((64, 64), np.float32)
    qtbot.waitUntil(lambda: not session.levels.fitting, timeout=LONG)
    assert layer.contrast_limits == [0, 1]


def test_outputs_keep_their_contrast(trained: Any, viewer: ViewerModel, qtbot: Any) -> None:
    trained.predict().result(60)
    output = trained.output_layers.of(viewer.layers["stripes"])[1]
    viewer.layers.selection.active = output
    fit(viewer, qtbot)
    assert output.contrast_limits == [0, 1]
    assert viewer.layers["stripes"].contrast_limits[1] > 100


# By dragging ----------------------------------------------------------------------------------------------------------


def test_up_is_wider_and_right_is_higher() -> None:
    assert dragged((0, 10), 0, DOUBLED_BY) == (-5, 15)
    assert dragged((0, 10), 0, -DOUBLED_BY) == (2.5, 7.5)
    assert dragged((0, 10), MOVED_BY, 0) == (10, 20)
    assert dragged((0, 10), 0, 0) == (0, 10)


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(-4000, 4000),
    st.floats(-4000, 4000),
)
def test_limits_stay_in_order(low: float, width: float, right: float, up: float) -> None:
    first, second = dragged((low, low + width), right, up, smallest=1)
    assert first < second


def test_dragging_sets_the_contrast_and_nothing_else(
    dock: Any, window_viewer: Any, stroke: Callable[..., None], click: Callable[..., None]
) -> None:
    image, labels = window_viewer.layers["stripes"], window_viewer.layers["scribbles"]
    camera = getattr(window_viewer, "scene", window_viewer).camera
    before = camera.center, camera.zoom
    click(dock.levels.drag)
    stroke(window_viewer, [(50, 30), (30, 30)])  # straight up
    low, high = image.contrast_limits
    assert high - low > 300
    assert (low + high) / 2 == pytest.approx(100)
    assert dock.footer.status.text().startswith("Contrast: ")
    stroke(window_viewer, [(30, 20), (30, 40)])  # straight to the right
    assert image.contrast_limits[1] - image.contrast_limits[0] == pytest.approx(high - low)
    assert sum(image.contrast_limits) / 2 > 110
    np.testing.assert_array_equal(labels.data, scribbles((64, 64)))
    assert (camera.center, camera.zoom) == before


def test_the_brush_is_back_afterwards(
    dock: Any, window_viewer: Any, stroke: Callable[..., None], click: Callable[..., None]
) -> None:
    image, labels = window_viewer.layers["stripes"], window_viewer.layers["scribbles"]
    camera = getattr(window_viewer, "scene", window_viewer).camera
    click(dock.levels.drag)
    assert (labels.mode, camera.mouse_pan) == ("pan_zoom", False)
    window_viewer.layers.selection.active = image
    assert (labels.mode, image.mode, camera.mouse_pan) == ("paint", "pan_zoom", False)
    click(dock.levels.drag)
    assert camera.mouse_pan
    window_viewer.layers.selection.active = labels
    assert (labels.mode, camera.mouse_pan) == ("paint", False)
    stroke(window_viewer, [(50, 10), (50, 20)])
    assert labels.data[50, 10:20].all()
    assert image.contrast_limits == [0, 200]
    assert dock.footer.status.text() == "Ready."


def test_another_tool_puts_it_away(dock: Any, window_viewer: Any) -> None:
    labels = window_viewer.layers["scribbles"]
    dock.session.levels.dragging = True
    labels.mode = "fill"
    assert not dock.session.levels.dragging
    assert not dock.levels.drag.isChecked()
    assert (labels.mode, labels.mouse_pan) == ("fill", False)
    dock.session.levels.dragging = True
    dock.session.select_class(2)
    assert (labels.mode, dock.session.levels.dragging) == ("paint", False)


def test_the_image_may_go_while_dragging(
    dock: Any, window_viewer: Any, stroke: Callable[..., None]
) -> None:
    dock.session.levels.dragging = True
    window_viewer.layers.remove("stripes")
    stroke(window_viewer, [(50, 30), (30, 30)])
    np.testing.assert_array_equal(window_viewer.layers["scribbles"].data, scribbles((64, 64)))
    window_viewer.layers.clear()
    dock.session.levels.dragging = False


def test_closing_gives_the_mouse_back(viewer: ViewerModel) -> None:
    viewer.add_image(stripes((8, 8)))
    callbacks = list(viewer.mouse_drag_callbacks)
    session = px.session(viewer)
    session.levels.dragging = True
    assert len(viewer.mouse_drag_callbacks) == len(callbacks) + 1
    session.close()
    assert viewer.mouse_drag_callbacks == callbacks
    assert viewer.layers[0].mouse_pan


def test_a_narrow_contrast_of_integers_can_be_widened(
    window_viewer: Any, stroke: Callable[..., None]
) -> None:
    layer = window_viewer.add_image(np.zeros((64, 64), np.uint8), contrast_limits=(7, 7.001))
    px.session(window_viewer).levels.dragging = True
    stroke(window_viewer, [(50, 30), (10, 30)])
    assert layer.contrast_limits[1] - layer.contrast_limits[0] > 2
