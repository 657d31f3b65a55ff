"""What was taken over from an ilastik project, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_pixclass.core import ClassInfo

ImportMode = Literal["keep", "retrain"]


@dataclass(frozen=True, slots=True)
class ReportedImage:
    """One image: its name, where it was found (None if it was not), its labelled pixels, and what is wrong with it."""

    name: str
    path: Path | None
    n_labels: int
    problem: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was taken over from a project.

    Attributes
    ----------
    path, version, workflow
        The project, the ilastik that wrote it, and its workflow.
    mode
        ``"keep"``: the classifier is the one that ilastik trained; ``"retrain"``: it was trained on the labels.
    reason
        Why this mode, where nobody has asked for one; else empty.
    classes
        The project's classes.
    counts
        Labelled pixels of each class, by value.
    images
        The project's images.
    features
        What the classifier computes, in words.
    n_trees
        Number of trees of its forest.
    notes
        What could not be taken over, one sentence each.
    """

    path: Path
    version: str
    workflow: str
    mode: ImportMode
    reason: str
    classes: Sequence[ClassInfo]
    counts: dict[int, int]
    images: Sequence[ReportedImage]
    features: str
    n_trees: int
    notes: Sequence[str]

    @property
    def n_found(self) -> int:
        """Number of images that were found and can be used."""
        return sum(image.path is not None and not image.problem for image in self.images)

    def lines(self) -> list[str]:
        """The report, line by line."""
        return [
            f"project   {self.path.name} (ilastik {self.version}, {self.workflow})",
            *self._image_lines(),
            *self._class_lines(),
            f"features  {self.features}",
            *self._classifier_lines(),
            *self._note_lines(),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _image_lines(self) -> list[str]:
        labelled = [image for image in self.images if image.n_labels]
        lines = [
            f"images    {len(self.images)} in the project, {self.n_found} found, {len(labelled)} with labels"
        ]
        lines += [f"{image.n_labels:>15,} labels  {self._place(image)}" for image in labelled]
        return lines

    def _place(self, image: ReportedImage) -> str:
        """Where an image is, in short."""
        if image.problem or image.path is None:
            return f"{image.name} (missing)"
        folder = self.path.parent
        if image.path == self.path:
            return f"{image.name} (in the project)"
        inside = image.path.is_relative_to(folder)
        return str(image.path.relative_to(folder) if inside else image.path)

    def _class_lines(self) -> list[str]:
        if not self.classes:
            return ["classes   none"]
        lines = ["classes   value  labelled pixels  colour   name"]
        for info in self.classes:
            count = self.counts.get(info.value, 0)
            lines.append(f"{info.value:>15}{count:>17,}  {info.color}  {info.name}")
        return lines

    def _classifier_lines(self) -> list[str]:
        trees = counted(self.n_trees, "tree")
        text = {
            "keep": f"kept as ilastik trained it, {trees}; it predicts here what it predicts there",
            "retrain": f"retrained on the labels, {trees}; results are close to ilastik's, but not the same",
        }[self.mode]
        return [f"classifier {text}", *([f"  {self.reason}"] if self.reason else [])]

    def _note_lines(self) -> list[str]:
        if not self.notes:
            return ["nothing was left out"]
        return ["left out, or not certain:", *(f"  - {note}" for note in self.notes)]


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
