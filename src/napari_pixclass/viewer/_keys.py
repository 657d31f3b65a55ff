"""Keys for what a person does most while painting.

napari has no place where a plugin could declare its keys, so they are bound to each viewer. A key that napari or the
user has bound to something else stays theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

import napari.layers
from napari.settings import get_settings
from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_pixclass.core import Output

from ._key_actions import Act, KeyActions

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from ._viewer_session import ViewerSession


@dataclass(frozen=True, slots=True)
class Key:
    """A key, as napari and Qt write it, what it does in words, and doing it."""

    name: str
    meaning: str
    act: Act


def _class_key(number: int) -> Key:
    return Key(
        f"Alt+{number}",
        f"Paint the class in row {number}",
        lambda actions: actions.paint_class(number),
    )


def _output_key(name: str, output: Output) -> Key:
    return Key(
        name, f"{output.capitalize()} on or off", lambda actions: actions.toggle_output(output)
    )


CLASS_KEYS = tuple(map(_class_key, range(1, 10)))
# The first letter of the word with Shift; the second where Shift and the first is a key of napari's.
KEYS = (
    *CLASS_KEYS,
    Key("Shift+E", "Eraser, and back to the brush", KeyActions.toggle_eraser),
    Key("Shift+T", "Train", KeyActions.train),
    Key("Ctrl+Shift+S", "Save the project", KeyActions.save_project),
    Key("Shift+I", "Live update on or off", KeyActions.toggle_live_update),
    Key("Shift+N", "Next place to label", KeyActions.next_place),
    Key("Shift+B", "Back to the place before", KeyActions.previous_place),
    _output_key("Shift+R", "probabilities"),
    _output_key("Shift+U", "uncertainty"),
    _output_key("Shift+S", "segmentation"),
    Key("Shift+C", "Contrast from what is on screen", KeyActions.level_automatically),
    Key("Shift+W", "Contrast by dragging on or off", KeyActions.toggle_level_dragging),
)


class Keys:
    """The keys of one viewer, from the moment its session is made until that is closed.

    Parameters
    ----------
    session
        What the keys act on.
    viewer
        Whose keys they are; held weakly.
    """

    changed = Signal()
    """Other keys are taken than before."""

    def __init__(self, session: ViewerSession, viewer: ViewerModel) -> None:
        self._actions = KeyActions(session, viewer)
        self._viewer = ref(viewer)
        self._bound: dict[str, Callable[[Any], None]] = {}
        self._bind_free()
        get_settings().shortcuts.events.shortcuts.connect(self._on_settings)

    def works(self, key: Key) -> bool:
        """Whether a key does what it is for: it does not where napari or the user needs it for something else."""
        viewer = self._viewer()
        function = self._bound.get(key.name)
        return function is not None and viewer is not None and _binding(viewer, key) is function

    def press(self, key: Key) -> None:
        """Do what a key is for, if it works."""
        if self.works(key):
            key.act(self._actions)

    def release(self) -> None:
        """Give all keys back."""
        get_settings().shortcuts.events.shortcuts.disconnect(self._on_settings)
        for key in KEYS:
            self._unbind(key)

    def _bind_free(self) -> None:
        viewer = self._viewer()
        if viewer is None:
            return
        taken = _keys_of_napari(viewer)
        for key in KEYS:
            if key.name in taken:
                self._unbind(key)
            elif _binding(viewer, key) is None:
                self._bound[key.name] = self._function(key)
                viewer.bind_key(key.name, self._bound[key.name])

    def _function(self, key: Key) -> Callable[[Any], None]:
        def press(viewer: Any) -> None:  # napari asks for its name: a partial has none
            self.press(key)

        return press

    def _unbind(self, key: Key) -> None:
        viewer = self._viewer()
        if viewer is not None and self.works(key):
            viewer.bind_key(key.name, None)
        self._bound.pop(key.name, None)

    def _on_settings(self, event: Any = None) -> None:
        self._bind_free()
        self.changed.emit()


class DockKeys:
    """The same keys where the focus is in a dock: its tables and boxes would keep them from the viewer.

    Parameters
    ----------
    keys
        The keys of the viewer.
    dock
        Where they are to work.
    """

    def __init__(self, keys: Keys, dock: QWidget) -> None:
        self._keys = keys
        self._shortcuts: dict[Key, QShortcut] = {}
        for key in KEYS:
            shortcut = QShortcut(QKeySequence(key.name), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(partial(keys.press, key))
            self._shortcuts[key] = shortcut

    def refresh(self) -> None:
        """Let through to napari what is not ours; before every key, for nobody says when a key is bound."""
        for key, shortcut in self._shortcuts.items():
            shortcut.setEnabled(self._keys.works(key))


def _binding(viewer: ViewerModel, key: Key) -> Any:
    """What the viewer itself, other than its class, has bound to a key."""
    return next((f for name, f in viewer.keymap.items() if str(name) == key.name), None)


def _keys_of_napari(viewer: ViewerModel) -> set[str]:
    """What napari has bound, or the user in its settings, for the viewer or any kind of layer."""
    layers = [getattr(napari.layers, name.capitalize()) for name in napari.layers.NAMES]
    classes = {cls for kind in (type(viewer), *layers) for cls in kind.__mro__}
    names = {str(key) for cls in classes for key in getattr(cls, "class_keymap", ())}
    in_settings = get_settings().shortcuts.shortcuts.values()
    return names | {str(key) for keys in in_settings for key in keys}
