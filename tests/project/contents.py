"""Images of many kinds in files, and projects of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_pixclass.core import ChosenFeatures, ClassInfo, FeatureSet, LabelledPixels, run_steps
from napari_pixclass.io import ImageFile, ProjectCalibration, open_image, write_image, write_tiff
from napari_pixclass.project import (
    ContentImage,
    ContentLabels,
    ContentSource,
    ProjectContent,
    SavedProject,
    saving_steps,
)

CLASSES = (ClassInfo(5, 'it\'s "bright" \\ λ', "#ff0000"), ClassInfo(2, "dark", "#00ff00"))


def noise(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """Noise, brighter in the second half along the last axis but one."""
    values = np.random.default_rng(seed).integers(60, 120, shape)
    values[..., shape[-2] // 2 :, :] += 60
    return values.astype(dtype)


def labels_of(shape: tuple[int, ...]) -> np.ndarray:
    labels = np.zeros(shape, np.uint8)
    for columns in (slice(2, 7), slice(12, 17)):
        labels[..., 3, columns], labels[..., shape[-2] - 4, columns] = 2, 5
    return labels


def write_all(
    folder: Path,
) -> dict[str, tuple[np.ndarray, Path, int | None, tuple[float, ...] | None]]:
    """Write an image of each kind: its pixels as a program sees them, its file, channel axis and pixel size."""
    found: dict[str, Any] = {}
    grey = noise((24, 20), "uint16")
    write_tiff(folder / "grey.tif", grey, "YX")
    found["grey"] = grey, folder / "grey.tif", None, None
    rgb = np.stack([noise((24, 20), seed=s) for s in range(3)], axis=-1)
    write_image(folder / "rgb.png", ImageFile("rgb", rgb, "YXS", 2))
    found["rgb"] = rgb, folder / "rgb.png", -1, None
    volume = noise((4, 24, 20), "float32")
    write_tiff(folder / "volume.tif", volume, "ZYX", spacing=(2.0, 0.5, 0.5), unit="um")
    found["volume"] = volume, folder / "volume.tif", None, (2.0, 0.5, 0.5)
    film = noise((3, 24, 20), "int16")
    write_tiff(folder / "film.tif", film, "TYX")
    found["film"] = film, folder / "film.tif", None, (1.0, 0.3, 0.3)
    inside = noise((24, 20), "uint8", 7)
    write_hdf5(folder / "some.h5", {"raw/one": inside, "raw/two": inside + 1})
    found["hdf5"] = inside, folder / "some.h5" / "raw" / "one", None, None
    channels = np.stack([noise((24, 20), seed=s) for s in (4, 5, 6)])
    image = ImageFile("c", channels, "CYX", 0, spacing=(0.5, 0.5), unit="um")
    write_image(folder / "channels.ome.zarr", image)
    found["channels"] = channels, folder / "channels.ome.zarr", 0, (0.5, 0.5)
    return found


def write_hdf5(path: Path, datasets: dict[str, np.ndarray]) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, data in datasets.items():
            file[name] = data


def content_of(
    sources: list[ContentSource],
    images: list[ContentImage],
    pairs: list[int],
    ndim: int = 2,
    **changes: Any,
) -> ProjectContent:
    """A project in which the images at some places are labelled."""
    labels = []
    for at in pairs:
        image = images[at]
        shape = list(sources[image.sources[0]].data.shape)
        if not image.is_stack and image.channel_axis is not None:
            del shape[image.channel_axis]
        labels.append(ContentLabels(f"labels {at}", LabelledPixels.of(labels_of(tuple(shape)))))
    features = ChosenFeatures(FeatureSet.from_selection({"gaussian_smoothing": [1.0, 1.6]}, ndim))
    values: dict[str, Any] = {
        "sources": sources,
        "images": images,
        "labels": labels,
        "pairs": [(at, number) for number, at in enumerate(pairs)],
        "target": None,
        "features": features,
        "classes": CLASSES,
        "hidden_classes": frozenset(),
        "training": {"n_estimators": 5, "random_state": 3},
        "session": {},
        "classifier": None,
        "is_current": False,
        "calibration": ProjectCalibration(),
    }
    return ProjectContent(**values | changes)


def simple_content(data: Any, path: Path | None = None, **changes: Any) -> ProjectContent:
    """A project of one grey image."""
    source = ContentSource("cells", data, None if path is None else str(path))
    return content_of([source], [ContentImage("cells", (0,), False, None, None)], [0], **changes)


def save(content: ProjectContent, path: Path, **options: Any) -> SavedProject:
    return run_steps(saving_steps(content, path, **options))


def is_zarr(data: Any) -> bool:
    return isinstance(data, zarr.Array)


def opened(path: Path) -> Any:
    """The pixels of a file, as we read it."""
    return open_image(path).data
