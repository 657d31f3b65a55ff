"""Which features: presets, the grid, scales of one's own."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QPushButton

from napari_pixclass.core import MAX_SIGMA

from ._channel_chooser import ChannelChooser
from ._channel_options import training_channels
from ._feature_choice import MIN_SIGMA, PRESETS, FeatureChoice
from ._feature_grid import FeatureGrid
from ._sections import Panel, PushButton, hint_label, labelled
from ._viewer_session import ViewerSession

PRESET_TOOLTIPS = {
    "Fast": "A few features that compute several times faster: a first try, or large images.",
    "Default": "All families at the seven scales that suit most images.",
    "All": "Everything in the grid, with the scales that were added.",
}


class ScalesPanel(Panel):
    """Presets, the grid of families and scales, and adding or removing a scale."""

    changed = Signal()

    def __init__(self, session: ViewerSession, choice: FeatureChoice) -> None:
        super().__init__("Features")
        self._session = session
        self._choice = choice
        self.chooser = ChannelChooser()
        self.presets = [PushButton(name, PRESET_TOOLTIPS[name]) for name in PRESETS]
        for button in self.presets:
            button.clicked.connect(self._on_preset)
        self.grid = FeatureGrid(choice)
        self.grid.changed.connect(self.changed.emit)
        self.sigma = QDoubleSpinBox()
        self.sigma.setRange(MIN_SIGMA, MAX_SIGMA)
        self.sigma.setDecimals(2)
        self.sigma.setSingleStep(0.5)
        self.sigma.setValue(2.0)
        self.sigma.setToolTip(
            f"A scale: width of the filters in pixels, {MIN_SIGMA:g} to {MAX_SIGMA:g}. "
            "Small scales see detail, large ones see surroundings, and cost time."
        )
        self.add = PushButton("Add", "Add this scale to the grid.")
        self.remove = PushButton("Remove", "Take this scale out of the grid.")
        self.as_ilastik = QCheckBox("Filters as in ilastik")
        self.as_ilastik.setToolTip(
            "These features come from ilastik and are computed exactly as it does. "
            "Without the tick they are computed our way, and the classifier has to be trained again."
        )
        self.as_ilastik.clicked.connect(self._on_own_filters)
        self.count = hint_label()
        self.column.addWidget(self.chooser)
        self.add_row(*self.presets)
        self.column.addWidget(self.grid)
        for button in (self.add, self.remove):
            button.setMinimumWidth(self.remove.sizeHint().width())
        row = labelled("Scale", self.sigma)
        row.addWidget(self.add)
        row.addWidget(self.remove)
        self.column.addLayout(row)
        self.column.addWidget(self.as_ilastik)
        self.column.addWidget(self.count)
        self.sigma.valueChanged.connect(self._enable_buttons)
        self.add.clicked.connect(self._on_add)
        self.remove.clicked.connect(self._on_remove)

    def show_channels(self) -> None:
        """Offer the channels that there are."""
        names = training_channels(self._session)
        self.chooser.show_channels(names, self._session.channel_features.keys())

    def refresh(self) -> None:
        """Show the current state."""
        self.grid.refresh()
        self._enable_buttons()
        # Nobody who does not come from ilastik is asked about it.
        self.as_ilastik.setVisible(self._choice.dialect != "pixclass")
        self.as_ilastik.setChecked(self._choice.dialect != "pixclass")
        self.count.setText(self._count_text())

    def _count_text(self) -> str:
        features, channel = self._choice.features, self.chooser.channel
        if features is None and channel is not None:
            return "No feature is chosen for this channel: it is not used."
        if features is None:
            return "No feature is chosen: choose at least one."
        n_channels = len(training_channels(self._session))
        if n_channels < 2:
            return f"{len(features)} feature{'s' if len(features) > 1 else ''}"
        where = "for this channel" if channel is not None else "per channel"
        if channel is None and self._session.channel_features:
            where = "for each other channel"
        return f"{len(features)} {where}, {self._total(n_channels)} features in all"

    def _total(self, n_channels: int) -> int:
        """Features of all channels that are used."""
        chosen = self._session.chosen_features
        try:
            return 0 if chosen is None else chosen.of(n_channels).n_features
        except ValueError:  # none is
            return 0

    def _enable_buttons(self) -> None:
        self.add.setEnabled(self._choice.can_add(self._value()))
        self.remove.setEnabled(self._value() in self._choice.sigmas)

    def _value(self) -> float:
        return round(self.sigma.value(), self.sigma.decimals())

    def _on_preset(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self._choice.apply_preset(button.text())
            self.changed.emit()

    def _on_own_filters(self) -> None:
        self._choice.dialect = "pixclass"
        self.changed.emit()

    def _on_add(self) -> None:
        self._choice.add_sigma(self._value())
        self.changed.emit()

    def _on_remove(self) -> None:
        self._choice.remove_sigma(self._value())
        self.changed.emit()
