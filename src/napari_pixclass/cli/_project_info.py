"""What a project holds, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_pixclass.project import OpenedImage, Project


def project_as_json(project: Project) -> dict[str, Any]:
    """Its description, the labelled pixels, and which images are missing."""
    values: dict[str, Any] = project.info.to_json()
    rows = zip(project.images, values["images"], strict=True)
    for image, entry in rows:
        entry["problem"] = image.problem
        entry["n_labelled"] = sum(len(labelled) for labelled in image.labels)
    counts = _counts(project)
    for entry in values["classes"]:
        entry["n_labelled"] = counts.get(entry["value"], 0)
    return values


def project_as_table(project: Project) -> str:
    """The same for people."""
    info = project.info
    lines = [
        f"project   {printable(str(project.path))} (saved {info.written:%Y-%m-%d %H:%M} UTC)",
        f"images    {len(project.images)}",
        *(line for image in project.images for line in _image_lines(project, image)),
        f"features  {_features(project)}",
        "classes   value  labelled pixels  colour   name",
    ]
    counts = _counts(project)
    for row in info.classes:
        lines.append(
            f"{row.value:>15}{counts.get(row.value, 0):>17,}  {row.color}  {printable(row.name)}"
        )
    settings = ", ".join(f"{name} {value}" for name, value in info.training.items())
    lines += [f"training  {settings}", f"trained   {_classifier(project)}"]
    if project.sharpness != 1:
        lines.append(f"sharpness {project.sharpness:.3g}: probabilities are calibrated")
    versions = ", ".join(f"{name} {number}" for name, number in info.versions.items())
    return "\n".join([*lines, f"made with {printable(versions)}"])


def _image_lines(project: Project, image: OpenedImage) -> Iterator[str]:
    entry = project.info.images[project.images.index(image)]
    sources = [project.info.sources[number] for number in entry.sources]
    shape = " x ".join(map(str, sources[0].shape))
    n_labelled = sum(len(labelled) for labelled in image.labels)
    channels = f"{len(sources)} channels of " if entry.is_stack else ""
    yield f"  {printable(image.name)}: {channels}{shape}, {sources[0].dtype}, {n_labelled:,} labelled pixels"
    for source in dict.fromkeys((s.path or s.absolute_path, s.dataset, s.is_copy) for s in sources):
        path, dataset, is_copy = source
        where = f"{path}/{dataset}" if dataset else str(path)
        yield f"    {printable(where)}{' (copy)' if is_copy else ''}"
    if image.problem is not None:
        yield f"    missing: {printable(image.problem)}"
    elif image.note is not None:
        yield f"    note: {printable(image.note)}"


def _features(project: Project) -> str:
    chosen = project.info.features
    if chosen is None:
        return "none chosen"
    if not project.info.pairs:
        return f"{len(chosen.common)} per channel, {chosen.ndim}D"
    from napari_pixclass.core import ChannelFeatures

    features = ChannelFeatures.of(project.features, project.n_channels)
    channels = f" in {features.n_used} of {features.n_channels} channels"
    return f"{features.n_features}{channels if features.n_channels > 1 else ''}, {features.ndim}D"


def _classifier(project: Project) -> str:
    if project.classifier is None:
        return "no classifier"
    state = project.classifier.state
    age = "up to date" if project.is_current else "older than the labels, images or features"
    return f"classifier.pixclass, {sum(state.n_samples):,} labelled pixels, {age}"


def _counts(project: Project) -> dict[int, int]:
    counts: dict[int, int] = {}
    for labelled in project.labels:
        for value, number in labelled.counts.items():
            counts[value] = counts.get(value, 0) + number
    return counts
