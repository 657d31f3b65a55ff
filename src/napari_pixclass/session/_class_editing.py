"""Deleting, merging, ordering and hiding classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from psygnal import Signal

from napari_pixclass.core import ClassInfo, LabelledPixels, SparseLabels
from napari_pixclass.io import labelled_pixels

from ._choices import Choices
from ._sources import Pair, Positions

QUICK_BYTES = 8_000_000
"""Labels up to this size are searched in a few milliseconds; of larger ones we believe what was seen last."""


@dataclass(frozen=True, slots=True)
class _Deleted:
    """A class that was deleted: its labels can be brought back by undo, and it with them."""

    info: ClassInfo
    row: int
    n_pixels: int


class ClassEditing(Choices):
    """What can be done to classes that have been painted.

    Values never change: a class that is moved, renamed or shown in another colour keeps the value it is painted with,
    and the gap that a deleted one leaves stays open. A trained classifier stays as it is until the next training.
    """

    hidden_classes_changed = Signal()
    class_removed = Signal(int, int)
    """Value of a class that was deleted or merged, and of the one to paint with instead."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: frozenset[int] = frozenset()
        self._deleted: dict[int, _Deleted] = {}

    @property
    def hidden_classes(self) -> frozenset[int]:
        """Values of the classes whose probability is not shown."""
        return self._hidden & {info.value for info in self._classes}

    @hidden_classes.setter
    def hidden_classes(self, values: Iterable[int]) -> None:
        hidden = frozenset(values)
        for value in hidden:
            self._row_of(value)
        if hidden != self.hidden_classes:
            self._hidden = hidden
            self.hidden_classes_changed.emit()

    def move_class(self, value: int, position: int) -> None:
        """Have a class at another place, 0 or more, in the order of the classes; its value stays."""
        row = self._row_of(value)
        if not 0 <= position < len(self._classes):
            raise ValueError(
                f"the place of a class must be 0 to {len(self._classes) - 1}; got {position}."
            )
        moved = list(self._classes)
        moved.insert(position, moved.pop(row))
        self._set_classes(moved)

    def delete_class(self, value: int) -> int:
        """Erase the labels of a class, everywhere, and drop it.

        Undo in a labels layer brings its labels back, and they bring the class back.

        Returns
        -------
        int
            Number of pixels that have been erased.

        Raises
        ------
        ValueError
            If there is no such class, or no other one, or labels that hold it cannot be changed: then nothing is.
        """
        row = self._row_of(value)
        if len(self._classes) == 1:
            raise ValueError(
                f"at least one class must remain; {self._classes[row].name!r} is the last one. Add another one first."
            )
        return self._dissolve(row, 0, self._neighbour(row))

    def merge_classes(self, value: int, into: int) -> int:
        """Make the labels of a class those of another one, everywhere, and drop it.

        Returns
        -------
        int
            Number of pixels that now belong to the other class.

        Raises
        ------
        ValueError
            If one of the classes does not exist, both are the same, or labels cannot be changed: then nothing is.
        """
        row = self._row_of(value)
        target = self._classes[self._row_of(into)]
        if value == into:
            raise ValueError(
                f"a class cannot be merged into itself; got {target.name!r} twice. Choose another one."
            )
        return self._dissolve(row, into, into)

    def _dissolve(self, row: int, new: int, heir: int) -> int:
        """Drop the class in a row, whose labels become `new`."""
        info = self._classes[row]
        n_pixels = self._relabel(info.value, new)
        # Nobody is to see the old labels of some and the new ones of others.
        for pair in self.pairs:
            seen = self.labelled(pair)
            if seen is not None and (seen.values == info.value).any():
                self._learn_labels(pair, _replaced(seen, info.value, new))
        self._deleted[info.value] = _Deleted(info, row, n_pixels)
        self._found.discard(info.value)
        self._drop(row, heir)
        self._tell_counts()
        self.labels_changed()
        return n_pixels

    def _drop(self, row: int, heir: int) -> None:
        dropped = self._classes[row]
        self._set_classes([info for info in self._classes if info is not dropped])
        self.class_removed.emit(dropped.value, heir)

    def _neighbour(self, row: int) -> int:
        """Value of the class that moves up into a row which becomes free, or of the last one."""
        return self._classes[row + 1 if row + 1 < len(self._classes) else row - 1].value

    def _relabel(self, old: int, new: int) -> int:
        """Replace a value in the labels of all pairs, or in none."""
        pairs = {pair.labels: pair for pair in self.pairs}  # several may have the same labels
        places = {labels: self._places(pair, old) for labels, pair in pairs.items()}
        places = {labels: found for labels, found in places.items() if len(found)}
        for labels in places:
            problem = labels.refusal(new)
            if problem:
                raise ValueError(problem)
        return sum(labels.replace_value(old, new, found) for labels, found in places.items())

    def _places(self, pair: Pair, value: int) -> Positions:
        """Where the labels of a pair hold a value."""
        data, shape = pair.labels.data, pair.labels.shape
        seen = self.labelled(pair)
        is_quick = isinstance(data, np.ndarray | SparseLabels) and data.nbytes <= QUICK_BYTES
        if is_quick or seen is None or seen.shape != shape:
            seen = labelled_pixels(data)
        return seen.positions[seen.values == value]

    def _row_of(self, value: int) -> int:
        values = [info.value for info in self._classes]
        if value not in values:
            raise ValueError(f"the class must be one of {values}; got {value}.")
        return values.index(value)

    # Labels that come back --------------------------------------------------------------------------------------------

    @property
    def _reserved_values(self) -> set[int]:
        # Labels that come back must not become those of another class.
        return {value for value, deleted in self._deleted.items() if deleted.n_pixels}

    def _on_classes_chosen(self, chosen: Iterable[ClassInfo]) -> None:
        for info in chosen:
            self._deleted.pop(info.value, None)

    def _add_missing_classes(self, counts: Mapping[int, int]) -> None:
        self._follow_undo(counts)
        super()._add_missing_classes(counts)

    def _follow_undo(self, counts: Mapping[int, int]) -> None:
        """Have a deleted class exactly as long as its labels are back; for good once it has been painted again."""
        for value, deleted in list(self._deleted.items()):
            rows = [row for row, info in enumerate(self._classes) if info.value == value]
            if value in counts and not rows:
                classes = list(self._classes)
                classes.insert(deleted.row, deleted.info)
                self._set_classes(classes)
            elif value not in counts and rows and len(self._classes) > 1:
                self._drop(rows[0], self._neighbour(rows[0]))
            if counts.get(value, 0) > deleted.n_pixels:
                del self._deleted[value]

    # Hooks of the session ---------------------------------------------------------------------------------------------

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The images to train on, with their labels."""
        return ()

    def labelled(self, pair: Pair) -> LabelledPixels | None:
        """The labelled pixels of a pair as they were seen last; None where nobody has looked."""
        return None

    def labels_changed(self) -> None:
        """Say that labels may have been painted, erased or undone."""

    def _learn_labels(self, pair: Pair, labelled: LabelledPixels) -> None:
        """Take over what a pair's labels are now."""

    def _tell_counts(self) -> None:
        """Say that other labels are counted than before."""


def _replaced(labelled: LabelledPixels, old: int, new: int) -> LabelledPixels:
    """Labelled pixels with another value instead of one, 0 for none."""
    values = np.where(labelled.values == old, np.array(new, labelled.values.dtype), labelled.values)
    kept = values > 0
    return LabelledPixels(labelled.positions[kept], values[kept], labelled.shape)
