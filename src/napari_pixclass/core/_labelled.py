"""The labelled pixels of one image, without all those that nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from ._jit import njit


@runtime_checkable
class LabelsInBlocks(Protocol):
    """Labels that know where nothing is labelled, so that they need not be read there."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def label_blocks(self) -> Iterator[tuple[tuple[int, ...], npt.NDArray[Any]]]:
        """The first pixel of each block where something may be labelled, and its labels."""
        ...


@dataclass(frozen=True, eq=False)
class LabelledPixels:
    """Labels as scribbles are: few pixels of many.

    Equal to others of the same shape with the same class values at the same pixels.

    Attributes
    ----------
    positions
        int64 (n,): where the labelled pixels lie in the flattened labels, ascending.
    values
        (n,): their class values, 1 or more, of an integer type.
    shape
        Shape of the labels.
    """

    positions: npt.NDArray[np.int64]
    values: npt.NDArray[np.integer[Any]]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, labels: npt.NDArray[np.integer[Any]] | LabelsInBlocks) -> Self:
        """Find them in an array: 0 and less is unlabelled."""
        if not isinstance(labels, np.ndarray):
            return cls.of_blocks(labels.shape, labels.dtype, labels.label_blocks())
        flat = np.ascontiguousarray(labels).reshape(-1)
        positions = np.empty(_count(flat), dtype=np.int64)
        values: npt.NDArray[Any] = np.empty(len(positions), dtype=flat.dtype)
        found = _find(flat, positions, values)
        # Somebody may be painting on the array right now.
        return cls(positions[:found], values[:found], tuple(labels.shape))

    @classmethod
    def of_blocks(
        cls,
        shape: Sequence[int],
        dtype: npt.DTypeLike,
        blocks: Iterable[tuple[tuple[int, ...], npt.NDArray[np.integer[Any]]]],
    ) -> Self:
        """Find them in blocks that do not overlap, each with the index of its first pixel; all else is unlabelled."""
        whole = tuple(int(length) for length in shape)
        strides = np.cumprod((1, *whole[:0:-1]), dtype=np.int64)[::-1]
        positions = [np.empty(0, dtype=np.int64)]
        values: list[npt.NDArray[Any]] = [np.empty(0, dtype=dtype)]
        for first, block in blocks:
            found = cls.of(block)
            where = found.coordinates()
            position = np.full(len(found), int(np.dot(strides, first)), dtype=np.int64)
            for index, stride in zip(where, strides, strict=True):
                position += index * stride
            positions.append(position)
            values.append(found.values)
        joined = np.concatenate(positions)
        order = np.argsort(joined, kind="stable")
        return cls(joined[order], np.concatenate(values)[order], whole)

    def __len__(self) -> int:
        return len(self.positions)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LabelledPixels)
            and self.shape == other.shape
            and np.array_equal(self.positions, other.positions)
            and np.array_equal(self.values, other.values)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside

    @cached_property
    def counts(self) -> dict[int, int]:
        """Number of pixels of each class value."""
        values, counts = np.unique(self.values, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def coordinates(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Index of every labelled pixel along each axis of the labels."""
        return np.unravel_index(self.positions, self.shape)

    def to_array(self, dtype: npt.DTypeLike | None = None) -> npt.NDArray[np.integer[Any]]:
        """Labels as an array of `shape`."""
        array = np.zeros(self.shape, dtype=self.values.dtype if dtype is None else dtype)
        array.reshape(-1)[self.positions] = self.values
        return array


def with_positions(
    shape: Sequence[int], positions: npt.ArrayLike, values: npt.ArrayLike
) -> LabelledPixels:
    """Labelled pixels from a file or a script, put in order.

    Raises
    ------
    ValueError
        If positions and values are not equally many, a position is outside `shape` or given twice, or a value is
        less than 1.
    """
    where = np.asarray(positions, dtype=np.int64)
    what = np.asarray(values)
    size = int(np.prod(shape, dtype=np.int64))
    if where.ndim != 1 or where.shape != what.shape or what.dtype.kind not in "ui":
        raise ValueError(
            f"labelled pixels need a whole number for each position; got {where.shape} positions and "
            f"{what.shape} values of {what.dtype}."
        )
    if len(where) and not (where.min() >= 0 and where.max() < size):
        raise ValueError(
            f"positions must lie within labels of {size} pixels; got {where.min()} to {where.max()}."
        )
    if len(what) and what.min() < 1:
        raise ValueError(f"class values must be 1 or more; got {what.min()}.")
    order = np.argsort(where, kind="stable")
    where, what = where[order], what[order]
    if (np.diff(where) == 0).any():
        raise ValueError("each pixel can be labelled once only; some positions are given twice.")
    return LabelledPixels(where, what, tuple(int(length) for length in shape))


@njit
def _count(flat: npt.NDArray[np.integer[Any]]) -> int:
    n = 0
    for value in flat:
        if value > 0:
            n += 1
    return n


@njit
def _find(
    flat: npt.NDArray[np.integer[Any]],
    positions: npt.NDArray[np.int64],
    values: npt.NDArray[np.integer[Any]],
) -> int:
    found = 0
    for index in range(len(flat)):
        if flat[index] > 0 and found < len(positions):
            positions[found] = index
            values[found] = flat[index]
            found += 1
    return found
