"""Files that bring images, labels, classes and a classifier into a session; and images that are not where they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from psygnal import Signal

from napari_pixclass.core import LabelledPixels, Step, Steps, empty_labels
from napari_pixclass.io import (
    ImageFile,
    ProjectImage,
    ProjectLabels,
    is_project,
    project_folder,
)

from ._arriving import READERS, Arriving, ImageReference, LabelledReference, read_saved_project
from ._jobs import Job
from ._project_opening import ProjectOpening, SourceReference
from ._sources import ArrayImage, ImageSource, Pair
from ._stacked_images import StackedImage

if TYPE_CHECKING:
    from ._restorable_session import RestorableSession

ARRIVAL = "arrival"
"""What jobs are about."""


@dataclass(frozen=True, eq=False)
class Missing:
    """An image that is waited for.

    Attributes
    ----------
    image
        What is known of it.
    origin
        Name of the file that speaks of it.
    problem
        Why it is not there.
    """

    image: ImageReference
    origin: str
    problem: str


@dataclass(frozen=True, eq=False, slots=True)
class Arrived:
    """What has come of a file.

    Attributes
    ----------
    name
        Of the file.
    n_images
        Images that are there now.
    missing
        Images that are waited for.
    notes
        What could not be taken over, one sentence each.
    """

    name: str
    n_images: int
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class OpenedFile:
    """What was read in the background.

    Attributes
    ----------
    arriving
        What the file brings.
    images
        Of each image either it, or what is in the way.
    """

    arriving: Arriving
    images: tuple[ImageFile | str, ...]


class Arrivals:
    """Brings what files hold into a session.

    Reading is done in the background; everything else in the thread of the session.

    Parameters
    ----------
    session
        The session.
    start
        Starts a job of the session: steps, what is done with their result, what it is about, and more precisely.
    """

    missing_changed = Signal()
    arrived = Signal(Arrived)
    project_opened = Signal(ProjectOpening)
    """All of a project has come that is there."""
    noted = Signal(str)
    """Something that should be known of an image that has come later."""

    def __init__(self, session: RestorableSession, start: Callable[..., Job[Any]]) -> None:
        self._session = session
        self._start = start
        self._missing: tuple[Missing, ...] = ()

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Images that are waited for, with their labels."""
        return self._missing

    def open(self, path: str | os.PathLike[str]) -> Job[Any]:
        """Open a file and take over what it holds.

        Parameters
        ----------
        path
            A scribbles file; a ``.pixclass`` classifier with its labels beside it, to continue its training; or an
            ilastik project (``.ilp``); or a project that was saved here (a folder, ``.pixproject``), with which the
            session goes on in place of what it trained on before.

        Raises
        ------
        ValueError
            If the file is of another kind. What shows only later makes the job fail.
        """
        if is_project(project_folder(path)):
            return self.open_project(path)
        path = Path(path)
        read = READERS.get(path.suffix.lower())
        if read is None:
            raise ValueError(
                f"files to open must end in {', '.join(READERS)}; got '{path.name}'. Import labels from other files."
            )
        return self._start(lambda: _open_steps(path, read), self._settle, ARRIVAL, path)

    def open_project(self, path: str | os.PathLike[str]) -> Job[Any]:
        """Open a project, whatever its folder is called; see `open`."""
        folder = project_folder(path)
        return self._start(
            lambda: _open_steps(folder, read_saved_project), self._settle, ARRIVAL, folder
        )

    def supply(self, missing: Missing, path: str | os.PathLike[str]) -> Job[Any]:
        """Say where an image is that is waited for."""
        reference, file = missing.image, Path(path)

        def steps() -> Steps[ImageFile]:
            yield Step(0, 1, f"Opening {file.name}")
            return reference.open(file)

        def settle(image: ImageFile) -> None:
            self._take(missing, self._add_image(reference, image, file))
            if isinstance(reference, SourceReference) and reference.note is not None:
                self.noted.emit(reference.note)
            self._supply_neighbours(file)

        return self._start(steps, settle, ARRIVAL, file)

    def use(self, missing: Missing, image: ImageSource) -> None:
        """Say that an image of the session is the one that is waited for.

        Raises
        ------
        ValueError
            If its labels do not fit.
        """
        self._take(missing, image)

    def leave_out(self, missing: Missing) -> None:
        """Wait no longer for an image; its labels stay in their file."""
        if isinstance(missing.image, SourceReference):
            missing.image.opening.left_out.add(missing.image.number)
        self._set_missing([other for other in self._missing if other is not missing])

    def _take(self, missing: Missing, image: ImageSource) -> None:
        if missing not in self._missing:
            return
        before = self._missing
        # First: labels that come may be what somebody waits for.
        self._set_missing([other for other in before if other is not missing])
        try:
            self._add(missing.image, image)
        except ValueError:
            self._set_missing(before)
            raise

    def _supply_neighbours(self, file: Path) -> None:
        """Look for other missing images in the folder in which one was found."""
        for missing in self._missing:
            for path in missing.image.paths:
                if (file.parent / path.name).exists():
                    self.supply(missing, file.parent / path.name)
                    return

    def _settle(self, opened: OpenedFile) -> None:
        arriving, session = opened.arriving, self._session
        if arriving.project is not None:
            self._settle_project(arriving.project, opened)
            return
        session.classes = session.merged_classes(arriving.classes)
        if arriving.features is not None:
            session.features = arriving.features
        missing = []
        for reference, image in zip(arriving.images, opened.images, strict=True):
            known = self._known_image(reference)
            if known is None and isinstance(image, ImageFile):
                known = self._add_image(reference, image, None)
            if known is None:
                missing.append(Missing(reference, arriving.name, str(image)))
            else:
                try:
                    self._add(reference, known)
                except ValueError as error:
                    missing.append(Missing(reference, arriving.name, str(error)))
        if arriving.classifier is not None:
            session.classifier = (
                arriving.classifier
            )  # last: it was made from the labels that have come
        self._set_missing([*self._missing, *missing])
        n_images = len(arriving.images) - len(missing)
        self.arrived.emit(Arrived(arriving.name, n_images, tuple(missing), arriving.notes))

    def _settle_project(self, project: ProjectOpening, opened: OpenedFile) -> None:
        """Go on with a project in place of what there was."""
        session, missing, notes = self._session, [], []
        with session.holding():
            self._put_away(project.begin(session))
            for reference, image in zip(project.references, opened.images, strict=True):
                known = self._known_image(reference)
                if known is None and isinstance(image, ImageFile):
                    known = self._add_image(reference, image, None)
                    notes += [] if reference.note is None else [reference.note]
                problem = str(image)
                if known is not None:
                    try:
                        project.arrive(session, self, reference.number, known)
                        continue
                    except ValueError as error:
                        problem = str(error)
                missing.append(Missing(reference, opened.arriving.name, problem))
            notes += project.restore_choices(session)
        self._set_missing(missing)
        self.project_opened.emit(project)
        self.arrived.emit(
            Arrived(opened.arriving.name, project.n_images, tuple(missing), tuple(notes))
        )

    def _set_missing(self, missing: Sequence[Missing]) -> None:
        if tuple(missing) != self._missing:
            self._missing = tuple(missing)
            self.missing_changed.emit()

    def _add(self, reference: ImageReference, image: ImageSource) -> None:
        """Have what belongs to an image come with it."""
        if not isinstance(reference, SourceReference):
            self._add_labels(cast("LabelledReference", reference), image)
            return
        with self._session.holding():
            # What is missing does not make the classifier old, nor does its return.
            is_current = self._session.is_classifier_current
            reference.opening.arrive(self._session, self, reference.number, image)
            if is_current:
                self._session.mark_classifier(True)

    def _add_labels(self, reference: LabelledReference, image: ImageSource) -> None:
        shape, axes = self._session.labels_geometry(image)
        labelled = reference.labels_on(shape, axes)
        if any(self._session.labelled(pair) == labelled for pair in self._pairs_of(image)):
            return  # it has been opened before
        if len(labelled):
            self._session.add_labels(image, labelled)

    def _pairs_of(self, image: ImageSource) -> list[Any]:
        return [pair for pair in self._session.pairs if pair.image == image]

    # Hooks ------------------------------------------------------------------------------------------------------------

    def _known_image(self, reference: ImageReference) -> ImageSource | None:
        """The image, if the session has it already."""
        return None

    def _add_image(
        self, reference: ImageReference, image: ImageFile, path: Path | None
    ) -> ImageSource:
        """Bring an image into the session."""
        size = reference.pixel_size or _pixel_size(image)
        file = path or next((p for p in reference.paths if p.exists()), None)
        name = None if file is None else str(file)
        return ArrayImage(image.data, image.channel_axis, size, reference.name, name)

    def make_image(self, image: ProjectImage, arrays: Sequence[ImageSource]) -> ImageSource:
        """An image of a project, made of its arrays."""
        if image.is_stack:
            return StackedImage([self._part(image, array) for array in arrays], image.name)
        return self._part(image, arrays[0])

    def make_pair(
        self,
        image: ImageSource,
        labels: ProjectLabels,
        labelled: LabelledPixels,
        known: Pair | None,
    ) -> Pair:
        """Train on labels of an image of a project; `known` is a pair whose labels are the same ones."""
        if known is not None:
            return self._session.add_pair(image, known.labels)
        return self._session.add_pair(image, array_of(labels, labelled))

    def _put_away(self, pairs: Sequence[Pair]) -> None:
        """What was trained on before is not any more."""

    @staticmethod
    def _part(image: ProjectImage, array: ImageSource) -> ImageSource:
        """An array as an image, or as a channel of one, of which only the project knows how it is read."""
        axis = None if image.is_stack else image.channel_axis
        path = getattr(array, "path", None)
        return ArrayImage(array.data, axis, image.pixel_size, array.name, path)


def array_of(labels: ProjectLabels, labelled: LabelledPixels) -> Any:
    """Labels of a project to paint on, of the type that they had."""
    data = empty_labels(labels.shape, labels.dtype)
    data[labelled.coordinates()] = labelled.values
    return data


def _open_steps(path: Path, read: Callable[[Path], Arriving]) -> Steps[OpenedFile]:
    yield Step(0, 1, f"Opening {path.name}")
    arriving = read(path)
    images: list[ImageFile | str] = []
    for number, reference in enumerate(arriving.images, start=1):
        yield Step(number, len(arriving.images) + 1, f"Opening {reference.name}")
        try:
            images.append(reference.open())
        except (OSError, ValueError) as error:
            images.append(str(error))
    return OpenedFile(arriving, tuple(images))


def _pixel_size(image: ImageFile) -> tuple[float, ...] | None:
    """Size of a pixel along every axis but the channels."""
    if image.spacing is None:
        return None
    sizes = iter(image.spacing)
    return tuple(next(sizes) if a in "ZYX" else 1.0 for a in image.axes_without_channels)
