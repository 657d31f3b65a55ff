"""Where the images of a project are: their paths, and opening them again as what they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from ._fingerprint import fingerprint
from ._images import CONTAINERS, is_zarr_folder, open_image
from ._ome_zarr import stored_levels

if TYPE_CHECKING:
    from ._image_file import ImageFile
    from ._project_info import ProjectSource

MAX_MEMORY_BYTES = 2**32
"""Images beyond it are not read at once, although they were in memory when the project was saved."""


@dataclass(frozen=True, eq=False, slots=True)
class FoundImage:
    """An image of a project that is there.

    Attributes
    ----------
    path
        Its file.
    image
        What the file holds, seen as it was.
    is_same
        Whether its pixels are those that it had when the project was saved.
    levels
        All its resolutions, the finest first, where it was shown with them and its file has them.
    """

    path: Path
    image: ImageFile
    is_same: bool
    levels: tuple[Any, ...] = ()


def relative_path(file: Path, folder: Path) -> str | None:
    """Path of a file as seen from the folder of a project; None where there is no way, as between drives."""
    # The folders as they really lie, so that ".." leads to the same place for everybody; a linked file stays a link.
    real = os.path.join(os.path.realpath(file.absolute().parent), file.name)
    try:
        found = os.path.relpath(real, os.path.realpath(folder))
    except ValueError:
        return None
    return PurePath(found).as_posix()


def places_of(
    source: ProjectSource, folder: Path, elsewhere: Iterable[str | os.PathLike[str]] = ()
) -> list[Path]:
    """Where the file of a source may be, the likeliest place first.

    Parameters
    ----------
    source
        What the project says.
    folder
        Of the project.
    elsewhere
        Further folders in which it may lie.
    """
    if source.is_copy:
        return [folder / str(source.path)]
    found = []
    if source.path is not None:
        found.append(Path(os.path.normpath(os.path.join(os.path.realpath(folder), source.path))))
    if source.absolute_path is not None:
        found.append(Path(source.absolute_path))
    name = _file_name(source)
    if name:
        beside = (folder.absolute().parent, folder.absolute())
        found += [Path(place) / name for place in (*beside, *elsewhere)]
    return list(dict.fromkeys(found))


def _file_name(source: ProjectSource) -> str:
    """Name of the file of a source, without its folder."""
    return re.split(r"[\\/]", source.path or source.absolute_path or "")[-1]


def find_image(
    source: ProjectSource, folder: Path, elsewhere: Iterable[str | os.PathLike[str]] = ()
) -> FoundImage:
    """Open the image of a source where it may be; one with the same pixels wins over others.

    Raises
    ------
    FileNotFoundError
        If it is in none of these places.
    ValueError
        If what is there is something else.
    """
    places = places_of(source, folder, elsewhere)
    other: FoundImage | None = None
    problem: Exception = FileNotFoundError(_absent(source, places))
    for found in _opened(source, places):
        if isinstance(found, Exception):
            problem = found
        elif found.is_same:
            return found
        else:
            other = other or found
    if other is None:
        raise problem
    return other


def open_source(source: ProjectSource, path: Path) -> FoundImage:
    """Open the image of a source from a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it cannot be read, or has another shape.
    """
    file = path_within(source, path)
    image = open_image(file)
    if source.view.shape_of(image.data.shape) == source.shape:
        image = source.view.of_file(image)
    elif tuple(image.data.shape) != source.shape:  # nor has the part a file of its own by now
        raise ValueError(
            f"the image {source.name!r} must have the shape {source.shape}; '{path}' holds another one, of shape "
            f"{tuple(image.data.shape)}. Point to another file."
        )
    is_same = fingerprint(image.data) == source.fingerprint
    if source.in_memory and image.data.size * image.data.dtype.itemsize <= MAX_MEMORY_BYTES:
        image = replace(image, data=np.array(image.data))
    return FoundImage(path, image, is_same, _levels(source, file))


def path_within(source: ProjectSource, path: Path) -> Path:
    """The image of a source in a file: whoever points to one that holds several need not say again which it is."""
    holds_several = path.suffix.lower() in CONTAINERS or is_zarr_folder(path)
    return path / source.dataset if source.dataset and holds_several else path


def _levels(source: ProjectSource, file: Path) -> tuple[Any, ...]:
    """Resolutions of an image in OME-Zarr, as dask arrays: viewers read from these what they need."""
    if not source.is_pyramid or not is_zarr_folder(file):
        return ()
    from dask.array import from_array

    levels = []
    try:
        all_stored = stored_levels(file)
    except Exception:  # noqa: BLE001  # whatever there may be in it: the image itself can be read
        return ()
    for stored in all_stored:
        level: Any = from_array(stored, chunks=stored.chunks, name=False)  # type: ignore[no-untyped-call]  # dask
        if source.view.shape_of(level.shape) is None:
            return ()
        levels.append(source.view.of(level))
    return tuple(levels) if len(levels) > 1 and levels[0].shape == source.shape else ()


def _opened(source: ProjectSource, places: Iterable[Path]) -> Iterator[FoundImage | Exception]:
    for path in places:
        if not os.path.exists(path):
            continue
        try:
            yield open_source(source, path)
        except (OSError, ValueError) as error:
            yield error


def _absent(source: ProjectSource, places: list[Path]) -> str:
    where = f"there is no '{places[0]}'" if places else "nobody has said where it is"
    return f"the image {source.name!r} must be there; {where}. Point to it."
