"""Suspicious labels: scribbles that look like another class to forests that have not seen them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import Region
from ._channel_features import ChannelFeatures
from ._classes import ClassInfo, default_class
from ._cross_validation import Recipe
from ._features import FeatureSet
from ._grow import seed_sequence
from ._sample_cache import SampleCache
from ._score_table import aligned, class_label, mention
from ._steps import Steps
from ._stroke_bags import codes_of_strokes, means_of_strokes, unseen_steps
from ._stroke_rows import StrokeRows, stroke_row_steps, strokes_of
from ._training import Images, Labels, Spacing, training_images
from ._training_image import TrainingImage

SUSPICION_LIMIT = 0.15
"""A scribble is suspicious if its class gets so much less than half of what right scribbles usually get."""

FEW_STROKES = 5
"""With fewer scribbles of a class nobody can tell a rare one from a wrong one."""

_MEANING = """Own, other: mean probability of the class that a stroke is labelled as, and of the one that it looks like,
to forests that have not seen it."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SuspiciousStroke:
    """A scribble that looks like another class.

    Attributes
    ----------
    image
        Number of its image in the list of images, 0 for a single one.
    label
        The class that it is painted as.
    looks_like
        The class that it looks like.
    positions
        Where its pixels lie in the flattened labels, ascending.
    position
        Index of one of them, as near the middle as any.
    region
        A box around it, one slice for each axis of the labels.
    contradicted
        Share of its pixels that look more like another class than like their own.
    support, confidence
        Mean probability of its own class, and of the one that it looks like.
    suspicion
        How much its support is below half of what other scribbles usually get, and below its confidence.
    """

    image: int
    label: ClassInfo
    looks_like: ClassInfo
    positions: npt.NDArray[np.int64]
    position: tuple[int, ...]
    region: Region
    contradicted: float
    support: float
    confidence: float
    suspicion: float

    @property
    def n_pixels(self) -> int:
        """Number of its pixels."""
        return len(self.positions)

    def to_dict(self) -> dict[str, Any]:
        """All but its pixels, ready for JSON."""
        return {
            "image": self.image,
            "class": self.label.value,
            "class_name": self.label.name,
            "looks_like": self.looks_like.value,
            "looks_like_name": self.looks_like.name,
            "position": list(self.position),
            "region": [[axis.start, axis.stop] for axis in self.region],
            "pixels": self.n_pixels,
            "contradicted": self.contradicted,
            "support": self.support,
            "confidence": self.confidence,
            "suspicion": self.suspicion,
        }


@dataclass(frozen=True, slots=True, eq=False)
class SuspiciousLabels:
    """What was found.

    Attributes
    ----------
    strokes
        The suspicious scribbles, the most suspicious first.
    classes
        All classes by ascending value.
    n_strokes
        Number of scribbles of each class.
    support
        What a scribble of each class usually gets from forests that have not seen it: the median, NaN where it is the
        only one.
    n_images
        Number of images with labels.
    """

    strokes: tuple[SuspiciousStroke, ...]
    classes: tuple[ClassInfo, ...]
    n_strokes: tuple[int, ...]
    support: tuple[float, ...]
    n_images: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What one must know before believing it, a sentence each."""
        counted = list(zip(self.classes, self.n_strokes, strict=True))
        single = [info for info, count in counted if count == 1]
        few = [info for info, count in counted if 1 < count < FEW_STROKES]
        found = []
        if single:
            found.append(
                f"{mention(single)} {'has' if len(single) == 1 else 'have'} one stroke only, which cannot be judged."
            )
        if few:
            found.append(
                f"{mention(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEW_STROKES} strokes: a right stroke "
                "that looks like no other one may be listed. Look before you remove."
            )
        return tuple(found)

    def table(self) -> str:
        """What was found as text, for people."""
        images = "1 image" if self.n_images == 1 else f"{self.n_images} images"
        total = sum(self.n_strokes)
        verb = "is" if len(self.strokes) == 1 else "are"
        lines = [f"{len(self.strokes)} of {total} strokes in {images} {verb} suspicious"]
        if self.strokes:
            header = [
                "image",
                "at",
                "pixels",
                "labelled",
                "looks like",
                "contradicted",
                "own",
                "other",
            ]
            rows = [
                [
                    str(stroke.image + 1),
                    ", ".join(map(str, stroke.position)),
                    f"{stroke.n_pixels:,}",
                    class_label(stroke.label),
                    class_label(stroke.looks_like),
                    f"{stroke.contradicted:.0%}",
                    f"{stroke.support:.2f}",
                    f"{stroke.confidence:.2f}",
                ]
                for stroke in self.strokes
            ]
            lines += ["", *aligned([header, *rows]), "", _MEANING]
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([*lines, *([""] if notes else []), *notes])

    def to_dict(self) -> dict[str, Any]:
        """What was found, for other programs, ready for JSON."""
        return {
            "n_images": self.n_images,
            "classes": [
                {
                    "value": info.value,
                    "name": info.name,
                    "strokes": count,
                    "support": None if np.isnan(support) else support,
                }
                for info, count, support in zip(
                    self.classes, self.n_strokes, self.support, strict=True
                )
            ],
            "suspicious": [stroke.to_dict() for stroke in self.strokes],
            "notes": list(self.notes),
        }


def suspicion_steps(
    classifier: Any,
    image: Images,
    labels: Labels | Sequence[Labels],
    *,
    channel_axis: int | None = None,
    spacing: Spacing | Sequence[Spacing] = None,
    limit: float = SUSPICION_LIMIT,
    random_state: int = 0,
    classes: Sequence[ClassInfo] = (),
    cache: SampleCache | None = None,
) -> Steps[SuspiciousLabels]:
    """`napari_pixclass.suspicious_labels` in steps, for a driver that shows progress and may cancel.

    With a `cache` that is kept from one time to the next, features are computed at new labels only.
    """
    recipe = Recipe.of(classifier)
    seed = seed_sequence(random_state)
    images = training_images(image, labels, recipe.features, channel_axis, spacing)
    features = ChannelFeatures.of(
        FeatureSet.default(len(images[0].axes.spatial))
        if recipe.features is None
        else recipe.features,
        images[0].axes.n_channels,
    )
    strokes = strokes_of(images, features.ndim)
    rows = yield from stroke_row_steps(images, strokes, features, cache)
    if rows.n_classes < 2:
        raise ValueError(
            "suspicious labels can be found among two classes or more; all labels are of class "
            f"{rows.values[0]}. Paint a stroke of another class."
        )
    probabilities, judged = yield from unseen_steps(rows, recipe, seed)
    named = {info.value: info for info in (*recipe.classes, *classes)}
    infos = tuple(named.get(int(value)) or default_class(int(value)) for value in rows.values)
    codes = codes_of_strokes(rows)
    support = means_of_strokes(rows, probabilities[np.arange(len(rows.X)), rows.codes])
    suspicion = (
        np.minimum(_usual(codes, support) / 2, _best_other(rows, codes, probabilities)) - support
    )
    suspicion[~judged[np.unique(rows.strokes, return_index=True)[1]]] = -np.inf
    found = [
        _stroke(number, images, strokes, rows, probabilities, infos, float(suspicion[number]))
        for number in np.argsort(-suspicion, kind="stable")
        if suspicion[number] >= limit
    ]
    counts = np.bincount(codes, minlength=rows.n_classes)
    return SuspiciousLabels(
        tuple(found),
        infos,
        tuple(counts.tolist()),
        tuple(
            float(np.median(support[codes == code])) if counts[code] > 1 else float("nan")
            for code in range(rows.n_classes)
        ),
        sum(len(item.labels) > 0 for item in images),
    )


def _usual(codes: npt.NDArray[np.intp], support: Numbers) -> Numbers:
    """What other scribbles get, for each scribble: the mean over the classes of their medians.

    Where even right labels are hard to tell, none is suspicious as soon.
    """
    usual = np.empty(len(codes))
    for number in range(len(codes)):
        others = np.arange(len(codes)) != number
        medians = [
            np.median(support[others & (codes == code)])
            for code in np.unique(codes[others])
            # The only one of a class has not been judged.
            if np.count_nonzero(codes == code) > 1
        ]
        usual[number] = np.mean(medians) if medians else 0
    return usual


def _best_other(rows: StrokeRows, codes: npt.NDArray[np.intp], probabilities: Numbers) -> Numbers:
    """Mean probability of the class that each scribble looks like most, other than its own."""
    means = np.stack([means_of_strokes(rows, column) for column in probabilities.T], axis=1)
    means[np.arange(len(codes)), codes] = -1
    best: Numbers = means.max(axis=1)
    return best


def _stroke(
    number: np.intp,
    images: Sequence[TrainingImage],
    strokes: Sequence[npt.NDArray[np.int64]],
    rows: StrokeRows,
    probabilities: Numbers,
    infos: Sequence[ClassInfo],
    suspicion: float,
) -> SuspiciousStroke:
    image = next(i for i, own in enumerate(strokes) if (own == number).any())
    labelled = images[image].labels
    positions = labelled.positions[strokes[image] == number]
    where = np.stack(np.unravel_index(positions, labelled.shape))
    middle = where[:, int(((where - where.mean(axis=1, keepdims=True)) ** 2).sum(axis=0).argmin())]
    inside = rows.strokes == number
    own, code = probabilities[inside], int(rows.codes[inside][0])
    means = own.mean(axis=0)
    other = int(np.where(np.arange(len(means)) == code, -1, means).argmax())
    return SuspiciousStroke(
        image,
        infos[code],
        infos[other],
        positions,
        tuple(int(index) for index in middle),
        tuple(slice(int(low), int(high) + 1) for low, high in _ends(where)),
        float((own.argmax(axis=1) != code).mean()),
        float(means[code]),
        float(means[other]),
        suspicion,
    )


def _ends(where: npt.NDArray[np.intp]) -> Iterator[tuple[np.intp, np.intp]]:
    return zip(where.min(axis=1), where.max(axis=1), strict=True)
