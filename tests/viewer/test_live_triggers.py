"""What makes live update train and predict again, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

import napari_pixclass as px

from .conftest import LONG, scribbles, stripes
from .live import N_TREES, check_shown, expected, features, settle

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


def paint(labels: Any) -> None:
    labels.selected_label = 1
    labels.paint((50.0, 6.0), 1)


def paint_and_undo(labels: Any) -> None:
    paint(labels)
    labels.undo()
    labels.fill((0, 0), 2)
    labels.undo()
    labels.redo()


def polygon(labels: Any) -> None:
    labels.paint_polygon([[40, 20], [40, 28], [48, 28]], 2)


def erase(labels: Any) -> None:
    labels.selected_label = 0
    labels.paint((32.0, 6.0), 0)


def assign(labels: Any) -> None:
    labels.data = np.roll(labels.data, 5, axis=0)


def set_items(labels: Any) -> None:
    labels.data_setitem((np.array([50, 51]), np.array([3, 3])), 1)


@pytest.mark.parametrize(
    "change", [paint, paint_and_undo, polygon, erase, assign, set_items], ids=lambda f: f.__name__
)
def test_changed_labels(session: Any, viewer: Any, qtbot: Any, change: Callable[..., None]) -> None:
    before = session.live_result
    change(viewer.layers["scribbles"])
    qtbot.waitUntil(lambda: session.live_result is not before, timeout=LONG)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_undo_and_redo(session: Any, viewer: Any, qtbot: Any) -> None:
    labels = viewer.layers["scribbles"]
    paint(labels)
    settle(qtbot, session)
    for step in (labels.undo, labels.redo, labels.undo):
        step()
        settle(qtbot, session)
        check_shown(session, expected(session))


def test_a_class_that_is_deleted(session: Any, viewer: Any, qtbot: Any) -> None:
    viewer.layers["scribbles"].paint_polygon([[40, 20], [40, 28], [48, 28]], 3)
    settle(qtbot, session)
    image = viewer.layers["stripes"]
    assert set(session.output_layers.of(image)) == {1, 2, 3, "uncertainty", "segmentation"}
    session.delete_class(2)
    settle(qtbot, session)
    assert session.classifier.classes_.tolist() == [1, 3]
    assert set(session.output_layers.of(image)) == {1, 3, "uncertainty", "segmentation"}
    check_shown(session, expected(session))
    session.merge_classes(3, 1)
    settle(qtbot, session)
    assert np.isnan(session.output_layers.of(image)[1].data).all()  # one class says nothing
    viewer.layers["scribbles"].undo()
    settle(qtbot, session)
    assert session.classifier.classes_.tolist() == [1, 3]


def test_names_and_colours_need_no_training(session: Any, viewer: Any, qtbot: Any) -> None:
    before = session.live_result
    session.change_class(1, name="Dark", color="#00ff00")
    viewer.layers["stripes"].name = viewer.layers["scribbles"].name = "renamed"
    qtbot.wait(100)
    assert session.job is None
    assert session.live_result is before


def test_features_trees_and_pairs(session: Any, viewer: Any, qtbot: Any) -> None:
    session.features = px.FeatureSet.from_selection({"gaussian_smoothing": [3.5]}, ndim=2)
    settle(qtbot, session)
    check_shown(session, expected(session))
    other = viewer.add_image(stripes((40, 64)) + 5, name="other")
    labels = viewer.add_labels(scribbles((40, 64), values=(2, 1)))
    pair = session.add_pair(other, labels)
    settle(qtbot, session)
    right = expected(session)
    check_shown(session, right)
    session.target = other
    settle(qtbot, session)
    check_shown(session, expected(session))
    session.target = viewer.layers["stripes"]
    settle(qtbot, session)
    check_shown(session, right)
    session.remove_pair(pair)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_other_data(session: Any, viewer: Any, qtbot: Any) -> None:
    image = viewer.layers["stripes"]
    image.data = image.data[::-1].copy() + 100
    assert session.live_result is None
    settle(qtbot, session)
    check_shown(session, expected(session))
    image.scale = (2, 1)
    settle(qtbot, session)
    check_shown(session, expected(session, spacing=(2, 1)))


def test_data_changed_in_place(session: Any, viewer: Any, qtbot: Any) -> None:
    image = viewer.layers["stripes"]
    image.data[:, 20:] += 70
    image.refresh()
    paint(viewer.layers["scribbles"])
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_hidden_outputs_are_not_predicted(session: Any, viewer: Any, qtbot: Any) -> None:
    image = viewer.layers["stripes"]
    outputs = session.output_layers.of(image)
    for layer in outputs.values():
        layer.visible = False
    before, delivered = session.classifier, []
    session.live_tiles_changed.connect(delivered.append)
    session.live_result_changed.connect(lambda result: result and delivered.append(result))
    paint(viewer.layers["scribbles"])
    qtbot.waitUntil(lambda: session.classifier is not before and session.job is None, timeout=LONG)
    assert delivered == []
    outputs["uncertainty"].visible = True
    # What another classifier has said is not shown, not even for a moment.
    assert np.isnan(outputs["uncertainty"].data).all()
    settle(qtbot, session)
    assert delivered
    check_shown(session, expected(session))
    for key in (1, "segmentation"):
        outputs[key].visible = True
        settle(qtbot, session)
        check_shown(session, expected(session))


def test_on_and_off_and_on(session: Any, viewer: Any, qtbot: Any) -> None:
    labels = viewer.layers["scribbles"]
    for index in range(6):
        session.live_update = index % 2 == 1
        labels.paint((45.0, 20.0 + index), 2)
        qtbot.wait(5)
    settle(qtbot, session)
    check_shown(session, expected(session))
    session.live_update = False
    before = session.classifier
    paint(labels)
    qtbot.wait(100)
    assert session.classifier is before
    session.live_update = True
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_cancelled_live_update_goes_on_with_the_next_stroke(
    session: Any, viewer: Any, qtbot: Any
) -> None:
    labels = viewer.layers["scribbles"]
    for column in range(3):
        labels.paint((50.0, 4.0 + column), 1)
        session.cancel()
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    labels.paint((50.0, 24.0), 2)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_all_labels_erased(session: Any, viewer: Any, qtbot: Any) -> None:
    image, labels = viewer.layers["stripes"], viewer.layers["scribbles"]
    labels.data = np.zeros(SHAPE, np.uint8)
    settle(qtbot, session)
    assert session.live_result is None
    for key, layer in session.output_layers.of(image).items():
        values = np.asarray(layer.data)
        assert not values.any() if key == "segmentation" else np.isnan(values).all()
    labels.paint((50.0, 6.0), 1)
    settle(qtbot, session)
    assert np.isnan(session.output_layers.of(image)[1].data).all()  # one class says nothing
    labels.paint((50.0, 24.0), 2)
    settle(qtbot, session)
    check_shown(session, expected(session))


def test_a_run_and_then_a_stroke(session: Any, viewer: Any, qtbot: Any) -> None:
    image, labels = viewer.layers["stripes"], viewer.layers["scribbles"]
    prediction = session.predict().result(60)
    np.testing.assert_array_equal(
        session.output_layers.of(image)[1].data, prediction.probabilities[..., 0]
    )
    qtbot.wait(100)
    assert session.live_result is None  # nothing of it was missing
    paint(labels)
    settle(qtbot, session)
    check_shown(session, expected(session))


@pytest.fixture
def series(viewer: ViewerModel, qtbot: Any) -> Any:
    """The same with a series of images, which take a while."""
    session = px.session(viewer)
    session.features, session.n_estimators = features(2), N_TREES
    image = viewer.add_image(stripes((60, 128, 128)), name="stripes")
    session.add_pair(image, viewer.add_labels(scribbles((60, 128, 128)), name="scribbles"))
    session.live_update = True
    settle(qtbot, session)
    return session


def finish(qtbot: Any, job: Any) -> None:
    qtbot.waitUntil(lambda: job.done, timeout=LONG)


@pytest.mark.parametrize("change", ["slider", "eye"])
def test_a_run_is_not_cancelled_by_a_look(
    series: Any, viewer: Any, qtbot: Any, change: str
) -> None:
    job = series.predict()
    if change == "slider":
        viewer.dims.set_current_step(0, 3)
    else:
        series.output_layers.of(series.target.layer)["uncertainty"].visible = True
    finish(qtbot, job)
    assert not job.cancelled
    shown = series.output_layers.of(series.target.layer)[1].data
    np.testing.assert_array_equal(shown, expected(series)[..., 0])
    qtbot.waitUntil(lambda: series.job is None, timeout=LONG)
    assert series.live_result is None


def test_a_run_of_another_image(series: Any, viewer: Any, qtbot: Any) -> None:
    job, first = series.predict(), series.target.layer
    other = viewer.add_image(stripes((60, 40, 50)))
    series.target = other
    viewer.dims.set_current_step(0, 3)
    finish(qtbot, job)
    assert not job.cancelled
    settle(qtbot, series)
    check_shown(series, expected(series))
    assert isinstance(series.output_layers.of(first)[1].data, np.ndarray)


def test_a_run_after_a_stroke_shows_what_the_stroke_has_changed(
    series: Any, viewer: Any, qtbot: Any
) -> None:
    before = series.classifier
    viewer.layers["scribbles"].paint((30.0, 50.0, 6.0), 1)
    job = series.predict()  # live update has yet to train
    finish(qtbot, job)
    assert not job.cancelled
    assert series.classifier is not before
    shown = series.output_layers.of(series.target.layer)[1].data
    np.testing.assert_array_equal(shown, expected(series)[..., 0])


def test_a_stroke_during_a_run(series: Any, viewer: Any, qtbot: Any) -> None:
    job = series.predict()
    viewer.layers["scribbles"].paint((30.0, 50.0, 6.0), 1)
    settle(qtbot, series)
    assert job.cancelled
    check_shown(series, expected(series))


def test_a_loaded_classifier_holds_until_something_is_labelled(
    viewer: Any, qtbot: Any, tmp_path: Any
) -> None:
    path = tmp_path / "a.pixclass"
    classifier = px.PixelClassifier(features(2), n_estimators=5)
    classifier.fit(stripes(SHAPE), scribbles(SHAPE)).save(path)
    session = px.session(viewer)
    image = viewer.add_image(stripes(SHAPE))
    session.live_update = True
    session.load_classifier(path)
    qtbot.waitUntil(lambda: session.live_result is not None and session.job is None, timeout=LONG)
    right = classifier.predict_proba(image.data)
    check_shown(session, right)
    labels = session.new_labels(image)
    qtbot.wait(100)
    qtbot.waitUntil(lambda: session.job is None, timeout=LONG)
    check_shown(session, right)
    session.outputs = {"probabilities"}
    assert set(session.output_layers.of(image)) == {1, 2}
    check_shown(session, right)
    labels.paint((50.0, 6.0), 1)
    settle(qtbot, session)
    assert np.isnan(session.output_layers.of(image)[1].data).all()  # one class says nothing
    labels.paint((50.0, 24.0), 2)
    settle(qtbot, session)
    check_shown(session, expected(session))
    session.load_classifier(path)
    qtbot.waitUntil(lambda: session.live_result is not None and session.job is None, timeout=LONG)
    check_shown(session, right)
