"""The keys: which they are, what they do on the canvas and in a dock, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import napari.layers
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.settings import get_settings
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QShortcut, QWidget

import napari_pixclass as px
from napari_pixclass.viewer._keys import CLASS_KEYS, KEYS, Key

from .conftest import LONG, scribbles, stripes

KEY_OF = {key.name: key for key in KEYS}


@pytest.fixture
def painted(viewer: ViewerModel) -> Any:
    """A session with an image and its scribbles."""
    image = viewer.add_image(stripes((64, 64)), name="stripes")
    session = px.session(viewer)
    session.features = px.FeatureSet.fast(2)
    session.add_pair(image, viewer.add_labels(scribbles((64, 64)), name="scribbles"))
    return session


@pytest.fixture
def window_painted(window_viewer: Any, open_dock: Callable[..., Any], qtbot: Any) -> Any:
    """A Train dock in a window that has the focus, with an image and its scribbles."""
    window_viewer.add_image(stripes((64, 64)), name="stripes")
    window_viewer.add_labels(scribbles((64, 64)), name="scribbles")
    dock = open_dock(window_viewer, "Train")
    dock.session.features = px.FeatureSet.fast(2)
    dock.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is dock.window(), timeout=LONG)
    return dock


@pytest.fixture
def shortcut_settings() -> Iterator[Any]:
    """napari's settings of the keys, as they were before afterwards."""
    settings = get_settings().shortcuts
    before = dict(settings.shortcuts)
    yield settings
    settings.shortcuts = before


def press(qtbot: Any, widget: QWidget, key: Key) -> None:
    """Press a key on the keyboard while `widget` has the focus."""
    widget.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is widget, timeout=LONG)
    combination = QKeySequence(key.name)[0]
    qtbot.keyClick(widget, combination.key(), combination.keyboardModifiers())


def canvas(viewer: Any) -> QWidget:
    return viewer.window._qt_viewer.canvas.native


def shortcuts_in_menus(menu: Any) -> Iterator[str]:
    menu.aboutToShow.emit()
    for action in menu.actions():
        yield from (sequence.toString() for sequence in action.shortcuts())
        if action.menu() is not None:
            yield from shortcuts_in_menus(action.menu())


def normal(name: str) -> frozenset[str]:
    return frozenset(name.replace("Control", "Ctrl").split("+"))


def test_no_key_is_one_of_naparis(window_viewer: Any, mock_app_model: Any) -> None:
    kinds = [type(window_viewer)]
    kinds += [getattr(napari.layers, name.capitalize()) for name in napari.layers.NAMES]
    classes = {cls for kind in kinds for cls in kind.__mro__ if hasattr(cls, "class_keymap")}
    window = window_viewer.window._qt_window
    menus = window.menuBar().actions()
    taken = [str(key) for cls in classes for key in cls.class_keymap]
    taken += [str(key) for keys in get_settings().shortcuts.shortcuts.values() for key in keys]
    taken += [str(rule.keybinding) for rule in mock_app_model.keybindings]
    taken += [name for action in menus for name in shortcuts_in_menus(action.menu())]
    taken += [shortcut.key().toString() for shortcut in window.findChildren(QShortcut)]
    taken += [QKeySequence.mnemonic(action.text()).toString() for action in menus]
    assert {"Alt+S", "Shift+V", "Shift+L", "Alt+F", "Ctrl+M"} <= set(taken)  # each kind was found
    ours = {normal(key.name) for key in KEYS}
    assert len(ours) == len(KEYS)
    assert not ours & set(map(normal, taken))


def test_all_keys_work(painted: Any) -> None:
    assert all(painted.keys.works(key) for key in KEYS)


@pytest.mark.parametrize("where", ["canvas", "table"])
def test_keys_pick_a_class_and_the_eraser(
    window_painted: Any, window_viewer: Any, qtbot: Any, where: str
) -> None:
    focus = canvas(window_viewer) if where == "canvas" else window_painted.classes.table
    window_painted.session.add_class()
    window_viewer.layers.selection.active = window_viewer.layers["stripes"]
    layer = window_viewer.layers["scribbles"]
    press(qtbot, focus, KEY_OF["Alt+3"])
    assert window_viewer.layers.selection.active is layer
    assert (layer.selected_label, layer.mode) == (3, "paint")
    press(qtbot, focus, KEY_OF["Alt+2"])
    assert (layer.selected_label, layer.mode) == (2, "paint")
    press(qtbot, focus, KEY_OF["Shift+E"])
    assert layer.mode == "erase"
    press(qtbot, focus, KEY_OF["Shift+E"])
    assert (layer.selected_label, layer.mode) == (2, "paint")


@pytest.mark.parametrize("where", ["canvas", "table", "button", "scroll area"])
def test_one_press_acts_once(
    window_painted: Any, window_viewer: Any, qtbot: Any, where: str
) -> None:
    focus = {
        "canvas": canvas(window_viewer),
        "table": window_painted.classes.table,
        "button": window_painted.training.train,
        "scroll area": window_painted.scroll_area,
    }[where]
    states: list[bool] = []
    window_painted.session.live_update_changed.connect(states.append)
    press(qtbot, focus, KEY_OF["Shift+I"])
    assert states == [True]
    press(qtbot, focus, KEY_OF["Shift+I"])
    assert states == [True, False]


def test_keys_work_in_a_floating_dock(window_painted: Any, qtbot: Any) -> None:
    window_painted.parent().setFloating(True)
    table = window_painted.classes.table
    table.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is table.window(), timeout=LONG)
    press(qtbot, table, KEY_OF["Alt+2"])
    assert window_painted.session.selected_class == 2


def test_capital_letters_can_be_typed(window_painted: Any, window_viewer: Any, qtbot: Any) -> None:
    line = QLineEdit(window_painted)
    line.show()
    for name in ("Shift+E", "Shift+I"):
        press(qtbot, line, KEY_OF[name])
    assert line.text().upper() == "EI"  # the letter of a simulated key is a small one
    assert window_viewer.layers["scribbles"].mode == "pan_zoom"
    assert not window_painted.session.live_update


def test_a_key_trains(window_painted: Any, window_viewer: Any, qtbot: Any) -> None:
    press(qtbot, canvas(window_viewer), KEY_OF["Shift+T"])
    qtbot.waitUntil(lambda: window_painted.session.classifier is not None, timeout=LONG)


def test_what_cannot_be_done_is_said(viewer: ViewerModel, open_dock: Callable[..., Any]) -> None:
    dock = open_dock(viewer, "Train")
    said = []
    for name in ("Alt+1", "Alt+9", "Shift+E", "Shift+T", "Shift+C", "Shift+W"):
        dock.session.keys.press(KEY_OF[name])
        said.append(dock.footer.status.text())
    assert said == [
        "There are no labels to paint on: choose some, or make new ones.",
        "There is no class in row 9 of the table.",
        "There are no labels to erase.",
        "Choose an image and labels to paint on.",
        "There is no image whose contrast could be set.",
        "There is no image whose contrast could be set.",
    ]


def test_labels_that_are_hidden_are_not_erased(painted: Any, viewer: ViewerModel) -> None:
    viewer.layers["scribbles"].visible = False
    painted.keys.press(KEY_OF["Shift+E"])
    assert painted.status.notice == "scribbles cannot be erased: it is hidden or locked."


def test_the_eraser_gives_back_what_was_in_hand(painted: Any, viewer: ViewerModel) -> None:
    layer = viewer.layers["scribbles"]
    viewer.layers.selection.active, layer.mode = layer, "fill"
    painted.keys.press(KEY_OF["Shift+E"])
    assert layer.mode == "erase"
    painted.keys.press(KEY_OF["Shift+E"])
    assert layer.mode == "fill"


@pytest.mark.parametrize(
    ("name", "output", "keys"),
    [
        ("Shift+R", "probabilities", (1, 2)),
        ("Shift+U", "uncertainty", ("uncertainty",)),
        ("Shift+S", "segmentation", ("segmentation",)),
    ],
)
def test_outputs_are_shown_and_hidden(
    trained: Any, viewer: ViewerModel, name: str, output: str, keys: tuple[object, ...]
) -> None:
    trained.keys.press(KEY_OF[name])  # nothing is predicted yet
    assert output not in trained.outputs
    assert trained.status.notice == f"{output.capitalize()} will not be predicted."
    trained.keys.press(KEY_OF[name])
    assert output in trained.outputs
    trained.predict().result(60)
    outputs = trained.output_layers.of(viewer.layers["stripes"])
    before = outputs[keys[0]].visible
    for visible in (not before, before):
        trained.keys.press(KEY_OF[name])
        assert [outputs[key].visible for key in keys] == [visible] * len(keys)
        assert trained.status.notice.endswith("shown." if visible else "hidden.")
    others = [layer.visible for key, layer in outputs.items() if key not in keys]
    assert others == [key in (1, 2) for key in outputs if key not in keys]


def test_a_class_that_was_hidden_stays_hidden(trained: Any, viewer: ViewerModel) -> None:
    trained.predict().result(60)
    outputs = trained.output_layers.of(viewer.layers["stripes"])
    outputs[1].visible = False
    shown = []
    for _ in range(2):
        trained.keys.press(KEY_OF["Shift+R"])
        shown.append((outputs[1].visible, outputs[2].visible))
    assert shown == [(False, False), (False, True)]


def test_a_key_that_the_user_has_bound_stays_the_users(
    window_viewer: Any, open_dock: Callable[..., Any], qtbot: Any
) -> None:
    pressed: list[str] = []
    window_viewer.bind_key("Shift-I", lambda viewer: pressed.append("mine"))
    dock = open_dock(window_viewer, "Train")
    dock.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is dock.window(), timeout=LONG)
    window_viewer.bind_key("Alt-1", lambda viewer: pressed.append("later"), overwrite=True)
    dock.keys_list.fold.click()
    texts = {label.text() for label in dock.keys_list.list.findChildren(QLabel)}
    assert "Live update on or off (taken)" in texts
    assert "Paint the class in that row (taken: Alt+1)" in texts
    press(qtbot, canvas(window_viewer), KEY_OF["Shift+I"])
    press(qtbot, dock.scroll_area, KEY_OF["Shift+I"])  # napari hands it on from there
    press(qtbot, canvas(window_viewer), KEY_OF["Alt+1"])
    press(qtbot, dock.scroll_area, KEY_OF["Alt+1"])
    assert pressed == ["mine", "mine", "later", "later"]
    assert not dock.session.live_update
    dock.session.close()
    press(qtbot, canvas(window_viewer), KEY_OF["Shift+I"])
    assert pressed[4:] == ["mine"]


def test_a_key_that_napari_is_given_becomes_naparis(
    painted: Any, viewer: ViewerModel, shortcut_settings: Any
) -> None:
    before = dict(shortcut_settings.shortcuts)
    shortcut_settings.shortcuts = before | {"napari:reset_view": ["Shift+E"]}
    assert not painted.keys.works(KEY_OF["Shift+E"])
    assert "Shift+E" not in map(str, viewer.keymap)
    shortcut_settings.shortcuts = before
    assert painted.keys.works(KEY_OF["Shift+E"])


def test_keys_are_given_back(viewer: ViewerModel) -> None:
    session = px.session(viewer)
    assert len(viewer.keymap) == len(KEYS)
    session.close()
    session.close()
    assert not viewer.keymap
    get_settings().shortcuts.events.shortcuts()
    assert not viewer.keymap


def test_two_viewers_have_keys_of_their_own(painted: Any, viewer: ViewerModel) -> None:
    other = ViewerModel()
    other.add_image(stripes((64, 64)))
    session = px.session(other)
    session.keys.press(KEY_OF["Shift+I"])
    assert (session.live_update, painted.live_update) == (True, False)
    session.close()


def test_the_list_of_keys(window_painted: Any, click: Callable[..., None], qtbot: Any) -> None:
    panel = window_painted.keys_list
    assert panel.list.isHidden()
    window_painted.window().resize(1366, 700)
    window_painted.scroll_area.ensureWidgetVisible(panel.fold)
    click(panel.fold)
    assert panel.list.isVisible()
    last = panel.list.findChildren(QLabel)[-1]
    qtbot.waitUntil(lambda: not last.visibleRegion().isEmpty(), timeout=LONG)  # scrolled to it
    texts = [label.text() for label in panel.list.findChildren(QLabel)]
    others = [key for key in KEYS if key not in CLASS_KEYS]
    assert set(texts) >= {key.meaning for key in others} | {key.name for key in others}
    click(panel.fold)
    assert panel.list.isHidden()


def test_no_labels_are_changed_by_keys(painted: Any, viewer: ViewerModel) -> None:
    for key in KEYS:
        painted.keys.press(key)
    np.testing.assert_array_equal(viewer.layers["scribbles"].data, scribbles((64, 64)))
