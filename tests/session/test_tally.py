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

from napari_pixclass.session import ArrayImage, Mailbox, Pair, Session, count_labels
from napari_pixclass.session._tally import LabelTallies, tally_labels

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


@given(small_labels, st.data())
def test_the_stamp_sees_every_pixel(labels: np.ndarray, data: st.DataObject) -> None:
    before = tally_labels(labels)
    where = data.draw(st.tuples(*(st.integers(0, length - 1) for length in labels.shape)))
    other = labels.copy()
    other[where] = 6
    assert tally_labels(labels.copy()) == before
    assert tally_labels(other).stamp != before.stamp


def test_more_pixels_than_are_counted_at_a_time() -> None:
    labels = np.zeros((3, 1024, 1024), np.uint8)
    labels[:, 7, :5] = 2
    assert count_labels(labels) == {2: 15}


class LazyLabels:
    """Labels that are not in memory."""

    name = "lazy"

    def __init__(self, labels: np.ndarray) -> None:
        self.data = da.from_array(labels)
        self.shape = labels.shape


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


def test_counted_once_more_if_painted_meanwhile(image: np.ndarray, labels: np.ndarray) -> None:
    mailbox, seen = Mailbox(), []
    tallies = LabelTallies(mailbox, True, lambda: seen.append(tallies.counts))
    pair = Pair(ArrayImage(image), LazyLabels(labels))
    tallies.renew(pair)
    for _ in range(3):
        tallies.count(pair)
    mailbox.deliver_next(LONG)
    assert tallies.counting  # the second and the third time together
    mailbox.deliver_next(LONG)
    assert not tallies.counting
    assert seen == [{1: 80, 2: 80}]
    tallies.count(pair)
    tallies.forget(pair)
    mailbox.deliver_next(LONG)
    assert tallies.counts == {}
    tallies.close()
