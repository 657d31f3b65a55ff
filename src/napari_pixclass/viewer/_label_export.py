"""Writing the labels of an image to a file."""

from __future__ import annotations

import re
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_pixclass.io import LABEL_SUFFIXES, SCRIBBLES_SUFFIX
from napari_pixclass.session import Pair

from ._viewer_session import ViewerSession

FILTERS = {
    "Scribbles with their classes (*.scribbles)": ".scribbles",
    "TIFF label image (*.tif *.tiff)": ".tif",
    "PNG with a palette (*.png)": ".png",
    "OME-Zarr (*.zarr)": ".zarr",
    "HDF5 (*.h5 *.hdf5)": ".h5",
    "numpy array (*.npy)": ".npy",
}


def pair_to_export(session: ViewerSession) -> Pair | None:
    """The pair whose labels or image are active, else the first."""
    active, current = session.active_layer, session.current_source
    pairs = session.pairs
    for pair in pairs:
        if getattr(pair.labels, "layer", None) is active is not None:
            return pair
    for pair in pairs:
        if pair.image == current:
            return pair
    return pairs[0] if pairs else None


def ask_and_export(session: ViewerSession, pair: Pair, parent: QWidget) -> None:
    """Ask for a file, and write the labels of a pair to it in the background."""
    stem = re.sub(r"[^\w.-]+", "_", pair.image.name) or "image"
    start = session.folder / f"{stem}_labels{SCRIBBLES_SUFFIX}"
    title = f"Export the labels of {pair.image.name}"
    path, chosen = QFileDialog.getSaveFileName(parent, title, str(start), ";;".join(FILTERS))
    if not path:
        return
    session.folder = Path(path).parent
    target = with_suffix(Path(path), FILTERS.get(chosen, SCRIBBLES_SUFFIX))
    if target != Path(path) and target.exists():  # the dialog has asked about the other name only
        session.report_error(
            f"{target.name} is there already. Choose that very name to replace it."
        )
    else:
        export(session, pair, target)


def with_suffix(path: Path, suffix: str) -> Path:
    """A path with a suffix that can be written: the one that was typed, else the one that was chosen."""
    return path if path.suffix.lower() in LABEL_SUFFIXES else path.with_name(path.name + suffix)


def export(session: ViewerSession, pair: Pair, path: Path) -> None:
    """Write the labels of a pair in the background."""
    session.run_in_background(
        session.export_of(pair, path),
        f"Writing {path.name}",
        lambda: session.report(f"Wrote the labels of {pair.image.name} to {path.name}."),
    )
