"""What is tried on the labels of a session: forests that do not know all of them, and small sets of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from napari_pixclass.core import (
    ArrayLike,
    Candidates,
    ClassInfo,
    CrossValidation,
    FeatureSuggestions,
    LabelledPixels,
    SampleCache,
    Steps,
    cross_validation_steps,
    suggestion_steps,
)
from napari_pixclass.io import in_blocks

from ._training import Training


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """Images, labels and settings as they were when it was asked for; used in a background thread.

    Attributes
    ----------
    training
        What a training would be made from.
    labels
        Of each of its images.
    classes
        Names and colours of classes.
    cache
        Features that were computed for earlier trials.
    """

    training: Training
    labels: Sequence[LabelledPixels | ArrayLike]
    classes: tuple[ClassInfo, ...]
    cache: SampleCache

    def validation_steps(self, **options: Any) -> Steps[CrossValidation]:
        """Cross-validate the classifier that a training would give."""
        return cross_validation_steps(self.training.untrained(), **self._arguments, **options)

    def suggestion_steps(self, **options: Any) -> Steps[FeatureSuggestions]:
        """Try sets of features, among them the one that is chosen."""
        candidates = Candidates.beside(self.training.channel_features)
        return suggestion_steps(
            features=candidates.features.channels,
            current=candidates.current,
            n_jobs=self.training.n_jobs,
            **self._arguments,
            **options,
        )

    @property
    def _arguments(self) -> dict[str, Any]:
        return {
            **self.training.arguments,
            "labels": list(map(in_blocks, self.labels)),
            "classes": self.classes,
            "cache": self.cache,
        }
