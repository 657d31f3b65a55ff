"""PNG and JPEG files: grey, coloured, with a palette, of 1, 8 or 16 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._atomic import file_to_write
from ._image_file import ImageFile, channel_axis_of, without_alpha

if TYPE_CHECKING:
    import os
    from pathlib import Path


def read_picture(path: Path, name: str) -> ImageFile:
    """Read a PNG or JPEG file; colours of a palette are looked up, transparency is dropped."""
    from PIL import Image

    with Image.open(path) as picture:
        data = np.array(picture.convert("RGB") if picture.mode == "P" else picture)
        has_alpha = picture.mode in {"LA", "RGBA"}
    axes = "YXS" if data.ndim == 3 else "YX"
    if has_alpha:
        data, axes = without_alpha(data, axes)
    return ImageFile(name, data, axes, channel_axis_of(axes, path))


def read_picture_labels(path: Path, name: str) -> ImageFile:
    """Read a PNG or JPEG file of labels; where it has a palette, the indices are the class values."""
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode == "P":
            return ImageFile(name, np.array(picture), "YX")
    return read_picture(path, name)


def write_png(
    path: str | os.PathLike[str], array: npt.NDArray[Any], *, atomic: bool = True
) -> None:
    """Write a grey (Y, X) or RGB (Y, X, 3) array to a PNG file, atomically unless the caller sees to that.

    Raises
    ------
    ValueError
        If the array is no such picture of type uint8 or uint16 (grey only).
    """
    from PIL import Image

    is_rgb = array.ndim == 3 and array.shape[-1] == 3
    types = {"uint8"} if is_rgb else {"uint8", "uint16"}
    if not (array.ndim == 2 or is_rgb) or array.dtype.name not in types:
        raise ValueError(
            "a PNG file holds a grey picture of 8 or 16 bits or an RGB one of 8; got shape "
            f"{array.shape} of {array.dtype.name}. Write TIFF."
        )
    with file_to_write(path, atomic=atomic) as temporary:
        Image.fromarray(array).save(temporary, format="PNG")
