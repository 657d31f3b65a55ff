"""Files that a session predicts beside its other work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_pixclass.core import ClassInfo
from napari_pixclass.io import open_image
from napari_pixclass.session import LiveSession

from .conftest import FEATURES, LONG


@pytest.fixture
def trained(image: np.ndarray, labels: np.ndarray) -> Iterator[LiveSession]:
    session = LiveSession()
    session.features = FEATURES
    session.n_estimators = 10
    session.add_pair(image, labels)
    session.train().result(LONG)
    yield session
    session.close()


@pytest.fixture
def folder(tmp_path: Path, image: np.ndarray) -> Path:
    """Three images, one of them in a folder below, and a file that is none."""
    folder = tmp_path / "images [1]"
    (folder / "below").mkdir(parents=True)
    for name in ("a_2.tif", "a_10.tif", "below/b.tif"):
        tifffile.imwrite(folder / name, image)
    (folder / "a_3.tif").write_bytes(b"not an image")
    return folder


def states(session: LiveSession) -> dict[str, str]:
    return {file.path.name: file.state for file in session.batch.files}


def test_a_bad_file_does_not_stop_the_others(
    trained: LiveSession, folder: Path, tmp_path: Path, image: np.ndarray
) -> None:
    finished: list[Any] = []
    trained.batch.finished.connect(finished.append)
    report = trained.predict_files(
        folder, tmp_path / "out", exports=("segmentation",), format="npy"
    ).result(LONG)
    assert finished == [report]
    assert report.summary() == "2 of 3 images predicted, 1 failed"
    assert states(trained) == {"a_2.tif": "done", "a_3.tif": "failed", "a_10.tif": "done"}
    failed = trained.batch.files[1]
    assert "cannot be read as an image" in failed.reason
    assert failed.outputs == ()
    written = trained.batch.files[2].outputs
    assert [path.name for path in written] == ["a_10_Segmentation.npy"]
    np.testing.assert_array_equal(np.load(written[0]), trained.classifier.predict(image))
    assert not trained.batch.is_busy
    assert trained.job is None


def test_finding_goes_on_where_something_is_missing(trained: LiveSession, folder: Path) -> None:
    told: list[str] = []
    trained.failed.connect(told.append)
    empty = folder / "empty"
    empty.mkdir()
    trained.batch.add([empty, folder / "a_2.tif"]).result(LONG)
    assert len(told) == 1
    assert str(empty) in told[0]
    trained.batch.add([folder], only="**/b*.tif").result(LONG)
    trained.batch.add([folder / "a_2.tif"], only="nothing*").result(LONG)
    assert list(states(trained)) == ["a_2.tif", "b.tif"]
    trained.batch.remove([0])
    assert list(states(trained)) == ["b.tif"]
    trained.batch.clear()
    assert trained.batch.files == ()


def test_it_goes_by_the_classifier_of_the_moment(
    trained: LiveSession, folder: Path, tmp_path: Path, image: np.ndarray, labels: np.ndarray
) -> None:
    expected = trained.classifier.predict_proba(image)
    job = trained.predict_files([folder / "a_2.tif"], tmp_path / "out")
    trained.classes = [ClassInfo(1, "renamed", "#ffb000"), *trained.classes[1:]]
    labels[labels > 0] = 3 - labels[labels > 0]
    trained.train().result(LONG)
    trained.remove_pair(trained.pairs[0])
    report = job.result(LONG)
    found = open_image(report.results[0].outputs[0])
    np.testing.assert_array_equal(found.data, np.moveaxis(expected, -1, 0))
    assert found.channel_names in ((), ("Class 1", "Class 2"))


def test_cancel_in_the_middle_leaves_nothing_half_written(
    trained: LiveSession, tmp_path: Path, image: np.ndarray
) -> None:
    paths = [tmp_path / f"{index}.npy" for index in range(3)]
    np.save(paths[0], image)
    for path in paths[1:]:
        np.save(path, np.tile(image, (40, 40)))
    trained.classifier.n_jobs = 1
    job = trained.predict_files(paths, tmp_path / "out", exports=("uncertainty",), format="npy")
    with pytest.raises(ValueError, match="one batch runs at a time"):
        trained.predict_files(paths, tmp_path / "other")

    def cancel() -> None:
        if states(trained)["1.npy"] == "running":
            trained.cancel()

    trained.batch.progressed.connect(cancel)
    with pytest.raises(CancelledError):
        job.result(LONG)
    assert states(trained) == {"0.npy": "done", "1.npy": "listed", "2.npy": "listed"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0_Uncertainty.npy"]
    trained.batch.progressed.disconnect(cancel)
    again = trained.predict_listed(
        tmp_path / "out", exports=("uncertainty",), format="npy", skip_existing=True
    )
    assert again.result(LONG).summary() == "2 of 3 images predicted, 1 skipped, their results exist"
    assert states(trained) == {"0.npy": "skipped", "1.npy": "done", "2.npy": "done"}


def test_what_is_in_the_way_is_said(trained: LiveSession, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Add images"):
        trained.predict_listed(tmp_path)
    with pytest.raises(ValueError, match="format must be one of"):
        trained.predict_files(folder, tmp_path, format="jpeg")
    (tmp_path / "a_2_Probabilities.tiff").touch()
    with pytest.raises(FileExistsError, match="results must not exist yet"):
        trained.predict_files(folder, tmp_path).result(LONG)
    assert set(states(trained).values()) == {"listed"}
    trained.classifier = None
    with pytest.raises(ValueError, match="Train first"):
        trained.predict_files(folder, tmp_path)


def test_closing_the_session_stops_it(
    trained: LiveSession, tmp_path: Path, image: np.ndarray
) -> None:
    np.save(tmp_path / "large.npy", np.tile(image, (40, 40)))
    before = set(threading.enumerate())
    trained.classifier.n_jobs = 1
    job = trained.predict_files(tmp_path / "large.npy", tmp_path / "out", format="npy")
    trained.batch.progressed.connect(trained.close)
    with pytest.raises(CancelledError):
        job.result(LONG)
    for thread in set(threading.enumerate()) - before:
        thread.join(LONG)
    assert not list((tmp_path / "out").glob("**/*"))


@pytest.mark.parametrize(
    ("options", "dtype"),
    [
        ({"format": "npy", "per_class": True}, "float32"),
        ({"format": "hdf5"}, "float32"),
        ({"format": "tiff", "dtype": "uint16"}, "uint16"),
        ({"format": "ome-zarr"}, "float32"),
        ({"format": "png"}, "uint8"),
    ],
)
def test_results_are_opened_again(
    trained: LiveSession,
    folder: Path,
    tmp_path: Path,
    image: np.ndarray,
    options: dict[str, Any],
    dtype: str,
) -> None:
    if options["format"] == "hdf5":
        pytest.importorskip("h5py")
    opened: list[Any] = []
    trained.batch.opened.connect(opened.extend)
    exports = ("segmentation", "probabilities", "uncertainty")
    trained.predict_files(folder / "a_2.tif", tmp_path / "o", exports=exports, **options).result(
        LONG
    )
    trained.batch.open_results([0]).result(LONG)
    (results,) = opened
    np.testing.assert_array_equal(results.image.data, image)
    assert set(results.values) == {1, 2, "uncertainty", "segmentation"}
    values = {key: np.asarray(value) for key, value in results.values.items()}
    np.testing.assert_array_equal(values["segmentation"], trained.classifier.predict(image))
    proba = trained.classifier.predict_proba(image)
    assert values[2].dtype == dtype
    np.testing.assert_allclose(values[2] / results.top, proba[..., 1], atol=1 / 254)
    np.testing.assert_allclose(
        values["uncertainty"] / results.top, trained.classifier.uncertainty(image), atol=1 / 254
    )


@pytest.mark.parametrize("file_format", ["tiff", "ome-zarr"])
def test_kept_results_of_another_classifier_are_not_mistaken(
    trained: LiveSession, folder: Path, tmp_path: Path, labels: np.ndarray, file_format: str
) -> None:
    options: dict[str, Any] = {"exports": ("probabilities",), "format": file_format}
    path = folder / "a_2.tif"
    trained.predict_files(path, tmp_path / "o", **options).result(LONG)
    labels[30, :5] = 3
    trained.labels_changed()
    trained.train().result(LONG)
    trained.predict_files(path, tmp_path / "o", skip_existing=True, **options).result(LONG)
    assert states(trained) == {"a_2.tif": "skipped"}
    with pytest.raises(ValueError, match=r"classes of the classifier, 3; .* has 2"):
        trained.batch.open_results([0]).result(LONG)


def test_kept_results_are_of_an_unknown_classifier_unless_it_has_just_made_them(
    trained: LiveSession, folder: Path, tmp_path: Path
) -> None:
    path, options = folder / "a_2.tif", {"exports": ("segmentation",), "format": "npy"}
    trained.predict_files(path, tmp_path / "o", **options).result(LONG)
    assert not trained.batch.files[0].is_kept
    trained.predict_files(path, tmp_path / "o", skip_existing=True, **options).result(LONG)
    assert not trained.batch.files[0].is_kept
    trained.random_state = 5
    trained.train().result(LONG)
    trained.predict_files(path, tmp_path / "o", skip_existing=True, **options).result(LONG)
    assert trained.batch.files[0].is_kept


def test_looking_for_images_shows_and_can_be_stopped(trained: LiveSession, folder: Path) -> None:
    job = trained.batch.add([str(folder.parent / "**" / "*.tif")])
    assert trained.job is job
    trained.cancel()
    with pytest.raises(CancelledError):
        job.result(LONG)
    assert trained.batch.files == ()
    assert trained.job is None
    trained.batch.add([folder], "**/*.tif").result(LONG)
    assert [file.path.name for file in trained.batch.files] == [
        "a_2.tif",
        "a_3.tif",
        "a_10.tif",
        "b.tif",
    ]
