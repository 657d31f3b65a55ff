"""Projects of ilastik 0.5, whose layout has nothing in common with later ones.

Images lie in the project, with the axes t, x, y, z, c; flat ones as (1, 1, y, x, c).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ClassInfo

from ._ilastik_classes import class_infos
from ._ilastik_hdf5 import as_text, attribute, child, children, dataset, number_in, numbers
from ._ilastik_images import ImageSource
from ._ilastik_labels import IlastikLabels, labels_of_array
from ._ilastik_project import IlastikFeatures, IlastikLane, IlastikProject

VERSION = "0.5"

SCALES = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)

# Features were chosen in groups; nothing of the third one, orientation, exists any more.
GROUPS = (
    ("gaussian_smoothing", 0),
    ("laplacian_of_gaussian", 1),
    ("structure_tensor_eigenvalues", 3),
    ("hessian_of_gaussian_eigenvalues", 3),
    ("gaussian_gradient_magnitude", 1),
    ("difference_of_gaussians", 1),
)

WORKFLOW = "Pixel Classification"


def read_old_project(file: Any, path: Path) -> IlastikProject:
    """Read a project of ilastik 0.5."""
    notes: list[str] = []
    lanes = []
    classes: tuple[ClassInfo, ...] = ()
    for name, item in children(child(file, "DataSets")):
        data = dataset(item, "data")
        if data is None or data.ndim != 5 or 0 in data.shape:
            notes.append(f"The image {name} lies in no layout that is known; it is left out.")
            continue
        classes = max(classes, _classes(child(item, "labels")), key=len)
        lanes.append(_lane(path, name, item, data))
    features = _features(child(file, "Project"), notes)
    notes.append(
        "Projects of ilastik 0.5 hold no classifier that can be taken over; train on their labels."
    )
    return IlastikProject(path, VERSION, WORKFLOW, classes, features, tuple(lanes), None, notes)


def _lane(path: Path, name: str, item: Any, data: Any) -> IlastikLane:
    title = attribute(item, "Name")
    # A flat image has no axis x: its rows and columns are y and z.
    axes = "TZYXC" if data.shape[1] == 1 else "TXYZC"
    labels = dataset(item, "labels/data")
    found = IlastikLabels.none()
    if labels is not None and labels.dtype.kind in "ui" and labels.shape[:4] == data.shape[:4]:
        found = labels_of_array(labels, axes, "".join(a for a in "TZYX" if a in axes))
    return IlastikLane(
        max(number_in(name), 0),
        as_text(title) if isinstance(title, bytes | str | np.bytes_) else name,
        path,
        ImageSource(name, embedded=f"DataSets/{name}/data"),
        axes,
        tuple(int(n) for n in data.shape),
        found,
    )


def _classes(labels: Any) -> tuple[ClassInfo, ...]:
    if labels is None:
        return ()
    names, colors = attribute(labels, "name"), attribute(labels, "color")
    values = attribute(labels, "number")
    if names is None or colors is None:
        return ()
    titles = [as_text(name) for name in np.asarray(names).reshape(-1)]
    rgb = [
        (int(color) >> 16 & 255, int(color) >> 8 & 255, int(color) & 255)
        for color in np.asarray(colors).reshape(-1)
    ]
    known = None if values is None else [int(value) for value in np.asarray(values).reshape(-1)]
    return class_infos(titles, rgb, known)


def _features(project: Any, notes: list[str]) -> IlastikFeatures | None:
    chosen = numbers(project, "FeatureSelection/UserSelection", "bui") if project else None
    if chosen is None or chosen.ndim != 2 or len(chosen) != 4 or chosen.shape[1] > len(SCALES):
        return None
    chosen = chosen.astype(bool)
    if chosen[2].any():
        notes.append(
            "The orientation features of ilastik 0.5 have no counterpart; they are left out."
        )
    cells = tuple(
        (family, sigma)
        for family, group in GROUPS
        for sigma, is_chosen in zip(SCALES, chosen[group].tolist(), strict=False)
        if is_chosen
    )
    return IlastikFeatures(cells, None) if cells else None


def is_old(version: npt.NDArray[Any] | None) -> bool:
    """Whether a project was written by ilastik 0.5, by the number in it."""
    return (
        version is not None and np.size(version) == 1 and float(np.reshape(version, -1)[0]) == 0.5
    )
