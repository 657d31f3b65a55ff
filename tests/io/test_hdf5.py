"""HDF5 files: which dataset is meant, what is known of it, and results that are laid out as ilastik's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from napari_pixclass.io import Hdf5Store, open_image

MICROMETRE = "\N{MICRO SIGN}m"


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(np.uint8)


def tags(axes: str, **resolution: float) -> str:
    found = [{"key": letter, "resolution": resolution.get(letter, 0)} for letter in axes]
    return json.dumps({"axes": found})


def write(path: Path, **datasets: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name.replace("__", "/")] = values


def test_the_only_image_is_meant(tmp_path: Path) -> None:
    image = numbers((5, 6))
    text = np.array([b"no", b"image"])
    write(tmp_path / "a.h5", group__raw=image, version=np.array(1), row=image[0], text=text)
    np.testing.assert_array_equal(open_image(tmp_path / "a.h5").data, image)
    np.testing.assert_array_equal(open_image(tmp_path / "a.h5" / "group" / "raw").data, image)


def test_of_several_images_the_exported_one_is_meant(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", a=numbers((3, 4)), exported_data=numbers((5, 6)), z=numbers((2, 2)))
    assert open_image(tmp_path / "a.h5").data.shape == (5, 6)
    assert open_image(tmp_path / "a.h5/z").data.shape == (2, 2)


def test_several_images_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", **{f"t{i}__cells": numbers((3, 4)) for i in range(10)})
    expected = (
        r"holds the images t0/cells, .*t7/cells and 2 more; name one of them as in 'a\.h5/t0/cells'"
    )
    with pytest.raises(ValueError, match=expected):
        open_image(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"no image 'cells', but t0/cells, .* and 2 more; name"):
        open_image(tmp_path / "a.h5" / "cells")
    write(tmp_path / "b.h5", row=np.zeros(3))
    with pytest.raises(ValueError, match="it holds no image"):
        open_image(tmp_path / "b.h5")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"axistags": tags("yxc")}, ("YXC", 2)),
        ({"axistags": tags("cyx")}, ("CYX", 0)),
        ({"axistags": tags("zyx"), "axes": "TYX"}, ("ZYX", None)),
        ({"axes": "TYX"}, ("TYX", None)),
        ({"axistags": tags("yx")}, ("QYX", None)),  # too few
        ({"axistags": tags("yxe")}, ("QYX", None)),  # no axis of images
        ({"axistags": "{"}, ("QYX", None)),
        ({"axistags": 3}, ("QYX", None)),
        ({"DIMENSION_LABELS": ["c", "y", "x"]}, ("CYX", 0)),
        ({}, ("QYX", None)),
    ],
    ids=str,
)
def test_axes(tmp_path: Path, attributes: dict[str, Any], expected: tuple[str, int | None]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = numbers((3, 4, 5))
        for name, value in attributes.items():
            file["a"].attrs[name] = value
    image = open_image(tmp_path / "a.h5")
    assert (image.axes, image.channel_axis) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"element_size_um": [2, 0.5, 0.25]}, ((2.0, 0.5, 0.25), MICROMETRE)),
        ({"spacing": [2, 0.5, 0.25], "unit": "nm"}, ((2.0, 0.5, 0.25), "nm")),
        ({"spacing": [2, 0.5, 0.25]}, ((2.0, 0.5, 0.25), None)),
        ({"spacing": [0.5, 0.25]}, (None, None)),
        ({"spacing": [0, 0.5, 0.25]}, (None, None)),
        ({"spacing": "wide"}, (None, None)),
        (
            {
                "axistags": tags("zyx", z=2, y=0.5, x=0.25),
                "axis_units": json.dumps({"z": "um", "y": "um", "x": "um"}),
            },
            ((2.0, 0.5, 0.25), MICROMETRE),
        ),
        ({"axistags": tags("zyx", z=2)}, (None, None)),
    ],
    ids=str,
)
def test_pixel_sizes(tmp_path: Path, attributes: dict[str, Any], expected: tuple[Any, Any]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = numbers((3, 4, 5))
        for name, value in ({"axistags": tags("zyx")} | attributes).items():
            file["a"].attrs[name] = value
    image = open_image(tmp_path / "a.h5")
    assert (image.spacing, image.unit) == expected


def store(path: Path, array: np.ndarray, axes: str, *more: Any) -> Hdf5Store:
    return Hdf5Store(path, array.shape, (1, 4, 4)[-array.ndim :], array.dtype, axes, *more)


def test_results_are_laid_out_as_those_of_ilastik(tmp_path: Path, shared_data: Path) -> None:
    theirs = shared_data / "ilastik_reference/projects/inputdata/2d3c_Probabilities.h5"
    with h5py.File(theirs) as file:
        (name,) = file
        reference = file[name]
        axistags = json.loads(reference.attrs["axistags"])
        probabilities = np.moveaxis(reference[...], -1, 0)
    ours = store(
        tmp_path / "a.h5", probabilities, "CYX", None, None, ["first", "second"], (0.0, 1.0)
    )
    for channel in range(len(probabilities)):
        box = (slice(channel, channel + 1), slice(0, None), slice(0, None))
        ours.write(0, box, probabilities[channel : channel + 1])
        np.testing.assert_array_equal(ours.read(0, box), probabilities[channel : channel + 1])
    ours.close()
    with h5py.File(tmp_path / "a.h5") as mine, h5py.File(theirs) as file:
        reference, dataset = file[name], mine[name]
        assert list(mine) == [name] == ["exported_data"]
        assert (dataset.shape, dataset.dtype) == (reference.shape, reference.dtype)
        assert json.loads(dataset.attrs["axistags"]) == axistags
        assert [dimension.label for dimension in dataset.dims] == ["y", "x", "c"]
        assert dataset.attrs["drange"].tolist() == [0, 1]
        np.testing.assert_array_equal(dataset[...], reference[...])
    mine, reference = open_image(tmp_path / "a.h5"), open_image(theirs)
    assert (mine.axes, mine.channel_axis) == (reference.axes, reference.channel_axis) == ("YXC", 2)
    assert mine.channel_names == ("first", "second")


@pytest.mark.parametrize("unit", [MICROMETRE, "nm", None])
def test_pixel_sizes_come_back(tmp_path: Path, unit: str | None) -> None:
    store(tmp_path / "a.h5", numbers((2, 5, 6)), "ZYX", (2.0, 0.5, 0.25), unit, []).close()
    image = open_image(tmp_path / "a.h5")
    assert (image.axes, image.spacing, image.unit) == ("ZYX", (2.0, 0.5, 0.25), unit)
    with h5py.File(tmp_path / "a.h5") as file:
        described = json.loads(file["exported_data"].attrs["axistags"])["axes"]
    assert [axis["resolution"] for axis in described] == [2.0, 0.5, 0.25]


def test_axes_without_a_name_get_one(tmp_path: Path) -> None:
    store(tmp_path / "a.h5", numbers((2, 5, 6)), "QYX", (0.5, 0.25), "nm", []).close()
    image = open_image(tmp_path / "a.h5")
    assert (image.axes, image.spacing) == ("ZYX", None)
