"""Finding out from the labels how good a classifier will be."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

from napari_pixclass.core import LeftOut

from ._connections import Connections
from ._figures_saving import ask_for_file
from ._sections import Panel, PushButton, hint_label, labelled, plain_tooltip
from ._validation_view import ValidationView
from ._viewer_session import ViewerSession

CHOICES: dict[str, LeftOut | None] = {"what fits": None, "strokes": "strokes", "images": "images"}
LEAST_WIDTH = 60
LEAVE_OUT = (
    "What is left out as a whole, and predicted by a forest that has not seen it: each stroke in turn, or each image. "
    "Images fit where several have labels of every class; then the figures are those of images without labels."
)
START = (
    "Train several times without some of the labels, and look how they are predicted. It goes on in the background; "
    "the classifier stays as it is."
)


class ValidationPanel(Panel):
    """What is left out, Cross-validate, and the figures."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Cross-validation")
        self._session = session
        self.leave_out = QComboBox()
        self.leave_out.addItems(list(CHOICES))
        self.leave_out.setToolTip(LEAVE_OUT)
        self.leave_out.setMinimumWidth(LEAST_WIDTH)
        self.start = PushButton("Cross-validate", "")
        self.hint = hint_label()
        self.view = ValidationView()
        row = labelled("Leave out", self.leave_out)
        row.addWidget(self.start)
        self.column.addLayout(row)
        self.column.addWidget(self.hint)
        self.column.addWidget(self.view)
        self.start.clicked.connect(self._on_start)
        self.view.save.clicked.connect(self._on_save)
        for signal in (
            session.cross_validated,
            session.counts_changed,
            session.classes_changed,
            session.features_changed,
            session.pairs_changed,
            session.layers_changed,
            session.trained,
        ):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        problem = self._session.trial_problem
        self.start.setEnabled(problem is None)
        self.start.setToolTip(plain_tooltip(problem or START))
        result = self._session.cross_validation
        self.hint.setText(
            "How good will the classifier be where nothing is labelled? Strokes that are left out tell."
        )
        self.hint.setVisible(result is None)
        self.view.show_result(result, self._session.cross_validation_is_current)

    def _on_start(self) -> None:
        chosen = CHOICES[self.leave_out.currentText()]
        try:
            self._session.cross_validate(leave_out=chosen)
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))

    def _on_save(self) -> None:
        path = ask_for_file(self, self._session, "Save the figures", "cross-validation")
        if path is not None:
            self._session.save_cross_validation(path)
