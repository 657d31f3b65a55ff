"""Reading projects with suspicion: nothing outside of the folder is taken for a part of it."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ._archive import FileContentError
from ._npy import read_exact_npy
from ._project_info import CLASSIFIER_NAME, ProjectInfo, ProjectLabels
from ._project_values import checked_info
from ._runs import Runs, pixels_of

if TYPE_CHECKING:
    from napari_pixclass.core import LabelledPixels

PROJECT_SUFFIX = ".pixproject"

DESCRIPTION_NAME = "project.json"

MAX_DESCRIPTION_BYTES = 2**24
"""Most bytes of a description: thousands of images."""

MAX_REASON = 300
"""Most characters of what is told about a project that cannot be read."""

RUN_TYPE = "<i8"


class ProjectError(FileContentError):
    """A folder is no project, is damaged, or was written by a newer version."""


def project_folder(path: str | os.PathLike[str]) -> Path:
    """The folder of a project, which may be named by its description, too."""
    path = Path(path)
    return path.parent if path.name == DESCRIPTION_NAME and not path.is_dir() else path


def is_project(path: str | os.PathLike[str]) -> bool:
    """Whether a folder holds the description of a project, readable or not."""
    return os.path.isfile(Path(path) / DESCRIPTION_NAME)


def read_project_info(path: str | os.PathLike[str]) -> ProjectInfo:
    """Read the description of a project.

    Parameters
    ----------
    path
        Its folder.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no description in it.
    ProjectError
        If the description is damaged, or was written by a newer version.
    """
    folder = Path(path)
    file = folder / DESCRIPTION_NAME
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"a project must be a folder that exists; there is no '{folder}'.")
    if not os.path.isfile(file):
        raise FileNotFoundError(
            f"a project must hold its description, {DESCRIPTION_NAME}; '{folder}' does not. Choose another folder."
        )
    try:
        return checked_info(_json(file))
    except ValueError as error:
        raise _unreadable(folder, error) from error


def read_project_labels(
    path: str | os.PathLike[str], info: ProjectInfo
) -> tuple[LabelledPixels, ...]:
    """Read all labels of a project.

    Raises
    ------
    ProjectError
        If some are missing or damaged.
    """
    folder = Path(path)
    try:
        return tuple(_labelled(folder, labels) for labels in info.labels)
    except ValueError as error:
        raise _unreadable(folder, error) from error


def find_classifier(path: str | os.PathLike[str], info: ProjectInfo) -> tuple[Path, bool] | None:
    """Find the file of the classifier of a project, and whether it is the one that was saved with it.

    None where the project has none, or the file is gone.
    """
    if info.classifier is None:
        return None
    folder, digest = Path(path), info.classifier.digest
    new = folder / new_classifier_name(digest)  # where a saving was cut short after the last moment
    if os.path.isfile(new) and digest_of_file(new) == digest:
        return new, True
    file = folder / CLASSIFIER_NAME
    return (file, digest_of_file(file) == digest) if os.path.isfile(file) else None


def new_classifier_name(digest: str) -> str:
    """What a classifier is called until the description speaks of it."""
    return f"classifier-{digest[:16]}.pixclass"


def digest_of_file(path: Path) -> str:
    """32 hexadecimal digits for the bytes of a file."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _json(file: Path) -> object:
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size > MAX_DESCRIPTION_BYTES:
            raise FileContentError(
                f"its description is larger than {MAX_DESCRIPTION_BYTES // 2**20} MiB"
            )
        text = opened.read(size)
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # also what is no UTF-8
        raise FileContentError(f"its part {DESCRIPTION_NAME} is not valid JSON") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _labelled(folder: Path, labels: ProjectLabels) -> LabelledPixels:
    file = folder / labels.file
    try:
        runs = read_exact_npy(file, RUN_TYPE, (labels.n_runs, 3))
        return pixels_of(Runs(*runs.T), labels.shape, labels.dtype, labels.n_pixels)
    except FileContentError as error:
        raise FileContentError(f"of its part {labels.file} one must say: {error}") from error


def _unreadable(folder: Path, error: ValueError) -> ProjectError:
    reason = str(error).rstrip(".")
    if len(reason) > MAX_REASON:  # it quotes the file
        reason = f"{reason[:MAX_REASON]} ..."
    return ProjectError(f"'{folder}' cannot be read as a project: {reason}.")
