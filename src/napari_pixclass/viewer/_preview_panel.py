"""Looking at a single feature."""

from __future__ import annotations

from collections.abc import Sequence

from napari_pixclass.core import FAMILY_OF, Feature

from ._channel_options import channel_names
from ._connections import Connections
from ._eliding_combo import ElidingCombo
from ._sections import Panel, PushButton, signals_blocked
from ._viewer_session import ViewerSession


class PreviewPanel(Panel):
    """Shows a chosen feature of the current image as a layer."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Preview")
        self._session = session
        self.feature = ElidingCombo()
        self.feature.setPlaceholderText("no feature chosen")
        self.channel = ElidingCombo()
        self.channel.setToolTip("The channel whose feature is shown.")
        self.show_it = PushButton(
            "Show", "Show the feature as a layer above its image; press again to take it away."
        )
        self.show_it.setCheckable(True)
        self.column.addWidget(self.feature)
        self.add_row(self.channel, self.show_it)
        self.feature.activated.connect(self._update_preview)
        self.channel.activated.connect(self._on_channel)
        self.show_it.clicked.connect(self._on_show)
        for signal in (
            session.features_changed,
            session.layers_changed,
            session.pairs_changed,
            session.active_layer_changed,
        ):
            connections.add(signal, self.refresh)
        connections.add(session.job_changed, self._on_job_changed)

    def refresh(self) -> None:
        """Show the current state."""
        image = self._session.current_source
        channels = () if image is None else channel_names(image)
        _show_names(self.channel, channels)
        self.channel.setVisible(len(channels) > 1)
        features = self._session.features_of(max(self.channel.currentIndex(), 0))
        names = () if features is None else tuple(map(_short_name, features.features))
        _show_names(self.feature, names)
        possible = image is not None and bool(names)
        self.feature.setEnabled(possible)
        self.show_it.setEnabled(possible)
        self.show_it.setChecked(self._session.previewing)
        self._name_feature()

    def _on_job_changed(self) -> None:
        self.show_it.setChecked(self._session.previewing)

    def _on_show(self, on: bool) -> None:
        if on:
            self._start()
        else:
            self._session.stop_preview()

    def _name_feature(self) -> None:
        name = self.feature.currentText()
        self.feature.setToolTip(
            "The feature to look at, among those chosen: its family, its scale, and for eigenvalues which one "
            f"(0 is the largest).\n{name}"
        )

    def _on_channel(self) -> None:
        self.refresh()  # a channel may have features of its own
        self._update_preview()

    def _update_preview(self) -> None:
        self._name_feature()
        if self._session.previewing and self.feature.currentIndex() >= 0:
            self._start()

    def _start(self) -> None:
        channel = max(self.channel.currentIndex(), 0)
        self._session.preview(self.feature.currentIndex(), channel)


def _show_names(combo: ElidingCombo, names: Sequence[str]) -> None:
    """Offer names, and stay at the current one if it is among them."""
    if tuple(names) == tuple(combo.itemText(i) for i in range(combo.count())):
        return
    current = combo.currentText()
    with signals_blocked(combo):
        combo.clear()
        combo.addItems(list(names))
        combo.setCurrentIndex(max(combo.findText(current), 0) if names else -1)


def _short_name(feature: Feature) -> str:
    family = FAMILY_OF[feature.family]
    index = f" [{feature.component}]" if family.per_axis else ""
    return f"{family.title} {feature.sigma:g}{index}"
