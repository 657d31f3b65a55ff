"""Preparing an image file: from the file to the whole prepared image, to crops of it, or to both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_pixclass.core import (
    Preparation,
    PreparedImage,
    Region,
    Step,
    Steps,
    random_crops,
    region_shape,
    run_steps,
)
from napari_pixclass.io import open_image, require_h5py, stem_of

from ._channels import channel_groups, prepared_names
from ._writing import (
    FORMATS,
    FileKind,
    NewFile,
    PreparedFormat,
    check_new,
    new_files,
    with_spacing,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from napari_pixclass.io import ChannelAxis, ImageFile

CROPS = "crops"
"""Folder of the crops, within that of the images: a folder given to ``predict`` is then one of whole images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareOptions:
    """What is made of image files, and where it is written.

    Attributes
    ----------
    folder
        Folder of the prepared images, made if absent; crops go to the folder `CROPS` within it.
    preparation
        What is done to the images.
    channels
        Channels of the result by name or number, in place of those of `preparation`: one or several of the image for
        each, such as ``(("Ir191", "Ir193"), ("3",))``.
    format
        One of `FORMATS`.
    suffix
        What follows the name of the image in all names of files.
    whole_images
        Write the prepared images themselves, not only crops.
    n_crops
        Crops of each image.
    crop_size
        Their rows and columns, in pixels of the prepared image.
    seed
        For their places; the name of the image counts too.
    axes, channel_axis, spacing
        What the axes of the images are, and the size of their pixels along (Z,) Y, X, where their files do not say it.
    overwrite
        Replace files that exist.
    """

    folder: Path
    preparation: Preparation = field(default_factory=Preparation.imc)
    channels: tuple[tuple[str, ...], ...] | None = None
    format: PreparedFormat = "hdf5"
    suffix: str = ""
    whole_images: bool = True
    n_crops: int = 0
    crop_size: tuple[int, int] = (500, 500)
    seed: int = 0
    axes: str | None = None
    channel_axis: ChannelAxis = None
    spacing: tuple[float, ...] | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if "/" in self.suffix or "\\" in self.suffix or "\0" in self.suffix:
            raise ValueError(
                f"what follows the name of the image must be part of a file's name; got {self.suffix!r}. Leave out the "
                "slashes."
            )

    def image_path(self, stem: str) -> Path:
        """File of the whole prepared image."""
        scale = self.preparation.scale
        ending = "" if self.suffix else "_prepared"
        if scale > 1:
            ending = f"_s{scale}"
        return self.folder / f"{stem}{self.suffix}{ending}{FORMATS[self.format]}"

    def crop_path(self, stem: str, region: Region) -> Path:
        """File of a crop; its name tells its place and size in the prepared image."""
        rows, columns = region
        height, width = region_shape(region)
        place = f"x{columns.start}_y{rows.start}_w{width}_h{height}"
        return self.folder / CROPS / f"{stem}{self.suffix}_{place}{FORMATS[self.format]}"

    def files(self, stem: str, shape: Sequence[int]) -> list[tuple[Path, Region]]:
        """All files of an image whose prepared form has these rows and columns, and what each holds of it."""
        files: list[tuple[Path, Region]] = []
        if self.whole_images:
            everything = (slice(0, shape[0]), slice(0, shape[1]))
            files.append((self.image_path(stem), everything))
        if self.n_crops:
            crops = random_crops(shape, self.crop_size, self.n_crops, self.seed, stem)
            files += [(self.crop_path(stem, region), region) for region in crops]
        if not files:
            raise ValueError("something must be written: whole images, crops or both; got neither.")
        return files


@dataclass(frozen=True, slots=True)
class PreparedFiles:
    """What came of an image.

    Attributes
    ----------
    paths
        Files that were written.
    n_limited
        Values (some perhaps counted twice) beyond the range of the type, which became its limit.
    is_blank
        Whether all of it is 0: nothing was measured, or all of it was rounded away.
    """

    paths: tuple[Path, ...]
    n_limited: int
    is_blank: bool


def prepare_file(path: str | os.PathLike[str], options: PrepareOptions) -> PreparedFiles:
    """Prepare an image file; see `prepare_file_steps`."""
    return run_steps(prepare_file_steps(path, options))


def prepare_file_steps(
    path: str | os.PathLike[str], options: PrepareOptions
) -> Steps[PreparedFiles]:
    """Prepare an image file in steps: either all its files appear, or none.

    Raises
    ------
    FileNotFoundError, ValueError, TypeError
        If the image cannot be read, or has not the channels that are wanted.
    FileExistsError
        If a file is there already, and is not to be replaced.
    """
    if options.format == "hdf5":
        require_h5py()
    image = with_spacing(open_image(path, options.channel_axis, options.axes), options.spacing)
    _check_axes(image, path, options)
    preparation = options.preparation
    if options.channels is not None:
        groups = channel_groups(options.channels, image.channel_names, path)
        preparation = replace(preparation, channels=groups)
    prepared = PreparedImage(image.data, preparation, image.channel_axis)
    files = options.files(stem_of(path), prepared.shape[-2:])
    check_new([target for target, _ in files], Path(path), overwrite=options.overwrite)
    new = [NewFile(p, (*prepared.shape[:-2], *region_shape(region))) for p, region in files]
    is_blank = True
    with new_files(new, _kind_of(image, prepared, preparation, options)) as stores:
        tasks = [
            (store, region, band, frame)
            for store, (_, region) in zip(stores, files, strict=True)
            for frame in prepared.frames()
            for band in prepared.bands(region[0])
        ]
        for done, (store, (rows, columns), band, frame) in enumerate(tasks, start=1):
            values = prepared.read(frame, band, columns)
            box = (
                slice(0, len(values)),
                *(slice(index, index + 1) for index in frame),
                slice(band.start - rows.start, band.stop - rows.start),
                slice(0, columns.stop - columns.start),
            )
            is_blank = is_blank and not values.any()
            store.write(0, box, values.reshape(region_shape(box)))
            yield Step(done, len(tasks), f"Preparing {image.name}")
    return PreparedFiles(tuple(target for target, _ in files), prepared.n_limited, is_blank)


def _check_axes(image: ImageFile, path: str | os.PathLike[str], options: PrepareOptions) -> None:
    if not image.axes_without_channels.endswith("YX"):
        raise ValueError(
            "an image to prepare must end in the axes Y and X, besides its channels; "
            f"'{path}' has the axes {image.axes}. Say what they are (axes)."
        )
    said = options.axes is not None or options.channel_axis is not None
    if image.channel_axis is None and not image.has_known_axes and not said:
        raise ValueError(
            f"it must be known which axis holds the channels; '{path}' of shape {image.data.shape} does not say it. "
            "Say which it is (channel axis): 0 if they come first, none if there are none."
        )


def _kind_of(
    image: ImageFile, prepared: PreparedImage, preparation: Preparation, options: PrepareOptions
) -> FileKind:
    spacing = image.spacing
    if spacing is not None:
        spacing = (*spacing[:-2], *(size / preparation.scale for size in spacing[-2:]))
    return FileKind(
        format=options.format,
        dtype=prepared.dtype,
        axes="C" + image.axes_without_channels,
        spacing=spacing,
        unit=image.unit,
        chunk_rows=prepared.band_rows,
        channel_names=prepared_names(preparation, image.channel_names, prepared.shape[0]),
    )
