"""Reading OME-Zarr as other programs write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from napari_pixclass.io import open_image, open_labels, stem_of

IMAGE = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5)


def write_group(path: Path, multiscales: dict[str, Any], zarr_format: Any, version: str) -> None:
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    group.create_array("full", data=IMAGE, chunks=(1, 2, 2, 2))
    group.create_array("half", data=IMAGE[..., ::2, ::2], chunks=(1, 2, 2, 2))
    described = [{"name": "a cell", "version": version, **multiscales}]
    ome = {"version": version, "multiscales": described}
    group.attrs.update({"ome": ome} if version == "0.5" else {"multiscales": described})


def axes_of(letters: str, **units: str) -> list[dict[str, str]]:
    types = {"t": "time", "c": "channel"}
    return [
        {"name": letter, "type": types.get(letter, "space")}
        | ({"unit": units[letter]} if letter in units else {})
        for letter in letters
    ]


def scales(*scale: float) -> list[dict[str, Any]]:
    return [{"type": "scale", "scale": list(scale)}]


@pytest.mark.parametrize(("zarr_format", "version"), [(2, "0.4"), (3, "0.5")])
def test_full_resolution_with_axes_spacing_and_translation(
    tmp_path: Path, zarr_format: int, version: str
) -> None:
    moved = [{"type": "translation", "translation": [0, 3, 4, 5]}]
    full = {"path": "full", "coordinateTransformations": scales(1, 2, 0.5, 0.25) + moved}
    half = {"path": "half", "coordinateTransformations": scales(1, 2, 1, 0.5)}
    multiscales = {
        "axes": axes_of("czyx", z="micrometer", y="micrometer", x="micrometer"),
        "datasets": [full, half],
        "coordinateTransformations": scales(1, 1, 2, 2),
    }
    write_group(tmp_path / "cell.ome.zarr", multiscales, zarr_format, version)
    image = open_image(tmp_path / "cell.ome.zarr")
    assert (image.name, image.axes, image.channel_axis) == ("cell", "CZYX", 0)
    assert (image.spacing, image.unit) == ((2, 1, 0.5), "\N{MICRO SIGN}m")
    assert image.translation == (3, 8, 10)
    assert isinstance(image.data, zarr.Array)  # nothing was read
    np.testing.assert_array_equal(np.asarray(image.data), IMAGE)
    inner = open_image(tmp_path / "cell.ome.zarr" / "half")
    assert (inner.name, inner.data.shape, inner.axes) == ("cell", (2, 3, 2, 3), "QQYX")


def test_units_that_differ_give_no_spacing(tmp_path: Path) -> None:
    dataset = {"path": "full", "coordinateTransformations": scales(1, 1, 1, 1)}
    axes = axes_of("tzyx", z="micrometer", y="nanometer", x="nanometer")
    write_group(tmp_path / "cell.zarr", {"axes": axes, "datasets": [dataset]}, 3, "0.5")
    image = open_image(tmp_path / "cell.zarr")
    assert (image.axes, image.spacing, image.unit) == ("TZYX", None, None)


def test_plain_arrays(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=IMAGE[0, 0], chunks=(2, 2))
    assert open_image(tmp_path / "a.zarr").axes == "YX"
    names = ("t", "c", "y", "x")
    zarr.create_array(tmp_path / "named", data=IMAGE, chunks=(1, 1, 2, 2), dimension_names=names)
    named = open_image(tmp_path / "named")
    assert (named.name, named.axes, named.channel_axis) == ("named", "TCYX", 1)
    np.testing.assert_array_equal(open_labels(tmp_path / "a.zarr"), IMAGE[0, 0])
    assert stem_of(tmp_path / "a.zarr" / "0") == "a"


def test_groups_without_an_image(tmp_path: Path) -> None:
    zarr.open_group(tmp_path / "empty.zarr", mode="w").create_group("inner")
    with pytest.raises(ValueError, match="it holds no image with OME-Zarr metadata"):
        open_image(tmp_path / "empty.zarr")
    with pytest.raises(ValueError, match="cannot be read as an image"):
        open_image(tmp_path / "empty.zarr" / "missing")
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "missing.zarr")


@pytest.mark.parametrize("damage", [{"datasets": []}, {"datasets": [{"path": "gone"}]}])
def test_damaged_metadata(tmp_path: Path, damage: dict[str, Any]) -> None:
    write_group(tmp_path / "cell.zarr", {"axes": axes_of("czyx"), **damage}, 3, "0.5")
    with pytest.raises(ValueError, match="cannot be read as an image, it may be damaged"):
        open_image(tmp_path / "cell.zarr")
