"""Waking the GUI thread from any other."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QCoreApplication, QEvent, QObject


class GuiWaker(QObject):
    """Calls `deliver` in the GUI thread, from its event loop, soon after `wake` was called in any thread."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self._deliver = deliver

    def wake(self) -> None:
        """Have the GUI thread deliver."""
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def customEvent(self, event: QEvent) -> None:
        """Qt's hook for posted events."""
        self._deliver()
