"""Importing labels into an image: which, where, what their values become; seen before it is done."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Image, Labels
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QWidget

from napari_pixclass.core import ImportMode, Order
from napari_pixclass.session import LabelPlacement, Pair

from ._connections import Connections
from ._eliding_combo import ElidingCombo
from ._label_import_values import ValuesTable
from ._label_importing import as_they_are, pair_of, told_counts, told_order, told_result
from ._layer_combo import LayerCombo
from ._offset_row import OffsetRow
from ._sections import (
    GAP,
    Panel,
    PushButton,
    hint_label,
    plain_tooltip,
    signals_blocked,
    text_label,
)
from ._sources import LayerImage
from ._viewer_session import ViewerSession

FILE_FILTER = (
    "Labels (*.tif *.tiff *.png *.npy *.zarr *.h5 *.hdf5 *.scribbles *.labeling);;All files (*)"
)
MODES: dict[ImportMode, tuple[str, str]] = {
    "add": ("Imported labels win", "Where something is painted it becomes what is imported."),
    "fill": ("Painted labels win", "Labels are imported only where nothing is painted."),
    "replace": ("Erase all before", "All that is painted on this image is erased first."),
}
SOON_MS = 200


class LabelImportPanel(Panel):
    """Shown while labels are being imported; a preview lies on the image until it is done or given up."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Import labels")
        self._session = session
        self._importing = session.importing
        self._orders: list[Order] = []
        self._shown: object = None
        self.source = LayerCombo("The labels to import: a layer, or a file.", "a layer")
        self.file = PushButton("File…", "Import labels from a file.")
        self.facts = hint_label()
        self.image = LayerCombo("The image whose labels they become.", "no image")
        self.axes = ElidingCombo()
        self.axes.setToolTip("How the axes of the labels lie along those of the image.")
        self.offset = OffsetRow()
        self.values = ValuesTable()
        self.mode = ElidingCombo()
        for key, (title, _) in MODES.items():
            self.mode.addItem(title, key)
        self.result = hint_label()
        self.apply = PushButton(
            "Import", "Put the labels there; Ctrl+Z in the labels layer undoes it."
        )
        self.cancel = PushButton("Cancel", "Import nothing.")
        self._lay_out()
        self._plan_soon = QTimer(self)
        self._plan_soon.setSingleShot(True)
        self._plan_soon.setInterval(SOON_MS)
        self._plan_soon.timeout.connect(self._plan)
        self._connect(connections)
        self.values.hide()
        self.hide()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP)
        grid.setColumnStretch(1, 1)
        source = QHBoxLayout()
        source.setSpacing(GAP)
        source.addWidget(self.source, 1)
        source.addWidget(self.file)
        grid.addWidget(text_label("From"), 0, 0)
        grid.addLayout(source, 0, 1)
        rows: dict[str, QWidget] = {
            "Into": self.image,
            "Axes": self.axes,
            "Offset": self.offset,
            "Overlap": self.mode,
        }
        for row, (name, widget) in enumerate(rows.items(), start=1):
            grid.addWidget(text_label(name), row, 0)
            grid.addWidget(widget, row, 1)
        self.column.addLayout(grid)
        self.column.addWidget(self.facts)
        self.column.addWidget(self.values)
        self.column.addWidget(self.result)
        self.add_row(self.apply, self.cancel)

    def _connect(self, connections: Connections) -> None:
        self.source.layer_chosen.connect(self._on_source)
        self.file.clicked.connect(self.choose_file)
        self.image.layer_chosen.connect(self._on_image)
        for signal in (self.axes.activated, self.mode.activated):
            signal.connect(self._on_option)
        self.offset.changed.connect(self._on_option)
        self.values.mapping_changed.connect(self._on_option)
        self.apply.clicked.connect(self._on_apply)
        self.cancel.clicked.connect(self.close_import)
        connections.add(self._importing.changed, self.refresh)
        connections.add(self._session.layers_changed, self.refresh)

    # Showing ----------------------------------------------------------------------------------------------------------

    def open_import(self) -> None:
        """Show the panel; nothing is chosen as yet but the current image."""
        self.show()
        current = self._session.current_source
        self._importing.choose(None, None if current is None else pair_of(self._session, current))
        QTimer.singleShot(0, self.scroll_into_sight)

    def close_import(self) -> None:
        """Import nothing."""
        self._plan_soon.stop()
        self._importing.close()
        self.hide()

    def leave(self) -> None:
        """Give up what nobody sees any more, its preview too."""
        if not self.isHidden():
            self.close_import()

    def refresh(self) -> None:
        """Show the current state."""
        if self.isHidden():
            return
        importing, image = self._importing, self._target_image()
        into = None if image is None else image.layer
        self.image.show_layers(self._session.image_layers, into)
        own = importing.target.labels if isinstance(importing.target, Pair) else None
        own_layer = getattr(own, "layer", None)
        labels = [layer for layer in self._session.importable_layers if layer is not own_layer]
        chosen = importing.source
        self.source.show_layers(labels, chosen if isinstance(chosen, Labels) else None)
        self.source.setPlaceholderText(chosen.name if isinstance(chosen, Path) else "a layer")
        self.source.setEnabled(bool(labels) or chosen is not None)
        inspected = importing.inspected
        if inspected is not self._shown:
            self._shown = inspected
            self._show_inspected()
        for widget in (self.axes, self.offset, self.values, self.mode):
            widget.setEnabled(inspected is not None)
        self._show_result()

    def _show_inspected(self) -> None:
        inspected, image = self._importing.inspected, self._target_image()
        self.values.setVisible(inspected is not None)
        with signals_blocked(self.axes):
            self.axes.clear()
        if inspected is None or image is None:
            self.facts.setText("")
            return
        shape, letters = self._session.labels_geometry(image)
        size = " x ".join(map(str, inspected.file.shape))
        n_values = sum(value != 0 for value in inspected.counts)
        self.facts.setText(
            f"{inspected.file.name}: {size}, {n_values:,} value{'s' * (n_values != 1)}"
        )
        self._orders = inspected.orders or [as_they_are(inspected.file.shape, len(shape))]
        with signals_blocked(self.axes):
            self.axes.addItems([told_order(order, letters) for order in self._orders])
        self.offset.show_axes(letters, shape, self._plane_on_screen(image, self._orders[0]))
        self.values.show_values(inspected.counts, inspected.file.classes, self._session.classes)
        self._plan()

    def _plane_on_screen(self, image: LayerImage, order: Order) -> list[int]:
        """Offsets to begin with: of an axis that labels do not have the plane that is looked at."""
        shown = self._session.position_on_screen(image)
        return [at if axis is None else 0 for axis, at in zip(order, shown, strict=True)]

    def _show_result(self) -> None:
        planned = self._importing.planned
        self.apply.setEnabled(planned is not None and bool(len(planned.change)))
        self.mode.setToolTip(plain_tooltip(MODES[self.mode.currentData()][1]))
        if planned is None:
            self.result.setText("Reading…" if self._importing.is_reading else "")
            return
        self.result.setText(told_result(planned))

    # Doing ------------------------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask for a file of labels."""
        path, _ = QFileDialog.getOpenFileName(
            self, "Import labels", str(self._session.folder), FILE_FILTER
        )
        if path:
            self._session.folder = Path(path).parent
            self.choose(Path(path))

    def placement(self) -> LabelPlacement:
        """What has been chosen."""
        order = self._orders[max(0, self.axes.currentIndex())]
        return LabelPlacement(order, self.offset.values(), self.values.mapping(), clip=True)

    def _target_image(self) -> LayerImage | None:
        target = self._importing.target
        image = target.image if isinstance(target, Pair) else target
        return image if isinstance(image, LayerImage) else None

    def choose(self, source: Labels | Path) -> None:
        """Look at labels, from a layer or a file, for the image that has been chosen."""
        target = self._importing.target
        if target is None:
            self._session.report_error("Open the image first whose labels they are to become.")
            return
        self._importing.choose(source, target)

    def _on_source(self, layer: Labels) -> None:
        self.choose(layer)

    def _on_image(self, layer: Image) -> None:
        image = self._session.image_source(layer) or LayerImage(layer)
        self._importing.choose(self._importing.source, pair_of(self._session, image))

    def _on_option(self) -> None:
        self._importing.outdate()
        self.apply.setEnabled(False)
        self._plan_soon.start()

    def _plan(self) -> None:
        if self._importing.inspected is not None:
            self._importing.plan(self.placement(), self.mode.currentData())

    def _on_apply(self) -> None:
        try:
            done = self._importing.apply(self.placement(), self.mode.currentData())
        except ValueError as error:
            self._session.report_error(str(error))
            return
        self.hide()
        if done is not None:
            self._session.status.say(f"Imported {told_counts(done.counts)}.")
