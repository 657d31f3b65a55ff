"""The list of the files of a batch."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal
from qtpy.QtCore import QMimeData, Qt
from qtpy.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
)
from qtpy.QtWidgets import QAbstractItemView, QTreeView

from ._batch_rows import NAME, OUTLINED, ROW_ROOM, BatchRows, RowDelegate, state_in_words

EMPTY = "Drop images or folders here,\nor add them with the buttons above."
N_ROWS = 7
"""Rows in sight; others are scrolled to."""

Key = Qt.Key
OWN_KEYS = (Key.Key_Up, Key.Key_Down, Key.Key_Home, Key.Key_End, Key.Key_PageUp, Key.Key_PageDown)
"""Keys that move in the list; most others are left to napari."""


class BatchList(QTreeView):
    """Name and state of each file; files and folders can be dropped on it."""

    dropped = Signal(object)
    """A list of paths: files and folders."""
    remove_requested = Signal()
    open_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows = BatchRows(self)
        self.setModel(self.rows)
        self.setItemDelegate(RowDelegate(self))
        self.setStyleSheet(f"QTreeView {{ {OUTLINED} }}")
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.setHeaderHidden(True)
        self.header().setStretchLastSection(True)
        self.header().setMinimumSectionSize(0)
        self.setFixedHeight(N_ROWS * (self.fontMetrics().height() + ROW_ROOM) + 4)
        self.doubleClicked.connect(self.open_requested.emit)

    @property
    def chosen(self) -> list[int]:
        """The rows that are selected, from top to bottom."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    def resizeEvent(self, event: object) -> None:
        """Share the width between name and state."""
        super().resizeEvent(event)
        self.header().resizeSection(NAME, round(0.5 * self.viewport().width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say what to do where there is nothing to show."""
        super().paintEvent(event)
        if self.rows.files:
            return
        painter = QPainter(self.viewport())
        color = self.palette().windowText().color()
        color.setAlpha(150)
        painter.setPen(color)
        painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, EMPTY)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, select all, copy, remove."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_chosen()
        elif event.key() in (Key.Key_Delete, Key.Key_Backspace):
            self.remove_requested.emit()
        elif event.key() in OWN_KEYS or event.matches(QKeySequence.StandardKey.SelectAll):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def copy_chosen(self) -> None:
        """Put the rows that are selected on the clipboard."""
        files = [self.rows.files[row] for row in self.chosen]
        lines = [f"{file.path}\t{state_in_words(file)}" for file in files]
        QGuiApplication.clipboard().setText("\n".join(lines))

    # Dropping ---------------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may come in."""
        accept_files(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Everywhere on the list."""
        accept_files(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take files and folders."""
        accept_files(event)
        if paths := local_paths(event.mimeData()):
            self.dropped.emit(paths)


def accept_files(event: QDropEvent) -> None:
    """Say whether what is dragged can be dropped: files and folders can, and nothing is moved."""
    if local_paths(event.mimeData()):
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.ignore()


def local_paths(mime: QMimeData) -> list[Path]:
    """The files and folders of this machine among what is dragged."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
