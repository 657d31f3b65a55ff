"""Live update: every change of the labels trains again, and predicts what is on screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_pixclass.core import Step

from ._jobs import Job
from ._live_result import LiveWork
from ._live_steps import Inputs, Looked, Trained, is_outdated
from ._looking_session import LookingSession
from ._session import ALL, LIVE, PREDICTION, TRAINING
from ._sources import Pair
from ._training import Training

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier


class LiveSession(LookingSession):
    """A session that, if told to, follows the labels."""

    live_update_changed = Signal(bool)
    prediction_overtaken = Signal()
    """A prediction that was asked for has been cancelled, since there will be a newer classifier."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._live_update = False
        self._training_on: Inputs = ()
        self._n_seen = -1
        """How many changes of labels had been heard of when they were last looked at."""

    @property
    def live_update(self) -> bool:
        """Whether every change of the labels trains again, and predicts what is on screen."""
        return self._live_update

    @live_update.setter
    def live_update(self, on: bool) -> None:
        if bool(on) == self._live_update:
            return
        self._live_update = bool(on)
        if not on:
            self._queue.cancel((LIVE,))
        self.live_update_changed.emit(self._live_update)
        self._tell_following()
        self._update_live()

    @property
    def is_following(self) -> bool:
        """Whether what is on screen is predicted without being asked for."""
        return self._live_update or super().is_following

    def labels_changed(self) -> None:
        """Say that labels have been painted, erased or undone."""
        self._n_events += 1
        if self._live_update and not self._queue.closed:
            self._update_live()  # it looks by itself
        else:
            super().labels_changed()

    def look_at_labels(self) -> None:
        """Say that labels may have been changed; they are looked at in the background."""
        for pair in self._pairs:
            if self._seen.look(pair, in_background=True):
                self._on_seen(pair)

    def train(self) -> Job[PixelClassifier]:
        """See `Session.train`. With live update on, a prediction of what is on screen follows."""
        job = super().train()
        self._training_on, self._n_seen = self._training_inputs, self._n_events
        return job

    # What is to be done -----------------------------------------------------------------------------------------------

    def _update_live(self) -> None:
        """Train again if something is other than at the last training, and predict what has not been since."""
        if not self._live_update or self._queue.closed:
            super()._update_live()
            return
        self._has_moved()
        if self._is_under_way:
            return
        is_new = self._n_seen != self._n_events or self._training_inputs != self._trained_on
        if is_new and self._pairs:
            is_overtaken = self._queue.newest(PREDICTION) is not None
            self._queue.cancel(tuple(topic for topic in ALL if topic != LIVE))
            self._start_live()
            if is_overtaken:
                self.prediction_overtaken.emit()
        else:
            super()._predict_view()

    def _predict_view(self) -> None:
        work = self._work
        if self._live_update and work is not None and work.settings != self._settings:
            self._update_live()
        else:
            super()._predict_view()

    @property
    def _is_under_way(self) -> bool:
        """Whether what is running will give what is wanted now."""
        work = self._work
        if self._queue.newest(TRAINING) is not None:
            return self._training_on == self._training_inputs and self._n_seen == self._n_events
        if self._queue.newest(LIVE) is None or work is None or work.n_events != self._n_events:
            return False
        if work.image is not None and not self._shows(work.image):
            return False
        if work.inputs is None:  # it has yet to look, and will see what there is
            return work.settings == self._settings
        return work.inputs == self._training_inputs

    @property
    def _is_outdated(self) -> bool:
        """Whether the classifier at hand was made from other labels than there are, although it could be trained."""
        is_old = is_outdated(self._training_inputs, self._trained_on)
        return self._live_update and self._is_trainable and is_old

    @property
    def _expects_classifier(self) -> bool:
        """Whether a training is under way, be it because something has been painted."""
        has_changed = self._n_seen != self._n_events or self._is_outdated
        is_following = self._live_update and self._queue.newest(LIVE) is not None
        return super()._expects_classifier or (is_following and has_changed)

    @property
    def _is_behind(self) -> bool:
        return not self._live_update and super()._is_behind

    @property
    def _is_trainable(self) -> bool:
        """Whether nothing is in the way of a training, but for labels."""
        return bool(self._pairs) and self._problem_but_for_labels is None

    # Doing it ---------------------------------------------------------------------------------------------------------

    def _live_pairs(self) -> tuple[Pair, ...]:
        return self.pairs if self._live_update else ()

    def _live_training(self) -> Training | None:
        features = self.chosen_features
        if not self._live_update or not self._is_trainable or features is None:
            return None
        return self._training(features)

    def _on_step(self, work: LiveWork, step: Step) -> None:
        if isinstance(step, Looked):
            self._on_looked(work, step)
        elif isinstance(step, Trained):
            self._on_classifier(work, step)
        else:
            super()._on_step(work, step)

    def _on_looked(self, work: LiveWork, step: Looked) -> None:
        work.inputs = step.inputs
        if self._live_update:
            self._n_seen = work.n_events
        if step.trains:
            work.result = work.classifier = None
        # Where somebody else has looked since the work was begun, nobody knows who has seen the newer labels.
        doubtful = {p for p in step.labelled if self._seen.n_looks(p) != work.n_looks.get(p)}
        self._tell(
            pair
            for pair, seen in step.labelled.items()
            if pair not in doubtful and self._seen.learn(pair, seen)
        )
        if doubtful and self._live_update and step.inputs != self._training_inputs:
            self._queue.cancel((LIVE,))
            self._n_events += 1
            self._update_live()
            return
        if self._is_outdated and not step.trains:
            self._show_result(None)

    def _on_classifier(self, work: LiveWork, step: Trained) -> None:
        self._features_chosen = True
        work.classifier = step.classifier
        if work.result is not None:
            work.result.classifier = step.classifier
        elif work.view is None or not work.view.outputs:
            self._show_result(None)  # no tile will put an end to it
        self._adopt(step.classifier, step.inputs)

    def _tell(self, changed: Iterable[Pair]) -> None:
        pairs = list(changed)
        for pair in pairs:
            self._tell_labelled(pair)
        if pairs:
            self._tell_counts()
