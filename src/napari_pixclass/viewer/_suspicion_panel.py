"""Labels that look wrong."""

from __future__ import annotations

from collections.abc import Callable

from napari_pixclass.session import DoubtfulStroke

from ._connections import Connections
from ._folding_panel import FoldingPanel
from ._sections import PushButton, as_list, hint_label, plain_tooltip, side_by_side
from ._suspicion_list import SuspicionList
from ._viewer_session import ViewerSession

TOOLTIP = "Strokes that look like another class to forests that have not seen them."
WHY = "Which strokes may be painted with the wrong class? Forests that have not seen them tell."
FIND = (
    "Train small forests without some of the strokes, and look which strokes they contradict. It goes on in the "
    "background; labels and classifier stay as they are."
)
REMOVE = "Erase this stroke; undo in its labels layer brings it back."
KEEP = "This stroke is right: do not list it again, unless it is painted anew."
FOUND_NONE = "No stroke looks wrong."
ALL_DONE = "Nothing is left of what was found."
OLD = "The labels have changed since."


class SuspicionPanel(FoldingPanel):
    """Find, the list of what was found, and what can be done about it."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Suspicious labels", TOOLTIP)
        self._session = session
        self.find = PushButton("Find", "")
        self.clear = PushButton("Clear", "Empty the list, and take its rings away.")
        self.hint = hint_label()
        self.list = SuspicionList()
        self.remove = PushButton("Remove", REMOVE)
        self.relabel = PushButton("Relabel", "")
        self.keep = PushButton("Keep", KEEP)
        self.kept = PushButton("", "List the strokes again that were kept.")
        self.rows.addLayout(side_by_side(self.find, self.clear))
        self.rows.addWidget(self.hint)
        self.rows.addWidget(self.list)
        self.rows.addLayout(side_by_side(self.remove, self.relabel, self.keep))
        self.rows.addWidget(self.kept)
        self.find.clicked.connect(self._on_find)
        self.clear.clicked.connect(session.clear_suspicious)
        self.list.itemSelectionChanged.connect(self._on_chosen)
        self.list.itemClicked.connect(self._go)
        self.remove.clicked.connect(lambda: self._do(session.remove_stroke, "Removed"))
        self.relabel.clicked.connect(lambda: self._do(session.relabel_stroke, "Relabelled"))
        self.keep.clicked.connect(lambda: self._do(session.keep_stroke, "Kept"))
        self.kept.clicked.connect(session.list_kept)
        connections.add(session.suspicion_found, self._on_found)
        for signal in (
            session.suspicious_changed,
            session.classes_changed,
            session.counts_changed,
            session.pairs_changed,
            session.features_changed,
            session.layers_changed,
        ):
            connections.add(signal, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state."""
        if self.body.isHidden():
            return  # it would be for nothing
        session = self._session
        problem = session.trial_problem
        self.find.setEnabled(problem is None)
        self.find.setToolTip(plain_tooltip(problem or FIND))
        strokes = session.suspicious
        is_found = session.suspicion is not None
        self.clear.setEnabled(is_found)
        self.list.show_strokes(strokes, session.classes)
        for widget in (self.list, self.remove, self.relabel, self.keep):
            widget.setVisible(bool(strokes))
        self.kept.setVisible(session.n_kept > 0)
        self.kept.setText(f"List again what was kept ({session.n_kept})")
        self.hint.setText("\n".join(self._words(strokes)))
        self._on_chosen(goes=False)

    def _words(self, strokes: tuple[DoubtfulStroke, ...]) -> list[str]:
        result = self._session.suspicion
        if result is None:
            return [WHY]
        if strokes:
            words = "1 stroke looks" if len(strokes) == 1 else f"{len(strokes)} strokes look"
            first = f"{words} wrong. Click {'it' if len(strokes) == 1 else 'one'} to go there."
        else:
            first = ALL_DONE if result.strokes else FOUND_NONE
        if not self._session.suspicion_is_current:
            first = f"{first} {OLD}"
        return [first, *as_list(result.notes).splitlines()]

    def _on_found(self) -> None:
        if not self.body.isHidden():
            self.scroll_here()

    def _on_find(self) -> None:
        try:
            self._session.find_suspicious_labels()
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))

    def _on_chosen(self, goes: bool = True) -> None:
        chosen = self.list.chosen
        for button in (self.remove, self.relabel, self.keep):
            button.setEnabled(chosen is not None)
        if chosen is None:
            self.relabel.setToolTip("")
            return
        name = self.list.name_of(chosen.stroke.looks_like)
        self.relabel.setToolTip(
            plain_tooltip(
                f"Make this stroke one of {name}; undo in its labels layer takes it back."
            )
        )
        if goes:
            self._go()

    def _go(self) -> None:
        chosen = self.list.chosen
        if chosen is not None:
            self._session.guide.go(chosen.destination)

    def _do(self, act: Callable[[DoubtfulStroke], object], done: str) -> None:
        """Do something about the stroke that is chosen, say what was done, and go to the next one."""
        chosen = self.list.chosen
        if chosen is None:
            return
        try:
            act(chosen)
        except ValueError as error:
            self._session.report_error(str(error))
        else:
            self._session.report(f"{done} a stroke of {chosen.stroke.n_pixels:,} pixels.")
            self._go()
