"""Files that bring images, labels, classes and a classifier."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, LabelledPixels, Step, Steps
from napari_pixclass.io import LabelGeometry, has_own_labels, write_labels, write_tiff
from napari_pixclass.session import ArrayImage, Arrivals, LiveSession, Session

from .conftest import LONG


class StoredImage(ArrayImage):
    """An array that came from a file."""

    path: str


def stored(image: np.ndarray, path: Path, **options: Any) -> StoredImage:
    write_tiff(path, image, "YX")
    source = StoredImage(image, name=path.stem, **options)
    object.__setattr__(source, "path", str(path))
    return source


def open_in_new_session(path: Path, events: list[Any] | None = None) -> tuple[Session, Arrivals]:
    session = Session()
    arrivals = Arrivals(session, session._start)
    if events is not None:
        arrivals.arrived.connect(events.append)
    arrivals.open(path).result(LONG)
    return session, arrivals


@pytest.fixture
def saved(session: Session, image: np.ndarray, labels: np.ndarray, tmp_path: Path) -> Path:
    """A classifier of two images, with its labels beside it."""
    session.add_pair(stored(image, tmp_path / "a.tif", pixel_size=(0.5, 0.25)), labels)
    session.add_pair(
        stored(image[::-1].copy(), tmp_path / "b.tif", pixel_size=(0.5, 0.25)), labels[::-1].copy()
    )
    session.classes = [ClassInfo(2, "bright", "#ff0000"), ClassInfo(1, "dark", "#00ff00")]
    session.random_state = 7
    session.train().result(LONG)
    session.save_classifier(tmp_path / "cells.pixclass", with_labels=True)
    return tmp_path / "cells.pixclass"


def test_a_training_is_continued_where_it_was(
    saved: Path, session: Session, image: np.ndarray
) -> None:
    before = session.classifier
    assert before is not None
    other, arrivals = open_in_new_session(saved)
    try:
        assert arrivals.missing == ()
        assert [pair.image.name for pair in other.pairs] == ["a", "b"]
        assert other.classes == session.classes
        assert other.features == session.features
        again = other.train().result(LONG)
        assert np.array_equal(again.predict_proba(image), before.predict_proba(image))
    finally:
        other.close()


def test_missing_images_are_waited_for(saved: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in "ab":
        (tmp_path / f"{name}.tif").rename(moved / f"{name}.tif")
    events: list[Any] = []
    session, arrivals = open_in_new_session(saved, events)
    try:
        assert (events[0].n_images, len(events[0].missing)) == (0, 2)
        assert session.pairs == ()
        write_tiff(tmp_path / "wrong.tif", np.zeros((5, 5), np.uint8), "YX")
        with pytest.raises(ValueError, match="must have their shape"):
            arrivals.supply(arrivals.missing[0], tmp_path / "wrong.tif").result(LONG)
        arrivals.supply(arrivals.missing[0], moved / "a.tif").result(LONG)
        while arrivals.missing:  # the other one lies beside it
            session._mailbox.deliver_next(LONG)
        assert [pair.image.name for pair in session.pairs] == ["a", "b"]
        assert session.plan.training_problem is None
    finally:
        session.close()


def test_an_open_image_can_be_the_one_that_is_waited_for(
    tmp_path: Path, image: np.ndarray, labels: np.ndarray
) -> None:
    path = tmp_path / "some.scribbles"
    write_labels(path, LabelledPixels.of(labels), (), LabelGeometry(image_name="cells"))
    session, arrivals = open_in_new_session(path)
    try:
        (missing,) = arrivals.missing
        assert "nobody has said where it is" in missing.problem
        with pytest.raises(ValueError, match="must have the shape of their image"):
            arrivals.use(missing, ArrayImage(image[:-1]))
        arrivals.use(missing, ArrayImage(image))
        assert session.counts == {1: 80, 2: 80}
        arrivals.open(path).result(LONG)
        arrivals.leave_out(arrivals.missing[0])
        assert arrivals.missing == ()
    finally:
        session.close()


def test_files_of_other_kinds_are_refused(session: Session, tmp_path: Path) -> None:
    arrivals = Arrivals(session, session._start)
    with pytest.raises(ValueError, match="files to open must end in"):
        arrivals.open(tmp_path / "a.tif")
    with pytest.raises(FileNotFoundError, match="continued with the labels beside its model"):
        arrivals.open(tmp_path / "a.pixclass").result(LONG)


def test_an_ilastik_project_comes_with_all_it_has(shared_data: Path) -> None:
    folder = shared_data / "ilp_variants/dimensionstest"
    session, arrivals = open_in_new_session(folder / "x15_y10_z2_c4_classes2.ilp")
    try:
        n_images = len(session.pairs) + len(arrivals.missing)
        assert n_images == 1
        assert [info.name for info in session.classes] == ["Label 1", "Label 2"]
        if session.pairs:
            assert session.counts == {1: 5, 2: 4}
    finally:
        session.close()


def test_seed_and_trees_are_those_of_the_classifier(saved: Path, session: Session) -> None:
    other = Session()
    try:
        other.classifier = px.load(saved)
        assert (other.n_estimators, other.random_state) == (10, 7)
    finally:
        other.close()


def test_labels_of_another_training_are_not_taken(saved: Path, session: Session) -> None:
    session.classes = [ClassInfo(2, "renamed", "#ff0000"), ClassInfo(1, "dark", "#00ff00")]
    session.save_classifier(saved)  # the same forest: they are still its labels
    assert has_own_labels(saved)
    session.random_state = 8
    session.train().result(LONG)
    session.save_classifier(saved)
    assert not has_own_labels(saved)
    with pytest.raises(ValueError, match="those of another training"):
        Arrivals(session, session._start).open(saved).result(LONG)


def test_files_are_read_while_something_is_computed(saved: Path) -> None:
    session, gate = LiveSession(), Event()

    def computing() -> Steps[bool]:
        yield Step(0, 1, "computing")
        return gate.wait(LONG)

    job = session._start(computing, lambda _: None, "computing")
    try:
        Arrivals(session, session.start_exchange).open(saved).result(LONG)
        assert len(session.pairs) == 2
        assert not job.done
    finally:
        gate.set()
        session.close()
