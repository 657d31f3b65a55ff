"""One interactive project: images with labels, features, classes, the classifier; and what is being done with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from psygnal import Signal

from napari_pixclass.core import (
    OUTPUTS,
    ClassInfo,
    FeatureSet,
    Output,
    Steps,
    default_class,
    warm_up,
)

from ._jobs import Job
from ._plan import Plan, resolve
from ._prediction import Prediction, predict_steps
from ._queue import JobQueue
from ._sources import (
    ArrayImage,
    ArrayLabels,
    ImageSource,
    LabelsSource,
    Pair,
    count_labels,
    spacing_of,
)

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier

T = TypeVar("T")


class Session:
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

    features_changed = Signal(object)
    pairs_changed = Signal()
    classes_changed = Signal()
    counts_changed = Signal()
    classifier_changed = Signal(object)
    target_changed = Signal()
    outputs_changed = Signal()
    live_update_changed = Signal(bool)
    predicted = Signal(Prediction)
    job_changed = Signal(object)
    """The running job after each step; None when nothing runs."""
    failed = Signal(str)

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._queue = JobQueue(wake, self.job_changed.emit, self.failed.emit)
        self._training: Job[PixelClassifier] | None = None
        self._predicting: tuple[ImageSource, Job[Prediction]] | None = None
        self._features: FeatureSet | None = FeatureSet.default(2)
        self._features_chosen = False
        self._classes = [default_class(1), default_class(2)]
        self._pairs: list[Pair] = []
        self._counts: dict[Pair, dict[int, int]] = {}
        self._classifier: PixelClassifier | None = None
        self._target: ImageSource | None = None
        self._outputs: frozenset[Output] = frozenset(OUTPUTS)
        self._live_update = False
        self.n_estimators = 100
        self.random_state: int | None = 0
        self.n_jobs: int | None = None

    # What is chosen ---------------------------------------------------------------------------------------------------

    @property
    def features(self) -> FeatureSet | None:
        """The features that the next training uses; None if none are chosen."""
        return self._features

    @features.setter
    def features(self, features: FeatureSet | None) -> None:
        if not isinstance(features, FeatureSet | None):
            raise TypeError(
                f"features must be a FeatureSet; got {type(features).__name__}. Example: FeatureSet.default(2)."
            )
        self._features_chosen = True
        if features != self._features:
            self._set_features(features)
            self._update_live()

    def suggest_features(self, features: FeatureSet) -> None:
        """Use `features` unless some have been chosen, loaded or trained with already."""
        if not self._features_chosen and features != self._features:
            self._set_features(features)

    def _set_features(self, features: FeatureSet | None) -> None:
        self._features = features
        self.features_changed.emit(features)

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """Value, name and colour of each class that can be painted."""
        return tuple(self._classes)

    @classes.setter
    def classes(self, classes: Iterable[ClassInfo]) -> None:
        chosen = sorted(classes, key=lambda info: info.value)
        if len({info.value for info in chosen}) < len(chosen):
            raise ValueError(
                f"each class must have a value of its own; got {[info.value for info in chosen]}."
            )
        if chosen == self._classes:
            return
        self._classes = chosen
        if self._classifier is not None:
            known = {info.value: info for info in chosen}
            table = self._classifier.class_table_
            self._classifier.class_table_ = tuple(known.get(info.value, info) for info in table)
        self.classes_changed.emit()

    def add_class(self, name: str | None = None, color: str | None = None) -> ClassInfo:
        """Add a class with the next free value."""
        added = default_class(max((info.value for info in self._classes), default=0) + 1)
        added = replace(added, name=name or added.name, color=color or added.color)
        self.classes = (*self._classes, added)
        return added

    def change_class(
        self, value: int, *, name: str | None = None, color: str | None = None
    ) -> None:
        """Rename or recolour a class."""
        self.classes = [
            replace(info, name=name or info.name, color=color or info.color)
            if info.value == value
            else info
            for info in self._classes
        ]

    @property
    def outputs(self) -> frozenset[Output]:
        """What the next prediction gives."""
        return self._outputs

    @outputs.setter
    def outputs(self, outputs: Collection[Output]) -> None:
        unknown = set(outputs) - set(OUTPUTS)
        if unknown:
            raise ValueError(
                f"outputs are {', '.join(OUTPUTS)}; got {', '.join(sorted(map(str, unknown)))}."
            )
        if frozenset(outputs) != self._outputs:
            self._outputs = frozenset(outputs)
            self.outputs_changed.emit()

    @property
    def target(self) -> ImageSource | None:
        """The image that the next prediction is for: the one chosen, else the first to train on."""
        return self._default_target() if self._target is None else self._target

    @target.setter
    def target(self, image: Any) -> None:
        self._target = None if image is None else self._image_source(image)
        self.target_changed.emit()

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
        self._recount(pair)
        self.pairs_changed.emit()
        self.counts_changed.emit()
        return pair

    def remove_pair(self, pair: Pair) -> None:
        """Stop training on a pair; image and labels stay as they are."""
        self._pairs.remove(pair)
        self._counts.pop(pair, None)
        self.pairs_changed.emit()
        self.counts_changed.emit()

    def _image_source(self, image: Any, **options: Any) -> ImageSource:
        return image if isinstance(image, ImageSource) else ArrayImage(image, **options)

    def _labels_source(self, labels: Any) -> LabelsSource:
        return labels if isinstance(labels, LabelsSource) else ArrayLabels(np.asarray(labels))

    @property
    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class over all pairs."""
        total: dict[int, int] = {}
        for counts in self._counts.values():
            for value, count in counts.items():
                total[value] = total.get(value, 0) + count
        return total

    def labels_changed(self) -> None:
        """Say that labels may have been painted, erased or undone."""
        if self._recount_all():
            self._update_live()

    def _recount_all(self) -> bool:
        """Count the labels again; return whether there are others than before."""
        before = dict(self._counts)
        for pair in self._pairs:
            self._recount(pair)
        changed = before != self._counts
        if changed:
            self.counts_changed.emit()
        return changed

    def _recount(self, pair: Pair) -> None:
        counts = count_labels(np.asarray(pair.labels.data))
        self._counts[pair] = counts
        missing = set(counts) - {info.value for info in self._classes}
        if missing:
            self.classes = [*self._classes, *map(default_class, sorted(missing))]

    # Classifier -------------------------------------------------------------------------------------------------------

    @property
    def classifier(self) -> PixelClassifier | None:
        """The trained classifier, or None."""
        return self._classifier

    @classifier.setter
    def classifier(self, classifier: PixelClassifier | None) -> None:
        """Use a fitted classifier; its features and class table become the session's."""
        if classifier is not None:
            self._features_chosen = True
            self._set_features(classifier.state.features)
            known = {info.value: info for info in self._classes}
            self.classes = list(
                (known | {info.value: info for info in classifier.class_table_}).values()
            )
        self._classifier = classifier
        self.classifier_changed.emit(classifier)

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
        return resolve(self._pairs, self.counts, self._features, self._classifier, self.target)

    # Work -------------------------------------------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Compile or load in the background what a first training and prediction need; nothing waits for it."""
        ndim = 2 if self._features is None else self._features.ndim
        Thread(target=warm_up, args=(ndim,), name="pixclass-warm-up", daemon=True).start()

    @property
    def job(self) -> Job[Any] | None:
        """What is running."""
        return self._queue.running

    def train(self) -> Job[PixelClassifier]:
        """Train in the background on a snapshot of the labels; whatever was running or waiting is cancelled.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        self._recount_all()  # not every change of labels is announced in time
        problem = self.plan.training_problem
        if problem or self._features is None:
            raise ValueError(problem)
        ndim = self._features.ndim
        parameters = self._features, self.n_estimators, self.random_state, self.n_jobs
        images = [pair.image.data for pair in self._pairs]
        labels = [np.array(pair.labels.data) for pair in self._pairs]
        spacings = [spacing_of(pair.image, ndim) for pair in self._pairs]
        channel_axis = self._pairs[0].image.channel_axis

        def steps() -> Steps[PixelClassifier]:
            from napari_pixclass.classifier import PixelClassifier  # takes a while, the first time

            new = PixelClassifier(*parameters)
            yield from new.fit_steps(images, labels, channel_axis=channel_axis, spacing=spacings)
            return new

        def adopt(new: PixelClassifier) -> None:
            table = {info.value: info for info in self._classes}
            new.class_table_ = tuple(table.get(info.value, info) for info in new.class_table_)
            self._classifier = new
            self.classifier_changed.emit(new)

        self._features_chosen = True
        self.cancel()
        self._training = self._start(steps, adopt)
        return self._training

    def predict(self) -> Job[Prediction]:
        """Predict the target in the background, after what is running; an earlier prediction of it is cancelled.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`.
        """
        target, outputs = self.target, self._outputs
        # What is being trained may fit the image where the classifier at hand does not: that shows when it is done.
        training = self._training is not None and not (
            self._training.done or self._training.cancelled
        )
        problem = None if training and target is not None else self.plan.prediction_problem
        if problem or target is None:
            raise ValueError(problem)
        if not outputs:
            raise ValueError(
                "choose at least one output: probabilities, uncertainty or segmentation."
            )

        def steps() -> Steps[Prediction]:
            if self._classifier is None:
                raise ValueError("there is no classifier: training was cancelled or failed.")
            return (yield from predict_steps(self._classifier, target, outputs))

        if self._predicting is not None and self._predicting[0] == target:
            self._predicting[1].cancel()
        job = self._start(steps, self.predicted.emit)
        self._predicting = (target, job)
        return job

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        self._queue.cancel()

    def deliver(self) -> None:
        """Let finished work reach the session; for the event loop that `wake` wakes."""
        self._queue.deliver()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._queue.close()

    def _start(self, steps: Callable[[], Steps[T]], succeed: Callable[[T], object]) -> Job[T]:
        return self._queue.start(steps, succeed)

    def _update_live(self) -> None:
        if not self._live_update or self.plan.training_problem:
            return
        self.train()
        if self.outputs and self.target is not None:
            self.predict()
