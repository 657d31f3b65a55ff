"""What is painted is in a file a moment later, and only that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import dask.array as da
import numpy as np
import pytest

from napari_pixclass.core import ClassInfo, LabelledPixels
from napari_pixclass.io import load_scribbles
from napari_pixclass.session import ArrayImage, ArrayLabels, Autosave, Session


@pytest.fixture
def folder(state_folder: Path) -> Path:
    return state_folder / "scribbles"


@pytest.fixture
def autosave(session: Session) -> Iterator[Autosave]:
    autosave = Autosave(session, session._mailbox)
    yield autosave
    autosave.close()


@pytest.fixture
def settle(session: Session, autosave: Autosave) -> Callable[[], None]:
    """Have the session look at its labels, and everything written that is to be."""

    def wait() -> None:
        session.labels_changed()
        autosave.worker.join()
        session.deliver()

    return wait


Settle = Callable[[], None]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.scribbles")) if folder.is_dir() else []


def only(folder: Path) -> np.ndarray:
    (path,) = files(folder)
    return load_scribbles(path)[0].to_array()


def test_what_is_painted_is_written(
    session: Session, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels, name="cells")
    settle()
    assert not folder.exists()
    for row in (5, 15, 25):
        labels[row] = row // 10 + 1
        settle()
        np.testing.assert_array_equal(only(folder), labels)
    (path,) = files(folder)
    assert load_scribbles(path)[1].image_name == "cells"


def test_labels_that_came_with_the_image_make_no_file(
    session: Session, settle: Settle, folder: Path, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    settle()
    session.classes = [ClassInfo(1, "one", "#123456"), ClassInfo(2, "two", "#654321")]
    settle()
    assert not folder.exists()
    found = labels.copy()
    labels[0, :5] = 1
    settle()
    np.testing.assert_array_equal(only(folder), labels)
    labels[:] = found  # undone
    settle()
    assert files(folder) == []


def test_emptied_labels_take_their_file_along(
    session: Session, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels)
    labels[3] = 2
    settle()
    assert len(files(folder)) == 1
    labels[:] = 0
    settle()
    assert files(folder) == []
    labels[4] = 1
    settle()
    np.testing.assert_array_equal(only(folder), labels)


def test_class_names_follow(
    session: Session, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels)
    labels[3] = 2
    settle()
    session.change_class(2, name="nuclei", color="#123456")
    settle()
    (path,) = files(folder)
    assert load_scribbles(path)[1].classes == session.classes


def test_two_pairs_and_two_sessions_have_files_of_their_own(
    session: Session, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    several = [np.zeros(image.shape, np.uint8) for _ in range(3)]
    session.add_pair(image, several[0])
    session.add_pair(image + 1, several[1])
    other = Session()
    other_autosave = Autosave(other, other._mailbox)
    other.add_pair(image, several[2])
    for row, labels in enumerate(several):
        labels[row] = 1
    settle()
    other.labels_changed()
    other_autosave.close()
    other_autosave.worker._executor.shutdown(wait=True)
    rows = sorted(int(load_scribbles(path)[0].coordinates()[0][0]) for path in files(folder))
    assert rows == [0, 1, 2]
    other.close()


def test_the_newest_state_wins(
    session: Session, autosave: Autosave, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels)
    busy = Event()
    autosave.worker.run(busy.wait)
    for row in range(10):
        labels[row] = 1
        session.labels_changed()
    assert files(folder) == []
    busy.set()
    autosave.worker.join()
    np.testing.assert_array_equal(only(folder), labels)
    assert len(list(folder.glob("*-0.scribbles"))) == 1


def test_the_last_stroke_before_the_end_is_written(
    session: Session, autosave: Autosave, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels)
    settle()
    labels[7] = 1  # nobody has looked yet
    autosave.close()
    autosave.worker._executor.shutdown(wait=True)
    np.testing.assert_array_equal(only(folder), labels)
    assert list(folder.glob("*.lock")) == []


def test_labels_that_are_gone_are_let_go_of(
    session: Session, autosave: Autosave, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    pair = session.add_pair(image, labels)
    labels[7] = 1
    settle()
    session.remove_pair(pair)
    autosave.release([pair.labels])
    assert [painting.pair for painting in autosave.paintings] == [None]
    labels[8] = 1
    autosave.release([])
    autosave.worker.join()
    assert autosave.paintings == ()
    np.testing.assert_array_equal(only(folder), labels)


def test_an_image_that_changes_takes_its_scribbles_along(
    session: Session, autosave: Autosave, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    pair = session.add_pair(image, labels)
    labels[7] = 1
    settle()
    (before,) = files(folder)
    session.remove_pair(pair)
    session.add_pair(image + 1, ArrayLabels(labels))
    settle()
    (after,) = files(folder)
    assert before.name[:32] != after.name[:32]
    np.testing.assert_array_equal(only(folder), labels)


def test_a_lazy_image(session: Session, settle: Settle, folder: Path, image: np.ndarray) -> None:
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(ArrayImage(da.from_array(image)), labels)
    labels[7] = 1
    settle()
    np.testing.assert_array_equal(only(folder), labels)


def test_what_fails_is_said_once_until_it_works_again(
    session: Session, settle: Settle, folder: Path, image: np.ndarray
) -> None:
    said: list[str] = []
    session.failed.connect(said.append)
    folder.parent.mkdir()
    folder.write_text("in the way")
    labels = np.zeros(image.shape, np.uint8)
    session.add_pair(image, labels)
    for row in range(3):
        labels[row] = 1
        settle()
    (message,) = said
    assert message.startswith(f"scribbles are kept safe from a crash in '{folder}'")
    assert "save the labels layers yourself" in message
    folder.unlink()
    labels[4] = 1
    settle()
    np.testing.assert_array_equal(only(folder), labels)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("again")
    labels[5] = 1
    settle()
    assert len(said) == 2


def test_a_broken_image_is_no_obstacle_to_painting(
    session: Session, settle: Settle, folder: Path
) -> None:
    def fail(block: np.ndarray) -> np.ndarray:
        raise RuntimeError("disk pulled out")

    said: list[str] = []
    session.failed.connect(said.append)
    image = da.zeros((50, 60), dtype=np.uint8).map_blocks(fail, dtype=np.uint8)
    labels = np.zeros((50, 60), np.uint8)
    session.add_pair(image, labels)
    labels[7] = 1
    settle()
    (message,) = said
    assert message == "scribbles cannot be kept safe from a crash: disk pulled out"
    assert LabelledPixels.of(labels).counts == session.counts
