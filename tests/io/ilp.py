"""Small ilastik projects, written here in the layouts of its versions."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

ROWS = (
    "GaussianSmoothing",
    "LaplacianOfGaussian",
    "GaussianGradientMagnitude",
    "DifferenceOfGaussians",
    "StructureTensorEigenvalues",
    "HessianOfGaussianEigenvalues",
)
SIGMAS = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
LEAF = 0x40000000
KIND = b"clazyflow.classifiers.parallelVigraRfLazyflowClassifier\nParallelVigraRfLazyflowClassifier\np0\n."

Stump = tuple[int, float, Sequence[float], Sequence[float]]
"""Column, threshold, fractions of the classes below it and above it."""


def tags(axes: str) -> bytes:
    """Axes as ilastik describes them."""
    return json.dumps(
        {
            "axes": [
                {"key": a, "typeFlags": 2, "resolution": 0, "description": ""} for a in axes.lower()
            ]
        }
    ).encode()


@dataclass
class Lane:
    """One image: its file or its pixels, its axes and shape, its labels without channels in the order of `axes`."""

    path: str = "image.tif"
    axes: str = "yx"
    shape: tuple[int, ...] | None = (20, 24)
    labels: np.ndarray | None = None
    embedded: np.ndarray | None = None
    mask: str = ""
    nickname: str = "image"
    extra: Mapping[str, Any] = field(default_factory=dict)


def write_project(
    path: Path,
    lanes: Sequence[Lane] = (),
    *,
    version: str = "1.4.0",
    workflow: str = "Pixel Classification",
    names: Sequence[str] = ("Label 1", "Label 2"),
    colors: Sequence[tuple[int, int, int]] = ((255, 0, 0), (0, 128, 255)),
    cells: Sequence[tuple[str, float]] = (("GaussianSmoothing", 1.0),),
    rows: Sequence[str] = ROWS,
    sigmas: Sequence[float] = SIGMAS,
    in_2d: Sequence[bool] | None = (True,) * 7,
    stumps: Sequence[Stump] = (),
    n_features: int = 1,
    known: Sequence[int] = (1, 2),
    block: int = 1000,
) -> Path:
    """Write a project as ilastik of this `version` does."""
    with h5py.File(path, "w") as file:
        file["ilastikVersion"] = version.encode()
        file["workflowName"] = workflow.encode()
        file["time"] = b"Wed Mar 28 16:16:04 2018"
        data = file.create_group("Input Data")
        data["Role Names"] = np.array([b"Raw Data", b"Prediction Mask"])
        infos, local = data.create_group("infos"), data.create_group("local_data")
        stage = file.create_group("PixelClassification")
        _write_list(stage, "LabelNames", [name.encode() for name in names])
        for key in ("LabelColors", "PmapColors"):
            _write_list(stage, key, list(colors))
        sets = stage.create_group("LabelSets")
        for number, lane in enumerate(lanes):
            group = infos.create_group(f"lane{number:04d}")
            group.create_group("Prediction Mask")
            if lane.mask:
                group["Prediction Mask/filePath"] = lane.mask.encode()
            _write_lane(group.create_group("Raw Data"), local, lane, f"id-{number}")
            blocks = sets.create_group(f"labels{number:03d}")
            if lane.labels is not None:
                write_labels(blocks, lane, version, block)
        _write_features(file.create_group("FeatureSelections"), cells, rows, sigmas, in_2d)
        if stumps:
            write_forest(stage.create_group("ClassifierForests"), stumps, n_features, known)
    return path


def _write_list(group: h5py.Group, name: str, values: list[Any]) -> None:
    group[name] = np.array(values) if values else np.empty(1)
    group[name].attrs["isEmpty"] = not values


def _write_lane(info: h5py.Group, local: h5py.Group, lane: Lane, identity: str) -> None:
    info["axistags"] = tags(lane.axes)
    info["nickname"] = lane.nickname.encode()
    info["datasetId"] = identity.encode()
    info["allowLabels"] = True
    if lane.embedded is None:
        info["location"] = b"FileSystem"
        info["filePath"] = lane.path.encode()
    else:
        info["location"] = b"ProjectInternal"
        info["filePath"] = b"image"
        local[identity] = lane.embedded
    if lane.shape is not None:
        info["shape"] = np.array(lane.shape)
    for name, value in lane.extra.items():
        info[name] = value


def saved_axes(lane: Lane, version: str, shape: Mapping[str, int]) -> str:
    """Order in which ilastik of this version saves labels."""
    if version in ("1.3.3post2", "1.3.3post3", "1.4.0b7"):
        return lane.axes if "c" in lane.axes else lane.axes + "c"
    if version.startswith(("0.", "1.0", "1.1")):
        return "txyzc"
    return "".join(a for a in "tzyx" if a in "yx" or shape.get(a, 1) > 1) + "c"


def write_labels(blocks: h5py.Group, lane: Lane, version: str, size: int) -> None:
    """Write labels as blocks, each cropped to what is labelled in it."""
    assert lane.labels is not None
    own = lane.axes.replace("c", "")
    shape = dict(zip(own, lane.labels.shape, strict=True))
    axes = saved_axes(lane, version, shape)
    missing = tuple(len(own) + i for i, a in enumerate(a for a in axes if a not in own))
    labels = np.expand_dims(lane.labels, missing)
    letters = own + "".join(a for a in axes if a not in own)
    dropped = tuple(i for i, a in enumerate(letters) if a not in axes)
    labels = labels.squeeze(dropped)
    letters = "".join(a for a in letters if a in axes)
    labels = labels.transpose([letters.index(a) for a in axes])
    for number, (where, values) in enumerate(_cropped(labels, size)):
        item = blocks.create_dataset(f"block{number:04d}", data=values)
        item.attrs["blockSlice"] = (
            "[" + ",".join(f"{start}:{stop}" for start, stop in where) + "]"
        ).encode()
        if version == "1.4.0":
            item.attrs["axistags"] = tags(axes).decode()


def _cropped(labels: np.ndarray, size: int) -> Iterator[tuple[list[tuple[int, int]], np.ndarray]]:
    for first in itertools.product(*(range(0, n, size) for n in labels.shape)):
        piece = labels[tuple(slice(at, at + size) for at in first)]
        places = np.nonzero(piece)
        if not len(places[0]):
            continue
        low = [int(p.min()) for p in places]
        high = [int(p.max()) + 1 for p in places]
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        yield [(at + a, at + b) for at, a, b in zip(first, low, high, strict=True)], piece[box]


def _write_features(
    group: h5py.Group,
    cells: Sequence[tuple[str, float]],
    rows: Sequence[str],
    sigmas: Sequence[float],
    in_2d: Sequence[bool] | None,
) -> None:
    if not cells:
        return
    chosen = np.zeros((len(rows), len(sigmas)), dtype=bool)
    for row, sigma in cells:
        chosen[list(rows).index(row), list(sigmas).index(sigma)] = True
    group["FeatureIds"] = np.array([row.encode() for row in rows])
    group["Scales"] = np.array(sigmas)
    group["SelectionMatrix"] = chosen
    if in_2d is not None:
        group["ComputeIn2d"] = np.array(in_2d)


def write_forest(
    group: h5py.Group, stumps: Sequence[Stump], n_features: int, known: Sequence[int]
) -> None:
    """Write trees with one threshold each, as two forests."""
    group["known_labels"] = np.array(known, dtype=np.uint32)
    group["pickled_type"] = KIND
    for number in range(2):
        forest = group.create_group(f"Forest{number:04d}")
        extra = forest.create_group("_ext_param")
        extra["labels"] = np.array(known, dtype=np.uint32)
        extra["column_count_"] = np.array([float(n_features)])
        extra["class_count_"] = np.array([float(len(known))])
        for place, (column, threshold, below, above) in enumerate(stumps[number::2]):
            tree = forest.create_group(f"Tree_{place}")
            n = len(known)
            tree["topology"] = np.array(
                [n_features, n, 0, 0, 7, 9, column, LEAF, 2, LEAF, 3 + n], dtype=np.int32
            )
            tree["parameters"] = np.array([8.0, threshold, 4.0, *below, 4.0, *above])


def write_old_project(
    path: Path,
    images: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    names: Sequence[str] = ("cell", "background"),
    colors: Sequence[int] = (0xFF0000, 0x00FF80),
    chosen: np.ndarray | None = None,
) -> Path:
    """Write a project of ilastik 0.5: everything in the file, as (t, x, y, z, c)."""
    with h5py.File(path, "w") as file:
        file["ilastikVersion"] = 0.5
        file.create_group("Project/FeatureSelection")
        if chosen is not None:
            file["Project/FeatureSelection/UserSelection"] = chosen
        for number, (image, its) in enumerate(zip(images, labels, strict=True)):
            item = file.create_group(f"DataSets/dataItem{number:02d}")
            item.attrs["Name"] = f"image {number}".encode()
            item.attrs["fileName"] = rb"Y:\tmp\image.tif"
            item["data"] = image
            item["labels/data"] = its
            item["labels"].attrs["name"] = [name.encode() for name in names]
            item["labels"].attrs["color"] = list(colors)
            item["labels"].attrs["number"] = [i + 1 for i in range(len(names))]
    return path
