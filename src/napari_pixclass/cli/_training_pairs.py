"""What train is trained on: images with labels, from files or from an earlier training."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._image_options import guess_ndim, open_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from napari_pixclass.core import ClassInfo, LabelledPixels
    from napari_pixclass.io import ImageFile, LabelGeometry, TrainingLabels
    from napari_pixclass.project import Project

    from ._earlier import Earlier


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """An image with its labels, which were checked to fit, and where it lies."""

    image: ImageFile
    labels: npt.NDArray[np.integer[Any]] | LabelledPixels
    spacing: tuple[float, ...] | None
    path: str

    @property
    def labelled(self) -> LabelledPixels:
        """The labelled pixels."""
        from napari_pixclass.core import LabelledPixels

        labels = self.labels
        return labels if isinstance(labels, LabelledPixels) else LabelledPixels.of(labels)

    @property
    def geometry(self) -> LabelGeometry:
        """What is kept of the image beside its labels."""
        from napari_pixclass.io import LabelGeometry

        n_axes = len(self.labels.shape)
        spacing = self.spacing
        return LabelGeometry(
            image_name=self.image.name,
            image_path=str(Path(self.path).absolute()),
            channel_axis=self.image.channel_axis,
            pixel_size=None if spacing is None else (1.0,) * (n_axes - len(spacing)) + spacing,
        )


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """All that is trained on.

    Attributes
    ----------
    pairs
        The images, in the order of the training.
    ndim
        Of the features.
    classes
        Classes that files of labels name.
    """

    pairs: list[TrainingPair]
    ndim: int
    classes: dict[int, ClassInfo]


def open_training_set(args: argparse.Namespace, earlier: Earlier | None) -> TrainingSet:
    """Open the images of an earlier training, if there is one, and all pairs; they must agree in axes."""
    from napari_pixclass.io import load_training_labels

    pairs: list[TrainingPair] = []
    classes: dict[int, ClassInfo] = {}
    ndim = args.ndim if earlier is None else _agreed_ndim(args, earlier)
    if earlier is not None and earlier.project is not None:
        pairs = _project_pairs(earlier.project, ndim)
        classes = {info.value: info for info in earlier.classes}
    elif earlier is not None:
        for item in load_training_labels(earlier.path):
            classes.update((info.value, info) for info in item.info.classes)
            pairs.append(_earlier_pair(item, ndim))
    for image_path, labels_path in args.pair or ():
        image = open_input(image_path, args)
        ndim = ndim or guess_ndim(image)
        pair, named = _opened_pair(image, image_path, labels_path, ndim, args)
        pairs.append(pair)
        for info in named:
            classes.setdefault(info.value, info)
    return TrainingSet(_with_same_channel_axis(pairs), ndim, classes)


def _agreed_ndim(args: argparse.Namespace, earlier: Earlier) -> int:
    """In how many axes filters run when a training is gone on with."""
    ndim = earlier.features.ndim
    if args.ndim not in (None, ndim):  # a file of features says it as well
        raise ValueError(
            f"features must be {ndim}D, as those of '{earlier.path}' are; got {args.ndim}D. Choose others, or leave "
            "out --ndim."
        )
    return ndim


def _project_pairs(project: Project, ndim: int) -> list[TrainingPair]:
    """What a project is trained on."""
    from napari_pixclass.io import ImageFile

    pairs = []
    for image, labelled in zip(project.training_images, project.labels, strict=True):
        data: Any = image.data
        axis = None if image.channel_axis is None else image.channel_axis % data.ndim
        axes = list("Q" * (data.ndim - 2) + "YX")
        if axis is not None:
            axes = list("Q" * (data.ndim - 3) + "YX")
            axes.insert(axis, "C")
        file = ImageFile(image.name, data, "".join(axes), axis)
        path = str(image.found[0].path)
        pairs.append(TrainingPair(file, labelled, image.spacing(ndim), path))
    return pairs


def _earlier_pair(item: TrainingLabels, ndim: int) -> TrainingPair:
    from napari_pixclass.io import with_spatial_axes

    image = item.open_image()
    size = item.info.pixel_size
    path = str(item.found_paths[0])
    spacing = None if size is None else size[-ndim:]
    return TrainingPair(with_spatial_axes(image, ndim), item.labelled, spacing, path)


def _opened_pair(
    image: ImageFile, image_path: str, labels_path: str, ndim: int, args: argparse.Namespace
) -> tuple[TrainingPair, Sequence[ClassInfo]]:
    from napari_pixclass.core import as_image, as_labels, resolve_axes
    from napari_pixclass.core import place_labels as placed
    from napari_pixclass.io import (
        LABKIT_SUFFIX,
        SCRIBBLES_SUFFIX,
        chosen_spacing,
        open_label_file,
        open_labels,
        with_spatial_axes,
    )

    image = with_spatial_axes(image, ndim)
    named: Sequence[ClassInfo] = ()
    labels: Any
    try:
        as_image(image.data)
        axes = resolve_axes(image.data.shape, ndim, image.channel_axis)
        if args.labels_offset or Path(labels_path).suffix in (SCRIBBLES_SUFFIX, LABKIT_SUFFIX):
            file = open_label_file(labels_path)
            named = file.classes
            labels = placed(file.labels, axes.shape, offset=args.labels_offset).labelled
        else:
            labels = as_labels(open_labels(labels_path), axes, image.data.shape)
        spacing = chosen_spacing(image, ndim, args.spacing)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{image_path} with {labels_path}: {error}") from error
    return TrainingPair(image, labels, spacing, image_path), named


def _with_same_channel_axis(pairs: list[TrainingPair]) -> list[TrainingPair]:
    """The same images, with the channels of all along the axis that they have in the first."""
    import numpy as np

    first = pairs[0].image
    agreeing = pairs[:1]
    for pair in pairs[1:]:
        image = pair.image
        if image.channel_axis == first.channel_axis:
            agreeing.append(pair)
            continue
        if image.channel_axis is None or first.channel_axis is None:
            raise ValueError(
                "images to train on must all have channels or none; "
                f"'{pairs[0].path}' has the axes {first.axes} and '{pair.path}' {image.axes}."
            )
        moved = np.moveaxis(image.data, image.channel_axis, first.channel_axis)
        agreeing.append(replace(pair, image=_moved(image, moved, first.channel_axis)))
    return agreeing


def _moved(image: ImageFile, data: Any, channel_axis: int) -> ImageFile:
    rest = image.axes_without_channels
    axes = rest[:channel_axis] + "C" + rest[channel_axis:]
    return replace(image, data=data, axes=axes, channel_axis=channel_axis)


def as_arguments(pairs: Sequence[TrainingPair]) -> dict[str, Any]:
    """Images and labels as `PixelClassifier.fit` and cross-validation take them."""
    return {
        "image": [pair.image.data for pair in pairs],
        "labels": [pair.labels for pair in pairs],
        "channel_axis": pairs[0].image.channel_axis,
        "spacing": [pair.spacing for pair in pairs],
    }


def named_classes(
    names: Sequence[str] | None, training: TrainingSet, known: Sequence[ClassInfo]
) -> tuple[ClassInfo, ...]:
    """The classes in the labels: with the names that the user gave, else those of files and of the earlier training."""
    from napari_pixclass.core import default_class

    found = {info.value: info for info in known} | training.classes
    values = sorted({value for pair in training.pairs for value in pair.labelled.counts})
    classes = [found.get(value) or default_class(value) for value in values]
    if names is None:
        return tuple(classes)
    if len(names) != len(values):
        raise ValueError(
            f"--class-names must name each of the {len(values)} classes in the labels, "
            f"{', '.join(map(str, values))}; got {len(names)} names."
        )
    return tuple(replace(info, name=name) for info, name in zip(classes, names, strict=True))
