"""The files of a batch as rows of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QPainter
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from napari_pixclass.session import BatchFile

from ._sections import plain_tooltip

NAME, STATE = range(2)
ROW_ROOM = 5
OUTLINED = "border: 1px solid rgba(128, 128, 128, 110);"
"""Where something can be dropped, or scrolled: napari draws no frame."""
FAILED = QColor("#e4405f")
BAR = QColor(61, 139, 253, 110)
PROGRESS_ROLE = Qt.ItemDataRole.UserRole

NOWHERE = QModelIndex()
Role = Qt.ItemDataRole


class BatchRows(QAbstractTableModel):
    """What the list shows; only rows that are in sight are ever asked for, so thousands cost nothing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.files: Sequence[BatchFile] = ()

    def show_files(self, files: Sequence[BatchFile]) -> None:
        """Show other files, or others than before."""
        self.beginResetModel()
        self.files = files
        self.endResetModel()

    def show_states(self, files: Sequence[BatchFile]) -> None:
        """Show what has become of the same files; only rows that are different are drawn again."""
        if len(files) != len(self.files):
            self.show_files(files)
        before, self.files = self.files, files
        rows = [
            row for row, (old, new) in enumerate(zip(before, files, strict=True)) if old is not new
        ]
        if rows:
            self.dataChanged.emit(self.index(rows[0], STATE), self.index(rows[-1], STATE))

    def rowCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Number of files."""
        return 0 if parent.isValid() else len(self.files)

    def columnCount(self, parent: QModelIndex = NOWHERE) -> int:
        """Name and state."""
        return 0 if parent.isValid() else 2

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Text, tooltip, colour and progress."""
        file = self.files[index.row()]
        if role == Role.DisplayRole:
            return file.path.name if index.column() == NAME else state_in_words(file)
        if role == Role.ToolTipRole:
            return plain_tooltip(f"{file.path}\n{state_in_words(file)}")
        if index.column() == STATE:
            if role == Role.ForegroundRole and file.state == "failed":
                return QBrush(FAILED)
            if role == PROGRESS_ROLE and file.state == "running":
                return file.progress
        return None


class RowDelegate(QStyledItemDelegate):
    """Draws how far a file is behind its state, and of a long reason its beginning."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Cut names in the middle, reasons at the end."""
        super().initStyleOption(option, index)
        elide = Qt.TextElideMode.ElideRight if index.column() == STATE else option.textElideMode
        option.textElideMode = elide

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Some room between the lines."""
        return QSize(
            super().sizeHint(option, index).width(), option.fontMetrics.height() + ROW_ROOM
        )

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint as Qt does, on a bar as long as what is done."""
        progress = index.data(PROGRESS_ROLE)
        if progress is not None:
            done = option.rect.adjusted(0, 1, 0, -1)
            done.setWidth(round(done.width() * progress))
            painter.fillRect(done, BAR)
        super().paint(painter, option, index)


def state_in_words(file: BatchFile) -> str:
    """What has become of a file, without repeating what it is called."""
    if file.state == "running":
        return f"running, {file.progress:.0%}"
    if file.state == "listed":
        return "not started"
    return f"{file.state}: {short_reason(file)}" if file.reason else file.state


def short_reason(file: BatchFile) -> str:
    """Why a file failed, for people who see which one it is."""
    path = str(file.path)
    return (
        file.reason.removeprefix(f"'{path}' ")
        .removeprefix(f"{path}: ")
        .replace(path, file.path.name)
    )
