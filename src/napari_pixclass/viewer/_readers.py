"""napari's readers: files dropped on a viewer, or opened from its menu, that go into its session.

napari expects layers of a reader. What a classifier or a project brings goes into the session instead, which adds
layers by itself where there are any: the reader then says that there is nothing to be added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari
from napari.components import ViewerModel

from napari_pixclass.io import (
    LABKIT_SUFFIX,
    SCRIBBLES_SUFFIX,
    has_own_labels,
    is_project,
    open_label_file,
    result_in,
)
from napari_pixclass.session import filled_labels

from ._adoption import pair_metadata
from ._arrangement import docks_in
from ._opening_viewer import opening_viewer
from ._outputs import labels_colormap
from ._registry import session as session_of
from ._result_reader import read_result

LayerData = tuple[Any, ...]
Reader = Callable[[str | Sequence[str]], list[LayerData]]

NOTHING_TO_ADD: list[LayerData] = [(None,)]
"""What napari takes for "has been read, and gives no layer"."""

MODEL_SUFFIX, PROJECT_SUFFIX = ".pixclass", ".ilp"


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """What reads files of ours, of ilastik and of Labkit; None for others."""
    first = Path(path if isinstance(path, str) else path[0])
    if first.is_dir():
        if is_project(first):
            return read_saved_project
        return read_results if all(map(result_in, _files(path))) else None
    return _READERS.get(first.suffix.lower())


def read_model(path: str | Sequence[str]) -> list[LayerData]:
    """Use a classifier in the viewer that reads it."""
    viewer = _reading_viewer("a classifier")
    session = session_of(viewer)
    for file in _files(path):
        session.load_classifier(file)
        if has_own_labels(file):
            session.report(f"Loaded {file.name}. Continue… brings back what it was trained on.")
    _show_dock(viewer)
    return NOTHING_TO_ADD


def read_project(path: str | Sequence[str]) -> list[LayerData]:
    """Take over images, labels, classes and classifier of ilastik projects, soon: they are read in the background."""
    viewer = _reading_viewer("an ilastik project")
    for file in _files(path):
        session_of(viewer).arrivals.open(file)
    _show_dock(viewer)
    return NOTHING_TO_ADD


def read_saved_project(path: str | Sequence[str]) -> list[LayerData]:
    """Go on with a project that was saved here, soon: it is read in the background."""
    viewer = _reading_viewer("a project")
    *_, last = _files(path)
    session_of(viewer).open_project(last)
    _show_dock(viewer)
    return NOTHING_TO_ADD


def read_labels(path: str | Sequence[str]) -> list[LayerData]:
    """Labels as layers where there is no viewer; else for their images, soon."""
    viewer = _viewer_that_reads()
    layers = []
    for file in _files(path):
        if viewer is not None and file.suffix.lower() == SCRIBBLES_SUFFIX:
            session_of(viewer).arrivals.open(file)
        else:
            layers.append(_labels_layer(file))
    if viewer is not None:
        _show_dock(viewer)
    return layers or NOTHING_TO_ADD


def read_results(path: str | Sequence[str]) -> list[LayerData]:
    """Results in OME-Zarr, as the layers that they would be in the viewer."""
    return [layer for file in _files(path) for layer in read_result(file)]


_READERS: dict[str, Reader] = {
    MODEL_SUFFIX: read_model,
    PROJECT_SUFFIX: read_project,
    SCRIBBLES_SUFFIX: read_labels,
    LABKIT_SUFFIX: read_labels,
}


def _labels_layer(path: Path) -> LayerData:
    from napari_pixclass.core import place_labels

    file = open_label_file(path)
    labelled = place_labels(file.labels, file.shape).labelled
    arguments = {
        "name": path.stem,
        "metadata": pair_metadata(path.name, file.classes),
        "colormap": labels_colormap(file.classes),
    }
    return filled_labels(file.shape, labelled), arguments, "labels"


def _files(path: str | Sequence[str]) -> list[Path]:
    return [Path(path)] if isinstance(path, str) else [Path(file) for file in path]


def _reading_viewer(what: str) -> ViewerModel:
    viewer = _viewer_that_reads()
    if viewer is None:
        raise ValueError(f"{what} is opened in a napari viewer, and there is none. Make one first.")
    return viewer


def _viewer_that_reads() -> ViewerModel | None:
    """The viewer for which napari is reading right now, else the one that is active."""
    return opening_viewer() or napari.current_viewer()


def _show_dock(viewer: Any) -> None:
    """Open the Train dock in a window that has none of our docks: else nobody would see what has come."""
    window = getattr(viewer, "window", None)
    if window is None:
        return
    if not docks_in(viewer):
        window.add_plugin_dock_widget("napari-pixclass", "Train", tabify=True)
