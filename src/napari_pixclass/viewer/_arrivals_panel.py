"""Images that files speak of and that are not there: a way to point to them; and what could not be taken over."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Image
from psygnal import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_pixclass.session import Missing

from ._connections import Connections
from ._layer_combo import LayerCombo
from ._sections import GAP, Panel, PushButton, hint_label, plain_tooltip
from ._sources import LayerImage
from ._viewer_session import ViewerSession

MAX_ROWS = 2
"""Images that are asked for at a time."""

MAX_NOTE = 300
"""Most characters of the notes that are shown; all are in the tooltip."""


class ArrivalsPanel(Panel):
    """A row for each missing image, and one with notes; nothing at all where there is none."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self._arrivals = session.arrivals
        self.rows: list[MissingRow] = []
        self.notes = hint_label()
        self.read = PushButton("OK", "Take this note away.")
        self._notes_row = QWidget()
        row = QHBoxLayout(self._notes_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.notes, 1)
        row.addWidget(self.read)
        self.column.addWidget(self._notes_row)
        self.read.clicked.connect(self._arrivals.forget_notes)
        connections.add(self._arrivals.missing_changed, self.refresh)
        connections.add(session.layers_changed, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        missing = self._arrivals.missing[:MAX_ROWS]
        for row in [row for row in self.rows if row.missing not in missing]:
            self.rows.remove(row)
            self.column.removeWidget(row)
            row.hide()
            row.deleteLater()
        known = [row.missing for row in self.rows]
        for item in missing:
            if item not in known:
                self._add(item)
        for row in self.rows:
            row.show_layers(self._arrivals.fitting_layers(row.missing.image))
        self._show_notes()
        self.setVisible(bool(self.rows) or bool(self._arrivals.notes))

    def _show_notes(self) -> None:
        text = " ".join(self._arrivals.notes)
        shown = text if len(text) <= MAX_NOTE else text[: MAX_NOTE - 1] + "…"
        self.notes.setText(shown)
        self.notes.setToolTip(plain_tooltip("\n".join(self._arrivals.notes)))
        self._notes_row.setVisible(bool(text))

    def _add(self, missing: Missing) -> None:
        row = MissingRow(missing)
        row.layer_chosen.connect(self._on_layer_chosen)
        row.file_requested.connect(self._on_file_requested)
        row.left_out.connect(self._arrivals.leave_out)
        self.rows.append(row)
        self.column.addWidget(row)

    def _on_layer_chosen(self, missing: Missing, layer: Image) -> None:
        image = self._session.image_source(layer) or LayerImage(layer)
        try:
            self._arrivals.use(missing, image)
        except ValueError as error:
            self._session.report_error(str(error))

    def _on_file_requested(self, missing: Missing) -> None:
        known = next((path.parent for path in missing.image.paths if path.parent.is_dir()), None)
        start = known or self._session.folder
        question = f"Where is {missing.image.name}?"
        if any(path.suffix.lower() == ".zarr" for path in missing.image.paths):
            path = QFileDialog.getExistingDirectory(self, question, str(start))
        else:
            path, _ = QFileDialog.getOpenFileName(self, question, str(start))
        if path:
            self._session.folder = Path(path).parent
            self._arrivals.supply(missing, path)


class MissingRow(QWidget):
    """An image that is not there, and ways to say where it is."""

    layer_chosen = Signal(object, object)
    file_requested = Signal(object)
    left_out = Signal(object)

    def __init__(self, missing: Missing) -> None:
        super().__init__()
        self.missing = missing
        image = missing.image
        labels = "1 label" if image.n_labels == 1 else f"{image.n_labels:,} labels"
        text = hint_label()
        text.setText(f"Where is {_short(image.name)}? {missing.origin} has {labels} of it.")
        text.setToolTip(plain_tooltip(missing.problem))
        self.layer = LayerCombo("An open image on which the labels fit.", "an open image")
        self.file = PushButton("File…", "Open the image from a file.")
        self.leave = PushButton("✕", "Do without this image; its labels stay in their file.")
        self.leave.setFixedWidth(24)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.layer, 1)
        row.addWidget(self.file)
        row.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(text)
        column.addLayout(row)
        self.layer.layer_chosen.connect(self._on_layer)
        self.file.clicked.connect(self._on_file)
        self.leave.clicked.connect(self._on_leave)

    def show_layers(self, layers: list[Image]) -> None:
        """Offer the open images that fit."""
        self.layer.show_layers(layers, None)

    def _on_layer(self, layer: Image) -> None:
        self.layer_chosen.emit(self.missing, layer)

    def _on_file(self) -> None:
        self.file_requested.emit(self.missing)

    def _on_leave(self) -> None:
        self.left_out.emit(self.missing)


def _short(name: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return plain if len(plain) <= 32 else f"{plain[:15]}…{plain[-16:]}"
