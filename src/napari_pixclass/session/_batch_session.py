"""A session that also predicts files, and compares predictions with the truth."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from ._batch import FileBatch
from ._batch_task import BatchTask
from ._evaluation import Comparison, Evaluation, EvaluationTask
from ._figure_files import Figures, check_ending
from ._jobs import Job
from ._priority import IN_NO_HURRY
from ._queue import JobQueue
from ._session import LIVE, Session
from ._sources import ImageSource, LabelsSource

if TYPE_CHECKING:
    from napari_pixclass.batch import BatchReport

EVALUATION, SAVING = "evaluation", "saving the evaluation"
"""What jobs are about."""


class BatchSession(Session):
    """A session that also predicts files, and compares predictions with the truth, beside its other work.

    Parameters
    ----------
    wake
        As for `Session`.

    Attributes
    ----------
    batch
        The list of files, and what has become of each.
    evaluation
        What the last comparison has given; None before.
    """

    evaluated = Signal(Evaluation)
    """Predictions have been compared with the truth."""
    evaluation_saved = Signal(Path)
    """The evaluation has been written to this file."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self.batch = FileBatch(self._mailbox, self._on_job_changed, self.failed.emit)
        self._judging = JobQueue(self._mailbox, self._on_job_changed, self.failed.emit, IN_NO_HURRY)
        self._exchanging = JobQueue(self._mailbox, self._on_job_changed, self.failed.emit)
        self.evaluation: Evaluation | None = None
        self.evaluated.connect(self._on_evaluated)

    def predict_files(
        self,
        images: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        folder: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> Job[BatchReport]:
        """Predict image files in the background, one after the other, and write the results to files.

        It goes by the classifier as it is now. What goes wrong with a file is in the report, and the next one follows.

        Parameters
        ----------
        images
            Files, folders with images, and patterns such as ``data/**/*_raw.tif``.
        folder
            Folder of the results, made if absent; None for that of each image.
        options
            What to write, and how: the attributes of `batch.BatchOptions`, such as ``exports``, ``format``, ``dtype``,
            ``name``, ``overwrite`` and ``skip_existing``.

        Returns
        -------
        Job
            Its result is a `batch.BatchReport`.

        Raises
        ------
        ValueError
            If there is no classifier, or a batch goes on. What shows only later makes the job fail: results that exist
            already, images that cannot be found, options that contradict each other.
        """
        given = [images] if isinstance(images, str | os.PathLike) else list(images)
        patterns = tuple(os.fspath(image) for image in given)
        return self._start_batch(patterns, False, folder, options)

    def predict_listed(
        self, folder: str | os.PathLike[str] | None = None, **options: Any
    ) -> Job[BatchReport]:
        """As `predict_files`, for the files that are listed in `batch`."""
        paths = tuple(file.path for file in self.batch.files)
        return self._start_batch(paths, True, folder, options)

    def _start_batch(
        self,
        images: tuple[Path | str, ...],
        are_files: bool,
        folder: str | os.PathLike[str] | None,
        options: dict[str, Any],
    ) -> Job[BatchReport]:
        from napari_pixclass.batch import BatchOptions

        classifier = self.classifier
        if classifier is None:
            raise ValueError("Train first, or load a classifier.")
        if not images:
            raise ValueError("Add images to predict.")
        where = None if folder is None else Path(folder)
        task = BatchTask(
            classifier=classifier,
            frozen=copy(classifier),
            images=images,
            are_files=are_files,
            options=BatchOptions(folder=where, **options),
        )
        self._before_start()
        return self.batch.start(task)

    def evaluate(self, *comparisons: Any) -> Job[Evaluation]:
        """Compare predictions with the truth in the background, all pixels together.

        Parameters
        ----------
        comparisons
            Pairs of what is judged and the truth. An image, such as an image layer or an array, is predicted by the
            classifier as it is now; a segmentation (a labels layer, or an array in `ArrayLabels`) is judged as it is.
            The truth holds class values; where it is 0 nothing is compared.

        Raises
        ------
        ValueError
            If there is nothing to compare, there is no classifier for an image, or shapes differ.
        """
        task = EvaluationTask.of(
            [self.comparison(*pair) for pair in comparisons],
            self.classifier,
            self.classes,
            [pair.labels for pair in self.pairs],
        )
        self._before_start()
        return self._judging.start(task.steps, self.evaluated.emit, EVALUATION)

    def save_evaluation(self, path: str | os.PathLike[str]) -> Job[Path]:
        """Write the last evaluation in the background: ``.json`` or ``.txt`` for the figures, ``.png`` for a picture.

        Raises
        ------
        ValueError
            If there is none, or the name ends in something else.
        """
        evaluation, target = self.evaluation, Path(path)
        if evaluation is None:
            raise ValueError("there is no evaluation to save. Evaluate first.")
        check_ending(target)
        figures = Figures(evaluation.text(), evaluation.to_dict(), evaluation.matrix)
        return self._judging.start(
            lambda: figures.saving_steps(target), self.evaluation_saved.emit, SAVING
        )

    def start_exchange(self, *args: Any, **options: Any) -> Job[Any]:
        """Read or write a file in the background, beside what is computed; see `JobQueue.start`."""
        self._before_start()
        return self._exchanging.start(*args, **options)

    def comparison(self, prediction: Any, truth: Any) -> Comparison:
        """What is judged by what, as `evaluate` takes it."""
        source = self._judged_source(prediction)
        return Comparison(source, self._labels_source(truth))

    def _judged_source(self, prediction: Any) -> ImageSource | LabelsSource:
        if isinstance(prediction, LabelsSource):
            return prediction
        return self._image_source(prediction)

    def _on_evaluated(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @property
    def job(self) -> Job[Any] | None:
        """What is running; of what runs side by side that which the user waits for."""
        job = super().job
        beside = self._exchanging.running or self.batch.reading
        beside = beside or self._judging.running or self.batch.job
        is_live = job is not None and job is self._queue.newest(LIVE)
        return beside if beside is not None and (job is None or is_live) else job

    def cancel(self) -> None:
        """Cancel what is running and what is waiting; a batch only where nothing else is."""
        job = self.job
        if job is not None and job is self.batch.job:
            self.batch.cancel()
        self._exchanging.cancel()
        self.batch.cancel_reading()
        self._judging.cancel()
        super().cancel()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._exchanging.close()
        self._judging.close()
        self.batch.close()
        super().close()
