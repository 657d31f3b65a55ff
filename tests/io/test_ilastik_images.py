"""Finding and opening the images of ilastik projects: moved, stacked, embedded, cut out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.io.ilp import Lane, write_project

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


@pytest.mark.parametrize(
    "stored",
    [
        "image.tif",
        "./image.tif",
        "/home/somebody/else/image.tif",
        r"C:\Users\somebody\image.tif",
        "gone/with/image.tif",
    ],
)
def test_images_beside_the_project(tmp_path: Path, image: np.ndarray, stored: str) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(stored, labels=LABELS)])
    (lane,) = read_ilastik(path).lanes
    np.testing.assert_array_equal(lane.open().data, image)


def test_images_are_pointed_to(tmp_path: Path, image: np.ndarray) -> None:
    for folder in ("far/images/day 1", "far/images/day 2"):
        (tmp_path / folder).mkdir(parents=True)
        tifffile.imwrite(tmp_path / folder / "cells.tif", image)
    (tmp_path / "here").mkdir()
    for stored, folder in (
        ("/data/images/day 2/cells.tif", "day 2"),  # the end of its path
        ("/elsewhere/day 1/cells.tif", "day 1"),  # the folder that it is in
    ):
        path = write_project(tmp_path / "here/p.ilp", [Lane(stored)])
        (lane,) = read_ilastik(path).lanes
        assert not lane.source.is_found
        assert "no file 'cells.tif'" in lane.source.problem
        with pytest.raises(FileNotFoundError, match=r"there is no file 'cells.tif'\. Point to"):
            lane.open()
        (lane,) = read_ilastik(path, tmp_path / "far").lanes
        assert lane.source.files == (tmp_path / "far/images" / folder / "cells.tif",)
    path = write_project(tmp_path / "here/p.ilp", [Lane("/elsewhere/cells.tif")])
    (lane,) = read_ilastik(path, tmp_path / "far").lanes
    assert "several files called 'cells.tif'" in lane.source.problem
    (lane,) = read_ilastik(path, [tmp_path / "far/images/day 1", tmp_path / "here"]).lanes
    assert lane.source.is_found
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        read_ilastik(path, tmp_path / "nowhere")


def test_datasets_in_files(tmp_path: Path, image: np.ndarray) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["volume/data"], file["volume/other"] = image, 0 * image
    path = write_project(tmp_path / "p.ilp", [Lane("/gone/a.h5/volume/data")])
    (lane,) = read_ilastik(path).lanes
    np.testing.assert_array_equal(lane.open().data, image)


@pytest.mark.parametrize(
    "stored", ["s_*.tif", "s_0.tif:s_1.tif:s_2.tif", r"C:\d\s_0.tif;C:\d\s_1.tif;C:\d\s_2.tif"]
)
@pytest.mark.parametrize("axes", ["zyx", "tyx", "cyx"])
def test_stacks_of_files(tmp_path: Path, stored: str, axes: str) -> None:
    planes = np.random.default_rng(1).integers(0, 255, (3, 20, 24)).astype(np.uint8)
    for number, plane in enumerate(planes):
        tifffile.imwrite(tmp_path / f"s_{number}.tif", plane)
    (lane,) = read_ilastik(
        write_project(tmp_path / "p.ilp", [Lane(stored, axes, (3, 20, 24))])
    ).lanes
    opened = lane.open()
    assert opened.axes == axes.upper()
    np.testing.assert_array_equal(np.asarray(opened.data), planes)


def test_a_pattern_of_datasets(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for number in range(3):
            file[f"planes/{number}"] = np.full((20, 24), number, dtype=np.uint8)
    (lane,) = read_ilastik(
        write_project(tmp_path / "p.ilp", [Lane("a.h5/planes/*", "zyx", (3, 20, 24))])
    ).lanes
    assert np.asarray(lane.open().data)[:, 0, 0].tolist() == [0, 1, 2]


def test_colours_and_grey_pictures(tmp_path: Path) -> None:
    grey = np.random.default_rng(2).integers(0, 255, (20, 24)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(tmp_path / "colour.png")
    lanes = [Lane("grey.png", "yxc", (20, 24, 1)), Lane("colour.png", "yxc", (20, 24, 3))]
    first, second = read_ilastik(write_project(tmp_path / "p.ilp", lanes)).lanes
    assert first.open().axes == "YX"  # ilastik gives grey pictures an axis that they do not have
    assert (second.open().axes, second.open().channel_axis) == ("YXC", 2)


@pytest.mark.parametrize("axes", ["yx", "xy", "zyx", "xyzc", "cxyzt", "tzyxc"])
def test_images_in_the_project(tmp_path: Path, axes: str) -> None:
    lengths = {"t": 2, "z": 3, "y": 4, "x": 5, "c": 2}
    shape = tuple(lengths[a] for a in axes)
    pixels = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    labels = np.zeros([lengths[a] for a in axes.replace("c", "")], dtype=np.uint8)
    labels[(-1,) * labels.ndim] = 2
    lane = Lane(axes=axes, shape=None, embedded=pixels, labels=labels)
    (found,) = read_ilastik(write_project(tmp_path / "p.ilp", [lane])).lanes
    opened = found.open()
    spatial = opened.axes_without_channels
    assert spatial == "".join(a for a in "TZYX" if a.lower() in axes)
    order = [axes.upper().index(a) for a in opened.axes]
    np.testing.assert_array_equal(np.asarray(opened.data), pixels.transpose(order))
    assert found.labels_on(opened).to_array()[(-1,) * len(spatial)] == 2


def test_a_part_of_an_image(tmp_path: Path, image: np.ndarray) -> None:
    lane = Lane(
        shape=(10, 12),
        labels=LABELS[:10, :12],
        extra={"subvolume_roi": np.array([[5, 6], [15, 18]])},
    )
    (found,) = read_ilastik(write_project(tmp_path / "p.ilp", [lane])).lanes
    np.testing.assert_array_equal(found.open().data, image[5:15, 6:18])
    assert len(found.labels_on(found.open())) == 10


@pytest.mark.parametrize(
    ("lane", "reason"),
    [
        (
            Lane(shape=(20, 30)),
            "must be the one that the project was made with, of 30 pixels along X",
        ),
        (Lane(axes="zyx", shape=(3, 20, 24)), "must have the axes zyx"),
        (Lane("precomputed://https://example.org/data"), "only files are read"),
        (Lane("notes.txt"), "images are read from files that end in"),
        (Lane(""), "names no file"),
    ],
)
def test_images_that_do_not_fit(tmp_path: Path, image: np.ndarray, lane: Lane, reason: str) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    (found,) = read_ilastik(write_project(tmp_path / "p.ilp", [lane])).lanes
    with pytest.raises((ValueError, FileNotFoundError), match=reason):
        found.open()


def test_an_image_that_the_project_lost(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(embedded=LABELS)])
    with h5py.File(path, "r+") as file:
        del file["Input Data/local_data/id-0"]
    (lane,) = read_ilastik(path).lanes
    assert not lane.source.is_found
    assert "should hold it" in lane.source.problem


def test_a_colon_may_be_a_letter_of_a_name(tmp_path: Path, image: np.ndarray) -> None:
    (tmp_path / "image.tif").rename(tmp_path / "a:b.tif")
    (lane,) = read_ilastik(write_project(tmp_path / "p.ilp", [Lane("a:b.tif")])).lanes
    np.testing.assert_array_equal(lane.open().data, image)


def test_patterns_search_no_whole_disks(tmp_path: Path, image: np.ndarray) -> None:
    (tmp_path / "day 1").mkdir()
    (tmp_path / "image.tif").rename(tmp_path / "day 1/image.tif")
    (lane,) = read_ilastik(write_project(tmp_path / "p.ilp", [Lane("day*/im?ge.tif")])).lanes
    np.testing.assert_array_equal(lane.open().data, image)
    (lane,) = read_ilastik(write_project(tmp_path / "p.ilp", [Lane("/*/*/*/im?ge*.png")])).lanes
    assert not lane.source.is_found


@pytest.mark.parametrize(
    "stored", [":".join(f"gone/plane {i:04d}.tif" for i in range(400)), "~nobody here/a.tif"]
)
def test_an_image_that_cannot_be_looked_for_is_missing(tmp_path: Path, stored: str) -> None:
    path = write_project(tmp_path / "p.ilp", [Lane(stored, labels=LABELS)])
    (lane,) = read_ilastik(path).lanes
    assert "there is no file" in lane.source.problem
