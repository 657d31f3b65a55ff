"""What is to be saved as a project, taken in one moment; nothing of it knows where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import ArrayLike, ChosenFeatures, ClassInfo, LabelledPixels
from napari_pixclass.io import ProjectCalibration, ProjectSource

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier


@dataclass(frozen=True, eq=False, slots=True)
class ContentSource:
    """An array that is an image, or a channel of one.

    Attributes
    ----------
    name
        What it is called.
    data
        The array.
    path
        The file that it is said to come from; None where nobody says so.
    is_pyramid
        Whether it is shown with several resolutions.
    layer
        How a viewer shows it: JSON values.
    """

    name: str
    data: ArrayLike
    path: str | None = None
    is_pyramid: bool = False
    layer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class AbsentSource:
    """An array of a project that was missing when that was opened: what is known of it is kept.

    Attributes
    ----------
    source
        What the project says of it.
    folder
        Of that project.
    """

    source: ProjectSource
    folder: Path


@dataclass(frozen=True, eq=False, slots=True)
class ContentImage:
    """An image: places of its arrays in the list of the sources, and how they are read; see `io.ProjectImage`."""

    name: str
    sources: tuple[int, ...]
    is_stack: bool
    channel_axis: int | None
    pixel_size: tuple[float, ...] | None


@dataclass(frozen=True, eq=False, slots=True)
class ContentLabels:
    """Labels: labelled pixels, or an array that is still to be looked through."""

    name: str
    data: LabelledPixels | ArrayLike
    layer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class ProjectContent:
    """All that a project holds; see `io.ProjectInfo`.

    Attributes
    ----------
    classifier
        A copy of its own, or None.
    is_current
        Whether the classifier was made from all the rest.
    calibration
        Of its probabilities, and of those of further trainings.
    """

    sources: Sequence[ContentSource | AbsentSource]
    images: Sequence[ContentImage]
    labels: Sequence[ContentLabels]
    pairs: Sequence[tuple[int, int]]
    target: int | None
    features: ChosenFeatures | None
    classes: tuple[ClassInfo, ...]
    hidden_classes: frozenset[int]
    training: Mapping[str, Any]
    session: Mapping[str, Any]
    classifier: PixelClassifier | None
    is_current: bool
    calibration: ProjectCalibration
