"""Labels kept beside a model, so that its training can be continued: a folder of scribbles files.

``cells.pixclass`` has them in ``cells.labels``, one file for each image, numbered in the order of the training. Images
are named by their paths, and stay where they are. A small text says of which model they are: one that is saved in its
place without labels does not get those of another training.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from ._find_images import natural_key
from ._given_axes import with_channel_axis
from ._images import open_image
from ._label_files import SCRIBBLES_SUFFIX
from ._label_writing import LabelGeometry, write_labels
from ._scribbles_file import load_scribbles

if TYPE_CHECKING:
    from napari_pixclass.core import ClassInfo, LabelledPixels

    from ._image_file import ImageFile
    from ._scribbles_file import ScribblesInfo

FOLDER_SUFFIX = ".labels"

FINGERPRINT_NAME = "model.txt"
"""Holds the fingerprint of the forest that was trained on the labels."""

MAX_STEM = 60
"""Most characters of an image's name in that of a file."""


@dataclass(frozen=True, eq=False, slots=True)
class TrainingLabels:
    """Labels of one image that was trained on.

    Attributes
    ----------
    labelled
        The labels.
    info
        What their file says about the image, and the classes.
    path
        The file.
    """

    labelled: LabelledPixels
    info: ScribblesInfo
    path: Path

    @property
    def image_paths(self) -> list[Path]:
        """Where the image may be: where it was, or beside the labels or their folder."""
        if self.info.image_path is None:
            return []
        name = re.split(r"[\\/]", self.info.image_path)[-1]
        folder = self.path.resolve().parent
        return [Path(self.info.image_path), folder / name, folder.parent / name]

    @property
    def found_paths(self) -> list[Path]:
        """Those of `image_paths` where there is something."""
        # Not the method of paths, which raises in folders of others.
        return [path for path in self.image_paths if os.path.exists(path)]

    def open_image(self, path: Path | None = None) -> ImageFile:
        """Open the image, from `path` or where it may be, with channels as it was trained on.

        Raises
        ------
        FileNotFoundError
            If it is in none of these places.
        ValueError
            If it cannot be read, or has another shape than its labels.
        """
        found = [path] if path is not None else self.found_paths
        if not found:
            known = self.info.image_path
            problem = f"there is no '{known}'" if known else "nobody has said where it is"
            raise FileNotFoundError(
                f"the image {self.image_name!r} must be there; {problem}. Point to it."
            )
        image = open_image(found[0])
        channel_axis = self._channel_axis(image)
        if channel_axis != image.channel_axis:
            image = with_channel_axis(image, channel_axis)
        shape = list(image.data.shape)
        if channel_axis is not None:
            del shape[channel_axis]
        if tuple(shape) != self.info.shape:
            raise ValueError(
                f"the image of these labels must have their shape, {self.info.shape}, besides channels; '{found[0]}' "
                f"has {tuple(image.data.shape)}. Point to another one."
            )
        return image

    @property
    def image_name(self) -> str:
        """What the image is called."""
        return self.info.image_name or self.path.stem

    def _channel_axis(self, image: ImageFile) -> int | None:
        """The axis of the channels: as it was, if the image still looks like that."""
        n_axes, known = len(image.data.shape), self.info.channel_axis
        if n_axes == len(self.info.shape):
            return None
        return image.channel_axis if known is None or not 0 <= known < n_axes else known


def labels_folder(model: str | os.PathLike[str]) -> Path:
    """The folder in which the labels of a model file are kept; it need not exist."""
    path = Path(model)
    return path.with_name(path.stem + FOLDER_SUFFIX)


def check_labels_folder(model: str | os.PathLike[str]) -> Path:
    """`labels_folder`, if labels can be written there.

    Raises
    ------
    FileExistsError
        If there is another folder of this name, with other files than labels.
    """
    folder = labels_folder(model)
    if folder.exists() and any(
        path.suffix != SCRIBBLES_SUFFIX and path.name != FINGERPRINT_NAME
        for path in folder.iterdir()
    ):
        raise FileExistsError(
            f"labels may only replace labels; '{folder}' holds other files. Choose another name for the model."
        )
    return folder


def save_training_labels(
    model: str | os.PathLike[str],
    labels: Iterable[tuple[LabelledPixels, LabelGeometry]],
    classes: Iterable[ClassInfo],
) -> Path:
    """Write the labels of all images beside a model file, in place of those that are there; return their folder.

    The model is written first: the labels remember which one it was.

    Raises
    ------
    FileExistsError
        If there is another folder of this name, with other files than labels.
    OSError
        If it cannot be written.
    """
    folder, classes = check_labels_folder(model), tuple(classes)
    trash = Path(mkdtemp(prefix=f".{folder.name[:100]}.", dir=folder.parent))
    try:
        new = trash / "new"
        new.mkdir()
        for number, (labelled, geometry) in enumerate(labels, start=1):
            stem = re.sub(r"[^\w.-]+", "_", geometry.image_name)[:MAX_STEM].strip("._") or "image"
            write_labels(new / f"{number}_{stem}{SCRIBBLES_SUFFIX}", labelled, classes, geometry)
        if Path(model).exists():
            from ._model_file import forest_fingerprint

            text = f"{forest_fingerprint(model)}\n"
            (new / FINGERPRINT_NAME).write_text(text, encoding="ascii")
        if folder.exists():
            folder.rename(trash / "old")
        new.rename(folder)
    finally:
        shutil.rmtree(trash, ignore_errors=True)
    return folder


def load_training_labels(model: str | os.PathLike[str]) -> list[TrainingLabels]:
    """Read the labels that are kept beside a model file, in the order of the training.

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If they are those of another model.
    ScribblesFileError
        If a file is damaged.
    """
    folder = labels_folder(model)
    paths = sorted(folder.glob(f"*{SCRIBBLES_SUFFIX}"), key=natural_key)
    if not paths:
        raise FileNotFoundError(
            f"a training is continued with the labels beside its model; there is no folder '{folder}' with any. "
            "Save the classifier with its labels, or open files of labels yourself."
        )
    if not has_own_labels(model):
        raise ValueError(
            f"labels beside a model must be those that it was trained on; '{folder}' has those of another training. "
            "Save the classifier with its labels, or open the files of labels yourself."
        )
    return [TrainingLabels(*load_scribbles(path), path) for path in paths]


def has_own_labels(model: str | os.PathLike[str]) -> bool:
    """Whether there are labels beside a model file, and nothing says that they are those of another model.

    Raises
    ------
    ModelFileError
        If the file is no model.
    """
    folder = labels_folder(model)
    try:
        with (folder / FINGERPRINT_NAME).open("rb") as file:
            known = file.read(100).decode("ascii", "replace").strip()
    except FileNotFoundError:  # written by hand, or by a program that did not say it
        return folder.is_dir()
    if not Path(model).exists():
        return True
    from ._model_file import forest_fingerprint

    return known == forest_fingerprint(model)
