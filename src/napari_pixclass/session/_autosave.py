"""Scribbles are written to files while they are painted: a crash loses the last stroke at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_pixclass.core import ClassInfo, LabelledPixels, SparseLabels
from napari_pixclass.io import save_scribbles

from ._jobs import Mailbox
from ._scribbles_worker import ScribblesWorker
from ._sources import LabelsSource, Pair, Snapshot
from ._stacked_images import main_image

if TYPE_CHECKING:
    from collections.abc import Collection

    from ._session import Session


@dataclass(eq=False, slots=True)
class Painting:
    """Labels that are watched. What is known of their file belongs to the background thread, the rest to the session's.

    Attributes
    ----------
    labels
        The labels.
    pair
        The pair they belong to; None as long as they belong to none, so that an image that is gone is not held.
    as_found
        What was labelled before anybody painted: as long as that is all, there is nothing to save. None as long as
        nobody has looked.
    labelled
        What was labelled when last seen.
    path, key
        Where it is written, if it is, and the fingerprint of the image in that name.
    image_name, image_path
        What was last known of the image.
    """

    labels: LabelsSource
    pair: Pair | None
    as_found: LabelledPixels | None
    labelled: LabelledPixels | None
    path: Path | None = None
    key: str = ""
    image_name: str = ""
    image_path: str | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """What is to be written; without an image that of the file that there is."""

    image: Snapshot | None
    image_name: str
    image_path: str | None
    labelled: LabelledPixels
    as_found: LabelledPixels | None
    classes: tuple[ClassInfo, ...]


class Autosave:
    """Writes what is painted on the images of a session to files, in the background; the newest state wins.

    Labels get a file once they are others than they were found, and it goes away when they are erased. Where writing
    fails that is said once, until it has worked again.

    Parameters
    ----------
    session
        Whose labels are watched, and told what fails.
    mailbox
        Where the background thread's mail arrives.
    folder
        Where the files lie; None for the user's own folder.

    Attributes
    ----------
    worker
        Where the writing is done.
    """

    def __init__(self, session: Session, mailbox: Mailbox, folder: Path | None = None) -> None:
        self._session = session
        self.worker = ScribblesWorker(mailbox, folder)
        self._paintings: dict[LabelsSource, Painting] = {}
        self._due: dict[Painting, _State] = {}
        self._has_failed = False
        self.worker.run(self.worker.folder.tidy)
        session.pairs_changed.connect(self._on_pairs_changed)
        session.labelled_changed.connect(self._on_labelled_changed)
        session.classes_changed.connect(self._on_classes_changed)

    @property
    def paintings(self) -> tuple[Painting, ...]:
        """The labels that are watched."""
        return tuple(self._paintings.values())

    def is_untouched(self, pair: Pair) -> bool:
        """Whether nobody has painted on the labels of a pair since they were found."""
        painting = self._paintings.get(pair.labels)
        return painting is not None and painting.labelled == painting.as_found

    def continue_file(self, pair: Pair, path: Path) -> None:
        """Write the labels of a pair, once they change again, to a file that has been left and holds them already."""
        painting, image = self._paintings[pair.labels], Snapshot.of(main_image(pair.image))
        painting.as_found = _nothing(pair)

        def take() -> None:
            key = self.worker.key_of(image)
            before = painting.path
            painting.path, painting.key = self.worker.folder.take(path, key), key
            if before is not None:
                before.unlink(missing_ok=True)

        self.worker.run(take)

    def release(self, in_use: Collection[LabelsSource]) -> None:
        """Let go of labels that belong to no pair and are not among those `in_use`: their files are left over."""
        paired = {pair.labels for pair in self._session.pairs}
        for labels in self._paintings.keys() - paired - set(in_use):
            self._finish(self._paintings.pop(labels))

    def close(self) -> None:
        """Write in the background what has not been written yet, the last stroke included, and leave the files."""
        for painting in self._paintings.values():
            self._finish(painting)
        self.worker.close()

    # In the thread of the session -------------------------------------------------------------------------------------

    def _on_pairs_changed(self) -> None:
        for painting in self._paintings.values():
            if painting.pair not in self._session.pairs:
                self._finish(painting)
                painting.pair = None
        for pair in self._session.pairs:
            known = self._paintings.get(pair.labels)
            if known is None:
                seen = self._session.labelled(pair)
                # Somebody may have painted before the labels came here.
                is_painted = getattr(pair.labels, "is_painted", False)
                known = Painting(pair.labels, pair, _nothing(pair) if is_painted else seen, seen)
                self._paintings[pair.labels] = known
                self._save(known)
            elif known.pair is None:
                known.pair = pair
                self._save(known)

    def _on_labelled_changed(self, pair: Pair, labelled: LabelledPixels) -> None:
        painting = self._paintings.get(pair.labels)
        if (
            painting is not None and painting.pair is pair and painting.labelled is not labelled
        ):  # it is also told of strokes that have been counted
            if painting.as_found is None:
                painting.as_found = labelled
            painting.labelled = labelled
            self._save(painting)

    def _on_classes_changed(self) -> None:
        for painting in self._paintings.values():
            self._save(painting)

    def _save(self, painting: Painting) -> None:
        state = self._state(painting)
        if state is not None:
            self._due[painting] = state
            self.worker.run(lambda: self._write_newest(painting), self._on_written, self._on_failed)

    def _finish(self, painting: Painting) -> None:
        """Save what has been painted since the labels were last seen."""
        data, state = painting.labels.data, self._state(painting)
        if state is not None and isinstance(data, np.ndarray | SparseLabels):
            self.worker.run(lambda: self._write_last(painting, state, data), fail=self._on_failed)

    def _state(self, painting: Painting) -> _State | None:
        if painting.labelled is None:
            return None
        snapshot = None
        if painting.pair is not None:
            image = main_image(painting.pair.image)
            snapshot = Snapshot.of(image)
            painting.image_name, painting.image_path = image.name, getattr(image, "path", None)
        return _State(
            snapshot,
            painting.image_name,
            painting.image_path,
            painting.labelled,
            painting.as_found,
            self._session.classes,
        )

    def _on_written(self, worked: bool) -> None:
        self._has_failed = self._has_failed and not worked

    def _on_failed(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._session.failed.emit(self._explanation(error))

    def _explanation(self, error: Exception) -> str:
        if not isinstance(error, OSError):
            return f"scribbles cannot be kept safe from a crash: {error}"
        return (
            f"scribbles are kept safe from a crash in '{self.worker.folder.path}', which cannot be written to "
            f"({error.strerror or error}). Make room there, or save the labels layers yourself."
        )

    # In the background thread -----------------------------------------------------------------------------------------

    def _write_newest(self, painting: Painting) -> bool:
        """Write the newest state, unless that has been done; return whether something was written."""
        state = self._due.pop(painting, None)
        return state is not None and self._write(painting, state, state.labelled)

    def _write_last(
        self, painting: Painting, state: _State, data: np.ndarray | SparseLabels
    ) -> None:
        labelled = LabelledPixels.of(data)
        if labelled != state.labelled:
            self._write(painting, state, labelled)

    def _write(self, painting: Painting, state: _State, labelled: LabelledPixels) -> bool:
        before = painting.path
        if len(labelled) == 0 or labelled == state.as_found:
            if before is not None:
                before.unlink(missing_ok=True)
                painting.path = None
            return before is not None
        key = painting.key if state.image is None else self.worker.key_of(state.image)
        if not key:  # nothing was painted as long as there was an image
            return False
        path = before
        if path is None or key != painting.key:
            path = self.worker.folder.new_path(key)
        save_scribbles(path, labelled, state.classes, state.image_name, state.image_path)
        painting.path, painting.key = path, key
        if before is not None and before != path:  # the image is another one now
            before.unlink(missing_ok=True)
        return True


def _nothing(pair: Pair) -> LabelledPixels:
    """No pixel of the labels of a pair."""
    none = np.empty(0, dtype=np.int64)
    return LabelledPixels(none, none, pair.labels.shape)
