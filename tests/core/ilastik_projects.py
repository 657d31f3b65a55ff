"""The trained classifiers of ilastik's own projects, read with nothing but h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from napari_pixclass.core import (
    ILASTIK_FAMILIES,
    Dialect,
    FeatureSet,
    ForestArrays,
    PixelClassifier,
    VigraForest,
    default_class,
    forest_from_vigra,
    ilastik_columns,
)


def dataset(path: Path) -> np.ndarray:
    """The only dataset of a file."""
    found: list[Any] = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: found.append(item) if hasattr(item, "dtype") else None)
        return found[0][()]


def read_project(
    path: Path, ndim: int, dialect: Dialect = "ilastik"
) -> tuple[ForestArrays, FeatureSet, int, int]:
    """Forest, features, number of channels and of classes."""
    with h5py.File(path) as file:
        chosen = file["FeatureSelections"]
        ids = [ILASTIK_FAMILIES[name.decode()] for name in chosen["FeatureIds"]]
        cells = [
            (ids[row], float(chosen["Scales"][column]))
            for row, column in np.argwhere(chosen["SelectionMatrix"][()])
        ]
        group = file["PixelClassification/ClassifierForests"]
        forests = []
        for name in sorted(key for key in group if key.startswith("Forest")):
            trees = [group[name][key] for key in sorted(group[name]) if key.startswith("Tree_")]
            forests.append(
                VigraForest(
                    [(tree["topology"][()], tree["parameters"][()]) for tree in trees],
                    group[name]["_ext_param/labels"][()].tolist(),
                )
            )
        n_classes = len(file["PixelClassification/LabelNames"])
    selection = {family: [s for other, s in cells if other == family] for family, _ in cells}
    features = FeatureSet.from_selection(selection, ndim, dialect=dialect)
    n_features = int(forests[0].trees[0][0][0])
    n_channels = n_features // len(features)
    forest = forest_from_vigra(
        forests,
        n_features=n_features,
        classes=range(1, n_classes + 1),
        columns=ilastik_columns(cells, features, n_channels),
    )
    return forest, features, n_channels, n_classes


def classifier_of(
    path: Path, ndim: int, channel_axis: int | None, dialect: Dialect = "ilastik"
) -> PixelClassifier:
    forest, features, n_channels, n_classes = read_project(path, ndim, dialect)
    classes = [default_class(value) for value in range(1, n_classes + 1)]
    return PixelClassifier.from_forest(
        forest, features, classes, n_channels=n_channels, channel_axis=channel_axis
    )


def labels_of(path: Path, shape: tuple[int, ...], lane: int = 0) -> np.ndarray:
    """Labels of a lane, without their axis of channels."""
    labels = np.zeros((*shape, 1), np.uint8)
    with h5py.File(path) as file:
        for block in file[f"PixelClassification/LabelSets/labels{lane:03d}"].values():
            text = block.attrs["blockSlice"]
            text = text.decode() if isinstance(text, bytes) else text
            bounds = [axis.split(":") for axis in text.strip("[]").split(",")]
            labels[tuple(slice(int(start), int(stop)) for start, stop in bounds)] = block[()]
    return labels[..., 0]
