"""A session walks to places: each once, those of the classifier at hand, and never to images that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels
from napari_pixclass.session import ArrayImage, Destination, LiveSession
from napari_pixclass.session._place_walk import count_inside

from .conftest import FEATURES, LONG


@pytest.fixture
def image() -> np.ndarray:
    """Dark, medium and bright thirds with noise."""
    rng = np.random.default_rng(0)
    thirds = np.arange(120) // 40 * 60.0
    return (thirds + rng.normal(size=(100, 120)) * 8).astype(np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros((100, 120), np.uint8)
    labels[10:14, 5:25] = 1
    labels[30:34, 95:115] = 2
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
def trained(session: LiveSession) -> LiveSession:
    session.train().result(LONG)
    return session


def go(session: LiveSession) -> Destination:
    return session.next_place().result(LONG)


def paint(session: LiveSession, place: Destination, value: int = 1) -> None:
    row, column = place.position[-2:]
    place.pair.labels.data[(*place.position[:-2], row, slice(column - 3, column + 4))] = value
    session.labels_changed()


def test_places_are_those_of_a_script_in_their_order(
    trained: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    told: list[Destination | None] = []
    trained.place_changed.connect(told.append)
    expected = px.suggest_places(trained.classifier, image, labels)
    found = [go(trained) for _ in expected]
    assert [place.place for place in found] == expected
    assert told == found
    assert trained.place is found[-1]
    assert found[0].reason == expected[0].reason


def test_no_place_comes_twice(trained: LiveSession) -> None:
    """Nor one near it, also when a list is used up or there is another classifier."""
    places = [go(trained).position for _ in range(15)]
    paint(trained, trained.place)
    trained.train().result(LONG)
    places += [go(trained).position for _ in range(5)]
    positions = np.array(places)
    for number, one in enumerate(positions):
        assert (np.hypot(*(positions[:number] - one).T) >= 12).all()


def test_where_all_has_been_shown_one_is_told_and_may_begin_again(trained: LiveSession) -> None:
    failures: list[str] = []
    trained.failed.connect(failures.append)
    shown = 0
    while not failures and shown < 200:
        with suppress(ValueError):
            go(trained)
            shown += 1
    assert 10 < shown < 200
    assert "there is none any more" in failures[0]
    trained.train().result(LONG)
    go(trained)


def test_after_a_training_the_list_is_a_new_one(trained: LiveSession) -> None:
    first = go(trained)
    paint(trained, first, 2)
    trained.train().result(LONG)
    second = go(trained)
    expected = px.suggest_places(
        trained.classifier,
        trained.pairs[0].image.data,
        trained.pairs[0].labels.data,
        avoid=[first.place],
    )
    assert second.place == expected[0]


def test_it_waits_for_the_training_that_is_under_way(session: LiveSession) -> None:
    training = session.train()
    assert session.place_problem is None
    place = go(session)
    assert training.done
    assert place.generation == 1


def test_with_live_update_it_knows_the_last_stroke(trained: LiveSession) -> None:
    trained.live_update = True
    first = go(trained)
    before = trained.classifier
    paint(trained, first, 2)
    second = go(trained)
    assert trained.classifier is not before
    assert second.generation > first.generation


def test_painting_is_noticed_and_undone(trained: LiveSession) -> None:
    painted: list[Destination] = []
    trained.place_painted.connect(painted.append)
    place = go(trained)
    assert not trained.is_place_painted
    trained.pairs[0].labels.data[0, 0] = 1  # elsewhere
    trained.labels_changed()
    assert painted == []
    paint(trained, place)
    assert painted == [place]
    assert trained.is_place_painted
    paint(trained, place, 0)
    assert not trained.is_place_painted


def test_back_and_forward(trained: LiveSession) -> None:
    assert not trained.has_previous_place
    assert trained.previous_place() is None
    first, second, third = (go(trained) for _ in range(3))
    assert trained.previous_place() is second
    assert trained.previous_place() is first
    assert not trained.has_previous_place
    assert go(trained) is second
    assert go(trained) is third
    assert go(trained) not in (first, second, third)


def test_what_has_been_painted_is_left_out_on_the_way_forward(trained: LiveSession) -> None:
    first, second, third = (go(trained) for _ in range(3))
    paint(trained, second)
    trained.previous_place()
    trained.previous_place()
    assert trained.place is first
    assert go(trained) is third


def test_images_without_labels_and_those_that_go(trained: LiveSession, image: np.ndarray) -> None:
    trained.add_pair(image[::-1].copy(), np.zeros(image.shape, np.uint8))
    other = trained.pairs[1]
    places = [go(trained) for _ in range(10)]
    assert {place.pair for place in places} == set(trained.pairs)
    while trained.place.pair is not other:
        go(trained)
    told: list[Destination | None] = []
    trained.place_changed.connect(told.append)
    trained.remove_pair(other)
    assert told == [None]
    assert trained.place is None
    for _ in range(3):
        assert go(trained).pair is trained.pairs[0]
    while trained.previous_place():
        assert trained.place.pair is trained.pairs[0]


def test_an_image_that_goes_meanwhile(trained: LiveSession) -> None:
    failures: list[str] = []
    trained.failed.connect(failures.append)
    job = trained.next_place()
    trained.remove_pair(trained.pairs[0])
    job.result(LONG)
    assert trained.place is None
    assert failures == ["The images were changed meanwhile. Ask for the next place again."]


def test_what_is_in_the_way(session: LiveSession) -> None:
    assert session.place_problem == "Train first, or load a classifier."
    with pytest.raises(ValueError, match="Train first"):
        session.next_place()
    session.remove_pair(session.pairs[0])
    assert session.place_problem == "Choose an image and labels to paint on."


def test_volumes_and_pixel_sizes() -> None:
    rng = np.random.default_rng(0)
    volume = rng.normal(size=(10, 48, 60)).astype(np.float32)
    volume[..., 30:] += 20
    labels = np.zeros(volume.shape, np.uint8)
    labels[2, 10:13, 5:20], labels[7, 10:13, 40:55] = 1, 2
    session = LiveSession()
    try:
        session.features = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3)
        session.n_estimators = 10
        session.add_pair(ArrayImage(volume, pixel_size=(3.0, 1.0, 1.0)), labels)
        session.train().result(LONG)
        places = [go(session) for _ in range(4)]
        assert len({place.position for place in places}) == 4
        assert all(labels[place.position] == 0 for place in places)
    finally:
        session.close()


def test_cancelled_and_closed(trained: LiveSession) -> None:
    job = trained.next_place()
    trained.cancel()
    assert job.cancelled
    assert trained.place is None
    go(trained)
    trained.next_place()
    trained.close()


@given(
    rows=st.tuples(st.integers(0, 8), st.integers(1, 3)),
    columns=st.tuples(st.integers(0, 8), st.integers(1, 3)),
    seed=st.integers(0, 99),
)
def test_count_inside(rows: tuple[int, int], columns: tuple[int, int], seed: int) -> None:
    labels = (np.random.default_rng(seed).random((3, 11, 11)) < 0.3).astype(np.uint8)
    region = (slice(1, 2), slice(rows[0], sum(rows)), slice(columns[0], sum(columns)))
    assert count_inside(LabelledPixels.of(labels), region) == labels[region].sum()
    assert count_inside(LabelledPixels.of(labels[:, :5]), region) in (
        0,
        labels[:, :5][region].sum(),
    )
