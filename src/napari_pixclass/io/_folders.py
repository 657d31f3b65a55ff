"""Folders of results: making them, and putting a finished one in its place, whatever stood there before."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from ._atomic import check_target, flush_folder


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make the folder that results go to, if it does not exist.

    Raises
    ------
    ValueError
        If it cannot be made or written to.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "no permission to write"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason:
        raise ValueError(
            f"results need a folder that can be written to; '{folder}' is none ({reason}). Choose "
            "another."
        )
    return folder


def check_replaceable(path: Path) -> None:
    """Raise FileExistsError if a result cannot take this place: only another zarr group or array makes room."""
    if not path.exists():
        return
    if not any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise FileExistsError(
            f"only a zarr folder may be replaced by one; '{path}' is something else. Choose another "
            "name, or remove it."
        )


def put_in_place(source: Path, target: Path, trash: Path) -> None:
    """Rename a folder; what stands in its place goes to the folder `trash`, on the same disk.

    Between the two renames there is nothing at `target`: folders cannot be swapped everywhere. Whoever finds `source`
    still there calls this again.
    """
    if target.exists():
        check_replaceable(target)
        target.rename(trash / f"replaced-{secrets.token_hex(4)}")
    source.rename(target)
    flush_folder(target.parent)


@contextmanager
def new_zarr_folder(path: Path) -> Iterator[Path]:
    """Give a folder that does not exist yet, and put what was written there in place of `path` at the end.

    If anything goes wrong, `path` stays as it was and nothing is left behind.

    Raises
    ------
    FileExistsError
        If `path` is something else than a zarr folder.
    OSError
        If nothing can be written beside it.
    """
    check_replaceable(path)
    check_target(path.parent / f".{path.name[:100]}.part")
    trash = Path(mkdtemp(prefix=f".{path.name[:100]}.", dir=path.parent))
    try:
        yield trash / "new"
        put_in_place(trash / "new", path, trash)
    finally:
        shutil.rmtree(trash, ignore_errors=True)
