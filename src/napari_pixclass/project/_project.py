"""A project opened without a viewer: its images, labels, features and classifier, to train and predict with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import (
    ArrayLike,
    ChannelFeatures,
    ChosenFeatures,
    ClassInfo,
    Features,
    LabelledPixels,
    StackedArray,
    Steps,
    run_steps,
)
from napari_pixclass.io import (
    FoundImage,
    find_classifier,
    find_image,
    project_folder,
    read_project_info,
    read_project_labels,
)

if TYPE_CHECKING:
    from datetime import datetime

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.io import ProjectImage, ProjectInfo

Folders = Sequence[str | os.PathLike[str]]

CHANGED = (
    "{}: its pixels are not those that it had when the project was saved; results will differ."
)


class OpenedImage:
    """An image of a project; its file is opened when it is needed.

    Attributes
    ----------
    name
        What it is called.
    channel_axis
        Axis of its channels; None if it has none.
    pixel_size
        Size of a pixel along every axis but the channels; None if not known.
    labels
        What is labelled on it: one for each pair that it is in.
    """

    def __init__(
        self,
        image: ProjectImage,
        project: Project,
        elsewhere: Folders,
        labels: tuple[LabelledPixels, ...],
    ) -> None:
        self.name = image.name
        self.channel_axis = image.channel_axis
        self.pixel_size = image.pixel_size
        self.labels = labels
        self._is_stack = image.is_stack
        self._sources = [project.info.sources[number] for number in image.sources]
        self._folder = project.path
        self._elsewhere = elsewhere

    @cached_property
    def found(self) -> tuple[FoundImage, ...]:
        """Its arrays, and their files.

        Raises
        ------
        FileNotFoundError
            If one is missing.
        ValueError
            If one cannot be read, or is something else.
        """
        return tuple(find_image(s, self._folder, self._elsewhere) for s in self._sources)

    @cached_property
    def data(self) -> ArrayLike:
        """Its numbers; raises what `found` does."""
        arrays = [found.image.data for found in self.found]
        return StackedArray(arrays) if self._is_stack else arrays[0]

    @property
    def problem(self) -> str | None:
        """Why it cannot be opened, in words; None if it can."""
        try:
            _ = self.found
        except (OSError, ValueError) as error:
            return str(error)
        return None

    @property
    def note(self) -> str | None:
        """What should be known of it, although it can be opened."""
        is_same = all(found.is_same for found in self.found)
        return None if is_same else CHANGED.format(self.name)

    def spacing(self, ndim: int) -> tuple[float, ...] | None:
        """Size of a pixel along its last `ndim` axes besides channels."""
        return None if self.pixel_size is None else self.pixel_size[-ndim:]


class Project:
    """What is in the folder of a project.

    Parameters
    ----------
    path
        The folder, or the description in it.
    elsewhere
        Folders in which images may lie that are not where they were.

    Attributes
    ----------
    path
        The folder.
    info
        What its description says.
    labels
        What is labelled, in the order of the training.
    images
        All images.
    """

    def __init__(self, path: str | os.PathLike[str], elsewhere: Folders = ()) -> None:
        self.path = project_folder(path).absolute()
        self.info: ProjectInfo = read_project_info(self.path)
        labels = read_project_labels(self.path, self.info)
        self._all_labels = labels
        self.labels: tuple[LabelledPixels, ...] = tuple(labels[at] for _, at in self.info.pairs)
        self.images = tuple(
            OpenedImage(
                image,
                self,
                elsewhere,
                tuple(labels[at] for own, at in self.info.pairs if own == number),
            )
            for number, image in enumerate(self.info.images)
        )

    def __repr__(self) -> str:
        return f"<Project {str(self.path)!r}: {len(self.images)} images>"

    @property
    def name(self) -> str:
        """Name of the folder, without its ending."""
        return self.path.stem

    @property
    def written(self) -> datetime:
        """When it was saved."""
        return self.info.written

    @property
    def classes(self) -> tuple[ClassInfo, ...]:
        """Value, name and colour of each class, in the order of the user."""
        return self.info.classes

    @property
    def training_images(self) -> tuple[OpenedImage, ...]:
        """The image of each of `labels`."""
        return tuple(self.images[number] for number, _ in self.info.pairs)

    @property
    def features(self) -> Features:
        """What is computed of the images, as `PixelClassifier` takes it.

        Raises
        ------
        ValueError
            If nothing is chosen, or there is no image from which the number of channels could be known.
        """
        chosen: ChosenFeatures | None = self.info.features
        if chosen is None:
            raise ValueError(
                "a training needs features; none are chosen in the project. Choose some, and save it."
            )
        return chosen.of(self.n_channels).plain

    @property
    def n_channels(self) -> int:
        """Number of channels of the images that are trained on.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not self.info.pairs:
            raise ValueError("a training needs labelled images; the project has none.")
        image = self.info.images[self.info.pairs[0][0]]
        shape = self.info.sources[image.sources[0]].shape
        if image.is_stack:
            return len(image.sources)
        return 1 if image.channel_axis is None else shape[image.channel_axis]

    @cached_property
    def classifier(self) -> PixelClassifier | None:
        """The trained classifier as it was saved; None if there is none.

        Raises
        ------
        ModelFileError
            If its file is damaged.
        """
        from napari_pixclass.classifier import load

        found = find_classifier(self.path, self.info)
        return None if found is None else load(found[0])

    @property
    def is_current(self) -> bool:
        """Whether the classifier was made from the labels, images and features of the project."""
        found = find_classifier(self.path, self.info)
        entry = self.info.classifier
        return found is not None and found[1] and entry is not None and entry.is_current

    @property
    def sharpness(self) -> float:
        """The power to which probabilities are raised; 1 unless they are calibrated."""
        return self.info.calibration.power

    @property
    def missing(self) -> tuple[OpenedImage, ...]:
        """Images that cannot be opened; see their `problem`."""
        return tuple(image for image in self.images if image.problem is not None)

    def fit_arguments(self) -> dict[str, Any]:
        """Images, labels, channel axis and spacing for `PixelClassifier.fit`.

        Raises
        ------
        FileNotFoundError
            If an image is missing.
        ValueError
            If there are none, or one is something else than it was.
        """
        ndim = ChannelFeatures.of(self.features, self.n_channels).ndim
        images = self.training_images
        return {
            "image": [image.data for image in images],
            "labels": list(self.labels),
            "channel_axis": images[0].channel_axis,
            "spacing": [image.spacing(ndim) for image in images],
        }

    def new_classifier(self, n_jobs: int | None = None) -> PixelClassifier:
        """A classifier with the settings of the project, that has not been trained.

        Parameters
        ----------
        n_jobs
            See `PixelClassifier`.
        """
        from napari_pixclass.classifier import PixelClassifier

        return PixelClassifier(self.features, n_jobs=n_jobs, **self.info.training)

    def train(self, n_jobs: int | None = None) -> PixelClassifier:
        """Train on the images and labels of the project: the same classifier that a session gives.

        It is calibrated where the project is, by the power that was found in the session.

        Parameters
        ----------
        n_jobs
            See `PixelClassifier`.

        Raises
        ------
        FileNotFoundError, ValueError
            See `fit_arguments`.
        """
        return run_steps(self.training_steps(n_jobs))

    def training_steps(self, n_jobs: int | None = None) -> Steps[PixelClassifier]:
        """`train` in steps, for a driver that shows progress and may cancel."""
        classifier = self.new_classifier(n_jobs)
        yield from classifier.fit_steps(**self.fit_arguments())
        table = {info.value: info for info in self.classes}
        classifier.class_table_ = tuple(
            table.get(info.value, info) for info in classifier.class_table_
        )
        return classifier.calibrated(self.sharpness)

    def as_python(self) -> str:
        """A script that opens the images, trains, predicts and saves the classifier, with the public API alone."""
        from ._script import script_of

        return script_of(self.info, self.path, self._all_labels)


def open_project(
    path: str | os.PathLike[str], images: Iterable[Any] | str | None = None
) -> Project:
    """Open a project that was saved in napari, to train and predict without it.

    Parameters
    ----------
    path
        The folder of the project.
    images
        A folder, or several, in which images are looked for that are not where they were.

    Returns
    -------
    Project
        Its `images`, `labels`, `features`, `classes` and `classifier`. Images are opened when they are needed.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it is no project.
    ValueError
        If the project is damaged, or was written by a newer version.

    Examples
    --------
    >>> project = open_project("cells.pixproject")  # doctest: +SKIP
    >>> project.classifier.predict(project.images[0].data)  # doctest: +SKIP
    >>> project.train().save("again.pixclass")  # doctest: +SKIP
    """
    if images is None:
        folders: list[Any] = []
    else:
        folders = [images] if isinstance(images, str | os.PathLike) else list(images)
    for folder in folders:
        if not Path(folder).is_dir():
            raise FileNotFoundError(
                f"images are looked for in folders that exist; there is no folder '{folder}'."
            )
    return Project(path, folders)
