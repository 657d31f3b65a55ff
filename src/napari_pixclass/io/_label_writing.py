"""Writing labels to files that other programs read, or that keep everything: scribbles files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import SparseLabels

from ._atomic import replacing
from ._folders import new_zarr_folder
from ._hdf5 import Hdf5Store, require_h5py
from ._label_files import SCRIBBLES_SUFFIX
from ._npy import write_npy
from ._ome_zarr import VERSION, image_label, multiscales, ome_axes
from ._ome_zarr_store import OmeZarrStore
from ._scribbles_file import save_scribbles
from ._tiff_writing import write_tiff

if TYPE_CHECKING:
    import os

    from napari_pixclass.core import ClassInfo, LabelledPixels

MAX_ARRAY_BYTES = 2**30
"""Largest label image that is made whole: some formats want it."""

CHUNK = (16, 128, 128)

_PALETTE_SIZE = 256


@dataclass(frozen=True, slots=True)
class LabelGeometry:
    """What is known of the image that labels lie on.

    Attributes
    ----------
    axes
        A letter for each axis of the labels; empty where nothing is known: the last ones are then Z, Y and X.
    spacing, unit, translation
        As in `ImageFile`.
    image_name, image_path, channel_axis, pixel_size
        As in `ScribblesInfo`.
    """

    axes: str = ""
    spacing: tuple[float, ...] | None = None
    unit: str | None = None
    translation: tuple[float, ...] | None = None
    image_name: str = ""
    image_path: str | None = None
    channel_axis: int | None = None
    pixel_size: tuple[float, ...] | None = None


def write_labels(
    path: str | os.PathLike[str],
    labelled: LabelledPixels,
    classes: Iterable[ClassInfo] = (),
    geometry: LabelGeometry | None = None,
) -> None:
    """Write labels to a file, atomically; the suffix says in which format.

    Parameters
    ----------
    path
        ``.scribbles`` keeps everything, names and colours of the classes included; ``.tif``, ``.npy``, ``.h5`` and
        ``.zarr`` (OME-Zarr) are label images with axes and spacing, as far as the format has a place for them;
        ``.png`` has the colours of the classes as its palette. An existing file is replaced; a folder only if it is a
        zarr one.
    labelled
        The labels.
    classes
        What they mean.
    geometry
        What is known of their image.

    Raises
    ------
    ValueError
        If the format is not written, or has no place for these labels.
    OSError
        If `path` cannot be written.
    """
    path, geometry = Path(path), geometry or LabelGeometry()
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(
            f"labels are written to files that end in {', '.join(_WRITERS)}; got '{path.name}'. Choose one of these."
        )
    write(path, labelled, tuple(classes), geometry)


def _write_scribbles(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    save_scribbles(
        path,
        labelled,
        classes,
        geometry.image_name,
        geometry.image_path,
        channel_axis=geometry.channel_axis,
        pixel_size=geometry.pixel_size,
    )


def _write_tiff(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    array = _array(labelled)
    axes = _axes(labelled, geometry)
    spacing = _spatial(geometry.spacing, axes)
    write_tiff(path, array, axes, spacing=spacing, unit=geometry.unit if spacing else None)


def _write_npy(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    write_npy(path, _array(labelled))


def _write_png(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    from PIL import Image

    highest = int(labelled.values.max(initial=0))
    if len(labelled.shape) != 2 or highest >= _PALETTE_SIZE:
        raise ValueError(
            f"a PNG file holds labels of one plane with values up to {_PALETTE_SIZE - 1}; got shape {labelled.shape} "
            f"with values up to {highest}. Write TIFF."
        )
    palette = np.full((_PALETTE_SIZE, 3), 255, dtype=np.uint8)
    palette[0] = 0
    for info in classes:
        if info.value < _PALETTE_SIZE:
            palette[info.value] = info.rgb
    picture = Image.fromarray(_array(labelled))
    picture.putpalette(palette.tobytes())  # and its mode is now that of a palette
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG")


def _write_hdf5(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    require_h5py()
    axes = _axes(labelled, geometry)
    sparse = _sparse(labelled)
    spacing = _spatial(geometry.spacing, axes)
    with replacing(path) as temporary:
        store = Hdf5Store(
            temporary,
            sparse.shape,
            _chunk(sparse.shape),
            sparse.dtype,
            axes,
            spacing,
            geometry.unit,
            (),
        )
        try:
            for region, block in _labelled_regions(sparse):
                store.write(0, region, block)
        finally:
            store.close()


def _write_zarr(
    path: Path, labelled: LabelledPixels, classes: Sequence[ClassInfo], geometry: LabelGeometry
) -> None:
    axes = ome_axes(_axes(labelled, geometry))
    sparse = _sparse(labelled)
    levels = multiscales(
        path.name.split(".")[0],
        axes,
        [(1,) * len(axes)],
        spacing=_spatial(geometry.spacing, axes),
        translation=_spatial(geometry.translation, axes),
        unit=geometry.unit,
        centred=True,
    )
    described = {"version": VERSION, "multiscales": [levels], "image-label": image_label(classes)}
    with new_zarr_folder(path) as folder:
        store = OmeZarrStore(folder, sparse.dtype, (sparse.shape,), _chunk(sparse.shape))
        store.create({"ome": described}, list(axes.lower()))
        import zarr

        array: Any = zarr.open_array(folder / "0", mode="r+")
        for region, block in _labelled_regions(sparse):
            array[region] = block


_WRITERS: dict[str, Callable[[Path, LabelledPixels, Sequence[ClassInfo], LabelGeometry], None]] = {
    SCRIBBLES_SUFFIX: _write_scribbles,
    ".tif": _write_tiff,
    ".tiff": _write_tiff,
    ".png": _write_png,
    ".npy": _write_npy,
    ".zarr": _write_zarr,
    ".h5": _write_hdf5,
    ".hdf5": _write_hdf5,
}

LABEL_SUFFIXES = tuple(_WRITERS)
"""Of the files that `write_labels` writes."""


def _axes(labelled: LabelledPixels, geometry: LabelGeometry) -> str:
    ndim = len(labelled.shape)
    if len(geometry.axes) == ndim and geometry.axes.endswith("YX"):
        return geometry.axes
    return "Q" * (ndim - 3) + "ZYX"[-ndim:]


def _spatial(sizes: tuple[float, ...] | None, axes: str) -> tuple[float, ...] | None:
    """Sizes, where there is one for each of the axes Z, Y, X."""
    fits = sizes is not None and len(sizes) == sum(letter in "ZYX" for letter in axes)
    return sizes if fits else None


def _dtype(labelled: LabelledPixels) -> np.dtype[Any]:
    return np.dtype(np.min_scalar_type(max(1, int(labelled.values.max(initial=0)))))


def _array(labelled: LabelledPixels) -> npt.NDArray[np.integer[Any]]:
    dtype = _dtype(labelled)
    n_bytes = math.prod(labelled.shape) * dtype.itemsize
    if n_bytes > MAX_ARRAY_BYTES:
        raise ValueError(
            f"labels are written as a whole image up to {MAX_ARRAY_BYTES / 1e9:.1f} GB; these, of shape "
            f"{labelled.shape}, would take {n_bytes / 1e9:.1f} GB. Write .scribbles, .zarr or .h5, which hold only "
            "what is labelled."
        )
    return labelled.to_array(dtype)


def _sparse(labelled: LabelledPixels) -> SparseLabels:
    sparse = SparseLabels(labelled.shape, _dtype(labelled))
    if len(labelled):
        sparse[labelled.coordinates()] = labelled.values
    return sparse


def _labelled_regions(
    sparse: SparseLabels,
) -> Iterator[tuple[tuple[slice, ...], npt.NDArray[np.integer[Any]]]]:
    for first, block in sparse.label_blocks():
        yield tuple(slice(at, at + n) for at, n in zip(first, block.shape, strict=True)), block


def _chunk(shape: tuple[int, ...]) -> tuple[int, ...]:
    whole = (1,) * max(0, len(shape) - len(CHUNK)) + CHUNK[-len(shape) :]
    return tuple(max(1, min(step, length)) for step, length in zip(whole, shape, strict=True))
