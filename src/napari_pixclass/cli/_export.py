"""What is made of a prediction: which arrays, of which type, in which files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ._image_options import chosen_spacing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import Output, Steps
    from napari_pixclass.io import ImageFile

EXPORTS = ("probabilities", "uncertainty", "segmentation")
FORMATS = {"tiff": ".tiff", "ome-zarr": ".ome.zarr", "hdf5": ".h5", "png": ".png"}
DTYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to write, and how.

    Attributes
    ----------
    exports
        Some of `EXPORTS`.
    format
        One of `FORMATS`.
    dtype
        Type of probabilities and uncertainty: 0 to 1 as float32, or the whole range of an integer
        type. Segmentations have the smallest type that holds the class values.
    """

    exports: tuple[Output, ...]
    format: str
    dtype: str

    @classmethod
    def from_arguments(cls, args: argparse.Namespace) -> Self:
        """Read the options of ``predict``.

        Raises
        ------
        ValueError
            If they contradict each other.
        """
        if args.format == "png" and "probabilities" in args.export:
            raise ValueError(
                "a PNG file holds one channel, probabilities have one for each class; got --format "
                "png for probabilities. Use --format tiff, or --export segmentation,uncertainty."
            )
        dtype = args.dtype or ("uint16" if args.renormalize else None)
        dtype = dtype or ("uint8" if args.format == "png" else "float32")
        if args.format == "png" and dtype == "float32":
            raise ValueError("a PNG file holds uint8 or uint16; got --dtype float32. Choose one.")
        if args.renormalize and dtype == "float32":
            raise ValueError(
                "--renormalize writes the whole range of an integer type; got --dtype float32. "
                "Choose uint8 or uint16."
            )
        return cls(args.export, args.format, dtype)

    def paths(self, stem: str, folder: Path) -> dict[Output, Path]:
        """File of each export of an image with the name `stem`."""
        suffix = FORMATS[self.format]
        return {export: folder / f"{stem}_{export.capitalize()}{suffix}" for export in self.exports}


def predict_steps(
    classifier: PixelClassifier,
    image: ImageFile,
    spacing: Sequence[float] | None,
    options: ExportOptions,
) -> Steps[dict[Output, npt.NDArray[Any]]]:
    """Predict an image in steps; return the arrays to write, probabilities with classes first."""
    from napari_pixclass.core import output_steps

    check_fits(classifier, image, options)
    return output_steps(
        classifier,
        image.data,
        options.exports,
        channel_axis=image.channel_axis,
        spacing=spacing,
        dtype=options.dtype,
    )


def check_fits(classifier: PixelClassifier, image: ImageFile, options: ExportOptions) -> None:
    """Refuse an image that does not fit the model, or whose results do not fit the format."""
    _, axes = classifier.check_image(image.data, image.channel_axis)
    if not image.axes_without_channels.endswith("YX"):
        raise ValueError(
            "an image to predict must end in the axes Y and X, besides its channels; "
            f"'{image.name}' has the axes {image.axes}. Reorder them, or give --channel-axis."
        )
    if options.format == "png" and len(axes.shape) != 2:
        raise ValueError(
            f"a PNG file holds one plane; results of '{image.name}' have the shape {axes.shape}. "
            "Use --format tiff."
        )


def results_geometry(
    image: ImageFile, spacing_option: list[float] | None
) -> tuple[tuple[float, ...] | None, str | None]:
    """Spacing and unit of the results: the user's, else the image's."""
    if spacing_option is None:
        return image.spacing, image.unit
    n_spatial = sum(letter in "ZYX" for letter in image.axes_without_channels)
    if len(spacing_option) != n_spatial:
        return None, None
    return chosen_spacing(image, n_spatial, spacing_option), image.unit


def write_results(
    arrays: Mapping[Output, npt.NDArray[Any]],
    paths: Mapping[Output, Path],
    image: ImageFile,
    class_names: Sequence[str],
    spacing_option: list[float] | None = None,
) -> None:
    """Write the arrays of one image to files, with its axes and spacing: all of them, or none."""
    from napari_pixclass.io import replacing_all, write_png, write_tiff

    axes = image.axes_without_channels
    spacing, unit = results_geometry(image, spacing_option)
    with replacing_all(paths.values()) as temporaries:
        for (export, path), temporary in zip(paths.items(), temporaries, strict=True):
            if path.suffix == ".png":
                write_png(temporary, arrays[export])
                continue
            has_classes = export == "probabilities"
            write_tiff(
                temporary,
                arrays[export],
                "C" + axes if has_classes else axes,
                spacing=spacing,
                unit=unit,
                channel_names=class_names if has_classes else (),
            )
