"""The dock in which a classifier is trained."""

from __future__ import annotations

from typing import Any

from ._arrivals_panel import ArrivalsPanel
from ._classes_panel import ClassesPanel
from ._classifier_panel import ClassifierPanel
from ._dock import Dock
from ._images_panel import ImagesPanel
from ._keys_panel import KeysPanel
from ._label_import_panel import LabelImportPanel
from ._levels_panel import LevelsPanel
from ._place_panel import PlacePanel
from ._project_panel import ProjectPanel
from ._restore_panel import RestorePanel
from ._training_panel import TrainingPanel
from ._viewer_session import ViewerSession


class TrainDock(Dock):
    """Images, labels, classes, and the training.

    Parameters
    ----------
    napari_viewer
        The viewer; napari fills it in by its name.
    """

    title = "Train"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer, _problem)
        self.project = ProjectPanel(self.session, self.connections)
        self.restore = RestorePanel(self.session, self.connections)
        self.arrivals = ArrivalsPanel(self.session, self.connections)
        self.images = ImagesPanel(self.session, self.connections)
        self.label_import = LabelImportPanel(self.session, self.connections)
        self.classes = ClassesPanel(self.session, self.connections)
        self.places = PlacePanel(self.session, self.connections)
        self.training = TrainingPanel(self.session, self.connections)
        self.classifier = ClassifierPanel(self.session, self.connections, trains=True)
        self.levels = LevelsPanel(self.session, self.connections)
        self.keys_list = KeysPanel(self.session, self.connections)
        for panel in (
            self.project,
            self.restore,
            self.arrivals,
            self.images,
            self.label_import,
            self.classes,
            self.places,
            self.training,
            self.classifier,
            self.levels,
            self.keys_list,
        ):
            self.add_panel(panel)
        self.images.import_requested.connect(self.label_import.open_import)
        self.refresh()


def _problem(session: ViewerSession) -> str | None:
    return session.plan.training_problem
