"""Kernels of forest inference: a tile of 128 pixels walks down all trees at once.

The idea. A node of a tree is visited once per tile, not once per pixel: what travels is the node's
index and a set of pixels, one bit per pixel. A node compares one feature of all 128 pixels with its
threshold, which is a few vector instructions, and passes the set on in two parts; empty parts are
dropped. Nothing depends on the size or depth of a tree, and the smoother the image, the fewer nodes
a tile visits. (QuickScorer, Lucchese et al., SIGIR 2015, keeps a set of leaves per pixel; this is
the same idea turned round. It does not have to bound which nodes can be reached.)

1. `_load_whole_tile` copies the features of a tile next to each other.
2. `_split_sets` takes all trees one level down. It has no branch that depends on the image: a wrong
   guess of the processor would cost as much as a visit. Sets for inner nodes grow from the front of
   the next queue, sets that reached a leaf from its end. The sets of one tree are disjoint, so a
   queue of (number of trees) x 128 entries never overflows.
3. `_count_leaves` adds what the leaves say. A leaf of one class is a vote, counted in 8 bits per
   pixel; fractions are added in fixed point. Integers add up to the same sum in any order, so a
   pixel's probabilities do not depend on the tile or the block in which it lies.
4. `_write_tile` divides by the number of trees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from numba import types

from ._forest_program import LANES, NODE, UNIT, Program
from ._jit import njit, njit_for
from ._vectors import add_value, add_votes, copy_eight, greater

GROUP = 128
"""Trees that are walked together: their votes fit into 8 bits, their sums of fractions into 32."""

ENTRY = np.dtype([("node", np.int64), ("low", np.uint64), ("high", np.uint64)])
"""A set of pixels on its way: the next node (or ~leaf), and a bit for each pixel of the tile."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
RecordArray = npt.NDArray[Any]
Planes = npt.NDArray[np.float32]
Box = tuple[int, int, int]
Bits = tuple[np.uint64, np.uint64]
Range = tuple[int, int]
Queues = tuple[RecordArray, RecordArray]


class Sums(NamedTuple):
    """Sums of one tile, for each class and pixel; `result` is for the pixels of one class."""

    votes: npt.NDArray[np.uint8]
    fractions: npt.NDArray[np.int32]
    totals: npt.NDArray[np.float64]
    result: npt.NDArray[np.float32]


# Where an index is cast to an unsigned integer, numba leaves out its test for negative ones, which
# the innermost loops would feel.

_U = np.uint64
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@njit
def _aligned(n_bytes: int) -> npt.NDArray[np.uint8]:
    """Memory that begins with a cache line: vectors that straddle two of them cost twice."""
    memory = np.empty(n_bytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + n_bytes]


@njit
def _lanes_inside(extent: Box, shape: Box) -> Bits:
    """Set of those pixels of a tile that lie inside the block."""
    if extent == shape:
        return _ALL, _ALL
    low, high = _U(0), _U(0)
    for z in range(extent[0]):
        for y in range(extent[1]):
            for x in range(extent[2]):
                lane = (z * shape[1] + y) * shape[2] + x
                if lane < 64:
                    low |= _U(1) << _U(lane)
                else:
                    high |= _U(1) << _U(lane - 64)
    return low, high


@njit
def _load_whole_tile(
    planes: Planes, plane_of: IntArray, origin: Box, eights: IntArray, tile: FloatArray
) -> bool:
    """Copy the features of a tile; tell whether any is nan. `eights`: see `_offsets_of_eights`."""
    strides = planes.strides
    corner = origin[0] * strides[1] + origin[1] * strides[2] + origin[2] * strides[3]
    nans = np.uint8(0)
    for feature in range(len(plane_of)):
        offset = corner + plane_of[feature] * strides[0]
        for eight in range(LANES // 8):  # a fixed number, so that LLVM unrolls the loop
            start = feature * LANES + eight * 8
            nans |= copy_eight(planes, offset + eights[_U(eight)], tile, start)
    return bool(nans != 0)


@njit
def _load_part_of_tile(
    planes: Planes, plane_of: IntArray, origin: Box, extent: Box, shape: Box, tile: FloatArray
) -> bool:
    """Do the same at the block's edges, and where the last axis is not contiguous."""
    is_nan = False
    for feature in range(len(plane_of)):
        for z in range(extent[0]):
            for y in range(extent[1]):
                start = feature * LANES + (z * shape[1] + y) * shape[2]
                for x in range(extent[2]):
                    value = planes[plane_of[feature], origin[0] + z, origin[1] + y, origin[2] + x]
                    tile[start + x] = value
                    is_nan |= value != value
    return is_nan


@njit
def _offsets_of_eights(planes: Planes, shape: Box) -> IntArray:
    """Bytes from a tile's first pixel to the first of each 8 pixels (16,)."""
    offsets = np.empty(LANES // 8, np.int64)
    for eight in range(LANES // 8):
        row, x = divmod(eight * 8, shape[2])
        z, y = divmod(row, shape[1])
        offsets[eight] = z * planes.strides[1] + y * planes.strides[2] + x * planes.strides[3]
    return offsets


@njit
def _pass_on(
    child: np.int64, low: np.uint64, high: np.uint64, children: RecordArray, inner: int, leaf: int
) -> tuple[int, int]:
    """Append a set of pixels for a child to its end of the queue; return both ends.

    Written in any case, and overwritten by the next one if the set is empty.
    """
    target = children[_U(inner if child >= 0 else leaf)]
    target.node, target.low, target.high = child, low, high
    is_visited = int((low | high) != 0)
    is_leaf = int(child >> 63)  # the sign: -1, which is all bits, or 0
    return inner + (is_visited & ~is_leaf), leaf - (is_visited & is_leaf)


@njit
def _split_sets(
    nodes: RecordArray, tile: FloatArray, queue: RecordArray, n: int, children: RecordArray
) -> tuple[int, int]:
    """Take `n` sets of pixels one level down.

    Returns how many of the children are inner nodes, which stand at the front of `children`, and
    where those that are leaves begin, which stand at its end.
    """
    inner, leaf = 0, len(children) - 1
    for index in range(n):
        entry = queue[_U(index)]
        node = nodes[_U(entry.node)]
        start = np.intp(node.feature)
        low: np.uint64 = greater(tile, start, node.threshold)
        high: np.uint64 = greater(tile, start + 64, node.threshold)
        left, right = np.int64(node.left), np.int64(node.right)
        stay_low, stay_high = entry.low & ~low, entry.high & ~high
        inner, leaf = _pass_on(left, stay_low, stay_high, children, inner, leaf)
        low, high = entry.low & low, entry.high & high
        inner, leaf = _pass_on(right, low, high, children, inner, leaf)
    return inner, leaf + 1


@njit
def _count_leaves(program: Program, queue: RecordArray, first: int, sums: Sums) -> None:
    """Add what the leaves at the end of a queue say about the pixels that reached them."""
    for index in range(first, len(queue)):
        entry = queue[_U(index)]
        code = program.leaf_class[_U(~entry.node)]
        if code >= 0:
            add_votes(sums.votes, code * LANES, entry.low)
            add_votes(sums.votes, code * LANES + 64, entry.high)
            continue
        for share in range(program.mixture_start[~code], program.mixture_start[~code + 1]):
            start = program.share_class[share] * LANES
            value = program.share_value[share]
            add_value(sums.fractions, start, entry.low, value)
            add_value(sums.fractions, start + 64, entry.high, value)


@njit
def _walk_sets(
    program: Program, trees: Range, tile: FloatArray, inside: Bits, queues: Queues, sums: Sums
) -> None:
    """Walk all pixels of a tile down a group of trees, level by level."""
    queue, children = queues
    n, leaf = 0, len(queue)
    for tree in range(trees[0], trees[1]):
        root = program.roots[tree]
        if root >= 0:
            entry = queue[n]
            n += 1
        else:
            leaf -= 1
            entry = queue[leaf]
        entry.node = root
        entry.low, entry.high = inside
    _count_leaves(program, queue, leaf, sums)
    while n > 0:
        n, leaf = _split_sets(program.nodes, tile, queue, n, children)
        _count_leaves(program, children, leaf, sums)
        queue, children = children, queue


@njit
def _walk_pixels(
    program: Program, trees: Range, tile: FloatArray, inside: Bits, queues: Queues, sums: Sums
) -> None:
    """Do the same pixel by pixel, for a tile in which a value is nan."""
    queue = queues[0]
    leaf = len(queue)
    for lane in range(LANES):
        bit = inside[lane // 64] & (_U(1) << _U(lane % 64))
        for tree in range(trees[0], trees[1] if bit else trees[0]):
            number = np.int64(program.roots[tree])
            while number >= 0:
                node = program.nodes[number]
                value = tile[np.int64(node.feature) + lane]
                is_nan = value != value
                goes_right = program.nan_goes_right[number] if is_nan else value > node.threshold
                number = np.int64(node.right if goes_right else node.left)
            leaf -= 1
            entry = queue[leaf]
            entry.node = number
            entry.low, entry.high = (bit, _U(0)) if lane < 64 else (_U(0), bit)
    _count_leaves(program, queue, leaf, sums)


@njit
def _close_group(sums: Sums) -> None:
    """Move the sums of a group of trees to the totals, which hold whole numbers up to 2**53."""
    for lane in range(len(sums.totals)):
        sums.totals[lane] += np.int32(sums.votes[lane]) * np.int32(UNIT) + sums.fractions[lane]
    sums.votes[:] = 0
    sums.fractions[:] = 0


@njit
def _write_tile(
    sums: Sums, n_trees: int, origin: Box, extent: Box, shape: Box, out: Planes
) -> None:
    """Divide the totals by the number of trees; write the part of the tile inside the block."""
    scale = 1.0 / (n_trees * UNIT)
    result = sums.result
    for c in range(out.shape[0]):
        for lane in range(LANES):
            result[lane] = sums.totals[c * LANES + lane] * scale
        for z in range(extent[0]):
            for y in range(extent[1]):
                start = (z * shape[1] + y) * shape[2]
                for x in range(extent[2]):
                    out[c, origin[0] + z, origin[1] + y, origin[2] + x] = result[start + x]


def _argument_types() -> tuple[Any, ...]:
    """Of `predict_tiles`: planes of any memory layout."""
    typeof: Callable[..., Any] = numba.typeof
    dtypes = (np.int64, np.int32, NODE, np.bool_, np.int32, np.int32, np.int32, np.int32)
    program = Program._make([*(np.empty(0, dtype) for dtype in dtypes), 0])
    planes = types.Array(types.float32, 4, "A", readonly=True, aligned=False)
    out = types.Array(types.float32, 4, "A", aligned=False)
    return typeof(program), planes, typeof((0, 0, 0)), out


@njit_for(*_argument_types())
def predict_tiles(program: Program, planes: Planes, shape: Box, out: Planes) -> None:
    """Write the probabilities of all pixels, tile by tile.

    Parameters
    ----------
    program
        The forest. Its indices are followed without checks.
    planes : array of float32, shape (n_planes, Z, Y, X)
        Features.
    shape
        Shape of a tile, 128 pixels; the last axis a multiple of 8.
    out : array of float32, shape (n_classes, Z, Y, X)
        Where to write.
    """
    eights = _offsets_of_eights(planes, shape)
    is_contiguous = planes.strides[3] == planes.itemsize
    n_trees = len(program.roots)
    n_lanes = program.n_classes * LANES
    capacity = min(n_trees, GROUP) * LANES + 2
    queues = (np.empty(capacity, ENTRY), np.empty(capacity, ENTRY))
    tile = _aligned(len(program.plane_of) * LANES * 4).view(np.float32)
    sums = Sums(
        _aligned(n_lanes),
        _aligned(n_lanes * 4).view(np.int32),
        _aligned(n_lanes * 8).view(np.float64),
        _aligned(LANES * 4).view(np.float32),
    )
    sums.votes[:] = 0
    sums.fractions[:] = 0
    for z in range(0, out.shape[1], shape[0]):
        for y in range(0, out.shape[2], shape[1]):
            for x in range(0, out.shape[3], shape[2]):
                origin = (z, y, x)
                extent = (
                    min(shape[0], out.shape[1] - z),
                    min(shape[1], out.shape[2] - y),
                    min(shape[2], out.shape[3] - x),
                )
                inside = _lanes_inside(extent, shape)
                plane_of = program.plane_of
                if extent == shape and is_contiguous:
                    has_nan = _load_whole_tile(planes, plane_of, origin, eights, tile)
                else:
                    has_nan = _load_part_of_tile(planes, plane_of, origin, extent, shape, tile)
                sums.totals[:] = 0
                for tree in range(0, n_trees, GROUP):
                    trees = (tree, min(tree + GROUP, n_trees))
                    if has_nan:
                        _walk_pixels(program, trees, tile, inside, queues, sums)
                    else:
                        _walk_sets(program, trees, tile, inside, queues, sums)
                    _close_group(sums)
                _write_tile(sums, n_trees, origin, extent, shape, out)
