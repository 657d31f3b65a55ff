"""Damaged and hostile project files: a clear error, soon, and nothing read that is not in the file."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.io.ilp import Lane, write_project

from napari_pixclass.io import IlastikProject, read_ilastik

LABELS = np.eye(20, 24, dtype=np.uint8)
STAGE = "PixelClassification"
BLOCK = f"{STAGE}/LabelSets/labels000/block0000"
FOREST = f"{STAGE}/ClassifierForests/Forest0000"
INFO = "Input Data/infos/lane0000/Raw Data"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(
        tmp_path / "p.ilp", [Lane(labels=LABELS)], stumps=[(0, 1.0, (1, 0), (0, 1))] * 4
    )


def replaced(file: h5py.File, name: str, value: object) -> None:
    del file[name]
    file[name] = value


def block_of(file: h5py.File, where: str, **options: object) -> None:
    del file[BLOCK]
    file.create_dataset(BLOCK, **options)
    file[BLOCK].attrs["blockSlice"] = where


def huge_block(file: h5py.File) -> None:
    block_of(
        file,
        "[0:2000000,0:2000000,0:1]",
        shape=(2000000, 2000000, 1),
        dtype=np.uint8,
        chunks=(1000, 1000, 1),
        compression="gzip",
    )


def virtual_block(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 4, 1), np.uint8)
    layout[...] = h5py.VirtualSource("elsewhere.h5", "data", (4, 4, 1))
    del file[BLOCK]
    file.create_virtual_dataset(BLOCK, layout)
    file[BLOCK].attrs["blockSlice"] = "[0:4,0:4,0:1]"


def linked(name: str, link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return change


def external_block(file: h5py.File) -> None:
    block_of(
        file,
        "[0:4,0:4,0:1]",
        shape=(4, 4, 1),
        dtype=np.uint8,
        external=[(__file__, 0, 16)],
    )


CHANGES: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "no version": (lambda f: f.pop("ilastikVersion"), "does not say which version"),
    "a version that is a picture": (
        lambda f: replaced(f, "ilastikVersion", np.zeros((3, 3), dtype=np.uint8)),
        "does not say which version",
    ),
    "no pixel classification": (lambda f: f.pop(STAGE), "holds no pixel classification"),
    "a number for all that": (lambda f: replaced(f, STAGE, 7), "holds no pixel classification"),
    "labels in another file": (
        linked(BLOCK, h5py.ExternalLink("/etc/hostname.h5", "/data")),
        "link to somewhere else",
    ),
    "labels linked softly": (linked(BLOCK, h5py.SoftLink("/ilastikVersion")), "link to somewhere"),
    "labels in a raw file": (external_block, "keeps it in other files"),
    "virtual labels": (virtual_block, "keeps it in other files"),
    "labels larger than the file": (huge_block, "claims to hold"),
    "labels that are elsewhere": (
        lambda f: f[BLOCK].attrs.__setitem__("blockSlice", "[0:9,0:9,0:1]"),
        "says that it lies at",
    ),
    "labels nowhere": (lambda f: f[BLOCK].attrs.pop("blockSlice"), "says that it lies at"),
    "labels beyond every image": (
        lambda f: f[BLOCK].attrs.__setitem__("blockSlice", "[99999999980:100000000000,0:20,0:1]"),
        "says that it lies at",
    ),
    "fractions for labels": (
        lambda f: block_of(f, "[0:4,0:4,0:1]", data=np.ones((4, 4, 1))),
        "does not hold labels",
    ),
    "negative labels": (
        lambda f: block_of(f, "[0:4,0:4,0:1]", data=np.full((4, 4, 1), -1)),
        "labels are negative",
    ),
    "labels beyond counting": (
        lambda f: block_of(f, "[0:4,0:4,0:1]", data=np.full((4, 4, 1), 2**40)),
        "larger than 65535",
    ),
    "a table of another size": (
        lambda f: replaced(f, "FeatureSelections/SelectionMatrix", np.ones((2, 2), dtype=bool)),
        "other rows and columns",
    ),
    "features named twice": (
        lambda f: (
            replaced(f, "FeatureSelections/FeatureIds", np.array([b"GaussianSmoothing"] * 6))
            or replaced(f, "FeatureSelections/SelectionMatrix", np.ones((6, 7), dtype=bool))
        ),
        "names the same ones twice",
    ),
    "a name as long as a book": (
        lambda f: replaced(f, f"{INFO}/nickname", b"x" * 2_000_000),
        "has more than",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_damage_is_named(what: str, project: Path) -> None:
    change, rule = CHANGES[what]
    with h5py.File(project, "r+") as file:
        change(file)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rule) as error:
            read_ilastik(project)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"'{project}' cannot be read as an ilastik project: ")
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


def test_groups_without_end(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_pixclass.io._ilastik_hdf5.MAX_CHILDREN", 100)
    with h5py.File(project, "r+") as file:
        group = file[BLOCK.rpartition("/")[0]]
        for number in range(101):
            group[f"block{number + 1:04d}"] = file[BLOCK]
    with pytest.raises(ValueError, match="more than 100 entries"):
        read_ilastik(project)


FOREST_CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "no classes": lambda f: f.pop(f"{FOREST}/_ext_param/labels"),
    "half a feature": lambda f: replaced(f, f"{FOREST}/_ext_param/column_count_", np.array([1.5])),
    "no number of features": lambda f: replaced(
        f, f"{FOREST}/_ext_param/column_count_", np.array([np.nan])
    ),
    "other features": lambda f: replaced(f, f"{FOREST}/_ext_param/column_count_", np.array([9.0])),
    "half a tree": lambda f: f.pop(f"{FOREST}/Tree_0/parameters"),
    "a tree of fractions": lambda f: replaced(f, f"{FOREST}/Tree_1/topology", np.ones(9)),
    "class 0": lambda f: replaced(
        f, f"{FOREST}/_ext_param/labels", np.array([0, 1], dtype=np.uint32)
    ),
}


@pytest.mark.parametrize("what", FOREST_CHANGES)
def test_a_damaged_classifier_leaves_the_rest_usable(what: str, project: Path) -> None:
    with h5py.File(project, "r+") as file:
        FOREST_CHANGES[what](file)
    found = read_ilastik(project)
    assert found.forest is None
    assert found.n_labels == 20
    assert found.notes[0].startswith("The trained classifier is left out: ")


def test_files_that_are_no_projects(tmp_path: Path, project: Path) -> None:
    whole = project.read_bytes()
    for name, content in (
        ("empty", b""),
        ("text", b"not an HDF5 file" * 100),
        ("cut", whole[: len(whole) // 2]),
        ("header", whole[:60]),
    ):
        path = tmp_path / f"{name}.ilp"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="cannot be read as an ilastik project"):
            read_ilastik(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_ilastik(tmp_path / "nowhere.ilp")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_ilastik(tmp_path)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("exploded"),))


def test_nothing_is_unpickled(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = pickle.dumps(Bomb(), 0)
    with h5py.File(project, "r+") as file:
        file[f"{STAGE}/ClassifierFactory"] = bomb
        file[f"{STAGE}/Bookmarks/0000"] = np.void(bomb)
        replaced(file, f"{STAGE}/ClassifierForests/pickled_type", bomb)
    found = read_ilastik(project)
    assert found.forest is None
    assert not (tmp_path / "exploded").exists()


def test_nonsense_beside_the_labels_is_ignored(project: Path) -> None:
    with h5py.File(project, "r+") as file:
        replaced(file, f"{INFO}/axistags", b"[" * 100_000)
        replaced(file, f"{INFO}/shape", np.array([-5, 2**62]))
        replaced(file, f"{STAGE}/LabelColors", np.full((2, 3), 2**40))
        replaced(file, f"{STAGE}/LabelNames", np.array([1.5, np.nan]))
        file["Input Data/infos/lane0001/Raw Data/filePath"] = np.arange(9)
        file["Input Data/infos/nothing"] = 3
    found: IlastikProject = read_ilastik(project)
    assert found.n_labels == 20
    assert [info.name for info in found.classes] == ["Class 1", "Class 2"]
    with pytest.raises((ValueError, FileNotFoundError)):
        found.lanes[0].open()
