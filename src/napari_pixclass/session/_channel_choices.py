"""Which channels are used, and which have features of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from napari_pixclass.core import ChannelFeatures, ChosenFeatures, FeatureSet

from ._class_editing import ClassEditing


class ChannelChoices(ClassEditing):
    """What is said about single channels, counted from 0; by default nothing: all are used with the same features.

    `features_changed` tells of changes here as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self._channels: tuple[int, ...] | None = None
        self._channel_features: dict[int, FeatureSet | None] = {}

    @property
    def channels(self) -> tuple[int, ...] | None:
        """The channels that the next training uses; None for all of them."""
        return self._channels

    @channels.setter
    def channels(self, channels: Iterable[int] | None) -> None:
        chosen = None if channels is None else _checked_channels(channels)
        if chosen != self._channels:
            self._channels = chosen
            self._tell_features()

    @property
    def channel_features(self) -> dict[int, FeatureSet | None]:
        """Features of the channels that have their own instead of `features`; None: it has none and is not used."""
        return dict(self._channel_features)

    @channel_features.setter
    def channel_features(self, features: Mapping[int, FeatureSet | None]) -> None:
        if not isinstance(features, Mapping):
            raise TypeError(
                f"channel_features must map channels to feature sets; got {features!r}. "
                "Example: {0: FeatureSet.fast(2)}."
            )
        _checked_channels(features)
        chosen = {int(channel): own for channel, own in features.items()}
        ndim = None if self._features is None else self._features.ndim
        for own in chosen.values():
            if not isinstance(own, FeatureSet | None):
                raise TypeError(f"features of a channel must be a FeatureSet or None; got {own!r}.")
            if own is not None and ndim is not None and own.ndim != ndim:
                raise ValueError(
                    f"features of a channel must have the ndim of the others, {ndim}; got {own.ndim}. "
                    "Set features first."
                )
        if chosen != self._channel_features:
            self._channel_features = chosen
            self._tell_features()

    def features_of(self, channel: int) -> FeatureSet | None:
        """The features of a channel if it is used: its own, or those of all."""
        return self._channel_features.get(channel, self._features)

    def choose_features(
        self, features: FeatureSet | None, own: Mapping[int, FeatureSet | None]
    ) -> None:
        """Choose `features`, and those of the channels that have their own, at once."""
        self._channel_features = dict(own)
        self._features_chosen = True
        self._set_features(features)
        self._update_live()

    @property
    def chosen_features(self) -> ChosenFeatures | None:
        """All that is chosen; None where `features` is."""
        if self._features is None:
            return None
        own = tuple(sorted(self._channel_features.items(), key=lambda item: item[0]))
        return ChosenFeatures(self._features, self._channels, own)

    def _tell_features(self) -> None:
        self._features_chosen = True
        self.features_changed.emit(self._features)
        self._update_live()

    def _set_features(self, features: FeatureSet | None) -> None:
        if features is not None:  # 2D and 3D do not mix
            self._channel_features = {
                channel: None if own is None else replace(own, ndim=features.ndim)
                for channel, own in self._channel_features.items()
            }
        super()._set_features(features)

    def _adopt_features(self, features: ChannelFeatures) -> None:
        """Choose what a classifier was trained with."""
        used = {channel: own for channel, _, own in features.used()}
        ((most_common, _),) = Counter(used.values()).most_common(1)
        self._channels = tuple(used) if len(used) < features.n_channels else None
        self._channel_features = {
            channel: own for channel, own in used.items() if own != most_common
        }
        self._set_features(most_common)


def _checked_channels(channels: Iterable[int]) -> tuple[int, ...]:
    chosen: list[Any] = list(channels)
    is_whole = [
        isinstance(channel, int | np.integer) and not isinstance(channel, bool) and channel >= 0
        for channel in chosen
    ]
    if not all(is_whole):
        raise ValueError(f"channels must be whole numbers from 0; got {chosen!r}.")
    return tuple(sorted({int(channel) for channel in chosen}))
