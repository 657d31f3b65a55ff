"""The figures of a confusion matrix in words, as a table and as plain values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._classes import ClassInfo
    from ._scores import ConfusionMatrix

FEW_PIXELS = 100
"""Figures of classes with fewer pixels of truth change a lot with a few pixels more."""

UNBALANCED = 0.9
"""From this share of one class on, accuracy says next to nothing about the others."""

MOST_MENTIONED = 8
"""More classes are counted, not named, in a sentence."""

MAX_COLUMNS = 20
"""Wider matrices fit no terminal: they are left to JSON and pictures."""


def class_label(info: ClassInfo) -> str:
    """Value and name of a class; a name that only repeats the value stands alone."""
    return info.name if info.name == f"Class {info.value}" else f"{info.value}  {info.name}"


def mention(infos: Sequence[ClassInfo]) -> str:
    """Classes in a sentence."""
    named = [
        f"{info.value}" if info.name == f"Class {info.value}" else f"{info.value} ({info.name})"
        for info in infos[:MOST_MENTIONED]
    ]
    more = len(infos) - len(named)
    text = ", ".join(named) + (f" and {more} more" if more else "")
    return f"class {text}" if len(infos) == 1 else f"classes {text}"


def notes(matrix: ConfusionMatrix) -> tuple[str, ...]:
    """What one must know before believing the figures."""
    if not matrix.n_pixels:
        return ("no pixel has a truth: there is nothing to score.",)
    return (
        *_undefined(matrix),
        *_few(matrix),
        *_unbalanced(matrix),
        *_without_class(matrix),
    )


def _undefined(matrix: ConfusionMatrix) -> Iterable[str]:
    rows = list(zip(matrix.classes, matrix.support, matrix.predicted, strict=True))
    unknown = [info for info, true, given in rows if given and not true]
    if unknown:
        count = sum(given for _, true, given in rows if not true)
        yield (
            f"{mention(unknown)} {_does(unknown, 'is')} not in the truth and got {count:,} of its pixels: the IoU is "
            "0 and counts in the mean, the recall is undefined."
        )
    missing = [info for info, true, given in rows if true and not given]
    if missing:
        yield (
            f"{mention(missing)} {_does(missing, 'was')} never predicted: the IoU is 0 and counts in the mean, the "
            "precision is undefined."
        )
    absent = [info for info, true, given in rows if not true and not given]
    if absent:
        yield (
            f"{mention(absent)} {_does(absent, 'is')} neither in the truth nor in the prediction: no figures, and in "
            "no mean."
        )


def _does(infos: Sequence[ClassInfo], verb: str) -> str:
    return verb if len(infos) == 1 else {"is": "are", "was": "were", "has": "have"}[verb]


def _few(matrix: ConfusionMatrix) -> Iterable[str]:
    few = [
        info
        for info, true in zip(matrix.classes, matrix.support, strict=True)
        if 0 < true < FEW_PIXELS
    ]
    if few:
        fewest = min(true for true in matrix.support if true)
        yield (
            f"{mention(few)} {_does(few, 'has')} fewer than {FEW_PIXELS} pixels of truth (the rarest {fewest}): these "
            "figures, and the means, could be quite different with more."
        )


def _unbalanced(matrix: ConfusionMatrix) -> Iterable[str]:
    share = matrix.majority_share
    if len(matrix.classes) > 1 and share >= UNBALANCED:
        info = matrix.classes[matrix.support.index(max(matrix.support))]
        yield (
            f"{share:.1%} of the pixels are of {mention([info])}: calling every pixel that would have "
            f"an accuracy of {share:.3f}. Look at the mean IoU."
        )


def _without_class(matrix: ConfusionMatrix) -> Iterable[str]:
    missed = int(matrix.missed.sum())
    if missed:
        yield (
            f"{missed:,} pixels with a truth were given no class (0 in the prediction): they count as wrong."
        )


def as_dict(matrix: ConfusionMatrix) -> dict[str, Any]:
    """Plain values; undefined figures are None."""
    columns = (matrix.iou, matrix.dice, matrix.precision, matrix.recall)
    rows = zip(matrix.classes, matrix.support, matrix.predicted, *columns, strict=True)
    return {
        "mean_iou": or_none(matrix.mean_iou),
        "mean_dice": or_none(matrix.mean_dice),
        "mean_precision": or_none(matrix.mean_precision),
        "mean_recall": or_none(matrix.mean_recall),
        "balanced_accuracy": or_none(matrix.balanced_accuracy),
        "accuracy": or_none(matrix.accuracy),
        "majority_share": or_none(matrix.majority_share),
        "n_pixels": matrix.n_pixels,
        "n_unlabelled": matrix.n_unlabelled,
        "classes": [
            {
                "value": info.value,
                "name": info.name,
                "support": true,
                "predicted": given,
                "iou": or_none(iou),
                "dice": or_none(dice),
                "precision": or_none(precision),
                "recall": or_none(recall),
            }
            for info, true, given, iou, dice, precision, recall in rows
        ],
        "confusion": matrix.confusion.tolist(),
        "missed": matrix.missed.tolist(),
        "notes": list(notes(matrix)),
    }


def or_none(figure: float) -> float | None:
    """A figure for JSON, which has no NaN."""
    return None if math.isnan(figure) else figure


def table(matrix: ConfusionMatrix) -> str:
    """All figures as text."""
    lines = [
        f"{matrix.n_pixels:,} pixels with a truth ({matrix.n_unlabelled:,} without, not counted)"
    ]
    if not matrix.n_pixels:
        return "\n".join([*lines, *_as_notes(matrix)])
    best = matrix.classes[matrix.support.index(max(matrix.support))]
    worth = f"({matrix.majority_share:.3f} if every pixel were called {best.name})"
    lines += [
        "",
        f"mean IoU           {_figure(matrix.mean_iou)}",
        f"mean Dice          {_figure(matrix.mean_dice)}",
        f"balanced accuracy  {_figure(matrix.balanced_accuracy)}",
        f"accuracy           {_figure(matrix.accuracy)}  {worth}",
        "",
        *_class_lines(matrix),
        "",
        *_confusion_lines(matrix),
        *_as_notes(matrix),
    ]
    return "\n".join(lines)


def _figure(value: float) -> str:
    return "    -" if math.isnan(value) else f"{value:.3f}"


def _class_lines(matrix: ConfusionMatrix) -> list[str]:
    header = ["class", "pixels", "IoU", "Dice", "precision", "recall"]
    columns = (matrix.iou, matrix.dice, matrix.precision, matrix.recall)
    rows = [
        [class_label(info), f"{true:,}", *map(_figure, figures)]
        for info, true, *figures in zip(matrix.classes, matrix.support, *columns, strict=True)
    ]
    return aligned([header, *rows])


def _confusion_lines(matrix: ConfusionMatrix) -> list[str]:
    if len(matrix.classes) > MAX_COLUMNS:
        return [f"confusion matrix: {len(matrix.classes)} classes, too wide to print"]
    none = bool(matrix.missed.any())
    header = ["truth \\ predicted", *map(str, matrix.values), *(["none"] if none else [])]
    rows = []
    for info, counts, missed in zip(matrix.classes, matrix.confusion, matrix.missed, strict=True):
        extra = [f"{missed:,}"] if none else []
        rows.append([class_label(info), *(f"{count:,}" for count in counts), *extra])
    return aligned([header, *rows])


def _as_notes(matrix: ConfusionMatrix) -> list[str]:
    found = notes(matrix)
    return ["", *(f"note: {sentence}" for sentence in found)] if found else []


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of the same width, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]
