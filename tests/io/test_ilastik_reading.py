"""Reading ilastik projects of all versions, written here: labels, images, classes, features."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from tests.io.ilp import ROWS, SIGMAS, Lane, write_old_project, write_project

from napari_pixclass.io import read_ilastik

LABELS = np.zeros((20, 24), dtype=np.uint8)
LABELS[3:5, 4:9] = 1
LABELS[12, 20] = 2


@pytest.fixture
def image(tmp_path: Path) -> np.ndarray:
    """A grey image in the file image.tif beside the projects."""
    pixels = np.random.default_rng(0).integers(0, 255, (20, 24)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    return pixels


# Labels ---------------------------------------------------------------------------------------------------------------

VERSIONS = ("1.1.0", "1.2.0", "1.3.0", "1.3.3post2", "1.4.0b7", "1.4.0b17", "1.4.0")


@st.composite
def labelled_lanes(draw: st.DrawFn) -> tuple[Lane, str, int]:
    """A lane with axes in any order, labels anywhere, a version that saves them its way, a block size."""
    version = draw(st.sampled_from(VERSIONS))
    letters = ["y", "x", *draw(st.lists(st.sampled_from("tzc"), unique=True, max_size=3))]
    axes = "".join(draw(st.permutations(letters)))
    # Before 1.3.3 projects do not say the shape: an axis of one pixel cannot be told from one that is not saved.
    least = 1 if version >= "1.3.3" else 2
    lengths = {a: draw(st.integers(2 if a in "yx" else least, 6)) for a in axes}
    own = axes.replace("c", "")
    shape = tuple(lengths[a] for a in own)
    places = draw(st.lists(st.tuples(*(st.integers(0, n - 1) for n in shape)), max_size=12))
    labels = np.zeros(shape, dtype=np.uint8)
    for place in places:
        labels[place] = draw(st.integers(1, 3))
    known = tuple(lengths[a] for a in axes) if version >= "1.3.3" else None
    return Lane(axes=axes, shape=known, labels=labels), version, draw(st.integers(1, 6))


@given(labelled_lanes())
def test_labels_come_back_wherever_they_were(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Lane, str, int]
) -> None:
    lane, version, block = case
    assert lane.labels is not None
    path = tmp_path_factory.getbasetemp() / "labels.ilp"
    write_project(path, [lane], version=version, block=block)
    (found,) = read_ilastik(path).lanes
    own = lane.axes.replace("c", "").upper()
    wanted = "".join(a for a in "TZYX" if a in own)
    expected = lane.labels.transpose([own.index(a) for a in wanted])
    labels = found.labels.on(wanted, expected.shape)
    np.testing.assert_array_equal(labels.to_array(), expected)
    assert found.labels.counts == {
        int(v): int((expected == v).sum()) for v in np.unique(expected) if v
    }


def test_labels_lie_on_the_image_without_its_channels(tmp_path: Path) -> None:
    pixels = np.zeros((3, 4, 20, 24), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "image.tif", pixels, metadata={"axes": "ZCYX"}, photometric="minisblack"
    )
    labels = np.stack([LABELS, 0 * LABELS, LABELS[::-1]])
    lane = Lane(axes="zcyx", shape=pixels.shape, labels=labels)
    (found,) = read_ilastik(write_project(tmp_path / "p.ilp", [lane], version="1.3.3post2")).lanes
    opened = found.open()
    assert (opened.axes, opened.channel_axis) == ("ZCYX", 1)
    np.testing.assert_array_equal(found.labels_on(opened).to_array(), labels)
    np.testing.assert_array_equal(found.labels_on(None).to_array(), labels)


def test_an_axis_of_one_pixel_that_ilastik_drops(tmp_path: Path) -> None:
    pixels = np.zeros((1, 20, 24, 4), dtype=np.uint16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = pixels
    lane = Lane("a.h5/data", "zyxc", pixels.shape, LABELS[np.newaxis])
    path = write_project(tmp_path / "p.ilp", [lane])
    with h5py.File(path) as file:
        assert file["PixelClassification/LabelSets/labels000/block0000"].ndim == 3
    (found,) = read_ilastik(path).lanes
    np.testing.assert_array_equal(found.labels_on(found.open()).to_array(), LABELS[np.newaxis])


def test_masked_labels(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(labels=LABELS)])
    with h5py.File(path, "r+") as file:
        sets = file["PixelClassification/LabelSets"]
        sets.attrs["meta.has_mask"] = True
        block = sets["labels000/block0000"]
        values, where = block[()], block.attrs["blockSlice"]
        del sets["labels000/block0000"]
        group = sets.create_group("labels000/block0000")
        group["data"], group["fill_value"] = values, 0
        mask = np.zeros_like(values)
        mask[-1] = 1  # the only pixel of the second class
        group["mask"] = mask
        group.attrs["blockSlice"] = where
    (found,) = read_ilastik(path).lanes
    assert found.labels.counts == {1: 10}


def test_overlapping_blocks_are_read_as_ilastik_does(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(labels=LABELS)])
    with h5py.File(path, "r+") as file:
        blocks = file["PixelClassification/LabelSets/labels000"]
        blocks["block0001"] = np.full((1, 1, 1), 2, dtype=np.uint8)
        blocks["block0001"].attrs["blockSlice"] = "[3:4,4:5,0:1]"
    (found,) = read_ilastik(path).lanes
    labels = found.labels_on(None).to_array()
    assert (labels[3, 4], labels[3, 5]) == (2, 1)


def test_labels_of_huge_images_take_no_memory(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(axes="zyx", shape=(10**6, 10**6, 10**6))])
    with h5py.File(path, "r+") as file:
        blocks = file["PixelClassification/LabelSets/labels000"]
        blocks["block0000"] = np.ones((1, 2, 2, 1), dtype=np.uint8)
        blocks["block0000"].attrs["blockSlice"] = "[999999:1000000,7:9,3:5,0:1]"
    (found,) = read_ilastik(path).lanes
    labels = found.labels_on(None)
    assert labels.shape == (10**6,) * 3
    assert labels.counts == {1: 4}
    assert [where[0] for where in labels.coordinates()] == [999999, 7, 3]


def test_labels_that_fit_nowhere_are_left_out_with_a_note(tmp_path: Path) -> None:
    lanes = [Lane(labels=LABELS), Lane(labels=LABELS, nickname="second")]
    path = write_project(tmp_path / "p.ilp", lanes)
    with h5py.File(path, "r+") as file:
        block = file["PixelClassification/LabelSets/labels001/block0000"]
        block.attrs["blockSlice"] = "[103:113,4:21,0:1]"
    project = read_ilastik(path)
    assert [len(lane.labels) for lane in project.lanes] == [11, 0]
    assert any("'second'" in note and "does not fit" in note for note in project.notes)


# Classes, features, workflows -----------------------------------------------------------------------------------------


def test_names_and_colours_of_classes(tmp_path: Path) -> None:
    names = ["Zellkerne & Plasma é", "two\nlines\x1b[31m", "", "x" * 300]
    colors = [(255, 225, 25), (0, 130, 200), (300, 0, 0), (1, 2, 3)]
    project = read_ilastik(write_project(tmp_path / "p.ilp", names=names, colors=colors))
    assert [info.name for info in project.classes] == [
        "Zellkerne & Plasma é",
        "two lines [31m",
        "Class 3",
        "x" * 200,
    ]
    assert [info.color for info in project.classes][:2] == ["#ffe119", "#0082c8"]
    assert project.classes[2].color != project.classes[3].color == "#010203"


def test_classes_that_only_labels_know(tmp_path: Path) -> None:
    project = read_ilastik(write_project(tmp_path / "p.ilp", [Lane(labels=3 * LABELS)]))
    assert [info.value for info in project.classes] == [1, 2, 3, 6]
    unnamed = read_ilastik(
        write_project(tmp_path / "q.ilp", [Lane(labels=LABELS)], names=[], colors=[])
    )
    assert [info.name for info in unnamed.classes] == ["Class 1", "Class 2"]
    assert "Class 6 has no name in the project." in project.notes
    assert read_ilastik(write_project(tmp_path / "r.ilp", names=[], colors=[])).classes == ()


def test_features_follow_the_order_of_the_table(tmp_path: Path) -> None:
    rows = (*ROWS[3:], *ROWS[:3])
    cells = list(
        itertools.product(("HessianOfGaussianEigenvalues", "GaussianSmoothing"), (5.0, 1.0))
    )
    path = write_project(tmp_path / "p.ilp", rows=rows, cells=cells, in_2d=[s < 2 for s in SIGMAS])
    features = read_ilastik(path).features
    assert features is not None
    assert features.cells == (
        ("hessian_of_gaussian_eigenvalues", 1.0),
        ("hessian_of_gaussian_eigenvalues", 5.0),
        ("gaussian_smoothing", 1.0),
        ("gaussian_smoothing", 5.0),
    )
    assert features.sigmas_2d == (0.3, 0.7, 1.0, 1.6)
    assert features.selection["gaussian_smoothing"] == [1.0, 5.0]
    old = read_ilastik(write_project(tmp_path / "q.ilp", in_2d=None)).features
    assert old is not None
    assert old.sigmas_2d is None
    assert read_ilastik(write_project(tmp_path / "r.ilp", cells=[])).features is None


def test_features_that_are_not_known(tmp_path: Path) -> None:
    rows = (*ROWS, "Colour of the Moon")
    path = write_project(
        tmp_path / "p.ilp",
        rows=rows,
        cells=[("Colour of the Moon", 1.0), ("GaussianSmoothing", 1.0)],
        stumps=[(0, 1.0, (1, 0), (0, 1))],
    )
    project = read_ilastik(path)
    assert project.features is not None
    assert project.features.cells == (("gaussian_smoothing", 1.0),)
    assert project.forest is None
    assert "Colour of the Moon at 1" in project.notes[0]
    assert "classifier is left out" in project.notes[1]


def test_other_kinds_of_classifiers(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", stumps=[(0, 1.0, (1, 0), (0, 1))])
    project = read_ilastik(path)
    assert project.forest is not None
    assert (project.forest.n_trees, project.forest.classes) == (1, (1, 2))
    with h5py.File(path, "r+") as file:
        group = file["PixelClassification/ClassifierForests"]
        del group["pickled_type"]
        group["pickled_type"] = (
            b"clazyflow.classifiers.sklearnLazyflowClassifier\nSklearnLazyflowClassifier\np0\n."
        )
    project = read_ilastik(path)
    assert project.forest is None
    assert "SklearnLazyflowClassifier" in project.notes[0]


def test_workflows(tmp_path: Path) -> None:
    workflow = "Object Classification (from pixel classification)"
    project = read_ilastik(
        write_project(tmp_path / "p.ilp", [Lane(mask="m.png")], workflow=workflow)
    )
    assert project.workflow == workflow
    assert workflow in project.notes[0]
    assert "mask" in project.notes[1]
    assert project.lanes[0].has_mask
    path = write_project(tmp_path / "q.ilp", workflow="Autocontext (2-stage)")
    with h5py.File(path, "r+") as file:
        file.create_group("PixelClassification01")
    assert "2 stages" in read_ilastik(path).notes[0]
    with h5py.File(path, "r+") as file:
        del file["PixelClassification"]
    with pytest.raises(ValueError, match=r"no pixel classification; its workflow is 'Autocontext"):
        read_ilastik(path)


def test_pictures_have_axes_where_nothing_names_them(tmp_path: Path, image: np.ndarray) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(shape=None, labels=LABELS)], version="1.2.0")
    with h5py.File(path, "r+") as file:
        del file["Input Data/infos/lane0000/Raw Data/axistags"]
    (lane,) = read_ilastik(path).lanes
    assert lane.axes == ""
    np.testing.assert_array_equal(lane.labels_on(lane.open()).to_array(), LABELS)
    with h5py.File(path, "r+") as file:
        file["Input Data/infos/lane0000/Raw Data/axisorder"] = json.dumps("yx").strip('"').encode()
    assert read_ilastik(path).lanes[0].axes == "YX"


# Version 0.5 ----------------------------------------------------------------------------------------------------------


def test_projects_of_ilastik_0_5(tmp_path: Path) -> None:
    flat = np.random.default_rng(3).random((1, 1, 20, 24, 3)).astype(np.float32)
    labels = np.zeros((1, 1, 20, 24, 1), dtype=np.uint8)
    labels[0, 0, :, :, 0] = LABELS
    chosen = np.zeros((4, 7), dtype=bool)
    chosen[0, :2] = chosen[3, 4] = chosen[2, 0] = True
    project = read_ilastik(write_old_project(tmp_path / "p.ilp", [flat], [labels], chosen=chosen))
    assert project.version == "0.5"
    assert [(i.value, i.name, i.color) for i in project.classes] == [
        (1, "cell", "#ff0000"),
        (2, "background", "#00ff80"),
    ]
    assert project.features is not None
    assert project.features.selection == {
        "gaussian_smoothing": [0.3, 0.7],
        "structure_tensor_eigenvalues": [3.5],
        "hessian_of_gaussian_eigenvalues": [3.5],
    }
    assert any("orientation" in note for note in project.notes)
    (lane,) = project.lanes
    opened = lane.open()
    assert opened.axes == "TZYXC"
    np.testing.assert_array_equal(opened.data, flat)
    np.testing.assert_array_equal(lane.labels_on(opened).to_array()[0, 0], LABELS)


def test_volumes_of_ilastik_0_5_run_x_first(tmp_path: Path) -> None:
    volume = np.random.default_rng(4).random((1, 6, 5, 4, 1)).astype(np.float32)
    labels = np.zeros((1, 6, 5, 4, 1), dtype=np.uint8)
    labels[0, 5, 3, 2, 0] = 2
    (lane,) = read_ilastik(write_old_project(tmp_path / "p.ilp", [volume], [labels])).lanes
    opened = lane.open()
    assert (opened.axes, opened.data.shape) == ("TZYXC", (1, 4, 5, 6, 1))
    assert opened.data[0, 2, 3, 5, 0] == volume[0, 5, 3, 2, 0]
    assert lane.labels_on(opened).to_array()[0, 2, 3, 5] == 2
