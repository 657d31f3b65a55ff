"""The dock that says how good a classifier is, and will be."""

from __future__ import annotations

from typing import Any

from ._calibration_panel import CalibrationPanel
from ._dock import Dock
from ._evaluation_panel import EvaluationPanel
from ._validation_panel import ValidationPanel
from ._viewer_session import ViewerSession


class QualityDock(Dock):
    """Figures from the labels alone, and from a truth where there is one.

    Parameters
    ----------
    napari_viewer
        The viewer; napari fills it in by its name.
    """

    title = "Quality"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer, _problem)
        self.validation = ValidationPanel(self.session, self.connections)
        self.calibration = CalibrationPanel(self.session, self.connections)
        self.evaluation = EvaluationPanel(self.session, self.connections)
        for panel in (self.validation, self.calibration, self.evaluation):
            self.add_panel(panel)
        self.refresh()


def _problem(session: ViewerSession) -> str | None:
    return session.trial_problem
