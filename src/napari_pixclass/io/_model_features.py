"""The features of all channels in the description of a model.

Where all channels have the same features, as in every file of format version 1::

    "features": {feature set}, "n_channels": 3

Where they differ, since format version 2, every feature set stands there once, and each channel has the place of its
own in their list, or null if it is not used::

    "features": [{feature set}, {feature set}], "n_channels": 3, "feature_set_of_channel": [0, null, 1]

Since format version 3 the dialect of a feature set may be another one than ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_pixclass.core import ChannelFeatures, FeatureSet

from ._archive import ModelFileError
from ._json_values import JsonValues

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FEATURES_PER_CHANNEL = 2_000

MAX_FEATURES_OF_MODEL = 20_000
"""Most features of all channels together."""


def features_header(features: ChannelFeatures) -> Mapping[str, Any]:
    """The entries that `read_features` reads back."""
    if features.common is not None:
        return {"features": features.common.to_dict(), "n_channels": features.n_channels}
    sets = list(dict.fromkeys(chosen for chosen in features.channels if chosen is not None))
    places = {chosen: place for place, chosen in enumerate(sets)}
    return {
        "features": [chosen.to_dict() for chosen in sets],
        "n_channels": features.n_channels,
        "feature_set_of_channel": [
            None if chosen is None else places[chosen] for chosen in features.channels
        ],
    }


def read_features(values: JsonValues, format_version: int) -> ChannelFeatures:
    """The features in a description.

    Raises
    ------
    ModelFileError
        If they are missing, of a wrong type, or impossible.
    """
    n_channels = values.whole("n_channels", 1, MAX_FEATURES_OF_MODEL)
    if format_version == 1 or isinstance(values.get("features", object), dict):
        common = read_feature_set(values.get("features", dict))
        if n_channels * len(common) > MAX_FEATURES_OF_MODEL:
            raise ModelFileError(f"it has more than {MAX_FEATURES_OF_MODEL} features")
        return ChannelFeatures.of(common, n_channels)
    sets = [read_feature_set(item) for item in values.get("features", list)]
    places = values.get("feature_set_of_channel", list)
    if len(places) != n_channels:
        raise ModelFileError("it does not say for every channel what its features are")
    channels = tuple(_at(place, sets) for place in places)
    try:
        features = ChannelFeatures(channels)
    except ValueError as error:
        raise _unusable(str(error)) from error
    if features.n_features > MAX_FEATURES_OF_MODEL:
        raise ModelFileError(f"it has more than {MAX_FEATURES_OF_MODEL} features")
    return features


def _at(place: object, sets: list[FeatureSet]) -> FeatureSet | None:
    if place is None:
        return None
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(sets):
        raise ModelFileError("a channel in it has features that are not there")
    return sets[place]


def read_feature_set(values: object) -> FeatureSet:
    """One set of features, from what `FeatureSet.to_dict` gives.

    Raises
    ------
    FileContentError
        If it is something else.
    """
    checked = JsonValues(values, "the features")
    checked.whole("ndim", 2, 3)
    try:
        features = FeatureSet.from_dict(checked.all())
    except (KeyError, AttributeError, TypeError, ValueError, OverflowError) as error:
        reason = str(error) if isinstance(error, ValueError) else "wrong values"
        raise _unusable(reason) from error
    if len(features) > MAX_FEATURES_PER_CHANNEL:
        raise ModelFileError(f"it has more than {MAX_FEATURES_PER_CHANNEL} features per channel")
    return features


def _unusable(reason: str) -> ModelFileError:
    return ModelFileError(f"its feature set cannot be used ({reason.rstrip('.')})")
