"""Writing the results of one image that are in memory: all of its files, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_pixclass.io import Display, Hdf5Store, value_range

from ._names import named_targets

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_pixclass.core import ClassInfo, Output
    from napari_pixclass.io import ImageFile

    from ._formats import FileFormat
    from ._names import Target
    from ._options import BatchOptions


def save_results(
    arrays: Mapping[Output, npt.NDArray[Any]],
    image: ImageFile,
    classes: Sequence[ClassInfo],
    options: BatchOptions,
) -> tuple[Path, ...]:
    """Write results that are in memory already, to the files that a batch would write; not in OME-Zarr.

    Parameters
    ----------
    arrays
        The exports of `options`: probabilities with the classes first, of the type that the files are to have.
    image
        The image: its name, axes and spacing count.
    classes
        The classes, by ascending value.
    options
        Where and how; what exists is replaced if they say so.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    FileExistsError
        If there is one already.
    """
    fields = dict.fromkeys(("parent", "folder", "dataset"), "")
    targets = named_targets({"stem": image.name, **fields}, Path(), options, classes)
    for target in targets:
        if target.path.exists() and not options.overwrite:
            raise FileExistsError(
                f"results must not exist yet; '{target.path}' does. Have them replaced (overwrite), or "
                "choose another folder."
            )
    write_results(arrays, targets, image, classes, options.format)
    return tuple(target.path for target in targets)


def write_results(
    arrays: Mapping[Output, npt.NDArray[Any]],
    targets: Sequence[Target],
    image: ImageFile,
    classes: Sequence[ClassInfo],
    file_format: FileFormat,
) -> None:
    """Write the results of an image.

    Parameters
    ----------
    arrays
        Each output; probabilities with the classes first.
    targets
        The files.
    image
        The image, with the spacing that its results get.
    classes
        The classes, by ascending value.
    file_format
        Any but OME-Zarr.
    """
    from napari_pixclass.io import replacing_all

    for folder in {target.path.parent for target in targets}:
        folder.mkdir(parents=True, exist_ok=True)
    with replacing_all(target.path for target in targets) as temporaries:
        for target, temporary in zip(targets, temporaries, strict=True):
            array = arrays[target.output]
            if target.position is not None:
                array = array[target.position]
            _write(temporary, array, target, image, classes, file_format)


def _write(
    path: Path,
    array: npt.NDArray[Any],
    target: Target,
    image: ImageFile,
    classes: Sequence[ClassInfo],
    file_format: FileFormat,
) -> None:
    from napari_pixclass.io import write_npy, write_png, write_tiff

    has_classes = target.output == "probabilities" and target.position is None
    axes = f"C{image.axes_without_channels}" if has_classes else image.axes_without_channels
    names = [info.name for info in classes] if has_classes else []
    if file_format == "png":
        write_png(path, array.reshape(array.shape[-2:]), atomic=False)
    elif file_format == "npy":
        write_npy(path, array, atomic=False)
    elif file_format == "hdf5":
        drange = None if target.output == "segmentation" else value_range(array.dtype)
        chunk = tuple(min(length, 512) for length in array.shape[-2:])
        chunk = (1,) * (array.ndim - 2) + chunk
        store = Hdf5Store(
            path, array.shape, chunk, array.dtype, axes, image.spacing, image.unit, names, drange
        )
        try:
            store.write(0, (slice(None),) * array.ndim, array)
        finally:
            store.close()
    else:
        write_tiff(
            path,
            array,
            axes,
            spacing=image.spacing,
            unit=image.unit,
            channel_names=names,
            display=_display(target, array.dtype, classes) if file_format == "tiff" else None,
            atomic=False,
        )


def _display(target: Target, dtype: np.dtype[Any], classes: Sequence[ClassInfo]) -> Display:
    """How ImageJ shows a result: probabilities as an overlay of the classes' colours, everything else in grey."""
    if target.output == "segmentation":
        return Display((0, max(info.value for info in classes)))
    has_classes = target.output == "probabilities" and target.position is None
    return Display(value_range(dtype), tuple(info.rgb for info in classes) if has_classes else ())
