"""For which channel features are being chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from ._eliding_combo import ElidingCombo
from ._sections import GAP, PushButton, signals_blocked, text_label

ALL = "all channels"
OWN_MARK = " (own features)"


class ChannelChooser(QWidget):
    """All channels, or one that has features of its own; to be seen only where there are several."""

    chosen = Signal()
    reset_requested = Signal(int)
    """The channel that is to have the features of all again."""

    def __init__(self) -> None:
        super().__init__()
        self.combo = ElidingCombo()
        self.combo.setToolTip(
            "The channel for which features are chosen below; one that has none of its own has those of all channels."
        )
        self.reset = PushButton("As all", "Give this channel the features of all channels again.")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(text_label("Channel"))
        row.addWidget(self.combo, 1)
        row.addWidget(self.reset)
        self.combo.activated.connect(self._on_activated)
        self.reset.clicked.connect(self._on_reset)

    @property
    def channel(self) -> int | None:
        """The channel chosen; None for all."""
        index = self.combo.currentIndex()
        return index - 1 if index > 0 else None

    def show_channels(self, names: Sequence[str], own: Collection[int]) -> None:
        """Offer channels; those of `own` have features of their own."""
        channel = self.channel
        marked = [f"{name}{OWN_MARK}" if i in own else name for i, name in enumerate(names)]
        with signals_blocked(self.combo):
            self.combo.clear()
            self.combo.addItems([ALL, *marked])
            is_there = channel is not None and channel < len(names)
            self.combo.setCurrentIndex(channel + 1 if channel is not None and is_there else 0)
        self.reset.setEnabled(self.channel in own)
        self.setVisible(len(names) > 1)

    def _on_activated(self) -> None:
        self.chosen.emit()

    def _on_reset(self) -> None:
        if self.channel is not None:
            self.reset_requested.emit(self.channel)
