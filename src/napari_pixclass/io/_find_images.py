"""Finding images: files, folders and patterns, in the order that people expect."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event

from ._images import CONTAINERS, READERS, is_zarr_folder


def find_images(
    patterns: Iterable[str | os.PathLike[str]], stopped: Event | None = None
) -> list[Path]:
    """List the images that are meant, each of them once.

    Parameters
    ----------
    patterns
        Any of: a file; an image in a zarr folder or HDF5 file (``file.h5/name``); a folder, whose images are taken
        (those in its subfolders are not, other files are left out); a pattern such as ``data/**/*_raw.tif``, where
        ``*`` and ``?`` stand for parts of a name and ``**`` for any folders, or ``data/*.h5/raw``. Files that do not
        exist are listed too: whoever opens them says so.

    stopped
        Set, in any thread, to give up soon: what is returned, or raised, then means nothing.

    Returns
    -------
    list of Path
        In the order of `patterns`; those of a folder or pattern sorted as people count (2 before 10).

    Raises
    ------
    ValueError
        If a pattern matches nothing or is empty, or a folder holds no images.
    """
    return list(find_named_images(patterns, stopped))


def find_named_images(
    patterns: Iterable[str | os.PathLike[str]], stopped: Event | None = None
) -> dict[Path, bool]:
    """As `find_images`, and whether each image was named as it is, rather than found in a folder or by a pattern."""
    found: dict[Path, bool] = {}
    for pattern in patterns:
        if not os.fspath(pattern):
            raise ValueError("an image must have a name; got ''. Is a variable empty?")
        path = Path(pattern)
        # Not the method of paths, which raises for a file in a folder of others: whoever opens it says so.
        if os.path.isdir(path) and not _is_image_name(path) and not is_zarr_folder(path):
            images = _in_folder(path)
        elif glob.has_magic(str(path)) and not os.path.lexists(_split_pattern(path)[0]):
            images = _matching(path, stopped)
        else:
            images = [path]
        is_named = images == [path]
        for image in images:
            found[image] = is_named or found.get(image, False)
    return found


def _in_folder(folder: Path) -> list[Path]:
    images = [path for path in folder.iterdir() if _is_image(path)]
    if not images:
        raise ValueError(
            f"a folder to predict must hold images; '{folder}' holds none that end in "
            f"{', '.join([*READERS, *CONTAINERS])}. Choose another, or give a pattern such as "
            f"'{folder / '**' / '*.tif'}'."
        )
    return sorted(images, key=natural_key)


def _matching(pattern: Path, stopped: Event | None) -> list[Path]:
    outer, inner = _split_pattern(pattern)
    looks_inside = any(_is_container(folder) for folder in outer.parents)
    images = [
        path / inner
        for path in _globbed(outer, stopped)
        if (not os.path.isdir(path) or _is_image(path))
        and (looks_inside or not any(map(_is_container, path.parents)))
    ]
    if not images:
        raise ValueError(
            f"a pattern must match at least one file; '{pattern}' matches none. Check the folder and "
            "the spelling."
        )
    return sorted(images, key=natural_key)


def _globbed(pattern: Path, stopped: Event | None) -> Iterator[Path]:
    """As `glob.iglob`, folder by folder: it can be stopped where nothing matches, too."""
    folders = os.path.join(pattern.parent, "")  # the slash: folders only
    for folder in glob.iglob(folders, recursive=True):
        if stopped is not None and stopped.is_set():
            return
        inside = os.path.join(glob.escape(folder), pattern.name)
        yield from map(Path, glob.iglob(inside, recursive=True))


def _split_pattern(pattern: Path) -> tuple[Path, Path]:
    """What is to be matched, and the path of the image within the HDF5 files that are."""
    for outer in reversed(pattern.parents):
        if _is_container(outer) and outer.suffix.lower() != ".zarr":
            return outer, pattern.relative_to(outer)
    return pattern, Path()


def _is_image(path: Path) -> bool:
    return not path.name.startswith(".") and (_is_image_name(path) or is_zarr_folder(path))


def _is_image_name(path: Path) -> bool:
    return path.suffix.lower() in READERS or _is_container(path)


def _is_container(path: Path) -> bool:
    return path.suffix.lower() in CONTAINERS


def natural_key(path: Path) -> list[tuple[bool, int, str]]:
    """What paths are sorted by: numbers as numbers, letters whatever their case."""
    parts = re.split(r"([0-9]+)", str(path).casefold())
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]
