"""What can be done to a class from the dock, with a word about what has happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_pixclass.core import ClassInfo

if TYPE_CHECKING:
    from ._viewer_session import ViewerSession


class ClassActions:
    """Does at once what a button, a menu or a key asks for: all of it can be undone, so that nothing is asked back.

    Parameters
    ----------
    session
        Whose classes they are.
    """

    def __init__(self, session: ViewerSession) -> None:
        self._session = session

    def add(self) -> None:
        """Add a class and paint with it."""
        self._session.select_class(self._session.add_class().value)

    def rename(self, value: int, name: str) -> None:
        """Give a class another name."""
        with self._errors_told():
            self._session.change_class(value, name=name)

    def recolor(self, value: int, color: str) -> None:
        """Give a class another colour."""
        self._session.change_class(value, color=color)

    def delete(self, value: int) -> None:
        """Erase the labels of a class and drop it."""
        with self._errors_told():
            name = self._info(value).name
            n_pixels = self._session.delete_class(value)
            erased = f": {_pixels(n_pixels)} erased; {self._undo} brings them back."
            self._tell(f"Deleted {name}{erased if n_pixels else '.'}")

    def merge(self, value: int, into: int) -> None:
        """Make the labels of a class those of another one."""
        with self._errors_told():
            name, target = self._info(value).name, self._info(into).name
            n_pixels = self._session.merge_classes(value, into)
            relabelled = f": {_pixels(n_pixels)} relabelled; {self._undo} takes it back."
            self._tell(f"Merged {name} into {target}{relabelled if n_pixels else '.'}")

    def move(self, value: int, position: int) -> None:
        """Have a class in another row of the table."""
        with self._errors_told():
            self._session.move_class(value, position)

    def step(self, value: int, rows: int) -> None:
        """Have a class some rows further down, or up; at the end it stays."""
        with self._errors_told():
            position = self._session.classes.index(self._info(value)) + rows
            if 0 <= position < len(self._session.classes):
                self._session.move_class(value, position)

    def toggle(self, value: int) -> None:
        """Show or hide the probability of a class."""
        with self._errors_told():
            self._session.hidden_classes ^= {value}

    def _tell(self, what: str) -> None:
        self._session.report(what)
        self._session.status.say(what)  # live update would talk over it at once

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            self._session.report_error(str(error))

    def _info(self, value: int) -> ClassInfo:
        for info in self._session.classes:
            if info.value == value:
                return info
        raise ValueError(f"there is no class {value} any more.")

    @property
    def _undo(self) -> str:
        layers = {pair.labels for pair in self._session.pairs}
        return "undo in the labels layer" if len(layers) < 2 else "undo in each labels layer"


def _pixels(number: int) -> str:
    return "1 pixel" if number == 1 else f"{number:,} pixels"
