"""A project on its way into a session: it is there at once, but for images that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from napari_pixclass.core import LabelledPixels
from napari_pixclass.io import (
    ImageFile,
    ProjectCalibration,
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    ProjectSource,
    find_classifier,
    find_image,
    open_source,
    path_within,
    places_of,
    project_folder,
    read_project_info,
    read_project_labels,
)
from napari_pixclass.project import CHANGED

from ._project_settings import apply_settings
from ._sources import ImageSource, Pair

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier

    from ._restorable_session import RestorableSession


class SourceReference:
    """An array of a project: an image, or a channel of one; an `ImageReference` as other files have them.

    Parameters
    ----------
    opening
        The project.
    number
        Its place in the list of the project's sources.

    Attributes
    ----------
    levels
        All resolutions of what was opened last, if there are several, until it has come into the session.
    """

    def __init__(self, opening: ProjectOpening, number: int) -> None:
        self.opening = opening
        self.number = number
        self.levels: tuple[Any, ...] = ()
        self._path: Path | None = None
        self._is_same = True

    @property
    def source(self) -> ProjectSource:
        """What the project says of it."""
        return self.opening.info.sources[self.number]

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def paths(self) -> Sequence[Path]:
        return places_of(self.source, self.opening.folder)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array, with its channels."""
        return self.source.shape

    @property
    def n_labels(self) -> int:
        return self.opening.n_labels_of(self.number)

    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        info = self.opening.info
        return next((i.pixel_size for i in info.images if self.number in i.sources), None)

    @property
    def channel_axis(self) -> int | None:
        """Axis of its channels, where it is an image by itself."""
        images = self.opening.info.images
        alone = (i.channel_axis for i in images if self.number in i.sources and not i.is_stack)
        return next(alone, None)

    def path_of(self, file: Path | None = None) -> Path | None:
        """The file, and the place of the image within it, from which it was opened; None where it was not."""
        found = self._path or file
        return None if found is None else path_within(self.source, found)

    @property
    def note(self) -> str | None:
        """What should be known of it, although it is there."""
        return None if self._is_same else CHANGED.format(self.name)

    def open(self, path: Path | None = None) -> ImageFile:
        source, folder = self.source, self.opening.folder
        found = find_image(source, folder) if path is None else open_source(source, path)
        # Not what was found: this object stays, and is not to keep an image alive.
        self._path, self._is_same, self.levels = found.path, found.is_same, found.levels
        return found.image


class ImageMaker(Protocol):
    """Makes images and labels of a session: of arrays, or of layers."""

    def make_image(self, image: ProjectImage, arrays: Sequence[ImageSource]) -> ImageSource:
        """An image of its arrays."""
        ...

    def make_pair(
        self,
        image: ImageSource,
        labels: ProjectLabels,
        labelled: LabelledPixels,
        known: Pair | None,
    ) -> Pair:
        """Train on labels of an image; `known` is a pair whose labels are the same ones."""
        ...


def read_opening(path: Path) -> ProjectOpening:
    """Read a project; in any thread.

    Raises
    ------
    FileNotFoundError, ProjectError, ModelFileError
        If it is none, or a part of it is damaged.
    """
    from napari_pixclass.classifier import load

    folder = project_folder(path).absolute()
    while True:
        info = read_project_info(folder)
        try:
            labels, found = read_project_labels(folder, info), find_classifier(folder, info)
            classifier = None if found is None else load(found[0])
        except (OSError, ValueError):
            if read_project_info(folder).save_id == info.save_id:
                raise
            continue  # somebody has saved it meanwhile
        entry = info.classifier
        is_current = found is not None and found[1] and entry is not None and entry.is_current
        return ProjectOpening(folder, info, labels, classifier, is_current)


class ProjectOpening:
    """What was read of a project, and what of it has come into the session.

    Parameters
    ----------
    folder
        Of the project.
    info, labels, classifier
        What is in it.
    is_current
        Whether the classifier was made from the rest.

    Attributes
    ----------
    references
        Its arrays.
    left_out
        Arrays that somebody does without.
    """

    def __init__(
        self,
        folder: Path,
        info: ProjectInfo,
        labels: Sequence[LabelledPixels],
        classifier: PixelClassifier | None,
        is_current: bool,
    ) -> None:
        self.folder = folder
        self.info = info
        self.labels = tuple(labels)
        self.classifier = classifier
        self.is_current = is_current
        self.references = tuple(SourceReference(self, n) for n in range(len(info.sources)))
        self.left_out: set[int] = set()
        self._arrays: dict[int, ImageSource] = {}
        """Those that incomplete images need: nothing else is kept alive from here."""
        self._done: set[int] = set()
        self._pairs: WeakValueDictionary[int, Pair] = WeakValueDictionary()
        self._earlier: list[tuple[Pair, LabelledPixels | None]] = []

    def n_labels_of(self, number: int) -> int:
        """Labelled pixels of the images that an array belongs to."""
        info = self.info
        of_it = [at for at, image in enumerate(info.images) if number in image.sources]
        return sum(info.labels[labels].n_pixels for image, labels in info.pairs if image in of_it)

    @property
    def n_images(self) -> int:
        """Images that are there."""
        return len(self._done)

    @property
    def absent_images(self) -> list[int]:
        """Places of the images of which something is missing."""
        return [at for at in range(len(self.info.images)) if at not in self._done]

    def place_of(self, pair: Pair) -> int | None:
        """The place of a pair among those of the project; None for one that has come from elsewhere."""
        return next((place for place, known in self._pairs.items() if known is pair), None)

    def begin(self, session: RestorableSession) -> tuple[Pair, ...]:
        """Have a session train on nothing any more; return what it trained on."""
        earlier = session.pairs
        self._earlier = [(pair, session.labelled(pair)) for pair in earlier]
        session.live_update = False
        session.target = None
        session.leave_labels()
        for pair in earlier:
            session.remove_pair(pair)
        if self.info.classes:
            session.classes = self.info.classes
        return earlier

    def arrive(
        self, session: RestorableSession, maker: ImageMaker, number: int, array: ImageSource
    ) -> None:
        """Take an array over, and every image that is complete with it.

        Raises
        ------
        ValueError
            If it has another shape than it had.
        """
        if tuple(array.data.shape) != self.info.sources[number].shape:
            raise ValueError(
                f"the image {self.info.sources[number].name!r} must have the shape {self.info.sources[number].shape}; "
                f"{array.name!r} has {tuple(array.data.shape)}. Choose another image."
            )
        self._arrays[number] = array
        self.references[number].levels = ()
        try:
            for at in self.absent_images:
                self._complete(session, maker, at)
        except ValueError:
            del self._arrays[number]
            raise
        needed = {n for at in self.absent_images for n in self.info.images[at].sources}
        self._arrays = {n: array for n, array in self._arrays.items() if n in needed}

    def _complete(self, session: RestorableSession, maker: ImageMaker, at: int) -> None:
        """Make an image, if all of its arrays are there."""
        image = self.info.images[at]
        if not all(member in self._arrays for member in image.sources):
            return
        made = maker.make_image(image, [self._arrays[member] for member in image.sources])
        self._done.add(at)
        self._add_pairs(session, maker, at, made)
        if at == self.info.target:
            session.target = made

    def forget_left_out(self) -> None:
        """Have images that somebody does without belong to the project no longer."""
        for at in self.absent_images:
            if self.left_out & set(self.info.images[at].sources):
                self._done.add(at)

    def _add_pairs(
        self, session: RestorableSession, maker: ImageMaker, at: int, image: ImageSource
    ) -> None:
        for place, (own, labels) in enumerate(self.info.pairs):
            if own != at:
                continue
            labelled = self.labels[labels]
            shared = [
                pair for other, pair in self._pairs.items() if self.info.pairs[other][1] == labels
            ]
            same = [p for p, seen in self._earlier if p.image == image and seen == labelled]
            known = next(iter(shared + same), None)
            self._pairs[place] = maker.make_pair(image, self.info.labels[labels], labelled, known)
        session.order_pairs([self._pairs[place] for place in sorted(self._pairs)])

    @property
    def _calibration(self) -> ProjectCalibration:
        """What the project says, unless its classifier, which may be another one by now, says something else."""
        said = self.info.calibration
        if self.classifier is None or self.classifier.sharpness_ == said.power:
            return said
        return ProjectCalibration(self.classifier.sharpness_ != 1, self.classifier.sharpness_)

    def restore_choices(self, session: RestorableSession) -> list[str]:
        """Give a session everything but images and labels; return what it does not take, a sentence each."""
        info, chosen = self.info, self.info.features
        session.channel_features = {}
        session.classifier = self.classifier
        session.features = None if chosen is None else chosen.common
        session.channels = None if chosen is None else chosen.channels
        session.channel_features = {} if chosen is None else dict(chosen.own)
        session.training_settings = dict(info.training)
        if info.classes:
            session.classes = info.classes
        known = {row.value for row in session.classes}
        session.hidden_classes = info.hidden_classes & known
        calibration = self._calibration
        session.restore_calibration(calibration.is_applied, calibration.sharpness)
        notes = apply_settings(session, info.session)
        session.mark_classifier(self.is_current)
        self._earlier = []
        if info.classifier is not None and self.classifier is None:
            notes.append("Its classifier is missing: train again.")
        elif info.classifier is not None and info.classifier.is_current and not self.is_current:
            notes.append("Its classifier is another one than it was saved with.")
        return notes
