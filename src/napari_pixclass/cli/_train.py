"""Train a classifier on images with labels, or go on with an earlier training.

One pair after another: image and labels are opened, checked together, and handed to the same
classifier that the Python API offers.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._earlier import Earlier, add_images_option, earlier_training
from ._exit import report
from ._feature_options import add_feature_options, chosen_features, open_features
from ._image_options import (
    add_image_options,
    add_jobs_option,
    positive,
)
from ._progress import run_with_progress
from ._training_pairs import (
    TrainingPair,
    TrainingSet,
    as_arguments,
    named_classes,
    open_training_set,
)
from ._words import byte_count, printable, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import Calibration, Features, FeatureSet

NAME = "train"

EPILOG = """labels are images of whole numbers: 0 is unlabelled, every other value is a class; or
scribbles files (.scribbles), or labelings of Labkit (.labeling), whose class names are taken over. images and
labels are files as predict reads them. An older model of the same name is replaced, and only when the new one
is complete.

examples:
  napari-pixclass train --pair a.tif a_labels.tif --pair b.tif b_labels.tif -o cells.pixclass
  napari-pixclass train --pair a.tif a_labels.tif --features features.json -o cells.pixclass
  napari-pixclass train --continue cells.pixclass --pair c.tif c.scribbles -o cells2.pixclass
  napari-pixclass train --project cells.pixproject -o cells.pixclass"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``train``."""
    parser.add_argument(
        "--pair",
        nargs=2,
        action="append",
        metavar=("IMAGE", "LABELS"),
        help="an image and its labels; may be repeated",
    )
    parser.add_argument(
        "--continue",
        dest="resume",
        metavar="MODEL",
        help="go on with the training of a model that was saved with its labels: with its images, labels, "
        "classes, features, trees and seed, and with further pairs",
    )
    parser.add_argument(
        "--project",
        metavar="FOLDER",
        help="train on the images and labels of a project that was saved in napari, with its classes, features, "
        "trees and seed; and on further pairs",
    )
    add_images_option(parser)
    parser.add_argument(
        "--labels-offset",
        type=int,
        nargs="+",
        metavar="N",
        help="where labels that are smaller than their image begin in it, along each of its axes but the channels",
    )
    parser.add_argument(
        "--save-labels",
        action="store_true",
        help="keep the labels in a folder beside the model, so that its training can be continued",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help="model file to write (.pixclass)"
    )
    add_feature_options(parser, "default")
    parser.add_argument(
        "--ndim",
        type=int,
        choices=(2, 3),
        help="2: filters work in the plane, 3: in the volume (default: what the file says)",
    )
    add_image_options(parser)
    parser.add_argument(
        "--channels",
        type=_channels,
        metavar="N,N",
        help="channels to use, counted from 0; the others are never looked at (default: those of the earlier training, "
        "else all)",
    )
    parser.add_argument(
        "--class-names",
        nargs="+",
        metavar="NAME",
        help="names of the classes, by ascending value in the labels",
    )
    parser.add_argument("--trees", type=positive, metavar="N", help="trees (default: 100)")
    parser.add_argument("--seed", type=seed, metavar="N", help="random seed (default: 0)")
    parser.add_argument(
        "--calibrate",
        action=argparse.BooleanOptionalAction,
        help="cross-validate, and have probabilities that are as often right as they say; the segmentation stays the "
        "same (default: only where the training goes on with a calibrated model or project)",
    )
    add_jobs_option(parser)


def _channels(text: str) -> list[int]:
    numbers = text.split(",")
    if not all(number.strip().isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(
            f"must be whole numbers from 0 with commas between them; got '{text}'"
        )
    return sorted({int(number) for number in numbers})


def seed(text: str) -> int:
    """A random seed."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2^32 - 1; got '{text}'")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Train and save."""
    goes_on_with = args.project or args.resume
    if not args.pair and goes_on_with is None:
        raise ValueError(
            "there must be something to train on; give --pair IMAGE LABELS, --continue MODEL, or --project FOLDER."
        )
    if args.project is not None:
        _check_project(args)
    check_model_target(args.output)
    _check_labels_folder(args)
    features = open_features(args)
    earlier = None if goes_on_with is None else earlier_training(goes_on_with, args)
    training = open_training_set(args, earlier)
    classes = named_classes(args.class_names, training, () if earlier is None else earlier.classes)
    classifier = _new_classifier(args, features, training, earlier)
    pairs = training.pairs
    calibration = None
    is_calibrated = earlier is not None and earlier.is_calibrated
    if is_calibrated if args.calibrate is None else args.calibrate:
        calibration = _calibration(classifier, pairs)
    started = time.perf_counter()
    run_with_progress(classifier.fit_steps(**as_arguments(pairs)), "training")
    if calibration is not None:
        classifier = classifier.calibrated(calibration.sharpness)
    classifier.class_table_ = classes
    classifier.save(args.output)
    _print_summary(classifier, pairs, time.perf_counter() - started)
    if calibration is not None:
        errors = f"{calibration.error:.3f}, calibrated {calibration.sharpened_error:.3f}"
        print(f"  sharpness {calibration.sharpness:.2f}; error of left-out labels {errors}")
    print(f"wrote {args.output} ({byte_count(Path(args.output).stat().st_size)})")
    if args.save_labels:
        from napari_pixclass.io import save_training_labels

        labels = [(pair.labelled, pair.geometry) for pair in pairs]
        print(f"wrote {save_training_labels(args.output, labels, classes)}")
    return 0


def _check_project(args: argparse.Namespace) -> None:
    """Refuse what is no project, before it is taken for a model; and two trainings to go on with."""
    from napari_pixclass.io import project_folder, read_project_info

    if args.resume is not None:
        raise ValueError(
            "a training goes on with one earlier training; got --continue and --project. Leave one of them out."
        )
    read_project_info(project_folder(args.project))


def _calibration(classifier: PixelClassifier, pairs: Sequence[TrainingPair]) -> Calibration:
    """What probabilities will be worth; found out before the training, as there may be too few strokes for it."""
    from napari_pixclass.core import cross_validation_steps

    steps = cross_validation_steps(classifier, **as_arguments(pairs))
    return run_with_progress(steps, "cross-validating").calibration


def _check_labels_folder(args: argparse.Namespace) -> None:
    """Refuse before the training what cannot be written after it; tell of labels that are not of the new model."""
    from napari_pixclass.io import check_labels_folder, labels_folder

    folder = labels_folder(args.output)
    if args.save_labels:
        check_labels_folder(args.output)
    elif folder.exists():
        report(
            f"note: '{folder}' holds labels of an earlier training, which --continue will not take for those of the "
            "new model. Add --save-labels to replace them."
        )


def _new_classifier(
    args: argparse.Namespace,
    opened: FeatureSet | None,
    training: TrainingSet,
    earlier: Earlier | None,
) -> PixelClassifier:
    """A classifier to be trained: as the user says, else as an earlier one was."""
    from napari_pixclass.classifier import PixelClassifier

    settings: dict[str, Any] = {} if earlier is None else dict(earlier.settings)
    if args.trees is not None:
        settings["n_estimators"] = args.trees
    if args.seed is not None:
        settings["random_state"] = args.seed
    return PixelClassifier(_features(args, opened, training, earlier), n_jobs=args.jobs, **settings)


def _features(
    args: argparse.Namespace,
    opened: FeatureSet | None,
    training: TrainingSet,
    earlier: Earlier | None,
) -> Features:
    if earlier is not None and not (args.features or args.sigmas):
        features: Features = earlier.features.plain
        if args.channels is None:
            return features
        own = earlier.features.channels
        first = next(chosen for chosen in own if chosen is not None)
        chosen_ones = _only(args.channels, first, training.pairs)
        return [one and (before or one) for one, before in zip(chosen_ones, own, strict=False)]
    chosen = chosen_features(args, opened, training.ndim)
    if args.channels is not None:
        return _only(args.channels, chosen, training.pairs)
    return chosen if earlier is None else earlier.with_features(chosen)


def check_model_target(path: str) -> None:
    """Refuse to write a model where it cannot be, or over a file that is none."""
    from napari_pixclass.io import ModelFileError, check_target, inspect_model

    check_target(os.path.realpath(path))
    if not Path(path).exists():
        return
    try:
        inspect_model(path)
    except ModelFileError:
        raise FileExistsError(
            f"only a model may be replaced by a model; '{path}' is another file. Choose another "
            "name, or remove it."
        ) from None


def _only(
    channels: Sequence[int], features: FeatureSet, pairs: Sequence[TrainingPair]
) -> list[FeatureSet | None]:
    """The features of each channel, None for those that are not among `channels`."""
    image = pairs[0].image
    n_channels = 1 if image.channel_axis is None else image.data.shape[image.channel_axis]
    if channels[-1] >= n_channels:
        raise ValueError(
            f"--channels must be channels of the images, 0 to {n_channels - 1}; got {channels[-1]}."
        )
    return [features if channel in channels else None for channel in range(n_channels)]


def _print_summary(
    classifier: PixelClassifier, pairs: Sequence[TrainingPair], seconds: float
) -> None:
    features = classifier.state.features
    channels = ""
    if features.n_used < features.n_channels:
        channels = f" in channels {', '.join(str(channel) for channel, _, _ in features.used())}"
    elif features.n_channels > 1:
        channels = f" in each of {features.n_channels} channels"
    images = "1 image" if len(pairs) == 1 else f"{len(pairs)} images"
    print(f"trained on {images} in {seconds:.1f} s")
    print(f"  features  {features.n_features // features.n_used} ({features.ndim}D){channels}")
    print(f"  trees     {classifier.n_estimators}")
    if pairs[0].spacing is not None:
        print(f"  spacing   {sizes(pairs[0].spacing, pairs[0].image.unit)}")
    for info, count in zip(classifier.class_table_, classifier.n_samples_, strict=True):
        print(f"  class {info.value:<3d} {count:>9,d} labelled pixels  {printable(info.name)}")
