"""What an import changes in the labels that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from ._labelled import LabelledPixels

ImportMode = Literal["add", "fill", "replace"]
"""Imported labels win over what is painted; they go only where nothing is; all that is painted is erased before."""

IMPORT_MODES: tuple[ImportMode, ...] = get_args(ImportMode)


@dataclass(frozen=True, eq=False, slots=True)
class LabelChange:
    """What is to be changed in labels.

    Attributes
    ----------
    positions
        int64 (n,): pixels of the flattened labels, ascending; only those that really change.
    values
        (n,): what they become, 0 where something is erased.
    n_new, n_replaced, n_erased
        How many were not labelled before, become another class, are not labelled any more.
    """

    positions: npt.NDArray[np.int64]
    values: npt.NDArray[np.integer[Any]]
    n_new: int
    n_replaced: int
    n_erased: int

    def __len__(self) -> int:
        return len(self.positions)


def label_change(
    present: LabelledPixels, imported: LabelledPixels, mode: ImportMode = "add"
) -> LabelChange:
    """Find what has to be changed in labels for others to be imported.

    Parameters
    ----------
    present, imported
        Labels of the same shape.
    mode
        "add": imported labels win where something is painted. "fill": they go only where nothing is. "replace": what
        is painted is erased before.

    Raises
    ------
    ValueError
        If the shapes differ, or there is no such mode.
    """
    if present.shape != imported.shape:
        raise ValueError(
            f"imported labels must have the shape of those that are there, {present.shape}; got {imported.shape}. "
            "Place them first."
        )
    if mode not in IMPORT_MODES:
        raise ValueError(f"mode must be one of {', '.join(IMPORT_MODES)}; got {mode!r}.")
    before = _values_at(present, imported.positions)
    changes = before != imported.values
    if mode == "fill":
        changes &= before == 0
    positions, values = imported.positions[changes], imported.values[changes]
    n_new = int((before[changes] == 0).sum())
    erased = np.empty(0, dtype=np.int64)
    if mode == "replace":
        erased = np.setdiff1d(present.positions, imported.positions, assume_unique=True)
        positions = np.concatenate([positions, erased])
        values = np.concatenate([values, np.zeros(len(erased), values.dtype)])
        ascending = np.argsort(positions, kind="stable")
        positions, values = positions[ascending], values[ascending]
    return LabelChange(positions, values, n_new, int(changes.sum()) - n_new, len(erased))


def _values_at(
    labelled: LabelledPixels, positions: npt.NDArray[np.int64]
) -> npt.NDArray[np.integer[Any]]:
    """Class values at ascending positions, 0 where nothing is labelled."""
    found: npt.NDArray[Any] = np.zeros(len(positions), dtype=labelled.values.dtype)
    if len(labelled):
        at = np.minimum(np.searchsorted(labelled.positions, positions), len(labelled) - 1)
        is_there = labelled.positions[at] == positions
        found[is_there] = labelled.values[at[is_there]]
    return found
