"""The dock in which features are chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

import napari_pixclass as px
from napari_pixclass.core import DEFAULT_SIGMAS
from napari_pixclass.viewer._state_box import BoxLabel

from .conftest import LONG, scribbles, stripes


@pytest.fixture
def dock(viewer: Any, open_dock: Callable[..., Any]) -> Any:
    viewer.add_image(stripes((64, 64)), name="stripes")
    return open_dock(viewer, "Feature selection")


@pytest.fixture
def volume_dock(viewer: Any, open_dock: Callable[..., Any]) -> Any:
    viewer.add_image(
        stripes((8, 48, 48)), name="volume", scale=(2, 1, 1), axis_labels=("z", "y", "x")
    )
    return open_dock(viewer, "Feature selection")


def test_it_opens_with_the_default_features(dock: Any) -> None:
    assert dock.session.features == px.FeatureSet.default(2)
    assert dock.scales.count.text() == "49 features"
    assert dock.scales.grid.all_box.checkState() == Qt.CheckState.Checked


def test_clicks_in_the_grid_reach_the_session(dock: Any, click: Callable[..., None]) -> None:
    grid = dock.scales.grid
    click(grid.cell_boxes["gaussian_smoothing", 1.0])
    assert dict(dock.session.features.selection)["gaussian_smoothing"] == (
        0.3,
        0.7,
        1.6,
        3.5,
        5,
        10,
    )
    assert grid.row_boxes["gaussian_smoothing"].checkState() == Qt.CheckState.PartiallyChecked
    assert grid.column_boxes[1.0].checkState() == Qt.CheckState.PartiallyChecked
    click(grid.row_boxes["gaussian_smoothing"])
    assert grid.row_boxes["gaussian_smoothing"].checkState() == Qt.CheckState.Checked
    click(grid.column_boxes[10.0])
    assert 10.0 not in dock.session.features.sigmas


def test_clicking_the_name_of_a_row_toggles_it(dock: Any, qtbot: Any) -> None:
    grid = dock.scales.grid
    labels = [label for label in grid.findChildren(BoxLabel) if "Laplacian" in label.text()]
    qtbot.mouseClick(labels[0], Qt.MouseButton.LeftButton)
    assert "laplacian_of_gaussian" not in dict(dock.session.features.selection)


def test_features_of_ilastik_say_so_and_can_be_made_ours(
    dock: Any, click: Callable[..., None]
) -> None:
    assert not dock.scales.as_ilastik.isVisible()
    dock.session.features = px.FeatureSet.all(2, dialect="ilastik")
    assert dock.scales.as_ilastik.isVisible()
    assert dock.scales.as_ilastik.isChecked()
    click(dock.scales.grid.cell_boxes["gaussian_smoothing", 1.0])
    assert dock.session.features.dialect == "ilastik"
    assert len(dock.session.features) == 48
    click(dock.scales.as_ilastik)
    assert dock.session.features.dialect == "pixclass"
    assert len(dock.session.features) == 48
    assert not dock.scales.as_ilastik.isVisible()


def test_nothing_chosen_is_said_where_it_matters(
    dock: Any, viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    viewer.add_labels(scribbles((64, 64)))
    train = open_dock(viewer, "Train")
    click(dock.scales.grid.all_box)
    assert dock.session.features is None
    assert dock.footer.status.text() == "Choose at least one feature."
    assert train.footer.status.text() == "Choose at least one feature."
    assert not train.training.train.isEnabled()
    assert train.training.train.toolTip() == "Choose at least one feature."
    click(dock.scales.presets[1])
    assert train.training.train.isEnabled()


def test_adding_and_removing_a_scale(dock: Any, click: Callable[..., None]) -> None:
    dock.scales.sigma.setValue(2.25)
    assert not dock.scales.remove.isEnabled()
    click(dock.scales.add)
    assert 2.25 in dock.session.features.sigmas
    assert not dock.scales.add.isEnabled()
    click(dock.scales.remove)
    assert dock.session.features == px.FeatureSet.default(2)


def test_all_scales_can_be_removed_and_come_back(dock: Any, click: Callable[..., None]) -> None:
    for sigma in dock.choice.sigmas.copy():
        dock.scales.sigma.setValue(sigma)
        click(dock.scales.remove)
    assert dock.session.features is None
    click(dock.scales.presets[1])
    assert dock.session.features == px.FeatureSet.default(2)
    assert set(dock.scales.grid.column_boxes) == set(DEFAULT_SIGMAS)


def test_features_set_elsewhere_are_shown(dock: Any) -> None:
    dock.session.features = px.FeatureSet.from_selection({"laplacian_of_gaussian": [2.5]})
    grid = dock.scales.grid
    assert grid.cell_boxes["laplacian_of_gaussian", 2.5].isChecked()
    assert grid.column_boxes[1.0].checkState() == Qt.CheckState.Unchecked
    assert dock.scales.count.text() == "1 feature"


def test_dimensions_are_a_choice_for_volumes_only(dock: Any, viewer: Any) -> None:
    assert not dock.dimensions.in_volumes.isEnabled()
    viewer.add_image(stripes((8, 48, 48)), name="volume")
    assert dock.dimensions.in_volumes.isEnabled()


def test_volumes_begin_in_3d(volume_dock: Any, click: Callable[..., None]) -> None:
    assert volume_dock.session.features == px.FeatureSet.default(3)
    assert volume_dock.dimensions.in_volumes.isChecked()
    click(volume_dock.dimensions.in_planes)
    assert volume_dock.session.features == px.FeatureSet.default(2)
    assert not volume_dock.scales.grid.ndim_buttons


def test_a_scale_can_run_in_planes(volume_dock: Any, click: Callable[..., None]) -> None:
    button = volume_dock.scales.grid.ndim_buttons[10.0]
    assert button.text() == "3D"
    click(button)
    assert button.text() == "2D"
    assert volume_dock.session.features.sigmas_2d == (10.0,)


def test_channels_are_counted(viewer: Any, open_dock: Callable[..., Any]) -> None:
    viewer.add_image(np.zeros((64, 64, 3), np.uint8), rgb=True)
    dock = open_dock(viewer, "Feature selection")
    assert dock.scales.count.text() == "49 per channel, 147 features in all"


@pytest.mark.parametrize("index", [0, 5, 60])
def test_preview_shows_what_is_computed(
    volume_dock: Any,
    viewer: Any,
    click: Callable[..., None],
    wait_idle: Callable[..., None],
    index: int,
) -> None:
    panel = volume_dock.preview
    panel.feature.setCurrentIndex(index)
    click(panel.show_it)
    wait_idle(viewer)
    layer = volume_dock.session.preview_layer.layer
    features = volume_dock.session.features
    image = viewer.layers["volume"]
    expected = px.compute_features(image.data, features, spacing=(2, 1, 1))[..., index]
    np.testing.assert_array_equal(layer.data, expected)
    assert layer.name == f"{features.names[index]} of volume"
    np.testing.assert_array_equal(layer.scale, image.scale)


def test_one_preview_layer_is_updated_and_taken_away(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    panel = dock.preview
    click(panel.show_it)
    wait_idle(viewer)
    layer = dock.session.preview_layer.layer
    layer.name = "mine"
    panel.feature.setFocus()
    panel.feature.setCurrentIndex(30)
    panel.feature.activated.emit(30)
    wait_idle(viewer)
    assert dock.session.preview_layer.layer is layer
    assert len(viewer.layers) == 2
    click(panel.show_it)
    assert len(viewer.layers) == 1
    assert not panel.show_it.isChecked()


def test_preview_of_a_channel(
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    viewer.add_image(image, rgb=True)
    panel = open_dock(viewer, "Feature selection").preview
    panel.channel.setCurrentIndex(2)
    click(panel.show_it)
    wait_idle(viewer)
    expected = px.compute_features(image[..., 2], px.FeatureSet.default(2))[..., 0]
    np.testing.assert_array_equal(px.session(viewer).preview_layer.layer.data, expected)


def test_preview_ends_when_its_layer_or_image_is_removed(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None], qtbot: Any
) -> None:
    click(dock.preview.show_it)
    wait_idle(viewer)
    viewer.layers.remove(dock.session.preview_layer.layer)
    assert not dock.preview.show_it.isChecked()
    click(dock.preview.show_it)
    viewer.layers.remove("stripes")
    qtbot.waitUntil(lambda: dock.session.job is None, timeout=LONG)
    assert len(viewer.layers) == 0
    assert not dock.preview.show_it.isChecked()
