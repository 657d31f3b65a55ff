"""Files: images with their axes and spacing, label images, trained classifiers, scribbles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._archive import FileContentError, ModelFileError
from ._atomic import check_target, replacing, replacing_all
from ._feature_file import load_features, save_features
from ._find_images import find_images, find_named_images, natural_key
from ._fingerprint import WHOLE_BYTES, fingerprint, whole_fingerprint
from ._folders import check_replaceable, make_folder, put_in_place
from ._given_axes import (
    ChannelAxis,
    chosen_spacing,
    with_axes,
    with_channel_axis,
    with_given_axes,
    with_spatial_axes,
)
from ._hdf5 import Hdf5Store, require_h5py, value_range
from ._ilastik import read_ilastik
from ._ilastik_forest import IlastikForest
from ._ilastik_images import ImageSource
from ._ilastik_labels import IlastikLabels
from ._ilastik_project import IlastikFeatures, IlastikLane, IlastikProject
from ._image_file import ImageFile
from ._image_views import ImageView, find_view
from ._image_writing import write_image
from ._images import READERS, open_image, open_label_image, open_labels, split_container, stem_of
from ._label_files import LABKIT_SUFFIX, SCRIBBLES_SUFFIX, LabelFile, open_label_file
from ._label_writing import LABEL_SUFFIXES, LabelGeometry, write_labels
from ._model_info import ModelInfo
from ._npy import NpyStore, write_npy
from ._ome_zarr_store import (
    OmeZarrGeometry,
    OmeZarrResult,
    OmeZarrStore,
    ome_zarr_store,
    result_in,
    settings_of,
)
from ._open_for_model import open_for_model
from ._pictures import write_png
from ._project_images import (
    FoundImage,
    find_image,
    open_source,
    path_within,
    places_of,
    relative_path,
)
from ._project_info import (
    ProjectCalibration,
    ProjectClassifier,
    ProjectImage,
    ProjectInfo,
    ProjectLabels,
    ProjectSource,
)
from ._project_reading import (
    PROJECT_SUFFIX,
    ProjectError,
    find_classifier,
    is_project,
    project_folder,
    read_project_info,
    read_project_labels,
)
from ._project_values import MAX_TEXT, shape_without_channels
from ._project_writing import ProjectWriter, size_of, stamp_of, writing_project
from ._runs import runs_of
from ._scribbles_file import (
    ScribblesFileError,
    ScribblesInfo,
    inspect_scribbles,
    load_scribbles,
    save_scribbles,
)
from ._scribbles_folder import STATE_VARIABLE, ScribblesFolder, state_folder
from ._system_errors import in_words
from ._tiff_store import TiffStore
from ._tiff_writing import Display, write_tiff
from ._training_labels import (
    TrainingLabels,
    check_labels_folder,
    has_own_labels,
    labels_folder,
    load_training_labels,
    save_training_labels,
)
from ._versions import versions
from ._written_labels import WrittenLabels, in_blocks, is_zarr, labelled_pixels

if TYPE_CHECKING:
    from ._model_file import inspect_model, load_model, save_model

__all__ = [
    "LABEL_SUFFIXES",
    "LABKIT_SUFFIX",
    "MAX_TEXT",
    "PROJECT_SUFFIX",
    "READERS",
    "SCRIBBLES_SUFFIX",
    "STATE_VARIABLE",
    "WHOLE_BYTES",
    "ChannelAxis",
    "Display",
    "FileContentError",
    "FoundImage",
    "Hdf5Store",
    "IlastikFeatures",
    "IlastikForest",
    "IlastikLabels",
    "IlastikLane",
    "IlastikProject",
    "ImageFile",
    "ImageSource",
    "ImageView",
    "LabelFile",
    "LabelGeometry",
    "ModelFileError",
    "ModelInfo",
    "NpyStore",
    "OmeZarrGeometry",
    "OmeZarrResult",
    "OmeZarrStore",
    "ProjectCalibration",
    "ProjectClassifier",
    "ProjectError",
    "ProjectImage",
    "ProjectInfo",
    "ProjectLabels",
    "ProjectSource",
    "ProjectWriter",
    "ScribblesFileError",
    "ScribblesFolder",
    "ScribblesInfo",
    "TiffStore",
    "TrainingLabels",
    "WrittenLabels",
    "check_labels_folder",
    "check_replaceable",
    "check_target",
    "chosen_spacing",
    "find_classifier",
    "find_image",
    "find_images",
    "find_named_images",
    "find_view",
    "fingerprint",
    "has_own_labels",
    "in_blocks",
    "in_words",
    "inspect_model",
    "inspect_scribbles",
    "is_project",
    "is_zarr",
    "labelled_pixels",
    "labels_folder",
    "load_features",
    "load_model",
    "load_scribbles",
    "load_training_labels",
    "make_folder",
    "natural_key",
    "ome_zarr_store",
    "open_for_model",
    "open_image",
    "open_label_file",
    "open_label_image",
    "open_labels",
    "open_source",
    "path_within",
    "places_of",
    "project_folder",
    "put_in_place",
    "read_ilastik",
    "read_project_info",
    "read_project_labels",
    "relative_path",
    "replacing",
    "replacing_all",
    "require_h5py",
    "result_in",
    "runs_of",
    "save_features",
    "save_model",
    "save_scribbles",
    "save_training_labels",
    "settings_of",
    "shape_without_channels",
    "size_of",
    "split_container",
    "stamp_of",
    "state_folder",
    "stem_of",
    "value_range",
    "versions",
    "whole_fingerprint",
    "with_axes",
    "with_channel_axis",
    "with_given_axes",
    "with_spatial_axes",
    "write_image",
    "write_labels",
    "write_npy",
    "write_png",
    "write_tiff",
    "writing_project",
]


def __getattr__(name: str) -> object:
    # With models comes scikit-learn, most of a second to import: scribbles are looked for without it.
    if name not in ("inspect_model", "load_model", "save_model"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _model_file

    return getattr(_model_file, name)
