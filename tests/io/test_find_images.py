"""Files, folders and patterns stand for the images that people mean, in the order that they expect."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_pixclass.io import find_images


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, *patterns: str) -> list[str]:
    found = find_images([folder / pattern for pattern in patterns])
    return [path.relative_to(folder).as_posix() for path in found]


def test_of_a_folder_its_images_are_taken_sorted_as_people_count(tmp_path: Path) -> None:
    touch(
        tmp_path, "a10.tif", "a2.TIFF", "B1.png", "a1.h5", "notes.txt", ".a3.tif.1f.part", ".b.tif"
    )
    touch(tmp_path, "below/c.tif", "folder.tif/x", "unfinished.unfinished/y.tif")
    zarr.create_array(tmp_path / "named otherwise", data=np.zeros((2, 2), np.uint8))
    touch(tmp_path, "v.zarr/zarr.json", "v.zarr/a.tif")
    os.symlink(tmp_path / "gone", tmp_path / "link.tif")
    expected = [
        "a1.h5",
        "a2.TIFF",
        "a10.tif",
        "B1.png",
        "folder.tif",
        "link.tif",
        "named otherwise",
    ]
    assert names(tmp_path, ".") == [*expected, "v.zarr"]


def test_a_pattern_matches_in_any_folder_but_not_inside_of_images(tmp_path: Path) -> None:
    touch(
        tmp_path, "a/1_raw.tif", "a/1.tif", "b/c/10_raw.tif", "b/c/9_raw.tif", "b/v.zarr/0_raw.tif"
    )
    assert names(tmp_path, "**/*_raw.tif") == ["a/1_raw.tif", "b/c/9_raw.tif", "b/c/10_raw.tif"]
    assert names(tmp_path, "*/?.tif") == ["a/1.tif"]
    assert names(tmp_path, "b/*") == ["b/v.zarr"]  # folders that hold images are none themselves


def test_a_dataset_in_many_hdf5_files(tmp_path: Path) -> None:
    touch(tmp_path, "a2.h5", "a10.h5", "b.hdf5")
    assert names(tmp_path, "*.h5/volume/raw") == ["a2.h5/volume/raw", "a10.h5/volume/raw"]


def test_files_are_taken_as_they_are_each_once(tmp_path: Path) -> None:
    touch(tmp_path, "b[1].tif", "b1.tif", "z.tif")
    assert names(tmp_path, "z.tif", "b[1].tif", "missing.tif", "*.tif") == [
        "z.tif",
        "b[1].tif",
        "missing.tif",
        "b1.tif",
    ]


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "a/notes.txt")
    with pytest.raises(
        ValueError, match=r"must match at least one file; '.*a/\*\.tif' matches none"
    ):
        find_images([tmp_path / "a" / "*.tif"])
    with pytest.raises(ValueError, match=r"must hold images; '.*a' holds none that end in \.tif"):
        find_images([tmp_path / "a"])


def test_brackets_may_be_in_the_name_of_a_file_with_several_images(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].h5", "a1.h5")
    assert names(tmp_path, "a[1].h5/raw", "a?.h5/raw") == ["a[1].h5/raw", "a1.h5/raw"]
