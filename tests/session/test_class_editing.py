"""Deleting, merging, ordering and hiding classes."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import numpy as np
import pytest
from psygnal.testing import assert_emitted_once, assert_not_emitted

from napari_pixclass.core import ClassInfo, LabelledPixels
from napari_pixclass.session import ArrayLabels, Session

from .conftest import FEATURES, LONG


def values(session: Session) -> list[int]:
    return [info.value for info in session.classes]


@pytest.fixture
def painted(session: Session, image: np.ndarray, labels: np.ndarray) -> Session:
    """A session with classes 1 and 2, and 12 with nothing in between."""
    labels[45] = 12
    session.add_pair(image, labels)
    session.change_class(2, name="Bright", color="#123456")
    return session


def test_deleting_erases_everywhere_and_leaves_a_gap(
    painted: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    more = np.full(image.shape, 2, np.int32)
    painted.add_pair(image.copy(), more)
    removed = []
    painted.class_removed.connect(lambda *args: removed.append(args))
    assert painted.delete_class(2) == 80 + more.size
    assert values(painted) == [1, 12]
    assert painted.counts == {1: 80, 12: 60}
    assert removed == [(2, 12)]
    assert set(np.unique(labels)) == {0, 1, 12}
    assert not more.any()


def test_the_last_class_stays(painted: Session, labels: np.ndarray) -> None:
    painted.delete_class(1)
    painted.delete_class(12)
    with pytest.raises(
        ValueError, match="at least one class must remain; 'Bright' is the last one"
    ):
        painted.delete_class(2)
    assert painted.counts == {2: 80}


def test_merging_relabels_everywhere(painted: Session, labels: np.ndarray) -> None:
    removed = []
    painted.class_removed.connect(lambda *args: removed.append(args))
    assert painted.merge_classes(12, into=2) == 60
    assert values(painted) == [1, 2]
    assert painted.classes[1] == ClassInfo(2, "Bright", "#123456")
    assert painted.counts == {1: 80, 2: 140}
    assert removed == [(12, 2)]
    assert (labels[45] == 2).all()


@pytest.mark.parametrize(
    ("value", "into", "message"),
    [
        (2, 2, "a class cannot be merged into itself; got 'Bright' twice"),
        (3, 1, r"the class must be one of \[1, 2, 12\]; got 3"),
        (1, 3, r"the class must be one of \[1, 2, 12\]; got 3"),
    ],
)
def test_what_cannot_be_merged_is_said(
    painted: Session, value: int, into: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        painted.merge_classes(value, into)
    assert painted.counts == {1: 80, 2: 80, 12: 60}


def test_all_labels_are_changed_or_none(
    painted: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    more = labels.copy()
    more.flags.writeable = False
    painted.add_pair(image.copy(), ArrayLabels(more, "more"))
    before = labels.copy()
    for edit in (lambda: painted.delete_class(2), lambda: painted.merge_classes(2, 1)):
        with pytest.raises(ValueError, match="the labels 'more' are read-only"):
            edit()
    np.testing.assert_array_equal(labels, before)
    assert values(painted) == [1, 2, 12]


def test_read_only_labels_without_the_class_are_in_nobodys_way(
    painted: Session, image: np.ndarray
) -> None:
    more = np.ones(image.shape, np.uint8)
    more.flags.writeable = False
    painted.add_pair(image.copy(), more)
    assert painted.delete_class(2) == 80


def test_values_that_labels_cannot_hold_are_refused(painted: Session, labels: np.ndarray) -> None:
    painted.classes = [*painted.classes, ClassInfo(300, "Large", "#000000")]
    with pytest.raises(ValueError, match="hold values up to 255; got 300"):
        painted.merge_classes(2, 300)
    painted.classes = [*painted.classes, ClassInfo(13, "Unpainted", "#000000")]
    assert painted.merge_classes(13, 300) == 0


def test_the_same_labels_in_two_pairs(painted: Session, image: np.ndarray) -> None:
    painted.add_pair(image.copy(), painted.pairs[0].labels)
    assert painted.delete_class(2) == 80
    assert painted.counts == {1: 160, 12: 120}


def test_labels_that_come_back_bring_their_class_back(painted: Session, labels: np.ndarray) -> None:
    before = labels.copy()
    painted.delete_class(2)
    after = labels.copy()
    labels[:] = before  # undo
    painted.labels_changed()
    assert painted.classes[1] == ClassInfo(2, "Bright", "#123456")
    with assert_emitted_once(painted.class_removed):
        labels[:] = after  # redo
        painted.labels_changed()
    assert values(painted) == [1, 12]


def test_a_class_that_is_painted_again_stays(painted: Session, labels: np.ndarray) -> None:
    painted.delete_class(2)
    labels[20:24] = 2
    painted.labels_changed()
    assert [info.name for info in painted.classes] == ["Class 1", "Bright", "Class 12"]
    labels[20:24] = 0
    painted.labels_changed()
    assert values(painted) == [1, 2, 12]


def test_a_class_that_came_back_and_was_renamed_stays(painted: Session, labels: np.ndarray) -> None:
    before = labels.copy()
    painted.delete_class(2)
    labels[:] = before
    painted.labels_changed()
    painted.change_class(2, name="Again")
    labels[labels == 2] = 0
    painted.labels_changed()
    assert values(painted) == [1, 2, 12]


def test_new_classes_do_not_take_the_value_of_labels_that_may_come_back(painted: Session) -> None:
    painted.delete_class(12)
    assert painted.add_class().value == 13
    painted.delete_class(13)  # nothing was painted
    assert painted.add_class().value == 13


def test_the_order_is_the_users(painted: Session, labels: np.ndarray) -> None:
    painted.move_class(12, 0)
    assert values(painted) == [12, 1, 2]
    painted.change_class(1, name="First")
    assert painted.add_class().value == 13
    painted.move_class(12, 3)
    assert values(painted) == [1, 2, 13, 12]
    labels[44] = 7
    painted.labels_changed()
    assert values(painted) == [1, 2, 13, 12, 7]
    with assert_not_emitted(painted.classes_changed):
        painted.move_class(7, 4)
    for position in (-1, 5):
        with pytest.raises(ValueError, match=f"0 to 4; got {position}"):
            painted.move_class(7, position)


def test_values_that_are_found_are_sorted_in_where_nothing_was_moved(
    painted: Session, labels: np.ndarray
) -> None:
    labels[44] = 7
    painted.labels_changed()
    assert values(painted) == [1, 2, 7, 12]


def test_the_classifier_follows_names_and_keeps_its_own_order(painted: Session) -> None:
    classifier = painted.train().result(LONG)
    painted.move_class(12, 0)
    painted.change_class(12, name="Line")
    assert [info.name for info in classifier.class_table_] == ["Class 1", "Bright", "Line"]
    painted.merge_classes(2, 12)
    painted.change_class(12, name="Both")
    assert classifier.classes_.tolist() == [1, 2, 12]  # as it was trained
    assert [info.name for info in classifier.class_table_] == ["Class 1", "Bright", "Both"]
    again = painted.train().result(LONG)
    assert [info.value for info in again.class_table_] == again.classes_.tolist() == [1, 12]
    assert again.class_table_[1].name == "Both"


def test_a_class_may_go_while_it_is_trained_on(painted: Session) -> None:
    job = painted.train()
    painted.delete_class(12)
    classifier = job.result(LONG)
    assert painted.classifier is classifier
    assert classifier.classes_.tolist() == [1, 2, 12]
    assert values(painted) == [1, 2]
    assert painted.train().result(LONG).classes_.tolist() == [1, 2]


def test_hidden_classes(painted: Session) -> None:
    with assert_emitted_once(painted.hidden_classes_changed):
        painted.hidden_classes = {2, 12}
    with assert_not_emitted(painted.hidden_classes_changed):
        painted.hidden_classes = [12, 2]
    painted.delete_class(12)
    assert painted.hidden_classes == {2}
    with pytest.raises(ValueError, match=r"one of \[1, 2\]; got 12"):
        painted.hidden_classes = {12}


@pytest.fixture
def woken() -> queue.SimpleQueue[None]:
    return queue.SimpleQueue()


@pytest.fixture
def background(woken: queue.SimpleQueue[None]) -> Iterator[Session]:
    """A session with an event loop, that looks at large labels in the background."""
    session = Session(lambda: woken.put(None))
    session.features = FEATURES
    yield session
    session.close()


def test_large_labels_show_neither_class_nor_pixels_while_they_are_looked_through(
    background: Session, woken: queue.SimpleQueue[None]
) -> None:
    labels = np.zeros((2, 1500, 1500), np.uint8)
    labels[0, 0], labels[1, 1, :7] = 1, 3
    small = np.full((2, 10, 10), 3, np.uint8)
    pair = background.add_pair(np.zeros(labels.shape, np.uint8), labels)
    background.add_pair(np.zeros(small.shape, np.uint8), small)
    while background.labelled(pair) is None:
        woken.get(timeout=LONG)
        background.deliver()
    assert values(background) == [1, 2, 3]
    background.delete_class(3)
    assert values(background) == [1, 2]
    assert background.counts == {1: 1500}
    assert background.labelled(pair) == LabelledPixels.of(labels)
    assert background.plan.training_problem is None


def test_a_look_that_began_before_brings_no_class_back(
    background: Session, woken: queue.SimpleQueue[None]
) -> None:
    labels = np.zeros((2, 1500, 1500), np.uint8)
    labels[0, 0], labels[1, 1, :7] = 1, 3
    pair = background.add_pair(np.zeros(labels.shape, np.uint8), labels)
    while background.labelled(pair) is None:
        woken.get(timeout=LONG)
        background.deliver()
    labels[1, 2, :3] = 1
    background.labels_changed()
    woken.get(timeout=LONG)  # it has been looked at, but not been told yet
    background.delete_class(3)
    background.deliver()
    while background._seen.looking:
        woken.get(timeout=LONG)
        background.deliver()
    assert values(background) == [1, 2]
    assert background.counts == {1: 1503}
