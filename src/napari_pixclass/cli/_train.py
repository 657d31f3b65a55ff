"""Train a classifier on images with labels.

One pair after another: image and labels are opened, checked together, and handed to the same
classifier that the Python API offers.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._image_options import (
    add_image_options,
    add_jobs_option,
    chosen_spacing,
    guess_ndim,
    open_input,
    positive,
    with_spatial_axes,
)
from ._progress import run_with_progress
from ._words import byte_count, printable, sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import ClassInfo, FeatureSet
    from napari_pixclass.io import ImageFile

NAME = "train"

EPILOG = """labels are images of whole numbers: 0 is unlabelled, every other value is a class.
images and labels are files as predict reads them. An older model of the same name is replaced, and only
when the new one is complete.

example:
  napari-pixclass train --pair a.tif a_labels.tif --pair b.tif b_labels.tif -o cells.pixclass"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``train``."""
    parser.add_argument(
        "--pair",
        nargs=2,
        action="append",
        required=True,
        metavar=("IMAGE", "LABELS"),
        help="an image and its labels; may be repeated",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help="model file to write (.pixclass)"
    )
    parser.add_argument(
        "--features",
        choices=("default", "all", "fast"),
        default="default",
        help="set of features (default: %(default)s)",
    )
    parser.add_argument(
        "--sigmas",
        type=float,
        nargs="+",
        metavar="SIGMA",
        help="scales in pixels, for all families of the set (default: those of the set)",
    )
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
        help="channels to use, counted from 0; the others are never looked at (default: all)",
    )
    parser.add_argument(
        "--class-names",
        nargs="+",
        metavar="NAME",
        help="names of the classes, by ascending value in the labels",
    )
    parser.add_argument(
        "--trees", type=positive, default=100, metavar="N", help="trees (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="random seed (default: %(default)s)"
    )
    add_jobs_option(parser)


def _channels(text: str) -> list[int]:
    numbers = text.split(",")
    if not all(number.strip().isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(
            f"must be whole numbers from 0 with commas between them; got '{text}'"
        )
    return sorted({int(number) for number in numbers})


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2^32 - 1; got '{text}'")
    return int(text)


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """An image with its labels, which were checked to fit."""

    image: ImageFile
    labels: npt.NDArray[np.integer[Any]]
    spacing: tuple[float, ...] | None


def run(args: argparse.Namespace) -> int:
    """Train and save."""
    from napari_pixclass.classifier import PixelClassifier

    check_model_target(args.output)
    pairs, ndim = _open_pairs(args)
    features = choose_features(args.features, args.sigmas, ndim)
    classes = _named_classes(args.class_names, pairs)
    classifier = PixelClassifier(
        features if args.channels is None else _only(args.channels, features, pairs),
        n_estimators=args.trees,
        random_state=args.seed,
        n_jobs=args.jobs,
    )
    started = time.perf_counter()
    steps = classifier.fit_steps(
        [pair.image.data for pair in pairs],
        [pair.labels for pair in pairs],
        channel_axis=pairs[0].image.channel_axis,
        spacing=[pair.spacing for pair in pairs],
    )
    run_with_progress(steps, "training")
    if classes is not None:
        classifier.class_table_ = classes
    classifier.save(args.output)
    _print_summary(classifier, pairs, time.perf_counter() - started)
    print(f"wrote {args.output} ({byte_count(Path(args.output).stat().st_size)})")
    return 0


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


def choose_features(name: str, sigmas: Sequence[float] | None, ndim: int) -> FeatureSet:
    """The set of this name, with the sigmas given in place of its own."""
    from napari_pixclass.core import FAMILY_OF, FeatureSet

    features = {"default": FeatureSet.default, "all": FeatureSet.all, "fast": FeatureSet.fast}[
        name
    ](ndim)
    if sigmas is None:
        return features
    chosen = {
        # What no family accepts is left in, so that it is refused and not passed over.
        family: [sigma for sigma in sigmas if not 0 < sigma < FAMILY_OF[family].min_sigma]
        for family, _ in features.selection
    }
    return FeatureSet.from_selection(chosen, ndim)


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


def _open_pairs(args: argparse.Namespace) -> tuple[list[TrainingPair], int]:
    """Open all pairs; their images must agree in axes."""
    import numpy as np

    from napari_pixclass.core import as_image, as_labels, resolve_axes
    from napari_pixclass.io import open_labels

    pairs: list[TrainingPair] = []
    ndim = args.ndim
    for image_path, labels_path in args.pair:
        image = open_input(image_path, args.channel_axis)
        ndim = ndim or guess_ndim(image)
        image = with_spatial_axes(image, ndim)
        labels = open_labels(labels_path)
        try:
            as_image(image.data)
            axes = resolve_axes(image.data.shape, ndim, image.channel_axis)
            labels = as_labels(labels, axes, image.data.shape)
            spacing = chosen_spacing(image, ndim, args.spacing)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{image_path} with {labels_path}: {error}") from error
        if pairs and image.channel_axis != pairs[0].image.channel_axis:
            first = pairs[0].image
            if image.channel_axis is None or first.channel_axis is None:
                raise ValueError(
                    "images to train on must all have channels or none; "
                    f"'{args.pair[0][0]}' has the axes {first.axes} and '{image_path}' {image.axes}."
                )
            moved = np.moveaxis(image.data, image.channel_axis, first.channel_axis)
            image = _moved(image, moved, first.channel_axis)
        pairs.append(TrainingPair(image, labels, spacing))
    return pairs, ndim


def _moved(image: ImageFile, data: Any, channel_axis: int) -> ImageFile:
    from dataclasses import replace

    rest = image.axes_without_channels
    axes = rest[:channel_axis] + "C" + rest[channel_axis:]
    return replace(image, data=data, axes=axes, channel_axis=channel_axis)


def _named_classes(
    names: Sequence[str] | None, pairs: Sequence[TrainingPair]
) -> tuple[ClassInfo, ...] | None:
    """The classes with the names that the user gave; None where none were given."""
    from dataclasses import replace

    import numpy as np

    from napari_pixclass.core import default_class

    if names is None:
        return None
    values = sorted({int(v) for pair in pairs for v in np.unique(pair.labels) if v > 0})
    if len(names) != len(values):
        raise ValueError(
            f"--class-names must name each of the {len(values)} classes in the labels, "
            f"{', '.join(map(str, values))}; got {len(names)} names."
        )
    return tuple(
        replace(default_class(value), name=name) for value, name in zip(values, names, strict=True)
    )


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
