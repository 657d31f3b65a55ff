"""What is painted: the labelled pixels of all pairs, as they were seen last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ArrayLike, LabelledPixels, SparseLabels, count_strokes
from napari_pixclass.io import labelled_pixels

from ._jobs import Mailbox
from ._sources import Pair

BACKGROUND_BYTES = 4_000_000
"""Larger labels are looked through in the background: these take some thousandths of a second."""

logger = logging.getLogger(__name__)


def count_labels(labels: npt.NDArray[np.integer[Any]] | SparseLabels) -> dict[int, int]:
    """Number of pixels of each class value."""
    return LabelledPixels.of(labels).counts


class SeenLabels:
    """The labels of all pairs as they were seen last; used in the thread of the session.

    Parameters
    ----------
    mailbox
        Where labels arrive that were looked through in the background.
    background
        Whether large labels, and labels that are not in memory, are looked through in the background.
    on_seen
        Called with a pair when its labels have turned out to be others than before, or its strokes have been counted.
    """

    def __init__(
        self, mailbox: Mailbox, background: bool, on_seen: Callable[[Pair], object]
    ) -> None:
        self._mailbox = mailbox
        self._background = background
        self._on_seen = on_seen
        self._executor: ThreadPoolExecutor | None = None
        self._serials = count()
        self._serial_of: dict[Pair, int] = {}
        self._known: dict[Pair, LabelledPixels] = {}
        self._n_looks: dict[Pair, int] = {}
        self._strokes: dict[Pair, dict[int, int]] = {}
        self._again: dict[Pair, bool] = {}
        """For each pair that is being looked at, whether it must be looked at once more."""

    def labelled(self, pair: Pair) -> LabelledPixels | None:
        """The labelled pixels of a pair; None before they have been seen for the first time."""
        return self._known.get(pair)

    @property
    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class over all pairs."""
        return _sums(labelled.counts for labelled in self._known.values())

    @property
    def stroke_counts(self) -> dict[int, int]:
        """Number of strokes of each class over all pairs; counted in the background, a moment after the pixels."""
        if not self._background:
            for pair, labelled in self._known.items():
                if pair not in self._strokes:
                    self._strokes[pair] = count_strokes(labelled)
        return _sums(self._strokes.values())

    @property
    def looking(self) -> bool:
        """Whether some labels have yet to be seen."""
        return bool(self._again)

    def current(self, pair: Pair) -> LabelledPixels | ArrayLike:
        """The labels of a pair as they are now: seen already, or to be looked through by whoever needs them."""
        known = self._known.get(pair)
        if known is None or pair in self._again:
            return pair.labels.data
        return known

    def serial(self, pair: Pair) -> int:
        """Another number than before where the pair, or its image, is another one."""
        return self._serial_of[pair]

    def n_looks(self, pair: Pair) -> int:
        """How often the labels of a pair have been looked at."""
        return self._n_looks.get(pair, 0)

    def renew(self, pair: Pair) -> None:
        """Take the pair for another one than before: it is new, or its image has changed."""
        self._serial_of[pair] = next(self._serials)

    def forget(self, pair: Pair) -> None:
        """Drop what is known of a pair, and what is on its way."""
        known: dict[Pair, Any]
        for known in (self._serial_of, self._known, self._n_looks, self._strokes, self._again):
            known.pop(pair, None)

    def look(self, pair: Pair, in_background: bool = False) -> bool:
        """Look at the labels of a pair, at once or in the background; return whether they are others than before."""
        data = pair.labels.data
        if self._background and (in_background or _takes_long(data)):
            if pair in self._again:
                self._again[pair] = True
            else:
                self._again[pair] = False
                self._submit(pair, data)
            return False
        return self.learn(pair, labelled_pixels(data))

    def learn(self, pair: Pair, labelled: LabelledPixels) -> bool:
        """Take over what somebody else has seen; return whether it is anything new."""
        if pair not in self._serial_of:
            return False
        self._n_looks[pair] = self.n_looks(pair) + 1
        if self._known.get(pair) == labelled:
            return False
        self._known[pair] = labelled
        if self._background:
            self._in_background(
                lambda: count_strokes(labelled), lambda counts: self._on_strokes(pair, counts)
            )
        else:
            self._strokes.pop(pair, None)
        return True

    def close(self) -> None:
        """Look at nothing in the background any more."""
        self._background = False
        self._again.clear()
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _submit(self, pair: Pair, data: ArrayLike) -> None:
        def look() -> LabelledPixels:
            labelled = labelled_pixels(data)
            _ = labelled.counts  # here, as it takes its time
            return labelled

        self._in_background(look, lambda labelled: self._arrive(pair, labelled))

    def _in_background(self, work: Callable[[], Any], arrive: Callable[[Any], object]) -> None:
        """Work, and let the result arrive in the thread of the session: None where it failed."""

        def run() -> None:
            result = None
            try:
                result = work()
            except Exception:
                logger.exception("the labels cannot be looked through")
            self._mailbox.post(lambda: _do(arrive, result))

        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="pixclass-labels")
        self._executor.submit(run)

    def _arrive(self, pair: Pair, labelled: LabelledPixels | None) -> None:
        if pair not in self._again:  # forgotten meanwhile
            return
        if self._again.pop(pair):
            self.look(pair, in_background=True)
        if labelled is not None and self.learn(pair, labelled):
            self._on_seen(pair)

    def _on_strokes(self, pair: Pair, counts: dict[int, int] | None) -> None:
        if counts is not None and pair in self._known and counts != self._strokes.get(pair):
            self._strokes[pair] = counts
            self._on_seen(pair)


def _do(call: Callable[[Any], object], result: Any) -> None:
    call(result)


def _takes_long(data: ArrayLike) -> bool:
    return not isinstance(data, np.ndarray | SparseLabels) or data.nbytes > BACKGROUND_BYTES


def _sums(counts: Iterable[dict[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for some in counts:
        for value, number in some.items():
            total[value] = total.get(value, 0) + number
    return dict(sorted(total.items()))
