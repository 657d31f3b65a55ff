"""The script of what has not been saved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from napari_pixclass.core import LabelledPixels, Step, Steps
from napari_pixclass.io import (
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    is_project,
    labelled_pixels,
    read_project_info,
    versions,
)

from ._content import AbsentSource, ContentSource, ProjectContent
from ._locating import Known, Located, earlier_copy, locate
from ._saving import described_source, new_save_id
from ._script import script_of


def python_steps(content: ProjectContent, folder: Path | None, known: Known) -> Steps[str]:
    """Write a script that does what a session does, with the labels in it.

    Parameters
    ----------
    content
        The session.
    folder
        A project in which copies of images may be found that no other file holds.
    known
        See `locate`.

    Raises
    ------
    ValueError
        If an image is in no file, or there are too many labels for a script.
    """
    sources, total = [], len(content.sources) + 1
    for number, source in enumerate(content.sources):
        yield Step(number, total, f"Looking for the file of {_name(source)}")
        if isinstance(source, AbsentSource):
            raise ValueError(
                f"a script needs all images; {_name(source)!r} is missing. Point to it."
            )
        sources.append(described_source(source, _found(source, folder, known), None))
    labels = [
        entry.data if isinstance(entry.data, LabelledPixels) else labelled_pixels(entry.data)
        for entry in content.labels
    ]
    info = ProjectInfo(
        save_id=new_save_id(),
        written=datetime.now(UTC),
        versions=versions(),
        sources=tuple(sources),
        images=tuple(
            ProjectImage(i.name, i.sources, i.is_stack, i.channel_axis, i.pixel_size)
            for i in content.images
        ),
        labels=tuple(
            ProjectLabels(entry.name, "", own.shape, own.values.dtype.name, len(own), 0)
            for entry, own in zip(content.labels, labels, strict=True)
        ),
        pairs=tuple(content.pairs),
        target=content.target,
        features=content.features,
        classes=content.classes,
        hidden_classes=content.hidden_classes,
        training=content.training,
        session=content.session,
        classifier=None,
        calibration=content.calibration,
    )
    return script_of(info, None, labels)


def _found(source: ContentSource, folder: Path | None, known: Known) -> Located:
    found = locate(source.data, source.path, known)
    if found is None and folder is not None and is_project(folder):
        found = earlier_copy(source.data, read_project_info(folder), folder, known)
    if found is None:
        raise ValueError(
            f"a script opens images from files; no file holds {source.name!r} as it is now. Save the project: it gets "
            "a copy, which the script opens."
        )
    return found


def _name(source: ContentSource | AbsentSource) -> str:
    return source.source.name if isinstance(source, AbsentSource) else source.name
