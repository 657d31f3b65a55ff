"""Predictions of images larger than memory, written to disk: blockwise's engine with io's formats.

The same for the command line, for scripts and for the viewer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_pixclass.blockwise import (
    RunFolder,
    WriteJob,
    check_settings,
    default_memory,
    model_token,
    plan_blocks,
    pyramid_factors,
    pyramid_shapes,
    write_steps,
)
from napari_pixclass.core import resolve_n_jobs
from napari_pixclass.io import (
    Hdf5Store,
    NpyStore,
    OmeZarrGeometry,
    TiffStore,
    check_replaceable,
    fingerprint,
    ome_zarr_store,
    put_in_place,
    replacing_all,
    settings_of,
    value_range,
)

if TYPE_CHECKING:
    from threading import Event
    from types import TracebackType

    from napari_pixclass.blockwise import BlockPlan, OutputStore, RunBlocks
    from napari_pixclass.core import ArrayLike, ImageAxes, Output, PixelClassifier, Steps
    from napari_pixclass.io import ImageFile

COMPLETE = "complete"
"""File in the folder of an unfinished run whose results only wait to be put in their places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How results are written.

    Attributes
    ----------
    paths
        Where each output that is wanted goes in the end.
    unfinished
        Folder of the run until then, on the same disk.
    dtype
        Type of probabilities and uncertainty; integer types use their whole range for 0 to 1.
    spacing
        Spacing of the image along the axes that filters see; None for that of the image trained on.
    block
        Block along these axes; None for what suits the memory.
    memory
        Bytes that the process may take; None for `blockwise.default_memory`.
    n_levels
        Levels of the pyramid, full resolution included; None for as many as it takes until one fits a chunk.
    resume
        Go on with what an earlier run has left, if there is something.
    overwrite
        Replace results that exist, and forget what an earlier run has left.
    """

    paths: Mapping[Output, Path]
    unfinished: Path
    dtype: str = "float32"
    spacing: tuple[float, ...] | None = None
    block: tuple[int, ...] | None = None
    memory: int | None = None
    n_levels: int | None = None
    resume: bool = False
    overwrite: bool = False


class OmeZarrRun(AbstractContextManager["OmeZarrRun"]):
    """Writes the predictions of one image to OME-Zarr groups; a run that was cut short can be resumed.

    Parameters
    ----------
    classifier
        A fitted classifier.
    image
        The image with its axes.
    options
        What to write.
    open_image, open_mask
        Open the image's pixels and the mask (pixels that are 0 are not predicted and become 0) in another process.
    image_name
        Name of the image's file, without its folder: results travel, folders are nobody's business.

    Attributes
    ----------
    plan
        The blocks, and the memory that they take; known within the ``with`` block.
    is_complete
        Whether there is nothing left to do.

    Raises
    ------
    FileExistsError
        On entering it, if there are results or an unfinished run, and `options` do not say what to do with them.
    ValueError
        If another run is at work, or the settings are not those of the run to resume.
    """

    def __init__(
        self,
        classifier: PixelClassifier,
        image: ImageFile,
        options: WriteOptions,
        *,
        open_image: Callable[[], ArrayLike] | None = None,
        open_mask: Callable[[], ArrayLike] | None = None,
        image_name: str | None = None,
    ) -> None:
        self._classifier = classifier
        self._image = image
        self._options = options
        self._open_image = open_image or partial(_the_same, image.data)
        self._open_mask = open_mask
        self._image_name = image_name
        _, self._axes = classifier.check_image(image.data, image.channel_axis)
        self._geometry = OmeZarrGeometry.of(image)
        self._folder = RunFolder(options.unfinished)
        self.plan: BlockPlan

    def __enter__(self) -> Self:
        options = self._options
        self._folder.__enter__()
        try:
            begun = self._folder.settings
            self.is_complete = False
            if begun is None and options.resume and all(p.exists() for p in options.paths.values()):
                begun = settings_of(next(iter(options.paths.values())))
                self.is_complete = begun is not None
            if begun is not None and not (options.resume or options.overwrite):
                raise FileExistsError(
                    f"an unfinished run must be resumed or given up; '{options.unfinished}' is one. "
                    "Go on with it (resume), or start anew (overwrite)."
                )
            if begun is None or not options.resume:
                self._check_targets()
                begun = None
            self._prepare(begun)
        except BaseException:
            self._leave_nothing_empty()
            self._folder.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._folder.__exit__(kind, error, traceback)

    def steps(
        self, run_blocks: RunBlocks | None = None, stopped: Event | None = None
    ) -> Steps[int]:
        """Write, then put the results in their places; see `blockwise.write_steps`."""
        made = 0
        if self.is_complete:
            self._folder.remove()
            return made
        complete = self._folder.path / COMPLETE
        if not complete.exists():
            made = yield from write_steps(
                self.job, self._folder.journal, self.plan.n_jobs, run_blocks, stopped
            )
            self._remove_leftovers()  # of workers that were lost
            complete.touch()
        for output, path in self._options.paths.items():
            source = self._part(output)
            if source.exists():
                put_in_place(source, path, self._folder.path)
        self._folder.remove()
        return made

    def _remove_leftovers(self) -> None:
        """Remove chunks that were being written by processes that are no more, under zarr's temporary names."""
        for leftover in self._folder.path.rglob("*.partial"):
            leftover.unlink()

    def _check_targets(self) -> None:
        for path in self._options.paths.values():
            if self._options.overwrite:
                check_replaceable(path)
            elif path.exists():
                raise FileExistsError(
                    f"results must not exist yet; '{path}' does. Have it replaced (overwrite), or "
                    "choose another folder."
                )

    def _leave_nothing_empty(self) -> None:
        if self._folder.settings is None:
            self._folder.remove()

    def _prepare(self, begun: dict[str, Any] | None) -> None:
        """Plan the blocks as the run to resume did, else as memory allows; make the groups."""
        options, axes = self._options, self._axes
        predictor = self._classifier.predictor(options.spacing)
        block = options.block
        if begun is not None and block is None:
            block = tuple(begun["block"])
        self.plan = _plan(self._classifier, self._image, axes, options, block)
        factors = pyramid_factors(
            axes.spatial,
            self.plan.chunk,
            self._geometry.spacing and self._geometry.spacing[-len(axes.spatial) :],
            options.n_levels,
        )
        settings = self._settings(predictor.spacing, factors)
        if begun is None:
            self._folder.begin(settings)
        else:
            check_settings(begun, settings)
            self._remove_leftovers()
        self.job = WriteJob(
            open_image=self._open_image,
            axes=axes,
            predictor=predictor,
            classes=self._classifier.state.classes,
            stores=self._stores(factors, settings),
            class_axis=self._geometry.class_axis,
            chunk=self.plan.chunk,
            block=self.plan.block,
            tile=self.plan.tile,
            factors=tuple(factors),
            open_mask=self._open_mask,
        )

    def _stores(
        self, factors: list[tuple[int, ...]], settings: dict[str, Any]
    ) -> dict[Output, OutputStore]:
        if self.is_complete or (self._folder.path / COMPLETE).exists():
            return {}
        axes = self._axes
        shapes = [(*axes.lead, *shape) for shape in pyramid_shapes(axes.spatial, factors)]
        dtypes = {"segmentation": self._classifier.state.classes.dtype}
        return {
            output: ome_zarr_store(
                self._part(output),
                output,
                self._geometry,
                shapes,
                (1,) * len(axes.lead) + self.plan.chunk,
                dtypes.get(output, np.dtype(self._options.dtype)),
                self._classifier.class_table_,
                settings,
            )
            for output in self._options.paths
        }

    def _part(self, output: Output) -> Path:
        return self._folder.path / f"{output}.ome.zarr"

    def _settings(
        self, spacing: tuple[float, ...], factors: list[tuple[int, ...]]
    ) -> dict[str, Any]:
        image = self._image
        return {
            "model": model_token(
                self._classifier, self._classifier.predictor(self._options.spacing)
            ),
            "image": self._image_name,
            "image shape": list(image.data.shape),
            "image dtype": str(image.data.dtype),
            "image content": fingerprint(image.data),
            "channel axis": image.channel_axis,
            "spacing": list(spacing),
            "mask": None if self._open_mask is None else fingerprint(self._open_mask()),
            "outputs": sorted(self._options.paths),
            "dtype": self._options.dtype,
            "block": list(self.plan.block),
            "chunk": list(self.plan.chunk),
            "levels": [list(factor) for factor in factors],
        }


class FileRun:
    """Writes the predictions of one image to TIFF, HDF5 or npy files, block by block.

    None of these formats can be resumed: a run that is cut short leaves nothing.

    Parameters
    ----------
    classifier, image, options, open_mask
        As for `OmeZarrRun`; files that exist are replaced when the new ones are complete.
    """

    def __init__(
        self,
        classifier: PixelClassifier,
        image: ImageFile,
        options: WriteOptions,
        *,
        open_mask: Callable[[], ArrayLike] | None = None,
    ) -> None:
        _, self._axes = classifier.check_image(image.data, image.channel_axis)
        self._classifier = classifier
        self._image = image
        self._options = options
        self._open_mask = open_mask
        self.plan = _plan(classifier, image, self._axes, options, options.block)

    def steps(self, stopped: Event | None = None) -> Steps[int]:
        """Write all files, or none; see `blockwise.write_steps`."""
        options, axes, state = self._options, self._axes, self._classifier.state
        with ExitStack() as stack:
            temporaries = stack.enter_context(replacing_all(options.paths.values()))
            stores = {
                output: self._store(output, path, temporary)
                for (output, path), temporary in zip(
                    options.paths.items(), temporaries, strict=True
                )
            }
            for store in stores.values():
                if isinstance(store, Hdf5Store):
                    stack.callback(store.close)
            job = WriteJob(
                open_image=partial(_the_same, self._image.data),
                axes=axes,
                predictor=self._classifier.predictor(options.spacing),
                classes=state.classes,
                stores=stores,
                class_axis=0,
                chunk=self.plan.chunk,
                block=self.plan.block,
                tile=self.plan.tile,
                open_mask=self._open_mask,
            )
            made = yield from write_steps(job, None, self.plan.n_jobs, stopped=stopped)
        return made

    def _store(
        self, output: Output, path: Path, temporary: Path
    ) -> TiffStore | Hdf5Store | NpyStore:
        image, axes = self._image, self._axes
        letters = image.axes_without_channels
        shape, chunk, names = axes.shape, (1,) * len(axes.lead) + self.plan.chunk, []
        dtype = np.dtype(self._options.dtype)
        if output == "segmentation":
            dtype = self._classifier.state.classes.dtype
        if output == "probabilities":
            names = [info.name for info in self._classifier.class_table_]
            letters, shape, chunk = "C" + letters, (len(names), *shape), (1, *chunk)
        described = (letters, image.spacing, image.unit, names)
        if path.suffix.lower() in {".h5", ".hdf5"}:
            drange = None if output == "segmentation" else value_range(dtype)
            return Hdf5Store(temporary, shape, chunk, dtype, *described, drange)
        if path.suffix.lower() == ".npy":
            return NpyStore(temporary, shape, dtype)
        return TiffStore(temporary, shape, dtype, *described)


def _plan(
    classifier: PixelClassifier,
    image: ImageFile,
    axes: ImageAxes,
    options: WriteOptions,
    block: tuple[int, ...] | None,
) -> BlockPlan:
    n_jobs = resolve_n_jobs(classifier.n_jobs)
    return plan_blocks(
        classifier.predictor(options.spacing),
        axes,
        np.dtype(image.data.dtype).itemsize,
        memory=options.memory or default_memory(n_jobs),
        n_jobs=n_jobs,
        block=block,
    )


def _the_same(array: ArrayLike) -> ArrayLike:
    return array
