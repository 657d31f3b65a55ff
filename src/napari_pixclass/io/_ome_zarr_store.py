"""Results in OME-Zarr groups, written chunk by chunk."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._ome_zarr import VERSION, channels, image_label, multiscales, ome_axes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from napari_pixclass.core import ClassInfo, Output, Region

    from ._image_file import ImageFile

_SETTINGS = "napari-pixclass"
_ABSENT = "-"  # the checksum of a chunk that is not stored because it is 0 everywhere


@dataclass(frozen=True)
class OmeZarrStore:
    """One output as a group with an array for each level; it can be sent to processes that see the same folder.

    Attributes
    ----------
    path
        The group's folder.
    dtype
        Type of the numbers.
    shapes
        Shape of each level.
    chunk
        Shape of the chunks, which all levels share.
    """

    path: Path
    dtype: np.dtype[Any]
    shapes: tuple[tuple[int, ...], ...]
    chunk: tuple[int, ...]

    def create(self, attributes: dict[str, Any], dimension_names: Sequence[str]) -> None:
        """Make the group and its arrays; chunks that were written before are kept where the arrays are the same."""
        import zarr
        from zarr.codecs import BloscCodec

        group = zarr.open_group(self.path, mode="a", zarr_format=3)
        group.attrs.put(attributes)
        for level in range(len(self.shapes)):
            if not self._is_there(level):
                group.create_array(
                    str(level),
                    shape=self.shapes[level],
                    dtype=self.dtype,
                    chunks=self.chunk,
                    # Probabilities of a forest repeat themselves: found quickly, and halved.
                    compressors=BloscCodec(
                        cname="lz4", clevel=5, shuffle="noshuffle", typesize=self.dtype.itemsize
                    ),
                    fill_value=0,
                    dimension_names=dimension_names,
                    overwrite=True,
                )

    def _is_there(self, level: int) -> bool:
        import zarr

        try:
            array = zarr.open_array(self.path / str(level), mode="r")
        except Exception:  # noqa: BLE001 - whatever zarr raises of missing or damaged metadata: they are made again
            return False
        return (array.shape, array.chunks, array.dtype) == (
            self.shapes[level],
            self.chunk,
            self.dtype,
        )

    @cached_property
    def _arrays(self) -> list[Any]:
        import zarr

        return [
            zarr.open_array(self.path / str(level), mode="r+") for level in range(len(self.shapes))
        ]

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("path", "dtype", "shapes", "chunk")}

    def write(self, level: int, box: Region, values: npt.NDArray[Any]) -> None:
        """Write a chunk: zarr writes it beside its place and renames it; then it is brought to the disk."""
        file = self._file(level, box)
        if not values.any():
            file.unlink(missing_ok=True)
            return
        self._arrays[level][box] = values
        handle = os.open(file, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, level: int, box: Region) -> npt.NDArray[Any]:
        """Read any part of a level."""
        return np.asarray(self._arrays[level][box])

    def digest(self, level: int, box: Region) -> str:
        """Checksum of a chunk's file."""
        try:
            return blake2b(self._file(level, box).read_bytes(), digest_size=8).hexdigest()
        except FileNotFoundError:
            return _ABSENT

    def _file(self, level: int, box: Region) -> Path:
        numbers = [axis.start // size for axis, size in zip(box, self.chunk, strict=True)]
        key = self._arrays[level].metadata.encode_chunk_key(tuple(numbers))
        return self.path / str(level) / key


@dataclass(frozen=True, slots=True)
class OmeZarrGeometry:
    """Where the results of an image lie in space, and what their axes are called.

    Attributes
    ----------
    name
        Of the image.
    axes
        Letters of the results' axes, besides the classes.
    spacing, translation, unit
        As in `ImageFile`.
    """

    name: str
    axes: str
    spacing: tuple[float, ...] | None = None
    translation: tuple[float, ...] | None = None
    unit: str | None = None

    @classmethod
    def of(cls, image: ImageFile) -> OmeZarrGeometry:
        """That of the results of an image.

        Raises
        ------
        ValueError
            If OME-Zarr has no place for its axes.
        """
        axes = ome_axes(image.axes_without_channels)
        # An axis that has just been called Z has no size that the file knows.
        n_spatial = sum(letter in "ZYX" for letter in axes)
        known = image.spacing is not None and len(image.spacing) == n_spatial
        placed = image.translation is not None and len(image.translation) == n_spatial
        return cls(
            image.name,
            axes,
            image.spacing if known else None,
            image.translation if placed else None,
            image.unit if known else None,
        )

    @property
    def class_axis(self) -> int:
        """Place of the classes: after time, before space."""
        return 1 if self.axes.startswith("T") else 0


def ome_zarr_store(
    path: Path,
    output: Output,
    geometry: OmeZarrGeometry,
    shapes: Sequence[tuple[int, ...]],
    chunk: tuple[int, ...],
    dtype: np.dtype[Any],
    classes: Sequence[ClassInfo],
    settings: Mapping[str, Any],
) -> OmeZarrStore:
    """Make the group of one output, or open the one that an earlier run has begun.

    Parameters
    ----------
    path
        Folder of the group.
    output
        What it will hold.
    geometry
        Where that lies.
    shapes, chunk
        Shape of each level and of the chunks, without an axis for the classes.
    dtype
        Type of the numbers.
    classes
        The classes, by ascending value.
    settings
        What it is made of; kept beside the metadata of OME-Zarr, see `settings_of`.
    """
    axes = geometry.axes
    if output == "probabilities":
        at = geometry.class_axis
        axes = f"{axes[:at]}C{axes[at:]}"
        shapes = [(*shape[:at], len(classes), *shape[at:]) for shape in shapes]
        chunk = (*chunk[:at], 1, *chunk[at:])
    store = OmeZarrStore(path, dtype, tuple(shapes), chunk)
    described = multiscales(
        f"{geometry.name} {output}",
        axes,
        list(_total_factors(shapes)),
        spacing=geometry.spacing,
        translation=geometry.translation,
        unit=geometry.unit,
        centred=output != "segmentation",
    )
    ome: dict[str, Any] = {"version": VERSION, "multiscales": [described]}
    if output == "segmentation":
        described["type"] = "nearest"
        ome["image-label"] = image_label(classes)
    else:
        described["type"] = "mean"
        names = [info.name for info in classes] if output == "probabilities" else [output]
        colors = [info.color for info in classes] if output == "probabilities" else ["#ffffff"]
        ome["omero"] = {"channels": channels(names, colors, dtype)}
    store.create({"ome": ome, _SETTINGS: dict(settings)}, [letter.lower() for letter in axes])
    return store


def settings_of(path: Path) -> dict[str, Any] | None:
    """The settings that a result was made with; None if it is no result of this program."""
    import json

    try:
        found = json.loads((path / "zarr.json").read_text(encoding="utf-8"))["attributes"][
            _SETTINGS
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class OmeZarrResult:
    """What a result of this program shows.

    Attributes
    ----------
    output
        What it holds.
    image
        Name of the image that it was made of.
    classes
        Names and colours; of probabilities in the order of the channels, counted from 1 as their values are not known.
    """

    output: Output
    image: str
    classes: tuple[ClassInfo, ...]


def result_in(path: Path) -> OmeZarrResult | None:
    """What a group holds; None if it is no result of this program, or damaged."""
    if settings_of(path) is None:
        return None
    import zarr

    from napari_pixclass.core import ClassInfo

    try:
        ome: Any = zarr.open_group(path, mode="r").attrs["ome"]
        name = str(ome["multiscales"][0]["name"])
        if "image-label" in ome:
            label = ome["image-label"]
            names = {each["label-value"]: each["class"] for each in label["properties"]}
            shown = [
                (each["label-value"], names[each["label-value"]], bytes(each["rgba"][:3]).hex())
                for each in label["colors"]
            ]
            output: Output = "segmentation"
        else:
            described = enumerate(ome["omero"]["channels"], start=1)
            shown = [(index, each["label"], each["color"].lower()) for index, each in described]
            has_classes = any(axis["name"] == "c" for axis in ome["multiscales"][0]["axes"])
            output = "probabilities" if has_classes else "uncertainty"
        classes = tuple(ClassInfo(value, title, f"#{color}") for value, title, color in shown)
    except (LookupError, TypeError, ValueError, AttributeError, OSError):
        return None
    return OmeZarrResult(output, name.removesuffix(f" {output}"), classes)


def _total_factors(shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """How much coarser each level is than the first: every step halves an axis, rounded up, or leaves it."""
    total = (1,) * len(shapes[0])
    yield total
    for finer, coarse in itertools.pairwise(shapes):
        total = tuple(
            factor * (2 if a != b else 1) for factor, a, b in zip(total, finer, coarse, strict=True)
        )
        yield total
