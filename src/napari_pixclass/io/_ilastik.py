"""Reading ilastik projects (``.ilp``), with h5py alone: images, labels, classes, features, the trained forest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_pixclass.core import ILASTIK_FAMILIES, MAX_SIGMA, ClassInfo, default_class

from ._archive import FileContentError
from ._hdf5 import require_h5py
from ._ilastik_classes import class_infos
from ._ilastik_forest import IlastikForest, read_forest
from ._ilastik_hdf5 import (
    attribute,
    axes_of_tags,
    checked_axes,
    child,
    children,
    dataset,
    is_group,
    number_in,
    numbers,
    text,
    texts,
)
from ._ilastik_images import ImageSource, find_source
from ._ilastik_labels import (
    MAX_LABELS,
    IlastikLabels,
    LabelAxes,
    read_labels,
    version_key,
)
from ._ilastik_old import is_old, read_old_project
from ._ilastik_project import IlastikFeatures, IlastikLane, IlastikProject

MAX_SCALES = 1000
"""Most scales of a table of features; ilastik offers 7."""

Roots = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def read_ilastik(path: str | os.PathLike[str], roots: Roots = ()) -> IlastikProject:
    """Read an ilastik project, of version 0.5 to 1.4. Nothing of the file is run or unpickled.

    Parameters
    ----------
    path
        The project file (``.ilp``).
    roots
        Folders in which to look for images that are not where the project says.

    Returns
    -------
    IlastikProject
        Images are looked for, but not opened; `IlastikProject.notes` says what could not be taken over.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no ilastik project, or one without pixel classification, or is damaged.
    """
    require_h5py()
    import h5py

    path = Path(path)
    folders = [Path(root) for root in ([roots] if isinstance(roots, str | os.PathLike) else roots)]
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(
                f"a folder with images must exist; there is no folder '{folder}'."
            )
    if not path.is_file():
        raise FileNotFoundError(f"the project file must exist; there is no file '{path}'.")
    try:
        # Without a lock: ilastik may have it open.
        with h5py.File(path, "r", locking=False) as file:
            return _read(file, path.absolute(), folders)
    except (PermissionError, MemoryError):
        raise
    except FileContentError as error:
        raise _unreadable(path, str(error)) from error
    except Exception as error:  # whatever h5py raises when a file is damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _unreadable(path, f"it is damaged, or no HDF5 file ({reason[:120]})") from error


def _unreadable(path: Path, reason: str) -> FileContentError:
    return FileContentError(f"'{path}' cannot be read as an ilastik project: {reason}.")


def _read(file: Any, path: Path, roots: list[Path]) -> IlastikProject:
    if is_old(numbers(file, "ilastikVersion", "fiu")):
        return read_old_project(file, path)
    version = text(file, "ilastikVersion")
    workflow = text(file, "workflowName") or "Pixel Classification"
    if version is None:
        raise FileContentError("it does not say which version of ilastik wrote it")
    stage = child(file, "PixelClassification")
    if not is_group(stage):
        raise FileContentError(
            f"it holds no pixel classification; its workflow is {workflow[:80]!r}"
        )
    notes = _notes_on_workflow(file, workflow)
    labels: Any = child(stage, "LabelSets")
    lanes = _lanes(file, path, roots, labels, (version_key(version), workflow), notes)
    features, is_whole = _features(child(file, "FeatureSelections"), notes)
    forest = _forest(child(stage, "ClassifierForests"), notes)
    if forest is not None and not is_whole:
        notes.append(
            "The trained classifier is left out: not all features that it needs are known."
        )
        forest = None
    classes = _classes(stage, lanes, forest, notes)
    return IlastikProject(path, version, workflow, classes, features, lanes, forest, tuple(notes))


def _notes_on_workflow(file: Any, workflow: str) -> list[str]:
    notes = []
    stages = [name for name in file if re.fullmatch(r"PixelClassification\d+", str(name))]
    if stages:
        notes.append(
            f"The project classifies in {len(stages) + 1} stages (autocontext); only the first one is taken over, so "
            "results differ from those of ilastik's last stage."
        )
    elif workflow != "Pixel Classification":
        notes.append(
            f"Of the workflow '{_printable(workflow)}' only the pixel classification is taken over."
        )
    return notes


# Images and labels ----------------------------------------------------------------------------------------------------


def _lanes(
    file: Any,
    path: Path,
    roots: list[Path],
    label_sets: Any,
    written_by: tuple[tuple[int, ...], str],
    notes: list[str],
) -> tuple[IlastikLane, ...]:
    blocks_of = {number_in(name): group for name, group in children(label_sets)}
    lanes = []
    budget = MAX_LABELS
    for name, group in children(child(file, "Input Data/infos")):
        if not is_group(group):
            continue
        raw = child(group, "Raw Data") if dataset(group, "filePath") is None else group
        if raw is None or not len(raw):
            roles = [role for role, info in children(group) if len(info)]
            raw = child(group, roles[0]) if roles else None
        if not is_group(raw):
            continue
        number = number_in(name)
        blocks = blocks_of.pop(number, None)
        lane = _lane(raw, number, path, roots)
        about = LabelAxes(lane.axes, lane.lengths, *written_by)
        try:
            labels = read_labels(blocks, about, budget)
        except FileContentError:
            raise
        except ValueError as error:
            notes.append(f"The labels of the image '{lane.name}' are left out: {error}.")
            labels = IlastikLabels.none()
        budget -= len(labels)
        mask = child(group, "Prediction Mask")
        if mask is not None and len(mask):
            notes.append(
                f"The prediction mask of the image '{lane.name}' is left out; predictions are made everywhere."
            )
        lanes.append(replace(lane, labels=labels, has_mask=mask is not None and len(mask) > 0))
    left_over = [group for group in blocks_of.values() if len(group)]
    if left_over:
        notes.append(
            f"Labels of {len(left_over)} images that the project does not name are left out."
        )
    return tuple(lanes)


def _lane(info: Any, number: int, path: Path, roots: list[Path]) -> IlastikLane:
    stored = text(info, "filePath") or ""
    embedded = _embedded(info)
    data = dataset(info.file, embedded) if embedded else None
    axes = axes_of_tags(text(info, "axistags")) or checked_axes(text(info, "axisorder") or "")
    if not axes and data is not None:
        tags = attribute(data, "axistags")
        axes = axes_of_tags(tags if isinstance(tags, str) else tags and bytes(tags).decode())
    lengths = numbers(info, "shape", "iu") if data is None else np.array(data.shape)
    shape = None
    if lengths is not None and lengths.ndim == 1:
        shape = tuple(int(length) for length in lengths)
        if not axes:
            axes = _default_axes(shape)
        if len(shape) != len(axes) or min(shape) < 1:
            shape = None
    region = numbers(info, "subvolume_roi", "iu")
    source = (
        ImageSource(stored, embedded=embedded)
        if data is not None
        else ImageSource(stored, problem="the project should hold it, but does not")
        if embedded
        else find_source(stored, path, roots)
    )
    if region is not None and region.shape == (2, len(axes)):
        source = replace(source, region=tuple((int(a), int(b)) for a, b in region.T))
    along = checked_axes((text(info, "sequence_axis") or "") + "YX")
    name = _printable(text(info, "nickname") or "") or source.short or f"image {number + 1}"
    return IlastikLane(
        number,
        name,
        path,
        replace(source, stacked_along=along[:-2]),
        axes,
        shape,
        IlastikLabels.none(),
    )


def _embedded(info: Any) -> str:
    """Where in the project the image should lie; empty if it lies elsewhere."""
    if text(info, "location") != "ProjectInternal":
        return ""
    inner = text(info, "inner_path")
    identity = text(info, "datasetId") or "missing"
    return (inner or f"Input Data/local_data/{identity}").strip("/")


def _default_axes(shape: tuple[int, ...]) -> str:
    """What ilastik takes axes for that nobody has named."""
    few = {2: "YX", 3: "YXC" if shape[-1] <= 4 else "ZYX", 4: "ZYXC", 5: "TZYXC"}
    return few.get(len(shape), "")


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name).strip()[:200]


# Classes, features, classifier ----------------------------------------------------------------------------------------


def _classes(
    stage: Any, lanes: Iterable[IlastikLane], forest: IlastikForest | None, notes: list[str]
) -> tuple[ClassInfo, ...]:
    """Classes that are named, painted with, or known to the classifier."""
    found = dataset(stage, "LabelNames")
    names = [] if found is None or _is_empty(found) else texts(found)
    colors = _colors(stage, "LabelColors")
    if names and _colors(stage, "PmapColors") not in ([], colors):
        notes.append(
            "The colours of the probabilities, where they differ from those of the labels, are left out: here a class "
            "has one colour."
        )
    classes = {info.value: info for info in class_infos(names, colors)}
    used = {value for lane in lanes for value in lane.labels.counts}
    used |= set(forest.classes) if forest is not None else set()
    for value in sorted(used - set(classes)):
        classes[value] = default_class(value)
        if names:
            notes.append(f"Class {value} has no name in the project.")
    return tuple(classes[value] for value in sorted(classes))


def _is_empty(found: Any) -> bool:
    flag = attribute(found, "isEmpty")
    return flag is not None and bool(np.all(flag))


def _colors(stage: Any, name: str) -> list[tuple[int, ...]]:
    colors = numbers(stage, name, "iu")
    if colors is None or colors.ndim != 2:
        return []
    return [tuple(int(part) for part in color) for color in colors]


def _features(group: Any, notes: list[str]) -> tuple[IlastikFeatures | None, bool]:
    """The features that are known here; and whether that is all of them."""
    if group is None:
        return None, False
    if child(group, "FeatureListFilename") is not None:
        notes.append(
            "The features come from files outside the project; they cannot be computed here."
        )
        return None, False
    chosen, scales = numbers(group, "SelectionMatrix", "bui"), numbers(group, "Scales", "fui")
    found = dataset(group, "FeatureIds")
    if chosen is None or scales is None or found is None:
        return None, False
    ids = texts(found)
    if chosen.shape != (len(ids), scales.size) or scales.size > MAX_SCALES:
        raise FileContentError(
            "its table of features has other rows and columns than features and scales"
        )
    sigmas = [float(sigma) for sigma in scales.reshape(-1)]
    cells = [(ids[row], sigmas[column]) for row, column in zip(*np.nonzero(chosen), strict=True)]
    left_out = [
        (name, sigma)
        for name, sigma in cells
        if name not in ILASTIK_FAMILIES or not 0 < sigma <= MAX_SIGMA
    ]
    if left_out:
        listed = ", ".join(sorted({f"{_printable(name)} at {s:g}" for name, s in left_out})[:8])
        notes.append(f"Features that are not known here are left out: {listed}.")
    known = tuple((ILASTIK_FAMILIES[n], s) for n, s in cells if (n, s) not in left_out)
    in_2d = numbers(group, "ComputeIn2d", "bui")
    flat = None
    if in_2d is not None and in_2d.shape == (len(sigmas),):
        flat = tuple(sigma for sigma, is_2d in zip(sigmas, in_2d.tolist(), strict=True) if is_2d)
    if len(set(known)) != len(known):
        raise FileContentError("its table of features names the same ones twice")
    return (IlastikFeatures(known, flat) if known else None), bool(known) and not left_out


def _forest(group: Any, notes: list[str]) -> IlastikForest | None:
    try:
        return read_forest(group)
    except ValueError as error:
        notes.append(f"The trained classifier is left out: {error}.")
        return None
