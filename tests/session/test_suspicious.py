"""A session lists suspicious strokes; what is done about them shows at once, and is never forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.session import DoubtfulStroke, LiveSession

from .conftest import FEATURES, LONG


@pytest.fixture
def labels() -> np.ndarray:
    """Seven strokes on each half, one of each wrong."""
    labels = np.zeros((50, 60), np.uint8)
    labels[2:44:6, 5:20] = 1
    labels[2:44:6, 40:55] = 2
    labels[14, 5:20] = 2
    labels[26, 40:55] = 1
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
def found(session: LiveSession) -> LiveSession:
    session.find_suspicious_labels().result(LONG)
    return session


def at(session: LiveSession, row: int) -> DoubtfulStroke:
    (one,) = (one for one in session.suspicious if one.stroke.position[0] == row)
    return one


def rows(session: LiveSession) -> set[int]:
    return {one.stroke.position[0] for one in session.suspicious}


def test_what_is_listed_is_what_a_script_finds(
    session: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    told: list[object] = []
    session.suspicion_found.connect(told.append)
    assert session.suspicious == ()
    result = session.find_suspicious_labels().result(LONG)
    alone = px.suspicious_labels(px.PixelClassifier(FEATURES, n_estimators=10), image, labels)
    assert result.to_dict() == alone.to_dict()
    assert told == [result]
    assert [one.stroke for one in session.suspicious] == list(result.strokes)
    assert rows(session) == {14, 26}
    assert session.suspicion_is_current
    assert session.classifier is None  # nothing has been trained
    destination = at(session, 14).destination
    assert destination.position == (14, 12)
    assert destination.region == (slice(14, 15), slice(5, 20))
    assert destination.reason == "Class 2 that looks like Class 1"


def test_removing_and_relabelling(found: LiveSession) -> None:
    data = found.pairs[0].labels.data
    assert found.remove_stroke(at(found, 14)) == 15
    assert not data[14].any() or set(data[14, :30]) == {0}
    assert rows(found) == {26}
    assert not found.suspicion_is_current
    assert found.relabel_stroke(at(found, 26)) == 15
    assert set(data[26, 40:55]) == {2}
    assert found.suspicious == ()
    found.find_suspicious_labels().result(LONG)
    assert found.suspicious == ()
    assert found.suspicion_is_current


def test_undo_lists_it_again(found: LiveSession) -> None:
    found.remove_stroke(at(found, 14))
    found.pairs[0].labels.data[14, 5:20] = 2
    found.labels_changed()
    assert rows(found) == {14, 26}
    assert found.suspicion_is_current


@pytest.mark.parametrize("change", ["repainted", "erased in part"])
def test_a_stroke_that_is_painted_over_is_not_listed(found: LiveSession, change: str) -> None:
    data = found.pairs[0].labels.data
    data[14, 5 : 20 if change == "repainted" else 8] = 1 if change == "repainted" else 0
    found.labels_changed()
    assert rows(found) == {26}


def test_what_is_kept_stays_so_unless_it_is_painted_anew(found: LiveSession) -> None:
    found.keep_stroke(at(found, 14))
    assert rows(found) == {26}
    assert found.n_kept == 1
    assert found.suspicion_is_current
    found.find_suspicious_labels().result(LONG)
    assert rows(found) == {26}
    found.clear_suspicious()
    found.find_suspicious_labels().result(LONG)
    assert rows(found) == {26}
    found.pairs[0].labels.data[14, 20:22] = 2
    found.labels_changed()
    found.find_suspicious_labels().result(LONG)
    assert rows(found) == {14, 26}
    assert found.n_kept == 0


def test_listing_again_what_was_kept(found: LiveSession) -> None:
    found.keep_stroke(at(found, 14))
    found.keep_stroke(at(found, 26))
    assert found.suspicious == ()
    found.list_kept()
    assert rows(found) == {14, 26}
    assert found.n_kept == 0


def test_only_of_images_that_are_there(
    found: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    noise = np.random.default_rng(1).normal(size=image.shape) * 8
    found.add_pair((image + noise).astype(np.float32), labels.copy())
    found.find_suspicious_labels().result(LONG)
    first, second = found.pairs
    assert {one.pair for one in found.suspicious} == {first, second}
    found.remove_pair(second)
    assert {one.pair for one in found.suspicious} == {first}
    assert not found.suspicion_is_current


def test_labels_painted_meanwhile(session: LiveSession) -> None:
    """The result is of the labels as they were, and says so; what is gone is not listed."""
    job = session.find_suspicious_labels()
    session.pairs[0].labels.data[14, 5:20] = 0
    session.labels_changed()
    assert len(job.result(LONG).strokes) == 2
    assert rows(session) == {26}
    assert not session.suspicion_is_current


def test_clearing_and_cancelling(found: LiveSession) -> None:
    told: list[None] = []
    found.suspicious_changed.connect(lambda: told.append(None))
    job = found.find_suspicious_labels()
    found.clear_suspicious()
    assert job.cancelled
    assert found.suspicious == ()
    assert found.suspicion is None
    assert told == [None]


def test_what_is_in_the_way(session: LiveSession) -> None:
    session.pairs[0].labels.data[:] = 0
    session.labels_changed()
    with pytest.raises(ValueError, match="Paint a few strokes of each class"):
        session.find_suspicious_labels()
