"""Images that are written come back as they were, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_pixclass.io import (
    Display,
    ImageFile,
    open_image,
    replacing_all,
    write_image,
    write_png,
    write_tiff,
)

MICROMETRE = "\N{MICRO SIGN}m"


def numbers(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize(
    ("axes", "shape", "dtype"),
    [
        ("YX", (12, 14), "uint16"),
        ("CYX", (3, 12, 14), "float32"),
        ("CZYX", (2, 4, 12, 14), "float32"),
        ("CTZYX", (2, 3, 4, 12, 14), "uint8"),
        ("TYX", (3, 12, 14), "uint8"),
        ("YXS", (12, 14, 3), "uint8"),
        ("CQYX", (3, 2, 12, 14), "float32"),
        ("QZYX", (2, 4, 12, 14), "float32"),
        ("ZYX", (4, 12, 14), "float16"),  # a type that OME does not know
        ("CYX", (3, 12, 14), "uint8"),  # not to be taken for colours
    ],
)
def test_written_tiff_comes_back(
    tmp_path: Path, axes: str, shape: tuple[int, ...], dtype: str
) -> None:
    array = numbers(shape, dtype)
    spacing = tuple(0.5 + i for i, letter in enumerate("ZYX") if letter in axes)
    for unit in (MICROMETRE, "nm", None):
        write_tiff(tmp_path / "a.tiff", array, axes, spacing=spacing, unit=unit)
        image = open_image(tmp_path / "a.tiff")
        np.testing.assert_array_equal(image.data, array)
        assert image.data.dtype == array.dtype
        assert image.axes == axes
        assert image.spacing == pytest.approx(spacing, rel=1e-6)
        assert image.unit == unit


def test_written_names_and_resolution_are_those_of_ome(tmp_path: Path) -> None:
    write_tiff(
        tmp_path / "a.tiff",
        numbers((2, 8, 9), "float32"),
        "CYX",
        spacing=(0.5, 0.25),
        unit=MICROMETRE,
        channel_names=("Back & ground", "Cell"),
    )
    with tifffile.TiffFile(tmp_path / "a.tiff") as tiff:
        pixels = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
        assert [channel["Name"] for channel in pixels["Channel"]] == ["Back & ground", "Cell"]
        assert tiff.pages.first.tags.valueof("XResolution") == (40000, 1)


def test_wide_integers_are_narrowed_if_they_fit(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tiff", np.array([[1, 70000]], dtype=np.int64), "YX")
    assert open_image(tmp_path / "a.tiff").data.dtype == np.int32
    wide = np.array([[1, 2**40]], dtype=np.int64)
    write_tiff(tmp_path / "a.tiff", wide, "YX")
    np.testing.assert_array_equal(open_image(tmp_path / "a.tiff").data, wide)
    write_tiff(tmp_path / "a.tiff", np.array([[True, False]]), "YX")
    assert open_image(tmp_path / "a.tiff").data.tolist() == [[1, 0]]


def test_wrong_axes_and_spacing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="each of the array's 2 axes"):
        write_tiff(tmp_path / "a.tiff", numbers((8, 9)), "CYX")
    with pytest.raises(ValueError, match="each of the axes YX"):
        write_tiff(tmp_path / "a.tiff", numbers((8, 9)), "YX", spacing=(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="grey picture"):
        write_png(tmp_path / "a.png", numbers((8, 9), "float32"))
    assert not list(tmp_path.iterdir())


def test_files_that_belong_together_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("old")

    def write(*, complete: bool) -> None:
        with replacing_all([first, second]) as temporaries:
            temporaries[0].write_text("new")
            if not complete:
                raise OSError(28, "No space left on device")
            temporaries[1].write_text("new")

    with pytest.raises(OSError, match="No space left"):
        write(complete=False)
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]
    write(complete=True)
    assert first.read_text() == second.read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_written_png_comes_back(tmp_path: Path, dtype: str) -> None:
    write_png(tmp_path / "a.png", numbers((8, 9), dtype))
    np.testing.assert_array_equal(open_image(tmp_path / "a.png").data, numbers((8, 9), dtype))
    write_png(tmp_path / "a.png", numbers((8, 9, 3), "uint8"))
    assert open_image(tmp_path / "a.png").axes == "YXS"


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 9, 1), (3, 1, 9), (2, 3, 7, 1)])
def test_hyperstacks_of_one_row_or_column_come_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = numbers(shape)
    axes = "ZCYX"[-len(shape) :]
    colors = ((255, 0, 0),) * shape[-3]
    write_tiff(tmp_path / "a.tiff", array, axes, display=Display((0, 200), colors))
    image = open_image(tmp_path / "a.tiff")
    np.testing.assert_array_equal(image.data, array)
    assert image.axes == axes


@pytest.mark.parametrize("axes", ["QYX", "QQQYX"])
def test_hdf5_of_axes_that_nobody_knows(tmp_path: Path, axes: str) -> None:
    pytest.importorskip("h5py")
    array = numbers((2, 3, 2, 5, 6)[-len(axes) :])
    write_image(tmp_path / "a.h5", ImageFile("a", array, axes))
    np.testing.assert_array_equal(open_image(tmp_path / "a.h5").data, array)
