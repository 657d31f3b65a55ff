"""Files that bring images, labels, classes and a classifier into a session; and images that are not where they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_pixclass.core import Step, Steps
from napari_pixclass.io import ImageFile

from ._arriving import READERS, Arriving, ImageReference
from ._jobs import Job
from ._sources import ArrayImage, ImageSource

if TYPE_CHECKING:
    from ._session import Session

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

    def __init__(self, session: Session, start: Callable[..., Job[Any]]) -> None:
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
            ilastik project (``.ilp``).

        Raises
        ------
        ValueError
            If the file is of another kind. What shows only later makes the job fail.
        """
        path = Path(path)
        read = READERS.get(path.suffix.lower())
        if read is None:
            raise ValueError(
                f"files to open must end in {', '.join(READERS)}; got '{path.name}'. Import labels from other files."
            )
        return self._start(lambda: _open_steps(path, read), self._settle, ARRIVAL, path)

    def supply(self, missing: Missing, path: str | os.PathLike[str]) -> Job[Any]:
        """Say where an image is that is waited for."""
        reference, file = missing.image, Path(path)

        def steps() -> Steps[ImageFile]:
            yield Step(0, 1, f"Opening {file.name}")
            return reference.open(file)

        def settle(image: ImageFile) -> None:
            self._take(missing, self._add_image(reference, image, file))
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
        self._set_missing([other for other in self._missing if other is not missing])

    def _take(self, missing: Missing, image: ImageSource) -> None:
        if missing not in self._missing:
            return
        before = self._missing
        self.leave_out(missing)  # first: labels that come may be what somebody waits for
        try:
            self._add_labels(missing.image, image)
        except ValueError:
            self._set_missing(before)
            raise

    def _supply_neighbours(self, file: Path) -> None:
        """Look for other missing images in the folder in which one was found."""
        for missing in self._missing:
            for path in missing.image.paths:
                if (file.parent / path.name).is_file():
                    self.supply(missing, file.parent / path.name)
                    return

    def _settle(self, opened: OpenedFile) -> None:
        arriving, session = opened.arriving, self._session
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
                    self._add_labels(reference, known)
                except ValueError as error:
                    missing.append(Missing(reference, arriving.name, str(error)))
        if arriving.classifier is not None:
            session.classifier = (
                arriving.classifier
            )  # last: it was made from the labels that have come
        self._set_missing([*self._missing, *missing])
        n_images = len(arriving.images) - len(missing)
        self.arrived.emit(Arrived(arriving.name, n_images, tuple(missing), arriving.notes))

    def _set_missing(self, missing: Sequence[Missing]) -> None:
        if tuple(missing) != self._missing:
            self._missing = tuple(missing)
            self.missing_changed.emit()

    def _add_labels(self, reference: ImageReference, image: ImageSource) -> None:
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
        return ArrayImage(image.data, image.channel_axis, size, reference.name)


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
