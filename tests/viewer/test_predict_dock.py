"""The dock in which images are predicted, and the layers that come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px

from .conftest import LONG, scribbles, stripes


@pytest.fixture
def dock(trained: Any, viewer: Any, open_dock: Callable[..., Any]) -> Any:
    return open_dock(viewer, "Predict")


def test_without_a_classifier_it_says_what_to_do(
    viewer: Any, open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(viewer, "Predict")
    assert dock.footer.status.text() == "Train first, or load a classifier."
    assert not dock.prediction.run.isEnabled()
    assert dock.prediction.run.toolTip() == "Train first, or load a classifier."


def test_outputs_lie_on_their_image(
    viewer: Any,
    open_dock: Callable[..., Any],
    click: Callable[..., None],
    wait_idle: Callable[..., None],
) -> None:
    image = viewer.add_image(
        stripes((8, 48, 48)),
        name="volume",
        scale=(2, 0.5, 0.5),
        translate=(1, 2, 3),
        units=("um", "um", "um"),
        axis_labels=("z", "y", "x"),
    )
    labels = viewer.add_labels(scribbles((8, 48, 48)), scale=(2, 0.5, 0.5), units="um")
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(3)
    session.add_pair(image, labels)
    session.train().result(60)
    click(open_dock(viewer, "Predict").prediction.run)
    wait_idle(viewer)
    outputs = session.output_layers.of(image)
    assert set(outputs) == {1, 2, "uncertainty", "segmentation"}
    for layer in outputs.values():
        for attribute in ("scale", "translate", "rotate", "shear"):
            np.testing.assert_allclose(getattr(layer, attribute), getattr(image, attribute))
        assert (layer.units, layer.axis_labels) == (image.units, image.axis_labels)


def test_outputs_are_turned_like_their_image(trained: Any, viewer: Any) -> None:
    image = viewer.add_image(stripes((64, 64)), rotate=30, shear=[0.2], affine=np.diag([2, 3, 1]))
    trained.target = image
    trained.predict().result(60)
    for layer in trained.output_layers.of(image).values():
        for attribute in ("rotate", "shear", "affine"):
            np.testing.assert_allclose(getattr(layer, attribute), getattr(image, attribute))


def test_only_the_outputs_chosen_are_made(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    click(dock.prediction.outputs["probabilities"])
    click(dock.prediction.outputs["uncertainty"])
    click(dock.prediction.run)
    wait_idle(viewer)
    assert [layer.name for layer in viewer.layers] == [
        "stripes",
        "Segmentation of stripes",
        "scribbles",
    ]
    click(dock.prediction.outputs["segmentation"])
    assert not dock.prediction.run.isEnabled()
    assert dock.footer.status.text() == "Choose at least one output."


def test_running_again_updates_the_layers_whatever_they_are_called(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    click(dock.prediction.run)
    wait_idle(viewer)
    layers = list(viewer.layers)
    for index, layer in enumerate(layers):
        layer.name = f"layer {index}"
    before = layers[1].data
    dock.session.pairs[0].labels.layer.data = scribbles((64, 64), values=(2, 1))
    dock.session.train().result(60)
    click(dock.prediction.run)
    wait_idle(viewer)
    assert list(viewer.layers) == layers
    assert [layer.name for layer in viewer.layers] == [f"layer {i}" for i in range(6)]
    assert not np.array_equal(layers[1].data, before)


def test_what_is_selected_stays_selected(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    labels = viewer.layers["scribbles"]
    viewer.layers.selection.active = labels
    labels.mode = "paint"
    click(dock.prediction.run)
    wait_idle(viewer)
    assert viewer.layers.selection.active is labels
    assert set(viewer.layers.selection) == {labels}
    assert labels.mode == "paint"
    assert viewer.layers[-1] is labels


def test_probabilities_of_a_class_that_is_gone_are_removed(dock: Any, viewer: Any) -> None:
    session = dock.session
    image, labels = viewer.layers["stripes"], viewer.layers["scribbles"]
    labels.data = scribbles((64, 64), values=(1, 2, 3))
    session.train().result(60)
    session.predict().result(60)
    assert 3 in session.output_layers.of(image)
    labels.data = scribbles((64, 64))
    session.train().result(60)
    session.predict().result(60)
    assert set(session.output_layers.of(image)) == {1, 2, "uncertainty", "segmentation"}
    assert len(viewer.layers) == 6


def test_an_output_that_was_removed_comes_back(dock: Any, viewer: Any) -> None:
    dock.session.predict().result(60)
    viewer.layers.remove("Segmentation of stripes")
    dock.session.predict().result(60)
    assert "Segmentation of stripes" in viewer.layers


def test_other_images_are_predicted_too(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    other = viewer.add_image(stripes((48, 80)), name="other")
    combo = dock.prediction.image
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    click(dock.prediction.run)
    wait_idle(viewer)
    outputs = dock.session.output_layers.of(other)
    np.testing.assert_array_equal(
        outputs["segmentation"].data, dock.session.classifier.predict(stripes((48, 80)))
    )
    assert dock.session.output_layers.of(viewer.layers["stripes"]) == {}


def test_outputs_are_not_offered_as_images(dock: Any, viewer: Any) -> None:
    dock.session.predict().result(60)
    combo = dock.prediction.image
    assert [combo.itemText(i) for i in range(combo.count())] == ["stripes"]


def test_an_image_that_does_not_fit_is_refused_in_words(dock: Any, viewer: Any) -> None:
    dock.session.target = viewer.add_image(np.zeros((64, 64, 3), np.uint8), rgb=True, name="colour")
    assert not dock.prediction.run.isEnabled()
    assert "trained on images with 1 channel" in dock.footer.status.text()


def test_cancel_leaves_the_old_outputs(
    dock: Any, viewer: Any, qtbot: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    big = viewer.add_image(stripes((5000, 5000)), name="big")
    dock.session.target = big
    click(dock.prediction.run)
    qtbot.waitUntil(dock.footer.cancel.isVisible, timeout=LONG)
    assert dock.footer.status.text().startswith("Predicting…")
    job = dock.session.job
    click(dock.footer.cancel)
    assert dock.footer.status.text() == "Cancelling…"
    wait_idle(viewer)
    assert job.progress < 1
    assert not dock.footer.cancel.isVisible()
    assert dock.session.output_layers.of(big) == {}


def test_an_image_removed_meanwhile_gets_no_outputs(
    dock: Any, viewer: Any, click: Callable[..., None], wait_idle: Callable[..., None]
) -> None:
    viewer.add_image(stripes((64, 64)), name="other")
    click(dock.prediction.run)
    viewer.layers.remove("stripes")
    wait_idle(viewer)
    assert [layer.name for layer in viewer.layers] == ["scribbles", "other"]
    assert dock.session.pairs == ()


def test_a_second_run_replaces_the_first(
    dock: Any, viewer: Any, click: Callable[..., None]
) -> None:
    first = dock.session.predict()
    click(dock.prediction.run)
    assert first.cancelled
