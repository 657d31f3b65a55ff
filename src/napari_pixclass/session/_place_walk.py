"""Where to look next, where one has been, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_pixclass.core import LabelledPixels, Region, SuggestedPlace

from ._sources import Pair

LONGEST = 200
"""Places that are remembered, so that they are not suggested again."""


@dataclass(frozen=True, eq=False, slots=True)
class Destination:
    """Where to look.

    Attributes
    ----------
    pair
        The image and its labels.
    position
        Index of a pixel in the labels.
    region
        What is to be seen around it: one slice for each axis of the labels.
    reason
        Why, in words.
    place
        The suggestion that it is, if it is one.
    n_labelled
        Number of labelled pixels in the region when it was suggested.
    generation
        How many classifiers there had been by then.
    """

    pair: Pair
    position: tuple[int, ...]
    region: Region
    reason: str
    place: SuggestedPlace | None = None
    n_labelled: int = 0
    generation: int = 0

    def is_painted(self, labelled: LabelledPixels | None) -> bool:
        """Whether more is labelled in the region than when it was suggested."""
        return labelled is not None and count_inside(labelled, self.region) > self.n_labelled


def count_inside(labelled: LabelledPixels, region: Region) -> int:
    """Number of labelled pixels in a region."""
    if len(labelled.shape) != len(region):  # other data than before
        return 0
    if any(axis.stop > length for axis, length in zip(region, labelled.shape, strict=True)):
        return 0
    # All of the region lies between its first and its last pixel, and little else does.
    low = np.ravel_multi_index([axis.start for axis in region], labelled.shape)
    high = np.ravel_multi_index([axis.stop - 1 for axis in region], labelled.shape)
    start, stop = np.searchsorted(labelled.positions, (low, high + 1))
    where = np.unravel_index(labelled.positions[start:stop], labelled.shape)
    inside = np.ones(stop - start, dtype=bool)
    for index, axis in zip(where, region, strict=True):
        inside &= (index >= axis.start) & (index < axis.stop)
    return int(np.count_nonzero(inside))


class PlaceWalk:
    """Places that have been visited, in their order, and those that are suggested next.

    Attributes
    ----------
    visited
        All places so far.
    """

    def __init__(self) -> None:
        self.visited: list[Destination] = []
        self._at = 0
        """Beyond the end where one is at none of them."""
        self._ready: list[Destination] = []
        self._suggested_by: object = None

    @property
    def current(self) -> Destination | None:
        """The place that was gone to last; None before the first one, and where that is forgotten."""
        return self.visited[self._at] if self._at < len(self.visited) else None

    @property
    def has_previous(self) -> bool:
        """Whether there is a place to go back to."""
        return self._at > 0

    def later(self, is_painted: Callable[[Destination], bool]) -> Destination | None:
        """The next place to come forward to where nothing has been painted, after one has gone back."""
        later = self.visited[self._at + 1 :]
        return next((place for place in later if not is_painted(place)), None)

    def suggest(self, places: Sequence[Destination], suggested_by: object) -> None:
        """Have places to go to, as long as the classifier that has suggested them is the one at hand."""
        self._ready, self._suggested_by = list(places), suggested_by

    def next_ready(
        self, classifier: object, is_painted: Callable[[Destination], bool]
    ) -> Destination | None:
        """The next of the places that this classifier has suggested and where nothing has been painted since."""
        if self._suggested_by is not classifier:
            self._ready = []
        while self._ready:
            if not is_painted(self._ready[0]):
                return self._ready[0]
            del self._ready[0]
        return None

    def visit(self, destination: Destination) -> None:
        """Go to a place: a new one, or one of those visited."""
        self._ready = [place for place in self._ready if place is not destination]
        if destination in self.visited:
            self._at = self.visited.index(destination)
            return
        self.visited = [*self.visited, destination][-LONGEST:]
        self._at = len(self.visited) - 1

    def back(self) -> Destination | None:
        """Go to the place before; None where there is none."""
        if not self.has_previous:
            return None
        self._at -= 1
        return self.current

    def keep_only(self, pairs: Collection[Pair]) -> None:
        """Forget places of all other images."""
        current = self.current
        self._ready = list(_of(self._ready, pairs))
        self.visited = list(_of(self.visited, pairs))
        self._at = len(self.visited)
        if current is not None and current in self.visited:
            self._at = self.visited.index(current)


def _of(places: Iterable[Destination], pairs: Collection[Pair]) -> Iterable[Destination]:
    return (place for place in places if place.pair in pairs)
