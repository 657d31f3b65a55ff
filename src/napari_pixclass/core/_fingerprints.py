"""Telling whether the pixels that features depend on are still the same."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from itertools import count
from typing import Any

from ._axes import ArrayLike, Region, in_memory
from ._channel_features import ChannelFeatures
from ._training_image import TrainingImage


class Fingerprints:
    """Fingerprints of everything that the features of a block depend on, the pixels of its halo included.

    Pixels of arrays in memory are looked at, each of them once for every `TrainingImage`: their owner may have written
    to them. Arrays that have to be read are known by their identity.
    """

    def __init__(self) -> None:
        self._serials = count()
        self._known: dict[int, tuple[weakref.ref[Any], int]] = {}

    def of(
        self,
        training: TrainingImage,
        features: ChannelFeatures,
        frame: tuple[int, ...],
        block: Region,
    ) -> Hashable:
        """Fingerprint of one block of one image."""
        axes = training.axes
        about = (
            features,
            training.spacing,
            axes.spatial,
            axes.channel_axis,
            frame,
            _corners(block),
        )
        if not in_memory(training.image):
            return about, self._serial(training.image)
        channels = [channel for channel, _, _ in features.used()]
        halo = features.halo_for(training.spacing)
        return about, training.image.dtype, training.checksums.around(channels, frame, block, halo)

    def _serial(self, image: ArrayLike) -> int:
        """The same number as long as it is the same object."""
        address, known = id(image), self._known
        if address not in known or known[address][0]() is not image:
            reference = weakref.ref(image, lambda _: known.pop(address, None))
            known[address] = (reference, next(self._serials))
        return known[address][1]


def _corners(block: Region) -> tuple[tuple[int, int], ...]:
    return tuple((axis.start, axis.stop) for axis in block)
