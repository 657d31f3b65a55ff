"""A session that knows which labels look wrong."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from psygnal import Signal

from napari_pixclass.core import (
    LabelledPixels,
    SampleCache,
    Steps,
    SuspiciousLabels,
    SuspiciousStroke,
    suspicion_steps,
)

from ._jobs import Job
from ._place_walk import Destination
from ._places_session import PLACES_BYTES, PlacesSession
from ._priority import IN_NO_HURRY
from ._queue import JobQueue
from ._session import LIVE
from ._sources import LabelsSource, Pair, Snapshot, spacing_of

SUSPICION = "suspicious labels"
"""What a job is about that looks for them."""


@dataclass(frozen=True, eq=False, slots=True)
class DoubtfulStroke:
    """A stroke that looks like another class, and where it is.

    Attributes
    ----------
    pair
        The image and its labels.
    stroke
        What was found.
    """

    pair: Pair
    stroke: SuspiciousStroke

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same stroke whenever it is found, and for no other."""
        return self.pair.labels, self.stroke.label.value, self.stroke.positions.tobytes()

    @property
    def destination(self) -> Destination:
        """Where to look."""
        stroke = self.stroke
        reason = f"{stroke.label.name} that looks like {stroke.looks_like.name}"
        return Destination(self.pair, stroke.position, stroke.region, reason)

    def is_there(self, labelled: LabelledPixels | None) -> bool:
        """Whether all of its pixels are still labelled as they were."""
        if labelled is None or labelled.shape != self._shape:
            return False
        at = np.searchsorted(labelled.positions, self.stroke.positions)
        inside = at < len(labelled)
        return bool(
            inside.all()
            and (labelled.positions[at] == self.stroke.positions).all()
            and (labelled.values[at] == self.stroke.label.value).all()
        )

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(self.pair.labels.shape)


@dataclass(frozen=True, eq=False, slots=True)
class _Doubts:
    """What a search has found, and what it was given."""

    result: SuspiciousLabels
    strokes: tuple[DoubtfulStroke, ...]
    inputs: tuple[object, ...]


class SuspicionSession(PlacesSession):
    """A session that lists strokes which look like another class to forests that have not seen them.

    A stroke that is no longer there as it was found, or that is kept, is not listed; undo brings it back to the list.

    Parameters
    ----------
    wake
        As for `Session`.
    """

    suspicious_changed = Signal()
    """Other strokes are listed than before, or labels have been changed since."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._doubting = JobQueue(
            self._mailbox, self._on_job_changed, self.failed.emit, IN_NO_HURRY
        )
        self._stroke_cache = SampleCache(PLACES_BYTES)
        self._doubts: _Doubts | None = None
        self._kept: set[tuple[object, ...]] = set()
        self.labelled_changed.connect(self._on_labels_doubted)
        self.pairs_changed.connect(self._on_pairs_doubted)

    @property
    def suspicion(self) -> SuspiciousLabels | None:
        """What was found last, before anything was done about it; None before."""
        return None if self._doubts is None else self._doubts.result

    @property
    def suspicious(self) -> tuple[DoubtfulStroke, ...]:
        """The strokes to look at, the most suspicious first."""
        strokes = () if self._doubts is None else self._doubts.strokes
        return tuple(
            doubtful
            for doubtful in strokes
            if doubtful.key not in self._kept
            and doubtful.pair in self.pairs
            and doubtful.is_there(self.labelled(doubtful.pair))
        )

    @property
    def is_suspicion_old(self) -> bool:
        """Whether labels, images or features are others than those in which was searched."""
        return self._doubts is not None and self._doubts.inputs != self._training_inputs

    @property
    def suspicion_problem(self) -> str | None:
        """Why nothing can be searched, in words; None if it can."""
        if not self.pairs:
            return "Choose an image and labels to paint on."
        if len(self.counts) < 2:
            return "Paint strokes of two classes or more."
        return self._problem_but_for_labels

    def find_suspicious_labels(self) -> Job[SuspiciousLabels]:
        """Search the labels as they are now, in the background; `suspicious` lists what is found.

        Raises
        ------
        ValueError
            If there are fewer than two classes, or features or images cannot be used.
        """
        self._look_at_all()
        features = self.chosen_features
        if (problem := self.suspicion_problem) or features is None:
            raise ValueError(problem)
        pairs, inputs = self.pairs, self._training_inputs
        images = [Snapshot.of(pair.image) for pair in pairs]
        labels = [self._seen.current(pair) for pair in pairs]
        training, classes = self._training(features), copy(self.classes)

        def steps() -> Steps[SuspiciousLabels]:
            from napari_pixclass.classifier import PixelClassifier

            return (
                yield from suspicion_steps(
                    PixelClassifier(
                        training.channel_features.plain,
                        training.n_estimators,
                        n_jobs=training.n_jobs,
                    ),
                    [image.data for image in images],
                    labels,
                    channel_axis=images[0].channel_axis,
                    spacing=[spacing_of(image, features.ndim) for image in images],
                    classes=classes,
                    cache=self._stroke_cache,
                )
            )

        def succeed(result: SuspiciousLabels) -> None:
            strokes = tuple(DoubtfulStroke(pairs[s.image], s) for s in result.strokes)
            self._doubts = _Doubts(result, strokes, inputs)
            self.suspicious_changed.emit()

        self._before_start()
        return self._doubting.start(steps, succeed, SUSPICION)

    def clear_suspicious(self) -> None:
        """List nothing any more, as before the first search; what is kept stays so."""
        self._doubting.cancel()
        self._doubts = None
        self.suspicious_changed.emit()

    def keep_stroke(self, doubtful: DoubtfulStroke) -> None:
        """Take a stroke for right: it is not listed again unless it is painted anew."""
        self._kept.add(doubtful.key)
        self.suspicious_changed.emit()

    def remove_stroke(self, doubtful: DoubtfulStroke) -> int:
        """Erase a stroke, in one step that undo in its labels layer takes back; return the number of pixels.

        Raises
        ------
        ValueError
            If its labels cannot be changed.
        """
        return self._replace(doubtful, 0)

    def relabel_stroke(self, doubtful: DoubtfulStroke) -> int:
        """Make a stroke one of the class that it looks like; otherwise as `remove_stroke`."""
        return self._replace(doubtful, doubtful.stroke.looks_like.value)

    def _replace(self, doubtful: DoubtfulStroke, value: int) -> int:
        labels: LabelsSource = doubtful.pair.labels
        stroke = doubtful.stroke
        n_pixels = labels.replace_value(stroke.label.value, value, stroke.positions)
        self.labels_changed()
        return n_pixels

    def _on_labels_doubted(self, pair: Pair, labelled: LabelledPixels) -> None:
        if self._doubts is not None:
            self.suspicious_changed.emit()

    def _on_pairs_doubted(self) -> None:
        labels = {pair.labels for pair in self.pairs}
        self._kept = {key for key in self._kept if key[0] in labels}
        if self._doubts is not None:
            self.suspicious_changed.emit()

    # Hooks of the session ---------------------------------------------------------------------------------------------

    @property
    def job(self) -> Job[Any] | None:
        """What is running; of what runs side by side that which the user waits for."""
        job, doubting = super().job, self._doubting.running
        is_live = job is not None and job is self._queue.newest(LIVE)
        return doubting if doubting is not None and (job is None or is_live) else job

    def cancel(self) -> None:
        """Cancel what is running and what is waiting."""
        self._doubting.cancel()
        super().cancel()

    def close(self) -> None:
        """Cancel all work; nothing can be started afterwards."""
        self._doubting.close()
        super().close()
