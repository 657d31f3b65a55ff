"""The output layers of live update, and what users do with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

import napari_pixclass as px
from napari_pixclass.session import LiveArray

from .conftest import LONG, scribbles, stripes
from .live import N_TREES, check_shown, expected, features, missing, settle

SHAPE = (64, 64)


@pytest.fixture
def session(viewer: ViewerModel, qtbot: Any) -> Any:
    """The session of a viewer, live, that has predicted an image with two classes."""
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), N_TREES
    labels = viewer.add_labels(scribbles(SHAPE), name="scribbles")
    session.add_pair(viewer.add_image(stripes(SHAPE), name="stripes"), labels)
    session.live_update = True
    settle(qtbot, session)
    return session


@pytest.fixture
def image(session: Any, viewer: ViewerModel) -> Any:
    return viewer.layers["stripes"]


def paint_more(viewer: ViewerModel, column: int = 6) -> None:
    viewer.layers["scribbles"].selected_label = 1
    viewer.layers["scribbles"].paint((50.0, float(column)), 1)


def test_layers_stay_the_same(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    before = session.output_layers.of(image)
    assert {key: type(layer) for key, layer in before.items()} == {
        1: Image,
        2: Image,
        "uncertainty": Image,
        "segmentation": Labels,
    }
    before[1].opacity, before[1].name = 0.3, "mine"
    before["uncertainty"].visible = True
    arrays = {key: layer.data for key, layer in before.items()}
    paint_more(viewer)
    settle(qtbot, session)
    after = session.output_layers.of(image)
    assert after == before
    assert {key: layer.data for key, layer in after.items()} == arrays
    assert (after[1].opacity, after[1].name) == (0.3, "mine")
    check_shown(session, expected(session))


def test_nothing_is_known_before_the_first_labels(viewer: Any, qtbot: Any) -> None:
    session = px.session(viewer)
    image = viewer.add_image(stripes(SHAPE))
    session.features, session.live_update = features(2), True
    session.new_labels(image)
    qtbot.wait(100)
    assert session.live_result is None
    assert session.output_layers.of(image) == {}


def test_a_layer_that_was_removed_stays_away(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    viewer.layers.remove(session.output_layers.of(image)[2])
    viewer.layers.remove(session.output_layers.of(image)["uncertainty"])
    paint_more(viewer)
    settle(qtbot, session)
    assert set(session.output_layers.of(image)) == {1, "segmentation"}
    check_shown(session, expected(session))
    session.live_update = False
    session.live_update = True
    assert set(session.output_layers.of(image)) == {1, 2, "uncertainty", "segmentation"}
    settle(qtbot, session)
    check_shown(session, expected(session))
    viewer.layers.remove(session.output_layers.of(image)[2])
    session.predict().result(60)
    assert set(session.output_layers.of(image)) == {1, 2, "uncertainty", "segmentation"}


def test_where_all_layers_were_removed_nothing_is_predicted(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    for layer in session.output_layers.of(image).values():
        viewer.layers.remove(layer)
    before, results = session.classifier, []
    session.live_result_changed.connect(results.append)
    paint_more(viewer)
    qtbot.waitUntil(lambda: session.classifier is not before and session.job is None, timeout=LONG)
    assert not any(results)
    assert session.output_layers.of(image) == {}
    session.outputs = {"segmentation"}
    qtbot.waitUntil(lambda: len(session.output_layers.of(image)) == 1, timeout=LONG)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_outputs_come_and_go_at_once(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    session.outputs = {"segmentation", "probabilities"}
    assert set(session.output_layers.of(image)) == {1, 2, "segmentation"}
    session.outputs = {"uncertainty", "probabilities"}
    assert set(session.output_layers.of(image)) == {1, 2, "uncertainty"}
    session.output_layers.of(image)["uncertainty"].visible = True
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_data_of_the_user_s_own_are_replaced_by_the_next_stroke_only(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    layer = session.output_layers.of(image)[1]
    layer.data = own = np.ones(SHAPE, np.float32)
    qtbot.wait(100)
    assert layer.data is own
    paint_more(viewer)
    settle(qtbot, session)
    assert isinstance(layer.data, LiveArray)
    check_shown(session, expected(session))


def test_nobody_paints_on_what_is_predicted(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    layer = session.output_layers.of(image)["segmentation"]
    assert not layer.editable
    layer.mode = "paint"
    assert layer.mode == "pan_zoom"
    session.predict().result(60)
    assert layer.editable
    layer.data_setitem((np.array([0]), np.array([0])), 2)
    paint_more(viewer)
    settle(qtbot, session)
    assert not session.output_layers.of(image)["segmentation"].editable


def test_outputs_move_with_their_image(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    image.translate, image.rotate = (5, 6), 30
    for layer in session.output_layers.of(image).values():
        np.testing.assert_allclose(layer.data_to_world((3, 5)), image.data_to_world((3, 5)))
    settle(qtbot, session)
    check_shown(session, expected(session))
    image.scale = (2, 3)
    settle(qtbot, session)
    for layer in session.output_layers.of(image).values():
        np.testing.assert_allclose(layer.data_to_world((3, 5)), image.data_to_world((3, 5)))
    check_shown(session, expected(session, spacing=(2, 3)))


@pytest.mark.parametrize("shape", [(40, 70), (3, 40, 70), (2, 3, 40, 70)], ids=str)
def test_data_of_another_shape(
    session: Any, image: Any, viewer: Any, qtbot: Any, shape: tuple[int, ...]
) -> None:
    image.data = stripes(shape)
    assert session.live_result is None
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    labels = viewer.layers["scribbles"]
    if labels.data.shape != shape:
        assert "must have the shape" in session.plan.training_problem
    labels.data = scribbles(shape)
    settle(qtbot, session)
    check_shown(session, expected(session))
    assert {layer.ndim for layer in session.output_layers.of(image).values()} == {len(shape)}


def test_an_image_that_is_removed(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    paint_more(viewer)
    viewer.layers.remove(image)
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert session.live_result is None
    # Nobody would ever fill them again.
    qtbot.waitUntil(lambda: [layer.name for layer in viewer.layers] == ["scribbles"], timeout=LONG)


def test_labels_that_are_removed(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    paint_more(viewer)
    viewer.layers.remove("scribbles")
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert session.pairs == ()
    labels = session.new_labels(image)
    labels.paint((50.0, 6.0), 1)
    labels.paint((50.0, 24.0), 2)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_another_image_than_the_one_trained_on(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    other = viewer.add_image(stripes((50, 70)) + 5, name="other")
    session.target = other
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    # One image is followed at a time.
    for key, layer in session.output_layers.of(image).items():
        values = np.asarray(layer.data)
        assert not values.any() if key == "segmentation" else np.isnan(values).all()
    for _ in range(2):
        paint_more(viewer)
    settle(qtbot, session)
    check_shown(session, expected(session))
    session.target = image
    settle(qtbot, session)
    check_shown(session, expected(session))
    viewer.layers.remove(other)
    settle(qtbot, session)
    check_shown(session, expected(session))


@pytest.mark.parametrize("shape", [(30,), (5, 5, 64, 64), (64, 64, 3)], ids=str)
def test_a_target_that_does_not_fit(
    session: Any, image: Any, viewer: Any, qtbot: Any, shape: tuple[int, ...]
) -> None:
    """While work for another image is running."""
    paint_more(viewer)
    data = stripes(shape)
    other = viewer.add_image(data if len(shape) > 1 else data[np.newaxis], rgb=shape[-1] == 3)
    session.target = other
    qtbot.waitUntil(lambda: session.job is None and not missing(session), timeout=LONG)
    qtbot.wait(100)
    assert session.error == ""
    session.target = image
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_features_that_are_taken_away(session: Any, image: Any, viewer: Any, qtbot: Any) -> None:
    right = expected(session)
    session.features = None
    paint_more(viewer)
    qtbot.wait(100)
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    assert session.error == ""
    check_shown(session, right)  # what the classifier at hand says, as nothing can be trained
    session.features = features(2)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_a_copy_of_an_output_does_not_change(
    session: Any, image: Any, viewer: Any, qtbot: Any
) -> None:
    layer = session.output_layers.of(image)[1]
    before = np.array(layer.data)
    copy = Image(*layer.as_layer_data_tuple()[:1], rgb=False)
    copy.data = np.array(layer.data)
    labels = Labels(layer.data.astype(int))
    assert labels.data.dtype.kind == "i"
    paint_more(viewer, column=30)
    settle(qtbot, session)
    np.testing.assert_array_equal(copy.data, before)
