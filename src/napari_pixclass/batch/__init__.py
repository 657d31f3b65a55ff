"""Many images, one classifier: predicted one after another and written to files; one bad image never stops the others.

The same for the command line, for scripts and for the viewer. See ``docs/batch.md``.
"""

from __future__ import annotations

from napari_pixclass.io import find_images

from ._batch import Batch
from ._formats import FORMATS, TYPES, FileFormat, ResultType
from ._inputs import Inputs, find_inputs
from ._options import BatchOptions
from ._report import BatchReport, FileResult, FileStep
from ._writing import save_results

__all__ = [
    "FORMATS",
    "TYPES",
    "Batch",
    "BatchOptions",
    "BatchReport",
    "FileFormat",
    "FileResult",
    "FileStep",
    "Inputs",
    "ResultType",
    "find_images",
    "find_inputs",
    "save_results",
]
