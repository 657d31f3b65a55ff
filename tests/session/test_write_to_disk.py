"""Predictions that a session writes to disk, beside its other work."""

from __future__ import annotations

import os
from concurrent.futures import CancelledError
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_pixclass.blockwise import RunFolder
from napari_pixclass.core import Step
from napari_pixclass.io import open_image
from napari_pixclass.session import ArrayImage, Place, Session

from .conftest import LONG

MICROMETRE = "\N{MICRO SIGN}m"


@pytest.fixture
def trained(session: Session, image: np.ndarray, labels: np.ndarray) -> Session:
    session.add_pair(image, labels)
    session.train().result(LONG)
    return session


@pytest.fixture
def large(trained: Session, image: np.ndarray) -> np.ndarray:
    """An image of several blocks, which is the target."""
    data = np.tile(image, (24, 20))
    trained.target = ArrayImage(data, name="large")
    trained.n_jobs = trained.classifier.n_jobs = 1
    return data


def expected(session: Session, data: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
    classifier = session.classifier
    return {
        "probabilities": np.moveaxis(classifier.predict_proba(data, **options), -1, 0),
        "uncertainty": classifier.uncertainty(data, **options),
        "segmentation": classifier.predict(data, **options),
    }


@pytest.mark.parametrize("file_format", ["ome-zarr", "tiff", "hdf5"])
def test_files_hold_what_the_classifier_says(
    trained: Session, image: np.ndarray, tmp_path: Path, file_format: Any
) -> None:
    written = trained.write_to_disk(tmp_path / "new" / "folder", file_format).result(LONG)
    for output, values in expected(trained, image).items():
        found = open_image(written.paths[output])
        pixels = np.asarray(found.data[...])
        if found.channel_axis is not None:  # the last one in HDF5
            pixels = np.moveaxis(pixels, found.channel_axis, 0)
        np.testing.assert_array_equal(pixels, values)
        if file_format == "ome-zarr":
            np.testing.assert_array_equal(written.levels[output][0].compute(), values)
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == sorted(
        path.name for path in written.paths.values()
    )
    assert written.n_pixels == image.size
    assert written.rate > 0


def test_channels_time_and_place_are_kept(session: Session, tmp_path: Path) -> None:
    data = np.random.default_rng(0).normal(size=(3, 40, 2, 50)).astype(np.float32)
    labels = np.zeros((3, 40, 50), np.uint8)
    labels[0, 3, :20], labels[1, 9, :20] = 1, 2
    source = ArrayImage(data, 2, (1.0, 0.5, 0.5), "what: a/name?")
    session.add_pair(source, labels)
    session.train().result(LONG)
    place = Place("TYX", MICROMETRE, (0.0, 7.0, 9.0))
    written = session.write_to_disk(tmp_path, place=place).result(LONG)
    assert written.paths["segmentation"].name == "what_ a_name__Segmentation.ome.zarr"
    for output, path in written.paths.items():
        found = open_image(path)
        options = {"channel_axis": 2, "spacing": (0.5, 0.5)}
        values = expected(session, data, **options)[output]
        np.testing.assert_array_equal(written.levels[output][0].compute(), values)
        assert found.axes == ("TCYX" if output == "probabilities" else "TYX")
        assert (found.spacing, found.unit, found.translation) == (
            (0.5, 0.5),
            MICROMETRE,
            (7.0, 9.0),
        )


def test_several_images_as_channels(session: Session, image: np.ndarray, tmp_path: Path) -> None:
    labels = np.where(np.arange(60) < 30, 1, 2).astype(np.uint8) * np.ones((50, 1), np.uint8)
    session.add_pair([image, image * 2], labels)
    session.train().result(LONG)
    written = session.write_to_disk(tmp_path).result(LONG)
    values = session.classifier.predict_proba(np.stack([image, image * 2]), channel_axis=0)
    np.testing.assert_array_equal(
        open_image(written.paths["probabilities"]).data[...], np.moveaxis(values, -1, 0)
    )


def test_outside_the_mask_there_is_nothing(
    trained: Session, image: np.ndarray, tmp_path: Path
) -> None:
    mask = np.zeros(image.shape, np.uint8)
    mask[10:30, 20:] = 7
    written = trained.write_to_disk(tmp_path, mask=mask).result(LONG)
    values = expected(trained, image)["segmentation"] * (mask != 0)
    np.testing.assert_array_equal(open_image(written.paths["segmentation"]).data[...], values)
    with pytest.raises(ValueError, match="a mask must have the shape of the image"):
        trained.write_to_disk(tmp_path, mask=mask[1:])


def test_what_was_cancelled_goes_on(trained: Session, large: np.ndarray, tmp_path: Path) -> None:
    said = []

    def cancel_in_the_middle(job: Any) -> None:
        if job is not None and not job.cancelled:
            said.append(job.what)
            if job.progress > 0:
                trained.cancel()

    trained.job_changed.connect(cancel_in_the_middle)
    job = trained.write_to_disk(tmp_path)
    with pytest.raises(CancelledError):
        job.result(LONG)
    trained.job_changed.disconnect(cancel_in_the_middle)
    assert said[-1].startswith("Writing large")
    assert [path.name for path in tmp_path.iterdir()] == ["large.unfinished"]
    assert trained.job is None
    written = trained.write_to_disk(tmp_path).result(LONG)
    assert 0 < written.n_pixels < large.size
    for output, values in expected(trained, large).items():
        np.testing.assert_array_equal(open_image(written.paths[output]).data[...], values)
    again = trained.write_to_disk(tmp_path).result(LONG)
    assert again.n_pixels == 0


def test_older_results_are_replaced_only_if_wanted(
    trained: Session, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    first = trained.write_to_disk(tmp_path).result(LONG)
    before = np.asarray(open_image(first.paths["probabilities"]).data[...])
    labels[20:24, 20:40] = 1
    trained.train().result(LONG)
    told: list[str] = []
    trained.failed.connect(told.append)
    with pytest.raises(ValueError, match="its model was another one"):
        trained.write_to_disk(tmp_path).result(LONG)
    assert told[0].endswith("Have older results replaced, or choose another folder.")
    assert "(overwrite)" not in told[0]
    np.testing.assert_array_equal(open_image(first.paths["probabilities"]).data[...], before)
    second = trained.write_to_disk(tmp_path, overwrite=True).result(LONG)
    values = expected(trained, image)["probabilities"]
    np.testing.assert_array_equal(open_image(second.paths["probabilities"]).data[...], values)
    trained.write_to_disk(tmp_path, "tiff").result(LONG)
    with pytest.raises(ValueError, match="results must not exist yet"):
        trained.write_to_disk(tmp_path, "tiff").result(LONG)
    trained.write_to_disk(tmp_path, "tiff", overwrite=True).result(LONG)


def test_a_file_in_the_way_is_said(trained: Session, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="results need a folder that can be written to"):
        trained.write_to_disk(tmp_path / "file").result(LONG)
    (tmp_path / "image.unfinished").mkdir()
    (tmp_path / "image.unfinished" / "thesis.txt").touch()
    for overwrite in (False, True):
        with pytest.raises(ValueError, match="holds something else"):
            trained.write_to_disk(tmp_path, overwrite=overwrite).result(LONG)
    assert (tmp_path / "image.unfinished" / "thesis.txt").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_said(trained: Session, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="no permission to write"):
        trained.write_to_disk(tmp_path).result(LONG)


def test_a_folder_in_use_is_left_alone(trained: Session, tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "image.unfinished"),
        pytest.raises(ValueError, match="only one run may write to a result at a time"),
    ):
        trained.write_to_disk(tmp_path).result(LONG)


def test_what_stands_in_the_way_is_said_at_once(
    session: Session, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    session.add_pair(image, labels)
    with pytest.raises(ValueError, match="Train first"):
        session.write_to_disk(tmp_path)
    session.train().result(LONG)
    with pytest.raises(ValueError, match="format must be one of"):
        session.write_to_disk(tmp_path, "png")  # type: ignore[arg-type]
    session.outputs = set()
    with pytest.raises(ValueError, match="at least one output"):
        session.write_to_disk(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_said(trained: Session, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Raise it"):
        trained.write_to_disk(tmp_path, memory=1).result(LONG)


def test_other_work_goes_on_meanwhile(trained: Session, large: np.ndarray, tmp_path: Path) -> None:
    job = trained.write_to_disk(tmp_path)
    with pytest.raises(ValueError, match="one image is written at a time"):
        trained.write_to_disk(tmp_path)
    before = trained.classifier
    assert trained.train().result(LONG) is not before
    assert not job.cancelled
    written = job.result(LONG)
    assert written.classifier is before  # the one that it was begun with


def test_closing_the_session_stops_it(trained: Session, large: np.ndarray, tmp_path: Path) -> None:
    job = trained.write_to_disk(tmp_path)
    trained.close()
    with pytest.raises(CancelledError):
        job.result(LONG)
    with pytest.raises(RuntimeError, match="session is closed"):
        trained.write_to_disk(tmp_path)


def test_a_full_disk_is_said(
    trained: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"has stopped: No space left on device. What is finished is"):
        trained.write_to_disk(tmp_path).result(LONG)
    monkeypatch.undo()
    assert trained.write_to_disk(tmp_path).result(LONG).n_pixels > 0


def test_steps_that_are_closed_give_the_folder_back(trained: Session, tmp_path: Path) -> None:
    tasks = []
    trained.disk.start = tasks.append  # type: ignore[method-assign,assignment]
    trained.write_to_disk(tmp_path)
    with closing(tasks[0].steps()) as steps:
        assert isinstance(next(steps), Step)
        next(steps)
    with RunFolder(tmp_path / "image.unfinished"):
        pass
