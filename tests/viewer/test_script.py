"""The session of a viewer from a script or napari's console, without docks."""

from __future__ import annotations

from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

import napari_pixclass as px

from .conftest import scribbles, stripes

SHAPES = {
    "plane": ((64, 64), 2),
    "volume": ((8, 48, 48), 3),
    "planes of a volume": ((4, 48, 48), 2),
    "time series of volumes": ((2, 8, 48, 48), 3),
}


@pytest.mark.parametrize(("shape", "ndim"), list(SHAPES.values()), ids=list(SHAPES))
def test_layers_equal_what_the_classifier_gives(
    viewer: Any, shape: tuple[int, ...], ndim: int
) -> None:
    image, labels = stripes(shape), scribbles(shape)
    scale = tuple(np.linspace(2, 0.5, len(shape)))
    image_layer = viewer.add_image(image, scale=scale, name="image")
    labels_layer = viewer.add_labels(labels, scale=scale)
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(ndim)
    session.add_pair(image_layer, labels_layer)
    session.train().result(60)
    session.predict().result(60)

    spacing = scale[-ndim:]
    classifier = px.PixelClassifier(px.FeatureSet.fast(ndim)).fit(image, labels, spacing=spacing)
    probabilities = classifier.predict_proba(image)
    outputs = session.output_layers.of(image_layer)
    for index, value in enumerate((1, 2)):
        np.testing.assert_array_equal(outputs[value].data, probabilities[..., index])
    np.testing.assert_array_equal(outputs["segmentation"].data, classifier.predict(image))
    np.testing.assert_array_equal(outputs["uncertainty"].data, classifier.uncertainty(image))


def test_rgb_layer(viewer: Any) -> None:
    rgba = np.stack([stripes((64, 64)).astype(np.uint8)] * 4, axis=-1)
    image_layer = viewer.add_image(rgba, rgb=True)
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image_layer, viewer.add_labels(scribbles((64, 64))))
    session.train().result(60)
    session.predict().result(60)
    classifier = px.PixelClassifier(px.FeatureSet.fast(2)).fit(
        rgba[..., :3], scribbles((64, 64)), channel_axis=-1
    )
    segmentation = session.output_layers.of(image_layer)["segmentation"].data
    np.testing.assert_array_equal(segmentation, classifier.predict(rgba[..., :3]))


def test_class_values_with_gaps_stay_as_painted(viewer: Any) -> None:
    image_layer = viewer.add_image(stripes((64, 64)))
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image_layer, viewer.add_labels(scribbles((64, 64), values=(3, 7))))
    session.train().result(60)
    session.predict().result(60)
    outputs = session.output_layers.of(image_layer)
    assert set(outputs) == {3, 7, "uncertainty", "segmentation"}
    assert set(np.unique(outputs["segmentation"].data)) == {3, 7}
    assert {3, 7} <= {info.value for info in session.classes}


def test_units_count_in_the_spacing(viewer: Any) -> None:
    image = viewer.add_image(stripes((8, 48, 48)), scale=(1, 500, 500), units=("um", "nm", "nm"))
    session = px.session(viewer)
    pair = session.add_pair(image, viewer.add_labels(scribbles((8, 48, 48))))
    assert pair.image.pixel_size == pytest.approx((1000, 500, 500))


def test_volumes_get_3d_features_unless_some_were_chosen(qtbot: Any) -> None:
    for chosen, expected in ((None, px.FeatureSet.default(3)), (px.FeatureSet.fast(2),) * 2):
        viewer = ViewerModel()
        session = px.session(viewer)
        if chosen is not None:
            session.features = chosen
        volume = viewer.add_image(stripes((8, 48, 48)), axis_labels=("z", "y", "x"))
        session.add_pair(volume, viewer.add_labels(scribbles((8, 48, 48))))
        assert session.features == expected


def test_time_series_get_2d_features(qtbot: Any) -> None:
    viewer = ViewerModel()
    series = viewer.add_image(stripes((8, 48, 48)), axis_labels=("t", "y", "x"))
    session = px.session(viewer)
    session.add_pair(series, viewer.add_labels(scribbles((8, 48, 48))))
    assert session.features == px.FeatureSet.default(2)


def test_a_pair_that_is_there_is_not_added_twice(trained: Any) -> None:
    pair = trained.pairs[0]
    assert trained.add_pair(pair.image.layer, pair.labels.layer) is pair
    assert len(trained.pairs) == 1


def test_cancel_leaves_classifier_and_layers(trained: Any, viewer: Any) -> None:
    trained.predict().result(60)
    before, layers = trained.classifier, {layer: layer.data for layer in viewer.layers}
    for start in (trained.train, trained.predict):
        job = start()
        job.cancel()
        with pytest.raises(CancelledError):
            job.result(60)
    assert trained.classifier is before
    assert {layer: layer.data for layer in viewer.layers} == layers


def test_each_viewer_has_a_session_of_its_own(qtbot: Any) -> None:
    first, second = ViewerModel(), ViewerModel()
    assert px.session(first) is px.session(first)
    assert px.session(first) is not px.session(second)
    first.add_image(stripes((32, 32)))
    assert px.session(second).image_layers == []


def test_layers_are_there_when_the_result_is(window_viewer: Any) -> None:
    image = window_viewer.add_image(stripes((64, 64)))
    session = px.session(window_viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image, window_viewer.add_labels(scribbles((64, 64))))
    session.train().result(60)
    session.predict().result(60)
    kinds = [type(layer) for layer in window_viewer.layers]
    assert kinds == [Image, Image, Image, Image, Labels, Labels]


def test_a_closed_session_says_so(qtbot: Any) -> None:
    viewer = ViewerModel()
    session = px.session(viewer)
    session.add_pair(viewer.add_image(stripes((32, 32))), viewer.add_labels(scribbles((32, 32))))
    session.close()
    with pytest.raises(RuntimeError, match="session is closed"):
        session.train()
