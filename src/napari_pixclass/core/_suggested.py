"""Small sets of features to choose from: what each holds, how good it is and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._families import FAMILY_OF
from ._score_table import aligned, or_none

if TYPE_CHECKING:
    from ._cross_validated import CrossValidation
    from ._features import FeatureSet

WORSE = 0.02
"""A set whose stroke-wise error is greater than that of all features by more than this is not recommended."""

AGREEING = 0.9
"""Least agreement of a recommended set with all features."""


@dataclass(frozen=True, slots=True, eq=False)
class SuggestedFeatures:
    """A set of features and what it is worth.

    Attributes
    ----------
    method
        How it was chosen: ``"all"`` (not at all), ``"current"`` (given), ``"importance"``, ``"information"`` or
        ``"forward"``.
    features
        The set.
    quality
        Cross-validation of a forest with it. Its ``stroke_error`` is the share of left-out labels that were given
        another class.
    agreement
        Mean IoU with what all features make of whole images.
    seconds_per_megapixel
        Measured time of a prediction on one thread, features included.
    """

    method: str
    features: FeatureSet
    quality: CrossValidation
    agreement: float
    seconds_per_megapixel: float

    def words(self) -> Iterator[str]:
        """The set in words, a line for each family."""
        for family, sigmas in self.features.selection:
            yield f"{FAMILY_OF[family].title}: {', '.join(f'{sigma:g}' for sigma in sigmas)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``features`` are those of `FeatureSet.to_dict`."""
        return {
            "method": self.method,
            "n_features": len(self.features),
            "features": self.features.to_dict(),
            "stroke_error": or_none(self.quality.stroke_error),
            "mean_iou": or_none(self.quality.mean_iou),
            "agreement": self.agreement,
            "seconds_per_megapixel": self.seconds_per_megapixel,
        }


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSuggestions:
    """All sets that were tried.

    Attributes
    ----------
    sets
        First all features, then the current and the suggested ones, the smallest first.
    """

    sets: tuple[SuggestedFeatures, ...]

    @property
    def all_features(self) -> SuggestedFeatures:
        """What the others were chosen from."""
        return self.sets[0]

    @property
    def recommended(self) -> SuggestedFeatures:
        """The fastest of the sets that agree with all features and are hardly worse; all features, if there is none."""
        whole = self.all_features
        good = [
            item
            for item in self.sets
            if item.quality.stroke_error <= whole.quality.stroke_error + WORSE
            and item.agreement >= AGREEING
        ]
        return min(good, key=lambda item: item.seconds_per_megapixel, default=whole)

    def speed_up(self, item: SuggestedFeatures) -> float:
        """How many times faster a set is than all features."""
        return self.all_features.seconds_per_megapixel / item.seconds_per_megapixel

    def table(self) -> str:
        """All sets as text, for people; the recommended one is marked and listed."""
        best = self.recommended
        header = ["  method", "features", "stroke error", "agrees", "s/Mpixel", "faster"]
        rows = [
            [
                f"{'*' if item is best else ' '} {item.method}",
                str(len(item.features)),
                f"{item.quality.stroke_error:.3f}",
                f"{item.agreement:.3f}",
                f"{item.seconds_per_megapixel:.3f}",
                f"{self.speed_up(item):.1f}x",
            ]
            for item in self.sets
        ]
        notes = [note for note in best.quality.notes if "rest on" in note or "rests on" in note]
        return "\n".join(
            [
                *aligned([header, *rows]),
                "",
                "stroke error: share of left-out labels given another class. agrees: mean IoU with the",
                "segmentation by all features. Times are of one thread.",
                "",
                f"* recommended, {len(best.features)} features with their sigmas:",
                *(f"  {line}" for line in best.words()),
                *([""] if notes else []),
                *(f"note: {note}" for note in notes),
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """All figures for other programs, ready for JSON."""
        return {
            "recommended": self.sets.index(self.recommended),
            "sets": [item.to_dict() for item in self.sets],
        }
