"""A session that knows which labels look wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from napari_pixclass.core import (
    LabelledPixels,
    SuspiciousLabels,
    SuspiciousStroke,
)

from ._jobs import Job
from ._place_walk import Destination
from ._places_session import PlacesSession
from ._sources import LabelsSource, Pair

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

    suspicion_found = Signal(SuspiciousLabels)
    suspicious_changed = Signal()
    """Other strokes are listed than before, or labels have been changed since."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
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
    def suspicion_is_current(self) -> bool:
        """Whether the same search would find that again: labels, images and features are the same."""
        return self._doubts is not None and self._doubts.inputs == self._training_inputs

    @property
    def n_kept(self) -> int:
        """Number of strokes that were found and are not listed since they are kept."""
        strokes = () if self._doubts is None else self._doubts.strokes
        return sum(doubtful.key in self._kept for doubtful in strokes)

    def find_suspicious_labels(self) -> Job[SuspiciousLabels]:
        """Search the labels as they are now, in the background; `suspicious` lists what is found.

        Raises
        ------
        ValueError
            If something is in the way; see `trial_problem`. What shows only later makes the job fail.
        """
        trial = self._trial()
        pairs, inputs = self.pairs, self._training_inputs

        def succeed(result: SuspiciousLabels) -> None:
            strokes = tuple(DoubtfulStroke(pairs[s.image], s) for s in result.strokes)
            self._doubts = _Doubts(result, strokes, inputs)
            self.suspicious_changed.emit()
            self.suspicion_found.emit(result)

        self._before_start()
        return self._trying.start(trial.suspicion_steps, succeed, SUSPICION)

    def clear_suspicious(self) -> None:
        """List nothing any more, as before the first search; what is kept stays so."""
        self._trying.cancel((SUSPICION,))
        self._doubts = None
        self.suspicious_changed.emit()

    def keep_stroke(self, doubtful: DoubtfulStroke) -> None:
        """Take a stroke for right: it is not listed again unless it is painted anew."""
        self._kept.add(doubtful.key)
        self.suspicious_changed.emit()

    def list_kept(self) -> None:
        """List the strokes again that were kept."""
        self._kept.clear()
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
