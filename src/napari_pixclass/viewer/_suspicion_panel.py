"""Labels that look wrong."""

from __future__ import annotations

from collections.abc import Callable

from napari_pixclass.session import DoubtfulStroke

from ._connections import Connections
from ._folding_panel import FoldingPanel
from ._sections import PushButton, hint_label, plain_tooltip
from ._suspicion_list import SuspicionList
from ._viewer_session import ViewerSession

TOOLTIP = "Strokes that look like another class to forests that have not seen them."
FOUND_NONE = "No stroke looks wrong."
ALL_DONE = "Nothing is left of what was found."
OLD = "The labels have changed since: find again for what they are now."


class SuspicionPanel(FoldingPanel):
    """Find, the list of what was found, and what can be done about it."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Suspicious labels", TOOLTIP)
        self._session = session
        self.find = PushButton("Find", "")
        self.clear = PushButton("Clear", "Forget the list and take its rings away.")
        self.list = SuspicionList()
        self.remove = PushButton("Remove", "Erase this stroke; undo in its labels layer brings it back.")
        self.relabel = PushButton("Relabel", "")
        self.keep = PushButton("Keep", "This stroke is right: do not list it again.")
        self.hint = hint_label()
        self.rows.addLayout(side_by_side(self.find, self.clear))
        self.rows.addWidget(self.hint)
        self.rows.addWidget(self.list)
        self.rows.addLayout(side_by_side(self.remove, self.relabel, self.keep))
        self.find.clicked.connect(self._on_find)
        self.clear.clicked.connect(session.clear_suspicious)
        self.list.itemSelectionChanged.connect(self._on_chosen)
        self.list.itemClicked.connect(lambda _: self._go())
        self.remove.clicked.connect(lambda: self._do(self._remove))
        self.relabel.clicked.connect(lambda: self._do(self._relabel))
        self.keep.clicked.connect(lambda: self._do(self._session.keep_stroke))
        for signal in (
            session.suspicious_changed,
            session.classes_changed,
            session.counts_changed,
            session.pairs_changed,
            session.features_changed,
        ):
            connections.add(signal, self.refresh)
        self.refresh()
