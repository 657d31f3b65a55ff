"""One interactive project: images with labels, features, classes, the classifier; and what is being done with them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from psygnal import Signal

from napari_pixclass.core import (
    OUTPUTS,
    ChosenFeatures,
    ClassInfo,
    SampleCache,
    Step,
    Steps,
    resolve_axes,
    warm_up,
)

from ._disk_task import SUFFIXES, DiskTask, FileFormat, Place, Written
from ._jobs import Job
from ._label_exchange import LabelExchange
from ._plan import Plan, resolve
from ._prediction import Prediction, predict_steps
from ._queue import JobQueue
from ._sources import ImageSource, Snapshot
from ._training import Training
from ._write_to_disk import DiskWriting, mask_of

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier

T = TypeVar("T")

TRAINING, PREDICTION, LIVE = "training", "prediction", "live update"
"""What jobs are about."""

ALL = (TRAINING, PREDICTION, LIVE)
"""Of no use any more as soon as there is to be another classifier."""

logger = logging.getLogger(__name__)


class Session(LabelExchange):
    """The state behind the docks of one viewer, or behind a script.

    Everything is read and written in the thread that made the session; signals are emitted there. Work runs in one
    background thread and reaches the session only when it is complete: a failed or cancelled training leaves the old
    classifier in place.

    Parameters
    ----------
    wake
        Makes the event loop of the session's thread call `deliver` soon; may be called from any thread. None in a
        script, where waiting for a job's result does.
    """

    classifier_changed = Signal(object)
    trained = Signal(object)
    """A training has given the classifier."""
    target_changed = Signal()
    predicted = Signal(Prediction)
    job_changed = Signal(object)
    """The running job after each step; None when nothing runs."""
    failed = Signal(str)

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._queue = JobQueue(self._mailbox, self._on_job_changed, self.failed.emit)
        self.disk = DiskWriting(self._mailbox, self._on_job_changed, self.failed.emit)
        self._classifier: PixelClassifier | None = None
        self._target: ImageSource | None = None
        self._trained_on: tuple[object, ...] | None = None
        self._sample_cache = SampleCache()
        self._warm: set[int] = set()
        self.n_estimators = 100
        self.random_state: int | None = 0
        self.n_jobs: int | None = None

    # What is chosen ---------------------------------------------------------------------------------------------------

    @property
    def target(self) -> ImageSource | None:
        """The image that the next prediction is for: the one chosen, else the first to train on."""
        return self._default_target() if self._target is None else self._target

    @target.setter
    def target(self, image: Any) -> None:
        self._target = None if image is None else self._image_source(image)
        self.target_changed.emit()
        self._update_live()

    def _default_target(self) -> ImageSource | None:
        return self._pairs[0].image if self._pairs else None

    # Classifier -------------------------------------------------------------------------------------------------------

    @property
    def classifier(self) -> PixelClassifier | None:
        """The trained classifier, or None."""
        return self._classifier

    @classifier.setter
    def classifier(self, classifier: PixelClassifier | None) -> None:
        """Use a fitted classifier; its features, classes and seed become the session's. Work with another one ends."""
        if classifier is not None and not hasattr(type(classifier), "state"):
            raise TypeError(f"a classifier must be a PixelClassifier or None; got {classifier!r}.")
        state = None if classifier is None else classifier.state
        self._queue.cancel(ALL)
        self._classifier = classifier
        if classifier is not None and state is not None:
            known = {info.value: info for info in self._classes}
            known.update((info.value, info) for info in classifier.class_table_)
            self._features_chosen = True
            self.n_estimators, self.random_state = classifier.n_estimators, classifier.random_state
            self._adopt_features(state.features)
            self._adopt_sharpness(state.sharpness)
            self.classes = list(known.values())
        self._trained_on = self._training_inputs  # it stays until something is changed
        self.classifier_changed.emit(classifier)
        self._update_live()

    def _rename_classes(self, known: dict[int, ClassInfo]) -> None:
        if self._classifier is not None:
            table = self._classifier.class_table_
            self._classifier.class_table_ = tuple(known.get(info.value, info) for info in table)

    def save_classifier(self, path: str | os.PathLike[str], with_labels: bool = False) -> None:
        """Write the trained classifier to a ``.pixclass`` file; see `save_labels_beside` for its labels."""
        if self._classifier is None:
            raise ValueError("there is no classifier to save. Train first.")
        self._classifier.save(path)
        if with_labels:
            self.save_labels_beside(path)

    def load_classifier(self, path: str | os.PathLike[str]) -> None:
        """Use the classifier of a ``.pixclass`` file."""
        from napari_pixclass.classifier import load

        self.classifier = load(path)

    @property
    def plan(self) -> Plan:
        """What can be done now, and if not, why."""
        n_unknown = len(set(self.counts) - {info.value for info in self._classes})
        plan = self._resolve(self.counts, self._seen.looking, n_unknown)
        if plan.advice is None and plan.training_problem is None and self._is_behind:
            return replace(plan, advice="The labels have changed since the training: train again.")
        return plan

    @property
    def _is_behind(self) -> bool:
        """Whether the classifier at hand was made from other labels, images or features than there are now."""
        inputs, trained_on = self._training_inputs, self._trained_on
        return self._classifier is not None and inputs != trained_on and trained_on is not None

    @property
    def _problem_but_for_labels(self) -> str | None:
        """What would be in the way of a training even if there were labels."""
        return self._resolve({}, True, 0).training_problem

    def _resolve(self, counts: dict[int, int], is_counting: bool, n_unknown: int) -> Plan:
        image = self.target
        features, classifier = self.chosen_features, self._classifier
        return resolve(self._pairs, counts, features, classifier, image, is_counting, n_unknown)

    # Work -------------------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Compile or load in the background what a first training and prediction need; nothing waits for it."""
        ndim = 2 if self._features is None else self._features.ndim
        if ndim not in self._warm:
            self._warm.add(ndim)
            Thread(target=_warm_up, args=(ndim,), name="pixclass-warm-up", daemon=True).start()

    @property
    def job(self) -> Job[Any] | None:
        """What is running; of what runs side by side that which the user waits for."""
        running, writing = self._queue.running, self.disk.job
        is_live = running is not None and running is self._queue.newest(LIVE)
        return writing if writing is not None and (running is None or is_live) else running

    def _on_job_changed(self, job: Job[Any] | None) -> None:
        self.job_changed.emit(self.job)

    def train(self) -> Job[PixelClassifier]:
        """Train in the background on the labels as they are now; other training and prediction is cancelled.

        Labels that are large, or not in memory, are read when the training begins.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        self._look_at_all()  # not every change of labels is announced in time
        problem = self.plan.training_problem
        features = self.chosen_features
        if problem or features is None:
            raise ValueError(problem)
        training = self._training(features)
        labels = [self._seen.current(pair) for pair in self._pairs]
        inputs = self._training_inputs
        self._features_chosen = True
        self._queue.cancel(ALL)
        return self._start(
            lambda: training.steps(labels, self._sample_cache),
            lambda new: self._adopt(new, inputs),
            TRAINING,
        )

    def _training(self, features: ChosenFeatures) -> Training:
        images = [Snapshot.of(pair.image) for pair in self._pairs]
        forest = (self.n_estimators, self.random_state, self.n_jobs)
        return Training(images, features, *forest, lambda: self.sharpness)

    @property
    def _training_inputs(self) -> tuple[object, ...]:
        """Equal to what it was as long as the same training would give the same classifier; keeps no image alive."""
        return self.chosen_features, self.n_estimators, self.random_state, *self._label_stamps

    @property
    def _label_stamps(self) -> tuple[object, ...]:
        """Equal to what they were as long as images and labels are the same."""
        return tuple((self._seen.serial(p), self._seen.labelled(p)) for p in self._pairs)

    def _adopt(self, new: PixelClassifier, inputs: tuple[object, ...] | None) -> None:
        """Use what a training has given, which was made from `inputs`."""
        if new.sharpness_ != self.sharpness:  # it has been changed since
            new = new.calibrated(self.sharpness)
        table = {info.value: info for info in self._classes}
        new.class_table_ = tuple(table.get(info.value, info) for info in new.class_table_)
        self._classifier = new
        self._trained_on = inputs
        self.classifier_changed.emit(new)
        self.trained.emit(new)

    def predict(self) -> Job[Prediction]:
        """Predict the target in the background, after what is running; an earlier prediction of it is cancelled.

        Where a training is under way the prediction waits for it, and is cancelled if that fails.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        target, outputs = self.target, self._outputs
        # What is being trained may fit the image where the classifier at hand does not: that shows when it is done.
        training: Job[PixelClassifier] | None = self._queue.newest(TRAINING)
        problem = (
            None if training is not None and target is not None else self.plan.prediction_problem
        )
        if problem or target is None:
            raise ValueError(problem or "Choose an image to predict.")
        if not outputs:
            raise ValueError(
                "choose at least one output: probabilities, uncertainty or segmentation."
            )
        image = Snapshot.of(target)

        def steps() -> Steps[Prediction]:
            # The classifier of the moment when it starts: live update may have trained another one by then.
            chosen = self._classifier if training is None else training.value
            if chosen is None:
                raise ValueError("there is no classifier: training was cancelled or failed.")
            return (yield from predict_steps(chosen, image, outputs))

        def show(prediction: Prediction) -> None:
            if self._is_current(image):
                self.predicted.emit(prediction)

        return self._start(
            steps, show, PREDICTION, target, training, on_end=self._on_prediction_end
        )

    def write_to_disk(
        self,
        folder: str | os.PathLike[str],
        format: FileFormat = "ome-zarr",  # noqa: A002  # what it is called everywhere
        *,
        mask: Any = None,
        memory: int | None = None,
        overwrite: bool = False,
        place: Place | None = None,
    ) -> Job[Written]:
        """Predict the target in the background, block by block, and write the outputs chosen to a folder.

        It goes by the classifier and the image as they are now. A run into the same folder that was cut short is
        resumed, if it was one of the same classifier, image and outputs, and if it wrote OME-Zarr.

        Parameters
        ----------
        folder
            Made if absent.
        format
            "ome-zarr", "tiff" or "hdf5".
        mask
            Labels of the shape of the image without its channels: where they are 0, 0 is written.
        memory
            Bytes to take at most, besides what the program holds; None for 0.6 GB for each thread.
        overwrite
            Replace what other runs have written.
        place
            What the axes of the target are, and where it lies; by default nobody knows.

        Raises
        ------
        ValueError
            If something is in the way. What shows only later makes the job fail.
        """
        target, classifier = self.target, self._classifier
        problem = self.plan.prediction_problem
        if problem or target is None or classifier is None:
            raise ValueError(problem or "Choose an image to predict.")
        if not self._outputs:
            raise ValueError(
                "choose at least one output: probabilities, uncertainty or segmentation."
            )
        if format not in SUFFIXES:
            raise ValueError(f"format must be one of {', '.join(SUFFIXES)}; got {format!r}.")
        source = None if mask is None else self._labels_source(mask)
        axes = resolve_axes(target.data.shape, classifier.state.features.ndim, target.channel_axis)
        task = DiskTask(
            classifier=classifier,
            frozen=copy(classifier),
            image=Snapshot.of(target),
            outputs=tuple(output for output in OUTPUTS if output in self._outputs),
            folder=Path(folder),
            format=format,
            mask=mask_of(source, axes, target.name),
            memory=memory,
            overwrite=overwrite,
            place=place or Place(),
        )
        self._before_start()
        return self.disk.start(task)

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        self._queue.cancel()
        self.disk.cancel()

    def deliver(self) -> None:
        """Let finished work reach the session; for the event loop that `wake` wakes."""
        self._mailbox.deliver_all()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be started any more."""
        return self._queue.closed

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._queue.close()
        self.disk.close()
        self._seen.close()

    def _start(
        self,
        steps: Callable[[], Steps[T]],
        succeed: Callable[[T], object],
        topic: str,
        subject: object = None,
        needs: Job[Any] | None = None,
        on_step: Callable[[Step], object] | None = None,
        on_end: Callable[[], object] | None = None,
    ) -> Job[T]:
        self._before_start()
        return self._queue.start(steps, succeed, topic, subject, needs, on_step, on_end)

    def _on_prediction_end(self) -> None:
        """For a session that has something else to do then."""

    def _before_start(self) -> None:
        """For a session that shows what happens: something new begins."""

    def _is_current(self, image: Snapshot) -> bool:
        """Whether an image is still what it was; says so if not."""
        if image.is_current():
            return True
        self.failed.emit(
            f"{image.name} was changed meanwhile; the result is dropped. Run it again."
        )
        return False


def _warm_up(ndim: int) -> None:
    try:
        warm_up(ndim)
    except Exception:
        logger.exception("warming up has failed")
