"""The dock in which features are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ._dimensions_panel import DimensionsPanel
from ._dock import Dock
from ._feature_choice import FeatureChoice
from ._preview_panel import PreviewPanel
from ._scales_panel import ScalesPanel
from ._sources import suggested_ndim
from ._suggestion_panel import SuggestionPanel
from ._viewer_session import ViewerSession


class FeatureDock(Dock):
    """Feature selection.

    Parameters
    ----------
    napari_viewer
        The viewer; napari fills it in by its name.
    """

    title = "Feature selection"

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer, _problem)
        self.choice = FeatureChoice()
        image = self.session.current_image
        if image is not None:
            self.choice.ndim = suggested_ndim(image)
        self.dimensions = DimensionsPanel(self.session, self.choice)
        self.scales = ScalesPanel(self.session, self.choice)
        self.suggestion = SuggestionPanel(self.session, self.connections)
        self.preview = PreviewPanel(self.session, self.connections)
        for panel in (self.dimensions, self.scales, self.suggestion, self.preview):
            self.add_panel(panel)
        self.dimensions.changed.connect(self._on_dimensions_changed)
        self.scales.changed.connect(self._on_choice_changed)
        self.scales.chooser.chosen.connect(self.refresh)
        self.scales.chooser.reset_requested.connect(self._on_reset)
        for signal in (
            self.session.features_changed,
            self.session.layers_changed,
            self.session.pairs_changed,
            self.session.active_layer_changed,
        ):
            self.connections.add(signal, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the session's features, those of all channels or of the one chosen."""
        self.scales.show_channels()
        channel = self.scales.chooser.channel
        features = self.session.features if channel is None else self.session.features_of(channel)
        if features is None:
            self.choice.chosen = set()
        elif features != self.choice.features:
            self.choice.adopt(features)
        super().refresh()

    def _on_choice_changed(self) -> None:
        channel, features = self.scales.chooser.channel, self.choice.features
        if channel is None:
            self.session.features = features
        elif features == self.session.features:
            self._on_reset(channel)
        else:
            self.session.channel_features = {**self.session.channel_features, channel: features}
        self.refresh()

    def _on_dimensions_changed(self) -> None:
        features = self.session.features
        if self.scales.chooser.channel is None or features is None:
            self._on_choice_changed()
        else:  # all channels have the same
            self.session.features = replace(features, ndim=self.choice.ndim)
            self.refresh()

    def _on_reset(self, channel: int) -> None:
        own = self.session.channel_features
        own.pop(channel, None)
        self.session.channel_features = own
        self.refresh()


def _problem(session: ViewerSession) -> str | None:
    return None if session.features else "Choose at least one feature."
