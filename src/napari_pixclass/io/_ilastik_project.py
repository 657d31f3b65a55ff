"""An ilastik project as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_pixclass.core import ClassInfo, LabelledPixels

from ._ilastik_forest import IlastikForest
from ._ilastik_images import ImageSource, open_source
from ._ilastik_labels import IlastikLabels, version_key
from ._image_file import ImageFile


@dataclass(frozen=True, slots=True)
class IlastikFeatures:
    """A choice of features.

    Attributes
    ----------
    cells
        Family id and sigma of each chosen cell of ilastik's table, row by row as it stands in the project: the order
        of ilastik's features.
    sigmas_2d
        Scales whose filters run in the plane; None if the project does not say it (before 1.3.3): then they run in
        the volume where there is one.
    """

    cells: tuple[tuple[str, float], ...]
    sigmas_2d: tuple[float, ...] | None

    @property
    def selection(self) -> dict[str, list[float]]:
        """Sigmas of each family."""
        found: dict[str, list[float]] = {}
        for family, sigma in self.cells:
            found.setdefault(family, []).append(sigma)
        return found


@dataclass(frozen=True, eq=False)
class IlastikLane:
    """One image of a project, with its labels.

    Attributes
    ----------
    number
        From 0, as ilastik counts.
    name
        What ilastik calls it.
    project
        The project file.
    source
        Where the image is.
    axes
        Letters of its axes as they run in its file, of T, Z, Y, X and C.
    shape
        Its shape in its file; None where the project does not say it (before 1.3.3).
    labels
        Its labels.
    has_mask
        Whether ilastik predicted inside a mask only.
    """

    number: int
    name: str
    project: Path
    source: ImageSource
    axes: str
    shape: tuple[int, ...] | None
    labels: IlastikLabels
    has_mask: bool = False

    @property
    def lengths(self) -> dict[str, int] | None:
        """Length of the image along each axis, if the project says it."""
        return None if self.shape is None else dict(zip(self.axes, self.shape, strict=True))

    def open(self) -> ImageFile:
        """Open the image; its axes are in the order T, Z, Y, X, with channels anywhere.

        Raises
        ------
        FileNotFoundError
            If it was not found.
        ValueError
            If it cannot be read, or is not the image that the project was made with.
        """
        return open_source(self.source, self.project, self.name, self.axes, self.lengths)

    def labels_on(self, image: ImageFile | None) -> LabelledPixels:
        """The labels of the image without its channels; without an image on the shape that the project says.

        Raises
        ------
        ValueError
            If they do not fit, or there is neither an image nor a shape.
        """
        if image is not None:
            shape = [n for a, n in zip(image.axes, image.data.shape, strict=True) if a != "C"]
            return self.labels.on(image.axes_without_channels, shape)
        lengths = self.lengths
        if lengths is None:
            raise ValueError(
                f"labels need the shape of their image; the project does not say that of '{self.name}'. Point to the "
                "folder where the image is now."
            )
        axes = "".join(letter for letter in "TZYX" if letter in lengths)
        return self.labels.on(axes, [lengths[letter] for letter in axes])


@dataclass(frozen=True, eq=False)
class IlastikProject:
    """What an ilastik project holds.

    Attributes
    ----------
    path
        The project file.
    version
        Of the ilastik that wrote it.
    workflow
        Name of its workflow.
    classes
        Value, name and colour of each class, by ascending value.
    features
        The chosen features; None where none are.
    lanes
        Its images.
    forest
        The trained classifier, None where there is none.
    notes
        What could not be taken over, one sentence each.
    """

    path: Path
    version: str
    workflow: str
    classes: tuple[ClassInfo, ...]
    features: IlastikFeatures | None
    lanes: tuple[IlastikLane, ...]
    forest: IlastikForest | None
    notes: Sequence[str]

    @property
    def version_key(self) -> tuple[int, ...]:
        """The version as numbers that can be compared."""
        return version_key(self.version)

    @property
    def n_labels(self) -> int:
        """Number of labelled pixels of all images."""
        return sum(len(lane.labels) for lane in self.lanes)
