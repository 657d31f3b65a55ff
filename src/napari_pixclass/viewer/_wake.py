"""Waking the GUI thread from any other."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal


class GuiWaker(QObject):  # type: ignore[misc]  # Qt is untyped
    """Calls `deliver` in the GUI thread soon after `wake` was called in any thread; many wakes may give one call."""

    _woken = Signal()

    def __init__(self, deliver: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._deliver = deliver
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def wake(self) -> None:
        """Have the GUI thread deliver."""
        self._woken.emit()

    def _on_woken(self) -> None:
        self._deliver()
