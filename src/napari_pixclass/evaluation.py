"""How well predictions agree with the truth: arrays, files, and many pairs of them. See ``docs/evaluation.md``.

The counting is that of `napari_pixclass.core.ConfusionMatrix`; here are the files, read piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    ClassInfo,
    ConfusionMatrix,
    Step,
    Steps,
    check_same_shape,
    check_truth,
    default_class,
    draw_confusion,
    evaluation_steps,
    slabs,
)
from napari_pixclass.io import (
    chosen_spacing,
    natural_key,
    open_for_model,
    open_image,
    open_label_image,
    stem_of,
    with_given_axes,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import ArrayLike
    from napari_pixclass.io import ChannelAxis, ImageFile

__all__ = [
    "ConfusionMatrix",
    "EvaluationOptions",
    "Matches",
    "draw_confusion",
    "evaluate",
    "evaluate_image_steps",
    "evaluate_prediction_steps",
    "match_by_name",
    "total",
]


_ENDING = re.compile(
    r"([\W_]+(simple[\W_]segmentation|segmentation|seg|labels?|truth|ground[\W_]?truth|gt|masks?|annotations?"
    r"|probabilities|prediction|predicted))+$",
    re.IGNORECASE,
)


def evaluate(
    truth: Any, prediction: Any, *, classes: Iterable[ClassInfo | int] = ()
) -> ConfusionMatrix:
    """Compare predictions with the truth.

    Parameters
    ----------
    truth
        Class values of one image, or a list for several; pixels where it is 0 are not counted. An array of any kind
        (numpy, dask, zarr), which is read piece by piece, or the name of a file.
    prediction
        The segmentation of the same shape, as `PixelClassifier.predict` gives it, or the name of its file; a list where
        `truth` is one.
    classes
        Names of classes, such as ``classifier.class_table_``, or class values.

    Returns
    -------
    ConfusionMatrix
        Of all pixels of all images.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, something else than class values is met, or no pixel has a truth.

    Examples
    --------
    >>> matrix = evaluate([[1, 1, 2, 0]], [[1, 2, 2, 2]])
    >>> matrix.mean_iou, matrix.n_pixels
    (0.5, 3)
    """
    infos = [default_class(info) if isinstance(info, int) else info for info in classes]
    several = isinstance(truth, list | tuple) and _holds_images(truth)
    truths, predictions = (truth, prediction) if several else ([truth], [prediction])
    if len(truths) != len(predictions):
        raise ValueError(
            f"there must be a prediction for each truth; got {len(truths)} truths and {len(predictions)} predictions."
        )
    matrix: ConfusionMatrix = ConfusionMatrix.empty(infos)
    for true, predicted in zip(truths, predictions, strict=True):
        matrix += ConfusionMatrix.in_blocks(_class_values(true), _class_values(predicted))
    check_truth(matrix)
    return matrix


def _holds_images(values: Sequence[Any]) -> bool:
    """Whether a list holds images or names of files, rather than the rows of one image."""
    first = values[0] if values else None
    return isinstance(first, str | Path) or getattr(first, "ndim", 0) > 1 or np.ndim(values) > 2


def _class_values(source: Any) -> ArrayLike:
    if isinstance(source, str | Path):
        return open_label_image(source).data
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        array: ArrayLike = source
        return array
    return np.asarray(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """What is known of files beyond what they say themselves.

    Attributes
    ----------
    axes, channel_axis
        What the axes of the images (or of files of probabilities) are.
    spacing
        Size of a pixel along (Z,) Y, X.
    class_values
        For files of probabilities: the class value of each channel.
    """

    axes: str | None = None
    channel_axis: ChannelAxis = None
    spacing: tuple[float, ...] | None = None
    class_values: tuple[int, ...] | None = None


def evaluate_image_steps(
    classifier: PixelClassifier,
    image: str | os.PathLike[str],
    truth: str | os.PathLike[str],
    options: EvaluationOptions | None = None,
) -> Steps[ConfusionMatrix]:
    """Predict an image file and compare with its truth, in steps; neither needs to fit into memory.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        If a file cannot be read, or image, truth and classifier do not fit each other.
    """
    options = options or EvaluationOptions()
    ndim = classifier.state.features.ndim
    file = open_for_model(image, classifier, options.channel_axis, options.axes)
    shape = tuple(n for i, n in enumerate(file.data.shape) if i != file.channel_axis)
    return evaluation_steps(
        classifier,
        file.data,
        _with_shape(open_label_image(truth).data, shape),
        channel_axis=file.channel_axis,
        spacing=chosen_spacing(file, ndim, options.spacing),
    )


def evaluate_prediction_steps(
    prediction: str | os.PathLike[str],
    truth: str | os.PathLike[str],
    options: EvaluationOptions | None = None,
) -> Steps[ConfusionMatrix]:
    """Compare a file with a segmentation, or with probabilities, with its truth, in steps.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        If a file cannot be read, or does not hold what it should.
    """
    options = options or EvaluationOptions()
    predicted = _predicted(prediction, options)
    true = _with_shape(open_label_image(truth).data, predicted.shape)
    check_same_shape(true.shape, predicted.shape)
    matrix: ConfusionMatrix = ConfusionMatrix.empty()
    keys = list(slabs(true.shape))
    for done, key in enumerate(keys, start=1):
        matrix += ConfusionMatrix.of(np.asarray(true[key]), np.asarray(predicted[key]))
        yield Step(done, len(keys), "Comparing")
    return matrix


def _predicted(path: str | os.PathLike[str], options: EvaluationOptions) -> ArrayLike:
    """The class values of a file of a segmentation, or of one of probabilities."""
    if options.class_values is None:
        image = with_given_axes(open_label_image(path), options.axes, options.channel_axis)
        if image.channel_axis is not None and image.data.shape[image.channel_axis] > 1:
            raise ValueError(
                f"a prediction must be a segmentation, one class value per pixel; '{path}' has channels, its axes are "
                f"{image.axes}. If they are probabilities, say which class each is (class values)."
            )
        return image.data
    image = open_image(path, options.channel_axis, options.axes)
    return _BestClass(image, options.class_values, path)


def _with_shape(data: ArrayLike, shape: tuple[int, ...]) -> ArrayLike:
    """The same values with as many axes as `shape`, where they differ only in axes of length 1."""
    own = tuple(data.shape)
    if own == shape or [n for n in own if n > 1] != [n for n in shape if n > 1]:
        return data
    return _Reshaped(data, shape)


class _Reshaped:
    """An array that is read piece by piece, with axes of length 1 added or left out."""

    def __init__(self, data: ArrayLike, shape: tuple[int, ...]) -> None:
        self._data = data
        self.shape = shape
        self.dtype = data.dtype

    def __getitem__(self, key: tuple[slice | int, ...]) -> npt.NDArray[Any]:
        whole = (*key, *[slice(None)] * (len(self.shape) - len(key)))
        long = (part for part, length in zip(whole, self.shape, strict=True) if length > 1)
        index = tuple(next(long) if length > 1 else 0 for length in self._data.shape)
        lengths = [
            len(range(length)[part])
            for part, length in zip(whole, self.shape, strict=True)
            if isinstance(part, slice)
        ]
        return np.asarray(self._data[index]).reshape(lengths)


class _BestClass:
    """The class value of the largest of the probabilities in a file; 0 where all of them are 0."""

    def __init__(
        self, image: ImageFile, values: Sequence[int], path: str | os.PathLike[str]
    ) -> None:
        axis = image.channel_axis
        count = 0 if axis is None else image.data.shape[axis]
        if axis is None or count != len(values):
            raise ValueError(
                f"there must be a class for each channel (class values); got {len(values)} values for '{path}', which "
                f"has {count} channels (axes {image.axes})."
            )
        self._data = image.data
        self._axis = axis
        self._values = np.asarray(values)
        self.shape = tuple(n for i, n in enumerate(image.data.shape) if i != axis)
        self.dtype: np.dtype[Any] = self._values.dtype

    def __getitem__(self, key: tuple[slice | int, ...]) -> npt.NDArray[Any]:
        whole = (*key, *[slice(None)] * (len(self.shape) - len(key)))
        index = (*whole[: self._axis], slice(None), *whole[self._axis :])
        dropped = sum(isinstance(part, int) for part in whole[: self._axis])
        shares = np.moveaxis(np.asarray(self._data[index]), self._axis - dropped, 0)
        return np.where(shares.any(axis=0), self._values[shares.argmax(axis=0)], 0)


@dataclass(frozen=True, slots=True)
class Matches:
    """What belongs together by name.

    Attributes
    ----------
    pairs
        An image or prediction, and its truth.
    alone
        What has no partner, on either side.
    """

    pairs: tuple[tuple[Path, Path], ...]
    alone: tuple[Path, ...]


def match_by_name(files: Sequence[Path], truths: Sequence[Path]) -> Matches:
    """Find the truth of each file.

    Two belong together if their names, without folder and suffix, are the same once words such as "labels", "truth" or
    "Segmentation" at their end are left out: ``a.tif`` and ``a_labels.png``, ``a_Segmentation.tiff`` and
    ``a_truth.tif``.
    Or if one continues the other with a word of its own: ``a.tif`` and ``a_by_anna.tif``, but not ``a_2.tif``, which is
    another image.
    What shares most is put together first.

    Raises
    ------
    ValueError
        If a file could have two truths, or a truth two files.
    """
    if len(files) == len(truths) == 1:
        return Matches(((files[0], truths[0]),), ())
    candidates: dict[int, list[tuple[Path, Path]]] = {}
    for file in files:
        for truth in truths:
            if shared := _shared(stem_of(file), stem_of(truth)):
                candidates.setdefault(shared, []).append((file, truth))
    pairs: dict[Path, Path] = {}
    owners: dict[Path, Path] = {}
    for shared in sorted(candidates, reverse=True):
        open_pairs = [(f, t) for f, t in candidates[shared] if f not in pairs and t not in owners]
        for file, truth in open_pairs:
            if file in pairs or truth in owners:
                other = pairs.get(file) or owners[truth]
                both = f"'{file}' could belong to '{truth}', and '{other}' too"
                raise ValueError(
                    f"names must tell which truth belongs to which file; {both}. Name the pairs one by one."
                )
            pairs[file], owners[truth] = truth, file
    alone = [path for path in (*files, *truths) if path not in pairs and path not in owners]
    ordered = [(file, pairs[file]) for file in files if file in pairs]
    return Matches(tuple(ordered), tuple(sorted(alone, key=natural_key)))


def _shared(one: str, other: str) -> int:
    """How much two names share if they mean the same image; 0 if they do not."""
    if one == other:
        return 2 * len(one) + 2
    trunks = _trunk(one), _trunk(other)
    if trunks[0] == trunks[1]:
        return 2 * len(trunks[0]) + 1
    short, long = sorted(trunks, key=len)
    # "a_by_anna" continues "a"; "a_2" is another image.
    continues = (
        re.match(r"[\W_]+[^\W\d_]", long.removeprefix(short)) if long.startswith(short) else None
    )
    return 2 * len(short) if continues else 0


def _trunk(name: str) -> str:
    """A name without the words at its end that say what it is of an image."""
    trunk = _ENDING.sub("", name)
    return trunk or name


def total(matrices: Iterable[ConfusionMatrix]) -> ConfusionMatrix:
    """The matrix of all pixels of all of them."""
    return sum(matrices, start=ConfusionMatrix.empty())
