"""Making image files ready for pixel classification, and uncertainty maps of files of probabilities.

The steps on arrays are in `napari_pixclass.core`, and offered here too. On files they are done piece by piece, so that
images need not fit into memory. See ``docs/imc.md``.
"""

from __future__ import annotations

from napari_pixclass.core import Preparation, prepare_image, random_crops, remove_hot_pixels

from ._images import PreparedFiles, PrepareOptions, prepare_file, prepare_file_steps
from ._uncertainty import (
    Measure,
    UncertaintyOptions,
    uncertainty_file,
    uncertainty_file_steps,
    uncertainty_path,
)
from ._writing import FORMATS, PreparedFormat

__all__ = [
    "FORMATS",
    "Measure",
    "Preparation",
    "PrepareOptions",
    "PreparedFiles",
    "PreparedFormat",
    "UncertaintyOptions",
    "prepare_file",
    "prepare_file_steps",
    "prepare_image",
    "random_crops",
    "remove_hot_pixels",
    "uncertainty_file",
    "uncertainty_file_steps",
    "uncertainty_path",
]
