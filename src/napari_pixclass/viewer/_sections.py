"""What the panels of all docks are laid out with, so that they look like one product."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

MARGIN = 8
GAP = 6
SECTION_GAP = 14


class Panel(QWidget):
    """A part of a dock with a heading; children are stacked."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GAP)
        self.column.addWidget(heading(title))

    def add_row(self, *widgets: QWidget) -> None:
        """Put widgets side by side, all of the same width."""
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for widget in widgets:
            row.addWidget(widget, 1)
        self.column.addLayout(row)

    def refresh(self) -> None:
        """Show the current state; called when the dock is opened."""


def heading(text: str) -> QLabel:
    """Heading of a section."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def hint_label() -> QLabel:
    """A label for a sentence or two."""
    label = QLabel()
    label.setWordWrap(True)
    return label


def push_button(text: str, tooltip: str) -> QPushButton:
    """A button that is as narrow as its row wants it."""
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.setMinimumWidth(0)
    return button


def keep_place_when_hidden(widget: QWidget) -> None:
    """Have the layout leave the widget's place free, so that nothing jumps when it comes and goes."""
    policy: QSizePolicy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)
