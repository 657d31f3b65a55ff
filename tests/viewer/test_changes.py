"""Layers that change under the session: other data, another place, gone, and what must not be shown any more."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

import napari_pixclass as px
from napari_pixclass.viewer._class_table import NAME
from napari_pixclass.viewer._sample_data import sample_layers

from .conftest import LONG, scribbles, stripes


def test_data_replaced_meanwhile_are_not_predicted(trained: Any, viewer: Any) -> None:
    image = viewer.layers["stripes"]
    prediction, preview = trained.predict(), trained.preview(0)
    image.data = image.data[:32].copy()
    for job in (prediction, preview):
        job.result(60)
    assert trained.output_layers.of(image) == {}
    assert trained.preview_layer.layer is None
    assert "stripes was changed meanwhile" in trained.error


def test_outputs_and_preview_move_with_their_image(trained: Any, viewer: Any) -> None:
    image = viewer.layers["stripes"]
    trained.predict().result(60)
    trained.preview(0).result(60)
    image.scale, image.translate, image.rotate = (2, 3), (5, 6), 30
    image.units, image.axis_labels = ("um", "um"), ("y", "x")
    trained.predict().result(60)
    trained.preview(0).result(60)
    layers = [*trained.output_layers.of(image).values(), trained.preview_layer.layer]
    assert len(layers) == 5
    for layer in layers:
        for attribute in ("scale", "translate", "rotate", "shear", "affine"):
            np.testing.assert_allclose(getattr(layer, attribute), getattr(image, attribute))
        assert (layer.units, layer.axis_labels) == (image.units, image.axis_labels)


def test_outputs_of_an_image_that_is_gone_stay_outputs(
    trained: Any, viewer: Any, qtbot: Any
) -> None:
    trained.predict().result(60)
    alive = weakref.ref(viewer.layers["stripes"])
    viewer.layers.remove("stripes")
    qtbot.waitUntil(lambda: gc.collect() >= 0 and alive() is None)  # its labels are being saved
    assert len(viewer.layers) == 5
    assert trained.image_layers == []
    assert trained.labels_layers == [viewer.layers["scribbles"]]
    assert trained.target is None


def test_stale_outputs_are_removed(trained: Any, viewer: Any) -> None:
    image, labels = viewer.layers["stripes"], viewer.layers["scribbles"]
    trained.predict().result(60)
    trained.outputs = {"segmentation"}
    trained.predict().result(60)  # by the same classifier: the others are as good as before
    assert len(trained.output_layers.of(image)) == 4
    labels.data = scribbles((64, 64), values=(2, 1))
    trained.train().result(60)
    trained.predict().result(60)
    assert set(trained.output_layers.of(image)) == {"segmentation"}
    assert len(viewer.layers) == 3


def test_outputs_of_other_data_are_stale(trained: Any, viewer: Any) -> None:
    image = viewer.layers["stripes"]
    trained.predict().result(60)
    image.data = image.data[::-1].copy()
    trained.outputs = {"uncertainty"}
    trained.predict().result(60)
    assert set(trained.output_layers.of(image)) == {"uncertainty"}


def test_docks_see_new_data(trained: Any, viewer: Any, open_dock: Callable[..., Any]) -> None:
    train, predict = open_dock(viewer, "Train"), open_dock(viewer, "Predict")
    viewer.layers["stripes"].data = np.zeros((32, 32, 3), np.float32)
    assert not train.training.train.isEnabled()
    assert "must have the shape" in train.footer.status.text()
    assert predict.prediction.run.isEnabled()  # three planes
    viewer.layers["stripes"].data = np.zeros(32, np.float32).reshape(1, 32)[:, :16]
    assert train.footer.status.text().startswith("Labels must have the shape of the image")


def test_a_failed_training_is_said_until_something_is_done(
    trained: Any, viewer: Any, open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(viewer, "Train")
    viewer.layers["stripes"].data = np.full((64, 64), np.nan, np.float32)
    trained.target = viewer.add_image(stripes((64, 64)), name="sound")
    training, prediction = trained.train(), trained.predict()
    with pytest.raises(ValueError, match="finite"):
        training.result(60)
    with pytest.raises(CancelledError):
        prediction.result(60)
    assert "must hold finite numbers" in dock.footer.status.text()
    assert trained.output_layers.of(viewer.layers["sound"]) == {}
    trained.predict().result(60)
    assert trained.message == "Predicted sound."
    assert trained.error == ""


def test_training_leaves_the_preview_alone(trained: Any) -> None:
    preview = trained.preview(0)
    trained.train().result(60)
    preview.result(60)
    assert trained.preview_layer.layer is not None
    with pytest.raises(ValueError, match="index must be 0 to"):
        trained.preview(-1)


def test_moved_labels_are_seen_by_live_update(trained: Any, viewer: Any, qtbot: Any) -> None:
    trained.live_update = True
    qtbot.waitUntil(lambda: trained.job is None, timeout=LONG)
    before, labels = trained.classifier, viewer.layers["scribbles"]
    labels.data = np.roll(labels.data, 7, axis=0)
    qtbot.waitUntil(lambda: trained.classifier is not before, timeout=LONG)


def test_large_labels_are_counted_in_the_background(viewer: Any, qtbot: Any) -> None:
    data = np.zeros((3000, 3000), np.uint8)
    data[5, :10], data[7, :20] = 1, 3
    session = px.session(viewer)
    session.add_pair(viewer.add_image(data), viewer.add_labels(data))
    assert session.counts == {}
    assert session.plan.training_problem is None
    qtbot.waitUntil(lambda: session.counts == {1: 10, 3: 20}, timeout=LONG)
    assert [info.value for info in session.classes] == [1, 2, 3]


def test_labels_not_in_memory_are_not_computed_for_a_look(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    image = viewer.add_image(stripes((64, 64)))
    computed = []
    lazy = da.from_array(scribbles((64, 64))).map_blocks(
        lambda block: computed.append(block.shape) or block,
        dtype=np.uint8,
        meta=np.empty((0, 0), np.uint8),
    )
    labels = viewer.add_labels(lazy)
    computed.clear()
    session = open_dock(viewer, "Train").session
    assert session.pairs == ()
    assert computed == []
    pair = session.add_pair(image, labels)
    assert pair.labels.shape == (64, 64)
    session.train().result(60)
    assert session.classifier.n_samples_ == (10, 10)


def test_multiscale_labels_are_not_offered(viewer: Any) -> None:
    image = viewer.add_image(stripes((64, 64)))
    pyramid = [scribbles((64, 64)), scribbles((32, 32))]
    labels = viewer.add_labels(pyramid, multiscale=True)
    session = px.session(viewer)
    assert session.labels_layers == []
    with pytest.raises(ValueError, match="must have one scale"):
        session.add_pair(image, labels)


def test_layers_without_a_scale_have_no_pixel_size(viewer: Any) -> None:
    session = px.session(viewer)
    plain = session.add_pair(
        viewer.add_image(stripes((8, 48, 48))), viewer.add_labels(scribbles((8, 48, 48)))
    )
    assert plain.image.pixel_size is None
    for options in ({"scale": (2, 1, 1)}, {"units": "um"}):
        session.target = viewer.add_image(stripes((8, 48, 48)), **options)
        assert session.target.pixel_size == tuple(options.get("scale", (1, 1, 1)))


def test_channels_of_a_layer_that_is_not_rgb(viewer: Any) -> None:
    data = np.stack([stripes((64, 64)), stripes((64, 64))[::-1]], axis=-1)
    image = viewer.add_image(data, rgb=False, scale=(2, 2, 9))
    labels = viewer.add_labels(scribbles((64, 64)))
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    pair = session.add_pair(image, labels, channel_axis=-1)
    assert pair.image.pixel_size == (2, 2)
    assert session.train().result(60).n_channels_ == 2
    session.target = image
    session.predict().result(60)
    expected = px.PixelClassifier(px.FeatureSet.fast(2)).fit(
        data, scribbles((64, 64)), channel_axis=-1, spacing=(2, 2)
    )
    np.testing.assert_array_equal(session.predict().result(60).segmentation, expected.predict(data))
    outputs = session.output_layers.of(image)
    assert outputs["segmentation"].data.shape == (64, 64)
    np.testing.assert_array_equal(outputs["segmentation"].scale, (2, 2))
    with pytest.raises(TypeError, match="channel_axis only"):
        session.add_pair(image, labels, pixel_size=(1, 1))
    rgb = viewer.add_image(np.zeros((64, 64, 3), np.uint8), rgb=True)
    with pytest.raises(ValueError, match="RGB layer are its last axis"):
        session.add_pair(rgb, labels, channel_axis=0)


def test_own_colours_come_back(viewer: Any) -> None:
    labels = viewer.add_labels(scribbles((64, 64)))
    before = labels.colormap
    session = px.session(viewer)
    pair = session.add_pair(viewer.add_image(stripes((64, 64))), labels)
    assert labels.colormap is not before
    session.remove_pair(pair)
    assert labels.colormap is before


def test_metadata_of_somebody_else(viewer: Any, open_dock: Callable[..., Any]) -> None:
    session = px.session(viewer)
    viewer.add_image(stripes((64, 64)), metadata={"pixclass": "mine"})
    viewer.add_labels(scribbles((64, 64)), metadata={"pixclass": "mine"})
    open_dock(viewer, "Train")
    assert len(session.pairs) == 1


def test_a_copy_of_an_image_is_not_taken_up(viewer: Any) -> None:
    session = px.session(viewer)
    (data, options, _), (marks, labels_options, _) = sample_layers("cells")
    image, labels = viewer.add_image(data, **options), viewer.add_labels(marks, **labels_options)
    for _ in range(2):
        viewer.add_image(image.data.copy(), metadata=image.metadata)
    assert len(session.pairs) == 1
    session.remove_pair(session.pairs[0])
    viewer.add_labels(labels.data.copy(), metadata=labels.metadata)
    assert session.pairs == ()


def test_names_are_no_markup(trained: Any, viewer: Any, open_dock: Callable[..., Any]) -> None:
    dock = open_dock(viewer, "Train")
    trained.change_class(1, name="<b>bold</b>")
    viewer.layers["stripes"].name = "<img src='x'>"
    for tooltip in (
        dock.classes.table.item(0, NAME).toolTip(),
        dock.images.rows[0].image.toolTip(),
    ):
        assert "&lt;" in tooltip
        assert "<b>" not in tooltip
        assert "<img" not in tooltip


def test_a_loaded_classifier_was_not_trained_here(trained: Any, tmp_path: Any) -> None:
    assert trained.message == "Trained on 20 pixels of 2 classes."
    trained.save_classifier(tmp_path / "stripes.pixclass")
    trained.load_classifier(tmp_path / "stripes.pixclass")
    assert trained.message == "Loaded stripes.pixclass."


def test_a_layer_is_listened_to_as_long_as_it_is_there(qtbot: Any) -> None:
    viewer = ViewerModel()
    before = viewer.add_image(stripes((32, 32)))  # before there was a session
    session = px.session(viewer)
    heard: list[None] = []
    session.layers_changed.connect(lambda: heard.append(None))
    before.scale = (2, 2)
    assert heard
    viewer.layers.remove(before)
    heard.clear()
    before.scale = (3, 3)
    assert heard == []
    session.close()


def test_kinds_of_outputs(trained: Any, viewer: Any) -> None:
    trained.predict().result(60)
    kinds = {key: type(layer) for key, layer in trained.output_layers.of(viewer.layers[0]).items()}
    assert kinds == {1: Image, 2: Image, "uncertainty": Image, "segmentation": Labels}
