"""What files bring into a session: images with labels, classes, features, a classifier. Read in any thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from napari_pixclass.core import ClassInfo, FeatureSet, LabelledPixels
from napari_pixclass.io import (
    PROJECT_SUFFIX,
    SCRIBBLES_SUFFIX,
    ImageFile,
    TrainingLabels,
    load_scribbles,
    load_training_labels,
)

from ._project_opening import ProjectOpening, read_opening

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier
    from napari_pixclass.ilastik import OpenedImage


class ImageReference(Protocol):
    """An image that a file speaks of, with labels."""

    @property
    def name(self) -> str: ...
    @property
    def paths(self) -> Sequence[Path]:
        """Where it may be, the most likely place first."""
        ...

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of its labels, where that is known."""
        ...

    @property
    def n_labels(self) -> int: ...
    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        """Of the image as it was trained on; None where the image file is to be asked."""
        ...

    def open(self, path: Path | None = None) -> ImageFile:
        """Open it, from `path` or where it may be.

        Raises
        ------
        FileNotFoundError
            If it is in none of these places.
        ValueError
            If that is another image.
        """
        ...


class LabelledReference(ImageReference, Protocol):
    """An image that brings its labels along."""

    def labels_on(self, shape: tuple[int, ...], axes: str) -> LabelledPixels:
        """Its labels, for an image of this shape and these axes without its channels.

        Raises
        ------
        ValueError
            If they do not fit.
        """
        ...


@dataclass(frozen=True, eq=False, slots=True)
class ScribbledImage:
    """The image of a scribbles file."""

    labels: TrainingLabels

    @property
    def name(self) -> str:
        return self.labels.image_name

    @property
    def paths(self) -> Sequence[Path]:
        return self.labels.image_paths

    @property
    def shape(self) -> tuple[int, ...]:
        return self.labels.info.shape

    @property
    def n_labels(self) -> int:
        return self.labels.info.n_pixels

    @property
    def pixel_size(self) -> tuple[float, ...]:
        """As it was trained on, whatever the image file says: else another training would be the result."""
        return self.labels.info.pixel_size or (1.0,) * len(self.shape)

    def open(self, path: Path | None = None) -> ImageFile:
        return self.labels.open_image(path)

    def labels_on(self, shape: tuple[int, ...], axes: str) -> LabelledPixels:
        if shape != self.shape:
            raise ValueError(
                f"labels must have the shape of their image, {shape}; these have {self.shape}. Choose another image."
            )
        return self.labels.labelled


@dataclass(frozen=True, eq=False, slots=True)
class IlastikImage:
    """An image of an ilastik project."""

    opened: OpenedImage
    pixel_size: None = None

    @property
    def name(self) -> str:
        return self.opened.name

    @property
    def paths(self) -> Sequence[Path]:
        return self.opened.lane.source.files

    @property
    def shape(self) -> tuple[int, ...] | None:
        return None if self.opened.labels is None else self.opened.labels.shape

    @property
    def n_labels(self) -> int:
        return self.opened.n_labels

    def open(self, path: Path | None = None) -> ImageFile:
        if path is not None:
            lane = self.opened.lane
            return replace(lane, source=replace(lane.source, files=(path,), problem="")).open()
        if self.opened.image is None:
            raise FileNotFoundError(
                f"the image {self.name!r} must be there; {self.opened.problem}. Point to it."
            )
        return self.opened.image

    def labels_on(self, shape: tuple[int, ...], axes: str) -> LabelledPixels:
        return self.opened.lane.labels.on(axes, shape)


@dataclass(frozen=True, eq=False, slots=True)
class Arriving:
    """What a file brings.

    Attributes
    ----------
    name
        Of the file.
    images
        In the order in which they were trained on.
    classes
        Names and colours, in their order.
    classifier
        The trained one, if there is one.
    features
        What it is to be trained with, where there is none.
    notes
        What could not be taken over, one sentence each.
    project
        The project that it is; then all else but its images is in there.
    """

    name: str
    images: tuple[ImageReference, ...] = ()
    classes: tuple[ClassInfo, ...] = ()
    classifier: PixelClassifier | None = None
    features: FeatureSet | None = None
    notes: tuple[str, ...] = field(default=())
    project: ProjectOpening | None = None


def read_scribbles(path: Path) -> Arriving:
    """Read a scribbles file."""
    labelled, info = load_scribbles(path)
    image = ScribbledImage(TrainingLabels(labelled, info, path))
    return Arriving(path.name, (image,), info.classes)


def read_training(path: Path) -> Arriving:
    """Read a classifier with the labels beside it."""
    from napari_pixclass.classifier import load

    labels = load_training_labels(path)
    classes = labels[0].info.classes
    images = tuple(ScribbledImage(item) for item in labels)
    return Arriving(path.name, images, classes, load(path))


def read_project(path: Path) -> Arriving:
    """Read an ilastik project; its classifier is taken as it is, where it has been trained."""
    from napari_pixclass.ilastik import kept_classifier, open_project

    opened = open_project(path)
    project = opened.project
    notes, classifier = list(project.notes), None
    if project.forest is not None:
        try:
            classifier = kept_classifier(opened)
        except ValueError as error:
            notes.append(f"The trained classifier is left out: {error}")
    return Arriving(
        path.name,
        tuple(IlastikImage(image) for image in opened.images),
        project.classes,
        classifier,
        None if project.features is None else opened.features("project"),
        tuple(notes),
    )


def read_saved_project(path: Path) -> Arriving:
    """Read a project that was saved by a session."""
    opening = read_opening(path)
    return Arriving(opening.folder.name, opening.references, project=opening)


READERS = {
    SCRIBBLES_SUFFIX: read_scribbles,
    ".pixclass": read_training,
    ".ilp": read_project,
    PROJECT_SUFFIX: read_saved_project,
}
"""What reads a file, by its suffix."""
