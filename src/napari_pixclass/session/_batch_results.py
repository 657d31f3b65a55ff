"""Results that a batch has written, read again to be looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_pixclass.core import Step, Steps

from ._batch_task import BatchFile, BatchTask
from ._disk_task import lazy_levels

if TYPE_CHECKING:
    from napari_pixclass.io import ImageFile


@dataclass(frozen=True, eq=False, slots=True)
class OpenedResults:
    """An image file and what was written of it.

    Attributes
    ----------
    image
        The image.
    path
        Its file.
    values
        Class values (their probabilities), "uncertainty" and "segmentation" to arrays, or to lists of them of falling
        resolution; probabilities and uncertainty go from 0 to `top`.
    top
        What 1 was written as.
    run
        What has made them, or found them.
    is_kept
        Whether nobody knows which classifier has made them: they were there before the run.
    """

    image: ImageFile
    path: Path
    values: Mapping[object, Any]
    top: float
    run: BatchTask
    is_kept: bool = False


def opening_steps(files: Sequence[BatchFile]) -> Steps[list[OpenedResults]]:
    """Open the results of files, in a background thread; where possible, pixels are read when they are looked at.

    Raises
    ------
    ValueError
        If one of them cannot be read any more.
    """
    opened = []
    for done, file in enumerate(files):
        yield Step(done, len(files), f"Opening {file.path.name}")
        if file.run is not None:
            opened.append(_opened(file, file.run))
    return opened


def _opened(file: BatchFile, run: BatchTask) -> OpenedResults:
    dtype = np.dtype(run.options.result_type)
    top = 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max)
    image = _image(file.path, run)
    shape = tuple(n for axis, n in enumerate(image.data.shape) if axis != image.channel_axis)
    values = dict(_values(list(file.outputs), run, shape))
    return OpenedResults(image, file.path, values, top, run, file.is_kept)


def _image(path: Path, run: BatchTask) -> ImageFile:
    """The image with its axes as they were predicted."""
    from napari_pixclass.io import open_for_model

    return open_for_model(path, run.frozen, run.options.channel_axis, run.options.axes)


def _values(
    paths: list[Path], run: BatchTask, shape: tuple[int, ...]
) -> Iterator[tuple[object, Any]]:
    """Each output of an image whose labels would have some `shape`; the files are in the order of the outputs."""
    classes = run.frozen.class_table_
    for output in run.options.exports:
        if output != "probabilities":
            yield output, _array(paths.pop(0), shape, None)
            continue
        path = None if run.options.splits_classes else paths.pop(0)
        for index, info in enumerate(classes):
            if path is None:
                yield info.value, _array(paths.pop(0), shape, None)
            else:
                yield info.value, _array(path, shape, index, len(classes))


def _array(
    path: Path, shape: tuple[int, ...], index: int | None, n_classes: int | None = None
) -> Any:
    """What a file holds, or what it holds of one class: an array, or several of falling resolution."""
    from napari_pixclass.io import open_image

    if path.is_dir():
        levels = lazy_levels(path)
        if n_classes is not None:
            _check_classes(path, len(levels[0]), n_classes)
        levels = levels if index is None else [level[index] for level in levels]
        return levels if len(levels) > 1 else levels[0]
    file = open_image(path)
    data = file.data
    if index is not None and data.ndim > len(shape):
        axis = file.channel_axis if file.has_known_axes else 0
        if n_classes is not None:
            _check_classes(path, data.shape[axis or 0], n_classes)
        data = data[(slice(None),) * (axis or 0) + (index,)]
    if data.shape == shape:
        return data
    if math.prod(data.shape) != math.prod(shape):
        raise ValueError(
            f"results must be as large as their image, {shape}; '{path}' has {data.shape}. Predict the image again."
        )
    # Files that know no more than a plane or two leave axes of length 1 out.
    return np.asarray(data).reshape(shape)


def _check_classes(path: Path, n_found: int, n_classes: int) -> None:
    """Results that a run has found and kept may be those of another classifier."""
    if n_found != n_classes:
        raise ValueError(
            f"results must be those of the classes of the classifier, {n_classes}; '{path}' has {n_found}, it is from "
            "another one. Replace it in another run."
        )
