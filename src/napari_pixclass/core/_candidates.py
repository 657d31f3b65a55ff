"""From what features are suggested to somebody who has chosen some already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ._channel_features import ChannelFeatures
from ._families import DEFAULT_SIGMAS
from ._features import FeatureSet


@dataclass(frozen=True, slots=True)
class Candidates:
    """All families at all scales, and what is in use of them.

    Attributes
    ----------
    features
        The same set for every channel that is used.
    current
        What is in use; None where channels differ in that.
    """

    features: ChannelFeatures
    current: FeatureSet | None

    @classmethod
    def beside(cls, features: ChannelFeatures) -> Self:
        """For the channels that are used, with the scales that are in use beside the usual ones."""
        used = [own for _, _, own in features.used()]
        first = used[0]
        sigmas = sorted({*DEFAULT_SIGMAS, *(sigma for own in used for sigma in own.sigmas)})
        usual = FeatureSet.all(first.ndim, sigmas=sigmas).selection
        # A family may be in use at a scale that is too small for it to be offered.
        chosen = [pair for own in used for pair in own.selection]
        planar = {sigma for own in used for sigma in own.sigmas_2d}
        everything = FeatureSet((*usual, *chosen), first.ndim, tuple(planar), first.dialect)
        return cls(
            ChannelFeatures(
                tuple(None if own is None else everything for own in features.channels)
            ),
            first if len(set(used)) == 1 else None,
        )
