"""The docks as tabs of one place in the window."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

if TYPE_CHECKING:
    from ._dock import Dock

TITLES = ("Feature selection", "Train", "Predict", "Quality")
"""In the order of the tabs."""

OFFERED = "pixclass_docks_offered"
"""Set on a window that has had all docks: whoever closes one does not want it back."""


class Arrangement(QObject):
    """Puts a dock that is opened to the others as a tab, and brings the others along the first time in a window.

    napari knows a dock, and its name, only after having shown it: everything is done just after that.

    Parameters
    ----------
    dock
        The dock, whose child this becomes.
    viewer
        Its viewer; held weakly.
    """

    def __init__(self, dock: Dock, viewer: Any) -> None:
        super().__init__(dock)
        self._viewer = ref(viewer)
        self._due = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._arrange)

    def moved(self) -> None:
        """Say that the dock has been put into a window, or taken out of it."""
        self._due = isinstance(self.parent().parent(), QDockWidget)
        self._soon.stop()

    def shown(self) -> None:
        """Say that the dock has come on screen."""
        if self._due:
            self._due = False
            self._soon.start(0)

    def settle(self) -> None:
        """Leave the dock where it is."""
        self._due = False
        self._soon.stop()

    def _arrange(self) -> None:
        holder, viewer = self.parent().parent(), self._viewer()
        window = holder.parent() if isinstance(holder, QDockWidget) else None
        if viewer is None or not isinstance(window, QMainWindow) or not window.isVisible():
            return
        if window.property(OFFERED):
            others = [other for other in _holders(viewer) if other is not holder]
            to_join = [(other, holder) for other in others[:1]]
        else:
            window.setProperty(OFFERED, True)
            self._offer_others(viewer, holder.objectName())
            to_join = list(pairwise(_holders(viewer)))
        _shorten_titles(viewer)
        if not holder.isFloating() and _tabify(window, to_join):
            holder.raise_()

    def _offer_others(self, viewer: Any, name: str) -> None:
        own: Dock = self.parent()
        present = {dock.title for dock in docks_in(viewer)}
        for title in TITLES:
            if title not in present:
                dock = own.kinds()[title](viewer)
                # Named as the menu of the plugin would, where that has named the first: it closes them as well.
                full_name = name.replace(own.title, title, 1) if own.title in name else title
                viewer.window.add_dock_widget(dock, name=full_name).show()
                dock.arrangement.settle()


def docks_in(viewer: Any) -> list[Dock]:
    """The docks in a viewer's window, in the order of their tabs."""
    inside = list(viewer.window.dock_widgets.values())
    docks = [dock for dock in inside if isinstance(getattr(dock, "arrangement", None), Arrangement)]
    return sorted(docks, key=lambda dock: TITLES.index(dock.title))


def _holders(viewer: Any) -> list[QDockWidget]:
    """What napari has put the docks into, of those that are neither hidden nor have a window of their own."""
    holders = [dock.parent() for dock in docks_in(viewer)]
    return [holder for holder in holders if not (holder.isHidden() or holder.isFloating())]


def _tabify(window: QMainWindow, pairs: Iterable[tuple[QDockWidget, QDockWidget]]) -> bool:
    """Make each second one a tab where the first is; whether anything has moved."""
    moved = False
    for (
        first,
        second,
    ) in pairs:  # one after the other: a second one that moves leaves the next behind
        if second not in window.tabifiedDockWidgets(first):
            window.tabifyDockWidget(first, second)
            moved = True
    return moved


def _shorten_titles(viewer: Any) -> None:
    """Leave the name of the plugin out of the tabs, which are too short for it."""
    for dock in docks_in(viewer):
        holder = dock.parent()
        if dock.title in holder.windowTitle():
            holder.setWindowTitle(dock.title)
