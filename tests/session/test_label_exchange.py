"""Labels from elsewhere, and into files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_pixclass.core import ClassInfo, LabelledPixels, SparseLabels, default_class
from napari_pixclass.io import write_labels
from napari_pixclass.session import ArrayLabels, Session

NUCLEI = ClassInfo(2, "nuclei", "#ff0080")


def test_a_small_label_image_goes_to_its_place(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    before = labels.copy()
    small = np.array([[5, 0, 9], [5, 5, 7]])
    done = session.import_labels(small, offset=(10, 4), mapping={5: 2, 9: 1})
    assert (done.n_new, done.n_replaced, done.n_ignored) == (2, 1, 1)
    assert done.counts == {1: 1, 2: 3}
    before[10:12, 4:7] = [[2, 1, 1], [2, 2, 1]]
    assert np.array_equal(labels, before)
    assert session.counts == {1: 79, 2: 83}


def test_modes(session: Session, image: np.ndarray, labels: np.ndarray) -> None:
    pair = session.add_pair(image, labels)
    new = np.full(labels.shape, 3, np.uint8)
    assert session.import_labels(new, pair, mode="fill").n_new == labels.size - 160
    assert session.counts == {1: 80, 2: 80, 3: labels.size - 160}
    new[5:] = 0
    assert session.import_labels(new, image, mode="replace").n_erased == 45 * 60
    assert session.counts == {3: 300}


def test_transposed_labels_are_imported_when_told_so(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, np.zeros_like(labels))
    with pytest.raises(ValueError, match=r"In the order \(1, 0\) of their axes they would fit"):
        session.import_labels(labels.T)
    assert session.counts == {}
    session.import_labels(labels.T, axes="xy")
    assert session.counts == {1: 80, 2: 80}


def test_one_plane_of_a_volume(session: Session) -> None:
    volume, plane = np.zeros((5, 8, 9), np.float32), np.eye(8, 9, dtype=int)
    pair = session.add_pair(volume, np.zeros(volume.shape, np.uint8))
    session.import_labels(plane, offset=(3, 0, 0))
    assert np.array_equal(np.asarray(pair.labels.data)[3], plane)
    assert session.counts == {1: 8}


def test_an_image_without_labels_gets_some(session: Session, image: np.ndarray) -> None:
    done = session.import_labels(np.full(image.shape, 300), image, mapping=None)
    assert done.pair in session.pairs
    assert np.dtype(done.pair.labels.data.dtype) == np.uint16
    assert session.counts == {300: image.size}


def test_labels_of_a_huge_volume_stay_sparse(session: Session) -> None:
    shape = (500, 4000, 4000)
    image = np.broadcast_to(np.float32(0), shape)
    source = SparseLabels(shape)
    source[499, 7, :20] = 1
    done = session.import_labels(source, image)
    assert isinstance(done.pair.labels.data, SparseLabels)
    session.import_labels(source, done.pair, mapping=2)
    assert session.counts == {2: 20}


def test_what_cannot_be_imported_changes_nothing(
    session: Session, image: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(image, labels)
    before = labels.copy()
    with pytest.raises(ValueError, match="hold values up to 255; got 300"):
        session.import_labels(np.full(image.shape, 300))
    session.add_pair(image.copy(), labels.copy())
    with pytest.raises(ValueError, match="the image must be named"):
        session.import_labels(labels)
    assert np.array_equal(labels, before)


def test_names_and_colours_come_with_a_file(
    session: Session, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "some.scribbles"
    write_labels(path, LabelledPixels.of(labels), [default_class(1), NUCLEI])
    session.import_labels(path, image)
    assert session.classes == (default_class(1), NUCLEI)
    session.change_class(2, name="mine")
    session.import_labels(path, mapping={1: 4, 2: 2})
    assert [(i.value, i.name) for i in session.classes] == [
        (1, "Class 1"),
        (2, "mine"),
        (4, "Class 1"),
    ]


@pytest.mark.parametrize("suffix", [".scribbles", ".png", ".zarr"])
def test_what_is_exported_can_be_imported(
    session: Session, image: np.ndarray, labels: np.ndarray, tmp_path: Path, suffix: str
) -> None:
    with pytest.raises(ValueError, match="the image must be named"):
        session.export_labels(tmp_path / f"some{suffix}")
    session.add_pair(image, labels)
    session.export_labels(tmp_path / f"some{suffix}")
    other = ArrayLabels(np.zeros_like(labels))
    pair = session.add_pair(image.copy(), other)
    session.import_labels(tmp_path / f"some{suffix}", pair)
    assert np.array_equal(other.data, labels)
