"""The session of one viewer: layers in, layers out, and what is said about it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from napari.components import ViewerModel
from psygnal import Signal
from qtpy.QtWidgets import QApplication

from napari_pixclass.core import Step, Steps
from napari_pixclass.session import FeaturePreview, Job, Prediction, Snapshot, preview_steps

from ._batch_layers import BatchLayers
from ._disk_layers import DiskLayers
from ._guide import Guide
from ._keys import Keys
from ._label_importing import LabelImporting
from ._layer_arrivals import LayerArrivals
from ._layer_project import LayerProject
from ._layer_session import LayerSession
from ._levels import Levels
from ._recovery import LayerRecovery
from ._status import Status
from ._wake import GuiWaker

if TYPE_CHECKING:
    from napari_pixclass.core import (
        CrossValidation,
        FeatureSuggestions,
        PixelClassifier,
        SuspiciousLabels,
    )
    from napari_pixclass.project import SavedProject
    from napari_pixclass.session import Evaluation

T = TypeVar("T")

PREVIEW = "preview"
"""What a job is about that computes one."""


class ViewerSession(LayerSession):
    """A session whose images and labels are layers, and whose predictions become layers.

    All of it happens in the GUI thread, but for the work itself.

    Parameters
    ----------
    viewer
        Held weakly: the session ends with its viewer.

    Attributes
    ----------
    message
        What was done last, in words; empty where nothing was.
    error
        What went wrong last; empty once something new is started.
    folder
        Where file dialogs start.
    status
        The words of the status lines.
    levels
        The contrast of the image on screen.
    keys
        The keys of the viewer.
    recovery
        Keeps safe what is painted, and offers what was.
    importing
        Labels that are about to be imported.
    arrivals
        Opens files that bring images, labels, classes and classifiers.
    project
        Where the session is saved as a whole.
    disk_layers
        Shows what has been written to disk.
    batch_layers
        Shows what a batch has written.
    guide
        Goes to places in the images.
    """

    message_changed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        self._waker = GuiWaker(self.deliver)
        super().__init__(viewer, self._waker.wake)
        self.message = ""
        self.error = ""
        self.folder = Path.cwd()
        self.status = Status(self)
        self.levels = Levels(self, viewer)
        self.keys = Keys(self, viewer)
        self.recovery = LayerRecovery(self, self._mailbox)
        self.importing = LabelImporting(self, self.start_exchange)
        self.arrivals = LayerArrivals(self, viewer.layers, self.start_exchange)
        self.project = LayerProject(self, self.arrivals, self.start_exchange)
        self.disk_layers = DiskLayers(self)
        self.batch_layers = BatchLayers(self, viewer.layers)
        self.guide = Guide(self, viewer)
        self.predicted.connect(self.output_layers.show)
        self.classifier_changed.connect(self._on_classifier_changed)
        self.trained.connect(self._on_trained)
        self.predicted.connect(self._on_predicted)
        self.prediction_overtaken.connect(self._on_overtaken)
        self.evaluated.connect(self._on_judged)
        self.evaluation_saved.connect(self._on_judgement_saved)
        self.cross_validated.connect(self._on_cross_validated)
        self.cross_validation_saved.connect(self._on_judgement_saved)
        self.features_suggested.connect(self._on_features_suggested)
        self.suspicion_found.connect(self._on_suspicion_found)
        self.failed.connect(self.report_error)
        self.target_changed.connect(self._on_target_changed)
        self._close_with(viewer)

    def _close_with(self, viewer: ViewerModel) -> None:
        weakref.finalize(viewer, self.close)
        # A viewer outlives its window where somebody still holds it; work would go on for nobody.
        window = getattr(getattr(viewer, "window", None), "_qt_window", None)
        if window is not None:
            window.destroyed.connect(self.close)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    def close(self) -> None:
        """Cancel all work and give the keys back; nothing can be started afterwards."""
        self.keys.release()
        self.levels.close()
        self.recovery.close()
        super().close()

    def preview(self, index: int, channel: int = 0) -> Job[FeaturePreview]:
        """Show the feature at `index` of those of one channel of the current image, in the background."""
        image, features = self.current_source, self.features_of(channel)
        if image is None or features is None:
            raise ValueError("a preview needs an image and at least one feature.")
        if not 0 <= index < len(features):
            raise ValueError(f"index must be 0 to {len(features) - 1}; got {index}.")
        source = Snapshot.of(image)

        def show(preview: FeaturePreview) -> None:
            if self._is_current(source):
                self.preview_layer.show(preview)

        return self._start(lambda: preview_steps(source, features, index, channel), show, PREVIEW)

    def save_project(
        self,
        path: str | os.PathLike[str] | None = None,
        copy_images: bool | None = None,
        overwrite: bool = False,
    ) -> Job[SavedProject]:
        """Save images, labels, features, classes, classifier and settings as one folder, in the background.

        Images stay where they are and are named by their paths, unless they are to be copied, or no file holds them.

        Parameters
        ----------
        path
            The folder, which ends in ``.pixproject``; None for that of the project at hand.
        copy_images
            Whether images are copied into the folder; None: as in the project at hand.
        overwrite
            Whether another project of this name is replaced.

        Raises
        ------
        ValueError
            If there is no project yet and none is named. What shows only later makes the job fail.
        """
        return self.project.save(path, copy_images, overwrite)

    def open_project(self, path: str | os.PathLike[str]) -> Job[Any]:
        """Open a project in the background, and go on with it in place of what was trained on before.

        Layers that are there stay, but those that were trained on are hidden. Images that are missing are waited for in
        `arrivals.missing`.

        Parameters
        ----------
        path
            The folder of the project.
        """
        return self.arrivals.open_project(path)

    def as_python(self) -> str:
        """A script that does what the session does, with the public API alone; waits until it is made.

        Raises
        ------
        ValueError
            If there is nothing to train on, an image is missing or in no file, or there are too many labels for a
            script: save the project then.
        """
        return self.project.as_python().result()

    def run_in_background(
        self, call: Callable[[], object], what: str, then: Callable[[], object]
    ) -> Job[bool]:
        """Read or write something; `what` are the words for the status line."""

        def steps() -> Steps[bool]:
            yield Step(0, 1, what)
            call()
            return True

        return self.start_exchange(steps, lambda _: then(), what)

    @property
    def previewing(self) -> bool:
        """Whether a preview is shown, or will be."""
        computing = self._queue.newest(PREVIEW) is not None
        return computing or self.preview_layer.layer is not None

    def cancel_preview(self) -> None:
        """Stop computing a preview; what is shown stays."""
        self._queue.cancel((PREVIEW,))

    def stop_preview(self) -> None:
        """Show no preview any more."""
        self.cancel_preview()
        self.preview_layer.remove()

    def report(self, message: str) -> None:
        """Say what was done."""
        self.message, self.error = message, ""
        self.message_changed.emit(message)

    def report_error(self, message: str) -> None:
        """Say what went wrong."""
        self.error = message
        self.message_changed.emit(message)

    def load_classifier(self, path: str | os.PathLike[str]) -> None:
        """Use the classifier of a ``.pixclass`` file."""
        super().load_classifier(path)
        self.report(f"Loaded {Path(path).name}.")

    def _before_start(self) -> None:
        self.error = ""

    def _on_classifier_changed(self, classifier: PixelClassifier | None) -> None:
        self.output_layers.tell_age(classifier)
        self.report("")

    def _on_target_changed(self) -> None:
        self.report("")  # what was predicted is not what is asked for now

    def _on_trained(self, classifier: PixelClassifier) -> None:
        n_pixels, n_classes = sum(classifier.n_samples_), len(classifier.classes_)
        self.report(f"Trained on {n_pixels:,} pixels of {n_classes} classes.")

    def _on_predicted(self, prediction: Prediction) -> None:
        self.report(f"Predicted {prediction.image.name}.")

    def _on_overtaken(self) -> None:
        self.report("Stopped Run: the labels have changed, and live update trains again.")

    def _on_judged(self, evaluation: Evaluation) -> None:
        matrix = evaluation.matrix
        self.report(f"Mean IoU {matrix.mean_iou:.3f} over {matrix.n_pixels:,} pixels.")

    def _on_cross_validated(self, result: CrossValidation) -> None:
        self.report(f"Cross-validated: a mean IoU of {result.mean_iou:.3f} is to be expected.")

    def _on_features_suggested(self, suggestions: FeatureSuggestions) -> None:
        best = suggestions.recommended
        self.report(
            f"Tried {len(suggestions.sets)} sets of features; one of {len(best.features)} is recommended."
        )

    def _on_suspicion_found(self, found: SuspiciousLabels) -> None:
        number = len(found.strokes)
        strokes = f"{number} stroke{'s' * (number != 1)} of {sum(found.n_strokes)}"
        self.report(f"{strokes} may be painted wrongly." if number else "No stroke looks wrong.")

    def _on_judgement_saved(self, path: Path) -> None:
        self.report(f"Saved {path.name}.")
