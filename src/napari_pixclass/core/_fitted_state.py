"""What a trained classifier knows, whether it was trained here or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ._channel_features import ChannelFeatures, Features
from ._classes import ClassInfo
from ._forest import ForestArrays
from ._predict import BlockPredictor
from ._scales import valid_spacing
from ._sharpening import valid_sharpness


@dataclass(frozen=True, slots=True)
class FittedState:
    """All that training found out. Made whole, then assigned at once: a failed or cancelled fit leaves the old one."""

    features: ChannelFeatures
    channel_axis: int | None
    spacing: tuple[float, ...]
    classes: npt.NDArray[np.integer[Any]]
    n_samples: tuple[int, ...]
    forest: ForestArrays | None
    predictor: BlockPredictor
    sharpness: float = 1.0

    def calibrated(self, sharpness: float) -> FittedState:
        """The same with another sharpness; see `PixelClassifier.calibrated`."""
        value = valid_sharpness(sharpness)
        return replace(self, predictor=self.predictor.calibrated(value), sharpness=value)

    @property
    def n_channels(self) -> int:
        return self.features.n_channels


def state_of_forest(
    forest: ForestArrays,
    features: Features,
    classes: Sequence[ClassInfo],
    n_channels: int,
    channel_axis: int | None,
    spacing: Sequence[float] | None,
    n_samples: Sequence[int] | None,
) -> FittedState:
    """State of a classifier whose forest was trained elsewhere; see `PixelClassifier.from_forest`."""
    chosen = ChannelFeatures.of(features, n_channels)
    values = [info.value for info in classes]
    if values != sorted(set(values)) or len(values) != forest.n_classes:
        raise ValueError(
            f"classes must be the forest's {forest.n_classes}, by ascending value; got {values[:20]}."
        )
    if chosen.n_features != forest.n_features:
        raise ValueError(
            f"features must be the forest's {forest.n_features}; got {chosen.n_features} for images with "
            f"{n_channels} channels."
        )
    counts = (0,) * len(values) if n_samples is None else tuple(map(int, n_samples))
    if len(counts) != len(values) or min(counts) < 0:
        raise ValueError(
            f"n_samples must be one count, 0 or more, for each of the {len(values)} classes; got {counts[:20]}."
        )
    sizes = valid_spacing(spacing, chosen.ndim)
    return FittedState(
        chosen,
        channel_axis,
        sizes,
        np.array(values, dtype=np.min_scalar_type(values[-1])),
        counts,
        forest,
        BlockPredictor.from_forest(forest, chosen, sizes),
    )
