"""A colour as a small square."""

from __future__ import annotations

from qtpy.QtGui import QColor, QIcon, QPixmap

SWATCH = 14
"""Width and height, in pixels."""


def swatch(color: str) -> QIcon:
    """An icon of one colour."""
    pixmap = QPixmap(SWATCH, SWATCH)
    pixmap.fill(QColor(color))
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # Qt would tint it
    return icon
