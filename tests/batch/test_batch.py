"""One image after another: progress, what failed, what exists already, and being cut short."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from napari_pixclass import PixelClassifier
from napari_pixclass.batch import Batch, BatchOptions, FileStep, find_images
from napari_pixclass.io import open_image, open_labels

from .conftest import make_image, names_in

PATIENCE = 60  # seconds; no test waits that long unless something is broken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, the second of which is bad."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in "ac":
        tifffile.imwrite(folder / f"{name}.tif", make_image())
    (folder / "b.tif").write_text("no image")
    return folder


def make_batch(classifier: PixelClassifier, folder: Path, **options: Any) -> Batch:
    chosen: dict[str, Any] = {"folder": folder.parent / "results", **options}
    return Batch(classifier, find_images([folder]), BatchOptions(**chosen))


def test_steps_tell_how_far_each_image_and_the_batch_are(
    classifier: PixelClassifier, folder: Path
) -> None:
    steps: list[FileStep] = []
    report = make_batch(classifier, folder).run(steps.append)
    assert all(earlier.done <= later.done for earlier, later in itertools.pairwise(steps))
    assert steps[-1].done == steps[-1].total
    assert {step.n_files for step in steps} == {3}
    finished = [step for step in steps if step.is_news]
    assert [step.result for step in finished] == list(report.results)
    assert [step.path.name for step in finished] == ["a.tif", "b.tif", "c.tif"]
    assert [(step.file_done, step.file_total) for step in finished] == [(1, 1)] * 3


def test_the_report_says_what_came_of_each_image(classifier: PixelClassifier, folder: Path) -> None:
    report = make_batch(classifier, folder).run()
    results = folder.parent / "results"
    good = [folder / "a.tif", folder / "c.tif"]
    assert [result.path for result in report.written] == good
    assert report.written[0].outputs == (results / "a_Probabilities.tiff",)
    (bad,) = report.failed
    assert bad.path == folder / "b.tif"
    assert bad.error is not None
    assert "it may be damaged: not a TIFF file" in bad.error
    assert (bad.outputs, bad.is_bad_input) == ((), True)
    assert report.summary() == "2 of 3 images predicted, 1 failed"
    assert names_in(results) == ["a_Probabilities.tiff", "c_Probabilities.tiff"]


def test_what_exists_is_not_made_again(classifier: PixelClassifier, folder: Path) -> None:
    results = folder.parent / "results"
    results.mkdir()
    (results / "a_Probabilities.tiff").write_bytes(b"of an earlier run")
    with pytest.raises(FileExistsError, match="results must not exist yet"):
        make_batch(classifier, folder).run()
    assert names_in(results) == ["a_Probabilities.tiff"]
    exports: Any = ("probabilities", "segmentation")
    report = make_batch(classifier, folder, skip_existing=True, exports=exports).run()
    assert not report.skipped  # the segmentation was missing
    assert len(report.written[0].outputs) == 2
    assert (results / "a_Probabilities.tiff").read_bytes() == b"of an earlier run"
    np.testing.assert_array_equal(
        open_labels(results / "a_Segmentation.tiff"), classifier.predict(make_image())
    )
    report = make_batch(classifier, folder, skip_existing=True, exports=exports).run()
    assert [result.path.name for result in report.skipped] == ["a.tif", "c.tif"]
    assert report.summary() == "0 of 3 images predicted, 2 skipped, their results exist, 1 failed"
    make_batch(classifier, folder, overwrite=True).run()
    assert open_image(results / "a_Probabilities.tiff").axes == "CYX"


def test_images_of_the_same_name(classifier: PixelClassifier, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "1.tif", make_image())
    images = find_images([tmp_path / "**" / "*.tif"])
    results = tmp_path / "results"
    with pytest.raises(FileExistsError, match=r"a/1\.tif' and '.*b/1\.tif' would both write"):
        Batch(classifier, images, BatchOptions(folder=results)).check()
    for pattern, expected in (
        ("{folder}/{stem}", ["a/1.tiff", "b/1.tiff"]),
        ("{parent}_{stem}", ["a_1.tiff", "b_1.tiff"]),
    ):
        folder = results / pattern[1:4]
        Batch(classifier, images, BatchOptions(folder=folder, name=pattern)).run()
        assert names_in(folder) == expected
    Batch(classifier, images, BatchOptions()).run()
    assert (tmp_path / "b" / "1_Probabilities.tiff").exists()


def test_results_never_replace_an_image(classifier: PixelClassifier, folder: Path) -> None:
    options = BatchOptions(folder=folder, name="{stem}.tif", overwrite=True)
    with pytest.raises(FileExistsError, match="must not replace an image"):
        Batch(classifier, find_images([folder]), options).check()


def test_a_batch_needs_images(classifier: PixelClassifier) -> None:
    with pytest.raises(ValueError, match="a batch needs images"):
        Batch(classifier, [], BatchOptions()).check()


def test_whatever_a_library_raises_of_damaged_pixels_does_not_stop_the_others(
    classifier: PixelClassifier, folder: Path
) -> None:
    array = zarr.create_array(folder / "a.zarr", data=make_image(), chunks=(24, 30))
    assert array.nchunks == 1
    (folder / "a.zarr" / "c" / "0" / "0").write_bytes(b"damaged")
    options = BatchOptions(folder=folder.parent / "results")
    report = Batch(classifier, [folder / "a.zarr", folder / "c.tif"], options).run()
    assert [result.path.name for result in report.failed] == ["a.zarr"]
    assert names_in(folder.parent / "results") == ["c_Probabilities.tiff"]


@pytest.mark.parametrize("file_format", ["tiff", "hdf5", "ome-zarr"])
def test_closing_the_steps_leaves_whole_results_only(
    classifier: PixelClassifier, tmp_path: Path, file_format: Any
) -> None:
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.tif", make_image((600, 600)))
    options = BatchOptions(folder=tmp_path / "results", format=file_format, block=(256, 256))
    batch = Batch(classifier, [tmp_path / "a.tif", tmp_path / "b.tif"], options)
    stopped = threading.Event()
    steps = batch.steps(stopped)
    for step in steps:
        if step.index == 1 and step.file_done > 0 and not step.detail:
            break
    stopped.set()
    steps.close()
    left = sorted(path.name for path in (tmp_path / "results").iterdir())
    (finished,) = [name for name in left if name.startswith("a_")]
    unfinished = ["b.unfinished"] if file_format == "ome-zarr" else []
    assert left == [finished, *unfinished]
    assert open_image(tmp_path / "results" / finished).data.shape != ()
    if unfinished:
        resumed = BatchOptions(
            folder=tmp_path / "results", format=file_format, block=(256, 256), resume=True
        )
        assert not Batch(classifier, batch.images, resumed).run().failed
        assert not list((tmp_path / "results").glob("*.unfinished"))


def test_spacing_and_axes_of_the_user_are_those_of_the_results(
    classifier: PixelClassifier, tmp_path: Path
) -> None:
    np.save(tmp_path / "a.npy", np.stack([make_image()] * 2))
    options = BatchOptions(
        folder=tmp_path, axes="TYX", spacing=(0.5, 0.25), exports=("segmentation",)
    )
    assert not Batch(classifier, [tmp_path / "a.npy"], options).run().failed
    written = open_image(tmp_path / "a_Segmentation.tiff")
    assert (written.axes, written.spacing) == ("TYX", pytest.approx((0.5, 0.25)))
    expected = classifier.predict(np.stack([make_image()] * 2), spacing=(0.5, 0.25))
    np.testing.assert_array_equal(written.data, expected)


def test_channels_where_the_file_says_nothing_are_those_of_the_model(
    colours_classifier: PixelClassifier, tmp_path: Path
) -> None:
    image = make_image((24, 30, 3)).astype(np.uint8)
    np.save(tmp_path / "a.npy", image)
    tifffile.imwrite(tmp_path / "b.tif", image[..., 0], imagej=True)
    options = BatchOptions(folder=tmp_path, exports=("segmentation",))
    report = Batch(colours_classifier, [tmp_path / "a.npy", tmp_path / "b.tif"], options).run()
    (bad,) = report.failed
    assert "has no channels, its axes are YX" in str(bad.error)
    np.testing.assert_array_equal(
        open_labels(tmp_path / "a_Segmentation.tiff"), colours_classifier.predict(image)
    )


def test_files_for_each_class_are_not_written_block_by_block(
    classifier: PixelClassifier, folder: Path
) -> None:
    report = make_batch(classifier, folder, per_class=True, memory=1000).run()
    assert "not written block by block. Choose ome-zarr" in str(report.failed[0].error)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_killed(classifier: PixelClassifier, tmp_path: Path) -> None:
    images, results, model = tmp_path / "images", tmp_path / "results", tmp_path / "m.pixclass"
    images.mkdir()
    for index in range(120):
        tifffile.imwrite(images / f"{index}.tif", make_image())
    classifier.save(model)
    command = [sys.executable, "-m", "napari_pixclass", "predict", str(model), str(images)]
    command += ["-o", str(results), "--export", "probabilities,segmentation", "--skip-existing"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    for _ in range(10):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    for path in results.iterdir():
        if path.name.startswith("."):
            assert path.suffix == ".part"
        else:
            assert open_image(path).data.shape[-2:] == (24, 30)
    n_whole = len([path for path in results.iterdir() if not path.name.startswith(".")])
    assert 10 <= n_whole < 240
    options = BatchOptions(
        folder=results, exports=("probabilities", "segmentation"), skip_existing=True
    )
    report = Batch(classifier, find_images([images]), options).run()
    assert not report.failed
    assert n_whole // 2 <= len(report.skipped) < 120
    assert len(find_images([results])) == 240  # a temporary file is no image
