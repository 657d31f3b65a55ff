"""The features that are chosen, for images of however many channels."""

from __future__ import annotations

from dataclasses import dataclass

from ._channel_features import ChannelFeatures
from ._features import FeatureSet


@dataclass(frozen=True, slots=True)
class ChosenFeatures:
    """What somebody says about features and channels.

    Attributes
    ----------
    common
        Features of every channel that has none of its own.
    channels
        Channels that are used, counted from 0, ascending; None for all.
    own
        Channels that have features of their own, with these: None where none are chosen, so that it is not used.
    """

    common: FeatureSet
    channels: tuple[int, ...] | None = None
    own: tuple[tuple[int, FeatureSet | None], ...] = ()

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return self.common.ndim

    def of(self, n_channels: int) -> ChannelFeatures:
        """The features of an image of `n_channels`. What is said about channels beyond them does not matter.

        Raises
        ------
        ValueError
            If a channel is to be used that there is not, or if no features are left.
        """
        channels = range(n_channels) if self.channels is None else self.channels
        if max(channels, default=0) >= n_channels:
            raise ValueError(
                f"channels to train on must be among the {n_channels} of the images; others are chosen. "
                "Choose again which channels are used."
            )
        own = dict(self.own)
        chosen = tuple(
            own.get(channel, self.common) if channel in channels else None
            for channel in range(n_channels)
        )
        if not any(features is not None for features in chosen):
            raise ValueError(
                "at least one channel that is used must have features; none has. Choose some."
            )
        return ChannelFeatures(chosen)
