"""Calibrated probabilities: the same numbers in memory, lazily, on disk and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import napari_pixclass as px
from napari_pixclass.blockwise import model_token
from napari_pixclass.cli import main
from napari_pixclass.core._calibration import sharpened
from napari_pixclass.core._sharpening import sharpen
from napari_pixclass.io import inspect_model, open_image

FEATURES = px.FeatureSet.from_selection(
    {"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]}
)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    rng = np.random.default_rng(0)
    halves = np.where(np.arange(80) < 40, 80, 120)
    return (halves + rng.normal(size=(70, 80)) * 25).astype(np.float32)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    labels = np.zeros((70, 80), np.uint8)
    labels[5:60:8, 5:35], labels[5:60:8, 45:75], labels[64, ::9] = 1, 4, 2
    return labels


@pytest.fixture(scope="module")
def classifier(image: np.ndarray, labels: np.ndarray) -> px.PixelClassifier:
    return px.PixelClassifier(FEATURES, n_estimators=20).fit(image, labels)


@pytest.mark.parametrize("sharpness", [0.3, 0.9, 1.7, 20])
def test_probabilities_are_raised_and_classes_stay(
    classifier: px.PixelClassifier, image: np.ndarray, sharpness: float
) -> None:
    raw = classifier.predict_proba(image)
    calibrated = classifier.calibrated(sharpness)
    assert (calibrated.sharpness_, classifier.sharpness_) == (sharpness, 1)
    found = calibrated.predict_proba(image)
    expected = np.maximum(raw.astype(np.float64), 0.003) ** sharpness
    np.testing.assert_allclose(found, expected / expected.sum(-1, keepdims=True), atol=1e-6)
    np.testing.assert_array_equal(calibrated.predict(image), classifier.predict(image))
    two = np.sort(found, axis=-1)
    np.testing.assert_allclose(
        calibrated.uncertainty(image), 1 - two[..., -1] + two[..., -2], atol=1e-6
    )
    # What a script may do with the forest itself is left as it was.
    X = px.compute_features(image, FEATURES).reshape(-1, len(FEATURES))
    np.testing.assert_array_equal(
        calibrated.estimator_.predict_proba(X), classifier.estimator_.predict_proba(X)
    )
    np.testing.assert_array_equal(classifier.predict_proba(image), raw)
    np.testing.assert_array_equal(calibrated.calibrated(1).predict_proba(image), raw)
    again = calibrated.calibrated(0.7)
    np.testing.assert_array_equal(
        again.predict_proba(image), classifier.calibrated(0.7).predict_proba(image)
    )


votes = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 40)),
    elements=st.floats(0, 1, width=32),
)


@given(votes, st.floats(0.01, 100))
def test_every_most_probable_class_stays(p: np.ndarray, power: float) -> None:
    p[0, p.sum(axis=0) == 0] = 1
    p /= p.sum(axis=0)
    after = p.copy()
    sharpen(after, power)
    np.testing.assert_array_equal(after.argmax(axis=0), p.argmax(axis=0))
    np.testing.assert_allclose(after.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(sharpened(np.ascontiguousarray(p.T), power).T, after)


def test_almost_equal_probabilities_keep_their_order() -> None:
    p = np.array([[0.25], [np.nextafter(np.float32(0.375), np.float32(1))], [0.375]], np.float32)
    for order in ([0, 1, 2], [2, 1, 0], [2, 0, 1]):
        after = np.ascontiguousarray(p[order])
        sharpen(after, 0.01)
        assert after.argmax() == p[order].argmax()


@given(rows=st.integers(1, 70), columns=st.integers(1, 80))
def test_lazy_equals_eager(
    classifier: px.PixelClassifier, image: np.ndarray, rows: int, columns: int
) -> None:
    calibrated = classifier.calibrated(1.3)
    lazy = calibrated.predict_proba(da.from_array(image, chunks=(max(rows, 20), max(columns, 20))))
    np.testing.assert_array_equal(np.asarray(lazy), calibrated.predict_proba(image))


def test_runs_to_disk_hold_the_same_and_know_the_sharpness(
    classifier: px.PixelClassifier, image: np.ndarray, tmp_path: Path
) -> None:
    tokens = {model_token(c, c.predictor()) for c in (classifier, classifier.calibrated(1))}
    assert len(tokens) == 1
    assert model_token(classifier.calibrated(2), classifier.predictor()) not in tokens


def test_a_saved_classifier_keeps_it(
    classifier: px.PixelClassifier, image: np.ndarray, tmp_path: Path
) -> None:
    calibrated = classifier.calibrated(1.2345678901)
    calibrated.save(tmp_path / "c.pixclass")
    loaded = px.load(tmp_path / "c.pixclass")
    assert loaded.sharpness_ == 1.2345678901
    np.testing.assert_array_equal(loaded.predict_proba(image), calibrated.predict_proba(image))
    assert inspect_model(tmp_path / "c.pixclass").format_version == 4
    loaded.calibrated(1).save(tmp_path / "raw.pixclass")
    assert inspect_model(tmp_path / "raw.pixclass").format_version == 1


def test_training_again_and_cloning_forget_it(
    classifier: px.PixelClassifier, image: np.ndarray, labels: np.ndarray
) -> None:
    calibrated = classifier.calibrated(2)
    assert clone(calibrated).fit(image, labels).sharpness_ == 1
    assert calibrated.fit(image, labels).sharpness_ == 1
    np.testing.assert_array_equal(calibrated.predict_proba(image), classifier.predict_proba(image))


def test_other_estimators(image: np.ndarray, labels: np.ndarray) -> None:
    classifier = px.PixelClassifier(FEATURES, estimator=LogisticRegression()).fit(image, labels)
    calibrated = classifier.calibrated(0.5)
    np.testing.assert_array_equal(calibrated.predict(image), classifier.predict(image))
    assert (
        calibrated.predict_proba(image).max(-1) < classifier.predict_proba(image).max(-1)
    ).mean() > 0.9


@pytest.mark.parametrize("sharpness", [0, -1, float("nan"), float("inf"), 1e9, 0.001])
def test_impossible_values(classifier: px.PixelClassifier, sharpness: float) -> None:
    with pytest.raises(ValueError, match=r"sharpness must lie between 0.01 and 100; got"):
        classifier.calibrated(sharpness)


@pytest.mark.parametrize("sharpness", ["1", None, True, [1]])
def test_what_is_no_number(classifier: px.PixelClassifier, sharpness: object) -> None:
    with pytest.raises(TypeError, match="sharpness must be a number"):
        classifier.calibrated(sharpness)


def test_figures_do_not_depend_on_it(
    classifier: px.PixelClassifier, image: np.ndarray, labels: np.ndarray
) -> None:
    """What is found out is the power of the forest itself, however often one asks."""
    found = px.cross_validate(classifier, image, labels)
    again = px.cross_validate(classifier.calibrated(found.sharpness), image, labels)
    assert again.to_dict() == found.to_dict()


# Command line ---------------------------------------------------------------------------------------------------------


def test_the_command_line_gives_the_same(
    image: np.ndarray, labels: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", image)
    tifffile.imwrite(tmp_path / "l.tif", labels)
    px.save_features(FEATURES, tmp_path / "f.json")
    model = str(tmp_path / "m.pixclass")
    train = ["train", "--pair", f"{tmp_path}/a.tif", f"{tmp_path}/l.tif", "--trees", "20"]
    options = ["--features", f"{tmp_path}/f.json", "--calibrate", "--save-labels", "-o", model]
    assert main(train + options) == 0
    classifier = px.PixelClassifier(FEATURES, n_estimators=20).fit(image, labels)
    sharpness = px.cross_validate(classifier, image, labels).sharpness
    calibrated = classifier.calibrated(sharpness)
    loaded = px.load(model)
    assert loaded.sharpness_ == sharpness
    assert f"sharpness {sharpness:.2f}; error of left-out labels" in capsys.readouterr().out
    assert main(["predict", model, f"{tmp_path}/a.tif", "-o", str(tmp_path)]) == 0
    written = np.moveaxis(np.asarray(open_image(tmp_path / "a_Probabilities.tiff").data), 0, -1)
    np.testing.assert_array_equal(written, calibrated.predict_proba(image))
    disk = ["--format", "ome-zarr", "--block-size", "32,32"]
    assert main(["predict", model, f"{tmp_path}/a.tif", "-o", str(tmp_path / "z"), *disk]) == 0
    written = open_image(tmp_path / "z" / "a_Probabilities.ome.zarr").data
    np.testing.assert_array_equal(
        np.moveaxis(np.asarray(written), 0, -1), calibrated.predict_proba(image)
    )
    capsys.readouterr()
    assert main(["info", model]) == 0
    assert "probabilities are calibrated" in capsys.readouterr().out
    assert main(["info", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sharpness"] == sharpness
    # Whoever goes on with a calibrated model has a calibrated one.
    other = str(tmp_path / "n.pixclass")
    assert main(["train", "--continue", model, "-o", other]) == 0
    assert px.load(other).sharpness_ == sharpness


def test_too_few_strokes_are_told_before_the_training(
    image: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.zeros(image.shape, np.uint8)
    labels[5, 5:30], labels[9, 45:75] = 1, 2
    tifffile.imwrite(tmp_path / "a.tif", image)
    tifffile.imwrite(tmp_path / "l.tif", labels)
    model = tmp_path / "m.pixclass"
    pair = ["--pair", f"{tmp_path}/a.tif", f"{tmp_path}/l.tif"]
    assert main(["train", *pair, "--trees", "5", "--calibrate", "-o", str(model)]) == 2
    assert "two strokes or more" in capsys.readouterr().err
    assert not model.exists()
