"""What is written: in every format the same numbers, laid out as the programs around expect it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_pixclass import PixelClassifier
from napari_pixclass.batch import FORMATS, Batch, BatchOptions, save_results
from napari_pixclass.core import OUTPUTS
from napari_pixclass.io import ImageFile, open_image, open_labels

from .conftest import make_image, names_in, train

MICROMETRE = "\N{MICRO SIGN}m"
TOPS = {"uint8": 255, "uint16": 65535}


def predict(
    classifier: PixelClassifier, image: Path, folder: Path, **options: Any
) -> dict[str, Path]:
    """The files by output, or by the end of their names."""
    (result,) = Batch(classifier, [image], BatchOptions(folder=folder, **options)).run().results
    assert result.error is None, result.error
    return {path.name.partition(".")[0].rpartition("_")[2]: path for path in result.outputs}


def classes_first(image: ImageFile) -> np.ndarray:
    data = np.asarray(image.data)
    return data if image.channel_axis is None else np.moveaxis(data, image.channel_axis, 0)


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    tifffile.imwrite(tmp_path / "grey.tif", make_image())
    return tmp_path / "grey.tif"


@pytest.mark.parametrize("dtype", ["float32", "uint16", "uint8"])
@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "png"])
def test_the_same_numbers_in_every_format(
    classifier: PixelClassifier, grey: Path, tmp_path: Path, file_format: Any, dtype: Any
) -> None:
    files = predict(
        classifier, grey, tmp_path / "out", format=file_format, dtype=dtype, exports=OUTPUTS
    )
    names = [f"grey_{name.capitalize()}{FORMATS[file_format]}" for name in OUTPUTS]
    assert [path.name for path in files.values()] == names
    exact = np.moveaxis(classifier.predict_proba(make_image()), -1, 0)
    uncertainty = classifier.uncertainty(make_image())
    if dtype in TOPS:
        exact, uncertainty = (
            np.rint(np.float64(values) * TOPS[dtype]) for values in (exact, uncertainty)
        )
    written = {name: open_image(path) for name, path in files.items()}
    for name, expected in (("Probabilities", exact), ("Uncertainty", uncertainty)):
        values = classes_first(written[name])
        assert values.dtype == dtype
        np.testing.assert_array_equal(values, expected)
    segmentation = open_labels(files["Segmentation"])
    assert segmentation.dtype == np.uint8
    assert set(np.unique(segmentation)) == {1, 2, 5}
    np.testing.assert_array_equal(segmentation, classifier.predict(make_image()))


@pytest.mark.parametrize("file_format", ["tiff", "ome-tiff", "hdf5", "npy"])
def test_a_file_for_each_class(
    classifier: PixelClassifier, grey: Path, tmp_path: Path, file_format: Any
) -> None:
    files = predict(classifier, grey, tmp_path / "out", format=file_format, per_class=True)
    assert [path.name for path in files.values()] == [
        f"grey_Probabilities_{name}{FORMATS[file_format]}"
        for name in ("background", "cell_body", "nucleus")
    ]
    exact = classifier.predict_proba(make_image())
    for position, path in enumerate(files.values()):
        image = open_image(path)
        assert image.axes == "YX"
        np.testing.assert_array_equal(image.data, exact[..., position])


def test_png_files_hold_a_class_each(
    classifier: PixelClassifier, grey: Path, tmp_path: Path
) -> None:
    files = predict(classifier, grey, tmp_path / "out", format="png", exports=OUTPUTS)
    exact = np.rint(classifier.predict_proba(make_image()).astype(np.float64) * 255)
    assert [path.name for path in files.values()] == [
        "grey_Probabilities_background.png",
        "grey_Probabilities_cell_body.png",
        "grey_Probabilities_nucleus.png",
        "grey_Uncertainty.png",
        "grey_Segmentation.png",
    ]
    with Image.open(files["nucleus"]) as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.array(picture), exact[..., 2])


def test_integers_are_at_most_a_step_above_those_of_ilastik(shared_data: Path) -> None:
    """ilastik cuts off, we round: checked on probabilities that are hundredths, exported with renormalisation."""
    folder = shared_data / "imc_bodenmiller_ilastik/analysis/ilastik"
    reference = open_image(next(iter(sorted(folder.glob("*_Probabilities.tiff"))))).data
    hundredths = np.rint(reference / 65535 * 100) / 100
    assert set(np.unique(np.rint(hundredths * 65535) - reference)) <= {0, 1}
    np.testing.assert_array_equal(np.floor(hundredths * 65535), reference)


# TIFF as Fiji and CellProfiler read it --------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "top"), [("float32", 1.0), ("uint16", 65535.0)])
def test_tiff_files_are_hyperstacks_of_imagej(
    classifier: PixelClassifier, tmp_path: Path, dtype: Any, top: float
) -> None:
    image = tmp_path / "a.ome.tif"
    sizes = {f"PhysicalSize{letter}": size for letter, size in (("Y", 0.5), ("X", 0.25))}
    tifffile.imwrite(image, make_image(), ome=True, metadata={"axes": "YX", **sizes})
    files = predict(classifier, image, tmp_path / "out", dtype=dtype, exports=OUTPUTS)
    with tifffile.TiffFile(files["Probabilities"]) as tiff:
        assert tiff.is_imagej
        assert tiff.series[0].axes == "CYX"
        shown = tiff.imagej_metadata
        assert (shown["channels"], shown["mode"], shown["unit"]) == (3, "composite", "um")
        assert (shown["min"], shown["max"]) == (0.0, top)
        assert shown["Ranges"] == (0.0, top) * 3
        assert shown["Labels"] == ["background", "cell/body", "nucleus"]
        assert [table[:, -1].tolist() for table in shown["LUTs"]] == [
            [0, 0, 128],
            [0, 255, 0],
            [255, 0, 0],
        ]
        # CellProfiler divides by this tag where there is one, and by the range of the type otherwise.
        assert "SMaxSampleValue" not in tiff.pages.first.tags
        assert "MaxSampleValue" not in tiff.pages.first.tags
    written = open_image(files["Probabilities"])
    assert written.spacing == pytest.approx((0.5, 0.25))
    assert written.unit == MICROMETRE
    assert written.channel_names == ("background", "cell/body", "nucleus")
    for name, highest in (("Segmentation", 5.0), ("Uncertainty", top)):
        with tifffile.TiffFile(files[name]) as tiff:
            shown = tiff.imagej_metadata
            assert (shown["min"], shown["max"]) == (0.0, highest)


def test_the_channels_of_a_tiff_are_those_of_ilastiks(
    classifier: PixelClassifier, grey: Path, tmp_path: Path, shared_data: Path
) -> None:
    folder = shared_data / "imc_bodenmiller_ilastik/analysis/ilastik"
    theirs = open_image(next(iter(sorted(folder.glob("*_Probabilities.tiff")))))
    files = predict(classifier, grey, tmp_path / "out", renormalize=True)
    ours = open_image(files["Probabilities"])
    assert ours.data.dtype == theirs.data.dtype == np.uint16
    for image in (ours, theirs):
        assert image.channel_axis is not None
        assert len(classes_first(image)) == 3
        assert abs(classes_first(image).sum(axis=0, dtype=np.int64) - 65535).max() <= 2


def test_what_imagej_has_no_place_for_is_ome_tiff(tmp_path: Path) -> None:
    volume = make_image((3, 24, 30))
    tifffile.imwrite(tmp_path / "v.tif", volume, imagej=True, metadata={"axes": "ZYX"})
    files = predict(train(volume), tmp_path / "v.tif", tmp_path / "out", exports=OUTPUTS)
    with tifffile.TiffFile(files["Probabilities"]) as tiff:
        assert tiff.is_ome
        assert tiff.series[0].axes == "CZYX"  # ImageJ would have ZCYX
    with tifffile.TiffFile(files["Segmentation"]) as tiff:
        assert tiff.is_imagej
        assert tiff.series[0].axes == "ZYX"


def test_ome_tiff_is_asked_for_by_name(
    classifier: PixelClassifier, grey: Path, tmp_path: Path
) -> None:
    files = predict(classifier, grey, tmp_path / "out", format="ome-tiff", exports=OUTPUTS)
    for path in files.values():
        assert path.name.endswith(".ome.tiff")
        with tifffile.TiffFile(path) as tiff:
            assert tiff.is_ome
    assert open_image(files["Probabilities"]).channel_names == (
        "background",
        "cell/body",
        "nucleus",
    )


# HDF5 as ilastik writes it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [{}, {"block": (16, 16)}], ids=["in memory", "block by block"])
def test_hdf5_files_are_laid_out_as_those_of_ilastik(
    classifier: PixelClassifier, grey: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    files = predict(
        classifier, grey, tmp_path / "out", format="hdf5", exports=OUTPUTS, renormalize=True, **way
    )
    shown = {"Probabilities": "grayscale", "Uncertainty": "grayscale"}
    for name, path in files.items():
        with h5py.File(path) as file:
            assert list(file) == ["exported_data"]
            dataset = file["exported_data"]
            attributes = dict(dataset.attrs)
            assert attributes["display_mode"] == shown.get(name, "random-colortable")
            assert attributes.get("drange", np.array([])).tolist() == (
                [0, 65535] if name in shown else []
            )
            if name == "Probabilities":
                assert dataset.shape == (24, 30, 3)
                assert [label.label for label in dataset.dims] == ["y", "x", "c"]


@pytest.mark.parametrize("file_format", ["tiff", "ome-tiff", "npy"])
def test_block_by_block_gives_the_same(
    classifier: PixelClassifier, grey: Path, tmp_path: Path, file_format: Any
) -> None:
    options = {"format": file_format, "exports": OUTPUTS}
    whole = predict(classifier, grey, tmp_path / "whole", **options)
    blocks = predict(classifier, grey, tmp_path / "blocks", **options, block=(16, 16))
    for name, path in whole.items():
        one, other = open_image(path), open_image(blocks[name])
        np.testing.assert_array_equal(one.data, other.data)
        assert (one.data.dtype, one.axes) == (other.data.dtype, other.axes)


# Results that are in memory already -----------------------------------------------------------------------------------


def test_results_in_memory_go_to_the_same_files(
    classifier: PixelClassifier, grey: Path, tmp_path: Path
) -> None:
    options = BatchOptions(folder=tmp_path / "saved", exports=("segmentation", "probabilities"))
    arrays: dict[Any, Any] = {
        "probabilities": np.moveaxis(classifier.predict_proba(make_image()), -1, 0),
        "segmentation": classifier.predict(make_image()),
    }
    paths = save_results(arrays, open_image(grey), classifier.class_table_, options)
    expected = predict(
        classifier, grey, tmp_path / "batch", exports=("segmentation", "probabilities")
    )
    assert names_in(tmp_path / "saved") == names_in(tmp_path / "batch")
    for path, other in zip(paths, expected.values(), strict=True):
        assert path.read_bytes() == other.read_bytes()
    with pytest.raises(FileExistsError, match="results must not exist yet"):
        save_results(arrays, open_image(grey), classifier.class_table_, options)


def test_big_endian_images_and_axes_of_length_one(
    classifier: PixelClassifier, tmp_path: Path
) -> None:
    swapped = make_image().astype(">u2")
    tifffile.imwrite(tmp_path / "a.tif", swapped, byteorder=">", metadata=None)
    np.save(tmp_path / "b.npy", make_image()[np.newaxis, :, :, np.newaxis])
    expected = classifier.predict(make_image())
    for name, options in (("a.tif", {}), ("b.npy", {"axes": "ZYXC"})):
        for file_format in ("tiff", "png"):
            files = predict(
                classifier,
                tmp_path / name,
                tmp_path / name[0],
                format=file_format,
                exports=("segmentation",),
                **options,
            )
            written = open_labels(files["Segmentation"])
            np.testing.assert_array_equal(written.reshape(expected.shape), expected)
