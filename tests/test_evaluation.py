"""`evaluate` on whatever holds class values, and finding the truth of a file by its name."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, run_steps
from napari_pixclass.evaluation import evaluate_image_steps, match_by_name

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 3, (6, 40, 30)).astype(np.uint8)
PREDICTION = np.where(RANDOM.random(TRUTH.shape) < 0.8, TRUTH, 1).astype(np.uint8)
EXPECTED = px.ConfusionMatrix.of(TRUTH, PREDICTION).to_dict()


def test_arrays_of_any_kind(tmp_path: Path) -> None:
    stored = zarr.create_array(tmp_path / "t.zarr", shape=TRUTH.shape, dtype="u1", chunks=(2, 9, 9))
    stored[:] = TRUTH
    tifffile.imwrite(tmp_path / "p.tif", PREDICTION, photometric="minisblack")
    for truth, prediction in (
        (TRUTH, PREDICTION),
        (TRUTH.tolist(), PREDICTION.tolist()),
        (da.from_array(TRUTH, chunks=7), da.from_array(PREDICTION, chunks=11)),
        (stored, tmp_path / "p.tif"),
        (tmp_path / "t.zarr", str(tmp_path / "p.tif")),
        (list(TRUTH), list(PREDICTION)),
        ([TRUTH[:2], TRUTH[2:]], [PREDICTION[:2], PREDICTION[2:]]),
    ):
        assert px.evaluate(truth, prediction).to_dict() == EXPECTED


def test_one_image_of_rows() -> None:
    assert px.evaluate([[1, 1], [2, 2]], [[1, 1], [2, 1]]).accuracy == 0.75


def test_classes() -> None:
    info = ClassInfo(2, "Cell", "#101010")
    assert px.evaluate([[2, 2]], [[2, 2]], classes=[info, 7]).names == ("Cell", "Class 7")


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="a prediction for each truth"):
        px.evaluate([TRUTH, TRUTH], [PREDICTION])
    with pytest.raises(ValueError, match="shape of the truth"):
        px.evaluate(TRUTH, PREDICTION[1:])
    with pytest.raises(ValueError, match="at least one pixel"):
        px.evaluate(np.zeros((3, 3), int), np.ones((3, 3), int))


def _matched(files: str, truths: str) -> dict[str, str]:
    matches = match_by_name(
        [Path("files") / f"{name}.tif" for name in files.split()],
        [Path("truth") / f"{name}.png" for name in truths.split()],
    )
    return {file.stem: truth.stem for file, truth in matches.pairs}


@pytest.mark.parametrize(
    ("files", "truths", "expected"),
    [
        ("x", "y", {"x": "y"}),  # there is nothing to choose
        ("a b", "b a", {"a": "a", "b": "b"}),
        ("a b", "a_labels b_labels", {"a": "a_labels", "b": "b_labels"}),
        ("a_Segmentation b_Segmentation", "b a", {"a_Segmentation": "a", "b_Segmentation": "b"}),
        ("a_1 a_10", "a_10_gt a_1_gt", {"a_1": "a_1_gt", "a_10": "a_10_gt"}),
        ("a a_b", "a_b_mask a_mask", {"a": "a_mask", "a_b": "a_b_mask"}),
        ("a a_b", "a_anna a_b_anna", {"a": "a_anna", "a_b": "a_b_anna"}),
        ("a_Segmentation b", "a_truth b-truth", {"a_Segmentation": "a_truth", "b": "b-truth"}),
        ("s1-Simple_Segmentation s2", "s1_labels", {"s1-Simple_Segmentation": "s1_labels"}),
        ("cell_a cell_b", "cell_a cell_c", {"cell_a": "cell_a"}),
        ("a1 a2", "a1b a3", {}),
        ("labels b", "labels c", {"labels": "labels"}),
        ("cell cell_3", "cell_2_labels cell_3_labels", {"cell_3": "cell_3_labels"}),
    ],
)
def test_matching_by_name(files: str, truths: str, expected: dict[str, str]) -> None:
    assert _matched(files, truths) == expected


def test_what_names_do_not_tell() -> None:
    with pytest.raises(ValueError, match="Name the pairs one by one"):
        _matched("a b", "a_labels a_mask")
    with pytest.raises(ValueError, match="Name the pairs one by one"):
        _matched("a_Segmentation a_prediction", "a_labels b")


def test_what_is_left_over() -> None:
    files, truths = [Path("a.tif"), Path("c.tif")], [Path("a_labels.tif"), Path("d.tif")]
    assert match_by_name(files, truths).alone == (Path("c.tif"), Path("d.tif"))


@pytest.mark.parametrize("ndim", [2, 3])
def test_where_the_channels_are_may_be_counted_from_the_end(tmp_path: Path, ndim: int) -> None:
    image = RANDOM.random((6, 40, 30, 2), dtype=np.float32)[-1 if ndim == 2 else slice(None)]
    labels = TRUTH[-1 if ndim == 2 else slice(None)]
    features = px.FeatureSet.from_selection({"gaussian_smoothing": [0.7]}, ndim)
    classifier = px.PixelClassifier(features, n_estimators=2).fit(image, labels, channel_axis=-1)
    np.save(tmp_path / "image.npy", image)
    np.save(tmp_path / "truth.npy", labels)
    steps = evaluate_image_steps(classifier, tmp_path / "image.npy", tmp_path / "truth.npy")
    expected = px.evaluate(labels, classifier.predict(image), classes=classifier.class_table_)
    assert run_steps(steps).to_dict() == expected.to_dict()
