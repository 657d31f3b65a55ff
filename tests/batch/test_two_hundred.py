"""A folder of two hundred files, ten of which are bad each in its own way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_pixclass import PixelClassifier
from napari_pixclass.cli import main
from napari_pixclass.io import open_labels

from .conftest import make_image, names_in

N_FILES, N_BAD = 200, 10


def write_h5(path: Path, image: np.ndarray, name: str = "raw") -> None:
    with h5py.File(path, "w") as file:
        file[name] = image


GOOD: tuple[tuple[str, Callable[[Path, np.ndarray], object]], ...] = (
    (".tif", tifffile.imwrite),
    (".ome.tif", lambda path, image: tifffile.imwrite(path, image, ome=True)),
    (".tiff", lambda path, image: tifffile.imwrite(path, image, imagej=True)),
    (".TIF", lambda path, image: tifffile.imwrite(path, image, compression="zlib")),
    (".png", lambda path, image: Image.fromarray(image).save(path)),
    (".jpg", lambda path, image: Image.fromarray(image.astype(np.uint8)).save(path)),
    (".npy", np.save),
    (".h5", write_h5),
    (".zarr", lambda path, image: zarr.create_array(path, data=image)),
)


def write_bad(folder: Path) -> dict[str, str]:
    """Write ten files; give the reason that each must be refused for."""
    image = make_image()
    tifffile.imwrite(folder / "cut.tif", image, compression="zlib")
    content = (folder / "cut.tif").read_bytes()
    (folder / "cut.tif").write_bytes(content[: len(content) // 2])
    Image.fromarray(make_image((24, 30, 3)).astype(np.uint8)).save(folder / "colours.png")
    (folder / "empty.tif").touch()
    tifffile.imwrite(folder / "nan.tif", np.full((24, 30), np.nan, np.float32))
    (folder / "text.png").write_text("once upon a time")
    (folder / "folder.tif").mkdir()
    (folder / "link.tif").symlink_to(folder / "gone.tif")
    np.save(folder / "nothing.npy", np.zeros((0, 30)))
    np.save(folder / "complex.npy", image.astype(np.complex64))
    write_h5(folder / "two.h5", image)
    with h5py.File(folder / "two.h5", "a") as file:
        file["other"] = image
    return {
        "cut.tif": "cannot be read as an image",
        "colours.png": "trained on images with 1 channels; got 3",
        "empty.tif": "cannot be read as an image",
        "nan.tif": "must hold finite numbers",
        "text.png": "cannot be read as an image",
        "folder.tif": "is a folder",
        "link.tif": "there is no",
        "nothing.npy": "hold pixels",
        "complex.npy": "must hold real numbers; got complex64",
        "two.h5": "it holds the images other, raw; name one of them as in 'two.h5/other'",
    }


def test_ten_bad_files_among_two_hundred(
    classifier: PixelClassifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, results = tmp_path / "images", tmp_path / "results"
    images.mkdir()
    reasons = write_bad(images)
    assert len(reasons) == N_BAD
    (images / "notes.txt").write_text("no image, and not called one")
    (images / ".hidden.tif").write_text("what an interrupted copy may leave")
    for index in range(N_FILES - N_BAD):
        suffix, write = GOOD[index % len(GOOD)]
        write(images / f"cell {index}{suffix}", make_image(seed=index))
    model = tmp_path / "m.pixclass"
    classifier.save(model)

    code = main(
        [
            "predict",
            str(model),
            str(images),
            "-o",
            str(results),
            "--export",
            "segmentation,probabilities",
            "--renormalize",
        ]
    )

    assert code == 1
    out, err = capsys.readouterr()
    n_good = N_FILES - N_BAD
    names = [
        f"cell {index}_{output}.tiff"
        for index in range(n_good)
        for output in ("Probabilities", "Segmentation")
    ]
    assert names_in(results) == sorted(names)
    assert sorted(out.splitlines()) == sorted(str(results / name) for name in names)
    lines = err.splitlines()
    assert lines[-1] == f"napari-pixclass: {N_BAD} of {N_FILES} images failed"
    summary = lines[lines.index("failed:") + 1 : -1]
    assert len(summary) == N_BAD
    for name, reason in reasons.items():
        (line,) = [line for line in summary if str(images / name) in line]
        assert reason in line
    assert f"[{N_FILES}/{N_FILES}] predicting " in err
    for index in (0, 3, 8, n_good - 1):
        if GOOD[index % len(GOOD)][0] != ".jpg":
            np.testing.assert_array_equal(
                open_labels(results / f"cell {index}_Segmentation.tiff"),
                classifier.predict(make_image(seed=index)),
            )
