"""What a session is told to do: features, classes, outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from psygnal import Signal

from napari_pixclass.core import OUTPUTS, ClassInfo, FeatureSet, Output, default_class

MAX_NEW_CLASSES = 32
"""Labels with more values that are no classes yet are objects that somebody has segmented, not scribbles."""


class Choices:
    """Features, classes and outputs, and signals for their changes."""

    features_changed = Signal(object)
    classes_changed = Signal()
    outputs_changed = Signal()

    def __init__(self) -> None:
        self._features: FeatureSet | None = FeatureSet.default(2)
        self._features_chosen = False
        self._classes = [default_class(1), default_class(2)]
        self._found: set[int] = set()
        self._outputs: frozenset[Output] = frozenset(OUTPUTS)

    @property
    def features(self) -> FeatureSet | None:
        """The features that the next training uses; None if none are chosen."""
        return self._features

    @features.setter
    def features(self, features: FeatureSet | None) -> None:
        if not isinstance(features, FeatureSet | None):
            raise TypeError(
                f"features must be a FeatureSet; got {type(features).__name__}. Example: FeatureSet.default(2)."
            )
        self._features_chosen = True
        if features != self._features:
            self._set_features(features)
            self._update_live()

    def preset_features(self, features: FeatureSet) -> None:
        """Use `features` unless some have been chosen, loaded or trained with already."""
        if not self._features_chosen and features != self._features:
            self._set_features(features)

    def _set_features(self, features: FeatureSet | None) -> None:
        self._features = features
        self.features_changed.emit(features)

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """Value, name and colour of each class that can be painted, in the order of the user."""
        return tuple(self._classes)

    @classes.setter
    def classes(self, classes: Iterable[ClassInfo]) -> None:
        chosen = list(classes)
        if not all(isinstance(info, ClassInfo) for info in chosen):
            raise TypeError(f"classes must be ClassInfo objects; got {chosen!r}.")
        if len({info.value for info in chosen}) < len(chosen):
            raise ValueError(
                f"each class must have a value of its own; got {[info.value for info in chosen]}."
            )
        self._on_classes_chosen(chosen)
        self._set_classes(chosen)

    def _set_classes(self, chosen: list[ClassInfo]) -> None:
        if chosen == self._classes:
            return
        self._classes = chosen
        self._rename_classes({info.value: info for info in chosen})
        self.classes_changed.emit()

    def add_class(self, name: str | None = None, color: str | None = None) -> ClassInfo:
        """Add a class with the next free value."""
        taken = {info.value for info in self._classes} | self._reserved_values
        added = default_class(max(taken, default=0) + 1)
        added = replace(added, name=name or added.name, color=color or added.color)
        self.classes = (*self._classes, added)
        return added

    def change_class(
        self, value: int, *, name: str | None = None, color: str | None = None
    ) -> None:
        """Rename or recolour a class."""
        self.classes = [
            replace(info, name=name or info.name, color=color or info.color)
            if info.value == value
            else info
            for info in self._classes
        ]

    def _add_missing_classes(self, counts: Mapping[int, int]) -> None:
        """Have a class for each value that is painted; `counts` are pixels of each."""
        known = [info.value for info in self._classes]
        missing = set(counts) - set(known)
        if 0 < len(missing) <= MAX_NEW_CLASSES:
            self._found |= missing
            classes = [*self._classes, *map(default_class, sorted(missing))]
            if known == sorted(known):  # nobody has put them in another order
                classes.sort(key=lambda info: info.value)
            self.classes = classes

    def _drop_unpainted_classes(self, painted: Collection[int]) -> None:
        """Drop the classes that only came with labels which are gone, and that nobody has named since."""
        gone = {value for value in self._found if value not in painted}
        self._found -= gone
        self.classes = [
            info
            for info in self._classes
            if info.value not in gone or info != default_class(info.value)
        ]

    @property
    def outputs(self) -> frozenset[Output]:
        """What the next prediction gives."""
        return self._outputs

    @outputs.setter
    def outputs(self, outputs: Collection[Output]) -> None:
        unknown = set(outputs) - set(OUTPUTS)
        if unknown:
            raise ValueError(
                f"outputs are {', '.join(OUTPUTS)}; got {', '.join(sorted(map(str, unknown)))}."
            )
        if frozenset(outputs) != self._outputs:
            self._outputs = frozenset(outputs)
            self.outputs_changed.emit()

    @property
    def sharpness(self) -> float:
        """The power to which probabilities are raised; see `PixelClassifier.calibrated`."""
        return 1.0

    def _adopt_sharpness(self, sharpness: float) -> None:
        """Hook: a classifier is used whose probabilities are raised to this power."""

    @property
    def _reserved_values(self) -> set[int]:
        """Hook: values that new classes do not get, although no class has them."""
        return set()

    def _on_classes_chosen(self, chosen: Iterable[ClassInfo]) -> None:
        """Hook: somebody has said which classes there are."""

    def _rename_classes(self, known: dict[int, ClassInfo]) -> None:
        """Hook of the session: the classifier's class table follows."""

    def _update_live(self) -> None:
        """Hook of the session: live update follows."""
