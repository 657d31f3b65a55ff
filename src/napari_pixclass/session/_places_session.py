"""A session that knows where to label next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from psygnal import Signal

from napari_pixclass.core import LabelledPixels, SampleCache, Step, Steps

from ._jobs import Job
from ._place_task import PlaceTask
from ._place_walk import Destination, PlaceWalk
from ._quality_session import QualitySession
from ._queue import JobQueue
from ._session import TRAINING
from ._sources import ImageSource, Pair

PLACES = "places"
"""What a job is about that looks for some."""

WAIT_SECONDS = 0.05
"""Whoever waits for a training may be cancelled this often."""

PLACES_BYTES = 2**27
"""Memory of features at places that may be suggested."""


@dataclass(eq=False, slots=True)
class _Search:
    """A search that may have to wait for a training.

    Attributes
    ----------
    task
        What is to be done, or why nothing can be; made in the thread of the session.
    is_ready
        Set as soon as there is a task.
    found
        What has been found, set by the worker.
    """

    task: PlaceTask | ValueError | None = None
    is_ready: Event = field(default_factory=Event)
    found: list[Destination] = field(default_factory=list)

    def steps(self, cache: SampleCache) -> Steps[Destination]:
        """Wait, and look for places; the best one is returned."""
        while not self.is_ready.wait(WAIT_SECONDS):
            yield Step(0, 1, "Waiting for the training")
        if not isinstance(self.task, PlaceTask):
            raise self.task or ValueError("there is nothing to look for.")
        self.found = yield from self.task.steps(cache)
        return self.found[0]


class PlacesSession(QualitySession):
    """A session that walks to the places where a stroke is worth most.

    No place is suggested twice, nor one near it, unless there is another classifier and nothing else is left.

    Parameters
    ----------
    wake
        As for `Session`.
    """

    place_changed = Signal(object)
    """Look at this `Destination`; None where the last one is gone, with its image."""
    place_painted = Signal(object)
    """There is a stroke at the `Destination` that was gone to last."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._guiding = JobQueue(self._mailbox, self._on_job_changed, self.failed.emit)
        self._walk = PlaceWalk()
        self._place_cache = SampleCache(PLACES_BYTES)
        self._search: _Search | None = None
        self._is_place_painted = False
        self._n_classifiers = 0
        self.classifier_changed.connect(self._on_other_classifier)
        self.labelled_changed.connect(self._on_labelled_at_place)
        self.pairs_changed.connect(self._on_pairs_of_places)

    @property
    def place(self) -> Destination | None:
        """The place that was gone to last; None before the first one."""
        return self._walk.current

    @property
    def is_place_painted(self) -> bool:
        """Whether something has been painted there since."""
        return self._is_place_painted

    @property
    def has_previous_place(self) -> bool:
        """Whether there is a place to go back to."""
        return self._walk.has_previous

    @property
    def place_problem(self) -> str | None:
        """Why no place can be suggested, in words; None if one can."""
        if self._expects_classifier:
            return None
        if not self.pairs:
            return "Choose an image and labels to paint on."
        if self.classifier is None:
            return "Train first, or load a classifier."
        return None

    def next_place(self) -> Job[Destination]:
        """Go to the next place in the background; after `previous_place` to those that have been visited.

        Places are suggested by the classifier at hand; where a training is under way, by that one.

        Returns
        -------
        Job
            Its result is where to look; `place_changed` says so, too.

        Raises
        ------
        ValueError
            If there is no classifier, or nothing to label. What shows only later makes the job fail.
        """
        if problem := self.place_problem:
            raise ValueError(problem)
        self._before_start()
        ready = self._walk.later(self._has_been_painted)
        if ready is None and not self._expects_classifier:
            ready = self._walk.next_ready(self.classifier, self._has_been_painted)
        if ready is not None:
            return self._guiding.start(lambda: _at_once(ready), self._go_to, PLACES)
        search = self._search = _Search()
        self._begin_search()
        return self._guiding.start(
            lambda: search.steps(self._place_cache),
            lambda best: self._on_found(search, best),
            PLACES,
        )

    def previous_place(self) -> Destination | None:
        """Go back to the place before; None where there is none."""
        self._guiding.cancel((PLACES,))
        destination = self._walk.back()
        if destination is not None:
            self._go_to(destination)
        return destination

    @property
    def _expects_classifier(self) -> bool:
        """Whether a training is under way."""
        return self._queue.newest(TRAINING) is not None

    def _begin_search(self) -> None:
        """Let a search that waits begin, if there is nothing to wait for any more."""
        search = self._search
        if search is None or search.is_ready.is_set() or self._expects_classifier:
            return
        classifier = self.classifier
        if classifier is None or not self.pairs:
            search.task = ValueError(self.place_problem or "The training has failed.")
        else:
            labels = [self._seen.current(pair) for pair in self.pairs]
            search.task = PlaceTask.of(
                classifier, self.pairs, labels, self._walk.visited, self._n_classifiers
            )
        search.is_ready.set()

    def _on_found(self, search: _Search, best: Destination) -> None:
        task = search.task
        if not isinstance(task, PlaceTask) or not task.is_current() or best.pair not in self.pairs:
            self.failed.emit("The images were changed meanwhile. Ask for the next place again.")
            return
        self._walk.suggest(
            [place for place in search.found if place.pair in self.pairs], task.original
        )
        self._go_to(best)

    def _go_to(self, destination: Destination) -> None:
        self._walk.visit(destination)
        self._is_place_painted = self._has_been_painted(destination)
        self.place_changed.emit(destination)

    def _has_been_painted(self, destination: Destination) -> bool:
        return destination.is_painted(self.labelled(destination.pair))

    def _on_other_classifier(self) -> None:
        self._n_classifiers += 1

    def _on_labelled_at_place(self, pair: Pair, labelled: LabelledPixels) -> None:
        place = self.place
        if place is None or place.pair is not pair:
            return
        was_painted, self._is_place_painted = self._is_place_painted, place.is_painted(labelled)
        if self._is_place_painted and not was_painted:
            self.place_painted.emit(place)

    def _on_pairs_of_places(self) -> None:
        before = self.place
        self._walk.keep_only(self.pairs)
        if before is not None and before.pair not in self.pairs:
            self.place_changed.emit(None)

    # Hooks of the session ---------------------------------------------------------------------------------------------

    def image_changed(self, image: ImageSource) -> None:
        """Say that an image has other data, or pixels of another size, than before."""
        self._walk.suggest((), None)
        super().image_changed(image)

    @property
    def job(self) -> Job[Any] | None:
        """What is running; of what runs side by side that which the user waits for."""
        return self._in_front(super().job, self._guiding.running)

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        super().cancel()
        self._guiding.cancel()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._guiding.close()
        super().close()

    def _on_job_changed(self, job: Job[Any] | None) -> None:
        super()._on_job_changed(job)
        self._begin_search()


def _at_once(destination: Destination) -> Steps[Destination]:
    yield Step(0, 1, "Going there")
    return destination
