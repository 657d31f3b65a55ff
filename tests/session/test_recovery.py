"""Scribbles are offered again: after a crash or a normal end, once, and not while somebody else has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_pixclass.core import LabelledPixels
from napari_pixclass.session import ArrayImage, Autosave, Pair, Recovery, Session


@dataclass
class Project:
    """A session with what keeps its scribbles safe."""

    session: Session
    autosave: Autosave
    recovery: Recovery

    def settle(self) -> None:
        self.session.labels_changed()
        self.autosave.worker.join()
        self.session.deliver()

    def paint(self, image: np.ndarray, row: int) -> Pair:
        labels = np.zeros(image.shape, np.uint8)
        pair = self.session.add_pair(image, labels, name="cells")
        labels[row] = 1
        self.settle()
        return pair

    def search(self, *images: ArrayImage) -> list[int]:
        """Rows that the scribbles which are offered are painted on."""
        present = [self.session.labelled(pair) for pair in self.session.pairs]
        self.recovery.search(images, [labelled for labelled in present if labelled is not None])
        self.settle()
        return self.rows

    @property
    def rows(self) -> list[int]:
        loaded: list[LabelledPixels] = []
        for offer in self.recovery.offers:
            self.recovery.load(offer, loaded.append, pytest.fail)
        self.settle()
        return [int(labelled.coordinates()[0][0]) for labelled in loaded]

    def end(self) -> None:
        self.autosave.close()
        self.autosave.worker._executor.shutdown(wait=True)
        self.session.close()


@pytest.fixture
def new_project() -> Iterator[Callable[[], Project]]:
    projects = []

    def make() -> Project:
        session = Session()
        autosave = Autosave(session, session._mailbox)
        projects.append(Project(session, autosave, Recovery(autosave)))
        return projects[-1]

    yield make
    for project in projects:
        project.end()


Projects = Callable[[], Project]


def test_scribbles_of_a_session_that_has_ended(new_project: Projects, image: np.ndarray) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    again = ArrayImage(image.copy(), name="moved")
    assert second.search(again) == []  # the other session is open
    first.end()
    assert second.search(ArrayImage(image + 1)) == []
    assert second.search(again) == [7]
    (offer,) = second.recovery.offers
    assert offer.image is again
    assert offer.info.image_name == "cells"


def test_a_lazy_image_is_known_again(new_project: Projects, image: np.ndarray) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    assert second.search(ArrayImage(da.from_array(image, chunks=20))) == [7]


def test_several_images_as_channels_are_known_by_the_first(
    new_project: Projects, image: np.ndarray
) -> None:
    first, second = new_project(), new_project()
    labels = np.zeros(image.shape, np.uint8)
    first.session.add_pair([image, image + 1], labels)
    labels[7] = 1
    first.settle()
    first.end()
    assert second.search(ArrayImage(image + 1), ArrayImage(image)) == [7]
    assert second.recovery.offers[0].image.data is image


def test_what_is_accepted_belongs_to_the_pair(
    new_project: Projects, image: np.ndarray, state_folder: Path
) -> None:
    first, second, third = new_project(), new_project(), new_project()
    first.paint(image, 7)
    first.end()
    second.search(ArrayImage(image))
    labels = np.zeros(image.shape, np.uint8)
    pair = second.session.add_pair(image, labels)
    labels[7] = 1
    (offer,) = second.recovery.offers
    second.recovery.accept(offer, pair)
    assert second.recovery.offers == ()
    second.settle()
    assert second.search(ArrayImage(image)) == []
    assert third.search(ArrayImage(image)) == []
    labels[7], labels[9] = 0, 1
    second.settle()
    assert len(list(state_folder.rglob("*.scribbles"))) == 1
    second.end()
    assert third.search(ArrayImage(image)) == [9]


def test_what_is_accepted_and_erased_is_gone(
    new_project: Projects, image: np.ndarray, state_folder: Path
) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    second.search(ArrayImage(image))
    labels = np.zeros(image.shape, np.uint8)
    pair = second.session.add_pair(image, labels)
    labels[7] = 1
    second.recovery.accept(second.recovery.offers[0], pair)
    second.settle()
    labels[7] = 0
    second.settle()
    assert list(state_folder.rglob("*.scribbles")) == []


def test_what_is_discarded_is_gone(
    new_project: Projects, image: np.ndarray, state_folder: Path
) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    second.search(ArrayImage(image))
    changes: list[int] = []
    second.recovery.offers_changed.connect(lambda: changes.append(1))
    second.recovery.search([ArrayImage(image)], [])  # under way, and comes too late
    second.recovery.discard(second.recovery.offers[0])
    second.settle()
    assert second.recovery.offers == ()
    assert changes == [1]
    assert list(state_folder.rglob("*.scribbles")) == []


def test_labels_that_were_taken_away_are_offered_in_the_same_session(
    new_project: Projects, image: np.ndarray
) -> None:
    project = new_project()
    pair = project.paint(image, 7)
    assert project.search(ArrayImage(image)) == []
    project.session.remove_pair(pair)
    assert project.search(ArrayImage(image)) == []  # their layer is still there
    project.autosave.release([])
    assert project.search(ArrayImage(image)) == [7]


def test_what_is_there_anyway_is_not_offered(new_project: Projects, image: np.ndarray) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    labels = np.zeros(image.shape, np.uint16)
    labels[7] = 1  # the user has saved them, too
    second.session.add_pair(image, labels)
    assert second.search(ArrayImage(image)) == []
    labels[8] = 1
    second.settle()
    assert second.search(ArrayImage(image)) == [7]


def test_several_offers_and_the_same_image_twice(new_project: Projects, image: np.ndarray) -> None:
    first, second, third = new_project(), new_project(), new_project()
    first.paint(image, 7)
    second.paint(image, 8)
    second.paint(image + 1, 9)
    first.end()
    second.end()
    rows = third.search(ArrayImage(image), ArrayImage(image.copy()), ArrayImage(image + 1))
    assert rows in ([8, 7, 9], [7, 8, 9])
    kept = third.recovery.offers
    third.search(*(offer.image for offer in kept))
    assert all(a is b for a, b in zip(kept, third.recovery.offers, strict=True))


def test_an_image_that_cannot_be_read_does_not_hide_the_others(
    new_project: Projects, image: np.ndarray
) -> None:
    def fail(block: np.ndarray) -> np.ndarray:
        raise RuntimeError("disk pulled out")

    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    broken = da.zeros((5, 5)).map_blocks(fail, dtype=float, meta=np.empty((0, 0)))
    assert second.search(ArrayImage(broken), ArrayImage(image)) == [7]


def test_a_file_that_vanishes_is_said(
    new_project: Projects, image: np.ndarray, state_folder: Path
) -> None:
    first, second = new_project(), new_project()
    first.paint(image, 7)
    first.end()
    second.search(ArrayImage(image))
    for path in state_folder.rglob("*.scribbles"):
        path.write_bytes(b"PK")
    errors: list[Exception] = []
    second.recovery.load(second.recovery.offers[0], pytest.fail, errors.append)
    second.settle()
    assert "cannot be read as scribbles" in str(errors[0])
