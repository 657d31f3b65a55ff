"""Which features each channel of an image gets: the same ones, others, or none at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from ._features import FeatureSet

Features = FeatureSet | Sequence[FeatureSet | None]
"""What users say: one set for all channels, or one for each channel, None for those that are not used."""

WIDE_SIGMA = 2.0
"""Features wider than this are drawn the less often the wider they are, in proportion to 1 / sigma.

Wide features change so little along a stroke that trees learn from them where the strokes are, not what they show.
"""


@dataclass(frozen=True, repr=False)
class ChannelFeatures:
    """The features of every channel of an image, in the order in which a classifier sees them: channel by channel.

    Parameters
    ----------
    channels
        For each channel its features, None if it is not used. At least one is used, and all have the same `ndim`.
    """

    channels: tuple[FeatureSet | None, ...]

    def __post_init__(self) -> None:
        for features in self.channels:
            if not isinstance(features, FeatureSet | None):
                raise TypeError(
                    f"features of a channel must be a FeatureSet or None; got {features!r}. "
                    "Example: [FeatureSet.default(2), None]."
                )
        ndims = sorted({features.ndim for features in self.channels if features is not None})
        if not ndims:
            raise ValueError(
                f"features must be chosen for at least one channel; got None for all {len(self.channels)}."
            )
        if len(ndims) > 1:
            raise ValueError("features of all channels must have the same ndim; got 2 and 3.")

    @classmethod
    def of(cls, features: Features, n_channels: int) -> Self:
        """The features of an image of `n_channels`.

        Raises
        ------
        TypeError
            If `features` are something else.
        ValueError
            If they are not as many as channels, none at all, or a mixture of 2D and 3D.
        """
        if isinstance(features, FeatureSet):
            return cls((features,) * n_channels)
        channels = _as_tuple(features)
        if len(channels) != n_channels:
            raise ValueError(
                f"features must be one set for all channels, or one for each of the {n_channels} channels; "
                f"got {len(channels)}. None stands for a channel that is not used."
            )
        return cls(channels)

    @property
    def n_channels(self) -> int:
        """Number of channels, those that are not used included."""
        return len(self.channels)

    @property
    def n_used(self) -> int:
        """Number of channels that are used."""
        return sum(features is not None for features in self.channels)

    @cached_property
    def n_features(self) -> int:
        """Number of features of all channels together."""
        return sum(len(features) for features in self.channels if features is not None)

    @cached_property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return next(features.ndim for features in self.channels if features is not None)

    @cached_property
    def common(self) -> FeatureSet | None:
        """The features of every channel; None where channels differ."""
        first = self.channels[0]
        return first if all(features == first for features in self.channels) else None

    @property
    def plain(self) -> FeatureSet | tuple[FeatureSet | None, ...]:
        """As users say it, in the shortest way."""
        return self.channels if self.common is None else self.common

    def used(self) -> Iterator[tuple[int, int, FeatureSet]]:
        """Each channel that is used: its position, the column of its first feature, and its features."""
        column = 0
        for channel, features in enumerate(self.channels):
            if features is not None:
                yield channel, column, features
                column += len(features)

    @cached_property
    def weights(self) -> npt.NDArray[np.float64]:
        """How often trees look at each feature, compared with the others; see `WIDE_SIGMA`."""
        sigmas = [feature.sigma for _, _, own in self.used() for feature in own.features]
        return np.minimum(1, WIDE_SIGMA / np.array(sigmas))

    def halo_for(self, spacing: Sequence[float] | None = None) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis: those of the channel that needs most."""
        halos = [features.halo_for(spacing) for features in self._different]
        return tuple(int(pixels) for pixels in np.max(halos, axis=0))

    @property
    def halo(self) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis, for isotropic images."""
        return self.halo_for(None)

    @cached_property
    def _different(self) -> tuple[FeatureSet, ...]:
        return tuple(dict.fromkeys(features for features in self.channels if features is not None))

    @cached_property
    def _hash(self) -> int:
        return hash(self.channels)

    def __hash__(self) -> int:
        return self._hash  # a key of caches, made of many numbers

    def __repr__(self) -> str:
        if self.common is not None:
            return f"ChannelFeatures.of({self.common!r}, {self.n_channels})"
        return f"ChannelFeatures({self.channels!r})"


def ndim_of(features: Features) -> int:
    """Number of spatial axes that `features` need, whatever the number of channels.

    Raises
    ------
    TypeError, ValueError
        As `ChannelFeatures.of`.
    """
    if isinstance(features, FeatureSet):
        return features.ndim
    return ChannelFeatures(_as_tuple(features)).ndim


def _as_tuple(features: object) -> tuple[FeatureSet | None, ...]:
    if not isinstance(features, list | tuple):
        raise TypeError(
            f"features must be a FeatureSet or None; got {features!r}. Example: FeatureSet.default(2), or a list "
            "with one for each channel."
        )
    return tuple(features)
