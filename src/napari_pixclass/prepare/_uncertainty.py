"""Uncertainty maps of files of probabilities, whoever wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    Step,
    Steps,
    region_shape,
    run_steps,
    scaled,
    slabs,
    uncertainty_of,
)
from napari_pixclass.io import open_image, require_h5py, stem_of

from ._writing import (
    FORMATS,
    FileKind,
    NewFile,
    PreparedFormat,
    check_new,
    new_files,
    with_spacing,
)

if TYPE_CHECKING:
    import os

    from napari_pixclass.io import ChannelAxis, ImageFile

Measure = Literal["margin", "best"]
"""How uncertain a pixel is: ``margin``, 1 minus the difference of the two largest probabilities, as everywhere in this
program and in ilastik; ``best``, 1 minus the largest one, as the scripts for imaging mass cytometry had it."""

MapType = Literal["uint8", "uint16", "float32"]

_TOLERANCE = 0.02
"""How far the probabilities of a pixel may be from a sum of 1, beyond what rounding to whole numbers explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertaintyOptions:
    """How uncertainty maps are made, and where they go.

    Attributes
    ----------
    folder
        Folder of the maps, made if absent; None for that of each file.
    measure
        See `Measure`.
    dtype
        Type of the maps; integer types use their whole range for 0 to 1. None for that of the probabilities.
    format
        One of `FORMATS`.
    axes, channel_axis, spacing
        What the axes of the files are, and the size of their pixels, where they do not say it; the channels are the
        classes.
    overwrite
        Replace maps that exist.
    """

    folder: Path | None = None
    measure: Measure = "margin"
    dtype: MapType | None = None
    format: PreparedFormat = "tiff"
    axes: str | None = None
    channel_axis: ChannelAxis = None
    spacing: tuple[float, ...] | None = None
    overwrite: bool = False


def uncertainty_path(path: str | os.PathLike[str], options: UncertaintyOptions) -> Path:
    """File of the map: of ``a_Probabilities.tiff`` it is ``a_Uncertainty.tiff``."""
    stem = stem_of(path)
    if stem.casefold().endswith("_probabilities"):
        stem = stem[: -len("_probabilities")]
    folder = Path(path).parent if options.folder is None else options.folder
    return folder / f"{stem}_Uncertainty{FORMATS[options.format]}"


def uncertainty_file(path: str | os.PathLike[str], options: UncertaintyOptions) -> Path:
    """Write the uncertainty map of a file of probabilities; see `uncertainty_file_steps`."""
    return run_steps(uncertainty_file_steps(path, options))


def uncertainty_file_steps(
    path: str | os.PathLike[str], options: UncertaintyOptions
) -> Steps[Path]:
    """Write the uncertainty map of a file of probabilities, in steps.

    Integer probabilities must use the whole range of their type for 0 to 1, as exports of this program do, and those of
    ilastik with *Renormalize*. Pixels where all are 0, outside a mask, get 0.

    Raises
    ------
    FileNotFoundError, ValueError
        If the file cannot be read, or does not hold probabilities that sum up to 1.
    FileExistsError
        If the map is there already, and is not to be replaced.
    """
    if options.format == "hdf5":
        require_h5py()
    image = with_spacing(open_image(path, options.channel_axis, options.axes), options.spacing)
    if image.channel_axis is None or not image.axes_without_channels.endswith("YX"):
        raise ValueError(
            "probabilities must have an axis for their classes, and end in Y and X besides it; "
            f"'{path}' of shape {image.data.shape} has the axes {image.axes}. Say what they are (axes), or "
            "which one holds the channels (channel axis)."
        )
    axis = image.channel_axis
    shape = tuple(length for i, length in enumerate(image.data.shape) if i != axis)
    target = uncertainty_path(path, options)
    check_new([target], Path(path), overwrite=options.overwrite)
    pieces = list(slabs(shape))
    with new_files([NewFile(target, shape)], _kind_of(image, options)) as (store,):
        for done, piece in enumerate(pieces, start=1):
            box = tuple(slice(k, k + 1) if isinstance(k, int) else k for k in piece)
            box += tuple(slice(0, length) for length in shape[len(box) :])
            values = np.asarray(image.data[(*box[:axis], slice(None), *box[axis:])])
            probabilities = _as_probabilities(np.moveaxis(values, axis, 0), path)
            uncertainty = _uncertainty(probabilities, options.measure)
            store.write(0, box, scaled(uncertainty, store.dtype).reshape(region_shape(box)))
            yield Step(done, len(pieces), f"Uncertainty of {image.name}")
    return target


def _kind_of(image: ImageFile, options: UncertaintyOptions) -> FileKind:
    own = image.data.dtype
    dtype = np.dtype(options.dtype or (own.name if own.name in {"uint8", "uint16"} else "float32"))
    return FileKind(
        format=options.format,
        dtype=dtype,
        axes=image.axes_without_channels,
        spacing=image.spacing,
        unit=image.unit,
        drange=(0.0, float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0),
    )


def _as_probabilities(
    values: npt.NDArray[Any], path: str | os.PathLike[str]
) -> npt.NDArray[np.float32]:
    """Numbers from 0 to 1 that sum up to 1 over the first axis, or are all 0."""
    limit = np.iinfo(values.dtype).max if values.dtype.kind in "ui" else 1
    shares = values.astype(np.float32) / np.float32(limit)
    total = shares.sum(axis=0)
    tolerance = _TOLERANCE + (len(values) / 2 / limit if values.dtype.kind in "ui" else 0)
    wrong = ~((np.abs(total - 1) <= tolerance) | (total == 0)) | (shares < 0).any(axis=0)
    if wrong.any():
        first = float(total[wrong][0]) * limit
        raise ValueError(
            f"the probabilities of a pixel must sum up to {limit}; in '{path}', of type {values.dtype}, they sum up to "
            f"{first:g}. Is it a file of probabilities, exported with the whole range of its type?"
        )
    return shares


def _uncertainty(
    probabilities: npt.NDArray[np.float32], measure: Measure
) -> npt.NDArray[np.float32]:
    if measure == "margin":
        result = uncertainty_of(probabilities, axis=0)
    else:
        result = np.clip(1 - probabilities.max(axis=0), 0, 1)
    result[~probabilities.any(axis=0)] = 0
    return result
