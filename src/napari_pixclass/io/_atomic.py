"""Writing files so that a reader, or a crash, never finds half of one."""

from __future__ import annotations

import os
import secrets
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; put what was written there in place at the end.

    If anything goes wrong, `path` stays as it was and nothing is left behind. Where `path` is a
    symbolic link, the file that it points to is replaced.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    """
    with replacing_all([path]) as (temporary,):
        yield temporary


def file_to_write(path: str | os.PathLike[str], *, atomic: bool) -> AbstractContextManager[Path]:
    """As `replacing`, or the path itself where it is a temporary one that somebody else puts in place."""
    return replacing(path) if atomic else nullcontext(Path(path))


@contextmanager
def replacing_all(paths: Iterable[str | os.PathLike[str]]) -> Iterator[list[Path]]:
    """As `replacing` for files that belong together: none is put in place before all are written.

    They are renamed one after another: a crash in that moment is all that can leave a part of them.
    """
    targets = [Path(os.path.realpath(path)) for path in paths]
    for target in targets:
        check_target(target)
    temporaries = [
        target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part") for target in targets
    ]
    try:
        yield temporaries
        for temporary in temporaries:
            _flush(temporary, os.O_RDWR)
        for temporary, target in zip(temporaries, targets, strict=True):
            temporary.replace(target)
        for folder in {target.parent for target in targets}:
            flush_folder(folder)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise what `replacing` would, and PermissionError if the folder takes no new file."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"a file to write must not be a folder; got '{path}'.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"the folder of a file to write must exist; got '{path}'. Create '{path.parent}' first."
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(
            f"the folder of a file to write must be writable; '{path.parent}' is not."
        )


def flush_folder(folder: Path) -> None:
    """Make the disk hold the names that files in a folder have got."""
    if os.name == "posix":  # elsewhere folders cannot be opened, and need not be
        _flush(folder, os.O_RDONLY)


def _flush(path: Path, flags: int) -> None:
    """Make the disk hold what was written: a rename alone may survive a power cut without it."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
