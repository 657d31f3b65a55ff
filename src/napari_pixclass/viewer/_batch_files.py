"""Which files a batch is for."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ._batch_list import BatchList, accept_files, local_paths
from ._sections import GAP, PushButton, text_label
from ._viewer_session import ViewerSession

ALL_IMAGES = "all images"
PATTERN_TOOLTIP = (
    "Which files of a folder are added: *_raw.tif takes those that end so, **/*.tif also those of the folders in it.\n"
    "A pattern with a folder, such as /data/*/*.tif, is added with Return."
)


class BatchFiles(QWidget):
    """The list, and ways to fill and empty it; files and folders can be dropped anywhere on it."""

    def __init__(self, session: ViewerSession) -> None:
        super().__init__()
        self._session = session
        self.add_files = PushButton("Add files…", "Choose image files.")
        self.add_folder = PushButton("Add folder…", "Choose a folder, and take the images in it.")
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText(ALL_IMAGES)
        self.pattern.setToolTip(PATTERN_TOOLTIP)
        self.list = BatchList()
        self.count = text_label()
        self.remove = PushButton("Remove", "Take the files that are selected off the list.")
        self.clear = PushButton("Clear", "Take all files off the list.")
        self.setAcceptDrops(True)
        self._lay_out()
        self.add_files.clicked.connect(self._on_add_files)
        self.add_folder.clicked.connect(self._on_add_folder)
        self.pattern.returnPressed.connect(self._on_pattern)
        self.list.dropped.connect(self.add)
        self.list.remove_requested.connect(self._on_remove)
        self.list.selectionModel().selectionChanged.connect(self.show_buttons)
        self.remove.clicked.connect(self._on_remove)
        self.clear.clicked.connect(session.batch.clear)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(_row(self.add_files, self.add_folder))
        pattern = QHBoxLayout()
        pattern.setSpacing(GAP)
        label = text_label("Only names like")
        label.setToolTip(PATTERN_TOOLTIP)
        pattern.addWidget(label)
        pattern.addWidget(self.pattern, 1)
        column.addLayout(pattern)
        column.addWidget(self.list)
        below = QHBoxLayout()
        below.setSpacing(GAP)
        below.addWidget(self.count, 1)
        below.addWidget(self.remove)
        below.addWidget(self.clear)
        column.addLayout(below)

    def add(self, paths: list[Path]) -> None:
        """List files, and the images in folders."""
        self._session.batch.add(paths, self.pattern.text().strip())

    def show_files(self) -> None:
        """Show which files are listed."""
        files = self._session.batch.files
        self.list.rows.show_files(files)
        self.count.setText(f"{len(files):,} file{'s' * (len(files) != 1)}" if files else "")
        self.show_buttons()

    def show_states(self) -> None:
        """Show what has become of them."""
        self.list.rows.show_states(self._session.batch.files)

    def show_buttons(self) -> None:
        """Show what can be done: while a run goes on nothing is taken away."""
        is_free = not self._session.batch.is_busy
        self.remove.setEnabled(is_free and bool(self.list.chosen))
        self.clear.setEnabled(is_free and bool(self.list.rows.files))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may come in."""
        accept_files(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take files and folders that miss the list by a little."""
        accept_files(event)
        if paths := local_paths(event.mimeData()):
            self.add(paths)

    def _on_add_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Images to predict", str(self._session.folder)
        )
        if paths:
            self._session.folder = Path(paths[0]).parent
            self.add([Path(path) for path in paths])

    def _on_add_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self, "Folder with images to predict", str(self._session.folder)
        )
        if path:
            self._session.folder = Path(path)
            self.add([Path(path)])

    def _on_pattern(self) -> None:
        pattern = Path(self.pattern.text().strip()).expanduser()
        if pattern.is_absolute():
            self._session.batch.add([str(pattern)])
            self.pattern.clear()
        else:
            self._on_add_folder()

    def _on_remove(self) -> None:
        self._session.batch.remove(self.list.chosen)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(GAP)
    for widget in widgets:
        row.addWidget(widget, 1)
    row.setAlignment(Qt.AlignmentFlag.AlignTop)
    return row
