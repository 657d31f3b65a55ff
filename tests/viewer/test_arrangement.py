"""The docks as tabs of one place in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QMenu

import napari_pixclass as px
from napari_pixclass.viewer._dock import Dock

from .conftest import DOCKS, LONG, scribbles, stripes

TITLES = list(DOCKS)


def docks(viewer: Any) -> dict[str, Any]:
    """The docks in the window by the titles of their tabs, in the order of the tabs."""
    inside = [dock for dock in viewer.window.dock_widgets.values() if type(dock) in DOCKS.values()]
    found = {dock.parent().windowTitle(): dock for dock in inside}
    assert len(found) == len(inside)
    return {title: found[title] for title in TITLES if title in found}


def in_front(dock: Any) -> bool:
    return not dock.visibleRegion().isEmpty()


def is_one_place(viewer: Any) -> bool:
    holders = [dock.parent() for dock in docks(viewer).values()]
    window = viewer.window._qt_window
    return set(holders) == {holders[0], *window.tabifiedDockWidgets(holders[0])}


def open_alone(viewer: Any, name: str) -> Any:
    """Open a dock the way a script does that knows nothing of tabs."""
    return viewer.window.add_plugin_dock_widget("napari-pixclass", name)[1]


def close(dock: Any) -> None:
    dock.parent().titleBarWidget().close_button.click()


def settle() -> None:
    for _ in range(5):
        QApplication.processEvents()


@pytest.mark.parametrize("name", DOCKS)
def test_the_others_come_along_as_tabs(window_viewer: Any, qtbot: Any, name: str) -> None:
    dock = open_alone(window_viewer, name)
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    settle()
    assert list(docks(window_viewer)) == TITLES
    assert is_one_place(window_viewer)
    assert [title for title, each in docks(window_viewer).items() if in_front(each)] == [name]
    assert docks(window_viewer)[name] is dock
    assert {each.session for each in docks(window_viewer).values()} == {px.session(window_viewer)}


def menu_action(menu: QMenu, title: str) -> Any:
    menu.aboutToShow.emit()
    for action in menu.actions():
        if action.menu() is not None:
            found = menu_action(action.menu(), title)
            if found is not None:
                return found
        elif action.text().startswith(title):
            return action
    return None


def test_the_menu_opens_and_closes_all_of_them(window_viewer: Any, qtbot: Any) -> None:
    menu = window_viewer.window.plugins_menu
    menu_action(menu, "Train").trigger()
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    settle()
    predict = docks(window_viewer)["Predict"]
    menu_action(menu, "Predict").trigger()  # the menu knows it: this hides it
    assert predict.parent().isHidden()
    menu_action(menu, "Predict").trigger()
    settle()
    assert len(docks(window_viewer)) == len(DOCKS)
    assert not predict.parent().isHidden()


def test_a_dock_that_was_closed_stays_closed(window_viewer: Any, qtbot: Any) -> None:
    train = open_alone(window_viewer, "Train")
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    close(docks(window_viewer)["Predict"])
    close(train)
    settle()
    assert list(docks(window_viewer)) == ["Feature selection", "Quality"]
    open_alone(window_viewer, "Train")
    settle()
    assert list(docks(window_viewer)) == ["Feature selection", "Train", "Quality"]
    assert is_one_place(window_viewer)
    assert in_front(docks(window_viewer)["Train"])


def test_docks_opened_together_are_not_opened_twice(
    window_viewer: Any, open_dock: Callable[..., Any]
) -> None:
    opened = {name: open_dock(window_viewer, name) for name in ("Predict", "Train")}
    settle()
    found = docks(window_viewer)
    assert len(found) == len(DOCKS)
    assert {name: found[name] for name in opened} == opened
    assert is_one_place(window_viewer)
    assert in_front(opened["Train"])


def test_docks_that_were_put_elsewhere_are_left_there(window_viewer: Any, qtbot: Any) -> None:
    open_alone(window_viewer, "Train")
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    window, found = window_viewer.window._qt_window, docks(window_viewer)
    features, predict = (found[name].parent() for name in ("Feature selection", "Predict"))
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, predict)
    close(found["Train"])
    open_alone(window_viewer, "Train")
    settle()
    assert window.dockWidgetArea(predict) == Qt.DockWidgetArea.LeftDockWidgetArea
    others = [docks(window_viewer)[name].parent() for name in ("Train", "Quality")]
    assert set(window.tabifiedDockWidgets(features)) == set(others)
    assert in_front(docks(window_viewer)["Train"])


def test_a_dock_with_a_window_of_its_own_stays_there(window_viewer: Any, qtbot: Any) -> None:
    open_alone(window_viewer, "Train")
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    found = docks(window_viewer)
    for name in ("Predict", "Feature selection"):
        found[name].parent().setFloating(True)
    close(found["Train"])
    open_alone(window_viewer, "Train")
    settle()
    assert all(found[name].parent().isFloating() for name in ("Predict", "Feature selection"))
    assert in_front(docks(window_viewer)["Train"])


def test_each_window_has_its_own(make_napari_viewer: Callable[..., Any], qtbot: Any) -> None:
    viewers = [make_napari_viewer(show=True) for _ in range(2)]
    for viewer in viewers:
        open_alone(viewer, "Predict")
        qtbot.waitUntil(lambda viewer=viewer: len(docks(viewer)) == len(DOCKS), timeout=LONG)
    assert docks(viewers[0])["Train"].session is not docks(viewers[1])["Train"].session


def test_without_a_window_nothing_happens(
    viewer: ViewerModel, open_dock: Callable[..., Any]
) -> None:
    dock = open_dock(viewer, "Train")
    settle()
    assert [each for each in QApplication.topLevelWidgets() if isinstance(each, Dock)] == [dock]


@pytest.mark.parametrize("n_turns", [0, 1, 5])
def test_the_window_may_be_closed_at_any_moment(
    make_napari_viewer: Callable[..., Any], n_turns: int
) -> None:
    viewer = make_napari_viewer(show=True, strict_qt="raise")
    viewer.add_image(stripes((64, 64)))
    viewer.add_labels(scribbles((64, 64)))
    open_alone(viewer, "Train")
    for _ in range(n_turns):
        QApplication.processEvents()
    viewer.close()
    settle()


@pytest.mark.parametrize("name", DOCKS)
def test_a_dock_fits_a_small_screen(window_viewer: Any, qtbot: Any, name: str) -> None:
    window_viewer.window.resize(1366, 768)
    window_viewer.add_image(stripes((8, 64, 64)), axis_labels=("z", "y", "x"))
    window_viewer.add_labels(scribbles((8, 64, 64)))
    dock = open_alone(window_viewer, name)
    qtbot.waitUntil(lambda: len(docks(window_viewer)) == len(DOCKS), timeout=LONG)
    settle()
    window = window_viewer.window._qt_window
    assert (window.width(), window.height()) == (1366, 768)
    bottom = dock.mapTo(window, dock.rect().bottomRight())
    assert window.rect().contains(bottom)
    assert dock.width() <= 400
    assert dock.footer.isVisible()
    canvas = window_viewer.window._qt_viewer.canvas.native
    assert canvas.width() > 600
    for holder in window.findChildren(QDockWidget):
        if holder.isVisible() and not holder.visibleRegion().isEmpty():
            assert window.rect().contains(holder.geometry()), holder.objectName()
