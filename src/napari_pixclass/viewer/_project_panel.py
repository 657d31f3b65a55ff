"""The project: what it is called, whether it is up to date, and its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QPoint
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QMessageBox

from napari_pixclass.io import PROJECT_SUFFIX, is_project

from ._connections import Connections
from ._eliding_label import ElidingLabel
from ._sections import GAP, Panel, PushButton, heading, plain_tooltip
from ._viewer_session import ViewerSession

FILE_FILTER = f"Projects (*{PROJECT_SUFFIX})"
CHANGED = " •"
"""Behind the name of a project that has been changed since it was saved."""

Answer = QMessageBox.StandardButton


class ProjectPanel(Panel):
    """One row: the name of the project, and what can be done with it."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self._project = session.project
        self.name = ElidingLabel()
        self.open = PushButton("Open…", "Go on with a project: images, labels, classifier and all.")
        self.save = PushButton("Save", "")
        self.more = PushButton("⋯", "Save as, copies of the images, and the project as a script.")
        self.menu = QMenu(self)
        self.save_as = self.menu.addAction("Save as…")
        self.copies = self.menu.addAction("Copy images into the project")
        self.copies.setCheckable(True)
        self.menu.addSeparator()
        self.script = self.menu.addAction("Copy as Python")
        self.more.setFixedWidth(24)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(heading("Project"))
        row.addWidget(self.name, 1)
        for button in (self.open, self.save, self.more):
            row.addWidget(button)
        self.column.addLayout(row)
        self.open.clicked.connect(self._on_open)
        self.save.clicked.connect(self.save_or_ask)
        self.more.clicked.connect(self._on_more)
        self.save_as.triggered.connect(self._on_save_as)
        self.copies.triggered.connect(self._on_copies)
        self.script.triggered.connect(self._on_script)
        connections.add(self._project.changed, self.refresh)
        connections.add(self._project.script_made, self._on_script_made)
        for signal in (session.pairs_changed, session.classifier_changed):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        project, path = self._project, self._project.path
        is_changed = project.is_modified
        name = "not saved yet" if path is None else path.stem
        self.name.setText(name + CHANGED if is_changed else name)
        told = (
            "Nothing has been saved as a project, or opened from one."
            if path is None
            else str(path)
        )
        since = "\nIt has been changed since it was saved." if is_changed else ""
        self.name.setToolTip(plain_tooltip(told + since))
        self.save.setEnabled(not project.is_empty)
        self.save.setToolTip(
            plain_tooltip(
                "Label an image or train first."
                if project.is_empty
                else "Write images, labels, classes, features, classifier and settings to one folder.\n"
                "Images are named by their paths; those that no file holds are copied into it."
            )
        )
        self.save_as.setEnabled(not project.is_empty)
        self.copies.setChecked(project.copies_images)

    def save_or_ask(self) -> None:
        """Save the project; where there is none yet, ask for its name."""
        if self._project.path is None:
            self._on_save_as()
        else:
            self._save(self._project.path, False)

    def _on_more(self) -> None:
        self.menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def _save(self, path: Path, overwrite: bool) -> None:
        self._session.folder = path.parent
        try:
            self._session.save_project(path, overwrite=overwrite)
        except ValueError as error:
            self._session.report_error(str(error))

    def _on_save_as(self) -> None:
        before = self._project.path
        start = before or self._session.folder / f"project{PROJECT_SUFFIX}"
        path, _ = QFileDialog.getSaveFileName(self, "Save the project", str(start), FILE_FILTER)
        if not path:
            return
        chosen = Path(path)
        if chosen.suffix.lower() != PROJECT_SUFFIX:
            chosen = chosen.with_name(chosen.name + PROJECT_SUFFIX)
        if is_project(chosen.parent):  # the dialog goes into folders
            chosen = chosen.parent
        is_another = chosen != before and is_project(chosen)
        if is_another and not self._ask(
            f"Replace {chosen.name}? It is another project.", Answer.Yes | Answer.Cancel, Answer.Yes
        ):
            return
        self._save(chosen, is_another)

    def _ask(self, question: str, answers: Any, yes: Any) -> bool:
        return bool(QMessageBox.question(self, "Project", question, answers) == yes)

    def _on_open(self) -> None:
        start = self._project.path.parent if self._project.path else self._session.folder
        path = QFileDialog.getExistingDirectory(self, "Open a project", str(start))
        if not path:
            return
        if self._project.is_modified and not self._may_be_left():
            return
        self._session.folder = Path(path).parent
        self._session.open_project(path)

    def _may_be_left(self) -> bool:
        """Whether another project may be opened, although this one has been changed."""
        path = self._project.path
        name = "" if path is None else path.stem
        return self._ask(
            f"{name} has been changed since it was saved. Open another project without saving it?",
            Answer.Open | Answer.Cancel,
            Answer.Open,
        )

    def _on_copies(self, on: bool) -> None:
        self._project.copies_images = on

    def _on_script(self) -> None:
        try:
            self._project.as_python()
        except ValueError as error:
            self._session.report_error(str(error))

    def _on_script_made(self, script: str) -> None:
        clipboard = QGuiApplication.clipboard()
        clipboard.setText(script)
        self._session.report(f"Copied a script of {len(script.splitlines())} lines.")
