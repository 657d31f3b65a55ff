"""What is predicted, on which image."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox

from napari_pixclass.core import Output

from ._connections import Connections
from ._layer_combo import LayerCombo
from ._sections import Panel, PushButton, labelled, plain_tooltip
from ._sources import LayerImage
from ._viewer_session import ViewerSession

TITLES: dict[Output, str] = {
    "probabilities": "Probabilities",
    "uncertainty": "Uncertainty",
    "segmentation": "Segmentation",
}
TOOLTIPS: dict[Output, str] = {
    "probabilities": "How probable each class is at each pixel: one layer per class, in its colour.",
    "uncertainty": "1 where two classes are equally probable, 0 where one is certain: where more labels help.",
    "segmentation": "The most probable class of each pixel, as a labels layer.",
}


class PredictionPanel(Panel):
    """The image, the outputs, and Run."""

    def __init__(self, session: ViewerSession, connections: Connections) -> None:
        super().__init__("Prediction")
        self._session = session
        self.image = LayerCombo("The image to predict.", "no image open")
        self.outputs = {output: QCheckBox(title) for output, title in TITLES.items()}
        self.run = PushButton("Run", "")
        self.column.addLayout(labelled("Image", self.image))
        for output, box in self.outputs.items():
            box.setToolTip(TOOLTIPS[output])
            box.clicked.connect(self._on_outputs)
            self.column.addWidget(box)
        self.column.addWidget(self.run)
        self.image.layer_chosen.connect(self._on_image)
        self.run.clicked.connect(self._on_run)
        for signal in (
            session.classifier_changed,
            session.layers_changed,
            session.outputs_changed,
            session.pairs_changed,
            session.target_changed,
        ):
            connections.add(signal, self.refresh)

    def refresh(self) -> None:
        """Show the current state."""
        target = self._session.target
        chosen = target.layer if isinstance(target, LayerImage) else None
        self.image.show_layers(self._session.image_layers, chosen)
        for output, box in self.outputs.items():
            box.setChecked(output in self._session.outputs)
        problem = prediction_problem(self._session)
        self.run.setEnabled(problem is None)
        self.run.setToolTip(
            plain_tooltip(problem or "Predict the whole image; layers that are there are updated.")
        )

    def _on_image(self, layer: object) -> None:
        self._session.target = layer

    def _on_outputs(self) -> None:
        self._session.outputs = {output for output, box in self.outputs.items() if box.isChecked()}

    def _on_run(self) -> None:
        try:
            self._session.predict()
        except ValueError as error:  # what stood in the way came up after the button was drawn
            self._session.report_error(str(error))


def prediction_problem(session: ViewerSession) -> str | None:
    """What stands in the way of Run."""
    if not session.outputs:
        return "Choose at least one output."
    return session.plan.prediction_problem
