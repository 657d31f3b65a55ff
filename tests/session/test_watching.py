"""Images of which always that is predicted which somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator

import dask.array as da
import numpy as np
import pytest

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.session import LiveArray, LiveSession, Prediction

from .conftest import FEATURES, LONG


@pytest.fixture
def session() -> Iterator[LiveSession]:
    session = LiveSession()
    session.features = FEATURES
    session.n_estimators = 10
    yield session
    session.close()


def finish(session: LiveSession) -> None:
    while session.job is not None:
        session.job.result(LONG)


def first_class(session: LiveSession) -> np.ndarray:
    result = session.live_result
    assert result is not None
    array = LiveArray("probabilities", np.float32, result.image.data.shape)
    array.show(result.store, 0)
    return np.asarray(array)


def test_an_image_that_is_not_in_memory_is_watched(
    session: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    lazy = da.from_array(image, chunks=(17, 60))
    session.add_pair(lazy, labels)
    session.train().result(LONG)
    shown = []
    session.live_result_changed.connect(lambda result: shown.append(session.job is not None))
    job = session.predict()
    assert shown == [True]  # layers can be made at once
    job.result(LONG)
    assert session.is_following
    script = PixelClassifier(FEATURES, n_estimators=10)
    expected = script.fit(image, labels).predict_proba(image)
    np.testing.assert_array_equal(first_class(session), expected[..., 0])

    labels[20:24, 20:50] = 2
    session.labels_changed()  # without live update nobody trains
    finish(session)
    np.testing.assert_array_equal(first_class(session), expected[..., 0])
    session.train().result(LONG)
    finish(session)
    expected = script.fit(image, labels).predict_proba(image)
    np.testing.assert_array_equal(first_class(session), expected[..., 0])


def test_it_ends_with_a_prediction_of_all(
    session: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.train().result(LONG)
    session.target = da.from_array(image)
    following = []
    session.following_changed.connect(following.append)
    session.predict().result(LONG)
    session.target = None
    assert isinstance(session.predict().result(LONG), Prediction)
    assert not session.is_following
    assert following == [True]
    session.target = da.from_array(image)
    finish(session)
    assert not session.is_following


def test_a_prediction_after_a_training_under_way(
    session: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(da.from_array(image), labels)
    session.train()
    session.predict().result(LONG)
    finish(session)
    expected = PixelClassifier(FEATURES, n_estimators=10).fit(image, labels).predict_proba(image)
    np.testing.assert_array_equal(first_class(session), expected[..., 0])
