"""How much memory live update may take, and takes."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from ._connections import Connections
from ._sections import GAP, signals_blocked, text_label
from ._viewer_session import ViewerSession

GB = 2**30
TOOLTIP = (
    "Features of what is on screen stay in memory, so that only the forest is new after a stroke. "
    "With less memory than the view needs, some of them are computed again each time."
)


class MemoryRow(QWidget):
    """The limit, and what is used of it."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0, 1024)
        self.limit.setSingleStep(0.5)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" GB")
        self.limit.setKeyboardTracking(False)  # half a number is no limit
        self.limit.setToolTip(TOOLTIP)
        self.used: QLabel = text_label()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(text_label("Feature memory"))
        row.addWidget(self.limit)
        row.addWidget(self.used, 1)
        self.limit.valueChanged.connect(self._on_limit)
        connections.add(session.job_changed, self.refresh)
        connections.add(session.live_update_changed, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        self.setEnabled(self._session.live_update)
        limit = self._session.feature_memory / GB
        if abs(limit - self.limit.value()) > 0.05:  # not while somebody types the very number
            with signals_blocked(self.limit):
                self.limit.setValue(limit)
        text = f"{self._session.feature_memory_used / GB:.2f} GB used"
        if text != self.used.text():
            self.used.setText(text)

    def _on_limit(self, value: float) -> None:
        self._session.feature_memory = round(value * GB)
        self.refresh()
