"""What cross-validation found: figures for each class, what they rest on, and what that means in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ._score_table import aligned, class_label, mention, or_none
from ._scores import ConfusionMatrix, mean

if TYPE_CHECKING:
    from ._classes import ClassInfo
    from ._reliability import Calibration

FEW_STROKES = 5
"""With fewer strokes of a class, one more or less changes its figures a lot."""

CONFUSED = 0.1
"""Share of a class taken for another one from which on it is mentioned."""

MOST_SENTENCES = 3
"""Of one kind; what is true of more classes is said of all of them at once."""

EASIER = 0.1
"""Difference in mean IoU from which on the labels are said to be easier than the images."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """How good a classifier is where it was not trained, from its labels alone.

    `iou`, `f1`, `mean_iou` and `mean_f1` are those of `expected`. They are NaN, and in no mean, for classes that could
    not be left out.

    Attributes
    ----------
    expected
        What to expect of whole images: pixels all over them, as forests see them that know all strokes, or all but
        some. Truth is not known there: where a class has a probability of 0.7, 0.7 pixels are counted for it.
    held_out
        The labelled pixels, each predicted by a forest that has not seen its stroke (or its image).
    strokes, images
        For each class the number of its connected scribbles, and of images with labels of it.
    judged
        For each class whether anything of it could be left out.
    calibration
        Whether probabilities can be believed.
    left_out
        What was left out as a whole: ``"strokes"`` or ``"images"``.
    n_folds
        Number of parts that were left out, one after the other.
    n_images
        Number of images with labels.
    """

    expected: ConfusionMatrix
    held_out: ConfusionMatrix
    strokes: tuple[int, ...]
    images: tuple[int, ...]
    judged: tuple[bool, ...]
    calibration: Calibration
    left_out: Literal["strokes", "images"]
    n_folds: int
    n_images: int

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """Classes by ascending value."""
        return self.expected.classes

    def renamed(self, classes: Iterable[ClassInfo]) -> Self:
        """The same with other names and colours of classes."""
        known = {info.value: info for info in classes}
        infos = tuple(known.get(info.value, info) for info in self.classes)
        return replace(
            self,
            expected=replace(self.expected, classes=infos),
            held_out=replace(self.held_out, classes=infos),
        )

    @property
    def sharpness(self) -> float:
        """See `Calibration`."""
        return self.calibration.sharpness

    @property
    def iou(self) -> tuple[float, ...]:
        """Intersection over union of each class to expect of whole images."""
        return self._of_judged(self.expected.iou)

    @property
    def f1(self) -> tuple[float, ...]:
        """F1 score (Dice coefficient) of each class to expect of whole images."""
        return self._of_judged(self.expected.dice)

    @property
    def mean_iou(self) -> float:
        """Mean of `iou`: the figure to compare classifiers by."""
        return mean(self.iou)

    @property
    def mean_f1(self) -> float:
        """Mean of `f1`."""
        return mean(self.f1)

    @property
    def held_out_iou(self) -> tuple[float, ...]:
        """Intersection over union of each class on the labels that were left out."""
        return self._of_judged(self.held_out.iou)

    @property
    def held_out_accuracy(self) -> tuple[float, ...]:
        """Share of each class that was found again when it was left out."""
        return self._of_judged(self.held_out.recall)

    @property
    def stroke_error(self) -> float:
        """Share of left-out labels that were given another class, each class counting the same."""
        return 1 - mean(self.held_out_accuracy)

    def _of_judged(self, figures: Iterable[float]) -> tuple[float, ...]:
        return tuple(
            figure if judged else math.nan
            for figure, judged in zip(figures, self.judged, strict=True)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What one must know before believing the figures, a sentence each."""
        return (*self._few_strokes(), *self._few_images(), *self._confused(), *self._easier())

    def _few_strokes(self) -> Iterable[str]:
        rows = list(zip(self.classes, self.strokes, self.judged, strict=True))
        alone = [(info, strokes) for info, strokes, judged in rows if not judged]
        few = [(info, n) for info, n, judged in rows if judged and n < FEW_STROKES]
        more = f"Paint at least {FEW_STROKES}"
        if self.left_out == "strokes":
            yield from _each_or_all(
                alone,
                "rests on {}, which cannot be left out: there are no figures for it. "
                f"{more} strokes, apart from each other.",
                "rest on 1 stroke each, which cannot be left out: there are no figures for them. "
                f"{more} strokes of each, apart from each other.",
            )
        else:
            yield from _each_or_all(
                alone,
                "is labelled in one image only, which cannot be left out: there are no figures for it. Label it in "
                "another image.",
                "are labelled in one image only, which cannot be left out: there are no figures for them. Label them "
                "in another image.",
            )
        yield from _each_or_all(
            few,
            f"rests on {{}}: too few to tell. {more}, apart from each other.",
            f"rest on fewer than {FEW_STROKES} strokes each: too few to tell. {more} of each, apart from each other.",
        )

    def _few_images(self) -> Iterable[str]:
        if self.left_out == "images" and self.n_images < 3:
            yield (
                f"only {self.n_images} images are labelled: each was judged by labels of the other alone. With more "
                "images the figures become better and surer."
            )

    def _confused(self) -> Iterable[str]:
        found = []
        for info, judged, row in zip(
            self.classes, self.judged, self.held_out.confusion, strict=True
        ):
            others = np.where(np.array(self.held_out.values) == info.value, -1, row)
            most = int(others.argmax())
            share = others[most] / max(row.sum(), 1)
            if judged and share >= CONFUSED:
                found.append((share, info, self.classes[most]))
        for share, info, other in sorted(found, key=lambda one: -one[0])[:MOST_SENTENCES]:
            yield (
                f"{share:.0%} of the left-out labels of {mention([info])} are taken for {mention([other])}: label more "
                "where these two meet or look alike."
            )

    def _easier(self) -> Iterable[str]:
        labels = mean(self.held_out_iou)
        if labels - self.mean_iou >= EASIER:
            yield (
                f"the labels are easier than the images: left-out labels reach a mean IoU of {labels:.2f}, the images "
                f"{self.mean_iou:.2f}. Label where the prediction is uncertain, such as at borders."
            )

    def table(self) -> str:
        """All figures as text, for people."""
        own = "its image" if self.left_out == "images" else "its stroke"
        images = "1 image" if self.n_images == 1 else f"{self.n_images} images"
        lines = [
            f"{self.held_out.n_pixels:,} labelled pixels, {sum(self.strokes)} strokes in {images}",
            f"{self.left_out} left out in {self.n_folds} folds",
            "",
            *self._class_lines(),
            "",
            "IoU, F1: to expect of whole images. Labels: those left out, each predicted without",
            f"{own}; accuracy is the share of a class that was found again.",
            "",
            *self._confusion_lines(),
            "",
            *self._calibration_lines(),
        ]
        notes = self.notes
        return "\n".join([*lines, *([""] if notes else []), *(f"note: {note}" for note in notes)])

    def _class_lines(self) -> list[str]:
        header = ["class", "strokes", "IoU", "F1", "labels: IoU", "accuracy"]
        columns = [self.iou, self.f1, self.held_out_iou, self.held_out_accuracy]
        rows = [
            [class_label(info), str(strokes), *map(_figure, figures)]
            for info, strokes, *figures in zip(self.classes, self.strokes, *columns, strict=True)
        ]
        return aligned(
            [header, *rows, ["mean", "", *(_figure(mean(column)) for column in columns)]]
        )

    def _confusion_lines(self) -> list[str]:
        header = ["left-out labels \\ predicted", *map(str, self.held_out.values)]
        rows = [
            [class_label(info), *(f"{count:,}" for count in counts)]
            for info, counts in zip(self.classes, self.held_out.confusion, strict=True)
        ]
        return aligned([header, *rows])

    def _calibration_lines(self) -> list[str]:
        calibration = self.calibration
        before, after = _figure(calibration.error), _figure(calibration.sharpened_error)
        return [
            f"calibration error {before}, calibrated {after} (sharpness {calibration.sharpness:.2f}):",
            calibration.sentence,
        ]

    def to_dict(self) -> dict[str, Any]:
        """All figures for other programs, ready for JSON: undefined ones are None."""
        columns = (self.iou, self.f1, self.held_out_iou, self.held_out_accuracy)
        rows = zip(self.classes, self.strokes, self.images, self.judged, *columns, strict=True)
        return {
            "left_out": self.left_out,
            "n_folds": self.n_folds,
            "n_images": self.n_images,
            "mean_iou": or_none(self.mean_iou),
            "mean_f1": or_none(self.mean_f1),
            "stroke_error": or_none(self.stroke_error),
            "calibration": self.calibration.to_dict(),
            "classes": [
                {
                    "value": info.value,
                    "name": info.name,
                    "strokes": strokes,
                    "images": images,
                    "judged": judged,
                    "iou": or_none(iou),
                    "f1": or_none(f1),
                    "held_out_iou": or_none(held_out_iou),
                    "held_out_accuracy": or_none(accuracy),
                }
                for info, strokes, images, judged, iou, f1, held_out_iou, accuracy in rows
            ],
            "held_out": self.held_out.to_dict(),
            "expected": self.expected.to_dict(),
            "notes": list(self.notes),
        }


def _each_or_all(
    classes: Sequence[tuple[ClassInfo, int]], each: str, together: str
) -> Iterable[str]:
    """A sentence for each class, with the number of its strokes, or one for all where they are many."""
    if len(classes) > MOST_SENTENCES:
        yield f"{mention([info for info, _ in classes])} {together}"
        return
    for info, n_strokes in classes:
        strokes = f"{n_strokes} stroke{'s' * (n_strokes != 1)}"
        yield f"{mention([info])} {each.format(strokes)}"


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def expected_matrix(
    probabilities: npt.NDArray[np.float32], classes: Sequence[ClassInfo]
) -> ConfusionMatrix:
    """The confusion to expect if pixels are of each class as often as these probabilities say.

    Parameters
    ----------
    probabilities
        (n_pixels, n_classes).
    classes
        By ascending value.
    """
    predicted = probabilities.argmax(axis=1)
    columns = [
        probabilities[predicted == code].sum(axis=0, dtype=np.float64)
        for code in range(len(classes))
    ]
    counts = np.rint(np.stack(columns, axis=1)).astype(np.int64)
    return ConfusionMatrix(tuple(classes), counts, np.zeros(len(classes), dtype=np.int64))
