"""Live update where there is very much, very little, or something wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import FeatureSet
from napari_pixclass.session import ArrayImage, LiveArray, LiveSession, TileStore, View
from napari_pixclass.session import _looking_session as looking_session
from napari_pixclass.session._view import TILE_LENGTHS

from .conftest import FEATURES
from .test_live_update import finish, probabilities


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that are small enough for small images."""
    monkeypatch.setitem(TILE_LENGTHS, 2, 16)


class LookingSession(LiveSession):
    """A session of which one can say what is on screen."""

    looks_at: View | None = None

    def _current_view(self) -> View | None:
        return super()._current_view() if self.looks_at is None else self.looks_at


@pytest.fixture
def session() -> Iterator[LookingSession]:
    session = LookingSession()
    session.features = FEATURES
    session.n_estimators = 10
    yield session
    session.close()


def script(session: LiveSession, image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    classifier = PixelClassifier(session.features, n_estimators=session.n_estimators)
    return classifier.fit(image, labels).predict_proba(image)


@pytest.mark.parametrize("max_bytes", [1, 9000])
def test_more_on_screen_than_there_is_memory_for(
    session: LookingSession,
    image: np.ndarray,
    labels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    max_bytes: int,
) -> None:
    monkeypatch.setattr(looking_session, "TileStore", partial(TileStore, max_bytes=max_bytes))
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    assert session.live_result is not None
    store = session.live_result.store
    assert store.nbytes <= max_bytes or len(store.snapshot()) == 1
    known = probabilities(session)
    right = script(session, image, labels)
    is_known = ~np.isnan(known)
    np.testing.assert_array_equal(known[is_known], right[is_known])
    assert is_known.any()
    # What comes into view takes the place of what is no longer there.
    part = View((slice(0, 10), slice(0, 10)), image.shape, 0, frozenset({"probabilities"}))
    session.looks_at = part
    session.view_changed()
    finish(session)
    np.testing.assert_array_equal(probabilities(session)[:10, :10], right[:10, :10])


def test_the_feature_memory_is_bounded(
    session: LookingSession, image: np.ndarray, labels: np.ndarray
) -> None:
    session.feature_memory = 5000
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    assert 0 < session.feature_memory_used <= 5000
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))
    session.feature_memory = 0
    assert session.feature_memory_used == 0
    labels[20:24, 20:50] = 2
    session.labels_changed()
    finish(session)
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))
    session.feature_memory = 2**20
    session.live_update = False
    assert session.feature_memory_used == 0


def test_features_of_a_target_stay_in_memory(
    session: LookingSession, image: np.ndarray, labels: np.ndarray
) -> None:
    """Although it is not trained on."""
    session.add_pair(image, labels)
    session.target = image[:40].copy()
    session.live_update = True
    finish(session)
    cache = session._feature_cache
    before = dict(cache._entries)
    for row in (20, 25, 30):
        labels[row, 20:50] = 2
        session.labels_changed()
        finish(session)
    labels[35, 20:50] = 2
    session.train()
    finish(session)
    assert before
    assert all(cache._entries.get(key) is entry for key, entry in before.items())


def test_one_class_alone_shows_nothing(
    session: LookingSession, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    assert session.live_result is not None
    labels[labels == 2] = 0
    session.labels_changed()
    finish(session)
    assert session.live_result is None
    assert session.plan.advice == "Only one class is painted: paint a second one."


def test_many_classes(session: LookingSession, image: np.ndarray, labels: np.ndarray) -> None:
    labels[:] = 0
    for value in range(50):
        labels[value, 2:6] = value + 1
    for _ in range(2, 50):
        session.add_class()
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    assert session.live_result is not None
    assert len(session.live_result.classes) == 50
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))
    uncertainty = LiveArray("uncertainty", np.float32, image.shape)
    uncertainty.show(session.live_result.store)
    assert np.isfinite(uncertainty).all()


@pytest.mark.parametrize("shape", [(1, 2), (1, 40), (40, 1), (2, 2)], ids=str)
def test_tiny_images(session: LookingSession, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).random(shape, np.float32)
    labels = np.zeros(shape, np.uint8)
    labels.flat[0], labels.flat[-1] = 1, 2
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))


def failures(session: LiveSession) -> list[str]:
    messages: list[str] = []
    session.failed.connect(messages.append)
    return messages


def test_an_image_with_nan(session: LookingSession, image: np.ndarray, labels: np.ndarray) -> None:
    image[40, 50] = np.nan
    messages = failures(session)
    session.add_pair(image, labels)
    session.live_update = True
    with pytest.raises(ValueError, match="finite"):
        finish(session)
    assert session.job is None
    assert len(messages) == 1
    assert "finite" in messages[0]
    assert session.live_result is None
    image[40, 50] = 0
    session.labels_changed()
    finish(session)
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))


@pytest.mark.parametrize("shape", [(40, 50), (3, 50, 60), (200, 10)], ids=str)
def test_another_target_while_one_is_predicted(
    session: LookingSession, image: np.ndarray, labels: np.ndarray, shape: tuple[int, ...]
) -> None:
    """The one in work must not be asked for what is on screen of the other one."""
    messages = failures(session)
    other = ArrayImage(np.random.default_rng(1).random(shape, np.float32) * 100)
    session.add_pair(image, labels)
    session.live_update = True
    for target in (other, session.pairs[0].image, other, session.pairs[0].image):
        labels[20, 20:50] = 3 - labels[20, 20]
        session.labels_changed()
        session.target = target
        session.view_changed()
    finish(session)
    assert messages == []
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))


def test_a_classifier_that_does_not_fit_the_target(
    session: LookingSession, image: np.ndarray, labels: np.ndarray
) -> None:
    messages = failures(session)
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    session.target = ArrayImage(np.stack([image] * 3), channel_axis=0)
    session.view_changed()
    labels[20, 20:50] = 2
    session.labels_changed()
    finish(session)
    assert messages == []
    assert "channels" in str(session.plan.prediction_problem)


@pytest.mark.parametrize("ndim", [2, 3])
def test_data_changed_in_place_beside_a_tile(session: LookingSession, ndim: int) -> None:
    """Features at the edge of a tile depend on pixels of the tile beside it."""
    image = np.random.default_rng(0).random((4, 64, 64)[-ndim:], np.float32)
    labels = np.zeros(image.shape, np.uint8)
    labels[..., 8, :] = 1
    labels[..., 40, :] = 2
    session.features = FeatureSet.from_selection({"gaussian_smoothing": [3.5]}, ndim=ndim)
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    image[..., 32:48] += 5  # two of four tiles, along the last axis
    labels[..., 40, :5] = 1
    session.labels_changed()
    finish(session)
    np.testing.assert_array_equal(probabilities(session), script(session, image, labels))


def test_labels_seen_while_they_are_erased(
    session: LookingSession, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    session.live_update = True
    finish(session)
    shown: list[Any] = []
    session.live_result_changed.connect(shown.append)
    labels[:] = 0
    session.labels_changed()
    session.look_at_labels()  # somebody else looks as well
    finish(session)
    assert shown == [None]
