"""One interactive project: images with labels, features, classes, the classifier; and what is being done with them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from psygnal import Signal

from napari_pixclass.core import ClassInfo, SampleCache, Steps, warm_up

from ._choices import Choices
from ._jobs import Job, Mailbox
from ._plan import Plan, resolve
from ._prediction import Prediction, predict_steps
from ._queue import JobQueue
from ._sources import ImageSource, LabelsSource, Pair, Snapshot, image_source, labels_source
from ._tally import LabelTallies
from ._training import prepare_training

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier

T = TypeVar("T")

TRAINING, PREDICTION = "training", "prediction"
"""What jobs are about."""

logger = logging.getLogger(__name__)


class Session(Choices):
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

    pairs_changed = Signal()
    counts_changed = Signal()
    """Other labels are painted than before."""
    classifier_changed = Signal(object)
    trained = Signal(object)
    """A training has given the classifier."""
    target_changed = Signal()
    live_update_changed = Signal(bool)
    predicted = Signal(Prediction)
    job_changed = Signal(object)
    """The running job after each step; None when nothing runs."""
    failed = Signal(str)

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._mailbox = Mailbox(wake)
        self._queue = JobQueue(self._mailbox, self.job_changed.emit, self.failed.emit)
        # Without an event loop nothing would arrive from the background before somebody waits for a job.
        self._tallies = LabelTallies(self._mailbox, wake is not None, self._on_counted)
        self._pairs: list[Pair] = []
        self._classifier: PixelClassifier | None = None
        self._target: ImageSource | None = None
        self._live_update = False
        self._trained_on: tuple[object, ...] | None = None
        self._prediction_due = False
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
        self._prediction_due = True
        self.target_changed.emit()
        self._update_live()

    def _default_target(self) -> ImageSource | None:
        return self._pairs[0].image if self._pairs else None

    @property
    def live_update(self) -> bool:
        """Whether every change of the labels trains and predicts again."""
        return self._live_update

    @live_update.setter
    def live_update(self, on: bool) -> None:
        if bool(on) != self._live_update:
            self._live_update = bool(on)
            self._trained_on, self._prediction_due = None, True
            self.live_update_changed.emit(self._live_update)
            self._update_live()

    # Images and labels ------------------------------------------------------------------------------------------------

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The images to train on, with their labels."""
        return tuple(self._pairs)

    def add_pair(self, image: Any, labels: Any, **options: Any) -> Pair:
        """Train on `labels` of `image` too.

        Parameters
        ----------
        image, labels
            An image (`ImageSource` or array) and its labels (`LabelsSource` or array).
        options
            For an array: ``channel_axis``, ``pixel_size`` and ``name``, as in `ArrayImage`.

        Returns
        -------
        Pair
            The one that is there already, if these labels of this image are.
        """
        pair = Pair(self._image_source(image, **options), self._labels_source(labels))
        for known in self._pairs:
            if (known.image, known.labels) == (pair.image, pair.labels):
                return known
        self._pairs.append(pair)
        self._tallies.renew(pair)
        self._tallies.count(pair)
        self._add_missing_classes(self.counts)
        self.pairs_changed.emit()
        self.counts_changed.emit()
        self._update_live()
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; image and labels stay as they are."""
        self._pairs.remove(pair)
        self._tallies.forget(pair)
        self._drop_unpainted_classes(self.counts)
        self.pairs_changed.emit()
        self.counts_changed.emit()
        self._update_live()

    def image_changed(self, image: ImageSource) -> None:
        """Say that an image has other data, or pixels of another size, than before."""
        for pair in self._pairs:
            if pair.image == image:
                self._tallies.renew(pair)
        self._prediction_due = self._prediction_due or image == self.target
        self._update_live()

    def _image_source(self, image: Any, **options: Any) -> ImageSource:
        return image_source(image, **options)

    def _labels_source(self, labels: Any) -> LabelsSource:
        return labels_source(labels)

    @property
    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class over all pairs."""
        return self._tallies.counts

    def labels_changed(self) -> None:
        """Say that labels may have been painted, erased or undone."""
        self._count_all()
        self._update_live()

    def _count_all(self) -> None:
        changed = [self._tallies.count(pair) for pair in self._pairs]
        if any(changed):
            self._tell_counts()

    def _on_counted(self) -> None:
        self._tell_counts()
        self._update_live()

    def _tell_counts(self) -> None:
        self._add_missing_classes(self.counts)
        self.counts_changed.emit()

    # Classifier -------------------------------------------------------------------------------------------------------

    @property
    def classifier(self) -> PixelClassifier | None:
        """The trained classifier, or None."""
        return self._classifier

    @classifier.setter
    def classifier(self, classifier: PixelClassifier | None) -> None:
        """Use a fitted classifier; its features and class table become the session's. Work with another one ends."""
        if classifier is not None and not hasattr(type(classifier), "state"):
            raise TypeError(f"a classifier must be a PixelClassifier or None; got {classifier!r}.")
        state = None if classifier is None else classifier.state
        self._queue.cancel((TRAINING, PREDICTION))
        self._classifier = classifier
        self._prediction_due = True
        if classifier is not None and state is not None:
            known = {info.value: info for info in self._classes}
            known.update((info.value, info) for info in classifier.class_table_)
            self._features_chosen = True
            self._set_features(state.features)
            self.classes = list(known.values())
        self._trained_on = self._training_inputs  # it stays until something is changed
        self.classifier_changed.emit(classifier)
        self._update_live()

    def _rename_classes(self, known: dict[int, ClassInfo]) -> None:
        if self._classifier is not None:
            table = self._classifier.class_table_
            self._classifier.class_table_ = tuple(known.get(info.value, info) for info in table)

    def save_classifier(self, path: str | os.PathLike[str]) -> None:
        """Write the trained classifier to a ``.pixclass`` file."""
        if self._classifier is None:
            raise ValueError("there is no classifier to save. Train first.")
        self._classifier.save(path)

    def load_classifier(self, path: str | os.PathLike[str]) -> None:
        """Use the classifier of a ``.pixclass`` file."""
        from napari_pixclass.classifier import load

        self.classifier = load(path)

    @property
    def plan(self) -> Plan:
        """What can be done now, and if not, why."""
        return resolve(
            self._pairs,
            self.counts,
            self._features,
            self._classifier,
            self.target,
            self._tallies.counting,
            len(set(self.counts) - {info.value for info in self._classes}),
        )

    # Work -------------------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Compile or load in the background what a first training and prediction need; nothing waits for it."""
        ndim = 2 if self._features is None else self._features.ndim
        if ndim not in self._warm:
            self._warm.add(ndim)
            Thread(target=_warm_up, args=(ndim,), name="pixclass-warm-up", daemon=True).start()

    @property
    def job(self) -> Job[Any] | None:
        """What is running."""
        return self._queue.running

    def train(self) -> Job[PixelClassifier]:
        """Train in the background on a snapshot of the labels; other training and prediction is cancelled.

        With live update on, a prediction follows.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        self._count_all()  # not every change of labels is announced in time
        problem = self.plan.training_problem
        if problem or self._features is None:
            raise ValueError(problem)
        settings = (self.n_estimators, self.random_state, self.n_jobs)
        steps = prepare_training(self._pairs, self._features, *settings, self._sample_cache)

        def adopt(new: PixelClassifier) -> None:
            table = {info.value: info for info in self._classes}
            new.class_table_ = tuple(table.get(info.value, info) for info in new.class_table_)
            self._classifier = new
            self.classifier_changed.emit(new)
            self.trained.emit(new)

        self._features_chosen = True
        self._queue.cancel((TRAINING, PREDICTION))
        job = self._start(steps, adopt, TRAINING)
        self._trained_on, self._prediction_due = self._training_inputs, True
        self._predict_live()
        return job

    def predict(self) -> Job[Prediction]:
        """Predict the target in the background, after what is running; an earlier prediction of it is cancelled.

        Where a training is under way the prediction waits for it, and is cancelled if that fails.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        target, outputs, classifier = self.target, self._outputs, self._classifier
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
            chosen = classifier if training is None else training.value
            if chosen is None:
                raise ValueError("there is no classifier: training was cancelled or failed.")
            return (yield from predict_steps(chosen, image, outputs))

        def show(prediction: Prediction) -> None:
            if self._is_current(image):
                self.predicted.emit(prediction)

        self._prediction_due = False
        return self._start(steps, show, PREDICTION, target, training)

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        self._queue.cancel()

    def deliver(self) -> None:
        """Let finished work reach the session; for the event loop that `wake` wakes."""
        self._mailbox.deliver_all()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._queue.close()
        self._tallies.close()

    def _start(
        self,
        steps: Callable[[], Steps[T]],
        succeed: Callable[[T], object],
        topic: str,
        subject: object = None,
        needs: Job[Any] | None = None,
    ) -> Job[T]:
        self._before_start()
        return self._queue.start(steps, succeed, topic, subject, needs)

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

    # Live update ------------------------------------------------------------------------------------------------------

    @property
    def _training_inputs(self) -> tuple[object, ...]:
        """Equal to what it was as long as the same training would give the same classifier; keeps no image alive."""
        return self._features, *self._tallies.stamps(self._pairs)

    def _update_live(self) -> None:
        """Train again if something is other than at the last training, and predict what has not been since."""
        if not self._live_update or self._queue.closed:
            return
        if self._training_inputs != self._trained_on and self.plan.training_problem is None:
            self.train()
        else:
            self._predict_live()

    def _predict_live(self) -> None:
        if not (self._live_update and self._prediction_due and self.outputs):
            return
        if self.target is None:
            return
        if self._queue.newest(TRAINING) or self.plan.prediction_problem is None:
            self.predict()


def _warm_up(ndim: int) -> None:
    try:
        warm_up(ndim)
    except Exception:
        logger.exception("warming up has failed")
