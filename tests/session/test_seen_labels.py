"""Counting labels, and seeing whether they are the same."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.session import ArrayImage, ArrayLabels, Mailbox, Pair, Session, count_labels
from napari_pixclass.session._seen_labels import SeenLabels

LONG = 30

small_labels = hnp.arrays(
    st.sampled_from([np.uint8, np.int32, np.uint16]),
    hnp.array_shapes(min_dims=2, max_dims=3, max_side=8),
    elements=st.integers(0, 5),
)


@given(small_labels)
def test_counts_are_those_of_numpy(labels: np.ndarray) -> None:
    values, numbers = np.unique(labels[labels > 0], return_counts=True)
    assert count_labels(labels) == dict(zip(values.tolist(), numbers.tolist(), strict=True))
    assert count_labels(labels.T) == count_labels(labels)


class LazyLabels(ArrayLabels):
    """Labels that are not in memory."""

    def __init__(self, labels: np.ndarray) -> None:
        super().__init__(da.from_array(labels), "lazy")


@pytest.fixture
def woken() -> queue.SimpleQueue[None]:
    return queue.SimpleQueue()


@pytest.fixture
def session(woken: queue.SimpleQueue[None]) -> Iterator[Session]:
    """A session with an event loop: whoever gets something from `woken` delivers."""
    session = Session(lambda: woken.put(None))
    yield session
    session.close()


def test_labels_not_in_memory_are_counted_in_the_background(
    session: Session, woken: queue.SimpleQueue[None], image: np.ndarray, labels: np.ndarray
) -> None:
    labels[0, 0] = 7
    session.add_pair(image, LazyLabels(labels))
    assert session.counts == {}
    assert session.plan.training_problem is None  # there may be some
    woken.get(timeout=LONG)
    session.deliver()
    assert session.counts == {1: 80, 2: 80, 7: 1}
    assert [info.value for info in session.classes] == [1, 2, 7]


def arrivals(mailbox: Mailbox, n: int) -> None:
    for _ in range(n):
        mailbox.deliver_next(LONG)


def test_looked_at_once_more_if_painted_meanwhile(image: np.ndarray, labels: np.ndarray) -> None:
    mailbox, seen = Mailbox(), []
    looks = SeenLabels(mailbox, True, lambda pair: seen.append((pair, looks.counts)))
    pair = Pair(ArrayImage(image), LazyLabels(labels))
    looks.renew(pair)
    for _ in range(3):
        looks.look(pair)
    arrivals(mailbox, 1)
    assert looks.looking  # the second and the third time together
    while looks.looking:
        arrivals(mailbox, 1)
    assert seen[0] == (pair, {1: 80, 2: 80})
    looks.look(pair)
    looks.forget(pair)
    arrivals(mailbox, 1)
    assert looks.counts == {}
    looks.close()


def test_strokes_are_counted_too(image: np.ndarray, labels: np.ndarray) -> None:
    labels[45, 50] = 2
    session = Session()
    session.add_pair(image, labels)
    assert session.stroke_counts == {1: 1, 2: 2}
    labels[20:24, 20:50] = 2
    session.labels_changed()
    assert session.stroke_counts == {1: 1, 2: 3}


def test_whoever_listens_hears_of_other_labels_only(image: np.ndarray, labels: np.ndarray) -> None:
    session, heard = Session(), []
    session.labelled_changed.connect(lambda pair, labelled: heard.append((pair, labelled.counts)))
    pair = session.add_pair(image, labels)
    session.labels_changed()
    labels[0, 0] = 2
    session.labels_changed()
    assert heard == [(pair, {1: 80, 2: 80}), (pair, {1: 80, 2: 81})]
