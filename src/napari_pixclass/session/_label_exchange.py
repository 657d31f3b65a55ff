"""Labels from elsewhere into those of an image, and labels of an image into files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_pixclass.core import (
    ClassInfo,
    ImportMode,
    LabelledPixels,
    Order,
    PlacedLabels,
    Steps,
    ValueMapping,
    default_class,
    empty_labels,
    label_change,
    order_of_axes,
    placing_steps,
    resolve_axes,
    run_steps,
)
from napari_pixclass.io import (
    LabelFile,
    LabelGeometry,
    in_blocks,
    labelled_pixels,
    open_label_file,
    save_training_labels,
    write_labels,
)

from ._labelled_images import LabelledImages
from ._sources import ImageSource, Pair
from ._stacked_images import main_image

if TYPE_CHECKING:
    from collections.abc import Callable

AXES = "TZYX"
"""What the last axes of labels are called where nobody says it."""


@dataclass(frozen=True, slots=True)
class LabelImport:
    """What has become of imported labels.

    Attributes
    ----------
    pair
        Whose labels they are now.
    counts
        Number of imported pixels of each class, whether they changed anything or not.
    n_new, n_replaced, n_erased
        Pixels that were not labelled before, became another class, are not labelled any more.
    n_outside, n_ignored
        Pixels that were left out: outside the image, or with values that become nothing.
    """

    pair: Pair
    counts: Mapping[int, int]
    n_new: int
    n_replaced: int
    n_erased: int
    n_outside: int
    n_ignored: int


@dataclass(frozen=True, slots=True)
class LabelPlacement:
    """How labels are to be put into an image; see `core.place_labels`."""

    order: Order | None = None
    offset: tuple[int, ...] | None = None
    mapping: ValueMapping = None
    clip: bool = False

    def steps(self, file: LabelFile, shape: Sequence[int]) -> Steps[PlacedLabels]:
        """Put labels to their place; in any thread."""
        return placing_steps(
            file.labels,
            shape,
            order=self.order,
            offset=self.offset,
            mapping=self.mapping,
            clip=self.clip,
        )


class LabelExchange(LabelledImages):
    """A session into which labels are imported, and which exports its own."""

    def import_labels(
        self,
        labels: Any,
        image: Any = None,
        *,
        axes: str | None = None,
        offset: Sequence[int] | None = None,
        mapping: ValueMapping = None,
        mode: ImportMode = "add",
        clip: bool = False,
    ) -> LabelImport:
        """Put labels made elsewhere into the labels of an image; in a labels layer one undo takes them out again.

        Parameters
        ----------
        labels
            A file (see `io.open_label_file`), an array, a labels layer, or `LabelledPixels`.
        image
            An image, or a pair; may be left out where there is only one. An image that has no labels gets some.
        axes
            Letters of the axes of the labels, such as "XY" where they are transposed, or "YX" for one plane of a
            volume. By default what the file says, else the order of the image's axes.
        offset
            Where their first pixel lies along each axis of the image without its channels, for labels that are smaller
            than the image or lie on one plane.
        mapping
            Class value for each value, 0 to leave it out; values that are not listed are left out. A single class value
            for all values but 0. By default values stay as they are.
        mode
            "add": imported labels win where something is painted. "fill": they go only where nothing is. "replace": all
            that is painted on the image is erased before.
        clip
            Leave out labels outside the image, which otherwise are an error.

        Returns
        -------
        LabelImport
            What has been changed.

        Raises
        ------
        ValueError
            If the labels do not fit; then nothing is changed.
        """
        file = self._label_file(labels)
        target = self._pair_or_image(image)
        shape, letters = self._labels_shape(target), self._letters(target)
        order = None
        if axes is not None:
            order = order_of_axes(axes, letters)
        elif file.axes and set(file.axes) <= set(letters):
            order = order_of_axes(file.axes, letters)
        placement = LabelPlacement(order, None if offset is None else tuple(offset), mapping, clip)
        placed = run_steps(placement.steps(file, shape))
        return self.apply_import(placed, target, mode, named_classes(file, mapping))

    def apply_import(
        self,
        placed: PlacedLabels,
        target: Pair | ImageSource,
        mode: ImportMode = "add",
        classes: Iterable[ClassInfo] = (),
    ) -> LabelImport:
        """Put labels that have been placed into those of a pair, or of an image that gets some.

        Parameters
        ----------
        placed
            See `core.place_labels`.
        target
            Whose labels are changed.
        mode
            As for `import_labels`.
        classes
            Names and colours for classes that are not in use yet.
        """
        labelled = placed.labelled
        if isinstance(target, Pair):
            pair = target
        else:
            # Empty at first: what is imported can then be undone, and is kept safe like what is painted.
            nothing = replace(
                labelled, positions=labelled.positions[:0], values=labelled.values[:0]
            )
            pair = self.add_labels(target, nothing)
        change = label_change(labelled_pixels(pair.labels.data), labelled, mode)
        if problem := pair.labels.refusal(int(change.values.max(initial=0))):
            raise ValueError(problem)
        self.classes = self.merged_classes(classes)
        if len(change):
            pair.labels.set_values(change.positions, change.values)
        self.labels_changed()
        return LabelImport(
            pair,
            labelled.counts,
            change.n_new,
            change.n_replaced,
            change.n_erased,
            placed.n_outside,
            placed.n_ignored,
        )

    def add_labels(self, image: Any, labelled: LabelledPixels | None = None) -> Pair:
        """Train on new labels of an image, which are empty or hold what is given."""
        source = self._image_source(image)
        labels = filled_labels(self._labels_shape(source), labelled)
        return self.add_pair(source, labels)

    def export_labels(self, path: str | os.PathLike[str], image: Any = None) -> None:
        """Write the labels of an image to a file; its suffix says in which format, see `io.write_labels`.

        Parameters
        ----------
        path
            ``.scribbles`` keeps everything; ``.tif``, ``.npy``, ``.png``, ``.zarr`` and ``.h5`` are label images.
        image
            An image, or a pair; may be left out where there is only one.

        Raises
        ------
        ValueError
            If the image has no labels, or the format no place for them.
        OSError
            If the file cannot be written.
        """
        target = self._pair_or_image(image)
        if not isinstance(target, Pair):
            raise ValueError(f"only labels can be exported; {target.name!r} has none. Paint some.")
        self.export_of(target, path)()

    def save_labels_beside(self, model: str | os.PathLike[str]) -> None:
        """Write the labels of all images to a folder beside a model file, so that its training can be continued.

        Images are named by their paths, and not copied; see `io.save_training_labels`.
        """
        labels = []
        for pair in self.pairs:
            now = self._seen.current(pair)
            labelled = now if isinstance(now, LabelledPixels) else labelled_pixels(now)
            labels.append((labelled, self.geometry_of(pair)))
        save_training_labels(model, labels, self.classes)

    def labels_geometry(self, image: Any) -> tuple[tuple[int, ...], str]:
        """Shape of the labels that an image has, or would have, and the letters of their axes."""
        source = self._image_source(image)
        return self._labels_shape(source), self._letters(source)

    def export_of(self, pair: Pair, path: str | os.PathLike[str]) -> Callable[[], None]:
        """What writes the labels of a pair as they are now, in any thread."""
        data, classes, geometry = pair.labels.data, self.classes, self.geometry_of(pair)
        now = self._seen.current(pair)
        if isinstance(data, np.ndarray):
            now = labelled_pixels(data)  # they may be painted on while they are written

        def write() -> None:
            labelled = now if isinstance(now, LabelledPixels) else labelled_pixels(now)
            write_labels(path, labelled, classes, geometry)

        return write

    def geometry_of(self, pair: Pair) -> LabelGeometry:
        """What files of labels say about the image of a pair."""
        image = pair.image
        size = image.pixel_size
        axis = image.channel_axis
        ndim = len(pair.labels.shape)
        if axis is not None and axis < 0:
            axis += ndim + 1
        main = main_image(image)
        return LabelGeometry(
            axes=self._letters(pair) if ndim <= len(AXES) else "",
            spacing=None if size is None else tuple(size),
            image_name=main.name,
            image_path=getattr(main, "path", None),
            channel_axis=axis,
            pixel_size=None if size is None else tuple(float(length) for length in size),
        )

    def merged_classes(self, found: Iterable[ClassInfo]) -> list[ClassInfo]:
        """The classes with others that have been found: what is in use, or has been named, stays as it is."""
        found = list(found)
        if not found:
            return list(self.classes)
        kept = [i for i in self.classes if i.value in self.counts or i != default_class(i.value)]
        values = [info.value for info in kept]
        merged = kept + [info for info in found if info.value not in values]
        if kept and values == sorted(values):  # nobody has put them in another order
            merged.sort(key=lambda info: info.value)
        return merged

    def _label_file(self, labels: Any) -> LabelFile:
        """Labels of any kind, to be imported."""
        if isinstance(labels, LabelFile):
            return labels
        if isinstance(labels, str | os.PathLike):
            return open_label_file(Path(labels))
        if isinstance(labels, LabelledPixels):
            return LabelFile("labels", labels)
        source = self._labels_source(labels)
        return LabelFile(source.name, in_blocks(source.data))

    def _pair_or_image(self, image: Any) -> Pair | ImageSource:
        if isinstance(image, Pair):
            return image
        if image is not None:
            source = main_image(self._image_source(image))
            found = [pair for pair in self.pairs if main_image(pair.image) == source]
            return found[0] if found else self._image_source(image)
        if len(self.pairs) == 1:
            return self.pairs[0]
        target = self._only_image() if not self.pairs else None
        if target is None:
            raise ValueError(
                f"the image must be named where there is not exactly one with labels; there are {len(self.pairs)}. "
                "Give it as image."
            )
        return target

    def _only_image(self) -> ImageSource | None:
        """Hook: the image that is meant where nothing has labels yet."""
        return None

    def _labels_shape(self, target: Pair | ImageSource) -> tuple[int, ...]:
        if isinstance(target, Pair):
            return target.labels.shape
        return resolve_axes(target.data.shape, 1, target.channel_axis).shape

    def _letters(self, target: Pair | ImageSource) -> str:
        """Letters of the axes of labels; in a viewer layers name them."""
        ndim = len(self._labels_shape(target))
        return AXES[-ndim:] if ndim <= len(AXES) else "SRQPON"[: ndim - len(AXES)] + AXES


def named_classes(file: LabelFile, mapping: ValueMapping) -> list[ClassInfo]:
    """Classes that a file names, with the values that a mapping gives them; none where two become one."""
    if mapping is None:
        return list(file.classes)
    if not isinstance(mapping, Mapping):
        return []
    results = [mapping.get(info.value, 0) for info in file.classes]
    return [
        replace(info, value=int(result))
        for info, result in zip(file.classes, results, strict=True)
        if result > 0 and results.count(result) == 1
    ]


def filled_labels(shape: Sequence[int], labelled: LabelledPixels | None) -> Any:
    """New labels of this shape, sparse where they would be large."""
    if labelled is None:
        return empty_labels(shape)
    if not len(labelled):
        return empty_labels(shape, labelled.values.dtype)
    labels = empty_labels(shape, np.min_scalar_type(int(labelled.values.max())))
    labels[labelled.coordinates()] = labelled.values
    return labels
