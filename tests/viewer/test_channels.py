"""Channels of layers: an axis, several layers together, some of them left out, features of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

import napari_pixclass as px
from napari_pixclass.viewer._stacked_layers import StackedLayers

from .conftest import LONG, scribbles, stripes

FAST = px.FeatureSet.fast(2)
SMALL = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]})


def channels() -> list[np.ndarray]:
    """A channel that tells the classes apart, and two of other types that do not."""
    rng = np.random.default_rng(3)
    return [
        stripes((64, 64)),
        rng.integers(0, 255, (64, 64), dtype=np.uint8),
        rng.integers(0, 4000, (64, 64), dtype=np.uint16),
    ]


def check(qtbot: Any, row: int, check_list: Any) -> None:
    """Click the checkbox of an entry."""
    qtbot.mouseClick(check_list.boxes[row], Qt.MouseButton.LeftButton, pos=QPoint(8, 8))


def choose(combo: Any, index: int) -> None:
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


@pytest.fixture
def layers(viewer: Any) -> list[Any]:
    return [
        viewer.add_image(data, name=name)
        for name, data in zip(("DAPI", "GFP", "Cy3"), channels(), strict=True)
    ]


@pytest.fixture
def session(viewer: Any) -> Any:
    session = px.session(viewer)
    session.features = FAST
    return session


@pytest.fixture
def stacked(session: Any, viewer: Any, layers: list[Any]) -> Any:
    session.add_pair(layers, viewer.add_labels(scribbles((64, 64)), name="scribbles"))
    return session


def test_layers_are_the_channels_of_one_image(stacked: Any, viewer: Any, layers: list[Any]) -> None:
    image = np.stack(channels())
    expected = px.PixelClassifier(FAST).fit(image, scribbles((64, 64)), channel_axis=0)
    assert stacked.target is stacked.pairs[0].image
    assert stacked.target.name == "DAPI + GFP + Cy3"
    stacked.train().result(60)
    prediction = stacked.predict().result(60)
    np.testing.assert_array_equal(prediction.probabilities, expected.predict_proba(image))
    outputs = stacked.output_layers.of(layers[0])
    np.testing.assert_array_equal(outputs["segmentation"].data, expected.predict(image))
    assert stacked.output_layers.of(layers[1]) == {}
    stacked.target = layers[2]  # the way it is trained on
    assert stacked.target is stacked.pairs[0].image
    stacked.target = layers
    assert stacked.target is stacked.pairs[0].image
    assert stacked.add_pair(layers, viewer.layers["scribbles"]) is stacked.pairs[0]


def test_layers_may_be_lazy_or_have_a_pyramid(session: Any, viewer: Any) -> None:
    first, second, third = channels()
    layers = [
        viewer.add_image([first, first[::2, ::2]], multiscale=True),
        viewer.add_image(da.from_array(second, chunks=32)),
        viewer.add_image(third),
    ]
    pair = session.add_pair(layers, viewer.add_labels(scribbles((64, 64))))
    assert pair.image.data.shape == (3, 64, 64)
    classifier = session.train().result(60)
    expected = px.PixelClassifier(FAST)
    expected.fit(np.stack(channels()), scribbles((64, 64)), channel_axis=0)
    session.predict().result(60)  # what is on screen: the coarser level, as nothing has been drawn
    shown = session.output_layers.of(layers[0])["segmentation"].data[1]
    np.testing.assert_array_equal(shown, expected.predict(np.stack(channels()))[1::2, 1::2])
    assert classifier.n_channels_ == 3


def test_live_update_of_several_layers(stacked: Any, layers: list[Any], qtbot: Any) -> None:
    stacked.channel_features = {1: SMALL}
    stacked.live_update = True
    qtbot.waitUntil(lambda: stacked.job is None and stacked.classifier is not None, timeout=LONG)
    image = np.stack(channels())
    expected = px.PixelClassifier([FAST, SMALL, FAST])
    expected.fit(image, scribbles((64, 64)), channel_axis=0)
    assert stacked.classifier.features_ == (FAST, SMALL, FAST)
    np.testing.assert_array_equal(stacked.classifier.predict(image), expected.predict(image))
    before = stacked.classifier
    layers[2].data = layers[2].data[::-1].copy()
    qtbot.waitUntil(lambda: stacked.classifier is not before, timeout=LONG)
    qtbot.waitUntil(lambda: stacked.job is None, timeout=LONG)
    changed = np.stack([*channels()[:2], channels()[2][::-1]])
    expected.fit(changed, scribbles((64, 64)), channel_axis=0)
    np.testing.assert_array_equal(stacked.classifier.predict(changed), expected.predict(changed))


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (np.zeros((64, 64, 3), np.uint8), {"rgb": True}, "no channels themselves; 'other' has"),
        (np.zeros((32, 64)), {}, r"same shape; 'DAPI' is \(64, 64\), 'other' is \(32, 64\)"),
        (np.zeros((64, 64)), {"scale": (2, 2)}, "pixels of the same size; 'DAPI' has None"),
        (np.zeros((64, 64)), {"translate": (5, 0)}, "'DAPI' and 'other' differ in translate"),
        (np.zeros((64, 64)), {"rotate": 30}, "'DAPI' and 'other' differ in rotate"),
    ],
)
def test_layers_that_do_not_fit(
    session: Any, viewer: Any, layers: list[Any], data: np.ndarray, options: Any, words: str
) -> None:
    other = viewer.add_image(data, name="other", **options)
    with pytest.raises(ValueError, match=words):
        session.target = [layers[0], other]
    with pytest.raises(TypeError, match="must be image layers, or arrays, all of them; got nda"):
        session.target = [layers[0], data]
    with pytest.raises(ValueError, match="at least one; got none"):
        session.target = []


def test_a_pair_goes_with_any_of_its_layers(stacked: Any, viewer: Any, layers: list[Any]) -> None:
    stacked.target = layers
    layers[1].name = "renamed"
    assert stacked.target.name == "DAPI + renamed + Cy3"
    viewer.layers.remove(layers[1])
    assert stacked.pairs == ()
    assert not isinstance(stacked.target, StackedLayers)


def test_new_data_of_a_layer_are_other_data(stacked: Any, layers: list[Any]) -> None:
    stacked.train().result(60)
    prediction = stacked.predict()
    layers[2].data = layers[2].data[::-1].copy()
    prediction.result(60)
    assert "was changed meanwhile" in stacked.error
    assert stacked.output_layers.of(layers[0]) == {}


def test_layers_that_no_longer_fit_are_a_problem(stacked: Any, layers: list[Any]) -> None:
    layers[0].scale = (2, 2)
    assert "must have pixels of the same size" in stacked.plan.training_problem
    layers[1].scale = layers[2].scale = (2, 2)
    assert stacked.plan.training_problem is None
    assert stacked.pairs[0].image.pixel_size == (2, 2)
    layers[2].data = np.zeros((32, 32), np.uint16)
    assert "must have the same shape" in stacked.plan.training_problem


def test_stacks_are_equal_by_their_layers(layers: list[Any]) -> None:
    assert StackedLayers(layers) == StackedLayers(layers)
    assert hash(StackedLayers(layers)) == hash(StackedLayers(layers))
    assert StackedLayers(layers) != StackedLayers(layers[:2])
    assert StackedLayers(layers) != StackedLayers(layers[::-1])


# In the docks ---------------------------------------------------------------------------------------------------------


def test_layers_are_put_together_in_the_dock(
    session: Any,
    viewer: Any,
    layers: list[Any],
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    qtbot: Any,
) -> None:
    labels = viewer.add_labels(scribbles((64, 64)))
    session.add_pair(layers[0], labels)
    session.target = layers[0]
    (row,) = open_dock(viewer, "Train").images.rows
    assert row.channels.text() == "Channels…"
    click(row.channels)
    popup = row.channels.popup
    assert [box.text() for box in popup.layers.boxes] == ["DAPI", "GFP", "Cy3"]
    assert popup.used.isHidden()
    check(qtbot, 2, popup.layers)
    check(qtbot, 1, popup.layers)
    assert popup.isVisible()
    assert session.pairs[0].image.layers == tuple(layers)
    assert session.target is session.pairs[0].image
    assert row.channels.text() == "Channels: 3…"
    assert [box.text() for box in popup.used.boxes] == ["DAPI", "GFP", "Cy3"]
    check(qtbot, 1, popup.used)
    assert session.channels == (0, 2)
    assert row.channels.text() == "Channels: 2 of 3…"
    assert session.train().result(60).features_ == (FAST, None, FAST)
    check(qtbot, 1, popup.used)
    assert session.channels is None
    for index in (0, 1, 2):
        check(qtbot, index, popup.layers)
    assert session.pairs[0].image.layers == (layers[2],), "one layer is left"
    assert session.pairs[0].labels.layer is labels


def test_a_layer_at_another_place_is_refused_in_words(
    session: Any, viewer: Any, layers: list[Any], open_dock: Callable[..., Any], qtbot: Any
) -> None:
    layers[1].translate = (3, 3)
    session.add_pair(layers[0], viewer.add_labels(scribbles((64, 64))))
    dock = open_dock(viewer, "Train")
    popup = dock.images.rows[0].channels.popup
    popup.show()
    check(qtbot, 1, popup.layers)
    assert "'DAPI' and 'GFP' differ in translate" in session.error
    assert not popup.layers.boxes[1].isChecked()
    assert session.pairs[0].image.layers == (layers[0],)


def test_an_axis_becomes_the_channels(
    session: Any, viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    image = viewer.add_image(np.stack(channels()).astype(np.float32), name="channels first")
    panel = open_dock(viewer, "Train").images
    (row,) = panel.rows
    popup = row.channels.popup
    popup.show()
    assert [popup.axis.itemText(i) for i in range(popup.axis.count())] == [
        "none: one channel",
        "0: 3 channels",
        "1: 64 channels",
        "2: 64 channels",
    ]
    choose(popup.axis, 1)
    assert row.channels.text() == "Channels: 3…"
    assert [box.text() for box in popup.used.boxes] == ["Channel 1", "Channel 2", "Channel 3"]
    click(panel.new)
    (pair,) = session.pairs
    assert (pair.image.channel_axis, pair.labels.shape) == (0, (64, 64))
    viewer.layers[-1].data = scribbles((64, 64))
    expected = px.PixelClassifier(FAST).fit(image.data, scribbles((64, 64)), channel_axis=0)
    session.train().result(60)
    np.testing.assert_array_equal(
        session.predict().result(60).segmentation, expected.predict(image.data)
    )
    choose(popup.axis, 0)
    assert session.pairs[0].image.channel_axis is None
    assert "must have the shape of the image" in session.plan.training_problem


def test_channels_are_offered_where_there_are_any(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    panel = open_dock(viewer, "Train").images
    assert panel.rows[0].channels.isHidden()
    viewer.add_image(stripes((64, 64)))
    assert panel.rows[0].channels.isHidden()
    volume = viewer.add_image(stripes((8, 70, 70)), axis_labels=("z", "y", "x"))
    viewer.layers.selection.active = volume
    assert panel.rows[0].channels.isHidden(), "axes that are called x, y and z are no channels"
    viewer.add_image(np.zeros((64, 64, 3), np.uint8), rgb=True)
    assert not panel.rows[0].channels.isHidden()
    assert panel.rows[0].channels.text() == "Channels: 3…"
    popup = panel.rows[0].channels.popup
    assert [box.text() for box in popup.used.boxes] == ["Red", "Green", "Blue"]
    assert popup.axis.isHidden()
    assert popup.layers.isHidden()


def test_another_image_in_the_place_of_several_layers(
    stacked: Any, layers: list[Any], open_dock: Callable[..., Any], viewer: Any
) -> None:
    (row,) = open_dock(viewer, "Train").images.rows
    assert row.image.layer is layers[0]
    choose(row.image, 1)
    assert stacked.pairs[0].image.layers == (layers[1],)
    assert row.image.layer is layers[1]


def test_features_of_one_channel(
    stacked: Any, viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    dock = open_dock(viewer, "Feature selection")
    chooser, grid = dock.scales.chooser, dock.scales.grid
    assert [chooser.combo.itemText(i) for i in range(4)] == ["all channels", "DAPI", "GFP", "Cy3"]
    assert dock.scales.count.text() == "9 per channel, 27 features in all"
    assert not chooser.reset.isEnabled()
    choose(chooser.combo, 2)
    click(grid.column_boxes[10.0])
    own = stacked.channel_features[1]
    assert own.sigmas == (1.0, 3.5, 10.0)
    assert len(own) == 16
    assert stacked.features == FAST
    assert chooser.combo.currentText() == "GFP (own features)"
    assert dock.scales.count.text() == "16 for this channel, 34 features in all"
    choose(chooser.combo, 0)
    assert dock.choice.features == FAST
    assert dock.scales.count.text() == "9 for each other channel, 34 features in all"
    choose(chooser.combo, 2)
    click(dock.scales.presets[0])  # what all channels have
    assert stacked.channel_features == {}
    click(grid.all_box)
    click(grid.all_box)
    assert stacked.channel_features == {1: None}
    assert dock.scales.count.text() == "No feature is chosen for this channel: it is not used."
    assert stacked.train().result(60).features_ == (FAST, None, FAST)
    click(chooser.reset)
    assert stacked.channel_features == {}
    assert dock.choice.features == FAST


def test_dimensions_are_those_of_all_channels(
    viewer: Any, open_dock: Callable[..., Any], click: Callable[..., None]
) -> None:
    session = px.session(viewer)
    layers = [viewer.add_image(stripes((8, 48, 48)), name=name) for name in "ab"]
    session.add_pair(layers, viewer.add_labels(scribbles((8, 48, 48))))
    dock = open_dock(viewer, "Feature selection")
    choose(dock.scales.chooser.combo, 1)
    click(dock.scales.presets[0])
    dock.dimensions.in_volumes.click()
    assert session.features.ndim == 3
    assert session.channel_features == {0: px.FeatureSet.fast(3)}
    assert dock.choice.ndim == 3


def test_one_channel_needs_no_chooser(
    viewer: Any, layers: list[Any], open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(viewer, "Feature selection")
    assert dock.scales.chooser.isHidden()
    assert dock.scales.count.text() == "49 features"


def test_preview_of_a_layer_among_several(
    stacked: Any,
    viewer: Any,
    layers: list[Any],
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    stacked.channel_features = {2: SMALL}
    viewer.layers.selection.active = layers[1]
    panel = open_dock(viewer, "Feature selection").preview
    assert [panel.channel.itemText(i) for i in range(3)] == ["DAPI", "GFP", "Cy3"]
    choose(panel.channel, 2)
    assert panel.feature.count() == 1
    click(panel.show_it)
    wait_idle(viewer)
    expected = px.compute_features(channels()[2], SMALL)[..., 0]
    np.testing.assert_array_equal(stacked.preview_layer.layer.data, expected)


def test_outputs_of_a_stack_lie_above_all_of_it(viewer: Any) -> None:
    layers = [viewer.add_image(stripes((40, 40)), name=name) for name in ("one", "two")]
    labels = viewer.add_labels(scribbles((40, 40)), name="scribbles")
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(layers, labels)
    session.train().result(60)
    session.predict().result(60)
    names = [layer.name for layer in viewer.layers]
    assert names[:2] == ["one", "two"]
    assert names[-1] == "scribbles"
    assert len(names) == 7
