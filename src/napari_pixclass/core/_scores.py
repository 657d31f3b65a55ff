"""How well a segmentation agrees with the truth: a confusion matrix, and all that follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from ._classes import ClassInfo, default_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ._axes import ArrayLike

MAX_CLASSES = 256
"""With more different values, an image holds numbered objects or grey values and no classes."""

BLOCK_PIXELS = 1 << 22
"""Most pixels that are compared at once."""

_FEW_VALUES = 1024
"""Up to this largest value pairs are counted in a table, beyond it they are sorted."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfusionMatrix:
    """How often each true class was given each class, and the figures that follow from it.

    Pixels where the truth is 0 (unlabelled) are not counted in any of them. A figure that is undefined, such as the
    recall of a class that the truth does not have, is NaN, and is left out of means; `notes` says so in words.

    Attributes
    ----------
    classes
        Classes by ascending value: those asked for, and any others that the truth or the prediction holds.
    confusion
        Number of pixels of each true class (rows) that were given each class (columns), shape (n, n).
    missed
        Number of pixels of each true class that were given no class at all: 0 in the prediction.
    n_unlabelled
        Number of pixels without a truth.

    Examples
    --------
    >>> matrix = ConfusionMatrix.of(truth=[1, 1, 2, 2], prediction=[1, 1, 2, 1])
    >>> matrix.accuracy, [round(iou, 2) for iou in matrix.iou]
    (0.75, [0.67, 0.5])
    """

    classes: tuple[ClassInfo, ...]
    confusion: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]
    n_unlabelled: int = 0

    @classmethod
    def of(
        cls, truth: npt.ArrayLike, prediction: npt.ArrayLike, classes: Iterable[ClassInfo] = ()
    ) -> Self:
        """Compare two arrays of class values of the same shape.

        Parameters
        ----------
        truth
            Class values; pixels where it is 0 are not counted.
        prediction
            Class values; 0 where no class was given.
        classes
            Names and colours of classes, whether they occur or not; others get default ones.

        Raises
        ------
        ValueError
            If the shapes differ, or there are more than `MAX_CLASSES` classes.
        TypeError
            If one of them holds anything but whole numbers.
        """
        ours, true = _class_values(prediction, "prediction"), _class_values(truth, "truth")
        check_same_shape(true.shape, ours.shape)
        known = true > 0
        pairs = _count_pairs(true[known], ours[known])
        return cls._from_pairs(pairs, int(known.size - np.count_nonzero(known)), classes)

    @classmethod
    def in_blocks(
        cls, truth: ArrayLike, prediction: ArrayLike, classes: Iterable[ClassInfo] = ()
    ) -> ConfusionMatrix:
        """As `of`, for arrays that are read from disk: never more than `BLOCK_PIXELS` at once."""
        check_same_shape(truth.shape, prediction.shape)
        matrix: ConfusionMatrix = cls.empty(classes)
        for key in slabs(truth.shape):
            matrix += cls.of(np.asarray(truth[key]), np.asarray(prediction[key]))
        return matrix

    @classmethod
    def empty(cls, classes: Iterable[ClassInfo] = ()) -> Self:
        """No pixel counted yet; others are added with ``+``."""
        return cls._from_pairs({}, 0, classes)

    @classmethod
    def _from_pairs(
        cls,
        pairs: Mapping[tuple[int, int], int],
        n_unlabelled: int,
        classes: Iterable[ClassInfo],
    ) -> Self:
        named = {info.value: info for info in classes}
        for value in {value for pair in pairs for value in pair if value > 0} - named.keys():
            named[value] = default_class(value)
        if len(named) > MAX_CLASSES:
            raise ValueError(
                f"truth and prediction must hold class values, at most {MAX_CLASSES} different ones; got "
                f"{len(named)}. Numbered objects are no classes: set them all to the value of their class."
            )
        position = {value: index for index, value in enumerate(sorted(named))}
        confusion = np.zeros((len(named), len(named)), dtype=np.int64)
        missed = np.zeros(len(named), dtype=np.int64)
        for (true, ours), count in pairs.items():
            if ours > 0:
                confusion[position[true], position[ours]] += count
            else:
                missed[position[true]] += count
        return cls(tuple(named[value] for value in position), confusion, missed, n_unlabelled)

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """The matrix of all pixels of both; names and colours are those of the left one where both have them."""
        classes = {info.value: info for info in (*other.classes, *self.classes)}
        if self.values == other.values == tuple(sorted(classes)):  # the usual case, block by block
            return ConfusionMatrix(
                self.classes,
                self.confusion + other.confusion,
                self.missed + other.missed,
                self.n_unlabelled + other.n_unlabelled,
            )
        pairs: dict[tuple[int, int], int] = {}
        for matrix in (self, other):
            for pair, count in matrix._pairs():
                pairs[pair] = pairs.get(pair, 0) + count
        return ConfusionMatrix._from_pairs(
            pairs, self.n_unlabelled + other.n_unlabelled, classes.values()
        )

    def _pairs(self) -> Iterable[tuple[tuple[int, int], int]]:
        for row, true in enumerate(self.values):
            yield (true, 0), int(self.missed[row])
            for column, ours in enumerate(self.values):
                yield (true, ours), int(self.confusion[row, column])

    @property
    def values(self) -> tuple[int, ...]:
        """Class values, ascending."""
        return tuple(info.value for info in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, in the same order."""
        return tuple(info.name for info in self.classes)

    @property
    def support(self) -> tuple[int, ...]:
        """Number of pixels of each class in the truth."""
        return tuple((self.confusion.sum(axis=1) + self.missed).tolist())

    @property
    def predicted(self) -> tuple[int, ...]:
        """Number of pixels, of those with a truth, that were given each class."""
        return tuple(self.confusion.sum(axis=0).tolist())

    @property
    def n_pixels(self) -> int:
        """Number of pixels with a truth."""
        return sum(self.support)

    @property
    def iou(self) -> tuple[float, ...]:
        """Intersection over union (Jaccard index) of each class; NaN for a class that occurs nowhere."""
        return self._shares(1, np.add(self.support, self.predicted) - np.diag(self.confusion))

    @property
    def dice(self) -> tuple[float, ...]:
        """Dice coefficient (F1 score) of each class; NaN for a class that occurs nowhere."""
        return self._shares(2, np.add(self.support, self.predicted))

    @property
    def precision(self) -> tuple[float, ...]:
        """Share of the pixels given each class that are of it in truth; NaN for a class that was never given."""
        return self._shares(1, np.array(self.predicted))

    @property
    def recall(self) -> tuple[float, ...]:
        """Share of the pixels of each true class that were given it; NaN for a class that the truth does not have."""
        return self._shares(1, np.array(self.support))

    def _shares(self, times: int, of: npt.NDArray[np.int64]) -> tuple[float, ...]:
        hits = times * np.diag(self.confusion)
        with np.errstate(invalid="ignore"):
            return tuple((hits / of).tolist())

    @property
    def accuracy(self) -> float:
        """Share of the pixels that were given their true class; see `majority_share` for what it is worth."""
        return float(np.trace(self.confusion) / self.n_pixels) if self.n_pixels else math.nan

    @property
    def majority_share(self) -> float:
        """Share of the most frequent class: the accuracy of calling every pixel that."""
        return max(self.support) / self.n_pixels if self.n_pixels else math.nan

    @property
    def balanced_accuracy(self) -> float:
        """Mean of `recall`, so that each class counts the same."""
        return mean(self.recall)

    @property
    def mean_iou(self) -> float:
        """Mean of `iou` over the classes that occur in truth or prediction."""
        return mean(self.iou)

    @property
    def mean_dice(self) -> float:
        """Mean of `dice` over the classes that occur in truth or prediction."""
        return mean(self.dice)

    @property
    def mean_precision(self) -> float:
        """Mean of `precision` over the classes that were given."""
        return mean(self.precision)

    @property
    def mean_recall(self) -> float:
        """The same as `balanced_accuracy`."""
        return self.balanced_accuracy

    @property
    def notes(self) -> tuple[str, ...]:
        """What one must know before believing the figures, a sentence each."""
        from ._score_table import notes

        return notes(self)

    def table(self) -> str:
        """All figures as text, for people: mean IoU first, then classes, the matrix and the notes."""
        from ._score_table import table

        return table(self)

    def to_dict(self) -> dict[str, Any]:
        """All figures for other programs, ready for JSON: undefined ones are None."""
        from ._score_table import as_dict

        return as_dict(self)


def score(
    segmentation: npt.ArrayLike, truth: npt.ArrayLike, classes: Sequence[int | ClassInfo] = ()
) -> ConfusionMatrix:
    """Compare a segmentation with the truth, both in memory.

    Parameters
    ----------
    segmentation
        Class values; 0 where no class was given.
    truth
        Class values of the same shape; pixels where it is 0 are not counted.
    classes
        Classes to list, whether they occur or not; others that occur are added.

    Raises
    ------
    ValueError
        If the shapes differ, or no pixel has a truth.
    """
    infos = [info if isinstance(info, ClassInfo) else default_class(info) for info in classes]
    matrix = ConfusionMatrix.of(truth, segmentation, infos)
    check_truth(matrix)
    return matrix


def check_truth(matrix: ConfusionMatrix) -> None:
    """Raise ValueError if there was nothing to compare with."""
    if not matrix.n_pixels:
        raise ValueError("the truth must be known for at least one pixel; it is 0 everywhere.")


def check_same_shape(truth: Sequence[int], prediction: Sequence[int]) -> None:
    """Raise ValueError if a prediction is not as large as its truth."""
    if tuple(prediction) != tuple(truth):
        raise ValueError(
            f"a prediction must have the shape of the truth, {tuple(truth)}; got {tuple(prediction)}."
        )


def mean(figures: Sequence[float]) -> float:
    """Mean of the figures that are defined; NaN if none is."""
    defined = [figure for figure in figures if not math.isnan(figure)]
    return sum(defined) / len(defined) if defined else math.nan


def _class_values(values: npt.ArrayLike, what: str) -> npt.NDArray[np.integer[Any]]:
    """As an array of whole numbers."""
    array: npt.NDArray[Any] = np.asarray(values)
    if array.size == 0 or array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        if not bool((np.isfinite(array) & (array == np.rint(array))).all()):
            raise TypeError(f"the {what} must hold class values, whole numbers; got fractions.")
        return array.astype(np.int64)
    if array.dtype.kind not in "ui":
        raise TypeError(f"the {what} must hold class values, whole numbers; got {array.dtype}.")
    return array


def _count_pairs(
    true: npt.NDArray[np.integer[Any]], ours: npt.NDArray[np.integer[Any]]
) -> dict[tuple[int, int], int]:
    """How often each pair of values occurs; what is below 0 in `ours` counts as 0."""
    if not true.size:
        return {}
    if int(min(ours.min(), 0)) < 0:
        ours = np.maximum(ours, 0)
    width = int(max(true.max(), ours.max())) + 1
    if width <= _FEW_VALUES:
        counts = np.bincount(
            true.astype(np.intp) * width + ours.astype(np.intp), minlength=width * width
        )
        found = np.flatnonzero(counts)
        return {divmod(int(code), width): int(counts[code]) for code in found}
    # Positions among the values instead of the values, which may be as large as they like.
    true_values, true_index = np.unique(true, return_inverse=True)
    our_values, our_index = np.unique(ours, return_inverse=True)
    if max(len(true_values), len(our_values)) > MAX_CLASSES:
        raise ValueError(
            f"truth and prediction must hold class values, at most {MAX_CLASSES} different ones; got "
            f"{max(len(true_values), len(our_values))}. Numbered objects are no classes: set them all to the value "
            "of their class."
        )
    counts = np.bincount(true_index * len(our_values) + our_index)
    return {
        (int(true_values[code // len(our_values)]), int(our_values[code % len(our_values)])): int(
            counts[code]
        )
        for code in np.flatnonzero(counts)
    }


def slabs(shape: Sequence[int]) -> Iterator[tuple[slice | int, ...]]:
    """Index after index that covers an array in pieces of at most `BLOCK_PIXELS`, or of one row."""
    below = math.prod(shape[1:])
    if len(shape) > 1 and below > BLOCK_PIXELS:
        for first in range(shape[0]):
            for rest in slabs(shape[1:]):
                yield (first, *rest)
        return
    step = max(BLOCK_PIXELS // max(below, 1), 1)
    for start in range(0, shape[0] if shape else 0, step):
        yield (slice(start, min(start + step, shape[0])),)
