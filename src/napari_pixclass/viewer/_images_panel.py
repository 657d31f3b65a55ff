"""Which images are trained on, with which labels."""

from __future__ import annotations

from napari.layers import Image
from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout

from napari_pixclass.session import Pair

from ._channel_options import ChannelOptions
from ._connections import Connections
from ._label_export import ask_and_export, pair_to_export
from ._pair_row import PairRow
from ._sections import GAP, Panel, PushButton
from ._sources import LayerImage, LayerLabels, labels_shape
from ._viewer_session import ViewerSession


class ImagesPanel(Panel):
    """The images to train on: a row for each, and one more while an image has no labels yet.

    The session knows complete pairs only; the row without labels (the draft) is this panel's.
    """

    import_requested = Signal()

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Images and labels")
        self._session = session
        self._draft_wanted = False
        self._draft_image: LayerImage | None = None
        self.rows: list[PairRow] = []
        self._rows_column = QVBoxLayout()
        self._rows_column.setSpacing(GAP)
        self.column.addLayout(self._rows_column)
        self.new = PushButton(
            "New labels", "Add an empty labels layer that fits the image, and paint on it."
        )
        self.add = PushButton("Add image", "Train on one more image; all labels count together.")
        self.add_row(self.new, self.add)
        self.import_labels = PushButton(
            "Import labels…", "Put labels from a file or another layer into those of an image."
        )
        self.export_labels = PushButton(
            "Export labels…", "Write the labels of an image to a file that other programs read."
        )
        self.add_row(self.import_labels, self.export_labels)
        self.import_labels.clicked.connect(self._on_import)
        self.export_labels.clicked.connect(self._on_export)
        self.new.clicked.connect(self._on_new)
        self.add.clicked.connect(self._on_add)
        for signal in (
            session.pairs_changed,
            session.layers_changed,
            session.active_layer_changed,
            session.features_changed,
        ):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        pairs: list[Pair | None] = list(self._session.pairs)
        if self._draft_wanted or not pairs:
            pairs.append(None)
        while len(self.rows) < len(pairs):
            self._append_row()
        while len(self.rows) > len(pairs):
            self._drop_row()
        for row, pair in zip(self.rows, pairs, strict=True):
            self._show(row, pair)
        self.new.setEnabled(self._image_without_labels() is not None)
        self.add.setEnabled(pairs[-1] is not None and bool(self._unpaired_images()))
        self.import_labels.setEnabled(bool(self._session.image_layers))
        self.export_labels.setEnabled(bool(self._session.pairs))

    def _append_row(self) -> None:
        row = PairRow()
        row.chosen.connect(self._on_row_chosen)
        row.remove_requested.connect(self._on_row_removed)
        row.image_chosen.connect(self._on_channels_chosen)
        row.used_chosen.connect(self._on_used_chosen)
        self.rows.append(row)
        self._rows_column.addWidget(row)

    def _drop_row(self) -> None:
        row = self.rows.pop()
        self._rows_column.removeWidget(row)
        row.hide()  # it may take a while until it is gone
        row.deleteLater()

    def _show(self, row: PairRow, pair: Pair | None) -> None:
        row.pair = pair
        images = self._session.image_layers
        if pair is None:
            image, labels = self._draft(), None
        else:
            image = pair.image if isinstance(pair.image, LayerImage) else None
            labels = pair.labels.layer if isinstance(pair.labels, LayerLabels) else None
        row.show_channels(
            image,
            None if image is None else ChannelOptions.of(image, images, self._session.channels),
        )
        fitting = [
            layer
            for layer in self._session.labels_layers
            if image is None or layer.data.shape == labels_shape(image) or layer is labels
        ]
        row.image.show_layers(images, None if image is None else image.layer)
        row.labels.show_layers(fitting if image is not None else [], labels)
        row.remove.setEnabled(pair is not None or bool(self._session.pairs))

    def _unpaired_images(self) -> list[Image]:
        images = [pair.image for pair in self._session.pairs if isinstance(pair.image, LayerImage)]
        paired = [layer for image in images for layer in image.layers]
        return [layer for layer in self._session.image_layers if layer not in paired]

    def _draft(self) -> LayerImage | None:
        """The image of the row without labels: the one chosen there, else the next that has none."""
        draft, images = self._draft_image, self._session.image_layers
        if draft is not None and all(layer in images for layer in draft.layers):
            return draft
        layer = self._current_unpaired() or next(iter(self._unpaired_images()), None)
        return None if layer is None else LayerImage(layer)

    def _image_without_labels(self) -> LayerImage | None:
        if self.rows and self.rows[-1].pair is None:
            return self._draft()
        layer = self._current_unpaired()
        return None if layer is None else LayerImage(layer)

    def _current_unpaired(self) -> Image | None:
        current = self._session.current_image
        return current if current in self._unpaired_images() else None

    def _on_row_chosen(self, row: PairRow) -> None:
        image, labels = self._image_of(row), row.labels.layer
        if row.pair is not None:
            self._session.replace_pair(row.pair, image or row.pair.image, labels or row.pair.labels)
        elif image is not None and labels is not None:
            self._add_pair(image, labels)
        else:
            self._draft_image = image
            self.refresh()

    def _image_of(self, row: PairRow) -> LayerImage | None:
        """The image shown in a row, with its channels as long as no other one has been chosen."""
        shown = self._draft() if row.pair is None else row.pair.image
        if isinstance(shown, LayerImage) and shown.layer is row.image.layer:
            return shown
        return None if row.image.layer is None else LayerImage(row.image.layer)

    def _on_channels_chosen(self, row: PairRow, image: object) -> None:
        try:
            if row.pair is not None:
                self._session.replace_pair(row.pair, image, row.pair.labels)
            else:
                self._draft_image = self._session.image_source(image)
        except ValueError as error:
            self._session.report_error(str(error))
        self.refresh()

    def _on_used_chosen(self, channels: tuple[int, ...] | None) -> None:
        self._session.channels = channels

    def _on_row_removed(self, row: PairRow) -> None:
        if row.pair is None:
            self._forget_draft()
            self.refresh()
        else:
            self._session.remove_pair(row.pair)

    def _on_new(self) -> None:
        image = self._image_without_labels()
        if image is not None:
            self._forget_draft()
            self._session.new_labels(image)

    def _on_add(self) -> None:
        self._draft_wanted = True
        self.refresh()

    def _on_import(self) -> None:
        self.import_requested.emit()

    def _on_export(self) -> None:
        pair = pair_to_export(self._session)
        if pair is not None:
            ask_and_export(self._session, pair, self)

    def _add_pair(self, image: object, labels: object) -> None:
        self._forget_draft()
        self._session.add_pair(image, labels)

    def _forget_draft(self) -> None:
        self._draft_wanted, self._draft_image = False, None
