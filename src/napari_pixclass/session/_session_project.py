"""The project of a session: where it is saved, whether it is up to date, saving it, and the script that it is."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_pixclass.core import LabelledPixels, Steps, resolve_axes
from napari_pixclass.project import (
    Known,
    Project,
    SavedProject,
    new_save_id,
    python_steps,
    saving_steps,
)

from ._arrivals import Arrivals
from ._jobs import Job
from ._project_content import ContentMaker
from ._project_opening import ProjectOpening
from ._project_settings import read_settings

if TYPE_CHECKING:
    from ._restorable_session import RestorableSession

PROJECT, SCRIPT = "project", "script"
"""What jobs are about."""


class SessionProject:
    """Saves a session as a project, and knows whether it has been changed since.

    Writing is done in the background; everything else in the thread of the session.

    Parameters
    ----------
    session
        The session.
    arrivals
        Opens projects.
    start
        Starts a job of the session; see `Arrivals`.

    Attributes
    ----------
    copies_images
        Whether images are copied into the project, besides those that no file holds.
    """

    changed = Signal()
    """It is another project, or its state is another one."""
    saved = Signal(SavedProject)
    script_made = Signal(str)

    def __init__(
        self, session: RestorableSession, arrivals: Arrivals, start: Callable[..., Job[Any]]
    ) -> None:
        self._session = session
        self._arrivals = arrivals
        self._start = start
        self._path: Path | None = None
        self._ids: set[str] = set()
        """Of the project as it was opened or saved here, a saving included whose end nobody has heard of."""
        self._opening: ProjectOpening | None = None
        self._known: Known = {}
        self._choices: object = None
        self._labels: dict[int, LabelledPixels] = {}
        self._was_modified = False
        self.copies_images = False
        arrivals.project_opened.connect(self._on_opened)
        for signal in (
            session.features_changed,
            session.classes_changed,
            session.hidden_classes_changed,
            session.outputs_changed,
            session.pairs_changed,
            session.labelled_changed,
            session.classifier_changed,
            session.target_changed,
            session.live_update_changed,
            session.calibrate_changed,
            session.cross_validated,
        ):
            signal.connect(self.look)

    @property
    def path(self) -> Path | None:
        """The folder of the project; None before it has been saved or opened."""
        return self._path

    @property
    def is_modified(self) -> bool:
        """Whether something is other than it was saved."""
        return self._path is not None and (
            self._taken_choices() != self._choices or self._are_other_labels()
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that would be worth a project."""
        return not self._session.pairs and self._session.classifier is None

    def look(self) -> None:
        """See whether something has been changed."""
        is_modified = self.is_modified
        if is_modified != self._was_modified:
            self._was_modified = is_modified
            self.changed.emit()

    # Saving -----------------------------------------------------------------------------------------------------------

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        copy_images: bool | None = None,
        overwrite: bool = False,
    ) -> Job[SavedProject]:
        """Save the project in the background, as the session is now.

        Parameters
        ----------
        path
            Its folder, which ends in ``.pixproject``; None for the one that it was saved in, or opened from.
        copy_images
            Whether images are copied into the folder. Those that no file holds are in any case. None: as before.
        overwrite
            Whether another project of this name is replaced.

        Raises
        ------
        ValueError
            If there is no project yet and none is named, or images and labels do not fit together. What shows only
            later makes the job fail.
        """
        self._check_pairs()
        chosen = self._path if path is None else Path(os.path.abspath(path))
        if chosen is None:
            raise ValueError("a project that has never been saved needs a name. Give it a path.")
        if copy_images is not None:
            self.copies_images = copy_images
        is_same = chosen == self._path
        maker = self._maker(with_left_out=is_same)
        content = maker.content()
        choices, copies = self._taken_choices(), self.copies_images
        known_ids, save_id = tuple(self._ids) if is_same else (), new_save_id()
        if is_same:
            self._ids.add(save_id)
        pairs = [self._session.serial(pair) for pair in self._session.pairs]

        def steps() -> Steps[SavedProject]:
            return (
                yield from saving_steps(
                    content,
                    chosen,
                    known_ids=known_ids,
                    save_id=save_id,
                    copy_images=copies,
                    overwrite=overwrite,
                    known=self._known,
                )
            )

        def settle(saved: SavedProject) -> None:
            self._path, self._ids = saved.path, {*(self._ids if is_same else ()), save_id}
            if not is_same and self._opening is not None:
                self._opening.forget_left_out()
            self._choices = choices
            self._labels = {
                serial: saved.labels[saved.info.pairs[place][1]]
                for serial, place in zip(pairs, maker.places, strict=True)
            }
            self._tell_files(maker, saved)
            self._was_modified = self.is_modified
            self.changed.emit()
            self.saved.emit(saved)

        return self._start(steps, settle, PROJECT, outlives=True)

    def as_python(self) -> Job[str]:
        """Make a script that does what the session does, with the public API alone; in the background.

        Labels are read from the project if it is up to date, else they are part of the script.

        Raises
        ------
        ValueError
            If there is nothing to train on, or an image is missing. What shows only later makes the job fail.
        """
        waiting = self._arrivals.missing
        if waiting:
            raise ValueError(
                f"a script needs all images; {waiting[0].image.name!r} is missing. Point to it, or do without it."
            )
        self._check_pairs()
        if problem := self._session.plan.training_problem:
            raise ValueError(problem)
        folder = self._path
        is_saved = folder is not None and not self.is_modified and self._is_complete
        content = self._maker(with_left_out=False).content()

        def steps() -> Steps[str]:
            if is_saved and folder is not None:
                return Project(folder).as_python()
            return (yield from python_steps(content, folder, self._known))

        return self._start(steps, self.script_made.emit, SCRIPT)

    def _check_pairs(self) -> None:
        """Refuse what could not be opened again."""
        for pair in self._session.pairs:
            image, labels = pair.image, pair.labels
            if image.problem is not None:
                raise ValueError(image.problem)
            if np.dtype(image.data.dtype).kind not in "buif":
                raise ValueError(
                    f"images must hold real numbers; {image.name!r} holds {image.data.dtype}. Do without it."
                )
            shape = resolve_axes(image.data.shape, 1, image.channel_axis).shape
            if labels.shape != shape:
                raise ValueError(
                    f"labels must have the shape of their image; {labels.name!r} has {labels.shape}, {image.name!r} "
                    f"{shape} besides channels. Choose other ones, or take them out of the training."
                )

    # What is known of it ----------------------------------------------------------------------------------------------

    @property
    def _is_complete(self) -> bool:
        return self._opening is None or not self._opening.absent_images

    def _taken_choices(self) -> object:
        """Equal to what it was as long as nothing but labels has been changed."""
        session = self._session
        classifier = session.classifier
        return (
            session.chosen_features,
            session.training_settings,
            read_settings(session),
            session.classes,
            session.hidden_classes,
            (session.calibrate, session.sharpness),
            None if classifier is None else weakref.ref(classifier),
            tuple(session.serial(pair) for pair in session.pairs),
            self._names(),
        )

    def _are_other_labels(self) -> bool:
        session = self._session
        for pair in session.pairs:
            now, saved = session.labelled(pair), self._labels.get(session.serial(pair))
            if now is None or saved is None or now is saved:  # nobody has looked yet
                continue
            if len(now) != len(saved) or now != saved:
                return True
        return False

    def _on_opened(self, opening: ProjectOpening) -> None:
        self._path, self._ids = opening.folder, {opening.info.save_id}
        self._opening = opening
        self.copies_images = opening.info.copies_images
        self._remember()
        self.changed.emit()

    def _remember(self) -> None:
        """Take the session as it is for what is saved."""
        session, opening = self._session, self._opening
        self._choices = self._taken_choices()
        self._labels = {}
        for pair in session.pairs:
            place = None if opening is None else opening.place_of(pair)
            if opening is not None and place is not None:
                self._labels[session.serial(pair)] = opening.labels[opening.info.pairs[place][1]]
        self._was_modified = False

    # Hooks ------------------------------------------------------------------------------------------------------------

    def _maker(self, with_left_out: bool) -> ContentMaker:
        """What makes the content of a project."""
        return ContentMaker(self._session, self._opening, with_left_out)

    def _names(self) -> object:
        """What images and labels are called, and what is to be predicted."""
        session = self._session
        names = tuple((pair.image.name, pair.labels.name) for pair in session.pairs)
        return names, getattr(session.chosen_target, "name", None)

    def _tell_files(self, maker: ContentMaker, saved: SavedProject) -> None:
        """Say of which files the images are copies now, or in which they have been found."""
