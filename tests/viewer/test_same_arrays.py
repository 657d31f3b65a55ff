"""Files give the same arrays here as in napari, so that a model means the same on screen and in batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from napari_builtins.io import napari_get_reader
from PIL import Image

from napari_pixclass.io import open_image

VOLUME = np.random.default_rng(0).integers(0, 200, (3, 8, 9)).astype(np.uint16)
COLOURS = np.moveaxis(VOLUME, 0, -1).astype(np.uint8)


WRITERS: dict[str, Callable[[Path], object]] = {
    "plain.tif": lambda path: tifffile.imwrite(path, VOLUME, photometric="minisblack"),
    "packed.tif": lambda path: tifffile.imwrite(
        path, VOLUME, compression="zlib", photometric="minisblack"
    ),
    "volume.ome.tif": lambda path: tifffile.imwrite(path, VOLUME, metadata={"axes": "ZYX"}),
    "hyperstack.tif": lambda path: tifffile.imwrite(
        path, VOLUME, imagej=True, metadata={"axes": "CYX"}
    ),
    "colours.tif": lambda path: tifffile.imwrite(path, COLOURS, photometric="rgb"),
    "grey.png": lambda path: Image.fromarray(VOLUME[0]).save(path),
    "colours.png": lambda path: Image.fromarray(COLOURS).save(path),
    "colours.jpg": lambda path: Image.fromarray(COLOURS).save(path),
    "grey.jpeg": lambda path: Image.fromarray(COLOURS[..., 0]).save(path),
    "array.npy": lambda path: np.save(path, VOLUME),
    "array.zarr": lambda path: zarr.create_array(path, data=VOLUME),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_array(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    reader = napari_get_reader(str(path))
    assert reader is not None
    (layer,) = reader(str(path))
    shown = np.asarray(layer[0])
    ours = np.asarray(open_image(path).data)
    assert ours.shape == shown.shape
    assert ours.dtype.newbyteorder("=") == shown.dtype.newbyteorder("=")
    np.testing.assert_array_equal(ours, shown)
