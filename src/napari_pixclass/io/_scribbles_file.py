"""The scribbles file: what somebody has painted on one image, and what the classes are called."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._archive import ArchiveKind, ArchiveReader, FileContentError, write_archive
from ._atomic import replacing
from ._json_values import JsonValues, class_table
from ._runs import MAX_PIXELS, Runs, pixels_of, runs_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from napari_pixclass.core import ClassInfo, LabelledPixels

FORMAT = "napari-pixclass scribbles"

FORMAT_VERSION = 1
"""Raised when older programs could no longer read a file, or would read it wrongly."""

MAX_TEXT = 1000
"""Most characters of a name or a path."""

KIND = ArchiveKind("scribbles", "scribbles.json", "runs", "Label fewer pixels.")

# Names and types of the arrays: part of the format. A run is pixels of one class in a row.
_ARRAYS = {"start": "<i8", "length": "<i8", "value": "<u8"}

_INTEGERS = {np.dtype(code).name for code in np.typecodes["AllInteger"]}


class ScribblesFileError(FileContentError):
    """A file holds no scribbles, is damaged, or was written by a newer version."""


@dataclass(frozen=True, slots=True)
class ScribblesInfo:
    """Everything in a scribbles file but the pixels.

    Attributes
    ----------
    image_name
        What the image was called.
    image_path
        Where it came from, where that is known.
    shape, dtype
        Of the labels.
    classes
        Value, name and colour of each class, also of those not painted, in the order of the user.
    written
        When it was written, with time zone.
    n_pixels, n_classes, n_runs
        Labelled pixels, classes among them, and rows of equal pixels that they are stored as.
    channel_axis
        Axis of the channels in the image; None where it has none, or nobody has said.
    pixel_size
        Size of a pixel along every axis but the channels; None if not known.
    """

    image_name: str
    image_path: str | None
    shape: tuple[int, ...]
    dtype: str
    classes: tuple[ClassInfo, ...]
    written: datetime
    n_pixels: int
    n_classes: int
    n_runs: int
    channel_axis: int | None = None
    pixel_size: tuple[float, ...] | None = None

    @classmethod
    def from_header(cls, header: object) -> ScribblesInfo:
        """Check the JSON values of a file.

        Raises
        ------
        FileContentError
            If one is missing, of a wrong type, or impossible.
        """
        values = JsonValues(header, "the description")
        if values.get("format", str) != FORMAT:
            raise FileContentError("it describes something else")
        version = values.whole("format_version", 1)
        if version > FORMAT_VERSION:
            raise FileContentError(
                f"it has format version {version}, this program reads versions up to "
                f"{FORMAT_VERSION}; update napari-pixclass"
            )
        dtype = values.get("dtype", str)
        if dtype not in _INTEGERS:
            raise FileContentError("its labels are of an unknown type")
        rows = [JsonValues(row, "a class") for row in values.get("classes", list)]
        classes = class_table(rows, 2**63 - 1)
        if len({info.value for info in classes}) < len(classes):
            raise FileContentError("two classes in it have the same value")
        shape = values.shape("shape")
        n_pixels = values.whole("n_pixels", 0, min(math.prod(shape), MAX_PIXELS))
        return cls(
            image_name=values.text("image_name", MAX_TEXT),
            image_path=values.optional_text("image_path", MAX_TEXT),
            shape=shape,
            dtype=dtype,
            classes=classes,
            written=_time(values.get("written", str)),
            n_pixels=n_pixels,
            n_classes=values.whole("n_classes", 0, n_pixels),
            n_runs=values.whole("n_runs", 0, n_pixels),
            channel_axis=_channel_axis(values, len(shape)),
            pixel_size=(
                values.pixel_size("pixel_size", len(shape))
                if "pixel_size" in values.all()
                else None
            ),
        )


def save_scribbles(
    path: str | os.PathLike[str],
    labelled: LabelledPixels,
    classes: Iterable[ClassInfo] = (),
    image_name: str = "",
    image_path: str | None = None,
    *,
    channel_axis: int | None = None,
    pixel_size: Sequence[float] | None = None,
) -> None:
    """Write labelled pixels to exactly `path`, atomically; an existing file is replaced.

    The file is a zip of ``scribbles.json`` (see `ScribblesInfo`) and of the runs of equal pixels as plain arrays.

    Parameters
    ----------
    path
        File to write.
    labelled
        The pixels.
    classes
        What the classes are called.
    image_name, image_path
        What was painted on; too long ones are cut.
    channel_axis, pixel_size
        How it is read; see `ScribblesInfo`.

    Raises
    ------
    ValueError
        If there are more than `MAX_PIXELS`.
    OSError
        If `path` cannot be written.
    """
    found, dtype = runs_of(labelled), labelled.values.dtype
    runs = {name: getattr(found, name).astype(kind) for name, kind in _ARRAYS.items()}
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "written": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "image_name": _writable(image_name),
        "image_path": None if image_path is None else _writable(image_path),
        "shape": list(labelled.shape),
        "dtype": "uint8" if dtype.kind == "b" else dtype.name,
        "classes": [
            {"value": info.value, "name": info.name, "color": info.color} for info in classes
        ],
        "n_pixels": len(labelled),
        "n_classes": len(np.unique(runs["value"])),
        "n_runs": len(runs["start"]),
    }
    if channel_axis is not None:
        header["channel_axis"] = int(channel_axis)
    if pixel_size is not None:
        header["pixel_size"] = [float(size) for size in pixel_size]
    with replacing(path) as temporary:
        write_archive(temporary, KIND, header, runs)


def load_scribbles(path: str | os.PathLike[str]) -> tuple[LabelledPixels, ScribblesInfo]:
    """Read a scribbles file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ScribblesFileError
        If it holds no scribbles, is damaged, or was written by a newer version.
    """
    try:
        with Path(path).open("rb") as file:
            reader = ArchiveReader(file, KIND, tuple(_ARRAYS))
            info = ScribblesInfo.from_header(reader.header())
            runs = {
                name: reader.array(name, dtype, (info.n_runs,)) for name, dtype in _ARRAYS.items()
            }
        if len(np.unique(runs["value"])) != info.n_classes:
            raise FileContentError("it does not hold as many pixels and classes as it says")
        return pixels_of(Runs(**runs), info.shape, info.dtype, info.n_pixels), info
    except FileContentError as error:
        raise _unreadable(path, error) from error


def inspect_scribbles(path: str | os.PathLike[str]) -> ScribblesInfo:
    """Read what a scribbles file says about itself; its pixels are not looked at.

    Raises
    ------
    FileNotFoundError, ScribblesFileError
        As `load_scribbles`.
    """
    try:
        with Path(path).open("rb") as file:
            return ScribblesInfo.from_header(ArchiveReader(file, KIND, tuple(_ARRAYS)).header())
    except FileContentError as error:
        raise _unreadable(path, error) from error


def _channel_axis(values: JsonValues, ndim: int) -> int | None:
    """Files of before had none, and most have none."""
    if "channel_axis" not in values.all():
        return None
    return values.whole("channel_axis", -1, ndim)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise FileContentError("the time in it is none") from error
    if time.tzinfo is None or not 1970 < time.year < 3000:
        raise FileContentError("the time in it is none")
    return time


def _writable(text: str) -> str:
    """Text as it can be written: a path may hold bytes that are no letters."""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode()


def _unreadable(path: str | os.PathLike[str], error: FileContentError) -> ScribblesFileError:
    return ScribblesFileError(f"'{path}' cannot be read as scribbles: {error}.")
