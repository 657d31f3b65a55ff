"""Small image files with labels, and a model trained on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_pixclass.cli import main


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a grey and a colour image, a volume, a film, and their labels."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)

    def image(shape: tuple[int, ...]) -> np.ndarray:
        values = random.integers(80, 120, shape)
        values[..., shape[-1] // 2 :] += 60
        return values

    def labels(shape: tuple[int, ...]) -> np.ndarray:
        values = np.zeros(shape, dtype=np.uint8)
        values[..., 3] = 2
        values[..., -4] = 5
        return values

    tifffile.imwrite(folder / "grey.tif", image((40, 48)).astype(np.uint16))
    tifffile.imwrite(folder / "grey_labels.tif", labels((40, 48)))
    colours = np.moveaxis(image((3, 40, 48)), 0, -1).astype(np.uint8)
    Image.fromarray(colours).save(folder / "colour.png")
    Image.fromarray(labels((40, 48))).save(folder / "colour_labels.png")
    for axes, name, shape in (("ZYX", "volume", (6, 20, 24)), ("TYX", "film", (3, 20, 24))):
        tifffile.imwrite(
            folder / f"{name}.tif",
            image(shape).astype(np.uint8),
            imagej=True,
            resolution=(2.0, 2.0),
            metadata={"axes": axes, "spacing": 1.5, "unit": "um"},
        )
        tifffile.imwrite(folder / f"{name}_labels.tif", labels(shape), photometric="minisblack")
    tifffile.imwrite(folder / "stack.tif", image((6, 20, 24)).astype(np.uint8))
    tifffile.imwrite(
        folder / "channels.tif",
        image((3, 40, 48)).astype(np.uint8),
        metadata={"axes": "CYX"},
        photometric="minisblack",
    )
    return folder


@pytest.fixture(scope="session")
def model(files: Path) -> Path:
    path = files / "grey.pixclass"
    pair = [str(files / "grey.tif"), str(files / "grey_labels.tif")]
    assert (
        main(["train", "--pair", *pair, "-o", str(path), "--features", "fast", "--trees", "5"]) == 0
    )
    return path
