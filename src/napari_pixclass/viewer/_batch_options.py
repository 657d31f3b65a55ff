"""What a batch writes, where and how."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QHBoxLayout, QLineEdit, QWidget

from napari_pixclass.core import Output

from ._eliding_combo import ElidingCombo
from ._prediction_panel import TITLES, TOOLTIPS
from ._sections import GAP, PushButton, plain_tooltip, signals_blocked, text_label
from ._viewer_session import ViewerSession

FORMATS: dict[str, str] = {
    "tiff": "TIFF",
    "ome-tiff": "OME-TIFF",
    "ome-zarr": "OME-Zarr",
    "hdf5": "HDF5",
    "png": "PNG",
    "npy": "NumPy",
}
TYPES = {"float32": "float32", "uint16": "uint16", "uint8": "uint8"}
TYPE_TOOLTIP = (
    "How probabilities and uncertainty, 0 to 1, are written: as they are (float32), as 0 to 65,535 (uint16) or as 0 to "
    "255 (uint8). Segmentations hold class values."
)
EXISTING: dict[str, dict[str, bool]] = {
    "Stop and say so": {},
    "Keep, make what is missing": {"skip_existing": True},
    "Replace": {"overwrite": True},
}
NAME = "{stem}_{output}"
NAME_TOOLTIP = (
    "How the files are called. In braces: stem (the name of the image without its suffix), output (such as "
    "Probabilities), class and value (where each class has its own file), parent and folder (the folder that the image "
    "lies in), dataset (its name within an HDF5 file). Slashes make folders."
)
EXISTING_TOOLTIP = (
    "What to do about results that are there; those that are kept may be from another classifier."
)


class BatchOptionsForm(QWidget):
    """Outputs, folder, format, type, names, and what happens to results that exist."""

    changed = Signal()

    def __init__(self, session: ViewerSession) -> None:
        super().__init__()
        self._session = session
        self.outputs: dict[Output, QCheckBox] = {}
        for output, title in TITLES.items():
            box = QCheckBox(title)
            box.setToolTip(TOOLTIPS[output])
            box.setChecked(output in session.outputs)
            box.clicked.connect(self.changed.emit)
            self.outputs[output] = box
        self._make_fields()
        self._lay_out()
        self._show_remembered(session.batch.options)
        self._on_format()
        self.folder.clicked.connect(self.choose_folder)
        self.format.currentIndexChanged.connect(self._on_format)

    def _make_fields(self) -> None:
        self.folder = PushButton("Choose…", "The folder that results are written to.")
        self.format = _combo(FORMATS, "What kind of files are written.")
        if importlib.util.find_spec("h5py") is None:
            self.format.removeItem(self.format.findData("hdf5"))
        self.type = _combo(TYPES, TYPE_TOOLTIP)
        self.per_class = QCheckBox("One file per class")
        self.per_class.setToolTip("Probabilities of each class in a file of its own.")
        self.name = QLineEdit()
        self.name.setPlaceholderText(NAME)
        self.name.setToolTip(NAME_TOOLTIP)
        self.existing = _combo({title: title for title in EXISTING}, EXISTING_TOOLTIP)
        self.axes = QLineEdit()
        self.axes.setPlaceholderText("as the files say")
        self.axes.setToolTip(
            "A letter for each axis of the images, such as ZCYX or YXC, where their files do not say it or are wrong."
        )

    def _lay_out(self) -> None:
        boxes = QGridLayout()  # side by side they are wider than a dock beside a canvas
        boxes.setSpacing(GAP)
        for index, box in enumerate([*self.outputs.values(), self.per_class]):
            boxes.addWidget(box, index // 2, index % 2)
        kinds = QHBoxLayout()
        kinds.setSpacing(GAP)
        kinds.addWidget(self.format, 1)
        kinds.addWidget(self.type, 1)
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GAP)
        rows.setColumnStretch(1, 1)
        rows.addLayout(boxes, 0, 0, 1, 2)
        rows.addWidget(text_label("Folder"), 1, 0)
        rows.addWidget(self.folder, 1, 1)
        rows.addWidget(text_label("Format"), 2, 0)
        rows.addLayout(kinds, 2, 1)
        rows.addWidget(text_label("Names"), 3, 0)
        rows.addWidget(self.name, 3, 1)
        rows.addWidget(text_label("Existing"), 4, 0)
        rows.addWidget(self.existing, 4, 1)
        rows.addWidget(text_label("Axes"), 5, 0)
        rows.addWidget(self.axes, 5, 1)

    @property
    def target(self) -> Path | None:
        """The folder that results are written to; the session keeps it."""
        return self._session.batch.folder

    @target.setter
    def target(self, folder: Path) -> None:
        self._session.batch.folder = folder

    def remember(self) -> None:
        """Have the session keep what has been chosen, for the next dock."""
        self._session.batch.options = dict(self.values)

    def _show_remembered(self, options: Mapping[str, Any]) -> None:
        if not options:
            return
        for output, box in self.outputs.items():
            box.setChecked(output in options["exports"])
        self.format.setCurrentIndex(self.format.findData(options["format"]))
        self.type.setCurrentIndex(self.type.findData(options["dtype"]))
        self.per_class.setChecked(options["per_class"])
        self.name.setText(options["name"])
        self.axes.setText(options["axes"] or "")
        titles = [title for title, given in EXISTING.items() if given.items() <= options.items()]
        self.existing.setCurrentIndex(self.existing.findData(titles[-1]))  # the first fits always

    @property
    def problem(self) -> str | None:
        """What is missing, in words."""
        if not any(box.isChecked() for box in self.outputs.values()):
            return "Choose at least one output to write."
        return None

    @property
    def values(self) -> Mapping[str, Any]:
        """The options as `Session.predict_files` takes them."""
        return {
            "exports": tuple(output for output, box in self.outputs.items() if box.isChecked()),
            "format": self.format.currentData(),
            "dtype": self.type.currentData(),
            "per_class": self.per_class.isChecked(),
            "name": self.name.text().strip(),
            "axes": self.axes.text().strip().upper() or None,
            **EXISTING[self.existing.currentData()],
        }

    def show_folder(self) -> None:
        """Show the folder, as far as there is room."""
        if self.target is None:
            return
        room = max(self.folder.width() - 4 * GAP, 20 * GAP)
        name = self.target.name or str(self.target)
        elided = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        self.folder.setText(elided.replace("&", "&&"))
        self.folder.setToolTip(plain_tooltip(str(self.target)))

    def choose_folder(self) -> None:
        """Ask for the folder."""
        start = self._session.folder if self.target is None else self.target
        path = QFileDialog.getExistingDirectory(self, "Write results to", str(start))
        if path:
            self.target = Path(path)
            self.show_folder()

    def _on_format(self) -> None:
        """A PNG file holds one class, in whole numbers; OME-Zarr keeps classes apart by itself."""
        file_format = self.format.currentData()
        is_png = file_format == "png"
        chosen = self.type.currentData()
        with signals_blocked(self.type):
            self.type.clear()
            for key, title in TYPES.items():
                if not (is_png and key == "float32"):
                    self.type.addItem(title, key)
            self.type.setCurrentIndex(max(self.type.findData(chosen), 0))
        self.per_class.setEnabled(file_format not in ("png", "ome-zarr"))
        if not self.per_class.isEnabled():
            self.per_class.setChecked(is_png)


def _combo(titles: Mapping[str, str], tooltip: str) -> ElidingCombo:
    combo = ElidingCombo()
    combo.setToolTip(tooltip)
    for key, title in titles.items():
        combo.addItem(title, key)
    return combo
