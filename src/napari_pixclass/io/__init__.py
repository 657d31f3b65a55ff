"""Files: images with their axes and spacing, label images, trained classifiers."""

from ._archive import ModelFileError
from ._atomic import check_target, replacing, replacing_all
from ._image_file import ImageFile
from ._images import READERS, open_image, open_labels, stem_of, with_channel_axis
from ._model_file import inspect_model, load_model, save_model
from ._model_info import ModelInfo
from ._png import write_png
from ._tiff import write_tiff

__all__ = [
    "READERS",
    "ImageFile",
    "ModelFileError",
    "ModelInfo",
    "check_target",
    "inspect_model",
    "load_model",
    "open_image",
    "open_labels",
    "replacing",
    "replacing_all",
    "save_model",
    "stem_of",
    "with_channel_axis",
    "write_png",
    "write_tiff",
]
