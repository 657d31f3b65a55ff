"""Whether filters run in planes or in volumes."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QRadioButton

from ._feature_choice import FeatureChoice
from ._sections import Panel, hint_label
from ._sources import labels_shape, spatial_arguments
from ._viewer_session import ViewerSession


class DimensionsPanel(Panel):
    """The choice between 2D and 3D; only where the image leaves one."""

    changed = Signal()

    def __init__(self, session: ViewerSession, choice: FeatureChoice) -> None:
        super().__init__("Dimensions")
        self._session = session
        self._choice = choice
        self.in_planes = QRadioButton("2D, plane by plane")
        self.in_planes.setToolTip(
            "Filters see one plane at a time: for single images, time series, and stacks of thick slices."
        )
        self.in_volumes = QRadioButton("3D, volume")
        self.in_volumes.setToolTip("Filters see the last three axes together: for volumes.")
        self.hint = hint_label()
        self.add_row(self.in_planes, self.in_volumes)
        self.column.addWidget(self.hint)
        self.in_planes.clicked.connect(self._on_clicked)
        self.in_volumes.clicked.connect(self._on_clicked)

    def refresh(self) -> None:
        """Show the current state."""
        source = self._session.current_source
        shape = () if source is None else labels_shape(source)
        for button in (self.in_planes, self.in_volumes):
            # Also out of a choice that does not fit the image.
            button.setEnabled(len(shape) > 2 or self._choice.ndim == 3)
        (self.in_volumes if self._choice.ndim == 3 else self.in_planes).setChecked(True)
        if source is None:
            self.hint.setText("Open an image first.")
            return
        axes = " \N{MULTIPLICATION SIGN} ".join(map(str, shape))
        labels = [str(label) for label in spatial_arguments(source)["axis_labels"]]
        # Axes that nobody has named are "axis -2", "axis -1" or just numbers.
        named = f" ({', '.join(labels)})" if all(label.isalpha() for label in labels) else ""
        self.hint.setText(f"{source.name}: {axes}{named}")
        self.hint.setToolTip("3D is preselected where an axis of the image layer is called z.")

    def _on_clicked(self) -> None:
        ndim = 3 if self.in_volumes.isChecked() else 2
        if ndim != self._choice.ndim:
            self._choice.ndim = ndim
            self.changed.emit()
