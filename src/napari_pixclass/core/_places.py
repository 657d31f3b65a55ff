"""Where to label next: places at which a stroke teaches a classifier most, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import AS_TRAINED, AsTrained, Region
from ._classes import ClassInfo
from ._grow import seed_sequence
from ._labelled import LabelledPixels
from ._place_candidates import PlaceCandidates, place_candidate_steps
from ._place_ranking import (
    Cluster,
    class_rarity,
    in_turn,
    rank_clusters,
    uncertainty_of_rows,
)
from ._sample_cache import SampleCache
from ._steps import Steps
from ._stroke_rows import stroke_row_steps, strokes_of
from ._training import Images, Labels, Spacing, checked_images
from ._training_image import TrainingImage

SEPARATION = 24
"""Pixels between two places of one plane or volume at least; less in images that are not much larger."""

LABEL_GAP = 3
"""Pixels between a place and the next label at least."""

BOX, LEAST_BOX = 32, 8
"""Length in pixels of the part of the plane in which a stroke is wanted; less in small planes."""

UNCERTAIN = 0.4
"""From this uncertainty on a place is called uncertain."""

NEW_STROKES = 0.5
"""A kind of pixels in which there is less of a stroke is called unlike what is labelled."""

RARE = 1.4
"""A class of this rarity, which is one with half as many labels as others, is said to have few."""

Position = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SuggestedPlace:
    """A place where a stroke is worth more than elsewhere.

    Attributes
    ----------
    image
        Number of the image in the list of images, 0 for a single one.
    position
        Index of the pixel in the labels of that image.
    region
        Where to paint: one slice for each axis of the labels, of length 1 but for the last two.
    classes
        The most probable class there, and the next.
    probabilities
        Their probabilities.
    uncertainty
        1 minus the difference of these.
    reasons
        Why it is worth a stroke, in words.
    """

    image: int
    position: Position
    region: Region
    classes: tuple[ClassInfo, ...]
    probabilities: tuple[float, ...]
    uncertainty: float
    reasons: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why it is worth a stroke, in one line."""
        text = "; ".join(self.reasons)
        return text[:1].upper() + text[1:]

    def to_dict(self) -> dict[str, Any]:
        """The same for other programs, ready for JSON."""
        return {
            "image": self.image,
            "position": list(self.position),
            "region": [[axis.start, axis.stop] for axis in self.region],
            "classes": [info.value for info in self.classes],
            "probabilities": list(self.probabilities),
            "uncertainty": self.uncertainty,
            "reason": self.reason,
        }


def place_steps(
    classifier: Any,
    image: Images,
    labels: Labels | Sequence[Labels] | None = None,
    *,
    channel_axis: int | AsTrained | None = AS_TRAINED,
    spacing: Spacing | Sequence[Spacing] = None,
    n_places: int = 10,
    avoid: Sequence[SuggestedPlace] = (),
    random_state: int = 0,
    cache: SampleCache | None = None,
) -> Steps[list[SuggestedPlace]]:
    """`napari_pixclass.suggest_places` in steps, for a driver that shows progress and may cancel.

    With a `cache` that is kept from one time to the next, little is computed twice.
    """
    if n_places < 1:
        raise ValueError(f"n_places must be 1 or more; got {n_places}.")
    state = classifier.state
    seed = seed_sequence(random_state)
    images = _images(classifier, image, labels, channel_axis, spacing)
    cache = SampleCache() if cache is None else cache
    strokes = strokes_of(images, state.features.ndim)
    n_strokes = max(int(own.max(initial=-1)) for own in strokes) + 1
    labelled = yield from stroke_row_steps(images, strokes, state.features, cache)
    candidates = yield from place_candidate_steps(
        images, state.features, state.predictor.for_all, n_strokes, seed, cache
    )
    rarity = class_rarity(_n_labelled(images, state.classes))
    clusters = rank_clusters(
        candidates.X,
        candidates.probabilities,
        rarity,
        labelled,
        _is_labelled(candidates, images),
        np.random.default_rng(seed),
    )
    words = _Words(tuple(classifier.class_table_), rarity, images)
    chosen = _apart(candidates, clusters, images, avoid, int(n_places))
    return [words.place(candidates, index, cluster) for index, cluster in chosen]


def _images(
    classifier: Any,
    image: Images,
    labels: Labels | Sequence[Labels] | None,
    channel_axis: int | AsTrained | None,
    spacing: Spacing | Sequence[Spacing],
) -> list[TrainingImage]:
    """Images and labels, checked; images must have the axes and channels that the classifier was trained on."""
    listed: Sequence[Any] = image if isinstance(image, list | tuple) else [image]
    all_axes = [classifier.check_image(one, channel_axis)[1] for one in listed]
    if labels is None:
        none = np.empty(0, dtype=np.int64)
        empty = [LabelledPixels(none, none.astype(np.uint8), axes.shape) for axes in all_axes]
        labels = empty if listed is image else empty[0]
    state = classifier.state
    axis = state.channel_axis if channel_axis == AS_TRAINED else channel_axis
    given = state.predictor.spacing if spacing is None else spacing
    return checked_images(image, labels, state.features.plain, axis, given)


def _n_labelled(
    images: Sequence[TrainingImage], classes: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.int64]:
    counts = [item.labels.counts for item in images]
    return np.array([sum(own.get(int(v), 0) for own in counts) for v in classes], dtype=np.int64)


def _is_labelled(
    candidates: PlaceCandidates, images: Sequence[TrainingImage]
) -> npt.NDArray[np.bool_]:
    labelled = np.zeros(len(candidates), dtype=bool)
    for index, item in enumerate(images):
        own = candidates.images == index
        labelled[own] = np.isin(candidates.positions[own], item.labels.positions)
    return labelled


def _apart(
    candidates: PlaceCandidates,
    clusters: list[Cluster],
    images: Sequence[TrainingImage],
    avoid: Sequence[SuggestedPlace],
    n_places: int,
) -> Iterator[tuple[int, Cluster]]:
    """Places of all clusters in turn that are not near each other, near labels, or near what is to be avoided."""
    taken: list[list[Position]] = [[] for _ in images]
    for place in avoid:
        if 0 <= place.image < len(images):
            taken[place.image].append(place.position)
    grounds = [_Ground(item) for item in images]
    found = 0
    for index, cluster in in_turn(clusters):
        image = int(candidates.images[index])
        ground = grounds[image]
        position = ground.position(candidates.positions[index])
        if ground.is_free(position, taken[image]):
            taken[image].append(position)
            yield index, cluster
            found += 1
            if found == n_places:
                return


class _Ground:
    """Distances in one image, in pixels of its finest axis.

    Parameters
    ----------
    item
        The image with its labels.
    """

    def __init__(self, item: TrainingImage) -> None:
        self._shape = item.labels.shape
        self._split = len(item.axes.lead)
        self._steps = np.array(item.spacing) / min(item.spacing)
        longest = float((np.array(item.axes.spatial) * self._steps).max())
        self._separation = min(SEPARATION, longest / 8)
        self._labelled = np.stack(item.labels.coordinates(), axis=1)

    def position(self, flat: np.int64) -> Position:
        """Index along each axis."""
        return tuple(int(index) for index in np.unravel_index(int(flat), self._shape))

    def is_free(self, position: Position, taken: Sequence[Position]) -> bool:
        """Whether neither a place that is taken nor a label is near."""
        others = np.array(taken, dtype=np.int64).reshape(-1, len(self._shape))
        return not (
            self._is_near(position, others, self._separation)
            or self._is_near(position, self._labelled, LABEL_GAP)
        )

    def _is_near(
        self, position: Position, others: npt.NDArray[np.integer[Any]], distance: float
    ) -> bool:
        here = np.array(position)
        same_frame = (others[:, : self._split] == here[: self._split]).all(axis=1)
        away = (others[same_frame, self._split :] - here[self._split :]) * self._steps
        return bool(((away**2).sum(axis=1) < distance**2).any())


@dataclass(frozen=True, slots=True)
class _Words:
    """What there is to say about places.

    Attributes
    ----------
    classes
        Classes by ascending value.
    rarity
        Of each class; see `class_rarity`.
    images
        The images with their labels.
    """

    classes: tuple[ClassInfo, ...]
    rarity: npt.NDArray[np.float64]
    images: Sequence[TrainingImage]

    def place(self, candidates: PlaceCandidates, index: int, cluster: Cluster) -> SuggestedPlace:
        """A place with its reasons."""
        image = int(candidates.images[index])
        shape = self.images[image].labels.shape
        where = np.unravel_index(int(candidates.positions[index]), shape)
        position = tuple(int(axis) for axis in where)
        row = candidates.probabilities[index]
        likely = np.argsort(-row, kind="stable")[:2]
        uncertainty = float(uncertainty_of_rows(row[np.newaxis])[0])
        return SuggestedPlace(
            image,
            position,
            _box(position, shape),
            tuple(self.classes[code] for code in likely),
            tuple(float(row[code]) for code in likely),
            uncertainty,
            tuple(self._reasons(image, likely, uncertainty, cluster)),
        )

    def _reasons(
        self, image: int, likely: npt.NDArray[np.intp], uncertainty: float, cluster: Cluster
    ) -> Iterator[str]:
        names = [self.classes[code].name for code in likely]
        is_uncertain = uncertainty >= UNCERTAIN
        yield f"uncertain between {' and '.join(names)}" if is_uncertain else f"maybe {names[0]}"
        if len(self.images) > 1 and not len(self.images[image].labels):
            yield "nothing is labelled in this image"
        elif cluster.n_strokes < NEW_STROKES:
            yield "unlike what is labelled so far"
        for code in likely if is_uncertain else likely[:1]:
            if self.rarity[code] >= RARE:
                yield f"{self.classes[code].name} has few labels"


def _box(position: Position, shape: tuple[int, ...]) -> Region:
    """The part of the plane around a place in which a stroke is wanted."""
    side = max(LEAST_BOX, min(BOX, min(shape[-2:]) // 5))
    spans = [slice(index, index + 1) for index in position[:-2]]
    for index, length in zip(position[-2:], shape[-2:], strict=True):
        start = max(0, min(index - side // 2, length - side))
        spans.append(slice(start, min(start + side, length)))
    return tuple(spans)
