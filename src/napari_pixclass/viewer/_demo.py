"""A first look: everything on screen, with a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import napari

from ._feature_dock import FeatureDock
from ._predict_dock import PredictDock
from ._registry import session as session_of
from ._sample_data import sample_layers
from ._train_dock import TrainDock

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

DOCKS = {"Feature selection": FeatureDock, "Predict": PredictDock, "Train": TrainDock}
"""The docks, that which is in front last."""


def open_demo(out_dir: str | Path) -> None:
    """Open napari with a sample, its scribbles and the docks, train, predict, and stay until it is closed.

    Parameters
    ----------
    out_dir
        Folder that exists; the classifier is saved there, and file dialogs start there.
    """
    viewer = napari.Viewer(title="napari-pixclass demo")
    for data, arguments, kind in sample_layers("cells"):
        getattr(viewer, f"add_{kind}")(data, **arguments)
    show_docks(viewer)
    session = session_of(viewer)
    session.folder = Path(out_dir)

    def save(classifier: PixelClassifier | None) -> None:
        session.classifier_changed.disconnect(save)
        session.save_classifier(session.folder / "cells.pixclass")

    session.classifier_changed.connect(save)
    session.train()
    session.predict()
    napari.run()


def show_docks(viewer: napari.Viewer) -> None:
    """Put the docks into the window, one behind the other."""
    for title, dock in DOCKS.items():
        viewer.window.add_dock_widget(dock(viewer), name=title, area="right", tabify=True)
