"""Checkboxes that show what somebody else decides, and labels that act for them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QCheckBox, QLabel


class StateBox(QCheckBox):
    """A checkbox that shows a state, also a mixed one; a click only says that it was clicked."""

    def nextCheckState(self) -> None:
        """Qt's hook for a click: change nothing."""

    def show_state(self, state: bool | None) -> None:
        """Show True, False, or None for mixed."""
        states = {
            True: Qt.CheckState.Checked,
            False: Qt.CheckState.Unchecked,
            None: Qt.CheckState.PartiallyChecked,
        }
        self.setCheckState(states[state])


class BoxLabel(QLabel):
    """A label whose click is that of a checkbox."""

    def __init__(self, text: str, box: QCheckBox) -> None:
        super().__init__(text)
        self.setIndent(0)
        self._box = box
        self.setToolTip(box.toolTip())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Click the checkbox instead."""
        self._box.click()
