"""The dock in which features are chosen."""

from __future__ import annotations

from typing import Any

from ._dimensions_panel import DimensionsPanel
from ._dock import Dock
from ._feature_choice import FeatureChoice
from ._preview_panel import PreviewPanel
from ._scales_panel import ScalesPanel
from ._sources import suggested_ndim
from ._viewer_session import ViewerSession


class FeatureDock(Dock):
    """Feature selection.

    Parameters
    ----------
    napari_viewer
        The viewer; napari fills it in by its name.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer, _problem)
        self.choice = FeatureChoice()
        image = self.session.current_image
        if image is not None:
            self.choice.ndim = suggested_ndim(image)
        self.dimensions = DimensionsPanel(self.session, self.choice)
        self.scales = ScalesPanel(self.session, self.choice)
        self.preview = PreviewPanel(self.session, self.connections)
        for panel in (self.dimensions, self.scales, self.preview):
            self.add_panel(panel)
        self.dimensions.changed.connect(self._on_choice_changed)
        self.scales.changed.connect(self._on_choice_changed)
        for signal in (
            self.session.features_changed,
            self.session.layers_changed,
            self.session.pairs_changed,
            self.session.active_layer_changed,
        ):
            self.connections.add(signal, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the session's features."""
        features = self.session.features
        if features is None:
            self.choice.chosen = set()
        elif features != self.choice.features:
            self.choice.adopt(features)
        super().refresh()

    def _on_choice_changed(self) -> None:
        self.session.features = self.choice.features
        self.refresh()


def _problem(session: ViewerSession) -> str | None:
    return None if session.features else "Choose at least one feature."
