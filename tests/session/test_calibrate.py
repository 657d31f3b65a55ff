"""A session whose probabilities are calibrated: those of all classifiers, on screen and elsewhere, at every moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.session import LiveSession

from .conftest import FEATURES, LONG
from .test_live_update import finish, probabilities


@pytest.fixture
def image() -> np.ndarray:
    """Two halves that are hard to tell."""
    rng = np.random.default_rng(0)
    return (np.where(np.arange(60) < 30, 0, 1) + rng.normal(size=(50, 60))).astype(np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((50, 60), np.uint8)
    labels[4:48:8, 5:20] = 1
    labels[4:48:8, 40:55] = 2
    return labels


@pytest.fixture
def session(image: np.ndarray, labels: np.ndarray) -> Iterator[LiveSession]:
    session = LiveSession()
    session.features = FEATURES
    session.n_estimators = 10
    session.add_pair(image, labels)
    yield session
    session.close()


@pytest.fixture
def raw(image: np.ndarray, labels: np.ndarray) -> px.PixelClassifier:
    return px.PixelClassifier(FEATURES, n_estimators=10).fit(image, labels)


def test_what_is_trained_is_calibrated(
    session: LiveSession, image: np.ndarray, raw: px.PixelClassifier
) -> None:
    told = []
    session.calibrate_changed.connect(told.append)
    session.calibrate = True
    assert (session.calibrate, session.sharpness) == (True, 1)  # nothing is known as yet
    sharpness = session.cross_validate().result(LONG).sharpness
    assert sharpness != 1
    assert session.train().result(LONG).sharpness_ == sharpness
    found = session.predict().result(LONG)
    expected = raw.calibrated(sharpness)
    np.testing.assert_array_equal(found.probabilities, expected.predict_proba(image))
    np.testing.assert_array_equal(found.uncertainty, expected.uncertainty(image))
    np.testing.assert_array_equal(found.segmentation, raw.predict(image))
    session.calibrate = False
    np.testing.assert_array_equal(session.classifier.predict_proba(image), raw.predict_proba(image))
    assert told == [True, False]


def test_the_classifier_at_hand_follows_without_a_training(session: LiveSession) -> None:
    first = session.train().result(LONG)
    changes = []
    session.classifier_changed.connect(changes.append)
    session.calibrate = True
    assert changes == []  # it says already what it is to say
    sharpness = session.cross_validate().result(LONG).sharpness
    assert session.classifier.sharpness_ == sharpness
    assert session.classifier.state.forest is first.state.forest
    assert session.plan.advice is None  # nothing has to be trained again
    session.calibrate = False
    assert session.classifier.sharpness_ == 1
    assert len(changes) == 2


def test_what_is_on_screen_follows(
    session: LiveSession, image: np.ndarray, raw: px.PixelClassifier
) -> None:
    session.live_update = True
    finish(session)
    np.testing.assert_array_equal(probabilities(session), raw.predict_proba(image))
    forest = session.classifier.state.forest
    sharpness = session.cross_validate().result(LONG).sharpness
    session.calibrate = True
    finish(session)
    expected = raw.calibrated(sharpness).predict_proba(image)
    np.testing.assert_array_equal(probabilities(session), expected)
    assert session.classifier.state.forest is forest
    session.pairs[0].labels.data[48, 5:20] = 1
    session.labels_changed()
    finish(session)
    assert session.classifier.sharpness_ == sharpness
    np.testing.assert_array_equal(probabilities(session), session.classifier.predict_proba(image))


def test_a_training_and_a_run_under_way(
    session: LiveSession, image: np.ndarray, raw: px.PixelClassifier
) -> None:
    sharpness = session.cross_validate().result(LONG).sharpness
    predictions = []
    session.predicted.connect(predictions.append)
    session.train()
    run = session.predict()
    session.calibrate = True
    while session.job is not None:
        session.job.result(LONG)
    assert session.classifier.sharpness_ == sharpness
    (prediction,) = predictions
    assert prediction.classifier is session.classifier
    np.testing.assert_array_equal(
        prediction.probabilities, raw.calibrated(sharpness).predict_proba(image)
    )
    run = session.predict()
    session.calibrate = False  # it is asked for again
    with pytest.raises(CancelledError):
        run.result(LONG)
    while session.job is not None:
        session.job.result(LONG)
    np.testing.assert_array_equal(predictions[-1].probabilities, raw.predict_proba(image))


def test_saved_and_loaded(session: LiveSession, raw: px.PixelClassifier, tmp_path: Path) -> None:
    raw.calibrated(1.5).save(tmp_path / "calibrated.pixclass")
    raw.save(tmp_path / "raw.pixclass")
    session.load_classifier(tmp_path / "calibrated.pixclass")
    assert (session.calibrate, session.sharpness) == (True, 1.5)
    assert session.train().result(LONG).sharpness_ == 1.5  # in the same way
    session.save_classifier(tmp_path / "again.pixclass")
    assert px.load(tmp_path / "again.pixclass").sharpness_ == 1.5
    session.load_classifier(tmp_path / "raw.pixclass")
    assert (session.calibrate, session.sharpness) == (False, 1)
    session.classifier = None
    assert not session.calibrate
