"""Live update: what trains and predicts again, what does not, and that it says what a script would."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress

import numpy as np
import pytest
from psygnal.testing import assert_emitted, assert_not_emitted

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.session import ArrayImage, LiveArray, LiveResult, LiveSession

from .conftest import FEATURES, LONG


def finish(session: LiveSession) -> None:
    """Wait until nothing runs."""
    while session.job is not None:
        with suppress(CancelledError):
            session.job.result(LONG)


def probabilities(session: LiveSession) -> np.ndarray:
    """What has been found out about the whole image, classes last."""
    result = session.live_result
    assert result is not None
    arrays = []
    for index in range(len(result.classes)):
        array = LiveArray("probabilities", np.float32, result.image.data.shape)
        array.show(result.store, index)
        arrays.append(np.asarray(array))
    return np.stack(arrays, axis=-1)


@pytest.fixture
def session() -> Iterator[LiveSession]:
    session = LiveSession()
    session.features = FEATURES
    session.n_estimators = 10
    yield session
    session.close()


@pytest.fixture
def live(session: LiveSession, image: np.ndarray, labels: np.ndarray) -> LiveSession:
    """A session that has trained and predicted by itself."""
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    return session


def test_the_result_is_that_of_a_script(
    live: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    script = PixelClassifier(FEATURES, n_estimators=10)
    np.testing.assert_array_equal(
        probabilities(live), script.fit(image, labels).predict_proba(image)
    )
    before = live.live_result
    labels[20:24, 20:50] = 2
    live.labels_changed()
    assert live.job is not None
    finish(live)
    assert live.live_result is not before
    np.testing.assert_array_equal(
        probabilities(live), script.fit(image, labels).predict_proba(image)
    )
    classifier = live.classifier
    live.labels_changed()  # nothing has changed
    finish(live)
    assert live.classifier is classifier


def test_labels_that_moved_are_others(live: LiveSession, labels: np.ndarray) -> None:
    labels[:] = np.roll(labels, 5, axis=0)  # as many pixels of each class as before
    before = live.classifier
    live.labels_changed()
    finish(live)
    assert live.classifier is not before


def test_a_training_by_hand_takes_the_prediction_along(
    live: LiveSession, labels: np.ndarray
) -> None:
    labels[20:24, 20:50] = 2
    live.train()
    live.labels_changed()  # heard of only now
    finish(live)
    assert live.live_result is not None
    assert live.live_result.classifier is live.classifier


def test_pairs_and_target_count_too(
    live: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    before = live.classifier
    pair = live.add_pair(image[:40].copy(), labels[:40].copy())
    finish(live)
    with_pair = live.classifier
    assert with_pair is not before
    live.remove_pair(pair)
    finish(live)
    without = live.classifier
    assert without is not with_pair
    results: list[LiveResult] = []
    live.live_result_changed.connect(results.append)
    live.target = other = ArrayImage(image.copy())
    finish(live)
    assert [result.image.source for result in results] == [other]
    assert live.classifier is without


def test_other_data_train_again(live: LiveSession) -> None:
    before = live.classifier
    live.image_changed(live.pairs[0].image)
    finish(live)
    assert live.classifier is not before


def test_a_loaded_classifier_stays_until_something_changes(
    live: LiveSession, image: np.ndarray, labels: np.ndarray
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


def test_a_stroke_during_a_run_stops_it_and_says_so(live: LiveSession, labels: np.ndarray) -> None:
    with assert_not_emitted(live.prediction_overtaken):
        labels[20:24, 20:50] = 2
        live.labels_changed()
        finish(live)
    with assert_emitted(live.prediction_overtaken):
        run = live.predict()
        labels[20:24, 20:50] = 1
        live.labels_changed()
    assert run.cancelled
    finish(live)


def test_nothing_starts_once_it_is_closed(live: LiveSession, labels: np.ndarray) -> None:
    live.close()
    labels[20:24, 20:50] = 2
    with assert_not_emitted(live.job_changed):
        live.labels_changed()
