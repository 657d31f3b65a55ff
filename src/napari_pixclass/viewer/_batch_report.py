"""What came of a batch: how many files are done, which ones failed and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from napari_pixclass.session import BatchFile, FileState

from ._batch_rows import OUTLINED, short_reason
from ._sections import GAP, PushButton, hint_label

N_LINES = 5
"""Lines of reasons in sight; others are scrolled to."""

WORDS: dict[FileState, str] = {
    "done": "done",
    "skipped": "skipped",
    "failed": "failed",
    "running": "to go",
    "waiting": "to go",
    "listed": "not started",
}


class BatchReportView(QWidget):
    """The numbers; below them each file that failed with its reason, to be read, selected and copied."""

    def __init__(self) -> None:
        super().__init__()
        self._files: Sequence[BatchFile] = ()
        self.summary = hint_label()
        self.reasons = QPlainTextEdit()
        self.reasons.setReadOnly(True)
        self.reasons.setStyleSheet(f"QPlainTextEdit {{ {OUTLINED} }}")
        self.reasons.setFixedHeight(N_LINES * self.fontMetrics().lineSpacing() + 2 * GAP)
        self.copy = PushButton("Copy report", "Copy what failed and why, with whole paths.")
        self.open = PushButton(
            "Open results",
            "Show the selected image and its results as layers. Double-clicking it does the same.",
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.copy, 1)
        buttons.addWidget(self.open, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.summary)
        column.addLayout(buttons)
        column.addWidget(self.reasons)
        self.copy.clicked.connect(self._on_copy)

    def show_files(self, files: Sequence[BatchFile], time_left: str = "") -> None:
        """Show what has become of the files; nothing at all where no run has begun."""
        self._files = files
        self.setVisible(any(file.state != "listed" for file in files))
        self.summary.setText(summary(files, time_left))
        failed = [file for file in files if file.state == "failed"]
        text = "\n".join(f"{file.path.name}: {short_reason(file)}" for file in failed)
        if text != self.reasons.toPlainText():
            self.reasons.setPlainText(text)
        self.reasons.setVisible(bool(failed))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(report(self._files))


def summary(files: Sequence[BatchFile], time_left: str = "") -> str:
    """How many files are in which state."""
    counts = Counter(WORDS[file.state] for file in files)
    told = [
        f"{counts[words]:,} {words}" for words in dict.fromkeys(WORDS.values()) if counts[words]
    ]
    sentence = f"{len(files):,} file{'s' * (len(files) != 1)}: {', '.join(told)}"
    return f"{sentence}; {time_left}." if time_left else f"{sentence}."


def report(files: Sequence[BatchFile]) -> str:
    """The summary, and every file that failed with its reason."""
    lines = [summary(files)]
    for file in files:
        if file.state == "failed":
            path = str(file.path)
            lines.append(file.reason if path in file.reason else f"{path}: {file.reason}")
    return "\n".join(lines)
