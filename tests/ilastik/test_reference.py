"""The classifiers of real projects predict here what they predicted in ilastik: 2D, RGB, time, volumes, many images."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.ilastik import kept_classifier, open_project
from napari_pixclass.io import open_image

ARGMAX = 0.9999
"""Least share of pixels with the same most probable class."""

CLOSE, WITHIN = 0.999, 0.02
"""Least share of pixels whose probabilities are all as close as this."""

PROJECTS = {
    "api/PixelClass.ilp": ("api/res-Data_1channel_pc1xyc.npy", 2, "ilastik"),
    "projects/PixelClassification2d3c.ilp": (
        "projects/inputdata/2d3c_Probabilities.h5", 2, "ilastik-vigra",
    ),
    "projects/PixelClassification3d1c.ilp": (
        "projects/inputdata/3d1c_Probabilities.h5", 3, "ilastik-vigra",
    ),
    "projects/PixelClassification5t2d1c.ilp": (
        "projects/inputdata/5t2d1c_Probabilities.h5", 2, "ilastik-vigra",
    ),
}  # fmt: skip


def read(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.load(path)
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            (data,) = file.values()
            return data[()]
    return tifffile.imread(path) / 65535


def check(
    classifier: PixelClassifier, image: np.ndarray, axis: int | None, reference: np.ndarray
) -> None:
    found = classifier.predict_proba(image, channel_axis=axis).reshape(reference.shape)
    same = (found.argmax(axis=-1) == reference.argmax(axis=-1)).mean()
    close = (np.abs(found - reference).max(axis=-1) <= WITHIN).mean()
    assert same >= ARGMAX
    assert close >= CLOSE


@pytest.mark.parametrize("name", PROJECTS)
def test_kept_classifiers_predict_the_same(name: str, shared_data: Path) -> None:
    folder = shared_data / "ilastik_reference"
    reference, ndim, dialect = PROJECTS[name]
    opened = open_project(folder / name)
    classifier = kept_classifier(opened)
    assert classifier.state.features.ndim == ndim
    assert classifier.features_.dialect == dialect
    assert dict(zip(classifier.classes_.tolist(), classifier.n_samples_, strict=True)) == (
        opened.class_counts
    )
    (image,) = opened.images
    assert image.image is not None
    check(classifier, image.image.data, image.image.channel_axis, read(folder / reference))


def test_an_image_under_another_name(shared_data: Path, tmp_path: Path) -> None:
    # Its file is not among the data: the same pixels are, as another file.
    folder = shared_data / "ilastik_reference/api"
    pixels = np.asarray(Image.open(folder / "Data_1channel.png"))
    tifffile.imwrite(tmp_path / "Data_1channel_xy.tif", pixels)
    opened = open_project(folder / "2464_PixelClassification_xy_input.ilp", tmp_path)
    classifier = kept_classifier(opened)
    assert len(classifier.features_) == 49
    check(classifier, pixels, None, read(folder / "res-Data_1channel_pc1xy.npy"))


@pytest.mark.parametrize(
    ("project", "images", "reference", "axes"),
    [
        (
            "TestData.ilp",
            "analysis/ilastik/*mockData[25]_s0_a1*_s2.h5",
            "analysis/ilastik/{}_Probabilities.tiff",
            "ZYXC",
        ),
        (
            "steinbock_pixel_classifier.ilp",
            "steinbock_ilastik_img/*mockData[14]_002.h5",
            "steinbock_ilastik_probabilities/{}.tiff",
            "CYX",
        ),
    ],
)
def test_imaging_mass_cytometry(
    project: str, images: str, reference: str, axes: str, shared_data: Path
) -> None:
    folder = shared_data / "imc_bodenmiller_ilastik"
    classifier = kept_classifier(open_project(folder / project, labelled_only=True))
    paths = sorted(folder.glob(images))
    assert len(paths) == 2
    for path in paths:
        image = open_image(path, axes=axes)
        check(
            classifier,
            image.data[()],
            image.channel_axis,
            read(folder / reference.format(path.stem)),
        )
