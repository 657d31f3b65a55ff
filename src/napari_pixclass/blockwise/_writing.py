"""Predictions of images too large for memory: block by block to disk, finished blocks never twice.

A block is predicted, its chunks are written, their checksums are entered in the journal. Whatever ends a run, the next
one reads the journal, believes of it what the checksums confirm, and goes on with the rest. Coarser levels are made
of the finer ones in the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    ArrayLike,
    BlockPredictor,
    ImageAxes,
    Output,
    Region,
    Scratch,
    Step,
    Steps,
    bounded_map,
    iter_blocks,
    region_shape,
    scaled,
    segmentation_of,
    uncertainty_of,
)

from ._context import Context, read_context
from ._journal import FinishedBlock, Journal
from ._pyramid import coarser, pyramid_shapes

Task = tuple[int, int]
"""Level and number of a block."""

CHECKING, GOING_ON, PREDICTING = "Checking what is finished", "Going on", "Predicting"
"""What steps of writing do, besides building the pyramid."""

RunBlocks = Callable[[Iterator[Task]], Generator[FinishedBlock, None, None]]


class OutputStore(Protocol):
    """Where one output goes. Threads write to different chunks at once; other processes may, where it can be pickled.

    Boxes have one slice for each axis of the stored array; all but those at the far ends are whole chunks.
    """

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def write(self, level: int, box: Region, values: npt.NDArray[Any]) -> None:
        """Write a chunk so that a reader finds all of it or nothing of it."""

    def read(self, level: int, box: Region) -> npt.NDArray[Any]: ...

    def digest(self, level: int, box: Region) -> str:
        """Checksum of the chunk as it is stored; the same for a chunk that is absent because it is all 0."""


@dataclass(frozen=True)
class WriteJob:
    """All that blocks are made of; it can be sent to other processes, where the image can be opened.

    Attributes
    ----------
    open_image
        Opens the image.
    axes
        Its axes.
    predictor, classes
        The classifier.
    stores
        Where each output goes.
    class_axis
        Where the classes stand among the axes of stored probabilities.
    chunk, block, tile
        See `BlockPlan`.
    factors
        See `pyramid_factors`.
    open_mask
        Opens a mask of the shape of the results, or of the axes that filters see: what is 0 is not predicted.
    """

    open_image: Callable[[], ArrayLike]
    axes: ImageAxes
    predictor: BlockPredictor
    classes: npt.NDArray[np.integer[Any]]
    stores: Mapping[Output, OutputStore]
    class_axis: int
    chunk: tuple[int, ...]
    block: tuple[int, ...]
    tile: tuple[int, ...]
    factors: tuple[tuple[int, ...], ...] = ()
    open_mask: Callable[[], ArrayLike] | None = None

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of each level along all axes but the classes."""
        shapes = pyramid_shapes(self.axes.spatial, self.factors)
        return [(*self.axes.lead, *shape) for shape in shapes]

    def blocks(self, level: int) -> list[Region]:
        """Blocks of a level, along all axes but the classes."""
        return list(iter_blocks(self.shapes[level], (1,) * len(self.axes.lead) + self.block))

    def chunks(self, block: Region) -> Iterator[Region]:
        """Chunks of a block."""
        sizes = (1,) * len(self.axes.lead) + self.chunk
        for part in iter_blocks(region_shape(block), sizes):
            yield shifted(part, block)

    def boxes(self, output: Output, chunk: Region) -> Iterator[Region]:
        """The stored chunks of an output: one for each class of probabilities."""
        if output != "probabilities":
            yield chunk
            return
        for index in range(self.predictor.n_classes):
            classes = (slice(index, index + 1),)
            yield (*chunk[: self.class_axis], *classes, *chunk[self.class_axis :])


def shifted(part: Region, block: Region) -> Region:
    """A region within a block as a region of the image."""
    return tuple(
        slice(outer.start + inner.start, outer.start + inner.stop)
        for outer, inner in zip(block, part, strict=True)
    )


class Stopped(Exception):
    """The run was stopped before this block was finished."""


@dataclass
class BlockWriter:
    """Makes the blocks of a job in this process, on any number of threads."""

    job: WriteJob
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._image = self.job.open_image()
        self._mask = None if self.job.open_mask is None else self.job.open_mask()
        self._blocks = [self.job.blocks(level) for level in range(len(self.job.shapes))]
        self._thread = threading.local()

    def make(self, level: int, number: int) -> FinishedBlock:
        """Compute a block, write it, and return its entry for the journal."""
        block = self._blocks[level][number]
        if level:
            self._reduce(level, block)
        else:
            self._predict(block)
        return FinishedBlock(level, number, self.digests(level, number))

    def digests(self, level: int, number: int) -> tuple[str, ...]:
        """Checksums of a block's chunks as they are on disk."""
        return tuple(
            store.digest(level, box)
            for output, store in self.job.stores.items()
            for chunk in self.job.chunks(self._blocks[level][number])
            for box in self.job.boxes(output, chunk)
        )

    def _predict(self, block: Region) -> None:
        job = self.job
        n_lead = len(job.axes.lead)
        frame = tuple(axis.start for axis in block[:n_lead])
        context: Context | None = None
        for chunk in job.chunks(block):
            inside = self._inside(chunk)
            if inside is not None and not inside.any():
                self._write_nothing(chunk)
                continue
            if context is None:
                halo = job.predictor.halo
                context = read_context(self._image, job.axes, frame, block[n_lead:], halo)
            probabilities = self._probabilities(context, chunk[n_lead:], inside)
            self._write(chunk, probabilities, inside)

    def _inside(self, chunk: Region) -> npt.NDArray[np.bool_] | None:
        """Which pixels of a chunk are to be predicted; None for all."""
        if self._mask is None:
            return None
        key = chunk[len(chunk) - len(self._mask.shape) :]
        inside = np.asarray(self._mask[key]) != 0
        return np.broadcast_to(inside, region_shape(chunk))

    def _probabilities(
        self, context: Context, region: Region, inside: npt.NDArray[np.bool_] | None
    ) -> npt.NDArray[np.float32]:
        job = self.job
        shape = region_shape(region)
        output = np.zeros((job.predictor.n_classes, *shape), dtype=np.float32)
        if not hasattr(self._thread, "scratch"):
            self._thread.scratch = Scratch()
        for part in iter_blocks(shape, job.tile):
            if self.stopped.is_set():
                raise Stopped
            if inside is not None and not inside.reshape(shape)[part].any():
                continue
            tile = context.local(shifted(part, region))
            output[(slice(None), *part)] = job.predictor.predict_block(
                context.image, context.axes, (), tile, self._thread.scratch
            )
        return output

    def _write(
        self,
        chunk: Region,
        probabilities: npt.NDArray[np.float32],
        inside: npt.NDArray[np.bool_] | None,
    ) -> None:
        job = self.job
        for output, store in job.stores.items():
            for index, box in enumerate(job.boxes(output, chunk)):
                values: npt.NDArray[Any]
                if output == "segmentation":
                    values = segmentation_of(probabilities, job.classes, axis=0)
                elif output == "uncertainty":
                    values = scaled(uncertainty_of(probabilities, axis=0), store.dtype)
                else:
                    values = scaled(probabilities[index], store.dtype)
                values = values.reshape(region_shape(chunk))
                if inside is not None:
                    values = np.where(inside, values, values.dtype.type(0))
                store.write(0, box, values.reshape(region_shape(box)))

    def _write_nothing(self, chunk: Region) -> None:
        """Write zeros: there may be older chunks in their place."""
        for output, store in self.job.stores.items():
            for box in self.job.boxes(output, chunk):
                store.write(0, box, np.zeros(region_shape(box), store.dtype))

    def _reduce(self, level: int, block: Region) -> None:
        job = self.job
        factors = (1,) * len(job.axes.lead) + job.factors[level - 1]
        finer = job.shapes[level - 1]
        for chunk in job.chunks(block):
            source = tuple(
                slice(axis.start * step, min(axis.stop * step, length))
                for axis, step, length in zip(chunk, factors, finer, strict=True)
            )
            for output, store in job.stores.items():
                mean = output != "segmentation"
                steps: Sequence[int] = factors
                if output == "probabilities":
                    steps = (*factors[: job.class_axis], 1, *factors[job.class_axis :])
                boxes = zip(job.boxes(output, source), job.boxes(output, chunk), strict=True)
                for fine, coarse in boxes:
                    if self.stopped.is_set():
                        raise Stopped
                    values = coarser(store.read(level - 1, fine), steps, mean=mean)
                    if mean and store.dtype.kind != "f":
                        values = np.rint(values)
                    store.write(level, coarse, values.astype(store.dtype, copy=False))


def write_steps(
    job: WriteJob,
    journal: Journal | None,
    n_jobs: int,
    run_blocks: RunBlocks | None = None,
    stopped: threading.Event | None = None,
) -> Steps[int]:
    """Write all outputs in steps; closing the steps stops within a tile, and what was finished stays finished.

    Parameters
    ----------
    job
        What to write.
    journal
        What an earlier run has finished, and where to enter what this one does; None for stores that cannot be resumed.
    n_jobs
        Threads.
    run_blocks
        Makes the blocks somewhere else than on threads of this process.
    stopped
        Set by another thread to have threads of this process stop within a tile: then `Stopped` is raised.

    Returns
    -------
    int
        Number of blocks that were made by this run.
    """
    writer = BlockWriter(job, stopped or threading.Event())
    if journal is None:
        return (yield from _make_all(writer, set(), None, n_jobs, run_blocks))
    finished = yield from _confirmed(writer, journal, n_jobs)
    with journal:
        return (yield from _make_all(writer, finished, journal, n_jobs, run_blocks))


def _confirmed(writer: BlockWriter, journal: Journal, n_jobs: int) -> Steps[set[Task]]:
    """Blocks in the journal whose chunks are what they were when they were written."""
    n_blocks = [len(writer.job.blocks(level)) for level in range(len(writer.job.shapes))]
    entered = [
        block
        for block in journal.read()
        if 0 <= block.level < len(n_blocks) and 0 <= block.number < n_blocks[block.level]
    ]

    def check(block: FinishedBlock) -> Task | None:
        same = writer.digests(block.level, block.number) == block.digests
        return (block.level, block.number) if same else None

    finished: set[Task] = set()
    checks = bounded_map(check, ((block,) for block in entered), n_jobs)
    for done, task in enumerate(checks, start=1):
        if task is not None:
            finished.add(task)
        yield Step(done, len(entered), CHECKING)
    return finished


def _make_all(
    writer: BlockWriter,
    finished: set[Task],
    journal: Journal | None,
    n_jobs: int,
    run_blocks: RunBlocks | None,
) -> Steps[int]:
    n_blocks = [len(writer.job.blocks(level)) for level in range(len(writer.job.shapes))]
    total, made = sum(n_blocks), 0
    if finished:
        yield Step(len(finished), total, GOING_ON)
    for level, count in enumerate(n_blocks):
        tasks = ((level, n) for n in range(count) if (level, n) not in finished)
        writer.stopped.clear()
        blocks = (
            bounded_map(writer.make, tasks, n_jobs, on_end=writer.stopped.set)
            if run_blocks is None
            else run_blocks(tasks)
        )
        with closing(blocks):
            for block in blocks:
                if journal is not None:
                    journal.append(block)
                made += 1
                what = "Building the pyramid" if level else PREDICTING
                yield Step(len(finished) + made, total, what)
    return made
