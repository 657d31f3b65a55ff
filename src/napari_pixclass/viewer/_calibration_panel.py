"""Whether probabilities can be believed."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox

from ._connections import Connections
from ._figures_table import figure
from ._folding_panel import FoldingPanel
from ._reliability_view import ReliabilityView
from ._sections import hint_label
from ._viewer_session import ViewerSession

TOOLTIP = "Whether probabilities are as often right as they say."
ERROR = (
    "Expected calibration error: how far probabilities and the share of them that was right are apart, on average. "
    "Each class counts the same, and within it each stroke."
)

APPLY = (
    "Have probabilities that are as often right as they say, in layers, in files and in saved classifiers. "
    "The segmentation stays the same."
)


class CalibrationPanel(FoldingPanel):
    """What probabilities are worth, in words and as a picture."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Calibration", TOOLTIP)
        self._session = session
        self.words = hint_label()
        self.error = hint_label()
        self.error.setToolTip(ERROR)
        self.view = ReliabilityView()
        self.apply = QCheckBox()
        self.apply.setToolTip(APPLY)
        for widget in (self.words, self.error, self.view, self.apply):
            self.rows.addWidget(widget)
        self.apply.clicked.connect(self._on_apply)
        for signal in (
            session.cross_validated,
            session.counts_changed,
            session.features_changed,
            session.pairs_changed,
            session.layers_changed,
            session.calibrate_changed,
            session.classifier_changed,
        ):
            connections.add(signal, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state."""
        if self.body.isHidden():
            return  # it would be for nothing
        result = self._session.cross_validation
        is_on = self._session.calibrate
        power = f" (sharpness {self._session.sharpness:.2f})" if is_on else ""
        self.apply.setText(f"Apply to probabilities{power}")
        self.apply.setChecked(is_on)
        is_known = result is not None or self._session.found_sharpness != 1
        self.apply.setEnabled(is_on or is_known)
        for widget in (self.error, self.view):
            widget.setVisible(result is not None)
        if result is None:
            self.words.setText("Cross-validate first: labels that are left out tell.")
            return
        calibration = result.calibration
        sentence = calibration.sentence
        old = "" if self._session.cross_validation_is_current else " (Of other labels than now.)"
        self.words.setText(f"{sentence[0].upper()}{sentence[1:]}{old}")
        self.error.setText(
            f"Calibration error of left-out labels {figure(calibration.error)}; calibrated "
            f"{figure(calibration.sharpened_error)} (sharpness {calibration.sharpness:.2f})"
        )
        self.view.show_calibration(calibration)

    def _on_apply(self, on: bool) -> None:
        self._session.calibrate = on
