"""What must not reach the session any more, and what must not keep anything alive."""

from __future__ import annotations

import gc
import sys
import weakref
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from psygnal.testing import assert_emitted_once, assert_not_emitted
from sklearn.exceptions import NotFittedError

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.session import ArrayImage, Session

from .conftest import FEATURES, LONG


def test_loading_ends_training_and_its_prediction(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    loaded = PixelClassifier(FEATURES, n_estimators=3).fit(image, labels)
    training, prediction = session.train(), session.predict()
    session.classifier = loaded
    for job in (training, prediction):
        with pytest.raises(CancelledError):
            job.result(LONG)
    assert session.classifier is loaded


def test_every_job_ends_when_the_session_is_closed(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    training, prediction = session.train(), session.predict()
    training.result(LONG)  # the prediction has just been given to the worker
    session.close()
    with pytest.raises(CancelledError):
        prediction.result(LONG)


def test_a_prediction_does_without_a_training_that_failed(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image.copy(), labels)
    session.train().result(LONG)
    session.pairs[0].image.data[0, 0] = np.nan
    session.target = image
    training, prediction = session.train(), session.predict()
    with assert_not_emitted(session.predicted), assert_emitted_once(session.failed):
        with pytest.raises(ValueError, match="NaN"):
            training.result(LONG)
        with pytest.raises(CancelledError):
            prediction.result(LONG)
    assert session.predict().result(LONG).classifier is session.classifier


def test_a_prediction_does_without_a_training_that_was_cancelled(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.train().result(LONG)
    training, prediction = session.train(), session.predict()
    training.cancel()
    with assert_not_emitted(session.predicted), pytest.raises(CancelledError):
        prediction.result(LONG)


def test_each_image_has_one_prediction(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    first, second = ArrayImage(image), ArrayImage(image.copy())
    session.train()
    session.target = first
    earlier = session.predict()
    session.target = second
    other = session.predict()
    session.target = ArrayImage(image)  # the same array is the same image
    later = session.predict()
    later.result(LONG)
    assert earlier.cancelled
    assert not other.cancelled


class Movable(ArrayImage):
    """An image whose data may be replaced, as those of a layer may."""

    def replace_data(self, data: np.ndarray) -> None:
        object.__setattr__(self, "data", data)


def test_data_replaced_meanwhile_get_no_prediction(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.train().result(LONG)
    session.target = moving = Movable(image)
    job = session.predict()
    moving.replace_data(image * 0)
    messages: list[str] = []
    session.failed.connect(messages.append)
    with assert_not_emitted(session.predicted):
        segmentation = job.result(LONG).segmentation
    np.testing.assert_array_equal(segmentation, session.classifier.predict(image))
    assert "was changed meanwhile" in messages[0]


def test_nothing_is_kept_of_an_image_that_is_gone(session: Session, labels: np.ndarray) -> None:
    data = np.random.default_rng(0).normal(size=labels.shape).astype(np.float32)
    alive = weakref.ref(data)
    pair = session.add_pair(data, labels)
    jobs = [session.train(), session.predict()]
    for job in jobs:
        job.result(LONG)
    session.remove_pair(pair)
    training = jobs[0]  # a handle of the training may be kept
    del data, pair, job, jobs
    gc.collect()
    assert alive() is None
    assert training.done


def test_another_classifier_leaves_the_old_one_as_it_was(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    old = session.train().result(LONG)
    new = PixelClassifier(FEATURES, n_estimators=3).fit(image, labels)
    new.class_table_ = tuple(replace(info, name="other") for info in new.class_table_)
    session.classifier = new
    assert [info.name for info in old.class_table_] == ["Class 1", "Class 2"]
    assert [info.name for info in session.classes] == ["other", "other"]


def test_a_classifier_that_is_not_trained_changes_nothing(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    old = session.train().result(LONG)
    with assert_not_emitted(session.features_changed), pytest.raises(NotFittedError):
        session.classifier = PixelClassifier()
    assert session.classifier is old


def test_a_failing_slot_is_not_the_result(
    session: Session, image: np.ndarray, labels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> None:
        raise RuntimeError("a mistake in a slot")

    said: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: said.append(error))
    session.add_pair(image, labels)
    session.classifier_changed.connect(fail)
    assert session.train().result(LONG) is session.classifier
    assert "a mistake in a slot" in str(said[0])


def test_the_same_arrays_are_one_pair(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    pair = session.add_pair(image, labels)
    assert session.add_pair(image, labels) is pair
    assert session.add_pair(image.copy(), labels) is not pair


def test_channels_must_be_on_one_axis(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(np.stack([image] * 3, axis=-1), labels, channel_axis=-1)
    session.add_pair(np.stack([image] * 3, axis=-1), labels.copy(), channel_axis=2)
    assert session.plan.training_problem is None
    session.add_pair(np.stack([image] * 3), labels.copy(), channel_axis=0)
    assert "channels on the same axis" in str(session.plan.training_problem)
