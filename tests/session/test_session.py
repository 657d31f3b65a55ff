"""The session: what it offers, what it says is missing, and what reaches it when."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
from psygnal.testing import assert_emitted_once, assert_not_emitted

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import ClassInfo, FeatureSet
from napari_pixclass.session import ArrayImage, Session

from .conftest import FEATURES, LONG


def test_what_is_missing_is_said_in_words(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    assert session.plan.training_problem == "Choose an image and labels to paint on."
    assert session.plan.prediction_problem == "Train first, or load a classifier."
    empty = np.zeros_like(labels)
    pair = session.add_pair(image, empty)
    assert session.plan.training_problem == "Paint a few strokes of each class."
    empty[:] = np.where(labels == 1, 1, 0)
    session.labels_changed()
    assert session.plan.training_problem is None
    assert session.plan.advice == "Only one class is painted: paint a second one."
    session.features = None
    assert session.plan.training_problem == "Choose at least one feature."
    session.features = FEATURES
    session.remove_pair(pair)
    session.add_pair(image, labels[1:])
    assert "Labels must have the shape of the image" in str(session.plan.training_problem)
    with pytest.raises(ValueError, match="Labels must have the shape"):
        session.train()


def test_stacks_need_axes_for_their_features(session: Session, image: np.ndarray) -> None:
    session.features = FeatureSet.fast(3)
    session.add_pair(image, np.ones(image.shape, np.uint8))
    assert "at least 3 axes" in str(session.plan.training_problem)


def test_training_and_prediction_give_what_a_script_gets(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    classifier = session.train().result(LONG)
    assert session.classifier is classifier
    prediction = session.predict().result(LONG)
    script = PixelClassifier(FEATURES, n_estimators=10).fit(image, labels)
    np.testing.assert_array_equal(prediction.probabilities, script.predict_proba(image))
    np.testing.assert_array_equal(prediction.uncertainty, script.uncertainty(image))
    np.testing.assert_array_equal(prediction.segmentation, script.predict(image))


def test_prediction_waits_for_the_training_before_it(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    training = session.train()
    prediction = session.predict()  # there is no classifier yet
    assert prediction.result(LONG).segmentation is not None
    assert training.done


def test_several_pairs_train_one_classifier(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.add_pair(image[:40].copy(), labels[:40])
    classifier = session.train().result(LONG)
    script = PixelClassifier(FEATURES, n_estimators=10).fit(
        [image, image[:40]], [labels, labels[:40]]
    )
    np.testing.assert_array_equal(classifier.predict_proba(image), script.predict_proba(image))
    assert session.counts == {1: 160, 2: 160}


def test_labels_are_those_at_the_moment_of_training(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    expected = PixelClassifier(FEATURES, n_estimators=10).fit(image, labels).predict_proba(image)
    job = session.train()
    labels[:] = 0  # painted on while it trains
    np.testing.assert_array_equal(job.result(LONG).predict_proba(image), expected)


def test_only_outputs_that_are_wanted_are_made(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.train().result(LONG)
    session.outputs = {"uncertainty"}
    prediction = session.predict().result(LONG)
    assert prediction.probabilities is None
    assert prediction.segmentation is None
    assert prediction.uncertainty is not None
    session.outputs = set()
    with pytest.raises(ValueError, match="at least one output"):
        session.predict()
    with pytest.raises(ValueError, match="outputs are probabilities"):
        session.outputs = {"entropy"}


def test_a_failed_training_leaves_the_old_classifier(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    old = session.train().result(LONG)
    image[0, 0] = np.nan
    job = session.train()
    with assert_emitted_once(session.failed), pytest.raises(ValueError, match="NaN"):
        job.result(LONG)
    assert session.classifier is old


def test_a_cancelled_training_leaves_the_old_classifier(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    old = session.train().result(LONG)
    job = session.train()
    job.cancel()
    with assert_not_emitted(session.classifier_changed), pytest.raises(CancelledError):
        job.result(LONG)
    assert session.classifier is old
    assert session.train().result(LONG) is session.classifier


def test_a_newer_training_makes_older_work_stale(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    stale = [session.train() for _ in range(3)]
    waiting = session.predict()
    last = session.train()
    classifier = last.result(LONG)
    assert session.classifier is classifier
    assert all(job.cancelled for job in [*stale, waiting])
    with pytest.raises(CancelledError):
        waiting.result(LONG)


def test_nothing_arrives_after_close(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    job = session.train()
    session.close()
    with assert_not_emitted(session.classifier_changed), pytest.raises(CancelledError):
        job.result(LONG)
    with pytest.raises(RuntimeError, match="closed"):
        session.train()


def test_classes_appear_with_their_labels(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    assert [info.value for info in session.classes] == [1, 2]
    with assert_emitted_once(session.classes_changed):
        session.add_pair(image, labels * 7)
    assert [info.value for info in session.classes] == [1, 2, 7, 14]
    assert session.counts == {7: 80, 14: 80}


def test_classes_are_named_and_coloured(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    added = session.add_class("wall")
    assert added.value == 3
    session.change_class(1, name="nucleus", color="#ff0000")
    session.add_pair(image, labels)
    classifier = session.train().result(LONG)
    assert classifier.class_table_[0] == ClassInfo(1, "nucleus", "#ff0000")
    session.change_class(2, name="background")
    assert [info.name for info in classifier.class_table_] == ["nucleus", "background"]
    with pytest.raises(ValueError, match="value of its own"):
        session.classes = [added, added]
    with pytest.raises(ValueError, match="must look like"):
        session.change_class(1, color="red")


def test_saved_classifier_is_loaded_with_its_features_and_classes(
    session: Session, image: np.ndarray, labels: np.ndarray, tmp_path
) -> None:
    session.add_pair(image, labels)
    session.change_class(1, name="nucleus")
    session.train().result(LONG)
    before = session.predict().result(LONG)
    session.save_classifier(tmp_path / "cells.pixclass")
    other = Session()
    try:
        other.load_classifier(tmp_path / "cells.pixclass")
        assert other.features == FEATURES
        assert other.classes[0].name == "nucleus"
        other.target = image
        after = other.predict().result(LONG)
        np.testing.assert_array_equal(before.probabilities, after.probabilities)
    finally:
        other.close()
    with pytest.raises(ValueError, match="no classifier to save"):
        Session().save_classifier(tmp_path / "none.pixclass")


def test_channels_and_spacing_of_the_sources_are_used(session: Session, image: np.ndarray) -> None:
    stack = np.stack([image] * 6)
    labels = np.zeros(stack.shape, np.uint8)
    labels[3, 10:14, 5:25], labels[2, 30:34, 35:55] = 1, 2
    session.features = FeatureSet.from_selection({"gaussian_smoothing": [1.6]}, 3)
    session.add_pair(ArrayImage(stack, pixel_size=(4, 1, 1)), labels)
    classifier = session.train().result(LONG)
    assert classifier.spacing_ == (4, 1, 1)
    rgb = np.stack([image] * 3, axis=-1)
    session.features = FEATURES
    session.remove_pair(session.pairs[0])
    session.add_pair(ArrayImage(rgb, channel_axis=-1), labels[3] + labels[2])
    assert session.train().result(LONG).n_channels_ == 3
    session.target = ArrayImage(image, name="grey")
    assert "3 channels; grey has 1" in str(session.plan.prediction_problem)


def test_work_runs_outside_the_thread_of_the_session(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    threads: set[threading.Thread] = set()

    class Spy:
        """An array that is read block by block, and notes by whom."""

        shape, dtype = image.shape, image.dtype

        def __getitem__(self, key):
            threads.add(threading.current_thread())
            return image[key]

    session.add_pair(Spy(), labels)
    session.train().result(LONG)
    assert threads
    assert threading.current_thread() not in threads


def test_settings_say_what_they_take(session: Session) -> None:
    with pytest.raises(TypeError, match="must be a FeatureSet"):
        session.features = "all"


def test_warm_up_happens_in_the_background(session: Session) -> None:
    session.warm_up()
    for thread in threading.enumerate():
        if thread.name == "pixclass-warm-up":
            assert thread.daemon, "a process that ends must not wait for a compiler"
            thread.join(LONG)
    assert session.job is None


def test_warm_up_is_tried_once_and_never_fails(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def fail(ndim: int) -> None:
        tried.append(ndim)
        raise OSError("no space for compiled code")

    # By its module: `napari_pixclass.session` is a function as well.
    monkeypatch.setattr(sys.modules[Session.__module__], "warm_up", fail)
    session.warm_up()
    session.warm_up()
    session.features = FeatureSet.fast(3)
    session.warm_up()
    for thread in threading.enumerate():
        if thread.name == "pixclass-warm-up":
            thread.join(LONG)
    assert sorted(tried) == [2, 3]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.parametrize(
    ("bad_image", "bad_labels", "words"),
    [
        ("a", None, "an array of numbers or an image layer; got str"),
        (None, "b", "an array of whole numbers or a labels layer; got str"),
        (np.array(["x"]), None, "got ndarray of <U1"),
        (None, np.zeros((50, 60)), "got ndarray of float64"),
    ],
)
def test_a_pair_that_is_none_changes_nothing(
    session: Session, image: np.ndarray, labels: np.ndarray, bad_image, bad_labels, words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        session.add_pair(
            image if bad_image is None else bad_image, labels if bad_labels is None else bad_labels
        )
    assert session.pairs == ()
    with pytest.raises(TypeError, match="got str"):
        session.target = "rgb"
    assert session.target is None
    with pytest.raises(TypeError, match="PixelClassifier or None"):
        session.classifier = "x"
    with pytest.raises(TypeError, match="ClassInfo"):
        session.classes = ["a", "b"]
    session.add_pair(image, labels)
    assert session.plan.training_problem is None


def test_segmented_objects_do_not_flood_the_classes(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    objects = np.arange(image.size, dtype=np.uint16).reshape(image.shape)
    pair = session.add_pair(image, objects)
    assert [info.value for info in session.classes] == [1, 2]
    assert "2,997 values that are no classes" in str(session.plan.training_problem)
    session.remove_pair(pair)
    few = session.add_pair(image, labels * 7)
    session.change_class(7, name="nucleus")
    assert [info.value for info in session.classes] == [1, 2, 7, 14]
    session.remove_pair(few)
    assert [info.value for info in session.classes] == [1, 2, 7], "a class that was named stays"
