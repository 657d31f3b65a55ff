"""The dock in which images are predicted."""

from __future__ import annotations

from typing import Any

from ._batch_panel import BatchPanel
from ._classifier_panel import ClassifierPanel
from ._dock import Dock
from ._prediction_panel import PredictionPanel, prediction_problem
from ._write_panel import WritePanel


class PredictDock(Dock):
    """The classifier, the image, the outputs, and running it, in memory or to disk.

    Parameters
    ----------
    napari_viewer
        The viewer; napari fills it in by its name.
    """

    title = "Predict"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer, prediction_problem)
        self.prediction = PredictionPanel(self.session, self.connections)
        self.classifier = ClassifierPanel(self.session, self.connections)
        self.writing = WritePanel(self.session, self.connections)
        self.batch = BatchPanel(self.session, self.connections)
        self.add_panel(self.prediction)
        self.add_panel(self.writing)
        self.add_panel(self.batch)
        self.add_panel(self.classifier)
        self.refresh()
