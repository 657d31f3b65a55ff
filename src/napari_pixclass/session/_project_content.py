"""What a project of a session holds: taken in the thread of the session, saved in any other."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_pixclass.io import ProjectCalibration
from napari_pixclass.project import (
    AbsentSource,
    ContentImage,
    ContentLabels,
    ContentSource,
    ProjectContent,
)

from ._project_settings import read_settings
from ._sources import ImageSource, LabelsSource, Pair
from ._stacked_images import StackedImage

if TYPE_CHECKING:
    from ._project_opening import ProjectOpening
    from ._restorable_session import RestorableSession


@dataclass(frozen=True, eq=False, slots=True)
class _Row:
    """A pair of the project: its place before, its image and labels, and the pair of the session that it is."""

    before: float
    image: int
    labels: int
    pair: Pair | None


class ContentMaker:
    """Takes a session as it is, once.

    Images of its project that are missing keep what is known of them, and their labels.

    Parameters
    ----------
    session
        The session.
    opening
        The project that was opened, if one was.
    with_left_out
        Whether those are kept, too, that somebody does without.

    Attributes
    ----------
    arrays
        The array of each source; None where it is missing.
    places
        For each pair of the session its place among those of the project.
    """

    def __init__(
        self, session: RestorableSession, opening: ProjectOpening | None, with_left_out: bool
    ) -> None:
        self._session = session
        self._opening = opening
        self._with_left_out = with_left_out
        self.arrays: list[ImageSource | None] = []
        self.places: list[int] = []
        self._sources: list[ContentSource | AbsentSource] = []
        self._images: list[ContentImage] = []
        self._labels: list[ContentLabels] = []
        self._known: dict[Hashable, int] = {}
        """Places of arrays, images and labels, by what they are."""

    def content(self) -> ProjectContent:
        """All that is to be saved."""
        session, opening = self._session, self._opening
        rows = [self._row(pair) for pair in session.pairs]
        chosen = session.chosen_target
        target = None if chosen is None else self._add_image(chosen)
        for image in self._further_images():
            self._add_image(image)
        if opening is not None:
            for at in self._kept_absent(opening):
                image_at = self._add_absent(opening, at, rows)
                target = image_at if target is None and at == opening.info.target else target
        self.places = [
            next(at for at, row in enumerate(rows) if row.pair is pair) for pair in session.pairs
        ]
        return ProjectContent(
            sources=tuple(self._sources),
            images=tuple(self._images),
            labels=tuple(self._labels),
            pairs=tuple((row.image, row.labels) for row in rows),
            target=target,
            features=session.chosen_features,
            classes=session.classes,
            hidden_classes=session.hidden_classes,
            training=session.training_settings,
            session=read_settings(session),
            classifier=copy(session.classifier),
            is_current=session.is_classifier_current,
            calibration=ProjectCalibration(session.calibrate, session.found_sharpness),
        )

    def _row(self, pair: Pair) -> _Row:
        before = None if self._opening is None else self._opening.place_of(pair)
        return _Row(
            math.inf if before is None else before,
            self._add_image(pair.image),
            self._add_labels(pair),
            pair,
        )

    # What is there ----------------------------------------------------------------------------------------------------

    def _add_image(self, image: ImageSource) -> int:
        key = "image", image
        if key not in self._known:
            is_stack = isinstance(image, StackedImage)
            members = image.images if isinstance(image, StackedImage) else (image,)
            entry = ContentImage(
                image.name,
                tuple(self._add_array(member) for member in members),
                is_stack,
                image.channel_axis,
                image.pixel_size,
            )
            self._known[key] = len(self._images)
            self._images.append(entry)
        return self._known[key]

    def _add_array(self, array: ImageSource) -> int:
        key = "array", self._key_of(array)
        if key not in self._known:
            self._known[key] = len(self._sources)
            self.arrays.append(array)
            self._sources.append(
                ContentSource(
                    array.name,
                    array.data,
                    getattr(array, "path", None),
                    bool(getattr(array, "is_multiscale", False)),
                    self._look_of(array),
                )
            )
        return self._known[key]

    def _add_labels(self, pair: Pair) -> int:
        key = "labels", pair.labels
        if key not in self._known:
            self._known[key] = len(self._labels)
            data, look = self._session.current_labels(pair), self._look_of(pair.labels)
            self._labels.append(ContentLabels(pair.labels.name, data, look))
        return self._known[key]

    # What is not ------------------------------------------------------------------------------------------------------

    def _kept_absent(self, opening: ProjectOpening) -> list[int]:
        """Places of the images of the project that are missing and stay in it."""
        images = opening.info.images
        return [
            at
            for at in opening.absent_images
            if self._with_left_out or not opening.left_out & set(images[at].sources)
        ]

    def _add_absent(self, opening: ProjectOpening, at: int, rows: list[_Row]) -> int:
        """Add an image that is missing, and put its pairs where they were."""
        info = opening.info
        image = info.images[at]
        for number in image.sources:
            if ("absent", number) not in self._known:
                self._known["absent", number] = len(self._sources)
                self.arrays.append(None)
                self._sources.append(AbsentSource(info.sources[number], opening.folder))
        place = len(self._images)
        self._images.append(
            ContentImage(
                image.name,
                tuple(self._known["absent", number] for number in image.sources),
                image.is_stack,
                image.channel_axis,
                image.pixel_size,
            )
        )
        for before, (own, number) in enumerate(info.pairs):
            if own == at:
                labels = info.labels[number]
                row = _Row(before, place, len(self._labels), None)
                self._labels.append(
                    ContentLabels(labels.name, opening.labels[number], labels.layer)
                )
                rows.insert(_position(row, rows), row)
        return place

    # Hooks ------------------------------------------------------------------------------------------------------------

    def _further_images(self) -> Iterable[ImageSource]:
        """Images that are neither trained on nor to be predicted, and belong to the project all the same."""
        return ()

    def _key_of(self, array: ImageSource) -> int:
        """The same number for the same array."""
        return id(array.version)

    def _look_of(self, source: ImageSource | LabelsSource) -> Mapping[str, Any]:
        """How a viewer shows it: JSON values."""
        return {}


def _position(row: _Row, rows: list[_Row]) -> int:
    """Where a pair goes among others: before the first that came after it."""
    return next((at for at, other in enumerate(rows) if other.before > row.before), len(rows))
