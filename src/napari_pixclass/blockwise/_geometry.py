"""How a large image is cut: chunks that are stored, blocks that are read at once, tiles that are predicted at once.

A block is a whole number of chunks, a chunk is predicted in one or more tiles. None of them leaves a trace in the
values. A thread holds one block of the image with its halo, and the features of one tile: memory follows from these
and from the number of threads, never from the size of the image.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_pixclass.core import BlockPredictor, ImageAxes, n_blocks

Lengths = tuple[int, ...]

CHUNKS: dict[int, Lengths] = {2: (512, 512), 3: (64, 128, 128)}
"""Chunks of results along the axes that filters see, per number of these."""

_BLOCKS: dict[int, tuple[Lengths, ...]] = {
    2: ((4, 4), (2, 2), (1, 1)),
    3: ((2, 2, 2), (1, 2, 2), (1, 1, 1)),
}
"""Chunks of a block, most first: more save reading, and cost progress when a run is killed."""

_TILES: dict[int, tuple[Lengths, ...]] = {
    2: ((256, 256), (128, 128), (64, 64)),
    3: ((64, 128, 128), (32, 128, 128), (32, 64, 64), (16, 64, 64), (16, 32, 32)),
}

_BLOCKS_PER_THREAD = 4

# Measured: what filters hold besides the features, in copies of the tile with its halo as float32.
_COPIES = 2.4
_SLACK = 50_000_000  # decoded and encoded chunks, and what the allocator keeps, for each thread
_LATER = 80_000_000  # libraries and compiled kernels that are loaded only when a run has begun

_PROGRAM = 400_000_000  # the interpreter with its libraries, where the system does not say


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """How an image is cut.

    Attributes
    ----------
    chunk, block, tile
        Lengths along the axes that filters see.
    n_jobs
        Threads; fewer than wanted where memory does not suffice.
    memory
        Estimate of the most that the process will hold, in bytes.
    """

    chunk: Lengths
    block: Lengths
    tile: Lengths
    n_jobs: int
    memory: int


def default_memory(n_jobs: int) -> int:
    """Bytes that the process may take where nobody says: what it holds, and 0.6 GB for each thread.

    What it holds counts as 0.4 GB at least; threads get half of the machine at most.
    """
    threads = n_jobs * 600_000_000
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        threads = min(threads, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    return max(400_000_000, program_bytes()) + threads


def plan_blocks(
    predictor: BlockPredictor,
    axes: ImageAxes,
    itemsize: int,
    *,
    memory: int,
    n_jobs: int,
    block: Sequence[int] | None = None,
) -> BlockPlan:
    """Choose blocks and tiles for a limit of memory.

    Parameters
    ----------
    predictor, axes
        What is predicted of which image.
    itemsize
        Bytes of a number in the image.
    memory
        Bytes that the whole process may take.
    n_jobs
        Threads that are wanted.
    block
        Block to use along the axes that filters see, rounded up to whole chunks; chunks are never larger than it.

    Raises
    ------
    ValueError
        If `block` does not fit the image, or `memory` does not suffice for a single thread.
    """
    ndim = len(axes.spatial)
    if block is not None and (len(block) != ndim or min(block) < 1):
        raise ValueError(
            f"a block size must have {ndim} lengths of 1 or more, one for each axis that filters "
            f"see; got {','.join(map(str, block))}."
        )
    longest = block or axes.spatial
    chunk = tuple(map(min, CHUNKS[ndim], axes.spatial, longest))
    program = program_bytes() + _LATER
    least = 0
    for jobs in range(n_jobs, 0, -1):
        for tile, candidate in _candidates(chunk, axes, block, n_jobs):
            needed = program + jobs * _thread_bytes(
                predictor, axes, itemsize, chunk, candidate, tile
            )
            if needed <= memory:
                return BlockPlan(chunk, candidate, tile, jobs, needed)
            least = min(least, needed) if least else needed
        least = needed
    raise ValueError(
        f"predicting with this model takes {least / 1e9:.2g} GB of memory at least; the limit is "
        f"{memory / 1e9:.2g} GB. Raise it, choose smaller blocks, or use a model with fewer features."
    )


def _candidates(
    chunk: Lengths, axes: ImageAxes, given: Sequence[int] | None, n_jobs: int
) -> Iterator[tuple[Lengths, Lengths]]:
    """Tiles and blocks, those that are fastest first."""
    ndim = len(chunk)
    if given is not None:
        whole = tuple(
            size * math.ceil(wish / size) for size, wish in zip(chunk, given, strict=True)
        )
        blocks = [whole]
    else:
        # Threads share out blocks: with few of them, some would be idle in the end.
        enough = _BLOCKS_PER_THREAD * n_jobs / math.prod(axes.lead)
        blocks = [
            tuple(
                min(n * size, size * math.ceil(length / size))
                for n, size, length in zip(times, chunk, axes.spatial, strict=True)
            )
            for times in _BLOCKS[ndim]
        ]
        blocks = [b for b in blocks if n_blocks(axes.spatial, b) >= enough] or [chunk]
    tiles = [tuple(map(min, tile, chunk)) for tile in _TILES[ndim]]
    return itertools.product(dict.fromkeys(tiles), dict.fromkeys(blocks))


def _thread_bytes(
    predictor: BlockPredictor,
    axes: ImageAxes,
    itemsize: int,
    chunk: Lengths,
    block: Lengths,
    tile: Lengths,
) -> int:
    halo = predictor.halo
    n_planes = sum(len(features) for features in predictor.channel_features if features)
    padded = math.prod(size + 2 * reach for size, reach in zip(tile, halo, strict=True))
    context = math.prod(
        min(size + 2 * reach, length)
        for size, reach, length in zip(block, halo, axes.spatial, strict=True)
    )
    features = 4 * (n_planes + 2 * predictor.n_classes) * math.prod(tile) + _COPIES * 4 * padded
    # Probabilities of a chunk, one class of it as it is written, and uncertainty with its temporaries.
    results = 4 * (predictor.n_classes + 5) * math.prod(chunk)
    return int(features + results + axes.n_channels * itemsize * context + _SLACK)


def program_bytes() -> int:
    """What this process holds already."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return _PROGRAM
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
