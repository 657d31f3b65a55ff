"""Predicting one image of a batch: opening it, choosing the way, writing what comes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_pixclass.core import output_steps, resolve_n_jobs
from napari_pixclass.io import (
    chosen_spacing,
    open_for_model,
)

from ._writing import write_results

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from napari_pixclass.classifier import PixelClassifier
    from napari_pixclass.core import Steps
    from napari_pixclass.io import ImageFile

    from ._names import Target
    from ._options import BatchOptions

SMALL = 200_000_000
"""Bytes of results that fit into memory everywhere: no need to find out how much there is."""


@dataclass(frozen=True, slots=True)
class ImageRun:
    """One image, and what is to be made of it.

    Attributes
    ----------
    classifier
        A fitted classifier.
    path
        The image.
    targets
        The files to write.
    options
        How.
    client
        A connection to a dask cluster, or None.
    stopped
        Set where a long block is to be given up.
    """

    classifier: PixelClassifier
    path: Path
    targets: Sequence[Target]
    options: BatchOptions
    client: Any = None
    stopped: Event | None = None

    def steps(self) -> Steps[None]:
        """Predict and write; closing the steps leaves no files, or what can be resumed (OME-Zarr)."""
        options, classifier = self.options, self.classifier
        ndim = classifier.state.features.ndim
        image = open_for_model(self.path, classifier, options.channel_axis, options.axes)
        self._check(image)
        spacing = chosen_spacing(image, ndim, options.spacing)
        image = _with_results_spacing(image, options.spacing)
        if self._by_blocks(image):
            from ._block_run import block_steps

            yield from block_steps(self, image, spacing)
            return
        outputs = dict.fromkeys(target.output for target in self.targets)
        arrays = yield from output_steps(
            classifier,
            image.data,
            outputs,
            channel_axis=image.channel_axis,
            spacing=spacing,
            dtype=options.result_type,
        )
        write_results(arrays, self.targets, image, classifier.class_table_, options.format)

    def _check(self, image: ImageFile) -> None:
        """Refuse an image that does not fit the model, or whose results do not fit the format."""
        _, axes = self.classifier.check_image(image.data, image.channel_axis)
        if not image.axes_without_channels.endswith("YX"):
            raise ValueError(
                "an image to predict must end in the axes Y and X, besides its channels; "
                f"'{image.name}' has the axes {image.axes}. Reorder them, or say which axis holds the "
                "channels."
            )
        if self.options.format == "png" and math.prod(axes.shape[:-2]) != 1:
            raise ValueError(
                f"a PNG file holds one plane; results of '{image.name}' have the shape {axes.shape}. "
                "Choose the format tiff."
            )

    def _by_blocks(self, image: ImageFile) -> bool:
        """Whether results are written block by block: where the format is made for it, or where it is necessary."""
        options = self.options
        if options.format == "ome-zarr" or options.mask is not None or options.block is not None:
            return True
        needed, memory = self._bytes_needed(image), options.memory
        if memory is None and needed > SMALL:
            from napari_pixclass.blockwise import default_memory

            memory = default_memory(resolve_n_jobs(self.classifier.n_jobs))
        if needed <= (memory or SMALL):
            return False
        if options.format == "png" or options.splits_classes:
            raise ValueError(
                f"results of '{image.name}' take {needed / 1e9:.2g} GB, more than there is memory for; "
                "PNG files, and a file for each class, are not written block by block. Choose ome-zarr, "
                "or allow more memory."
            )
        return True

    def _bytes_needed(self, image: ImageFile) -> int:
        n_pixels = math.prod(image.data.shape)
        if image.channel_axis is not None:
            n_pixels //= image.data.shape[image.channel_axis]
        width = np.dtype(self.options.result_type).itemsize
        classes = self.classifier.state.classes
        per_pixel = {
            "probabilities": len(classes) * width,
            "uncertainty": width,
            "segmentation": classes.dtype.itemsize,
        }
        return n_pixels * sum(per_pixel[output] for output in {t.output for t in self.targets})


def _with_results_spacing(image: ImageFile, given: Sequence[float] | None) -> ImageFile:
    """The image with the spacing of its results: the user's, which may be that of less axes than it has.

    Nobody said its unit: it may be meant as ratios.
    """
    if given is None:
        return image
    n_spatial = sum(letter in "ZYX" for letter in image.axes_without_channels)
    if len(given) != n_spatial:
        return replace(image, spacing=None, unit=None)
    return replace(image, spacing=chosen_spacing(image, n_spatial, given), unit=None)
