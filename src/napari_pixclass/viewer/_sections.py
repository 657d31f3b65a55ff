"""What the panels of all docks are laid out with, so that they look like one product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

MARGIN = 8
GAP = 6
SECTION_GAP = 11
BUTTON_ROOM = 10


class Panel(QWidget):
    """A part of a dock, with a heading if it has a title; children are stacked."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(GAP)
        if title:
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

    def scroll_into_sight(self) -> None:
        """Have all of it in sight, if there is room."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(self, 0, 0)

    def leave(self) -> None:
        """For a panel that has something to put away; called when the dock is closed."""


def text_label(text: str = "") -> QLabel:
    """A label whose text begins where the controls above and below it do."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a layer may be called anything
    label.setIndent(0)
    return label


def plain_tooltip(text: str) -> str:
    """A tooltip that shows `text` as it is: Qt would take a class called ``<b>`` for formatting."""
    return f"<qt>{escape(text).replace(chr(10), '<br>')}</qt>" if "<" in text else text


def heading(text: str) -> QLabel:
    """Heading of a section."""
    label = text_label(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def hint_label() -> QLabel:
    """A label for a sentence or two."""
    label = text_label()
    label.setWordWrap(True)
    label.setMinimumWidth(1)  # one long word must not make the dock wider
    return label


def as_list(sentences: Iterable[str]) -> str:
    """Sentences one below the other."""
    return "\n".join(f"• {sentence[:1].upper()}{sentence[1:]}" for sentence in sentences)


def labelled(text: str, widget: QWidget) -> QHBoxLayout:
    """A widget with a label before it."""
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP)
    row.addWidget(text_label(text))
    row.addWidget(widget, 1)
    return row


class PushButton(QPushButton):
    """A button of the same height whether it can be pressed or not: napari gives only one of the two a border."""

    def __init__(self, text: str, tooltip: str) -> None:
        super().__init__(text)
        self.setToolTip(tooltip)
        self.setMinimumWidth(0)

    def sizeHint(self) -> QSize:
        """Room for the text and a border."""
        return QSize(super().sizeHint().width(), self.fontMetrics().height() + BUTTON_ROOM)


def keep_place_when_hidden(widget: QWidget) -> None:
    """Have the layout leave the widget's place free, so that nothing jumps when it comes and goes."""
    policy: QSizePolicy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(policy)


@contextmanager
def signals_blocked(widget: QWidget) -> Iterator[None]:
    """Change a widget without it telling anyone: what is shown is not what the user does."""
    before = widget.blockSignals(True)
    try:
        yield
    finally:
        widget.blockSignals(before)
