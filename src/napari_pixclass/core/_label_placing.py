"""Labels made elsewhere at their place in an image, with the values that they are to have there.

They are read block by block, and only what is labelled is kept: neither labels nor image need fit into memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike
from ._label_axes import Order, check_order, fitting_orders
from ._labelled import LabelledPixels, LabelsInBlocks
from ._steps import Step, Steps, run_steps

AnyLabels = ArrayLike | LabelledPixels | LabelsInBlocks
ValueMapping = Mapping[int, int] | int | None
"""What values become: 0 is ignored, and so are values that are not listed. A number: all become this class."""

MAX_PLACED = 100_000_000
"""Most labelled pixels that are taken over: on their way each takes some 50 bytes."""

BLOCK_PIXELS = 2**22
"""Arrays are looked through in pieces of at most so many pixels, where one index along the first axis allows it."""

Values = npt.NDArray[np.integer[Any]]
Block = tuple[tuple[int, ...], Values]


@dataclass(frozen=True, eq=False, slots=True)
class PlacedLabels:
    """Labels at their place in an image.

    Attributes
    ----------
    labelled
        The labelled pixels of the image.
    n_outside
        Pixels that would lie outside the image, and are left out.
    n_ignored
        Pixels with values other than 0 that become nothing.
    """

    labelled: LabelledPixels
    n_outside: int
    n_ignored: int


def place_labels(
    labels: AnyLabels,
    shape: Sequence[int],
    *,
    order: Order | None = None,
    offset: Sequence[int] | None = None,
    mapping: ValueMapping = None,
    clip: bool = False,
) -> PlacedLabels:
    """Put labels to their place in an image.

    Parameters
    ----------
    labels
        Whole numbers, of any type, in an array, in blocks or as labelled pixels.
    shape
        Of the image without its channel axis.
    order
        For each axis of the image the axis of the labels that lies along it, or None where labels have no such axis
        and lie on one plane; see `fitting_orders`. By default as they are, along the last axes of the image.
    offset
        Where the first pixel of the labels lies along each axis of the image; may be negative. By default labels must
        have the lengths of the image.
    mapping
        What values become: class values, 0 for nothing. Values that are not listed become nothing. A single number is
        what all values but 0 become. By default values stay as they are; 0 and less is unlabelled.
    clip
        Leave out labelled pixels outside the image, which otherwise are an error.

    Raises
    ------
    ValueError
        If labels do not fit, a value is no whole number or becomes none, or there are more than `MAX_PLACED` pixels.
    """
    steps = placing_steps(labels, shape, order=order, offset=offset, mapping=mapping, clip=clip)
    return run_steps(steps)


def placing_steps(
    labels: AnyLabels,
    shape: Sequence[int],
    *,
    order: Order | None = None,
    offset: Sequence[int] | None = None,
    mapping: ValueMapping = None,
    clip: bool = False,
) -> Steps[PlacedLabels]:
    """`place_labels` in steps."""
    image_shape = tuple(int(length) for length in shape)
    order = _default_order(labels.shape, image_shape) if order is None else order
    order = check_order(order, labels.shape, len(image_shape))
    origin = _origin(labels.shape, image_shape, order, offset)
    mapping = _checked_mapping(mapping)
    needs_zeros = isinstance(mapping, Mapping) and bool(mapping.get(0))
    strides = np.cumprod((1, *image_shape[:0:-1]), dtype=np.int64)[::-1]
    found: list[tuple[npt.NDArray[np.int64], Values]] = []
    n_found = n_outside = n_ignored = 0
    total = _n_blocks(labels, needs_zeros)
    for done, (first, block) in enumerate(_blocks(labels, needs_zeros), start=1):
        where, values, ignored = _mapped(block, mapping)
        n_ignored += ignored
        position = np.zeros(len(values), dtype=np.int64)
        inside = np.ones(len(values), dtype=bool)
        for axis, start, length, stride in zip(order, origin, image_shape, strides, strict=True):
            at = np.int64(start) if axis is None else where[axis] + np.int64(start + first[axis])
            inside &= (at >= 0) & (at < length)
            position += at * stride
        n_outside += len(values) - int(inside.sum())
        found.append((position[inside], values[inside]))
        n_found += len(found[-1][1])
        if n_found > MAX_PLACED:
            raise ValueError(
                f"labels to import must be {MAX_PLACED:,} pixels at most; these are more. Ignore the values of the "
                "background, or import a part of them."
            )
        yield Step(min(done, total), total, "Placing the labels")
    if n_outside and not clip:
        raise ValueError(
            f"labels must lie within the image of shape {image_shape}; {n_outside:,} of their labelled pixels lie "
            "outside. Give another offset, or leave them out (clip)."
        )
    return PlacedLabels(_joined(found, image_shape), n_outside, n_ignored)


def count_values(labels: AnyLabels) -> dict[int, int]:
    """Number of pixels of each value, also of 0 and below, by ascending value.

    Raises
    ------
    ValueError
        If there is anything but whole numbers.
    """
    return run_steps(counting_steps(labels))


def counting_steps(labels: AnyLabels) -> Steps[dict[int, int]]:
    """`count_values` in steps."""
    counts: Counter[int] = Counter()
    total = _n_blocks(labels, False)
    for done, (_, block) in enumerate(_blocks(labels, False), start=1):
        values, _, numbers = _coded(block)
        counts.update(dict(zip(values, numbers.tolist(), strict=True)))
        yield Step(min(done, total), total, "Looking through the labels")
    n_unlabelled = math.prod(labels.shape) - sum(counts.values())
    if n_unlabelled:
        counts[0] += n_unlabelled
    return dict(sorted(counts.items()))


def _default_order(shape: Sequence[int], image_shape: Sequence[int]) -> Order:
    """As the labels are, along the last axes; where that is impossible the user must say it."""
    leading = len(image_shape) - len(shape)
    if leading >= 0:
        return (*[None] * leading, *range(len(shape)))
    orders = [o for o in fitting_orders(shape, image_shape) if None not in o]
    in_order = [o for o in orders if list(o) == sorted(a for a in o if a is not None)]
    if not in_order:
        raise ValueError(
            f"labels must not have more axes than the image of shape {tuple(image_shape)} without its channels; got "
            f"shape {tuple(shape)}. Give a part of them."
        )
    return in_order[0]


def _origin(
    shape: Sequence[int],
    image_shape: Sequence[int],
    order: Order,
    offset: Sequence[int] | None,
) -> tuple[int, ...]:
    if offset is not None:
        origin = tuple(int(start) for start in offset)
        if len(origin) != len(image_shape):
            raise ValueError(
                f"offset must be a whole number for each of the {len(image_shape)} axes of the image; got "
                f"{tuple(offset)}."
            )
        return origin
    lengths = tuple(1 if axis is None else shape[axis] for axis in order)
    if lengths == tuple(image_shape):
        return (0,) * len(image_shape)
    turned = [o for o in fitting_orders(shape, image_shape) if None not in o and o != order]
    exact = [
        o
        for o in turned
        if tuple(shape[axis] for axis in o if axis is not None) == tuple(image_shape)
    ]
    remedy = (
        f"In the order {exact[0]} of their axes they would fit."
        if exact
        else "Say with offset where their first pixel lies."
    )
    raise ValueError(
        f"labels must have the shape of the image without its channels, {tuple(image_shape)}; got {tuple(shape)}. "
        f"{remedy}"
    )


def _checked_mapping(mapping: ValueMapping) -> ValueMapping:
    results = mapping.values() if isinstance(mapping, Mapping) else [mapping]
    for result in results:
        is_number = isinstance(result, int | np.integer) and not isinstance(result, bool)
        if result is not None and (not is_number or not 0 <= int(result) < 2**62):
            raise ValueError(
                f"values must become class values of 1 or more, or 0 for nothing; got {result!r}."
            )
    if isinstance(mapping, Mapping):
        return {int(value): int(result) for value, result in mapping.items()}
    return mapping


def _mapped(
    block: Values, mapping: ValueMapping
) -> tuple[tuple[npt.NDArray[np.intp], ...], Values, int]:
    """Where a block is labelled and with what; and how many values other than 0 become nothing."""
    if mapping is None:
        where = np.nonzero(block > 0)
        return where, block[where], int((block < 0).sum())
    if not isinstance(mapping, Mapping):
        where = np.nonzero(block)
        if not mapping:
            return tuple(index[:0] for index in where), block[:0].reshape(-1), len(where[0])
        return where, np.full(len(where[0]), mapping, dtype=np.int64), 0
    values, codes, numbers = _coded(block)
    table = np.array([mapping.get(value, 0) for value in values], dtype=np.int64)
    new = table[codes]
    where = np.nonzero(new)
    n_ignored = sum(
        int(n)
        for value, result, n in zip(values, table, numbers, strict=True)
        if value and not result
    )
    return where, new[where], n_ignored


def _joined(
    found: Iterable[tuple[npt.NDArray[np.int64], Values]], shape: tuple[int, ...]
) -> LabelledPixels:
    parts = [part for part in found if len(part[1])]
    if not parts:
        return LabelledPixels(np.empty(0, np.int64), np.empty(0, np.uint8), shape)
    highest = max(int(values.max()) for _, values in parts)
    positions = np.concatenate([positions for positions, _ in parts])
    values = np.concatenate([v.astype(np.min_scalar_type(highest), copy=False) for _, v in parts])
    order = np.argsort(positions, kind="stable")
    return LabelledPixels(positions[order], values[order], shape)


def _blocks(labels: AnyLabels, all_of_it: bool) -> Iterator[Block]:
    """Pieces of labels with the index of their first pixel; where only those with labels are known, these."""
    if isinstance(labels, LabelsInBlocks) and not all_of_it:
        for first, block in labels.label_blocks():
            yield first, _whole_numbers(block)
        return
    array: Any = labels  # also blocks that can be indexed, such as sparse labels
    for first, shape in _pieces(labels.shape):
        if isinstance(labels, LabelledPixels):
            start = int(np.ravel_multi_index(first, labels.shape))
            begin, end = np.searchsorted(labels.positions, [start, start + math.prod(shape)])
            if begin < end or all_of_it:
                piece = np.zeros(shape, dtype=labels.values.dtype)
                piece.reshape(-1)[labels.positions[begin:end] - start] = labels.values[begin:end]
                yield first, piece
        else:
            region = tuple(slice(at, at + n) for at, n in zip(first, shape, strict=True))
            yield first, _whole_numbers(np.asarray(array[region]))


def _pieces(shape: Sequence[int]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """First pixel and shape of pieces of an array, each of which is one run of its flattened pixels."""
    split = 0
    while split < len(shape) - 1 and math.prod(shape[split + 1 :]) > BLOCK_PIXELS:
        split += 1
    rest = tuple(shape[split + 1 :])
    rows = max(1, BLOCK_PIXELS // max(1, math.prod(rest)))
    for index in np.ndindex(*shape[:split]):
        for start in range(0, shape[split], rows):
            n_rows = min(rows, shape[split] - start)
            yield (*index, start, *[0] * len(rest)), (*[1] * split, n_rows, *rest)


def _n_blocks(labels: AnyLabels, all_of_it: bool) -> int:
    """How many pieces there are; nobody knows it of blocks."""
    if isinstance(labels, LabelsInBlocks) and not all_of_it:
        return 1
    return max(1, sum(1 for _ in _pieces(labels.shape)))


def _coded(block: Values) -> tuple[list[int], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The values of a block, ascending, the code of each pixel, and the number of pixels of each."""
    if block.dtype in (np.uint8, np.uint16):  # ten times as fast as sorting
        numbers = np.bincount(block.reshape(-1))
        values = np.flatnonzero(numbers)
        table = np.zeros(len(numbers), dtype=np.intp)
        table[values] = np.arange(len(values))
        return values.tolist(), table[block], numbers[values]
    found, codes, numbers = np.unique(block, return_inverse=True, return_counts=True)
    return found.tolist(), codes.reshape(block.shape), numbers


def _whole_numbers(block: npt.NDArray[Any]) -> Values:
    if block.dtype.kind == "b":
        return block.astype(np.uint8)
    if block.dtype.kind == "f" and bool((np.isfinite(block) & (block == np.rint(block))).all()):
        return block.astype(np.int64)
    if block.dtype.kind not in "ui":
        raise ValueError(
            f"labels must be whole numbers; got {block.dtype.name}"
            + (" with fractions or NaN" if block.dtype.kind == "f" else "")
            + ". Round them first."
        )
    return block
