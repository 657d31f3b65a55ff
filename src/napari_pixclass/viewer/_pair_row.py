"""One image with its labels."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_pixclass.session import Pair

from ._channel_options import ChannelOptions
from ._channels_button import ChannelsButton
from ._layer_combo import LayerCombo
from ._sections import GAP, PushButton, text_label
from ._sources import LayerImage


class PairRow(QWidget):
    """An image, its labels, and a way to take them out.

    Attributes
    ----------
    pair
        The pair shown; None where labels have not been chosen yet.
    """

    chosen = Signal(object)
    """The row in which the user chose a layer."""
    remove_requested = Signal(object)
    """The row whose button was pressed."""
    image_chosen = Signal(object, object)
    """The row, and its image with other channels."""
    used_chosen = Signal(object)
    """The channels to train on; None for all."""

    def __init__(self) -> None:
        super().__init__()
        self.pair: Pair | None = None
        self.image = LayerCombo("The image to train on.", "no image")
        self.labels = LayerCombo("The labels painted on the image.", "no labels yet")
        self.remove = PushButton("✕", "Stop training on this image; its layers stay.")
        self.remove.setFixedWidth(24)
        self.channels = ChannelsButton()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GAP)
        grid.setVerticalSpacing(GAP)
        for row, (name, combo) in enumerate((("Image", self.image), ("Labels", self.labels))):
            grid.addWidget(text_label(name), row, 0)
            grid.addWidget(combo, row, 1)
        grid.addWidget(self.remove, 0, 2)
        grid.addWidget(self.channels, 2, 1, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(1, 1)
        self.image.layer_chosen.connect(self._on_chosen)
        self.labels.layer_chosen.connect(self._on_chosen)
        self.remove.clicked.connect(self._on_remove)
        self.channels.popup.image_chosen.connect(self._on_image_chosen)
        self.channels.popup.used_chosen.connect(self.used_chosen.emit)

    def _on_chosen(self) -> None:
        self.chosen.emit(self)

    def show_channels(self, image: LayerImage | None, options: ChannelOptions | None) -> None:
        """Show the channels of the image; None where there is nothing to choose."""
        if image is None or options is None or not options.matter:
            self.channels.popup.forget()
            self.channels.hide()
        else:
            self.channels.show_options(image, options)
            self.channels.show()

    def _on_image_chosen(self, image: object) -> None:
        self.image_chosen.emit(self, image)

    def _on_remove(self) -> None:
        self.remove_requested.emit(self)
