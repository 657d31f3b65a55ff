"""Writing the predictions of one image to disk: what to write, how it is done, and what came of it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_pixclass.core import (
    ArrayLike,
    ClassInfo,
    Output,
    Step,
    Steps,
    n_blocks,
    resolve_n_jobs,
)

from ._sources import ImageSource, Snapshot, spacing_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier
    from napari_pixclass.io import ImageFile
    from napari_pixclass.to_disk import FileRun, OmeZarrRun, WriteOptions

FileFormat = Literal["ome-zarr", "tiff", "hdf5"]

SUFFIXES: dict[FileFormat, str] = {"ome-zarr": ".ome.zarr", "tiff": ".tiff", "hdf5": ".h5"}

_AXES = "TZYX"
_SPATIAL = "ZYX"
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')  # of files, on one system or another
_LONGEST_NAME = 100
_REMEDY = "Have older results replaced, or choose another folder."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies, as files say it: along all axes but the channels.

    Attributes
    ----------
    axes
        A letter for each axis, as in `io.ImageFile`; empty where only their number is known.
    unit
        Unit of the pixel sizes and of `start`.
    start
        Position of the first pixel along every axis.
    """

    axes: str = ""
    unit: str | None = None
    start: tuple[float, ...] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    """What was written of one image.

    Attributes
    ----------
    image, classifier, classes
        As in `Prediction`.
    paths
        Where each output is.
    levels
        OME-Zarr results as lazy arrays, full resolution first; probabilities ``(n_classes, ...)``. Empty for files.
    n_pixels
        Pixels predicted by this run: fewer than the image has where an earlier one was resumed.
    seconds
        How long that took.
    """

    image: ImageSource
    classifier: PixelClassifier
    classes: tuple[ClassInfo, ...]
    paths: Mapping[Output, Path]
    levels: Mapping[Output, list[Any]]
    n_pixels: float
    seconds: float

    @property
    def rate(self) -> float:
        """Pixels predicted per second."""
        return self.n_pixels / self.seconds if self.seconds > 0 else 0.0

    @property
    def rate_in_words(self) -> str:
        """The rate, for a status line."""
        return in_words(self.rate)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class DiskTask:
    """Everything that a run needs to know, as it was when it was asked for; see `Session.write_to_disk`.

    `frozen` is the copy of `classifier` that predicts: its classes may be given other names meanwhile.
    """

    classifier: PixelClassifier
    frozen: PixelClassifier
    image: Snapshot
    outputs: tuple[Output, ...]
    folder: Path
    format: FileFormat
    mask: ArrayLike | None
    memory: int | None
    overwrite: bool
    place: Place
    stopped: Event = field(default_factory=Event)

    def steps(self) -> Steps[Written]:
        """Write, in a background thread; closing the steps leaves what can be resumed.

        Raises
        ------
        ValueError
            If something is in the way: the folder, what is in it, another run, too little memory.
        OSError
            If the disk is full, or gone.
        """
        from napari_pixclass.io import make_folder, require_h5py

        if self.format == "hdf5":
            require_h5py()
        yield Step(0, 1, f"Writing {self.image.name}")  # the first block may take a while
        make_folder(self.folder)
        options = self._options()
        began = time.monotonic()
        try:
            with ExitStack() as stack:
                run = self._run(stack, options)
                n_pixels = yield from self._timed(run)
        except OSError as error:
            raise OSError(self._interrupted(error)) from error
        return Written(
            self.image.source,
            self.classifier,
            self.frozen.class_table_,
            options.paths,
            {output: lazy_levels(path) for output, path in options.paths.items()}
            if self.format == "ome-zarr"
            else {},
            n_pixels,
            time.monotonic() - began,
        )

    def _interrupted(self, error: OSError) -> str:
        kept = ""
        if self.format == "ome-zarr":
            kept = " What is finished is kept: write to the same folder again to go on."
        return f"writing has stopped: {error.strerror or error}.{kept}"

    def _timed(self, run: OmeZarrRun | FileRun) -> Steps[float]:
        """Drive a run, telling how fast it is and how much of what was left is done; return the pixels predicted."""
        from napari_pixclass.blockwise import CHECKING, GOING_ON, PREDICTING

        n_pixels, n_predictions = self._extent(run.plan.block)
        before = done = 0  # steps that an earlier run has done, and those done by now
        began = time.monotonic()
        with closing(run.steps(stopped=self.stopped)) as steps:
            for step in steps:
                if step.what in (CHECKING, GOING_ON):
                    began = time.monotonic()
                    before = done = step.done if step.what == GOING_ON else 0
                    yield Step(0, 1, step.what)
                    continue
                done, what = step.done, step.what
                if what == PREDICTING:
                    seconds = max(time.monotonic() - began, 1e-3)
                    rate = (done - before) / n_predictions * n_pixels / seconds
                    what = f"Writing {self.image.name} at {in_words(rate)}"
                yield Step(done - before, step.total - before, what)
        predicted = min(done, n_predictions) - min(before, n_predictions)
        return predicted / n_predictions * n_pixels

    def _extent(self, block: tuple[int, ...]) -> tuple[int, int]:
        """Pixels of the image, and blocks that they are predicted in."""
        _, axes = self.frozen.check_image(self.image.data, self.image.channel_axis)
        n_frames = math.prod(axes.lead)
        return n_frames * math.prod(axes.spatial), n_frames * n_blocks(axes.spatial, block)

    def _run(self, stack: ExitStack, options: WriteOptions) -> OmeZarrRun | FileRun:
        """The run, entered: what an earlier one has left is resumed where its settings were the same."""
        from napari_pixclass.blockwise import SettingsDiffer
        from napari_pixclass.to_disk import FileRun, OmeZarrRun

        image, open_mask = self._image_file(), self._open_mask()
        if self.format != "ome-zarr":
            self._check_files(options.paths)
            return FileRun(self.frozen, image, options, open_mask=open_mask)

        def enter(options: WriteOptions) -> OmeZarrRun:
            run = OmeZarrRun(self.frozen, image, options, open_mask=open_mask)
            return stack.enter_context(run)

        try:
            return enter(replace(options, resume=True))
        except (SettingsDiffer, FileExistsError) as error:
            if not self.overwrite:
                raise ValueError(_without_options(str(error))) from error
        try:
            return enter(replace(options, overwrite=True))
        except FileExistsError as error:  # something else than results
            raise ValueError(str(error)) from error

    def _check_files(self, paths: Mapping[Output, Path]) -> None:
        for path in paths.values():
            if path.exists() and not self.overwrite:
                raise ValueError(f"results must not exist yet; '{path}' does. {_REMEDY}")

    def _options(self) -> WriteOptions:
        from napari_pixclass.blockwise import default_memory, program_bytes
        from napari_pixclass.to_disk import WriteOptions

        name, suffix = _file_name(self.image.name), SUFFIXES[self.format]
        folder = self.folder.absolute()
        if self.memory is None:
            memory = default_memory(resolve_n_jobs(self.frozen.n_jobs))
        else:
            memory = program_bytes() + self.memory
        return WriteOptions(
            paths={o: folder / f"{name}_{o.capitalize()}{suffix}" for o in self.outputs},
            unfinished=folder / f"{name}.unfinished",
            spacing=spacing_of(self.image, self.frozen.state.features.ndim),
            memory=memory,
        )

    def _image_file(self) -> ImageFile:
        from napari_pixclass.io import ImageFile

        image, place = self.image, self.place
        n_axes = len(image.data.shape)
        channel_axis = None if image.channel_axis is None else image.channel_axis % n_axes
        n_others = n_axes - (channel_axis is not None)
        letters = place.axes or ("Q" * n_others + _AXES)[-n_others:]
        spatial = [index for index, letter in enumerate(letters) if letter in _SPATIAL]

        def of_space(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
            return None if values is None else tuple(values[index] for index in spatial)

        axes = letters
        if channel_axis is not None:
            axes = f"{letters[:channel_axis]}C{letters[channel_axis:]}"
        return ImageFile(
            _file_name(image.name),
            image.data,  # type: ignore[arg-type]  # arrays of all kinds are read block by block
            axes,
            channel_axis,
            of_space(image.pixel_size),
            place.unit,
            of_space(place.start),
        )

    def _open_mask(self) -> Callable[[], ArrayLike] | None:
        """What gives the mask; one in memory is copied, for the user may go on painting."""
        mask = self.mask
        if isinstance(mask, np.ndarray):
            mask = mask != 0
        return None if mask is None else partial(_given, mask)


def in_words(rate: float) -> str:
    """Pixels per second."""
    if rate < 1e6:
        return f"{rate:,.2g} pixels/s" if rate < 100 else f"{round(rate, -2):,.0f} pixels/s"
    return f"{rate / 1e6:,.1f} million pixels/s"


def _given(array: ArrayLike) -> ArrayLike:
    return array


def _without_options(sentence: str) -> str:
    """A sentence of the engine without the options in brackets that it names as the remedy: people see a box."""
    told, _, remedy = sentence.rpartition(". ")
    return f"{told}. {_REMEDY}" if "(overwrite)" in remedy else sentence


def _file_name(name: str) -> str:
    """The name of an image as that of a file."""
    return _NOT_IN_NAMES.sub("_", name).strip(" .")[:_LONGEST_NAME] or "image"


def lazy_levels(path: Path) -> list[Any]:
    """Resolutions of an OME-Zarr image as dask arrays, the finest first; channels come first."""
    import dask.array as da
    import zarr

    group: Any = zarr.open_group(path, mode="r")
    levels: list[Any] = []
    for dataset in group.attrs["ome"]["multiscales"][0]["datasets"]:
        stored = group[dataset["path"]]
        # Without a name of its own it would be taken for what was at the same path before, from some cache.
        level: Any = da.from_array(stored, chunks=stored.chunks, name=False)  # type: ignore[no-untyped-call]  # dask
        names = stored.metadata.dimension_names
        levels.append(da.moveaxis(level, names.index("c"), 0) if "c" in names else level)
    return levels
