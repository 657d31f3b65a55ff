"""A session that also says how good a classifier will be, and which features it needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_pixclass.core import (
    ChosenFeatures,
    CrossValidation,
    FeatureSet,
    FeatureSuggestions,
    LeftOut,
    SampleCache,
)

from ._batch_session import BatchSession
from ._figure_files import Figures, check_ending
from ._jobs import Job
from ._priority import IN_NO_HURRY
from ._queue import JobQueue
from ._session import LIVE, PREDICTION
from ._trial import Trial

CROSS_VALIDATION, SUGGESTION, SAVING = "cross-validation", "suggestion", "saving the figures"
"""What jobs are about."""

REMEMBERED_BYTES = 2**27
"""Of features, from one cross-validation to the next."""


class QualitySession(BatchSession):
    """A session that also learns from its labels how good a classifier will be, beside its other work.

    Parameters
    ----------
    wake
        As for `Session`.
    """

    cross_validated = Signal(CrossValidation)
    features_suggested = Signal(FeatureSuggestions)
    cross_validation_saved = Signal(Path)
    """The figures have been written to this file."""
    calibrate_changed = Signal(bool)

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._trying = JobQueue(self._mailbox, self._on_job_changed, self.failed.emit, IN_NO_HURRY)
        self._trial_cache = SampleCache(REMEMBERED_BYTES)
        self._validation: CrossValidation | None = None
        self._validated_on: object = None
        self._validated_names = True
        """Whether its classes are those that there are now."""
        self._calibrate = False
        self._found_sharpness = 1.0
        self._suggestions: FeatureSuggestions | None = None
        self._suggested_on: object = None
        self._before_suggested: ChosenFeatures | None = None
        self._applied: ChosenFeatures | None = None

    # Cross-validation -------------------------------------------------------------------------------------------------

    def cross_validate(
        self, *, n_folds: int = 5, leave_out: LeftOut | None = None
    ) -> Job[CrossValidation]:
        """Find out in the background how good a classifier of these features and labels will be.

        Its result has the figures that `napari_pixclass.cross_validate` gives. Labels may be painted meanwhile: the
        figures are those of the labels as they are now.

        Parameters
        ----------
        n_folds
            Number of parts that are left out, one after the other.
        leave_out
            ``"strokes"`` or ``"images"``; None for images where more than one has labels of every class, else strokes.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`. What shows only later makes the job fail.
        """
        trial = self._trial()
        inputs = self._training_inputs

        def keep(result: CrossValidation) -> None:
            self._validation, self._validated_on = result, inputs
            self._validated_names = True
            self._found_sharpness = result.sharpness
            self.cross_validated.emit(result)
            self._calibrate_classifier()

        self._before_start()
        return self._trying.start(
            lambda: trial.validation_steps(n_folds=n_folds, leave_out=leave_out),
            keep,
            CROSS_VALIDATION,
        )

    @property
    def cross_validation(self) -> CrossValidation | None:
        """What the last cross-validation has given, with the names that classes have now; None before.

        Where other labels have taken the place of those that it was made of, classes keep their names.
        """
        result = self._validation
        if result is not None and self._validated_names:
            renamed = result.renamed(self.classes)
            self._validation = result if renamed.classes == result.classes else renamed
        return self._validation

    @property
    def cross_validation_is_current(self) -> bool:
        """Whether the same cross-validation would give that again: labels, images and settings are the same."""
        return self._validation is not None and self._validated_on == self._training_inputs

    def save_cross_validation(self, path: str | os.PathLike[str]) -> Job[Path]:
        """Write the last figures in the background: ``.json`` or ``.txt``, or the matrix as a ``.png``.

        Raises
        ------
        ValueError
            If there are none, or the name ends in something else.
        """
        result, target = self.cross_validation, Path(path)
        if result is None:
            raise ValueError("there are no figures to save. Cross-validate first.")
        check_ending(target)
        figures = Figures(result.table(), result.to_dict(), result.held_out)
        return self._trying.start(
            lambda: figures.saving_steps(target), self.cross_validation_saved.emit, SAVING
        )

    # Calibration ------------------------------------------------------------------------------------------------------

    @property
    def calibrate(self) -> bool:
        """Whether probabilities are made as often right as they say, by what the last cross-validation has found.

        Those of the classifier at hand, and of all that are trained from now on; see `PixelClassifier.calibrated`.
        """
        return self._calibrate

    @calibrate.setter
    def calibrate(self, on: bool) -> None:
        self._set_calibrate(bool(on))
        self._calibrate_classifier()

    @property
    def sharpness(self) -> float:
        """The power to which probabilities are raised: 1 unless they are to be calibrated."""
        return self._found_sharpness if self._calibrate else 1.0

    @property
    def found_sharpness(self) -> float:
        """The power that the last cross-validation has found, or that a classifier came with; 1 before."""
        return self._found_sharpness

    def restore_calibration(self, on: bool, sharpness: float) -> None:
        """Set `calibrate`, with a power that was found at another time."""
        self._found_sharpness = sharpness
        self._set_calibrate(on)
        self._calibrate_classifier()

    def _set_calibrate(self, on: bool) -> None:
        if on != self._calibrate:
            self._calibrate = on
            self.calibrate_changed.emit(on)

    def _adopt_sharpness(self, sharpness: float) -> None:
        if sharpness != 1:
            self._found_sharpness = sharpness
        self._set_calibrate(sharpness != 1)

    def _calibrate_classifier(self) -> None:
        """Have the classifier at hand say what it is to say from now on; nothing is trained."""
        classifier = self._classifier
        if classifier is None or classifier.sharpness_ == self.sharpness:
            return
        was_asked = self._queue.newest(PREDICTION, self.target) is not None
        self._queue.cancel((LIVE, PREDICTION))
        self._classifier = classifier.calibrated(self.sharpness)
        self.classifier_changed.emit(self._classifier)
        self._update_live()
        if was_asked:
            self.predict()

    # Suggested features -----------------------------------------------------------------------------------------------

    def suggest_features(
        self,
        *,
        sizes: Sequence[int] = (4, 7, 11),
        n_folds: int = 5,
        leave_out: LeftOut | None = None,
    ) -> Job[FeatureSuggestions]:
        """Find small sets of features in the background that are nearly as good as all of them.

        Its result is what `napari_pixclass.suggest_features` gives, for the channels that are used and with the scales
        that are chosen beside the usual ones. Where all channels have the same features these are among the sets.

        Parameters
        ----------
        sizes
            Most features of the sets, per channel.
        n_folds, leave_out
            As for `cross_validate`.

        Raises
        ------
        ValueError
            If something is in the way; see `plan`. What shows only later makes the job fail.
        """
        trial = self._trial()
        inputs = self._suggestion_inputs

        def keep(result: FeatureSuggestions) -> None:
            self._suggestions, self._suggested_on = result, inputs
            self.features_suggested.emit(result)

        self._before_start()
        return self._trying.start(
            lambda: trial.suggestion_steps(
                sizes=tuple(sizes), n_folds=n_folds, leave_out=leave_out
            ),
            keep,
            SUGGESTION,
        )

    @property
    def suggestions(self) -> FeatureSuggestions | None:
        """The sets of features that were suggested last; None before."""
        return self._suggestions

    @property
    def suggestions_are_current(self) -> bool:
        """Whether they hold for the labels, images and channels as they are now."""
        return self._suggestions is not None and self._suggested_on == self._suggestion_inputs

    @property
    def _suggestion_inputs(self) -> object:
        features = self.chosen_features
        if features is None:
            return None
        unused = tuple(channel for channel, own in features.own if own is None)
        return (
            features.common.ndim,
            features.common.dialect,
            features.channels,
            unused,
            *self._label_stamps,
        )

    @property
    def common_features(self) -> FeatureSet | None:
        """The features of all channels that are used; None where channels differ, or none are chosen."""
        own = [features for features in self.channel_features.values() if features is not None]
        return self.features if all(features == self.features for features in own) else None

    def apply_suggested(self, features: FeatureSet) -> None:
        """Use a set for all channels that are used; `undo_suggested` brings back what was chosen before."""
        if not self.can_undo_suggested:
            self._before_suggested = self.chosen_features
        unused = {channel: own for channel, own in self.channel_features.items() if own is None}
        # Before anybody hears of it, and asks for the way back.
        self._applied = ChosenFeatures(features, self.channels, tuple(sorted(unused.items())))
        self.choose_features(features, unused)

    def undo_suggested(self) -> None:
        """Choose the features again that were chosen before the first suggested set was applied.

        Raises
        ------
        ValueError
            If other features than a suggested set have been chosen since.
        """
        before = self._before_suggested
        if before is None or not self.can_undo_suggested:
            raise ValueError(
                "the features chosen now are no suggested set: there is nothing to undo."
            )
        self._applied = self._before_suggested = None
        self.choose_features(before.common, dict(before.own))

    @property
    def can_undo_suggested(self) -> bool:
        """Whether a suggested set is chosen, and something was before."""
        is_applied = self._applied is not None and self._applied == self.chosen_features
        return is_applied and self._before_suggested not in (None, self._applied)

    # Work -------------------------------------------------------------------------------------------------------------

    def leave_labels(self) -> None:
        """Say that other labels take the place of all there were: what is being tried on those is of no use any more.

        Figures stay, and are known to be old.
        """
        self._trying.cancel((CROSS_VALIDATION, SUGGESTION))
        self._validated_names = False
        self._before_suggested = self._applied = None

    def _trial(self) -> Trial:
        """Images and labels as they are now.

        Raises
        ------
        ValueError
            If nothing can be trained on them.
        """
        self._look_at_all()
        problem, features = self.trial_problem, self.chosen_features
        if problem or features is None:
            raise ValueError(problem)
        labels = [self._seen.current(pair) for pair in self._pairs]
        return Trial(self._training(features), labels, self.classes, self._trial_cache)

    @property
    def trial_problem(self) -> str | None:
        """What stands in the way of a cross-validation and of suggestions, in words; None where nothing does."""
        problem = self.plan.training_problem
        if problem is None and len(self.counts) == 1 and not self._seen.looking:
            return "Only one class is painted: paint a second one."
        return problem

    @property
    def job(self) -> Job[Any] | None:
        """What is running; of what runs side by side that which the user waits for."""
        return self._in_front(super().job, self._trying.running)

    def _in_front(self, job: Job[Any] | None, beside: Job[Any] | None) -> Job[Any] | None:
        """Of two jobs that run side by side the one that the user waits for: that `beside`, if the other can wait."""
        waits = job is None or job is self.batch.job or job is self._queue.newest(LIVE)
        return beside if beside is not None and waits else job

    def cancel(self) -> None:
        """Cancel what is running and what is waiting; a batch only where nothing else is."""
        super().cancel()
        self._trying.cancel()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._trying.close()
        super().close()
