"""Predictions of a session compared with the truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_pixclass.core import ClassInfo, FeatureSet, SparseLabels, score
from napari_pixclass.io import open_image
from napari_pixclass.session import ArrayImage, ArrayLabels, LiveArray, LiveSession

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
def truth() -> np.ndarray:
    """The two halves, part of them unknown, and a class that nobody has trained."""
    truth = np.where(np.arange(60) < 33, 1, 2) * np.ones((50, 1), np.uint8)
    truth[:7] = 0
    truth[40:, :4] = 5
    return truth.astype(np.uint8)


def test_an_image_is_predicted_and_compared_where_there_is_a_truth(
    trained: LiveSession, image: np.ndarray, truth: np.ndarray
) -> None:
    trained.classes = [ClassInfo(1, "dark", "#ffb000"), ClassInfo(2, "bright", "#3d8bfd")]
    evaluation = trained.evaluate((image, truth)).result(LONG)
    expected = score(trained.classifier.predict(image), truth, [1, 2])
    np.testing.assert_array_equal(evaluation.matrix.confusion, expected.confusion)
    assert evaluation.matrix.names == ("dark", "bright", "Class 5")
    assert evaluation.matrix.n_unlabelled == 7 * 60
    assert evaluation.matrix.recall[2] == 0  # it has no way of knowing
    assert trained.evaluation is evaluation
    assert trained.job is None


def test_pairs_are_summed_and_a_segmentation_is_judged_as_it_is(
    trained: LiveSession, image: np.ndarray, truth: np.ndarray
) -> None:
    segmentation = np.zeros_like(truth)
    segmentation[:, :30] = 1
    evaluation = trained.evaluate((ArrayLabels(segmentation), truth), (image, truth)).result(LONG)
    one = score(segmentation, truth)
    other = score(trained.classifier.predict(image), truth)
    assert evaluation.matrix.n_pixels == 2 * one.n_pixels
    np.testing.assert_array_equal(evaluation.matrix.confusion, (one + other).confusion)
    assert evaluation.names == (("labels", "labels"), ("image", "labels"))
    trained.classifier = None  # none is needed
    alone = trained.evaluate((ArrayLabels(segmentation), truth)).result(LONG)
    assert alone.matrix.missed.sum() == one.missed.sum() > 0


@pytest.mark.parametrize("kind", ["time", "lazy", "sparse", "channels"])
def test_of_all_kinds_of_images(kind: str) -> None:
    rng = np.random.default_rng(1)
    data = (rng.normal(size=(3, 40, 60)) + np.where(np.arange(60) < 30, 0, 9)).astype(np.float32)
    labels = np.zeros((40, 60), np.uint8)
    labels[5, 3:20], labels[9, 33:50] = 1, 2
    truth = np.zeros((3, 40, 60), np.uint8)
    truth[0], truth[2, :, 31:] = 1, 2
    session = LiveSession()
    session.features, session.n_estimators = FeatureSet.fast(2), 5
    if kind == "channels":
        image = ArrayImage(data, 0)
        truth = truth[2]
        session.add_pair(image, labels)
    else:
        session.add_pair(data[0], labels)
        image = ArrayImage(da.from_array(data, chunks=(1, 20, 60)) if kind == "lazy" else data)
    session.train().result(LONG)
    sparse = SparseLabels(truth.shape)
    sparse[...] = truth
    given = ArrayLabels(sparse if kind == "sparse" else truth)
    evaluation = session.evaluate((image, given)).result(LONG)
    expected = score(session.classifier.predict(data), truth, [1, 2])
    np.testing.assert_array_equal(evaluation.matrix.confusion, expected.confusion)
    session.close()


def test_labels_that_are_trained_on_are_no_test(
    trained: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    evaluation = trained.evaluate((image, trained.pairs[0].labels)).result(LONG)
    assert "trained on labels" in evaluation.notes[0]
    assert "note: the classifier is trained on labels" in evaluation.text()
    assert evaluation.to_dict()["notes"][0] == evaluation.notes[0]


def test_what_is_in_the_way_is_said(
    trained: LiveSession, image: np.ndarray, truth: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="Choose what is to be judged"):
        trained.evaluate()
    with pytest.raises(ValueError, match="shape of what is judged"):
        trained.evaluate((image[:20], truth))
    with pytest.raises(ValueError, match="1 channels"):
        trained.evaluate((ArrayImage(np.zeros((50, 60, 3), np.uint8), -1), truth))
    with pytest.raises(ValueError, match="known for at least one pixel"):
        trained.evaluate((image, np.zeros_like(truth))).result(LONG)
    with pytest.raises(ValueError, match="no evaluation to save"):
        trained.save_evaluation("x.json")
    trained.classifier = None
    with pytest.raises(ValueError, match="Train first"):
        trained.evaluate((image, truth))


def test_a_live_segmentation_that_is_not_complete_is_not_judged(
    trained: LiveSession, truth: np.ndarray
) -> None:
    live = LiveArray("segmentation", np.uint8, truth.shape)  # nothing has been predicted as yet
    with pytest.raises(ValueError, match="must be complete"):
        trained.evaluate((ArrayLabels(live), truth)).result(LONG)


def test_it_is_known_of_which_classifier_the_figures_are(
    trained: LiveSession, image: np.ndarray, truth: np.ndarray
) -> None:
    evaluation = trained.evaluate((image, truth)).result(LONG)
    trained.classes = [ClassInfo(1, "dark", "#ffb000"), ClassInfo(2, "bright", "#3d8bfd")]
    assert not evaluation.is_older_than(trained.classifier)
    trained.pairs[0].labels.data[20, 20] = 2
    trained.labels_changed()
    trained.train().result(LONG)
    assert evaluation.is_older_than(trained.classifier)
    judged = trained.evaluate((ArrayLabels(truth), truth)).result(LONG)
    assert not judged.is_older_than(None)  # no classifier has had a part in it


def test_files(trained: LiveSession, image: np.ndarray, truth: np.ndarray, tmp_path: Path) -> None:
    evaluation = trained.evaluate((image, truth)).result(LONG)
    for name in ("a.json", "a.png", "a.txt"):
        trained.save_evaluation(tmp_path / name).result(LONG)
    assert json.loads((tmp_path / "a.json").read_text())["mean_iou"] == evaluation.matrix.mean_iou
    assert open_image(tmp_path / "a.png").data.shape[-1] == 3
    assert (tmp_path / "a.txt").read_text() == f"{evaluation.text()}\n"
    with pytest.raises(ValueError, match="one of these endings"):
        trained.save_evaluation(tmp_path / "a.csv")
