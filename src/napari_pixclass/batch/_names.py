"""What results are called, and where they go: patterns such as ``{stem}_{output}``."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_pixclass.io import split_container, stem_of

from ._formats import ENDINGS, FORMATS

if TYPE_CHECKING:
    from napari_pixclass.core import ClassInfo, Output

    from ._formats import FileFormat
    from ._options import BatchOptions

FIELDS = ("stem", "output", "class", "value", "parent", "folder", "dataset")
"""What may stand in braces in a pattern."""

_OF_A_CLASS = re.compile(r"[-_. ]*\{(class|value)\}")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')  # of files, on one system or another


@dataclass(frozen=True, slots=True)
class Target:
    """A file to write: an output, or the probabilities of the class at one position."""

    path: Path
    output: Output
    position: int | None = None


def common_folder(images: Sequence[Path]) -> Path:
    """The folder that all images lie in, directly or further down; theirs if there is none, as on different drives."""
    folders = {split_container(image.absolute())[0].parent for image in images}
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:
        return Path()


def check_pattern(
    pattern: str, file_format: FileFormat, exports: Sequence[Output], *, splits_classes: bool
) -> None:
    """Refuse a pattern that names no files, or several results alike.

    Parameters
    ----------
    pattern
        Pattern of the files' names, or nothing.
    file_format, exports
        What is to be written.
    splits_classes
        Whether the probabilities of each class get a file of their own.

    Raises
    ------
    ValueError
        If it does.
    """
    if not pattern:
        return
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise ValueError(
            f"the name of results must be a pattern with {_fields()}; got '{pattern}' ({error})."
        ) from None
    names = [name for _, name, _, _ in parts if name is not None]
    unknown = [name for name in names if name not in FIELDS]
    if unknown or any(spec or conversion for _, _, spec, conversion in parts):
        raise ValueError(
            f"the name of results may hold {_fields()}; got '{pattern}'. Write braces for nothing else."
        )
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ValueError(
            f"the name of results must lead into their folder; got '{pattern}'. Choose another folder."
        )
    if len(exports) > 1 and "output" not in names:
        raise ValueError(
            f"the name of several results must tell them apart; got '{pattern}' for "
            f"{', '.join(exports)}. Add {{output}}."
        )
    if splits_classes and not {"class", "value"} & {*names}:
        raise ValueError(
            f"the name must tell the files of the classes apart; got '{pattern}'. Add {{class}}."
        )
    _ending(pattern, file_format)


def targets_of(
    image: Path, options: BatchOptions, classes: Sequence[ClassInfo], root: Path
) -> tuple[Target, ...]:
    """The files to write for an image.

    Parameters
    ----------
    image
        The image.
    options
        What is wanted.
    classes
        The classes, by ascending value.
    root
        The folder that ``{folder}`` is seen from, see `common_folder`.
    """
    container, inner = split_container(image.absolute())
    fields = {
        "stem": stem_of(image),
        "parent": container.parent.name,
        "folder": _below(container.parent, root),
        "dataset": _file_name(inner),
    }
    return named_targets(fields, container.parent, options, classes)


def named_targets(
    fields: Mapping[str, str], folder: Path, options: BatchOptions, classes: Sequence[ClassInfo]
) -> tuple[Target, ...]:
    """The files to write for an image of which everything is known that may stand in a pattern, but for the outputs.

    `folder` is where they go if the options do not say it.
    """
    if options.folder is not None:
        folder = Path(options.folder)
    targets = []
    for output in options.exports:
        named = {**fields, "output": output.capitalize()}
        if output == "probabilities" and options.splits_classes:
            pattern = _with_ending(options.name or "{stem}_{output}_{class}", options.format)
            for position, name in enumerate(_class_names(classes)):
                one = {**named, "class": name, "value": str(classes[position].value)}
                path = folder / _formatted(pattern, one, options.format)
                targets.append(Target(path, output, position))
            continue
        pattern = _with_ending(options.name or "{stem}_{output}", options.format)
        path = folder / _formatted(_OF_A_CLASS.sub("", pattern), named, options.format)
        targets.append(Target(path, output))
    return tuple(targets)


def _formatted(pattern: str, fields: Mapping[str, str], file_format: FileFormat) -> Path:
    """A path within the folder of the results; parts of it that are empty vanish."""
    path = Path(*[part for part in pattern.format(**fields).split("/") if part])
    if not path.name.removesuffix(_ending(path.name, file_format)).strip(" ."):
        raise ValueError(
            f"the name of results must be more than an ending; got '{path}' from '{pattern}' for "
            f"'{fields['stem']}'. Add {{stem}} to the last part of the pattern."
        )
    return path


def _below(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""


def _with_ending(pattern: str, file_format: FileFormat) -> str:
    return pattern if _ending(pattern, file_format) else pattern + FORMATS[file_format]


def _ending(pattern: str, file_format: FileFormat) -> str:
    """How a pattern ends, if that is an ending of this format; empty if it is none of an image file.

    Raises
    ------
    ValueError
        If it is that of another format.
    """
    for ending in ENDINGS[file_format]:
        if pattern.lower().endswith(ending):
            return ending
    for other, endings in ENDINGS.items():
        if pattern.lower().endswith(endings):
            raise ValueError(
                f"names of {file_format} files end in {' or '.join(ENDINGS[file_format])}; got "
                f"'{pattern}'. Choose the format {other}, or leave the ending out."
            )
    return ""


def _class_names(classes: Sequence[ClassInfo]) -> list[str]:
    """A name for the files of each class; those that are called alike also get their value."""
    names = [_file_name(info.name) for info in classes]
    alike = [name.casefold() for name in names]
    return [
        f"{name}_{info.value}" if alike.count(name.casefold()) > 1 else name
        for name, info in zip(names, classes, strict=True)
    ]


def _file_name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip(" .")


def _fields() -> str:
    return ", ".join(f"{{{name}}}" for name in FIELDS)
