"""Files: images with their axes and spacing, label images, trained classifiers, scribbles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._archive import FileContentError, ModelFileError
from ._atomic import check_target, replacing, replacing_all
from ._fingerprint import fingerprint
from ._folders import check_replaceable, make_folder, put_in_place
from ._hdf5 import Hdf5Store, require_h5py
from ._image_file import ImageFile
from ._images import READERS, open_image, open_labels, stem_of, with_channel_axis
from ._model_info import ModelInfo
from ._ome_zarr_store import OmeZarrGeometry, OmeZarrStore, ome_zarr_store, settings_of
from ._png import write_png
from ._scribbles_file import (
    ScribblesFileError,
    ScribblesInfo,
    inspect_scribbles,
    load_scribbles,
    save_scribbles,
)
from ._scribbles_folder import STATE_VARIABLE, ScribblesFolder, state_folder
from ._tiff import write_tiff
from ._tiff_store import TiffStore
from ._written_labels import WrittenLabels, in_blocks, is_zarr, labelled_pixels

if TYPE_CHECKING:
    from ._model_file import inspect_model, load_model, save_model

__all__ = [
    "READERS",
    "STATE_VARIABLE",
    "FileContentError",
    "Hdf5Store",
    "ImageFile",
    "ModelFileError",
    "ModelInfo",
    "OmeZarrGeometry",
    "OmeZarrStore",
    "ScribblesFileError",
    "ScribblesFolder",
    "ScribblesInfo",
    "TiffStore",
    "WrittenLabels",
    "check_replaceable",
    "check_target",
    "fingerprint",
    "in_blocks",
    "inspect_model",
    "inspect_scribbles",
    "is_zarr",
    "labelled_pixels",
    "load_model",
    "load_scribbles",
    "make_folder",
    "ome_zarr_store",
    "open_image",
    "open_labels",
    "put_in_place",
    "replacing",
    "replacing_all",
    "require_h5py",
    "save_model",
    "save_scribbles",
    "settings_of",
    "state_folder",
    "stem_of",
    "with_channel_axis",
    "write_png",
    "write_tiff",
]


def __getattr__(name: str) -> object:
    # With models comes scikit-learn, most of a second to import: scribbles are looked for without it.
    if name not in ("inspect_model", "load_model", "save_model"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _model_file

    return getattr(_model_file, name)
