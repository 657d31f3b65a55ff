"""The offer to bring back scribbles of an earlier session."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_pixclass.session import Offer

from ._connections import Connections
from ._sections import GAP, Panel, PushButton, hint_label, plain_tooltip
from ._viewer_session import ViewerSession

MAX_ROWS = 2
"""Offers that are shown at a time; others follow when these have been dealt with."""

MAX_NAME = 28
"""Most characters of an image's name."""


class RestorePanel(Panel):
    """A row for each offer; nothing at all where there is none."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__()
        self._session = session
        self.rows: list[OfferRow] = []
        connections.add(session.recovery.offers_changed, self.refresh)
        connections.add(session.layers_changed, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        offers = self._session.recovery.offers[:MAX_ROWS]
        for row in [row for row in self.rows if row.offer not in offers]:
            self.rows.remove(row)
            self.column.removeWidget(row)
            row.hide()
            row.deleteLater()
        known = [row.offer for row in self.rows]
        for offer in offers:
            if offer not in known:
                self._add(offer)
        for row in self.rows:
            row.refresh()
        self.setVisible(bool(self.rows))

    def _add(self, offer: Offer) -> None:
        row = OfferRow(offer)
        row.restore_requested.connect(self._session.recovery.restore)
        row.discard_requested.connect(self._session.recovery.discard)
        self.rows.append(row)
        self.column.addWidget(row)


class OfferRow(QWidget):
    """What can be restored, and what to do with it."""

    restore_requested = Signal(object)
    discard_requested = Signal(object)

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer
        self.text = hint_label()
        self.restore = PushButton(
            "Restore",
            "Bring these scribbles back, with the names and colours of their classes.\n"
            "Nothing that is painted now is changed.",
        )
        self.discard = PushButton("Discard", "Delete these scribbles for good.")
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.restore, 1)
        buttons.addWidget(self.discard, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.text)
        column.addLayout(buttons)
        self.restore.clicked.connect(self._on_restore)
        self.discard.clicked.connect(self._on_discard)

    def refresh(self) -> None:
        """Show what the image is called now, and how long ago that was."""
        info = self.offer.info
        classes = "1 class" if info.n_classes == 1 else f"{info.n_classes} classes"
        pixels = "1 pixel" if info.n_pixels == 1 else f"{info.n_pixels:,} pixels"
        when = told_time(info.written.astimezone(), datetime.now().astimezone())
        self.text.setText(
            f"Scribbles of {_short(self.offer.image.name)} from {when} ({pixels}, {classes})"
        )
        painted_on = info.image_path or info.image_name
        self.text.setToolTip(
            plain_tooltip(
                f"Painted on {_short(Path(painted_on).name)}, and kept until you discard them."
            )
        )

    def _on_restore(self) -> None:
        self.restore_requested.emit(self.offer)

    def _on_discard(self) -> None:
        self.discard_requested.emit(self.offer)


def told_time(time: datetime, now: datetime) -> str:
    """A time as one would say it, such as "today 14:32"."""
    days = (now.date() - time.date()).days
    if days in (0, 1):
        return f"{('today', 'yesterday')[days]} {time:%H:%M}"
    year = "" if time.year == now.year else f" {time.year}"
    return f"{time.day} {time:%B}{year}, {time:%H:%M}"


def _short(name: str) -> str:
    """A name in one line, cut in the middle; a file may call an image anything."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    half = MAX_NAME // 2
    return plain if len(plain) <= MAX_NAME else f"{plain[: half - 1]}…{plain[-half:]}"
