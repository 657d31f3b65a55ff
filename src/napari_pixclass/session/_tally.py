"""How much of each class is painted, and whether it is still the same that is painted."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ArrayLike

from ._jobs import Mailbox
from ._sources import Pair

BACKGROUND_BYTES = 8_000_000
"""Larger labels are counted in the background: these take a hundredth of a second."""

BLOCK_PIXELS = 1 << 20
"""Pixels that are counted at a time, so that other threads get their turn."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is painted in one labels array.

    Attributes
    ----------
    counts
        Number of pixels of each class value.
    stamp
        Shape, type and checksum: another one as soon as any pixel is.
    """

    counts: dict[int, int]
    stamp: tuple[object, ...]


def tally_labels(labels: npt.NDArray[np.integer[Any]]) -> Tally:
    """Count the pixels of each class value."""
    flat = np.ascontiguousarray(labels).reshape(-1)
    total: dict[int, int] = {}
    checksum = 0
    for start in range(0, flat.size, BLOCK_PIXELS):
        block = flat[start : start + BLOCK_PIXELS]
        checksum = zlib.crc32(block.data, checksum)
        values, counts = np.unique(block[block > 0], return_counts=True)
        for value, number in zip(values.tolist(), counts.tolist(), strict=True):
            total[value] = total.get(value, 0) + number
    return Tally(dict(sorted(total.items())), (labels.shape, labels.dtype.str, checksum))


def count_labels(labels: npt.NDArray[np.integer[Any]]) -> dict[int, int]:
    """Number of pixels of each class value."""
    return tally_labels(labels).counts


class LabelTallies:
    """Tallies of the labels of all pairs; used in the thread of the session.

    Parameters
    ----------
    mailbox
        Where tallies arrive that were made in the background.
    background
        Whether large labels, and labels that are not in memory, are counted in the background.
    on_counted
        Called when another tally than before has arrived from the background.
    """

    def __init__(
        self, mailbox: Mailbox, background: bool, on_counted: Callable[[], object]
    ) -> None:
        self._mailbox = mailbox
        self._background = background
        self._on_counted = on_counted
        self._executor: ThreadPoolExecutor | None = None
        self._serials = count()
        self._serial_of: dict[Pair, int] = {}
        self._known: dict[Pair, Tally] = {}
        self._again: dict[Pair, bool] = {}
        """For each pair that is being counted, whether it must be counted once more."""

    @property
    def counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class over all pairs."""
        total: dict[int, int] = {}
        for tally in self._known.values():
            for value, number in tally.counts.items():
                total[value] = total.get(value, 0) + number
        return total

    @property
    def counting(self) -> bool:
        """Whether a tally has yet to arrive."""
        return bool(self._again)

    def stamps(self, pairs: Iterable[Pair]) -> tuple[object, ...]:
        """Equal to what it was before exactly if the pairs, their images and all that is known of their labels are."""
        return tuple(
            (self._serial_of[pair], self._known[pair].stamp if pair in self._known else None)
            for pair in pairs
        )

    def renew(self, pair: Pair) -> None:
        """Take the pair for another one than before: it is new, or its image has changed."""
        self._serial_of[pair] = next(self._serials)

    def forget(self, pair: Pair) -> None:
        """Drop what is known of a pair, and what is on its way."""
        for known in (self._serial_of, self._known, self._again):
            known.pop(pair, None)

    def count(self, pair: Pair) -> bool:
        """Count the labels of a pair, at once or in the background; return whether they are others than before."""
        data = pair.labels.data
        if self._background and _takes_long(data):
            if pair in self._again:
                self._again[pair] = True
            else:
                self._again[pair] = False
                self._submit(pair, data)
            return False
        return self._learn(pair, tally_labels(np.asarray(data)))

    def close(self) -> None:
        """Count nothing in the background any more."""
        self._background = False
        self._again.clear()
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def _learn(self, pair: Pair, tally: Tally) -> bool:
        changed = self._known.get(pair) != tally
        self._known[pair] = tally
        return changed

    def _submit(self, pair: Pair, data: ArrayLike) -> None:
        def work() -> None:
            tally = None
            try:
                tally = tally_labels(np.asarray(data))
            except Exception:
                logger.exception("the labels cannot be counted")
            self._mailbox.post(lambda: self._arrive(pair, tally))

        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="pixclass-tally")
        self._executor.submit(work)

    def _arrive(self, pair: Pair, tally: Tally | None) -> None:
        if pair not in self._again:  # forgotten meanwhile
            return
        if self._again.pop(pair):
            self.count(pair)
        if tally is not None and self._learn(pair, tally):
            self._on_counted()


def _takes_long(data: ArrayLike) -> bool:
    return not isinstance(data, np.ndarray) or data.nbytes > BACKGROUND_BYTES
