"""Options of the commands that try things out on images with labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ._earlier import Earlier, add_images_option, earlier_training
from ._feature_options import chosen_features
from ._image_options import add_image_options, add_jobs_option
from ._train import seed
from ._training_pairs import TrainingSet, named_classes, open_training_set

if TYPE_CHECKING:
    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import ClassInfo, Features, FeatureSet


def add_labelled_set_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which labels are meant: ``MODEL``, ``--pair`` and all that is about them."""
    parser.add_argument(
        "resume",
        metavar="MODEL",
        nargs="?",
        help="model that was saved with its labels, or the folder of a project: its images, labels, classes and "
        "features",
    )
    add_images_option(parser)
    parser.add_argument(
        "--pair",
        nargs=2,
        action="append",
        default=[],
        metavar=("IMAGE", "LABELS"),
        help="an image and its labels; may be repeated",
    )
    parser.add_argument(
        "--labels-offset",
        type=int,
        nargs="+",
        metavar="N",
        help="where labels that are smaller than their image begin in it, along each of its axes but the channels",
    )
    parser.add_argument(
        "--ndim",
        type=int,
        choices=(2, 3),
        help="2: filters work in the plane, 3: in the volume (default: what the file says)",
    )
    add_image_options(parser)
    parser.add_argument(
        "--class-names",
        nargs="+",
        metavar="NAME",
        help="names of the classes, by ascending value in the labels",
    )
    parser.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="random seed (default: %(default)s)"
    )
    add_jobs_option(parser)


def add_fold_options(parser: argparse.ArgumentParser) -> None:
    """Add what says how labels are left out."""
    parser.add_argument(
        "--leave-out",
        choices=("strokes", "images"),
        help="what is left out as a whole (default: images where several have labels of every class, else strokes)",
    )
    parser.add_argument(
        "--folds",
        type=_folds,
        default=5,
        metavar="N",
        help="how many parts are left out, one after the other (default: %(default)s)",
    )


def _folds(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"must be a whole number of 2 or more; got '{text}'")
    return int(text)


def open_labelled_set(
    args: argparse.Namespace,
) -> tuple[TrainingSet, tuple[ClassInfo, ...], Earlier | None]:
    """The images with their labels, the classes in them, and the earlier training if one was given."""
    if not args.pair and args.resume is None:
        raise ValueError(
            "there must be labels; give --pair IMAGE LABELS, or a MODEL that was saved with its labels, or a project."
        )
    earlier = None if args.resume is None else earlier_training(args.resume, args)
    labelled = open_training_set(args, earlier)
    known = () if earlier is None else earlier.classes
    return labelled, named_classes(args.class_names, labelled, known), earlier


def untrained_classifier(
    args: argparse.Namespace,
    opened: FeatureSet | None,
    ndim: int,
    earlier: Earlier | None,
    n_trees: int | None = None,
) -> PixelClassifier:
    """What is trained: as the user says, else as `earlier`; `opened` is what `open_features` gave."""
    from napari_pixclass.classifier import PixelClassifier

    features: Features
    if earlier is None or args.features or args.sigmas:
        chosen = chosen_features(args, opened, ndim)
        features = chosen if earlier is None else earlier.with_features(chosen)
    else:
        features = earlier.features.plain
    settings: dict[str, Any] = {} if earlier is None else dict(earlier.settings)
    settings.pop("random_state", None)
    if n_trees:
        settings["n_estimators"] = n_trees
    return PixelClassifier(features, n_jobs=args.jobs, **settings)
