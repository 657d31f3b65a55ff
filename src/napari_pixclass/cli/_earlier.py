"""An earlier training that a command goes on with: that of a model with its labels, or of a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._exit import report

if TYPE_CHECKING:
    import argparse

    from napari_pixclass.core import ChannelFeatures, ClassInfo, Features, FeatureSet
    from napari_pixclass.project import Project


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier training was made with.

    Attributes
    ----------
    path
        The model, or the folder of the project.
    features
        Of every channel.
    classes
        Names and colours.
    settings
        Arguments of `PixelClassifier` besides the features.
    is_calibrated
        Whether probabilities are to be calibrated.
    project
        The project; None for a model.
    """

    path: str
    features: ChannelFeatures
    classes: tuple[ClassInfo, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_calibrated: bool = False
    project: Project | None = None

    def with_features(self, chosen: FeatureSet) -> Features:
        """The same features for each of the channels that were used."""
        from napari_pixclass.core import ChannelFeatures

        channels = self.features.channels
        return ChannelFeatures(tuple(None if own is None else chosen for own in channels)).plain


def add_images_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--images``."""
    parser.add_argument(
        "--images",
        nargs="+",
        metavar="DIR",
        help="folders in which images of a project are looked for that are not where they were",
    )


def earlier_training(path: str, args: argparse.Namespace) -> Earlier:
    """Read what an earlier training was made with.

    Raises
    ------
    ValueError, FileNotFoundError
        If it is neither a model nor a project, is damaged, or an image of it is missing.
    """
    from napari_pixclass.io import is_project, project_folder

    if is_project(project_folder(path)):
        return _of_project(path, args)
    from napari_pixclass.classifier import load

    classifier = load(path)
    settings = {
        "n_estimators": classifier.n_estimators,
        "random_state": classifier.random_state,
        "estimator": classifier.estimator,
    }
    return Earlier(
        path,
        classifier.state.features,
        classifier.class_table_,
        settings,
        classifier.sharpness_ != 1,
    )


def _of_project(path: str, args: argparse.Namespace) -> Earlier:
    from napari_pixclass.core import ChannelFeatures
    from napari_pixclass.project import open_project

    project = open_project(path, args.images)
    images = project.training_images
    for image in images:
        if image.problem is not None:
            raise FileNotFoundError(
                f"{image.problem.rstrip('.')}: add --images DIR with its folder."
            )
        if image.note is not None:
            report(f"note: {image.note}")
    features = project.features  # it says so where there is nothing to train on
    n_channels = project.n_channels
    return Earlier(
        path,
        ChannelFeatures.of(features, n_channels),
        project.classes,
        project.info.training,
        project.info.calibration.is_applied,
        project,
    )
