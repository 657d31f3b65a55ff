"""Files of labels, whatever wrote them: label images, scribbles files, Labkit's labelings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._images import open_label_image
from ._labkit import read_labkit
from ._scribbles_file import load_scribbles
from ._written_labels import in_blocks

if TYPE_CHECKING:
    import os

    from napari_pixclass.core import AnyLabels, ClassInfo

SCRIBBLES_SUFFIX = ".scribbles"
LABKIT_SUFFIX = ".labeling"


@dataclass(frozen=True, eq=False, slots=True)
class LabelFile:
    """Labels from a file.

    Attributes
    ----------
    name
        Of the file, without folder.
    labels
        Labelled pixels, or an array whose numbers are read when they are needed.
    axes
        A letter for each axis, Q for what the file says nothing of; empty where it says nothing at all.
    classes
        Names and colours, where the file has them.
    """

    name: str
    labels: AnyLabels
    axes: str = ""
    classes: tuple[ClassInfo, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.labels.shape)


def open_label_file(path: str | os.PathLike[str]) -> LabelFile:
    """Open any file of labels.

    Parameters
    ----------
    path
        A label image in one of the formats of `open_image` (of a PNG file with a palette the indices are the
        labels), a scribbles file, or a ``.labeling`` of Labkit.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is not read, the file is damaged, or it holds a coloured picture.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (SCRIBBLES_SUFFIX, LABKIT_SUFFIX) and not path.exists():
        raise FileNotFoundError(f"the file of labels must exist; there is no '{path}'.")
    if suffix == SCRIBBLES_SUFFIX:
        labelled, info = load_scribbles(path)
        return LabelFile(path.name, labelled, classes=info.classes)
    if suffix == LABKIT_SUFFIX:
        labelled, classes = read_labkit(path)
        return LabelFile(path.name, labelled, classes=classes)
    image = open_label_image(path)
    # Labels have no channels; a program may have called their axes whatever it wants.
    axes = image.axes if image.has_known_axes and "C" not in image.axes else ""
    return LabelFile(path.name, in_blocks(image.data), axes)
