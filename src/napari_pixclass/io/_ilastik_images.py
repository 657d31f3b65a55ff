"""The images of ilastik projects: where they may lie now, and how their axes run."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from napari_pixclass.core import StackedArray

from ._given_axes import with_axes
from ._ilastik_hdf5 import dataset
from ._image_file import ImageFile
from ._images import open_image

MAX_FILES = 10_000
"""Most files that one image of a project may be made of."""

MAX_WILDCARDS = 2
"""Most parts of a path that may be patterns: more would search whole disks."""

MAX_SEARCHED = 200_000
"""Most files that are looked at when a missing one is searched by its name."""

ARCHIVES = (".h5", ".hdf5", ".ilp", ".zarr", ".n5", ".npz")
"""Formats that hold several images: what comes after them in a path is a name within."""

_WILDCARDS = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where the image of a lane is.

    Attributes
    ----------
    stored
        What the project says: a path, several with a separator between them, a pattern, or an address.
    files
        What was found of it now, each with the name within it if it has one; empty if something is missing.
    embedded
        Where in the project itself the image lies; empty if it lies elsewhere.
    problem
        Why there is no image; empty if there is one.
    region
        First pixel and the one after the last along each axis, where only a part of the image is used; or empty.
    stacked_along
        Axis along which several files follow each other, if the project says it.
    """

    stored: str
    files: tuple[Path, ...] = ()
    embedded: str = ""
    problem: str = ""
    region: tuple[tuple[int, int], ...] = ()
    stacked_along: str = ""

    @property
    def is_found(self) -> bool:
        """Whether there is an image to be opened."""
        return bool(self.files or self.embedded)

    @property
    def short(self) -> str:
        """Name of the file, or of the first of several, without its folder."""
        parts = _split_stored(self.stored)
        return _external(parts[0])[0].rpartition("/")[2] if parts else ""


def find_source(stored: str, project: Path, roots: Sequence[Path]) -> ImageSource:
    """Look for the image files of a lane.

    In this order: where the project says; then, with as much of the path as fits, in the project's folder and in
    `roots`; then anywhere in `roots`, by the name, where only one file is called so.
    """
    if re.match(r"[a-zA-Z][\w+.-]+://", stored):
        return ImageSource(
            stored, problem=f"it lies at the address {stored[:100]!r}, only files are read"
        )
    found: list[Path] = []
    # A colon may separate files, or be a letter of a name.
    is_one = bool(stored) and os.path.exists(project.parent / stored)
    for part in [stored] if is_one else _split_stored(stored):
        external, inner = _external(part)
        paths, problem = _find(external, project, roots)
        if problem:
            return ImageSource(stored, problem=problem)
        for path in paths:
            found += [path / name if name else path for name in _inner_names(path, inner)]
    if not found:
        return ImageSource(stored, problem="the project names no file for it")
    if len(found) > MAX_FILES:
        return ImageSource(stored, problem=f"it consists of more than {MAX_FILES} files")
    return ImageSource(stored, files=tuple(found))


def open_source(
    source: ImageSource, project: Path, name: str, axes: str, lengths: Mapping[str, int] | None
) -> ImageFile:
    """Open the image of a lane; its axes are those that it had in ilastik, in the order T, Z, Y, X.

    Parameters
    ----------
    source
        Where it is.
    project
        The project file.
    name
        What to call it.
    axes, lengths
        Axes as the project says, and the length of the image along each, if it says that.

    Raises
    ------
    FileNotFoundError
        If it was not found.
    ValueError
        If it cannot be read, or is not the image that the project was made with.
    """
    if not source.is_found:
        raise FileNotFoundError(
            f"the image '{name}' of the project must be there; {source.problem}. Point to the folder where it is now."
        )
    if source.embedded:
        image = _open_embedded(source.embedded, project, name)
    elif len(source.files) == 1:
        image = open_image(source.files[0])
    else:
        image = _open_stack(source, axes, lengths)
    image = replace(image, name=name)
    image = _with_axes(image, axes, lengths)
    if source.region:
        box = dict(zip(axes, source.region, strict=False))
        cut = tuple(slice(*box.get(letter, (0, n))) for letter, n in _sizes(image))
        image = replace(image, data=image.data[cut], translation=None)
    _check_lengths(image, lengths)
    return _in_order(image)


def _split_stored(stored: str) -> list[str]:
    """The paths in a text that may hold several, as written on Windows or elsewhere."""
    if ";" in stored:
        parts = stored.split(";")
    elif re.match(r"[A-Za-z]:[\\/]", stored):
        parts = [stored]
    else:
        parts = stored.split(":")
    return [part.replace("\\", "/") for part in parts if part.strip()]


def _external(path: str) -> tuple[str, str]:
    """The file that a path names, and the name within it."""
    for suffix in ARCHIVES:
        match = re.search(f"(?<=.){re.escape(suffix)}(?=/)", path, re.IGNORECASE)
        if match is not None:
            return path[: match.end()], path[match.end() :].strip("/")
    return path, ""


def _find(external: str, project: Path, roots: Sequence[Path]) -> tuple[list[Path], str]:
    """The files that a path or pattern stands for now; or why there are none."""
    for candidate in _candidates(external, project, roots):
        # Not the method of paths, which raises in folders of others and for names that are too long.
        if os.path.exists(candidate):
            return [candidate], ""
        if matches := _matches(candidate):
            return matches, ""
    name = external.rpartition("/")[2]
    found = _search(name, external, roots)
    if len(found) == 1:
        return found, ""
    if found:
        return (
            [],
            f"several files called {name!r} were found, '{found[0]}' and '{found[1]}' among them",
        )
    return [], f"there is no file {name!r}"


def _candidates(external: str, project: Path, roots: Sequence[Path]) -> Iterator[Path]:
    folder = project.parent
    is_absolute = external.startswith("/") or re.match(r"[A-Za-z]:/", external)
    if is_absolute:
        yield Path(external)
    elif external.startswith("~"):
        yield Path(os.path.expanduser(external))
    parts = [part for part in external.split("/") if part not in ("", ".") and ":" not in part]
    for root in (folder, *roots):
        yield root / external if not is_absolute else root / "/".join(parts)
        plain = [part for part in parts if part != ".."]
        for first in range(len(plain)):
            yield root.joinpath(*plain[first:])


def _matches(pattern: Path) -> list[Path]:
    wild = [bool(_WILDCARDS.search(part)) for part in pattern.parts]
    if not 1 <= sum(wild) <= MAX_WILDCARDS:
        return []
    return sorted(Path(path) for path in glob.glob(str(pattern)))[: MAX_FILES + 1]


def _search(name: str, external: str, roots: Sequence[Path]) -> list[Path]:
    """Files of this name anywhere in `roots`; of several those whose folders are most like those in `external`."""
    if _WILDCARDS.search(name):
        return []
    found: list[Path] = []
    looked_at = 0
    for root in roots:
        for folder, folders, files in os.walk(root):
            looked_at += len(files) + len(folders)
            if looked_at > MAX_SEARCHED:
                break
            if name in files or name in folders:
                found.append(Path(folder) / name)
    wanted = PurePosixPath(external).parts[::-1]
    alike = [_common(wanted, path.parts[::-1]) for path in found]
    best = {
        path.resolve(): path
        for path, n in zip(found, alike, strict=True)
        if n == max(alike, default=0)
    }
    return list(best.values())


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    same = [a == b for a, b in zip(first, second, strict=False)]
    return same.index(False) if False in same else len(same)


def _inner_names(path: Path, inner: str) -> list[str]:
    """Names of the images in a file that a pattern stands for."""
    if not inner or not _WILDCARDS.search(inner) or path.suffix.lower() not in (".h5", ".hdf5"):
        return [inner]
    import h5py

    names: list[str] = []

    def look(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and fnmatch.fnmatch(name, inner):
            names.append(name)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(look)
    except OSError:  # it is reported when it is opened
        return [inner]
    return sorted(names) or [inner]


def _open_embedded(where: str, project: Path, name: str) -> ImageFile:
    import h5py

    file = h5py.File(project, "r", locking=False)
    data = dataset(file, where)
    if data is None or data.dtype.kind not in "buif" or data.ndim < 2 or 0 in data.shape:
        file.close()
        raise ValueError(f"the image '{name}' must lie in the project; its part {where!r} is none.")
    return ImageFile(name, data, "Q" * (data.ndim - 2) + "YX")


def _open_stack(source: ImageSource, axes: str, lengths: Mapping[str, int] | None) -> ImageFile:
    """Several files as one image: planes, time points or channels, one after the other."""
    images = [open_image(path) for path in source.files]
    first = images[0]
    for path, image in zip(source.files, images, strict=True):
        if image.data.shape != first.data.shape:
            raise ValueError(
                f"files of one image must have the same shape; '{source.files[0]}' has {first.data.shape}, '{path}' "
                f"{image.data.shape}."
            )
    if first.data.ndim == len(axes):
        along = axes.index(_stack_axis(source, axes, lengths, len(images) * first.data.shape[0]))
        joined = np.concatenate([np.asarray(image.data) for image in images], axis=along)
        return replace(first, data=joined, spacing=None, unit=None, translation=None)
    letter = _stack_axis(source, axes, lengths, len(images))
    rest = axes.replace(letter, "")
    if first.data.ndim == len(rest) - 1 and rest.endswith("C"):
        rest = rest[:-1]  # grey pictures, which ilastik gave a channel axis
    data = StackedArray([image.data for image in images])
    # Seen by everybody else as an array.
    return ImageFile(first.name, data, letter + _letters(first, rest))  # type: ignore[arg-type]


def _letters(image: ImageFile, axes: str) -> str:
    return axes if image.data.ndim == len(axes) else image.axes


def _stack_axis(
    source: ImageSource, axes: str, lengths: Mapping[str, int] | None, length: int
) -> str:
    """Axis along which files follow each other: what the project says, else one of that length, else the first."""
    if source.stacked_along and source.stacked_along in axes:
        return source.stacked_along
    fitting = [a for a in axes if a not in "YX" and (lengths or {}).get(a) == length]
    others = [a for a in axes if a not in "YX"]
    return (fitting or others or ["Y"])[0]


def _sizes(image: ImageFile) -> list[tuple[str, int]]:
    return list(zip(image.axes, image.data.shape, strict=True))


def _with_axes(image: ImageFile, axes: str, lengths: Mapping[str, int] | None) -> ImageFile:
    """The image with the axes that the project gives it; axes of one pixel may be missing on either side."""
    shape = image.data.shape
    axes = axes or image.axes.replace("S", "C")
    if "Q" in axes:
        raise ValueError(
            f"the axes of the image '{image.name}' must be known; neither the project nor its file name them."
        )
    if len(shape) == len(axes):
        return with_axes(image, axes)
    if len(axes) > len(shape):
        single = [a for a in axes if (lengths or dict.fromkeys("TZC", 1)).get(a) == 1]
        for letter in ("C", "T", "Z"):
            if len(axes) > len(shape) and letter in single:
                axes = axes.replace(letter, "")
    if len(axes) < len(shape):
        full = [n for n in shape if n > 1]
        if len(full) == len(axes):
            return with_axes(
                ImageFile(image.name, np.asarray(image.data).reshape(full), axes), axes
            )
    if len(axes) != len(shape):
        raise ValueError(
            f"the image '{image.name}' must have the axes {axes.lower()} that the project gives it; it has the shape "
            f"{shape}."
        )
    return with_axes(image, axes)


def _check_lengths(image: ImageFile, lengths: Mapping[str, int] | None) -> None:
    for letter, length in _sizes(image):
        wanted = (lengths or {}).get(letter, length)
        if wanted != length:
            raise ValueError(
                f"the image '{image.name}' must be the one that the project was made with, of {wanted} pixels along "
                f"{letter}; this one has {length}."
            )


def _in_order(image: ImageFile) -> ImageFile:
    """The image with its axes in the order T, Z, Y, X; channels stay where they are, or go to the end."""
    spatial = image.axes.replace("C", "")
    wanted = "".join(letter for letter in "TZYX" if letter in spatial)
    if spatial == wanted:
        return image
    axes = wanted + ("C" if "C" in image.axes else "")
    order = [image.axes.index(letter) for letter in axes]
    data = np.transpose(np.asarray(image.data), order)
    moved = ImageFile(image.name, data, axes)
    return with_axes(moved, axes)
