"""Comparing predictions with the truth."""

from __future__ import annotations

from napari.layers import Labels, Layer
from qtpy.QtWidgets import QHBoxLayout

from ._connections import Connections
from ._evaluation_rows import ComparisonRow, ComparisonRows
from ._evaluation_view import EvaluationView
from ._figures_saving import ask_for_file
from ._folding_panel import FoldingPanel
from ._sections import GAP, PushButton, hint_label, plain_tooltip
from ._sources import LayerImage, labels_shape
from ._viewer_session import ViewerSession

TOOLTIP = "How well predictions agree with labels that are known to be right."


class EvaluationPanel(FoldingPanel):
    """What is judged by what, Evaluate, and the figures."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Evaluation", TOOLTIP)
        self._session = session
        self.comparisons = ComparisonRows()
        self.add = PushButton(
            "Add pair", "Compare one more; the pixels of all pairs count together."
        )
        self.evaluate = PushButton("Evaluate", "")
        self.hint = hint_label()
        self.view = EvaluationView()
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        buttons.addWidget(self.add, 1)
        buttons.addWidget(self.evaluate, 1)
        self.rows.addWidget(self.comparisons)
        self.rows.addLayout(buttons)
        self.rows.addWidget(self.hint)
        self.rows.addWidget(self.view)
        self.comparisons.changed.connect(self._show_problem)
        self.add.clicked.connect(self._on_add)
        self.evaluate.clicked.connect(self._on_evaluate)
        self.view.save.clicked.connect(self._on_save)
        connections.add(session.layers_changed, self.refresh)
        connections.add(session.classifier_changed, self._on_classifier)
        connections.add(session.evaluated, self._on_evaluated)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state."""
        if self.body.isHidden():
            return  # it would be for nothing
        if not self.comparisons.rows:
            self.comparisons.add(*self._suggestion())
        self.comparisons.show_layers(self._judged, self._truths)
        row = self.comparisons.rows[0]
        if len(self.comparisons.rows) == 1 and row.judged is None and row.truth is None:
            row.judged, row.truth = self._suggestion()
            self.comparisons.show_layers(self._judged, self._truths)
        self._show_problem()
        self._show_evaluation()

    @property
    def _truths(self) -> list[Labels]:
        return self._session.labels_layers

    @property
    def _judged(self) -> list[Layer]:
        """Images and segmentations, our own ones among these."""
        return [*self._session.image_layers, *self._session.segmentation_layers]

    def _suggestion(self) -> tuple[Layer | None, Labels | None]:
        """An image and labels of its shape that it is not trained on, if there are any."""
        target = self._session.target
        if not isinstance(target, LayerImage) or target.layer not in self._session.image_layers:
            return None, None
        scribbles = [getattr(pair.labels, "layer", None) for pair in self._session.pairs]
        fit = [
            layer
            for layer in self._truths
            if layer not in scribbles and tuple(layer.data.shape) == labels_shape(target)
        ]
        return target.layer, fit[0] if fit else None

    def _problem(self) -> str | None:
        for row in self.comparisons.rows:
            if row.judged is None or row.truth is None:
                return "Choose what is judged, and labels that are the truth."
            if row.judged is row.truth:
                return f"{row.truth.name} cannot judge itself. Choose other labels."
            comparison = self._session.comparison(row.judged, row.truth)
            if problem := comparison.problem(self._session.classifier):
                return problem
        return None

    def _show_problem(self) -> None:
        problem = self._problem()
        self.evaluate.setEnabled(problem is None)
        self.evaluate.setToolTip(plain_tooltip(problem or "Compare all pixels that have a truth."))
        self.hint.setText(problem or "")
        self.hint.setVisible(problem is not None)

    def _on_add(self) -> None:
        self.comparisons.add(None, None)
        self._show_problem()

    def _on_evaluate(self) -> None:
        rows: list[ComparisonRow] = self.comparisons.rows
        try:
            self._session.evaluate(*((row.judged, row.truth) for row in rows))
        except (TypeError, ValueError) as error:  # it came up after the button was drawn
            self._session.report_error(str(error))

    def _show_evaluation(self) -> None:
        evaluation = self._session.evaluation
        self.view.show_evaluation(evaluation)
        self.view.show_age(
            evaluation is not None and evaluation.is_older_than(self._session.classifier)
        )

    def _on_classifier(self) -> None:
        self._show_problem()
        self._show_evaluation()

    def _on_evaluated(self) -> None:
        self._show_evaluation()
        if not self.body.isHidden():
            self.scroll_here()

    def _on_save(self) -> None:
        path = ask_for_file(self, self._session, "Save the evaluation", "evaluation")
        if path is not None:
            self._session.save_evaluation(path)
