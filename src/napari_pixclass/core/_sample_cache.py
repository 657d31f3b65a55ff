"""Features of labelled pixels, remembered from one training to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._axes import Region
from ._blocks import read_padded
from ._channel_features import ChannelFeatures
from ._compute import compute_planes
from ._fingerprints import Fingerprints
from ._scratch import Scratch
from ._training_image import TrainingImage

Frame = tuple[int, ...]
Rows = npt.NDArray[np.float32]

Compute = Callable[
    [TrainingImage, ChannelFeatures, Frame, Region, npt.NDArray[np.intp], Scratch], Rows
]
"""What `compute_rows` is."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Features `rows` at the pixels `inside` a block (flat indices, ascending)."""

    inside: npt.NDArray[np.intp]
    rows: Rows

    @property
    def nbytes(self) -> int:
        return self.inside.nbytes + self.rows.nbytes


class SampleCache:
    """Features at the labelled pixels of blocks, so that a new stroke costs only its own.

    What is remembered is found by the pixels that it was computed from: a block of an image that has changed since, or
    of another image, is another block. Nothing can be stale.

    Parameters
    ----------
    max_bytes
        Memory that it may take; what was not used for longest is forgotten.
    compute
        Computes what is not remembered; see `compute_rows`.
    """

    def __init__(self, max_bytes: int = 2**28, compute: Compute | None = None) -> None:
        self.max_bytes = max_bytes
        self._compute = compute_rows if compute is None else compute
        self.nbytes = 0
        self._fingerprints = Fingerprints()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def rows(
        self,
        training: TrainingImage,
        features: ChannelFeatures,
        frame: Frame,
        block: Region,
        inside: npt.NDArray[np.intp],
        scratch: Scratch,
    ) -> Rows:
        """Features ``(len(inside), n_features)`` at pixels `inside` a block (flat indices, ascending)."""
        key = self._fingerprints.of(training, features, frame, block)
        entry = self._entries.pop(key, None)
        if entry is None:
            entry = _Entry(inside, self._compute(training, features, frame, block, inside, scratch))
        else:
            self.nbytes -= entry.nbytes
            missing = np.setdiff1d(inside, entry.inside, assume_unique=True)
            if len(missing):
                added = self._compute(training, features, frame, block, missing, scratch)
                entry = _join(entry, _Entry(missing, added))
        self._entries[key] = entry
        self.nbytes += entry.nbytes
        while self.nbytes > self.max_bytes and len(self._entries) > 1:
            _, forgotten = self._entries.popitem(last=False)
            self.nbytes -= forgotten.nbytes
        return entry.rows[np.searchsorted(entry.inside, inside)]


def compute_rows(
    training: TrainingImage,
    features: ChannelFeatures,
    frame: Frame,
    block: Region,
    inside: npt.NDArray[np.intp],
    scratch: Scratch,
) -> Rows:
    """Compute features at pixels `inside` a block, where their bounding box is and nowhere else."""
    shape = tuple(axis.stop - axis.start for axis in block)
    where = np.unravel_index(inside, shape)
    box = tuple(slice(int(index.min()), int(index.max()) + 1) for index in where)
    region = tuple(
        slice(outer.start + inner.start, outer.start + inner.stop)
        for outer, inner in zip(block, box, strict=True)
    )
    in_box = np.ravel_multi_index(
        tuple(index - axis.start for index, axis in zip(where, box, strict=True)),
        tuple(axis.stop - axis.start for axis in box),
    )
    columns = []
    for channel, _, own in features.used():
        halo = own.halo_for(training.spacing)
        padded = read_padded(training.image, training.axes, frame, channel, region, halo, scratch)
        planes = compute_planes(padded, region, own, training.spacing, None, scratch)
        columns.append(planes.reshape(len(planes), -1)[:, in_box])
    return np.ascontiguousarray(np.concatenate(columns).T)


def _join(a: _Entry, b: _Entry) -> _Entry:
    inside = np.concatenate([a.inside, b.inside])
    order = np.argsort(inside)
    return _Entry(inside[order], np.concatenate([a.rows, b.rows])[order])
