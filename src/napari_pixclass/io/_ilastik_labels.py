"""Labels of ilastik projects: blocks with their positions, in axis orders that changed from version to version."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import LabelledPixels, with_positions

from ._archive import FileContentError
from ._ilastik_hdf5 import as_text, attribute, axes_of_tags, children, dataset

MAX_LABELS = 2**27
"""Most labelled pixels of a project: 2 GB of positions."""

MAX_LENGTH = 2**31 - 1
"""Longest axis."""

READ_PIXELS = 2**22
"""Blocks are looked through in pieces of at most this many pixels."""


@dataclass(frozen=True, eq=False)
class IlastikLabels:
    """Labelled pixels of one image, by the names of its axes: they are put on an array when its axes are known.

    Attributes
    ----------
    axes
        Letters of the axes, of T, Z, Y and X.
    coordinates
        int32 (n_axes, n): where the labelled pixels lie.
    values
        (n,): their class values.
    """

    axes: str
    coordinates: npt.NDArray[np.int32]
    values: npt.NDArray[np.unsignedinteger[Any]]

    @classmethod
    def none(cls) -> IlastikLabels:
        """No labels at all."""
        return cls("YX", np.empty((2, 0), dtype=np.int32), np.empty(0, dtype=np.uint8))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def counts(self) -> dict[int, int]:
        """Number of pixels of each class value."""
        values, counts = np.unique(self.values, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def on(self, axes: str, shape: Sequence[int]) -> LabelledPixels:
        """As labels of an array with these axes; nothing as large as it is made.

        Raises
        ------
        ValueError
            If the labels do not fit on it.
        """
        if math.prod(shape) >= 2**62:
            raise ValueError(
                f"labels must lie on an image that can exist; got one of shape {tuple(shape)}."
            )
        positions = np.zeros(len(self), dtype=np.int64)
        used = dict(zip(self.axes, self.coordinates, strict=True))
        for letter, length in zip(axes, shape, strict=True):
            where = used.pop(letter, np.zeros(1, dtype=np.int32))
            if len(self) and int(where.max()) >= length:
                raise ValueError(
                    f"labels must lie within their image; along {letter} one lies at {int(where.max())} in an image of "
                    f"{length} pixels. Point to the image that the labels were made on."
                )
            positions = positions * int(length) + where
        for letter, where in used.items():
            if len(self) and int(where.max()) > 0:
                raise ValueError(
                    f"labels must have the axes of their image, {axes}; these also lie along {letter}. Point to the "
                    "image that the labels were made on."
                )
        # Where blocks overlap the later one counts, as in ilastik.
        order = np.argsort(positions, kind="stable")
        positions, values = positions[order], self.values[order]
        last = np.append(positions[1:] != positions[:-1], np.ones(min(len(self), 1), dtype=bool))
        return with_positions(shape, positions[last], values[last])


@dataclass(frozen=True, slots=True)
class LabelAxes:
    """What the order of the axes of label blocks follows from: the image's own axes, the version, the workflow.

    Attributes
    ----------
    axes, lengths
        Axes of the image in its file; its length along each, if the project says it.
    version
        As `version_key` gives it.
    workflow
        Name of the workflow.
    """

    axes: str
    lengths: Mapping[str, int] | None
    version: tuple[int, ...]
    workflow: str

    def of_block(self, tagged: str, box: Sequence[tuple[int, int]]) -> str:
        """Axes of a block that is tagged so, and lies there; empty if none fit."""
        for axes in self._candidates(tagged, len(box)):
            if len(axes) == len(box) and self._fits(axes, box):
                return axes
        return ""

    def _candidates(self, tagged: str, ndim: int) -> Iterator[str]:
        original = self.axes if "C" in self.axes else self.axes + "C"
        ordered = "".join(letter for letter in "TZYX" if letter in self.axes) + "C"
        # Since 1.2 axes of one pixel are dropped, but for Y and X.
        short = "".join(a for a in ordered if a in "YXC" or (self.lengths or {}).get(a, 2) > 1)
        old = "TXYZC"
        if _key("1.3.3post2") <= self.version <= _key("1.4.0b7"):
            yield original
        if self.version < _key("1.2") or (
            _key("1.3.3") <= self.version < _key("1.3.3post2") and "Object" in self.workflow
        ):
            yield old
        yield from (tagged, short, ordered, original, old)
        if self.lengths is None:
            yield from (ordered.replace("T", ""), ordered.replace("Z", ""), "YXC", "ZYXC", "TYXC")

    def _fits(self, axes: str, box: Sequence[tuple[int, int]]) -> bool:
        where = dict(zip(axes, box, strict=True))
        if where.get("C", (0, 1)) != (0, 1):
            return False
        if self.lengths is None:
            return True
        lengths = {letter: n for letter, n in self.lengths.items() if letter != "C"}
        inside = all(stop <= lengths.get(a, 1) for a, (_, stop) in where.items() if a != "C")
        return inside and all(n == 1 or letter in where for letter, n in lengths.items())


def version_key(version: str) -> tuple[int, ...]:
    """Versions as numbers that can be compared: 1.4.0b7 comes before 1.4.0, 1.3.3post2 after 1.3.3."""
    match = re.match(r"(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?(a|b|rc|post)?(\d{1,6})?", version)
    if match is None:
        return ()
    stage = {"a": -3, "b": -2, "rc": -1, None: 0, "post": 1}[match[4]]
    major, minor, patch, number = (int(match[i] or 0) for i in (1, 2, 3, 5))
    return major, minor, patch, stage, number if stage else 0


_key = version_key


def read_labels(blocks: Any, about: LabelAxes, budget: int = MAX_LABELS) -> IlastikLabels:
    """Read the labels of one image.

    Parameters
    ----------
    blocks
        The group that holds its blocks.
    about
        Where their axes follow from.
    budget
        Most labelled pixels there may be.

    Raises
    ------
    FileContentError
        If a block is damaged.
    ValueError
        If the axes of a block fit nowhere on its image.
    """
    letters = "TZYX"
    found: list[npt.NDArray[np.int32]] = [np.empty((len(letters), 0), dtype=np.int32)]
    values: list[npt.NDArray[Any]] = [np.empty(0, dtype=np.uint8)]
    for name, block in children(blocks):
        data, mask = _block_data(block, blocks, name)
        box = _box(block, data, name)
        axes = about.of_block(axes_of_tags(_text(block, "axistags")), box)
        if not axes:
            raise ValueError(
                f"its block {name} of {len(box)} axes does not fit on an image with the axes {about.axes.lower()}"
            )
        for piece, value in _labelled(data, mask):
            budget -= len(value)
            if budget < 0:
                raise FileContentError(f"it holds more than {MAX_LABELS} labelled pixels")
            by_letter = {
                a: where + start for a, where, (start, _) in zip(axes, piece, box, strict=True)
            }
            outside = np.zeros(len(value), dtype=np.int32)
            found.append(
                np.stack([by_letter.get(letter, outside) for letter in letters]).astype(np.int32)
            )
            values.append(value)
    joined = np.concatenate(values)
    kind = np.min_scalar_type(int(joined.max())) if len(joined) else np.uint8
    return IlastikLabels(letters, np.concatenate(found, axis=1), joined.astype(kind))


def labels_of_array(data: Any, axes: str, keep: str) -> IlastikLabels:
    """Labels of a whole dataset with these axes; only those in `keep` are kept, all others have one pixel."""
    found, values = [np.empty((len(keep), 0), dtype=np.int32)], [np.empty(0, dtype=np.uint8)]
    places = [axes.index(letter) for letter in keep]
    budget = MAX_LABELS
    for piece, value in _labelled(data, None):
        budget -= len(value)
        if budget < 0:
            raise FileContentError(f"it holds more than {MAX_LABELS} labelled pixels")
        found.append(np.stack([piece[place] for place in places]).astype(np.int32))
        values.append(value)
    return IlastikLabels(keep, np.concatenate(found, axis=1), np.concatenate(values))


def _block_data(block: Any, blocks: Any, name: str) -> tuple[Any, Any]:
    """Labels of a block and, in masked projects, what of them is no label."""
    data = dataset(blocks, name)
    mask = None
    if data is None:
        data, mask = dataset(block, "data"), dataset(block, "mask")
    if data is None or data.dtype.kind not in "ui" or not 2 <= data.ndim <= 5:
        raise FileContentError(f"its label block {name} does not hold labels")
    if mask is not None and mask.shape != data.shape:
        raise FileContentError(f"the mask of its label block {name} has another shape")
    return data, mask


def _text(block: Any, name: str) -> str | None:
    value = attribute(block, name)
    return as_text(value) if isinstance(value, bytes | str | np.bytes_) else None


def _box(block: Any, data: Any, name: str) -> list[tuple[int, int]]:
    """First pixel, and the one after the last, along each axis."""
    slices = _text(block, "blockSlice") or ""
    pairs = re.findall(r"(\d{1,12}):(\d{1,12})", slices)
    box = [(int(start), int(stop)) for start, stop in pairs]
    if [stop - start for start, stop in box] != list(data.shape) or any(
        stop > MAX_LENGTH for _, stop in box
    ):
        raise FileContentError(
            f"its label block {name} of shape {data.shape} says that it lies at {slices[:60]!r}"
        )
    return box


def _labelled(
    data: Any, mask: Any
) -> Iterator[tuple[list[npt.NDArray[np.int64]], npt.NDArray[Any]]]:
    """Where in a dataset labels lie, and their values, piece by piece."""
    step = list(data.shape)
    while math.prod(step) > READ_PIXELS:
        longest = int(np.argmax(step))
        step[longest] = -(-step[longest] // 2)
    if 0 in data.shape:
        return
    for first in itertools.product(
        *(range(0, n, s) for n, s in zip(data.shape, step, strict=True))
    ):
        where = tuple(slice(at, at + s) for at, s in zip(first, step, strict=True))
        labels = np.asarray(data[where])
        if labels.dtype.kind == "i" and labels.size and int(labels.min()) < 0:
            raise FileContentError("some of its labels are negative")
        if mask is not None:
            labels = np.where(np.asarray(mask[where]) != 0, 0, labels)
        places = np.nonzero(labels)
        if len(places[0]):
            if int(labels.max()) > np.iinfo(np.uint16).max:
                raise FileContentError("some of its labels are larger than 65535")
            yield (
                [place + at for place, at in zip(places, first, strict=True)],
                labels[places].astype(np.uint16),
            )
