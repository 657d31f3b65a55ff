"""Labels of Labkit: ``.labeling`` files, JSON with the coordinates of the pixels of each label by name."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import ClassInfo, LabelledPixels, default_class, with_positions

from ._archive import FileContentError
from ._json_values import JsonValues

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 2**26
"""Largest file that is read, of some 5 million labelled pixels: as lists they take 20 times as much memory."""

MAX_LABELS = 10_000

MAX_AXES = 5


def read_labkit(path: Path) -> tuple[LabelledPixels, tuple[ClassInfo, ...]]:
    """Read the labels of a file; they become classes 1, 2, ... in the order of the file.

    Where a pixel has several labels the first of them counts.

    Raises
    ------
    ValueError
        If the file is damaged, too large, or something else.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(
            f"a Labkit file must be smaller than {MAX_FILE_BYTES // 2**20} MiB; '{path}' has {size // 2**20}. "
            "Save the labeling as TIFF in Labkit."
        )
    try:
        return _read(json.loads(path.read_bytes()))
    except FileContentError as error:
        raise FileContentError(f"'{path}' cannot be read as a Labkit labeling: {error}.") from error
    except (ValueError, RecursionError) as error:  # also what is no UTF-8
        raise FileContentError(
            f"'{path}' cannot be read as a Labkit labeling: it is not valid JSON."
        ) from error


def _read(content: object) -> tuple[LabelledPixels, tuple[ClassInfo, ...]]:
    values = JsonValues(content, "the labeling")
    interval = JsonValues(values.get("interval", dict), "the interval")
    first = _corner(interval.get("min", list))
    last = _corner(interval.get("max", list))
    labels = values.get("labels", dict)
    if len(first) != len(last) or (last < first).any() or len(labels) > MAX_LABELS:
        raise FileContentError("its interval is none, or it has too many labels")
    lengths = last - first + 1
    if math.prod(lengths.tolist()) >= 2**62:
        raise FileContentError("its interval is too large")
    shape = tuple(lengths[::-1].tolist())  # x comes first in the file
    parts = [_positions(pixels, first, lengths) for pixels in labels.values()]
    positions = np.concatenate([np.empty(0, np.int64), *parts])
    owners = np.repeat(np.arange(1, len(parts) + 1), [len(part) for part in parts])
    positions, chosen = np.unique(positions, return_index=True)
    owners = owners[chosen].astype(np.min_scalar_type(max(1, len(parts))))
    colors = values.all().get("colors")
    named = colors if isinstance(colors, dict) else {}
    classes = [_class(v, name, named.get(name)) for v, name in enumerate(labels, start=1)]
    return with_positions(shape, positions, owners), tuple(classes)


def _corner(numbers: list[object]) -> npt.NDArray[np.int64]:
    fits = all(type(n) is int and abs(n) < 2**40 for n in numbers)
    if not 1 <= len(numbers) <= MAX_AXES or not fits:
        raise FileContentError("its interval is none")
    return np.array(numbers, dtype=np.int64)


def _positions(
    pixels: object, first: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Where pixels lie in the flattened labels."""
    try:
        array = np.array(pixels if pixels else np.empty((0, len(first)), np.int64))
    except ValueError:
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] != len(first) or array.dtype.kind != "i":
        raise FileContentError("its pixels are not lists of whole numbers")
    where = array.astype(np.int64) - first
    if ((where < 0) | (where >= lengths)).any():
        raise FileContentError("its pixels lie outside its interval")
    return np.ravel_multi_index(tuple(where.T[::-1]), tuple(lengths[::-1]))


def _class(value: int, name: str, color: object) -> ClassInfo:
    known = default_class(value)
    hexadecimal = str(color).lower()
    is_color = re.fullmatch("#[0-9a-f]{6}", hexadecimal) is not None
    color = hexadecimal if is_color else known.color
    try:
        return ClassInfo(value, name, color)
    except ValueError:  # a name that nobody can show
        return ClassInfo(value, known.name, color)
