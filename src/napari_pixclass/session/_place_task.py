"""Looking for places to label next, in a background thread."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from napari_pixclass.core import (
    ArrayLike,
    LabelledPixels,
    SampleCache,
    Steps,
    SuggestedPlace,
    place_steps,
)
from napari_pixclass.io import labelled_pixels

from ._place_walk import Destination, count_inside
from ._sources import Pair, Snapshot, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

NOTHING_LEFT = (
    "there must be a place that has not been shown and is not labelled; there is none any more. "
    "Paint and train again: then all places may be shown once more."
)


@dataclass(frozen=True, eq=False, slots=True)
class PlaceTask:
    """All that the search needs to know, as it was when it was asked for.

    Attributes
    ----------
    classifier
        A copy of the session's: its classes may be renamed meanwhile.
    original
        What it is a copy of.
    pairs
        Images and labels.
    images
        Snapshots of the images.
    labels
        Labels of each, or where they are to be read.
    visited
        Places that have been shown.
    generation
        How many classifiers there have been.
    """

    classifier: PixelClassifier
    original: PixelClassifier
    pairs: tuple[Pair, ...]
    images: tuple[Snapshot, ...]
    labels: tuple[LabelledPixels | ArrayLike, ...]
    visited: tuple[Destination, ...]
    generation: int

    @classmethod
    def of(
        cls,
        classifier: PixelClassifier,
        pairs: Sequence[Pair],
        labels: Sequence[LabelledPixels | ArrayLike],
        visited: Sequence[Destination],
        generation: int,
    ) -> Self:
        """Take a snapshot; in the thread of the session."""
        images = tuple(Snapshot.of(pair.image) for pair in pairs)
        pairs, labels, visited = tuple(pairs), tuple(labels), tuple(visited)
        return cls(copy(classifier), classifier, pairs, images, labels, visited, generation)

    def steps(self, cache: SampleCache) -> Steps[list[Destination]]:
        """Look for places, the best one first.

        Raises
        ------
        ValueError
            If there are none, or the images do not fit the classifier.
        """
        labelled = [
            own if isinstance(own, LabelledPixels) else labelled_pixels(own) for own in self.labels
        ]
        for visited in (self.visited, self._shown_by_this_one):
            places = yield from self._place_steps(labelled, visited, cache)
            if places:
                return [self._destination(place, labelled[place.image]) for place in places]
        raise ValueError(NOTHING_LEFT)

    def _place_steps(
        self, labelled: list[LabelledPixels], visited: Sequence[Destination], cache: SampleCache
    ) -> Steps[list[SuggestedPlace]]:
        ndim = self.classifier.state.features.ndim
        return (
            yield from place_steps(
                self.classifier,
                [image.data for image in self.images],
                labelled,
                channel_axis=self.images[0].channel_axis,
                spacing=[
                    spacing_of(image, ndim) or self.classifier.state.predictor.spacing
                    for image in self.images
                ],
                avoid=self._avoided(visited),
                cache=cache,
            )
        )

    @property
    def _shown_by_this_one(self) -> tuple[Destination, ...]:
        return tuple(place for place in self.visited if place.generation == self.generation)

    def is_current(self) -> bool:
        """Whether the images are still those that they were."""
        return all(image.is_current() for image in self.images)

    def _avoided(self, visited: Sequence[Destination]) -> list[SuggestedPlace]:
        numbers = {pair: number for number, pair in enumerate(self.pairs)}
        return [
            replace(one.place, image=numbers[one.pair])
            for one in visited
            if one.place is not None and one.pair in numbers
        ]

    def _destination(self, place: SuggestedPlace, labelled: LabelledPixels) -> Destination:
        n_labelled = count_inside(labelled, place.region)
        pair = self.pairs[place.image]
        return Destination(
            pair,
            place.position,
            place.region,
            place.reason,
            place,
            n_labelled,
            self.generation,
        )
