"""Connections that are made and broken together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Connections:
    """Signals of the session and of layers that a dock listens to: all while it is open, none once it is closed.

    Works for psygnal signals, napari events and Qt signals alike. Signals of a dock's own children need none of
    this: Qt breaks those connections itself.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[Any, Callable[..., object]]] = []
        self._open = True

    @property
    def is_open(self) -> bool:
        """Whether the signals are being listened to."""
        return self._open

    def add(self, signal: Any, slot: Callable[..., object]) -> None:
        """Have `signal` call `slot` as long as the connections are open."""
        self._pairs.append((signal, slot))
        if self._open:
            signal.connect(slot)

    def open(self) -> None:
        """Connect everything again."""
        if not self._open:
            self._open = True
            for signal, slot in self._pairs:
                signal.connect(slot)

    def close(self) -> None:
        """Disconnect everything; `open` undoes it."""
        if self._open:
            self._open = False
            for signal, slot in self._pairs:
                signal.disconnect(slot)
