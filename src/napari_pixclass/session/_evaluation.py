"""Comparing predictions with the truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    ArrayLike,
    ClassInfo,
    ConfusionMatrix,
    ImageAxes,
    Region,
    Step,
    Steps,
    bounded_map,
    index_of,
    iter_blocks,
    n_blocks,
    resolve_axes,
    resolve_n_jobs,
    segmentation_of,
)

from ._live_array import LiveArray
from ._sources import ImageSource, LabelsSource, Snapshot, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

_BLOCKS = {1: (1 << 20,), 2: (512, 512), 3: (64, 128, 128)}
"""Pixels that are compared at once, by the number of axes that filters see."""

TRAINED_ON = (
    "the classifier is trained on {}: the figures tell how well it remembers them, not how well it predicts what it "
    "has not seen."
)

UNFINISHED = (
    "a segmentation must be complete to be judged; of {!r} live update has predicted no more than what was on screen. "
    "Judge the image itself, or press Run first."
)

_ClassValues = npt.NDArray[Any]
_Looker = Callable[[tuple[int, ...], Region], _ClassValues]


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """What is judged by what.

    Attributes
    ----------
    prediction
        An image, which the classifier predicts; or a segmentation that is there: class values.
    truth
        Class values of the same shape; pixels where it is 0 do not count.
    """

    prediction: ImageSource | LabelsSource
    truth: LabelsSource

    @property
    def needs_classifier(self) -> bool:
        """Whether it is an image that is still to be predicted."""
        return isinstance(self.prediction, ImageSource)

    def problem(self, classifier: PixelClassifier | None) -> str | None:
        """What stands in the way, in words; None where nothing does."""
        prediction, shape = self.prediction, tuple(self.truth.shape)
        if isinstance(prediction, ImageSource):
            if classifier is None:
                return "Train first, or load a classifier; or judge a segmentation."
            if prediction.problem:
                return prediction.problem
            try:
                own = _axes_of(prediction, classifier).shape
            except (TypeError, ValueError) as error:
                return f"{prediction.name}: {error}"
        else:
            own = tuple(prediction.shape)
        if own != shape:
            return (
                f"The truth must have the shape of what is judged: {self.truth.name} is {shape}, "
                f"{prediction.name} is {own}. Choose other labels."
            )
        return None


@dataclass(frozen=True, eq=False, slots=True)
class Evaluation:
    """How well predictions agree with the truth.

    Attributes
    ----------
    matrix
        Counts of all comparisons together, and the figures that follow from them.
    names
        What was judged by what.
    trained_on
        What is both truth and labels to train on.
    classifier
        The classifier of the session that has predicted images for the purpose; None where none had to.
    """

    matrix: ConfusionMatrix
    names: tuple[tuple[str, str], ...]
    trained_on: tuple[str, ...] = ()
    classifier: PixelClassifier | None = None

    def is_older_than(self, classifier: PixelClassifier | None) -> bool:
        """Whether the figures are those of another classifier than this one."""
        return self.classifier is not None and self.classifier is not classifier

    @property
    def notes(self) -> tuple[str, ...]:
        """What one must know before believing the figures, a sentence each."""
        own = (TRAINED_ON.format(", ".join(self.trained_on)),) if self.trained_on else ()
        return own + self.matrix.notes

    def text(self) -> str:
        """What was compared, and all figures."""
        lines = [f"{prediction} against {truth}" for prediction, truth in self.names]
        own = [f"note: {TRAINED_ON.format(', '.join(self.trained_on))}"] if self.trained_on else []
        return "\n".join([*lines, *own, "", self.matrix.table()])

    def to_dict(self) -> dict[str, Any]:
        """The same for other programs, ready for JSON."""
        pairs = [{"prediction": prediction, "truth": truth} for prediction, truth in self.names]
        return {"compared": pairs, **self.matrix.to_dict(), "notes": list(self.notes)}


@dataclass(frozen=True, eq=False, slots=True)
class _Judged:
    """A comparison as it was when it was asked for: a snapshot of the image, or the segmentation."""

    name: str
    prediction: Snapshot | ArrayLike
    truth: ArrayLike
    truth_name: str

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        prediction, truth = comparison.prediction, comparison.truth
        if isinstance(prediction, ImageSource):
            return cls(prediction.name, Snapshot.of(prediction), truth.data, truth.name)
        return cls(prediction.name, prediction.data, truth.data, truth.name)

    def axes(self, classifier: PixelClassifier | None) -> ImageAxes:
        """Axes of the truth, cut into frames as the classifier sees them."""
        if isinstance(self.prediction, Snapshot) and classifier is not None:
            return _axes_of(self.prediction, classifier)
        shape = tuple(self.truth.shape)
        return resolve_axes(shape, min(2, len(shape)), None)

    def counts(self, classifier: PixelClassifier | None) -> Generator[ConfusionMatrix, None, None]:
        """Counts of one block after the other; only those in which there is a truth are predicted."""
        axes = self.axes(classifier)
        look, is_live = self._looker(classifier, axes), isinstance(self.prediction, LiveArray)

        def count(frame: tuple[int, ...], region: Region) -> ConfusionMatrix:
            truth = np.asarray(self.truth[index_of(frame, region)])
            ours = look(frame, region) if truth.any() else truth
            if is_live and ((ours == 0) & (truth > 0)).any():
                raise ValueError(UNFINISHED.format(self.name))
            return ConfusionMatrix.of(truth=truth, prediction=ours)

        block = _BLOCKS[len(axes.spatial)]
        tasks = ((f, region) for f in axes.frames() for region in iter_blocks(axes.spatial, block))
        return bounded_map(count, tasks, resolve_n_jobs(getattr(classifier, "n_jobs", None)))

    def _looker(self, classifier: PixelClassifier | None, axes: ImageAxes) -> _Looker:
        """What gives the class values of a region of a frame."""
        prediction = self.prediction
        if not isinstance(prediction, Snapshot) or classifier is None:
            segmentation: Any = prediction
            return lambda frame, region: np.asarray(segmentation[index_of(frame, region)])
        state = classifier.state
        classifier.check_image(prediction.data, prediction.channel_axis)  # its values, too
        predictor = classifier.predictor(spacing_of(prediction, state.features.ndim))

        def look(frame: tuple[int, ...], region: Region) -> _ClassValues:
            block = predictor.predict_region(prediction.data, axes, frame, region)
            return segmentation_of(block, state.classes, axis=0)

        return look


@dataclass(frozen=True, eq=False, slots=True)
class EvaluationTask:
    """All that an evaluation needs to know, as it was when it was asked for.

    Attributes
    ----------
    judged
        What is compared.
    classifier
        What predicts the images among it, if there are any: a copy, since classes may be renamed meanwhile.
    original
        What it is a copy of.
    names
        Names and colours of classes.
    trained_on
        See `Evaluation`.
    """

    judged: tuple[_Judged, ...]
    classifier: PixelClassifier | None
    original: PixelClassifier | None
    names: Mapping[int, ClassInfo]
    trained_on: tuple[str, ...]

    @classmethod
    def of(
        cls,
        comparisons: Sequence[Comparison],
        classifier: PixelClassifier | None,
        classes: Sequence[ClassInfo],
        trained_on: Collection[LabelsSource] = (),
    ) -> Self:
        """Take a snapshot; in the thread of the session.

        Raises
        ------
        ValueError
            If there is nothing to compare, or something is in the way.
        """
        if not comparisons:
            raise ValueError("Choose what is to be judged, and the labels that are the truth.")
        for comparison in comparisons:
            if problem := comparison.problem(classifier):
                raise ValueError(problem)
        predicts = any(comparison.needs_classifier for comparison in comparisons)
        return cls(
            tuple(map(_Judged.of, comparisons)),
            copy(classifier) if predicts else None,
            classifier if predicts else None,
            {info.value: info for info in classes},
            tuple(dict.fromkeys(c.truth.name for c in comparisons if c.truth in trained_on)),
        )

    def steps(self) -> Steps[Evaluation]:
        """Compare block by block, in a background thread."""
        listed = () if self.classifier is None else self.classifier.class_table_
        matrix = ConfusionMatrix.of([], [], listed)
        n_steps = [_n_blocks(judged.axes(self.classifier)) for judged in self.judged]
        total, done = sum(n_steps), 0
        for judged in self.judged:
            what = f"Judging {judged.name}"
            yield Step(done, total, what)
            with closing(judged.counts(self.classifier)) as counts:
                for count in counts:
                    matrix += count
                    done += 1
                    yield Step(done, total, what)
        if not matrix.n_pixels:
            raise ValueError("the truth must be known for at least one pixel; it is 0 everywhere.")
        classes = tuple(self.names.get(info.value, info) for info in matrix.classes)
        names = tuple((judged.name, judged.truth_name) for judged in self.judged)
        return Evaluation(replace(matrix, classes=classes), names, self.trained_on, self.original)


def _axes_of(image: ImageSource | Snapshot, classifier: PixelClassifier) -> ImageAxes:
    """Axes of an image that a classifier is to predict.

    Raises
    ------
    ValueError
        If it does not fit the classifier.
    """
    state = classifier.state
    axes = resolve_axes(image.data.shape, state.features.ndim, image.channel_axis)
    if axes.n_channels != state.n_channels:
        raise ValueError(
            f"the classifier was trained on images with {state.n_channels} channels; this one has {axes.n_channels}. "
            "Choose another image."
        )
    return axes


def _n_blocks(axes: ImageAxes) -> int:
    return math.prod(axes.lead) * n_blocks(axes.spatial, _BLOCKS[len(axes.spatial)])
