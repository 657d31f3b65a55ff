"""Writing projects so that neither a reader nor a crash ever finds half of one.

What is new gets a new name: files are called after what they hold. The description, which says which files belong to
the project, is replaced last, at once; what it does not speak of any more is removed after that. So a saving that is
cut short at any moment leaves the project that there was, or the new one.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._atomic import check_target, flush_folder, replacing
from ._fingerprint import rows_of
from ._project_info import CLASSIFIER_NAME, ProjectInfo
from ._project_reading import (
    DESCRIPTION_NAME,
    MAX_DESCRIPTION_BYTES,
    PROJECT_SUFFIX,
    RUN_TYPE,
    digest_of_file,
    is_project,
    new_classifier_name,
    read_project_info,
)
from ._project_values import checked_info
from ._runs import runs_of

if TYPE_CHECKING:
    from napari_pixclass.core import ArrayLike, LabelledPixels

LOCK_NAME = ".lock"

PATIENCE_SECONDS = 10
"""Longest time to wait for somebody else who is saving the same project."""

MAX_STEM = 50
"""Most characters of a name in that of a file."""

_DIGEST = "[0-9a-f]{16}"
_OURS = {
    "labels": re.compile(rf".+-{_DIGEST}\.npy"),
    "images": re.compile(rf".+-{_DIGEST}(\.ome)?\.[A-Za-z0-9]+"),
    ".": re.compile(rf"classifier-{_DIGEST}\.pixclass"),
}
"""Names that we give, in each folder; other files are left alone."""

_UNFINISHED = re.compile(r"\..*\.part")

Copying = Generator[int, None, str]
"""Yields the bytes that have been copied since the last time, returns the name of the copy."""


class ProjectWriter:
    """Writes the parts of one project; see `writing_project`.

    Attributes
    ----------
    folder
        Of the project.
    previous
        What is there already, if that is a project.
    """

    def __init__(self, folder: Path, previous: ProjectInfo | None) -> None:
        self.folder = folder
        self.previous = previous

    def write_labels(self, name: str, labelled: LabelledPixels) -> tuple[str, int]:
        """Write labels; return the name of their file, and the number of its rows.

        Raises
        ------
        ValueError
            If they are too many, or a class value is too large.
        """
        found = runs_of(labelled)
        if int(found.value.max(initial=0)) > np.iinfo(np.int64).max:
            raise ValueError(
                f"class values must be below 2^63; got {int(found.value.max())}. Use smaller ones."
            )
        runs = np.stack([np.asarray(part, dtype=RUN_TYPE) for part in found], axis=1)
        digest = blake2b(repr((labelled.shape, len(runs))).encode(), digest_size=16)
        digest.update(np.ascontiguousarray(runs).data)
        file = f"labels/{_stem(name)}-{digest.hexdigest()[:16]}.npy"
        self._make("labels")
        # Also where there is one: it may have been damaged.
        with replacing(self.folder / file) as temporary, temporary.open("wb") as opened:
            np.lib.format.write_array(opened, runs, version=(1, 0), allow_pickle=False)
        return file, len(runs)

    def copy_array(self, name: str, data: ArrayLike) -> Copying:
        """Copy an image to an array in the project, piece by piece."""
        shape, dtype = tuple(map(int, data.shape)), np.dtype(data.dtype).newbyteorder("<")
        digest = blake2b(repr((shape, dtype.str)).encode(), digest_size=16)
        with self._new("images") as temporary, temporary.open("wb") as opened:
            header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(opened, header)
            for region in rows_of(shape, dtype.itemsize):
                piece = np.ascontiguousarray(np.asarray(data[region]), dtype=dtype)
                bytes_of_it = piece.reshape(-1).view(np.uint8).data
                digest.update(bytes_of_it)
                opened.write(bytes_of_it)
                yield int(piece.nbytes)
            opened.flush()
            os.fsync(opened.fileno())
            file = f"images/{_stem(name)}-{digest.hexdigest()[:16]}.npy"
            opened.close()
            temporary.replace(self.folder / file)
        return file

    def copy_file(self, path: Path) -> Copying:
        """Copy an image file, or a zarr folder, into the project, unless it is there and has not been changed since."""
        is_ome = path.stem.lower().endswith(".ome")
        stem = path.stem[:-4] if is_ome else path.stem
        suffix = path.suffix if re.fullmatch(r"\.[A-Za-z0-9]+", path.suffix) else ".zarr"
        ending = f"{'.ome' if is_ome else ''}{suffix}"
        file = f"images/{_stem(stem)}-{stamp_of(path)[:16]}{ending}"
        if os.path.exists(self.folder / file):
            if size_of(self.folder / file) == size_of(path):
                yield size_of(path)
                return file
            file = f"images/{_stem(stem)}-{secrets.token_hex(8)}{ending}"  # that one was damaged
        with self._new("images") as temporary:
            if path.is_dir():
                temporary.mkdir()
                for inner in sorted(path.rglob("*")):
                    target = temporary / inner.relative_to(path)
                    if inner.is_dir():
                        target.mkdir(exist_ok=True)
                    else:
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(inner, target)
                        yield inner.stat().st_size
            else:
                with path.open("rb") as source, temporary.open("wb") as opened:
                    while piece := source.read(1 << 24):
                        opened.write(piece)
                        yield len(piece)
                    opened.flush()
                    os.fsync(opened.fileno())
            temporary.replace(self.folder / file)
        return file

    def write_classifier(self, save: Callable[[Path], object]) -> str:
        """Have a classifier saved under a new name, and return its digest."""
        with self._new(".") as temporary:
            save(temporary)
            digest = digest_of_file(temporary)
            temporary.replace(self.folder / new_classifier_name(digest))
        return digest

    def commit(self, info: ProjectInfo) -> None:
        """Put the description in place: from now on it is the new project."""
        content = _readable(info.to_json()).encode("utf-8", "backslashreplace")
        if len(content) > MAX_DESCRIPTION_BYTES:
            raise ValueError(
                f"the description of a project must be smaller than {MAX_DESCRIPTION_BYTES // 2**20} MiB; got "
                f"{len(content) / 2**20:.1f}. Save fewer images in one project."
            )
        checked_info(json.loads(content))  # better now than when it is needed
        for name in (".", "images"):
            if (self.folder / name).is_dir():
                flush_folder(self.folder / name)
        with replacing(self.folder / DESCRIPTION_NAME) as temporary:
            temporary.write_bytes(content)
        classifier = self.folder / CLASSIFIER_NAME
        if info.classifier is None:
            classifier.unlink(missing_ok=True)
            return
        new = self.folder / new_classifier_name(info.classifier.digest)
        if new.is_file():
            new.replace(classifier)

    def tidy(self) -> None:
        """Remove what we have written and the description on disk does not speak of."""
        kept: frozenset[str] = frozenset()
        if is_project(self.folder):
            try:
                info = read_project_info(self.folder)
            except (OSError, ValueError):  # nobody can say what belongs to it
                return
            new = new_classifier_name(info.classifier.digest) if info.classifier else ""
            kept = info.files | {new}
        for name, ours in _OURS.items():
            folder = self.folder / name
            for path in list(folder.iterdir()) if folder.is_dir() else ():
                is_ours = ours.fullmatch(path.name) or _UNFINISHED.fullmatch(path.name)
                if is_ours and path.relative_to(self.folder).as_posix() not in kept:
                    _remove(path)
            if name != "." and folder.is_dir():
                with suppress(OSError):
                    folder.rmdir()  # if it is empty

    def _make(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    @contextmanager
    def _new(self, name: str) -> Iterator[Path]:
        """Give a temporary path in a folder of the project; what is still there in the end is removed."""
        temporary = self._make(name) / f".{secrets.token_hex(8)}.part"
        try:
            yield temporary
        finally:
            _remove(temporary)


@contextmanager
def writing_project(
    path: Path, known_ids: Collection[str] = (), overwrite: bool = False
) -> Iterator[ProjectWriter]:
    """Write a project, while nobody else does.

    Parameters
    ----------
    path
        Its folder, which is made if absent.
    known_ids
        The `ProjectInfo.save_id` that may be there: another state, or another project, is not replaced.
    overwrite
        Replace whatever project is there.

    Raises
    ------
    FileExistsError
        If something else is there: another project, another state of this one, or a folder with other files.
    ValueError
        If a new folder has another ending than projects have, or the project that is there cannot be read.
    OSError
        If nothing can be written there.
    """
    if not is_project(path) and path.suffix.lower() != PROJECT_SUFFIX:
        raise ValueError(
            f"the folder of a project must end in {PROJECT_SUFFIX}; got '{path.name}'. Choose such a name."
        )
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"a project is a folder; '{path}' is a file. Choose another name.")
    check_target(path if not path.is_dir() else path / DESCRIPTION_NAME)
    is_new = not path.exists()
    path.mkdir(exist_ok=True)
    try:
        with _locked(path):
            writer = ProjectWriter(path, _replaceable(path, known_ids, overwrite))
            try:
                yield writer
            finally:
                writer.tidy()
    finally:
        if is_new and not is_project(path):
            (path / LOCK_NAME).unlink(missing_ok=True)
            with suppress(OSError):
                path.rmdir()


def _replaceable(path: Path, known_ids: Collection[str], overwrite: bool) -> ProjectInfo | None:
    """The project that is there, if it may be replaced."""
    if not is_project(path):
        others = [item.name for item in path.iterdir() if not _may_be_left_over(item.name)]
        if others:
            raise FileExistsError(
                f"a project needs a folder of its own; '{path}' holds other files, such as '{min(others)}'. Choose "
                "another name."
            )
        return None
    try:
        previous = read_project_info(path)
    except ValueError:
        if overwrite:
            return None
        raise
    if not overwrite and not known_ids:
        raise FileExistsError(
            f"a project is replaced only if that is asked for (overwrite); '{path}' is one. Choose another name."
        )
    if not overwrite and previous.save_id not in known_ids:
        raise FileExistsError(
            f"a project must be as it was when it was opened or saved here; somebody else has saved '{path}' since. "
            "Save this one under another name, or open that one again."
        )
    return previous


def _may_be_left_over(name: str) -> bool:
    """Whether a file may be what is left of a first saving that was cut short."""
    known = {"labels", "images", LOCK_NAME, CLASSIFIER_NAME}
    return name in known or bool(_UNFINISHED.fullmatch(name) or _OURS["."].fullmatch(name))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path / LOCK_NAME, timeout=PATIENCE_SECONDS, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise BlockingIOError(
            f"a project is saved by one at a time; somebody else is saving '{path}'. Try again."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _readable(values: object) -> str:
    """JSON for people: lists of numbers or words in one line."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    # A line ends nowhere within a word.
    return re.sub(r"\[\n[^\[\]{}]*\]", lambda found: re.sub(r"\n *", " ", found[0]), text) + "\n"


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())


def stamp_of(path: Path) -> str:
    """Another word as soon as a file, or one in a folder, has been written to."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = blake2b(str(path.absolute()).encode("utf-8", "surrogateescape"), digest_size=16)
    for file in files:
        if file.is_file():
            known = file.stat()
            digest.update(repr((str(file), known.st_size, known.st_mtime_ns)).encode())
    return digest.hexdigest()


def _stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:MAX_STEM].strip("._") or "image"


def _remove(path: Path) -> None:
    with suppress(OSError):  # somebody may be looking at it
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
