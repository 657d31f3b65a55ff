"""Training for the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import (
    ArrayLike,
    ChannelFeatures,
    ChosenFeatures,
    LabelledPixels,
    SampleCache,
    Steps,
    resolve_axes,
    valid_spacing,
)

from ._sources import Snapshot, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier


@dataclass(frozen=True, eq=False, slots=True)
class Training:
    """What a training needs, taken in the thread of the session; it may happen in any other.

    Attributes
    ----------
    images
        The images to train on.
    features
        What is chosen.
    n_estimators, random_state, n_jobs
        As for `PixelClassifier`.
    sharpness
        Asked in any thread: the power to which probabilities are to be raised at this moment.
    """

    images: Sequence[Snapshot]
    features: ChosenFeatures
    n_estimators: int
    random_state: int | None
    n_jobs: int | None
    sharpness: Callable[[], float]

    @property
    def channel_features(self) -> ChannelFeatures:
        """The features of the images, which have the same number of channels."""
        first = self.images[0]
        axes = resolve_axes(first.data.shape, self.features.ndim, first.channel_axis)
        return self.features.of(axes.n_channels)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Spacing of the first image, which holds for images that have none."""
        return valid_spacing(spacing_of(self.images[0], self.features.ndim), self.features.ndim)

    def steps(
        self, labels: Sequence[LabelledPixels | ArrayLike], cache: SampleCache
    ) -> Steps[PixelClassifier]:
        """Train with these labels of the images."""
        new = self.untrained()
        yield from new.fit_steps(labels=list(labels), cache=cache, **self.arguments)
        return new.calibrated(self.sharpness())

    def untrained(self) -> PixelClassifier:
        """The classifier before its training."""
        from napari_pixclass.classifier import PixelClassifier  # takes a while, the first time

        features = self.channel_features.plain
        return PixelClassifier(features, self.n_estimators, self.random_state, self.n_jobs)

    @property
    def arguments(self) -> dict[str, Any]:
        """The images as `PixelClassifier.fit` takes them."""
        return {
            "image": [image.data for image in self.images],
            "channel_axis": self.images[0].channel_axis,
            "spacing": [spacing_of(image, self.features.ndim) for image in self.images],
        }
