"""A project as a script: what a person would write who does the same with the public API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_pixclass.core import ChosenFeatures, FeatureSet, LabelledPixels
from napari_pixclass.io import places_of, runs_of

if TYPE_CHECKING:
    from napari_pixclass.io import ProjectImage, ProjectInfo, ProjectSource

MAX_RUNS = 5_000
"""Most runs of labelled pixels that are written into a script."""

MAX_LABELS_BYTES = 2**28
"""Largest labels that a script makes of what is written into it."""

WIDTH = 100

LABELS_FROM_RUNS = '''def labels_from(shape, dtype, runs):
    """Labels from runs of pixels in a row: the first one, how many there are, and their class value."""
    labels = np.zeros(shape, dtype)
    for first, length, value in runs:
        labels.flat[first : first + length] = value
    return labels
'''


def script_of(info: ProjectInfo, folder: Path | None, labels: Sequence[LabelledPixels]) -> str:
    """Write a script that opens the images, trains, saves the classifier and predicts.

    Parameters
    ----------
    info
        What is done.
    folder
        Of the project, from which labels are read; None where there is none: they then become part of the script.
    labels
        Those of `info`.

    Raises
    ------
    ValueError
        If there is nothing to train on, or the labels are too many for a script.
    """
    if not info.pairs or info.features is None:
        raise ValueError("a script needs labelled images and features. Label some pixels.")
    if folder is None:
        _check_size(labels)
    writer = _Script(info, folder, labels)
    return "\n\n".join(part for part in writer.parts() if part) + "\n"


def _check_size(labels: Sequence[LabelledPixels]) -> None:
    n_runs = sum(len(runs_of(labelled).start) for labelled in labels)
    n_bytes = max(_size(labelled) for labelled in labels)
    if n_runs > MAX_RUNS or n_bytes > MAX_LABELS_BYTES:
        raise ValueError(
            f"labels that are written into a script must be {MAX_RUNS:,} runs of pixels on images of "
            f"{MAX_LABELS_BYTES / 1e6:.0f} million pixels at most; got {n_runs:,} and {n_bytes / 1e6:.0f} million. "
            "Save the project: the script then reads them from there."
        )


def _size(labelled: LabelledPixels) -> int:
    size = labelled.values.dtype.itemsize
    for length in labelled.shape:
        size *= length
    return size


class _Script:
    """Writes the parts of a script."""

    def __init__(
        self, info: ProjectInfo, folder: Path | None, labels: Sequence[LabelledPixels]
    ) -> None:
        self._info = info
        self._folder = folder
        self._labels = labels
        # Those that are trained on first, in the order of the training.
        trained_on = list(dict.fromkeys(image for image, _ in info.pairs))
        n_channels = self._n_channels(info.images[trained_on[0]])
        others = [
            number
            for number, image in enumerate(info.images)
            if number not in trained_on and self._n_channels(image) == n_channels
        ]
        self._order = [*trained_on, *others]
        self._is_lazy = {number: self._lazy(info.images[number]) for number in self._order}

    def parts(self) -> Iterator[str]:
        """All parts, with empty lines between them."""
        yield self._head()
        if self._folder is not None:
            yield f"project = px.open_project({_text(str(self._folder))})"
        else:
            yield LABELS_FROM_RUNS
        yield self._images()
        yield self._painted()
        yield f"features = {self._features()}"
        yield self._training()
        yield self._prediction()

    def _head(self) -> str:
        version = self._info.versions.get("napari-pixclass", "")
        origin = "a session" if self._folder is None else _comment(self._folder.name)
        lines = [f"# Made from {origin} by napari-pixclass {version}.".replace(" .", ".")]
        if any(self._is_lazy.values()):
            lines.append("import dask.array as da")
        lines += ["import numpy as np", "", "import napari_pixclass as px"]
        return "\n".join(lines)

    # Images -----------------------------------------------------------------------------------------------------------

    def _lazy(self, image: ProjectImage) -> bool:
        return not all(self._info.sources[number].in_memory for number in image.sources)

    def _images(self) -> str:
        lines = ["images = ["]
        for number in self._order:
            image = self._info.images[number]
            sources = [self._info.sources[member] for member in image.sources]
            arrays = [self._array(source, self._is_lazy[number]) for source in sources]
            if not image.is_stack:
                lines += [f"    # {self._told(image.name, sources)}", f"    {arrays[0]},"]
                continue
            stack = "da.stack" if self._is_lazy[number] else "np.stack"
            lines += [f"    {stack}(", "        ["]
            for source, array in zip(sources, arrays, strict=True):
                lines += [
                    f"            # {self._told(source.name, [source])}",
                    f"            {array},",
                ]
            lines += ["        ]", "    ),"]
        return "\n".join([*lines, "]"])

    def _told(self, name: str, sources: Sequence[ProjectSource]) -> str:
        copies = " (its copy in the project)" if sources[0].is_copy else ""
        return f"{_comment(name)}{copies}"

    def _array(self, source: ProjectSource, is_lazy: bool) -> str:
        """What opens one array."""
        folder = self._folder or Path()
        path = next(iter(places_of(source, folder)), Path(source.name))
        opened = f"px.open_image({_text(str(path / source.dataset))}).data"
        view = source.view
        key = ", ".join(":" if place is None else str(place) for place in view.places)
        part = "" if set(view.places) == {None} else f"[{key}]"
        is_turned = view.order != tuple(range(len(view.order)))
        turned = f".transpose({', '.join(map(str, view.order))})" if is_turned else ""
        if is_lazy and (part or turned or not source.in_memory):
            # Of what is not an array of numpy's or dask's, a part would be read at once.
            return f"da.from_array({opened}){part}{turned}"
        return f"np.asarray({opened}){part}{turned}"

    # Labels and classes -----------------------------------------------------------------------------------------------

    def _painted(self) -> str:
        if self._folder is not None:
            return "labels = project.labels  # one for each image, what is painted on it"
        lines = ["labels = ["]
        for _, number in self._info.pairs:
            labelled = self._labels[number]
            runs = zip(*(part.tolist() for part in runs_of(labelled)), strict=True)
            dtype = f"np.{self._info.labels[number].dtype}"
            lines += [
                "    labels_from(",
                f"        {labelled.shape},",
                f"        {dtype},",
                "        [",
            ]
            lines += _filled([str(run) for run in runs], " " * 12)
            lines += ["        ],", "    ),"]
        return "\n".join([*lines, "]"])

    def _class_table(self) -> list[str]:
        known = {info.value: info for info in self._info.classes}
        values = sorted({v for _, number in self._info.pairs for v in self._labels[number].counts})
        if not all(value in known for value in values):
            return []
        rows = [
            f"    px.ClassInfo({value}, {_text(known[value].name)}, {_text(known[value].color)}),"
            for value in values
        ]
        return ["classifier.class_table_ = (", *rows, ")"]

    # Features and training --------------------------------------------------------------------------------------------

    def _features(self) -> str:
        chosen, first = self._info.features, self._info.images[self._order[0]]
        if not isinstance(chosen, ChosenFeatures):
            raise ValueError("a script needs features.")
        plain = chosen.of(self._n_channels(first)).plain
        if isinstance(plain, FeatureSet):
            return _feature_set(plain, "")
        channels = [
            f"    {'None' if features is None else _feature_set(features, '    ')},"
            for features in plain
        ]
        return "\n".join(["[  # for each channel", *channels, "]"])

    def _n_channels(self, image: ProjectImage) -> int:
        shape = self._info.sources[image.sources[0]].shape
        if image.is_stack:
            return len(image.sources)
        return 1 if image.channel_axis is None else shape[image.channel_axis]

    def _training(self) -> str:
        places = [self._order.index(image) for image, _ in self._info.pairs]
        is_plain = places == list(range(len(self._order)))
        trained_on = "images" if is_plain else "[" + ", ".join(f"images[{p}]" for p in places) + "]"
        settings = "".join(f", {name}={value!r}" for name, value in self._info.training.items())
        axis = self._info.images[self._order[0]].channel_axis
        spacing = [self._spacing(self._info.images[image]) for image, _ in self._info.pairs]
        options = [f"    channel_axis={axis},"] if axis is not None else []
        if any(spacing):
            options.append(f"    spacing={spacing!r},  # size of a pixel along (z,) y, x")
        lines = [
            f"classifier = px.PixelClassifier(features{settings})",
            *_call("classifier.fit", [f"    {trained_on},", "    labels,"], options),
            *self._calibration(),
            *self._class_table(),
            'classifier.save("classifier.pixclass")',
        ]
        return "\n".join(lines)

    def _calibration(self) -> list[str]:
        power = self._info.calibration.power
        if power == 1:
            return []
        return [
            "# The power was found by px.cross_validate: probabilities are as often right as they say.",
            f"classifier = classifier.calibrated({power!r})",
        ]

    def _spacing(self, image: ProjectImage) -> tuple[float, ...] | None:
        chosen, size = self._info.features, image.pixel_size
        return None if size is None or chosen is None else size[-chosen.ndim :]

    def _prediction(self) -> str:
        images = [self._info.images[number] for number in self._order]
        axes = [image.channel_axis for image in images]
        spacing = [self._spacing(image) for image in images]
        lines = ["probabilities, segmentations = [], []"]
        if any(self._is_lazy.values()):
            lines.append(
                "# Of arrays that are not in memory: computed where somebody looks, or by .compute()."
            )
        # Where nothing is said, it is as in the training.
        if all(axis == axes[0] for axis in axes) and all(s in (None, spacing[0]) for s in spacing):
            lines.append("for image in images:")
            how = ""
        else:
            lines = [
                f"channel_axes = {axes!r}",
                f"spacings = {spacing!r}",
                *lines,
                "for image, channel_axis, spacing in zip(images, channel_axes, spacings, strict=True):",
                '    how = {"channel_axis": channel_axis, "spacing": spacing}',
            ]
            how = ", **how"
        lines += [
            f"    probabilities.append(classifier.predict_proba(image{how}))  # class axis last",
            f"    segmentations.append(classifier.predict(image{how}))  # class values as painted",
        ]
        return "\n".join(lines)


def _call(function: str, arguments: Sequence[str], options: Sequence[str]) -> list[str]:
    """A call, in one line where there is not much to say."""
    if options:
        return [f"{function}(", *arguments, *options, ")"]
    return [f"{function}({' '.join(argument.strip() for argument in arguments).rstrip(',')})"]


def _feature_set(features: FeatureSet, indent: str) -> str:
    rows = [
        f"{indent}        {_text(family)}: {list(sigmas)!r},"
        for family, sigmas in features.selection
    ]
    options = [f"{indent}    ndim={features.ndim},"]
    if features.sigmas_2d:
        options.append(f"{indent}    sigmas_2d={list(features.sigmas_2d)!r},")
    if features.dialect != "pixclass":
        options.append(f"{indent}    dialect={_text(features.dialect)},")
    begin = ["px.FeatureSet.from_selection(", f"{indent}    {{"]
    return "\n".join([*begin, *rows, f"{indent}    }},", *options, f"{indent})"])


def _filled(words: Sequence[str], indent: str) -> list[str]:
    """Words with commas behind them, in lines."""
    lines, line = [], indent
    for word in words:
        if len(line) + len(word) + 1 > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += f"{word}, "
    return [*lines, line.rstrip()] if line.strip() else lines


def _text(text: str) -> str:
    """Text as Python writes it, in the quotes that formatters prefer."""
    written = repr(text)
    return written if '"' in text else f'"{written[1:-1]}"'


def _comment(text: str) -> str:
    """Text as it can stand in a comment, whatever it is."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:200]
