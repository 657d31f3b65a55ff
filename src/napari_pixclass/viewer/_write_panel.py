"""Predicting an image of any size and writing the results to disk, without them ever being in memory as a whole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from napari.layers import Labels, Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFileDialog, QGridLayout, QPushButton, QWidget

from napari_pixclass.session import FileFormat

from ._connections import Connections
from ._disk_layers import place_of
from ._eliding_combo import ElidingCombo
from ._keys_panel import ARROWS, LOOKS_LIKE_A_HEADING
from ._prediction_panel import prediction_problem
from ._sections import (
    GAP,
    Panel,
    PushButton,
    heading,
    plain_tooltip,
    signals_blocked,
    text_label,
)
from ._sources import LayerImage, LayerLabels, labels_shape
from ._viewer_session import ViewerSession

FORMATS: dict[FileFormat, str] = {"ome-zarr": "OME-Zarr", "tiff": "TIFF", "hdf5": "HDF5"}
FORMAT_TOOLTIP = (
    "OME-Zarr has coarser levels and can be resumed after a cancel or a crash; a TIFF or HDF5 file that was cut short "
    "is removed."
)
GIGABYTE = 10**9
WHOLE_IMAGE = "whole image"


class WritePanel(Panel):
    """Where to write, in which format, how much of the image, and Write; can be folded away."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self._masks: list[Labels] = []
        self.mask_layer: Labels | None = None
        self.target: Path | None = None
        self.fold = QPushButton()
        self.fold.setCheckable(True)
        self.fold.setFlat(True)
        self.fold.setFont(heading("").font())
        self.fold.setStyleSheet(LOOKS_LIKE_A_HEADING)
        self.fold.setToolTip(
            "For images whose results are too large for memory, or are to be kept."
        )
        self.body = QWidget()
        self._make_rows()
        self.column.addWidget(self.fold)
        self.column.addWidget(self.body)
        self.fold.toggled.connect(self._on_fold)
        self.folder.clicked.connect(self.choose_folder)
        self.format.currentIndexChanged.connect(self.refresh)
        self.mask.activated.connect(self._on_mask)
        self.opens.clicked.connect(self._on_opens)
        self.write.clicked.connect(self._on_write)
        for signal in (
            session.classifier_changed,
            session.layers_changed,
            session.outputs_changed,
            session.pairs_changed,
            session.target_changed,
            session.disk.changed,
        ):
            connections.add(signal, self.refresh)
        self.fold.setChecked(True)

    def _make_rows(self) -> None:
        self.folder = PushButton("Choose…", "")
        self.format = ElidingCombo()
        self.format.setToolTip(FORMAT_TOOLTIP)
        for key, title in FORMATS.items():
            if key != "hdf5" or importlib.util.find_spec("h5py") is not None:
                self.format.addItem(title, key)
        self.mask = ElidingCombo()
        self.mask.setToolTip(
            "Only where the labels of this layer are not 0 is the image predicted; elsewhere 0 is written."
        )
        self.memory = QDoubleSpinBox()
        self.memory.setRange(0, 1024)
        self.memory.setSingleStep(0.5)
        self.memory.setDecimals(1)
        self.memory.setSuffix(" GB")
        self.memory.setSpecialValueText("automatic")
        self.memory.setToolTip(
            "What writing may take besides what napari holds; with little, blocks are smaller and threads fewer."
        )
        self.replace = QCheckBox("Replace older results")
        self.replace.setToolTip(
            "Without it, a run that was cut short goes on where it stopped, and results of another classifier are kept."
        )
        self.opens = QCheckBox("Open when done")
        self.opens.setToolTip(
            "Show the results as layers that read from the disk what is looked at."
        )
        self.write = PushButton("Write…", "")
        rows = QGridLayout(self.body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GAP)
        rows.setColumnStretch(1, 1)
        named = {
            "Folder": self.folder,
            "Format": self.format,
            "Mask": self.mask,
            "Memory": self.memory,
        }
        for row, (text, widget) in enumerate(named.items()):
            rows.addWidget(text_label(text), row, 0)
            rows.addWidget(widget, row, 1)
        for widget in (self.replace, self.opens, self.write):
            rows.addWidget(widget, rows.rowCount(), 0, 1, 2)

    # Showing ----------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the current state."""
        self._show_folder()
        self._show_masks()
        self.opens.setEnabled(self.format.currentData() == "ome-zarr")
        with signals_blocked(self.opens):
            self.opens.setChecked(self._session.disk_layers.opens)
        problem = self._problem()
        self.write.setEnabled(problem is None)
        self.write.setToolTip(
            plain_tooltip(
                problem or "Predict the image block by block, and write the outputs above."
            )
        )

    def _problem(self) -> str | None:
        if self._session.disk.is_busy:
            return "One image is written at a time."
        return prediction_problem(self._session)

    def _show_folder(self) -> None:
        if self.target is None:
            self.folder.setText("Choose…")
            self.folder.setToolTip("The folder that results are written to.")
            return
        name = self.target.name or str(self.target)
        room = max(self.folder.width() - 4 * GAP, 20 * GAP)
        elide = Qt.TextElideMode.ElideMiddle
        self.folder.setText(self.fontMetrics().elidedText(name, elide, room).replace("&", "&&"))
        self.folder.setToolTip(plain_tooltip(str(self.target)))

    def _show_masks(self) -> None:
        target = self._session.target
        shape = labels_shape(target) if isinstance(target, LayerImage) else None
        self._masks = [
            layer for layer in self._session.labels_layers if LayerLabels(layer).shape == shape
        ]
        if self.mask_layer not in self._masks:
            self.mask_layer = None
        with signals_blocked(self.mask):
            self.mask.clear()
            self.mask.addItems([WHOLE_IMAGE, *(layer.name for layer in self._masks)])
            chosen = self.mask_layer
            self.mask.setCurrentIndex(0 if chosen is None else 1 + self._masks.index(chosen))

    # Doing ------------------------------------------------------------------------------------------------------------

    def choose_folder(self) -> None:
        """Ask for the folder."""
        start = self._session.folder if self.target is None else self.target
        path = QFileDialog.getExistingDirectory(self, "Write results to", str(start))
        if path:
            self.target = Path(path)
            self.refresh()

    def _on_fold(self, on: bool) -> None:
        self.fold.setText(f"{ARROWS[on]} Write to disk")
        self.body.setVisible(on)

    def _on_mask(self, index: int) -> None:
        self.mask_layer = self._masks[index - 1] if index > 0 else None

    def _on_opens(self, on: bool) -> None:
        self._session.disk_layers.opens = on

    def _on_write(self) -> None:
        if self.target is None:
            self.choose_folder()
        target, image = self.target, self._session.target
        if target is None:
            return
        mask: Layer | None = self.mask_layer
        try:
            self._session.write_to_disk(
                target,
                self.format.currentData(),
                mask=mask,
                memory=round(self.memory.value() * GIGABYTE) or None,
                overwrite=self.replace.isChecked(),
                place=place_of(image) if isinstance(image, LayerImage) else None,
            )
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))
