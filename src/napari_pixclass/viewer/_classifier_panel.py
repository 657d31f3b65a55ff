"""The classifier at hand: what it is, and its file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QCheckBox, QFileDialog

from napari_pixclass.io import has_own_labels, labels_folder

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
    """What the classifier was trained on, and loading and saving it.

    Parameters
    ----------
    session, connections
        As for all panels.
    trains
        Whether there is something to be done with the labels that it is trained on, too.
    """

    def __init__(
        self, session: ViewerSession, connections: Connections, trains: bool = False
    ) -> None:
        super().__init__("Classifier")
        self._session = session
        self.summary = hint_label()
        self.load = PushButton("Load…", "Use a trained classifier from a .pixclass file.")
        self.save = PushButton("Save…", "Write the trained classifier to a .pixclass file.")
        self.column.addWidget(self.summary)
        self.resume = PushButton(
            "Continue…",
            "Open a classifier that was saved with its labels: its images, their labels and the classes come back.",
        )
        self.with_labels = QCheckBox("Save labels too")
        self.with_labels.setToolTip(
            "Write the labels to a folder beside the classifier, so that its training can be continued.\n"
            "Images stay where they are."
        )
        self.add_row(self.load, self.save)
        self._trains = trains
        if trains:
            self.add_row(self.resume, self.with_labels)
        else:
            for widget in (self.resume, self.with_labels):
                widget.setParent(self)
                widget.hide()
        self.resume.clicked.connect(self._on_resume)
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
        n_pixels = sum(state.n_samples)
        self.summary.setText(
            f"{names}; {state.features.n_features} features in {state.features.ndim}D; "
            + (f"{n_pixels:,} labelled pixels" if n_pixels else "trained elsewhere")
        )

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Load a classifier", str(self._session.folder), FILE_FILTER
        )
        if path:
            self._with_file(Path(path), self._session.load_classifier, "Loaded")

    def _on_resume(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Continue a training", str(self._session.folder), FILE_FILTER
        )
        if path:
            self._session.folder = Path(path).parent
            self._session.arrivals.open(path)

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
            with_labels = self._trains and self.with_labels.isChecked()
            self._with_file(
                chosen, partial(self._session.save_classifier, with_labels=with_labels), "Saved"
            )
            self._tell_of_old_labels(chosen)

    def _tell_of_old_labels(self, path: Path) -> None:
        """Say where labels beside a file are those of another training."""
        folder = labels_folder(path)
        if path.exists() and folder.is_dir() and not has_own_labels(path):
            self._session.report(
                f"Saved {path.name} without labels: {folder.name} beside it has those of another training, with which "
                "it cannot be continued."
            )

    def _with_file(self, path: Path, action: Callable[[Path], None], done: str) -> None:
        self._session.folder = path.parent
        try:
            action(path)
        except (OSError, ValueError) as error:
            self._session.report_error(str(error).replace(str(path), path.name))
        else:
            self._session.report(f"{done} {path.name}.")
