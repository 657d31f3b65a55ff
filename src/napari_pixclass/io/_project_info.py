"""What the description of a project says, as values that were checked, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napari_pixclass.core import ChosenFeatures, ClassInfo, FeatureSet

from ._image_views import ImageView

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "napari-pixclass project"

FORMAT_VERSION = 1
"""Raised when older programs could no longer read a project, or would read it wrongly."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectSource:
    """An array that is an image, or one channel of an image, and the file that it comes from.

    Attributes
    ----------
    name
        What it is called.
    path
        Where the file lies, seen from the folder of the project, with ``/`` between folders; None where that cannot be
        said.
    absolute_path
        Where it was when the project was saved; None for a copy in the project.
    dataset
        Path of the image within an HDF5 file or a zarr folder.
    is_copy
        Whether it lies in the project.
    view
        Which part of the image in the file it is.
    shape, dtype
        Of the array.
    fingerprint
        See `io.fingerprint`.
    in_memory
        Whether it is to be read at once.
    is_pyramid
        Whether it was shown with all its resolutions.
    layer
        How a viewer showed it, for that viewer to read.
    """

    name: str
    path: str | None
    absolute_path: str | None
    dataset: str
    is_copy: bool
    view: ImageView
    shape: tuple[int, ...]
    dtype: str
    fingerprint: str
    in_memory: bool
    is_pyramid: bool = False
    layer: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "path": self.path,
            "absolute_path": self.absolute_path,
            "dataset": self.dataset,
            "is_copy": self.is_copy,
            "places": list(self.view.places),
            "order": list(self.view.order),
            "shape": list(self.shape),
            "dtype": self.dtype,
            "fingerprint": self.fingerprint,
            "in_memory": self.in_memory,
            "is_pyramid": self.is_pyramid,
            "layer": dict(self.layer),
        }


@dataclass(frozen=True, slots=True)
class ProjectImage:
    """An image of a project.

    Attributes
    ----------
    name
        What it is called.
    sources
        Places of its arrays in the list of the sources: one, or one for each channel.
    is_stack
        Whether its arrays are its channels.
    channel_axis
        Axis of the channels; None if it has none.
    pixel_size
        Size of a pixel along every axis but the channels; None if not known.
    """

    name: str
    sources: tuple[int, ...]
    is_stack: bool
    channel_axis: int | None
    pixel_size: tuple[float, ...] | None

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "sources": list(self.sources),
            "is_stack": self.is_stack,
            "channel_axis": self.channel_axis,
            "pixel_size": None if self.pixel_size is None else list(self.pixel_size),
        }


@dataclass(frozen=True, slots=True)
class ProjectLabels:
    """Labels of a project.

    Attributes
    ----------
    name
        What they are called.
    file
        Where they lie in the project: an array of runs, one in each row: first pixel, length, class value.
    shape, dtype
        Of the labels.
    n_pixels, n_runs
        Labelled pixels, and rows of the file.
    layer
        How a viewer showed them.
    """

    name: str
    file: str
    shape: tuple[int, ...]
    dtype: str
    n_pixels: int
    n_runs: int
    layer: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "file": self.file,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "n_pixels": self.n_pixels,
            "n_runs": self.n_runs,
            "layer": dict(self.layer),
        }


@dataclass(frozen=True, slots=True)
class ProjectClassifier:
    """The trained classifier of a project.

    Attributes
    ----------
    digest
        Of the bytes of its file.
    is_current
        Whether it was made from the labels, images and features of the project.
    """

    digest: str
    is_current: bool

    def to_json(self) -> Json:
        return {"file": CLASSIFIER_NAME, "digest": self.digest, "is_current": self.is_current}


CLASSIFIER_NAME = "classifier.pixclass"


@dataclass(frozen=True, slots=True)
class ProjectCalibration:
    """What a project says about its probabilities.

    Attributes
    ----------
    is_applied
        Whether they are to be as often right as they say.
    sharpness
        The power that a cross-validation has found for that, applied or not; 1 where there was none.
    """

    is_applied: bool = False
    sharpness: float = 1.0

    @property
    def power(self) -> float:
        """The power to which probabilities are raised; 1 leaves them as they are."""
        return self.sharpness if self.is_applied else 1.0

    def to_json(self) -> Json:
        return {"is_applied": self.is_applied, "sharpness": self.sharpness}


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """Everything in the description of a project.

    Attributes
    ----------
    save_id
        Another one after every saving.
    written
        When it was saved, with time zone.
    versions
        Of the program, and of what it is made of.
    sources, images, labels
        Arrays, images made of them, and labels.
    pairs
        What is trained on, in this order: place of an image, and place of its labels.
    target
        Place of the image that is to be predicted; None for the first that is trained on.
    features
        What is computed; None where nothing is chosen.
    classes, hidden_classes
        Value, name and colour of each class in the order of the user, and values of those that are not shown.
    training
        Settings of the training besides the features: arguments of `PixelClassifier`.
    session
        Settings of the session, for that to read.
    classifier
        The trained classifier, if there is one.
    calibration
        Of its probabilities, and of those of further trainings.
    copies_images
        Whether images were copied into the project although files hold them.
    """

    save_id: str
    written: datetime
    versions: Mapping[str, str]
    sources: tuple[ProjectSource, ...]
    images: tuple[ProjectImage, ...]
    labels: tuple[ProjectLabels, ...]
    pairs: tuple[tuple[int, int], ...]
    target: int | None
    features: ChosenFeatures | None
    classes: tuple[ClassInfo, ...]
    hidden_classes: frozenset[int]
    training: Mapping[str, Any]
    session: Mapping[str, Any]
    classifier: ProjectClassifier | None
    calibration: ProjectCalibration
    copies_images: bool = False

    def to_json(self) -> Json:
        """The JSON values that `read_project_info` checks."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "save_id": self.save_id,
            "written": self.written.isoformat(timespec="milliseconds"),
            "versions": dict(self.versions),
            "classes": [
                {
                    "value": info.value,
                    "name": info.name,
                    "color": info.color,
                    "is_hidden": info.value in self.hidden_classes,
                }
                for info in self.classes
            ],
            "features": None if self.features is None else _features_to_json(self.features),
            "training": dict(self.training),
            "classifier": None if self.classifier is None else self.classifier.to_json(),
            "calibration": self.calibration.to_json(),
            "session": dict(self.session),
            "copies_images": self.copies_images,
            "images": [image.to_json() for image in self.images],
            "sources": [source.to_json() for source in self.sources],
            "labels": [labels.to_json() for labels in self.labels],
            "pairs": [{"image": image, "labels": labels} for image, labels in self.pairs],
            "target": self.target,
        }

    @property
    def files(self) -> frozenset[str]:
        """The files of the project that belong to it, seen from its folder."""
        copies = {source.path for source in self.sources if source.is_copy and source.path}
        return frozenset(copies | {labels.file for labels in self.labels})


def _features_to_json(chosen: ChosenFeatures) -> Json:
    def values(features: FeatureSet | None) -> Json | None:
        return None if features is None else features.to_dict()

    return {
        "common": values(chosen.common),
        "channels": None if chosen.channels is None else list(chosen.channels),
        "of_channels": {str(channel): values(own) for channel, own in chosen.own},
    }
