"""Choosing what the channels of an image are, and which of them are trained on."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QComboBox, QFrame, QVBoxLayout, QWidget

from ._channel_options import ChannelOptions
from ._check_list import CheckList
from ._sections import GAP, MARGIN, PushButton, plain_tooltip, signals_blocked, text_label
from ._sources import LayerImage

NO_AXIS = "none: one channel"


class ChannelsPopup(QFrame):
    """The channels of one image, in a small window that closes when the user clicks beside it."""

    image_chosen = Signal(object)
    """The image with the channels chosen."""
    used_chosen = Signal(object)
    """Positions of the channels to train on; None for all."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("channels")
        self.setStyleSheet("#channels { border: 1px solid gray; }")
        self._image: LayerImage | None = None
        self._options: ChannelOptions | None = None
        self._axis_label = text_label("Channels along axis")
        self.axis = QComboBox()
        self.axis.setToolTip("The axis of the layer whose planes are channels.")
        self._layers_label = text_label("Layers that are its channels")
        self.layers = CheckList("Layers of the same shape, seen as the channels of one image.")
        self._used_label = text_label("Channels to train on")
        self.used = CheckList("Others are not looked at; this holds for all images.")
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(GAP)
        for widget in (
            self._axis_label,
            self.axis,
            self._layers_label,
            self.layers,
            self._used_label,
            self.used,
        ):
            column.addWidget(widget)
        self.axis.activated.connect(self._on_axis)
        self.layers.changed.connect(self._on_layers)
        self.used.changed.connect(self._on_used)

    def show_options(self, image: LayerImage, options: ChannelOptions) -> None:
        """Show what is chosen, and offer what can be."""
        self._image, self._options = image, options
        with signals_blocked(self.axis):
            self.axis.clear()
            self.axis.addItem(NO_AXIS, None)
            for axis in options.axes:
                self.axis.addItem(_axis_text(image, axis), axis)
            self.axis.setCurrentIndex(
                0 if options.axis is None else options.axes.index(options.axis) + 1
            )
        names = [str(layer.name) for layer in options.layers]
        chosen = [i for i, layer in enumerate(options.layers) if layer in options.chosen]
        self.layers.show_entries(names, chosen)
        self.used.show_entries(options.names, options.used)
        for widgets, is_shown in (
            ((self._axis_label, self.axis), bool(options.axes)),
            ((self._layers_label, self.layers), len(options.layers) > 1),
            ((self._used_label, self.used), len(options.names) > 1 or options.used != {0}),
        ):
            for widget in widgets:
                widget.setVisible(is_shown)
        self.adjustSize()

    def forget(self) -> None:
        """Hold no image any more, and close."""
        self._image = self._options = None
        self.hide()

    def _on_axis(self, index: int) -> None:
        if self._image is not None:
            self.image_chosen.emit(LayerImage(self._image.layer, self.axis.itemData(index)))

    def _on_layers(self, rows: tuple[int, ...]) -> None:
        if self._options is None:
            return
        if rows:
            self.image_chosen.emit([self._options.layers[row] for row in rows])
        elif self._image is not None:  # an image has one channel at least
            self.show_options(self._image, self._options)

    def _on_used(self, rows: tuple[int, ...]) -> None:
        self.used_chosen.emit(None if len(rows) == len(self.used.boxes) else rows)


class ChannelsButton(PushButton):
    """Says how many channels an image has, and opens the popup in which they are chosen."""

    def __init__(self) -> None:
        super().__init__("Channels…", "")
        self.setFlat(True)
        self.popup = ChannelsPopup(self)
        self.clicked.connect(self._on_clicked)

    def show_options(self, image: LayerImage, options: ChannelOptions) -> None:
        """Show the channels of an image."""
        n_used = len([row for row in range(len(options.names)) if row in options.used])
        n_all = len(options.names)
        if n_all == 1:
            self.setText("Channels…")
        else:
            self.setText(f"Channels: {n_all if n_used == n_all else f'{n_used} of {n_all}'}…")
        what = "Choose what the channels of the image are, and which of them are trained on."
        names = "" if n_all == 1 else f"\n{', '.join(options.names)}"
        self.setToolTip(plain_tooltip(what + names))
        self.popup.show_options(image, options)

    def _on_clicked(self) -> None:
        self.popup.move(self.mapToGlobal(QPoint(0, self.height())))
        self.popup.show()


def _axis_text(image: LayerImage, axis: int) -> str:
    layer = image.layer
    data = layer.data[0] if layer.multiscale else layer.data
    label = str(layer.axis_labels[axis])
    name = f"{axis} ({label})" if label.isalpha() else str(axis)
    return f"{name}: {data.shape[axis]} channels"
