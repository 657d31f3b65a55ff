"""An ilastik project with its images opened and its labels on them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_pixclass.core import ClassInfo, FeatureSet, LabelledPixels
from napari_pixclass.io import IlastikLane, IlastikProject, ImageFile, read_ilastik

FeatureChoice = Literal["project", "all", "default", "fast"]
"""Features to train on: those that the project has chosen, or one of our sets."""

Roots = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, eq=False)
class OpenedImage:
    """One image of a project with its labels.

    Attributes
    ----------
    lane
        What the project says of it.
    image
        The image, with the axes that it had in ilastik in the order T, Z, Y, X; None if it was not found, cannot be
        read, or was not asked for.
    labels
        Its labels: of the shape of the image without channels, or of that which the project says. None if neither is
        known.
    problem
        Why there is no image, or no labels: a sentence without its full stop; else empty.
    """

    lane: IlastikLane
    image: ImageFile | None
    labels: LabelledPixels | None
    problem: str = ""

    @property
    def name(self) -> str:
        """What ilastik calls it."""
        return self.lane.name

    @property
    def path(self) -> Path | None:
        """Where it was found: its file, or the first of several, or the project; None if it was not."""
        source = self.lane.source
        if source.embedded:
            return self.lane.project
        return source.files[0] if source.files else None

    @property
    def n_labels(self) -> int:
        """Number of labelled pixels, whether the image was found or not."""
        return len(self.lane.labels)


@dataclass(frozen=True, eq=False)
class OpenedProject:
    """A project, its images and its labels.

    Attributes
    ----------
    project
        What the file says.
    images
        Every image, in ilastik's order.
    """

    project: IlastikProject
    images: tuple[OpenedImage, ...]

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """Value, name and colour of each class."""
        return self.project.classes

    @property
    def labelled(self) -> tuple[OpenedImage, ...]:
        """Images that have labels, found or not."""
        return tuple(image for image in self.images if image.n_labels)

    @property
    def trainable(self) -> tuple[OpenedImage, ...]:
        """Images that are here and have labels."""
        return tuple(i for i in self.labelled if i.image is not None and i.labels is not None)

    @property
    def training_pairs(self) -> list[tuple[ImageFile, LabelledPixels]]:
        """Those images with their labels."""
        return [
            (image.image, image.labels)
            for image in self.trainable
            if image.image is not None and image.labels is not None
        ]

    @property
    def class_counts(self) -> dict[int, int]:
        """Number of labelled pixels of each class in the whole project."""
        counts = {info.value: 0 for info in self.classes}
        for image in self.images:
            for value, count in image.lane.labels.counts.items():
                counts[value] = counts.get(value, 0) + count
        return counts

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be taken over, one sentence each."""
        missing = [image for image in self.images if image.problem]
        notes = [
            f"The image '{image.name}' is missing: {image.problem}. Its {image.n_labels} labels are not used."
            for image in missing
            if image.n_labels
        ]
        others = [image for image in missing if not image.n_labels]
        if others:
            first = others[0]
            noun = "1 image" if len(others) == 1 else f"{len(others)} images"
            notes.append(f"{noun} without labels missing: of '{first.name}', {first.problem}.")
        return (*self.project.notes, *notes)

    @property
    def ndim(self) -> int:
        """3 if filters run in the volume, at any scale; else 2."""
        features = self.project.features
        if features is not None and features.sigmas_2d is not None:
            in_volume = {sigma for _, sigma in features.cells} - set(features.sigmas_2d)
            if not in_volume:
                return 2
        return 3 if any(_is_volume(image) for image in self.images) else 2

    @property
    def n_channels(self) -> int | None:
        """Number of channels of the images; None if nothing says it.

        Raises
        ------
        ValueError
            If the images differ.
        """
        found = {n for n in map(_n_channels, self.images) if n is not None}
        if len(found) > 1:
            raise ValueError(
                f"images of a project must have the same number of channels; got {sorted(found)}."
            )
        return found.pop() if found else None

    def features(self, choice: FeatureChoice | FeatureSet) -> FeatureSet:
        """A feature set in our dialect: the project's choice, or one of ours; the default where it has chosen none."""
        if isinstance(choice, FeatureSet):
            return choice
        chosen = self.project.features
        if choice != "project":
            sets = {"all": FeatureSet.all, "default": FeatureSet.default, "fast": FeatureSet.fast}
            if choice not in sets:
                raise ValueError(
                    f"features must be 'project', 'all', 'default', 'fast' or a feature set; got {choice!r}."
                )
            return sets[choice](self.ndim)
        if chosen is None:
            return FeatureSet.default(self.ndim)
        return FeatureSet.from_selection(
            chosen.selection, self.ndim, sigmas_2d=chosen.sigmas_2d or ()
        )


def open_project(
    path: str | os.PathLike[str], image_roots: Roots = (), *, labelled_only: bool = False
) -> OpenedProject:
    """Read a project of ilastik 0.5 to 1.4, open its images, and put its labels on them.

    Parameters
    ----------
    path
        The project file (``.ilp``).
    image_roots
        Folders in which to look for images that are not where the project says: at the same place below the folder,
        or anywhere in it by name.
    labelled_only
        Leave images without labels alone: their `OpenedImage.image` is None. If there are no labels at all the first
        image is opened all the same, for its axes.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If it is no ilastik project with pixel classification, or is damaged. Images that are missing or damaged are
        no error: see `OpenedProject.notes`.
    """
    project = read_ilastik(path, image_roots)
    wanted = [lane for lane in project.lanes if len(lane.labels)]
    if not labelled_only or not wanted:
        wanted = list(project.lanes[:1] if labelled_only else project.lanes)
    chosen = {id(lane) for lane in wanted}
    images = tuple(
        _open(lane) if id(lane) in chosen or not lane.source.is_found else _closed(lane)
        for lane in project.lanes
    )
    return OpenedProject(project, images)


def _open(lane: IlastikLane) -> OpenedImage:
    problem = lane.source.problem
    image = None
    if lane.source.is_found:
        try:
            image = lane.open()
        except (ValueError, OSError) as error:
            problem = _reason(error)
    try:
        return OpenedImage(lane, image, lane.labels_on(image), problem)
    except ValueError as error:
        # Labels that do not fit: it is not the image that they were made on.
        return OpenedImage(lane, None, None, problem or _reason(error))


def _closed(lane: IlastikLane) -> OpenedImage:
    return OpenedImage(lane, None, None)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _is_volume(image: OpenedImage) -> bool:
    if image.image is not None:
        lengths = dict(zip(image.image.axes, image.image.data.shape, strict=True))
    else:
        # Where the project says no lengths, an axis that it names is one.
        lengths = image.lane.lengths or dict.fromkeys(image.lane.axes, 2)
    return lengths.get("Z", 1) > 1


def _n_channels(image: OpenedImage) -> int | None:
    if image.image is not None:
        axis = image.image.channel_axis
        return 1 if axis is None else int(image.image.data.shape[axis])
    lengths = image.lane.lengths
    if lengths is not None:
        return lengths.get("C", 1)
    return None if "C" in image.lane.axes or not image.lane.axes else 1
