"""The classifier at hand: what it is, and its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog

from ._connections import Connections
from ._sections import Panel, PushButton, hint_label
from ._viewer_session import ViewerSession

SUFFIX = ".pixclass"
FILE_FILTER = f"Classifiers (*{SUFFIX})"
MAX_NAME = 24  # characters of a class name that fit beside others


def shorten(name: str) -> str:
    """A class name as it fits into a sentence."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


class ClassifierPanel(Panel):
    """What the classifier was trained on, and loading and saving it."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Classifier")
        self._session = session
        self.summary = hint_label()
        self.load = PushButton("Load…", "Use a trained classifier from a .pixclass file.")
        self.save = PushButton("Save…", "Write the trained classifier to a .pixclass file.")
        self.column.addWidget(self.summary)
        self.add_row(self.load, self.save)
        self.load.clicked.connect(self._on_load)
        self.save.clicked.connect(self._on_save)
        connections.add(session.classifier_changed, self.refresh)
        connections.add(session.classes_changed, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        classifier = self._session.classifier
        self.save.setEnabled(classifier is not None)
        if classifier is None:
            self.summary.setText("None yet: train one, or load one.")
            return
        names = ", ".join(shorten(info.name) for info in classifier.class_table_)
        state = classifier.state
        self.summary.setText(
            f"{names}; {state.features.n_features} features in {state.features.ndim}D; "
            f"{sum(state.n_samples):,} labelled pixels"
        )

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Load a classifier", str(self._session.folder), FILE_FILTER
        )
        if path:
            self._with_file(Path(path), self._session.load_classifier, "Loaded")

    def _on_save(self) -> None:
        start = self._session.folder / f"classifier{SUFFIX}"
        path, _ = QFileDialog.getSaveFileName(self, "Save the classifier", str(start), FILE_FILTER)
        if path:
            chosen = Path(path)
            if chosen.suffix != SUFFIX:
                chosen = chosen.with_name(chosen.name + SUFFIX)
                if chosen.exists():  # the dialog has asked about the other name only
                    self._session.report_error(
                        f"{chosen.name} is there already. Choose that very name to replace it."
                    )
                    return
            self._with_file(chosen, self._session.save_classifier, "Saved")

    def _with_file(self, path: Path, action: Callable[[Path], None], done: str) -> None:
        self._session.folder = path.parent
        try:
            action(path)
        except (OSError, ValueError) as error:
            self._session.report_error(str(error).replace(str(path), path.name))
        else:
            self._session.report(f"{done} {path.name}.")
