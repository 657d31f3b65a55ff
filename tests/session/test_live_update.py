"""Live update: what trains and predicts again, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from psygnal.testing import assert_not_emitted

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.session import ArrayImage, Prediction, Session

from .conftest import FEATURES, LONG


def finish(session: Session) -> None:
    """Wait until nothing runs."""
    while session.job is not None:
        session.job.result(LONG)


@pytest.fixture
def live(session: Session, image: np.ndarray, labels: np.ndarray) -> Session:
    """A session that has trained and predicted by itself."""
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    return session


def test_live_update_follows_the_labels(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    predictions = []
    session.predicted.connect(predictions.append)
    session.live_update = True
    assert session.job is not None
    session.job.result(LONG)
    session.job.result(LONG)
    labels[20:24, 20:50] = 2
    session.labels_changed()
    assert session.job is not None
    session.job.result(LONG)
    session.job.result(LONG)
    expected = PixelClassifier(FEATURES, n_estimators=10).fit(image, labels).predict_proba(image)
    np.testing.assert_array_equal(predictions[-1].probabilities, expected)
    session.labels_changed()  # nothing has changed
    assert session.job is None


def test_labels_that_moved_are_others(live: Session, labels: np.ndarray) -> None:
    labels[:] = np.roll(labels, 5, axis=0)  # as many pixels of each class as before
    before = live.classifier
    live.labels_changed()
    finish(live)
    assert live.classifier is not before


def test_a_training_by_hand_takes_the_prediction_along(live: Session, labels: np.ndarray) -> None:
    predictions: list[Prediction] = []
    live.predicted.connect(predictions.append)
    labels[20:24, 20:50] = 2
    live.train()
    live.labels_changed()  # heard of only now
    finish(live)
    assert [prediction.classifier for prediction in predictions] == [live.classifier]


def test_pairs_and_target_count_too(live: Session, image: np.ndarray, labels: np.ndarray) -> None:
    before = live.classifier
    pair = live.add_pair(image[:40].copy(), labels[:40].copy())
    finish(live)
    with_pair = live.classifier
    assert with_pair is not before
    live.remove_pair(pair)
    finish(live)
    without = live.classifier
    assert without is not with_pair
    predictions: list[Prediction] = []
    live.predicted.connect(predictions.append)
    live.target = other = ArrayImage(image.copy())
    finish(live)
    assert [prediction.image for prediction in predictions] == [other]
    assert live.classifier is without


def test_other_data_train_again(live: Session) -> None:
    before = live.classifier
    live.image_changed(live.pairs[0].image)
    finish(live)
    assert live.classifier is not before


def test_a_loaded_classifier_stays_until_something_changes(
    live: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    loaded = PixelClassifier(FEATURES, n_estimators=3).fit(image, labels)
    live.classifier = loaded
    live.labels_changed()
    finish(live)
    assert live.classifier is loaded
    labels[20:24, 20:50] = 2
    live.labels_changed()
    finish(live)
    assert live.classifier is not loaded


def test_nothing_starts_once_it_is_closed(live: Session, labels: np.ndarray) -> None:
    live.close()
    labels[20:24, 20:50] = 2
    with assert_not_emitted(live.job_changed):
        live.labels_changed()
