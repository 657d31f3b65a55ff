"""The formats that results are written in."""

from __future__ import annotations

from typing import Literal, get_args

FileFormat = Literal["tiff", "ome-tiff", "ome-zarr", "hdf5", "png", "npy"]

ENDINGS: dict[FileFormat, tuple[str, ...]] = {
    "tiff": (".tiff", ".tif"),
    "ome-tiff": (".ome.tiff", ".ome.tif"),
    "ome-zarr": (".ome.zarr", ".zarr"),
    "hdf5": (".h5", ".hdf5"),
    "png": (".png",),
    "npy": (".npy",),
}
"""How names of files may end in each format; the first one is what they get."""

FORMATS: dict[FileFormat, str] = {name: endings[0] for name, endings in ENDINGS.items()}
"""Formats that results are written in, and how the names of their files end."""

ResultType = Literal["uint8", "uint16", "float32"]

TYPES: tuple[ResultType, ...] = get_args(ResultType)
"""Types of probabilities and uncertainty."""
