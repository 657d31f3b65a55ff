"""Saving a project, step by step."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from napari_pixclass.core import LabelledPixels, Step, Steps, in_memory
from napari_pixclass.io import (
    MAX_TEXT,
    ImageView,
    ProjectClassifier,
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    ProjectSource,
    ProjectWriter,
    fingerprint,
    is_project,
    labelled_pixels,
    places_of,
    relative_path,
    size_of,
    versions,
    writing_project,
)

from ._content import AbsentSource, ContentSource, ProjectContent
from ._locating import HDF5_SUFFIXES, Known, Located, earlier_copy, locate

COPIES = "images"

SPARE_BYTES = 2**26
"""Left free on the disk."""


@dataclass(frozen=True, eq=False, slots=True)
class SavedProject:
    """What has been saved.

    Attributes
    ----------
    path
        The folder of the project.
    info
        What its description says.
    labels
        The labels, as they are in it.
    homeless
        Places of the sources that had to be copied, since no file holds them.
    notes
        What could not be saved, one sentence each.
    """

    path: Path
    info: ProjectInfo
    labels: tuple[LabelledPixels, ...]
    homeless: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def copied(self) -> tuple[str, ...]:
        """Names of the images that had to be copied."""
        return tuple(self.info.sources[number].name for number in self.homeless)

    @property
    def source_paths(self) -> tuple[Path | None, ...]:
        """The file of every source, or of its copy; None where that is not known."""
        return tuple(next(iter(places_of(s, self.path)), None) for s in self.info.sources)


def saving_steps(
    content: ProjectContent,
    path: Path,
    *,
    known_ids: Collection[str] = (),
    save_id: str | None = None,
    copy_images: bool = False,
    overwrite: bool = False,
    known: Known | None = None,
) -> Steps[SavedProject]:
    """Save a project.

    Parameters
    ----------
    content
        What is to be saved.
    path
        The folder of the project.
    known_ids
        Of the project that may be there, and is then replaced; see `io.writing_project`.
    save_id
        Of the project as it will be; a new one by default.
    copy_images
        Whether images are copied into the project. Those that no file holds are in any case.
    overwrite
        Replace whatever project is there.
    known
        What has been found out about files at earlier times.

    Raises
    ------
    FileExistsError, OSError, ValueError
        See `io.writing_project`; and if there is no room for copies, or labels are too large. What was there stays.
    """
    path = path.absolute()
    yield Step(0, 1, f"Saving {path.name}")
    with writing_project(path, known_ids, overwrite) as writer:
        saving = _Saving(content, writer, {} if known is None else known, copy_images)
        yield from saving.locate()
        yield from saving.copy()
        labels = []
        for entry in content.labels:
            data = entry.data
            labels.append(data if isinstance(data, LabelledPixels) else labelled_pixels(data))
        info, notes = saving.describe(labels, save_id or new_save_id())
        writer.commit(info)
    return SavedProject(path, info, tuple(labels), tuple(saving.homeless), notes)


def new_save_id() -> str:
    """A word that no other state of any project is known by."""
    return secrets.token_hex(16)


class _Saving:
    """One saving: where the images are, and what is copied."""

    def __init__(
        self, content: ProjectContent, writer: ProjectWriter, known: Known, copies_all: bool
    ) -> None:
        self._content = content
        self._writer = writer
        self._known = known
        self._copies_all = copies_all
        self._located: dict[int, Located] = {}
        self.homeless: list[int] = []
        """Places of the sources that no file holds."""

    @property
    def _sources(self) -> list[tuple[int, ContentSource]]:
        numbered = enumerate(self._content.sources)
        return [
            (number, source) for number, source in numbered if isinstance(source, ContentSource)
        ]

    def locate(self) -> Steps[None]:
        """Find the file of every image."""
        total = len(self._content.sources)
        for number, source in self._sources:
            yield Step(number, 2 * total, f"Looking for the file of {_short(source.name)}")
            found = locate(source.data, source.path, self._known)
            previous = self._writer.previous
            if found is None and previous is not None:
                found = earlier_copy(source.data, previous, self._writer.folder, self._known)
            if found is None:
                self.homeless.append(number)
            else:
                self._located[number] = found

    def copy(self) -> Steps[None]:
        """Copy what has to be."""
        wanted = [(n, s) for n, s in self._sources if self._is_to_be_copied(n)]
        sizes = {number: self._bytes_of(number, source) for number, source in wanted}
        total, done = max(1, sum(sizes.values())), 0
        free = shutil.disk_usage(self._writer.folder).free - SPARE_BYTES
        if wanted and sum(sizes.values()) > free:
            raise OSError(
                f"images that are copied into a project need room; {_gigabytes(total)} are needed, and "
                f"{_gigabytes(max(0, free))} are free in '{self._writer.folder.parent}'. Save large images as files "
                "first, or choose another disk."
            )
        for number, source in wanted:
            what = f"Copying {_short(source.name)}"
            located = self._located.get(number)
            copying = (
                self._writer.copy_array(source.name, source.data)
                if located is None
                else self._writer.copy_file(_file_of(located))
            )
            try:
                while True:
                    done += next(copying)
                    yield Step(min(total + done, 2 * total), 2 * total, what)
            except StopIteration as stop:
                copy = self._writer.folder / stop.value
            finally:
                copying.close()
            self._located[number] = _copied(located, source, copy)

    def _is_to_be_copied(self, number: int) -> bool:
        located = self._located.get(number)
        if located is None:
            return True
        folder = located.path.parent
        if folder == self._writer.folder / COPIES:
            return False
        # The copies of another project go with that one.
        is_of_another = folder.name == COPIES and is_project(folder.parent)
        return self._copies_all or is_of_another

    def _bytes_of(self, number: int, source: ContentSource) -> int:
        located = self._located.get(number)
        if located is not None:
            return size_of(_file_of(located))
        return (
            int(np.prod(source.data.shape, dtype=np.int64)) * np.dtype(source.data.dtype).itemsize
        )

    def describe(
        self, labels: list[LabelledPixels], save_id: str
    ) -> tuple[ProjectInfo, tuple[str, ...]]:
        """Write labels and classifier; return the description of all, and what could not be saved."""
        content, writer = self._content, self._writer
        entries = []
        for entry, labelled in zip(content.labels, labels, strict=True):
            file, n_runs = writer.write_labels(entry.name, labelled)
            dtype = labelled.values.dtype
            entries.append(
                ProjectLabels(
                    _short(entry.name),
                    file,
                    labelled.shape,
                    "uint8" if dtype.kind == "b" else dtype.name,
                    len(labelled),
                    n_runs,
                    entry.layer,
                )
            )
        classifier, notes = None, []
        if content.classifier is not None:
            try:
                digest = writer.write_classifier(content.classifier.save)
                classifier = ProjectClassifier(digest, content.is_current)
            except (TypeError, ValueError) as error:
                notes.append(f"The classifier is left out: {error}")
        sources = tuple(self._described(number) for number in range(len(content.sources)))
        images = tuple(
            ProjectImage(_short(i.name), i.sources, i.is_stack, i.channel_axis, i.pixel_size)
            for i in content.images
        )
        info = ProjectInfo(
            save_id=save_id,
            written=datetime.now(UTC),
            versions=versions(),
            sources=sources,
            images=images,
            labels=tuple(entries),
            pairs=tuple(content.pairs),
            target=content.target,
            features=content.features,
            classes=content.classes,
            hidden_classes=content.hidden_classes,
            training=content.training,
            session=content.session,
            classifier=classifier,
            calibration=content.calibration,
            copies_images=self._copies_all,
        )
        return info, tuple(notes)

    def _described(self, number: int) -> ProjectSource:
        source = self._content.sources[number]
        folder = self._writer.folder
        if isinstance(source, AbsentSource):
            return _moved(source, folder)
        return described_source(source, self._located[number], folder)


def described_source(source: ContentSource, located: Located, folder: Path | None) -> ProjectSource:
    """What a project in a folder says of an image that was located."""
    is_copy = folder is not None and located.path.parent == folder / COPIES
    path = None if folder is None else relative_path(located.path, folder)
    return ProjectSource(
        name=_short(source.name),
        path=f"{COPIES}/{located.path.name}" if is_copy else path,
        absolute_path=None if is_copy else str(located.path),
        dataset=located.dataset,
        is_copy=is_copy,
        view=located.view,
        shape=tuple(map(int, source.data.shape)),
        dtype=np.dtype(source.data.dtype).name,
        fingerprint=fingerprint(source.data),
        in_memory=in_memory(source.data) and not isinstance(source.data, np.memmap),
        is_pyramid=source.is_pyramid,
        layer=source.layer,
    )


def _copied(located: Located | None, source: ContentSource, copy: Path) -> Located:
    """Where an image is after it has been copied."""
    if located is None:
        return Located(copy, "", ImageView.whole(len(source.data.shape)))
    return replace(located, path=copy, dataset=located.dataset if _is_hdf5(located) else "")


def _file_of(located: Located) -> Path:
    """What is copied of a file that holds several images: of a zarr folder the image alone."""
    return located.path if _is_hdf5(located) else located.path / located.dataset


def _is_hdf5(located: Located) -> bool:
    return located.path.suffix.lower() in HDF5_SUFFIXES


def _moved(absent: AbsentSource, folder: Path) -> ProjectSource:
    """What a project in another folder says of an image that is missing."""
    source = absent.source
    if absent.folder == folder:
        return source
    place = next(iter(places_of(source, absent.folder)), None)
    if place is None:
        return source
    return replace(
        source, path=relative_path(place, folder), absolute_path=str(place), is_copy=False
    )


def _short(name: str) -> str:
    return name[:MAX_TEXT]


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB"
