"""What a batch writes, where and how."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from napari_pixclass.core import OUTPUTS, Output
from napari_pixclass.io import ChannelAxis, require_h5py

from ._formats import FORMATS, TYPES, FileFormat, ResultType
from ._names import check_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """What to write, where and how; the same words as on the command line.

    Attributes
    ----------
    folder
        Folder of the results, made if absent; None for that of each image.
    name
        Pattern of the files' names, with ``{stem}``, ``{output}``, ``{class}``, ``{value}``, ``{parent}``, ``{folder}``
        and ``{dataset}``; slashes make subfolders. Empty for ``{stem}_{output}``, or ``{stem}_{output}_{class}`` where
        each class has its own file.
    exports
        What is wanted: some of probabilities, uncertainty, segmentation.
    format
        One of `FORMATS`.
    dtype
        Type of probabilities and uncertainty: 0 to 1 as float32, or the whole range of an integer type. None for
        float32, where `renormalize` is set for uint16, and in PNG for uint8. Segmentations hold class values in the
        smallest type that can.
    renormalize
        Write 0 to 1 as the whole range of an integer type.
    per_class
        Write the probabilities of each class to a file of its own; PNG always does.
    overwrite
        Replace results that exist.
    skip_existing
        Leave results that exist as they are and make only what is missing; nobody checks what made them.
    axes
        A letter for each axis of the images, where the files do not say it or are wrong.
    channel_axis
        Axis of the channels, or "none"; None for what the files say.
    spacing
        Size of a pixel along (Z,) Y, X; None for what the files say.
    mask
        Image of the same size: where it is 0 nothing is predicted, and 0 is written.
    memory
        Bytes that the program may take; None for what suits most machines.
    block
        Pixels worked on at once, along the axes that filters see; None for what suits the memory.
    n_levels
        Resolutions of OME-Zarr results; None for as many as it takes until one is small.
    resume
        Go on with OME-Zarr results that were cut short, block by block.
    scheduler
        Address of a dask cluster to compute on (OME-Zarr only).

    Raises
    ------
    ValueError
        If they contradict each other.
    """

    folder: Path | str | None = None
    name: str = ""
    exports: tuple[Output, ...] = ("probabilities",)
    format: FileFormat = "tiff"
    dtype: ResultType | None = None
    renormalize: bool = False
    per_class: bool = False
    overwrite: bool = False
    skip_existing: bool = False
    axes: str | None = None
    channel_axis: ChannelAxis = None
    spacing: tuple[float, ...] | None = None
    mask: Path | str | None = None
    memory: int | None = None
    block: tuple[int, ...] | None = None
    n_levels: int | None = None
    resume: bool = False
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.folder is not None and not os.fspath(self.folder).strip():
            raise ValueError("the folder of results must have a name; got ''. Is a variable empty?")
        self._check_choices()
        self._check_blocks()
        check_pattern(self.name, self.format, self.exports, splits_classes=self.splits_classes)
        if self.format == "hdf5":
            require_h5py()
        if self.scheduler is not None and importlib.util.find_spec("distributed") is None:
            raise ValueError(
                "a cluster needs the package distributed, which is not installed; add it with pip "
                "install 'napari-pixclass[distributed]'."
            )

    @property
    def result_type(self) -> ResultType:
        """Type of probabilities and uncertainty."""
        if self.dtype is not None:
            return self.dtype
        if self.renormalize:
            return "uint16"
        return "uint8" if self.format == "png" else "float32"

    @property
    def splits_classes(self) -> bool:
        """Whether the probabilities of each class get a file of their own."""
        return "probabilities" in self.exports and (self.per_class or self.format == "png")

    def _check_choices(self) -> None:
        wrong = [word for word in self.exports if word not in OUTPUTS]
        if wrong or not self.exports or len(set(self.exports)) < len(self.exports):
            raise ValueError(
                f"exports must be different ones of {', '.join(OUTPUTS)}; got {self.exports}."
            )
        if self.format not in FORMATS:
            raise ValueError(f"a format must be one of {', '.join(FORMATS)}; got '{self.format}'.")
        if self.dtype not in (None, *TYPES):
            raise ValueError(f"a type must be one of {', '.join(TYPES)}; got '{self.dtype}'.")
        if self.format == "png" and self.result_type == "float32":
            raise ValueError("a PNG file holds uint8 or uint16; got float32. Choose one of them.")
        if self.renormalize and self.result_type == "float32":
            raise ValueError(
                "to renormalize is to write the whole range of an integer type; got float32. Choose "
                "uint8 or uint16."
            )
        if self.overwrite and (self.skip_existing or self.resume):
            other = "resume" if self.resume else "skip existing"
            raise ValueError(
                f"results that exist are either replaced or kept; got both (overwrite) and ({other}). Choose one."
            )

    def _check_blocks(self) -> None:
        zarr_only = {
            "resume": self.resume,
            "levels": self.n_levels,
            "scheduler": self.scheduler,
        }
        for option, value in zarr_only.items():
            if value and self.format != "ome-zarr":
                raise ValueError(
                    "only ome-zarr results can be resumed, have levels and come from a cluster; got "
                    f"{option} with the format {self.format}. Choose ome-zarr."
                )
        if self.per_class and self.format == "ome-zarr":
            raise ValueError(
                "in OME-Zarr each class is a channel of its own, stored apart; got a file for each (per class). Leave "
                "it out, or choose another format."
            )
        by_blocks = {"mask": self.mask, "block": self.block}
        for option, given in by_blocks.items():
            if given is not None and (self.format == "png" or self.per_class):
                what = "one file per class" if self.per_class else "the format png"
                raise ValueError(
                    f"{option} needs results that are written block by block; got {what}. Choose tiff, "
                    "ome-tiff, ome-zarr, hdf5 or npy with all classes in a file."
                )
