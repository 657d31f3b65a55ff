"""Labels from files of all kinds, and into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_pixclass.core import ClassInfo, LabelledPixels, SparseLabels, place_labels
from napari_pixclass.io import (
    LABEL_SUFFIXES,
    FileContentError,
    LabelGeometry,
    labels_folder,
    load_scribbles,
    load_training_labels,
    open_label_file,
    open_labels,
    save_training_labels,
    write_labels,
)

CLASSES = (ClassInfo(2, "nuclei", "#ff0000"), ClassInfo(7, "Rand", "#00ff00"))


def painted(shape: tuple[int, ...] = (20, 30)) -> LabelledPixels:
    labels = np.zeros(shape, np.uint8)
    labels[..., 3:6, 4:20] = 2
    labels[..., 10, 29] = 7
    return LabelledPixels.of(labels)


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
def test_labels_come_back_from_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"some{suffix}"
    labelled = painted()
    for _ in range(2):  # the second time in place of the first
        write_labels(path, labelled, CLASSES)
    file = open_label_file(path)
    assert file.shape == (20, 30)
    assert place_labels(file.labels, file.shape).labelled == labelled
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing is left behind
    if suffix == ".scribbles":
        assert file.classes == CLASSES
    else:
        assert np.array_equal(open_labels(path), labelled.to_array())


@pytest.mark.parametrize("suffix", [".tif", ".zarr", ".h5"])
def test_axes_and_spacing_come_back(tmp_path: Path, suffix: str) -> None:
    from napari_pixclass.io import open_image

    geometry = LabelGeometry("ZYX", (2.0, 0.5, 0.5), "\N{MICRO SIGN}m", (0.0, 0.0, 0.0))
    path = tmp_path / f"some{suffix}"
    write_labels(path, painted((3, 20, 30)), CLASSES, geometry)
    image = open_image(path)
    assert (image.axes, image.spacing) == ("ZYX", (2.0, 0.5, 0.5))
    assert open_label_file(path).axes == "ZYX"


def test_a_png_shows_the_colours_of_the_classes(tmp_path: Path) -> None:
    from PIL import Image

    write_labels(tmp_path / "some.png", painted(), CLASSES)
    with Image.open(tmp_path / "some.png") as picture:
        shown = np.asarray(picture.convert("RGB"))
    assert shown[4, 10].tolist() == [255, 0, 0]
    assert shown[10, 29].tolist() == [0, 255, 0]
    assert shown[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("suffix", [".zarr", ".h5", ".scribbles"])
def test_labels_of_a_huge_volume_take_no_room(tmp_path: Path, suffix: str) -> None:
    sparse = SparseLabels((2000, 30_000, 30_000))
    sparse[1999, 29_999, 100:110] = 5
    labelled = LabelledPixels.of(sparse)
    path = tmp_path / f"some{suffix}"
    write_labels(path, labelled)
    if suffix != ".h5":  # of which nobody knows what was written
        file = open_label_file(path)
        assert place_labels(file.labels, file.shape).labelled == labelled
    size = sum(p.stat().st_size for p in [path, *path.rglob("*")] if p.is_file())
    assert size < 20_000_000


@pytest.mark.parametrize(
    ("name", "labelled", "message"),
    [
        ("some.jpg", painted(), "files that end in .scribbles"),
        ("some.png", painted((2, 20, 30)), "labels of one plane"),
        (
            "some.tif",
            LabelledPixels(np.array([5]), np.array([1]), (2000, 9000, 9000)),
            "as a whole image up to",
        ),
    ],
)
def test_what_a_format_has_no_place_for_is_refused(
    tmp_path: Path, name: str, labelled: LabelledPixels, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_labels(tmp_path / name, labelled)
    assert list(tmp_path.iterdir()) == []


def labkit(**changes: Any) -> dict[str, Any]:
    """A file as Labkit writes it, x first."""
    return {
        "interval": {"min": [10, 0], "max": [39, 19], "n": 2},
        "pixelSizes": [{"size": 1.0, "unit": "pixel"}] * 2,
        "labels": {"background": [[12, 3], [13, 3]], "cell": [[13, 3], [39, 19]], "none": []},
        "colors": {"cell": "#FF8000"},
    } | changes


def test_labels_of_labkit(tmp_path: Path) -> None:
    path = tmp_path / "image.tif.labeling"
    path.write_text(json.dumps(labkit()))
    file = open_label_file(path)
    assert isinstance(file.labels, LabelledPixels)
    labels = np.zeros((20, 30), int)
    labels[3, 2:4] = 1
    labels[19, 29] = 2
    assert np.array_equal(file.labels.to_array(), labels)
    names = [(info.value, info.name) for info in file.classes]
    assert names == [(1, "background"), (2, "cell"), (3, "none")]
    assert file.classes[1].color == "#ff8000"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{" * 100_000,
        json.dumps(labkit(labels=[])),
        json.dumps(labkit(labels={"a": [[1, 2, 3]]})),
        json.dumps(labkit(labels={"a": [[9, 0]]})),
        json.dumps(labkit(labels={"a": [["x", 0]]})),
        json.dumps(labkit(labels={"a": [[10.5, 0]]})),
        json.dumps(labkit(labels={"a": 3})),
        json.dumps(labkit(interval={"min": [0] * 5, "max": [2**39] * 5})),
        json.dumps(labkit(interval={"min": [0, 0], "max": [-1, 5]})),
        json.dumps(labkit(interval={"min": [0, True], "max": [1, 5]})),
    ],
)
def test_damaged_files_of_labkit_are_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "some.labeling"
    path.write_text(content)
    with pytest.raises(FileContentError, match="cannot be read as a Labkit labeling"):
        open_label_file(path)


def test_real_files_of_other_programs(shared_data: Path) -> None:
    folder = shared_data / "peer_reference_labkit_weka/labkit/compatibility"
    for name, shape, counts in (
        ("2d", (100, 100), {1: 21, 2: 17}),
        ("3d", (100,) * 3, {1: 40, 2: 38}),
    ):
        file = open_label_file(folder / name / "test-image.tif.labeling")
        assert isinstance(file.labels, LabelledPixels)
        assert (file.shape, file.labels.counts) == (shape, counts)
    scribbles = shared_data / "human_scribbles"
    for name, values in (
        ("bbbc007_crops/scribbles/A9 p5d (cropped 1).tif", [1, 2]),
        ("convpaint/annotations.npy", None),
        ("convpaint/0000_scribbles_all_01500_w3.png", [1, 49, 67, 91]),
        ("convpaint/lily_annotations.tif", [1, 2, 3]),
    ):
        file = open_label_file(scribbles / name)
        found = place_labels(file.labels, file.shape).labelled.counts
        assert found
        assert values is None or list(found) == values


def test_labels_beside_a_model_come_back_in_order(tmp_path: Path) -> None:
    model = tmp_path / "cells.pixclass"
    geometries = [
        LabelGeometry(image_name=f"im/age {n}", image_path=f"/gone/{n}.tif", pixel_size=(1.0, 2.0))
        for n in range(11)
    ]
    save_training_labels(model, [(painted(), geometries[0])], CLASSES)
    save_training_labels(model, [(painted(), geometry) for geometry in geometries], CLASSES)
    assert labels_folder(model) == tmp_path / "cells.labels"
    found = load_training_labels(model)
    assert [item.info.image_path for item in found] == [g.image_path for g in geometries]
    assert found[0].labelled == painted()
    assert (found[0].info.classes, found[0].info.pixel_size) == (CLASSES, (1.0, 2.0))
    assert found[3].image_paths[1:] == [tmp_path / "cells.labels/3.tif", tmp_path / "3.tif"]


def test_only_labels_are_replaced(tmp_path: Path) -> None:
    model = tmp_path / "cells.pixclass"
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        load_training_labels(model)
    (tmp_path / "cells.labels").mkdir()
    (tmp_path / "cells.labels" / "precious.txt").touch()
    with pytest.raises(FileExistsError, match="holds other files"):
        save_training_labels(model, [], ())


def test_how_an_image_is_read_stands_in_its_scribbles(tmp_path: Path) -> None:
    path = tmp_path / "some.scribbles"
    write_labels(path, painted(), (), LabelGeometry(channel_axis=2, pixel_size=(0.5, 2)))
    info = load_scribbles(path)[1]
    assert (info.channel_axis, info.pixel_size) == (2, (0.5, 2.0))
    for wrong in ({"channel_axis": 3}, {"pixel_size": (0.5,)}, {"pixel_size": (0.5, 0)}):
        write_labels(path, painted(), (), LabelGeometry(**wrong))
        with pytest.raises(FileContentError):
            load_scribbles(path)


def test_hdf5_of_axes_that_nobody_knows(tmp_path: Path) -> None:
    labelled = painted((2, 3, 2, 20, 30))
    write_labels(tmp_path / "some.h5", labelled, CLASSES)
    assert np.array_equal(open_labels(tmp_path / "some.h5"), labelled.to_array())
