"""Which of the files in folders are images to predict: results of an earlier run are none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_pixclass.core import OUTPUTS
from napari_pixclass.io import find_named_images, split_container, stem_of

from ._names import common_folder, targets_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from napari_pixclass.core import ClassInfo

    from ._options import BatchOptions

_OUTPUTS = "|".join(output.capitalize() for output in OUTPUTS)
_RESULT_NAME = re.compile(rf".*_({_OUTPUTS})(_.+)?")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is to be predicted.

    Attributes
    ----------
    images
        The images.
    results
        What was found beside them and is left out, as results of an earlier run.
    """

    images: tuple[Path, ...]
    results: tuple[Path, ...] = ()


def find_inputs(
    patterns: Iterable[str | os.PathLike[str]],
    options: BatchOptions,
    classes: Sequence[ClassInfo],
) -> Inputs:
    """Find the images that are meant, without the results that an earlier run has written among them.

    What is named as it is is always an image. Of what folders and patterns stand for, those are results that a run
    with these options writes for other images, and those in the folder of the results that are called like results.

    Parameters
    ----------
    patterns
        See `find_images`.
    options
        What is to be written, and where.
    classes
        The classes, by ascending value.

    Raises
    ------
    ValueError
        As `find_images`, and if nothing but results is found.
    """
    found = find_named_images(patterns)
    writers = _writers(list(found), options, classes)
    results = [
        path
        for path, is_named in found.items()
        if not is_named
        and (writers.get(_file_of(path), path) != path or _looks_like_result(path, options))
    ]
    images = [path for path in found if path not in {*results}]
    if results and not images:
        raise ValueError(
            f"there must be images besides the results of an earlier run; got {len(results)} results, such as "
            f"'{results[0]}'. Name the files that are images, or choose another folder for the results."
        )
    return Inputs(tuple(images), tuple(results))


def _writers(
    images: Sequence[Path], options: BatchOptions, classes: Sequence[ClassInfo]
) -> dict[Path, Path]:
    """The image of each file that would be written.

    Results that are called as their image, but for the ending, count for nothing: that may be another image.
    """
    root = common_folder(images)
    return {
        _file_of(target.path): image
        for image in images
        for target in targets_of(image, options, classes, root)
        if stem_of(target.path) != stem_of(image)
    }


def _looks_like_result(path: Path, options: BatchOptions) -> bool:
    if not _RESULT_NAME.fullmatch(stem_of(path)):
        return False
    return options.folder is None or _file_of(path).is_relative_to(Path(options.folder).resolve())


def _file_of(path: Path) -> Path:
    """The file or folder that holds an image."""
    return split_container(path)[0].resolve()
