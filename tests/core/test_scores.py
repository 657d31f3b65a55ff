"""Scores: by hand, against scikit-learn, and what is said of those that are undefined or not worth much."""

from __future__ import annotations

import json
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from napari_pixclass.core import (
    ClassInfo,
    ConfusionMatrix,
    FeatureSet,
    PixelClassifier,
    draw_confusion,
    evaluation_steps,
    run_steps,
    score,
    slabs,
)
from napari_pixclass.core import _scores as scores_module

CLASSES = st.sampled_from([0, 2, 3, 9, 2000])
PIXELS = st.lists(st.tuples(CLASSES, CLASSES), min_size=1, max_size=60)


def test_by_hand() -> None:
    truth = np.array([[1, 1, 4], [4, 4, 0]])
    segmentation = np.array([[1, 4, 4], [4, 1, 1]])
    scores = score(segmentation, truth, [1, 4])
    assert scores.values == (1, 4)
    assert scores.confusion.tolist() == [[1, 1], [1, 2]]
    assert scores.iou == (1 / 3, 2 / 4)
    assert scores.dice == (2 / 4, 4 / 6)
    assert scores.precision == scores.recall == (1 / 2, 2 / 3)
    assert scores.support == (2, 3)
    assert (scores.n_pixels, scores.n_unlabelled) == (5, 1)
    assert scores.mean_iou == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert scores.accuracy == 3 / 5
    assert scores.balanced_accuracy == scores.mean_recall == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores.majority_share == 3 / 5


@given(PIXELS)
def test_as_scikit_learn(pixels: list[tuple[int, int]]) -> None:
    truth, prediction = np.array(pixels).T
    matrix = ConfusionMatrix.of(truth, prediction)
    known = truth > 0
    true, ours = truth[known], prediction[known]
    present = sorted({*true.tolist(), *ours.tolist()} - {0})
    assert matrix.values == tuple(present)
    assert matrix.n_unlabelled == np.count_nonzero(~known)
    if not present:
        assert math.isnan(matrix.accuracy)
        return
    expected = metrics.confusion_matrix(true, ours, labels=[0, *present])[1:]
    np.testing.assert_array_equal(matrix.confusion, expected[:, 1:])
    np.testing.assert_array_equal(matrix.missed, expected[:, 0])
    options = {"labels": present, "average": None, "zero_division": np.nan}
    np.testing.assert_allclose(matrix.precision, metrics.precision_score(true, ours, **options))
    np.testing.assert_allclose(matrix.recall, metrics.recall_score(true, ours, **options))
    np.testing.assert_allclose(matrix.dice, metrics.f1_score(true, ours, **options))
    options["zero_division"] = 0
    np.testing.assert_allclose(matrix.iou, metrics.jaccard_score(true, ours, **options))
    assert matrix.accuracy == pytest.approx(metrics.accuracy_score(true, ours))
    in_truth = [value for value in present if value in true]
    assert matrix.balanced_accuracy == pytest.approx(
        metrics.recall_score(true, ours, labels=in_truth, average="macro")
    )


@given(PIXELS, PIXELS)
def test_images_add_up(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    both = ConfusionMatrix.of(*np.array(one + other).T)
    sum_of_both = ConfusionMatrix.of(*np.array(one).T) + ConfusionMatrix.of(*np.array(other).T)
    assert sum_of_both.to_dict() == both.to_dict()


@given(PIXELS)
def test_exchanging_truth_and_prediction_exchanges_precision_and_recall(
    pixels: list[tuple[int, int]],
) -> None:
    truth, prediction = np.array([pair for pair in pixels if 0 not in pair] or [(2, 2)]).T
    one, other = ConfusionMatrix.of(truth, prediction), ConfusionMatrix.of(prediction, truth)
    np.testing.assert_array_equal(one.precision, other.recall)
    np.testing.assert_array_equal(one.iou, other.iou)


def test_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    truth, prediction = random.integers(0, 4, (2, 7, 5, 6))
    whole = ConfusionMatrix.of(truth, prediction).to_dict()
    for most in (1, 7, 40, 200, 10**6):
        monkeypatch.setattr(scores_module, "BLOCK_PIXELS", most)
        assert ConfusionMatrix.in_blocks(truth, prediction).to_dict() == whole
        covered = np.zeros(truth.shape, int)
        for key in slabs(truth.shape):
            covered[key] += 1
            assert covered[key].size <= max(most, 6)
        assert (covered == 1).all()


def test_a_prediction_of_no_class_is_wrong() -> None:
    matrix = ConfusionMatrix.of([1, 1, 1, 2], [1, 0, -5, 2])
    assert matrix.missed.tolist() == [2, 0]
    assert matrix.support == (3, 1)
    assert matrix.recall == (1 / 3, 1)
    assert matrix.accuracy == 1 / 2
    assert any("2 pixels with a truth were given no class" in note for note in matrix.notes)
    assert "none" in matrix.table()


def test_a_class_that_the_truth_does_not_have() -> None:
    matrix = ConfusionMatrix.of([1, 1], [1, 7])
    assert matrix.values == (1, 7)
    assert matrix.iou == (1 / 2, 0)
    assert matrix.mean_iou == 1 / 4
    assert math.isnan(matrix.recall[1])
    assert matrix.balanced_accuracy == 1 / 2
    assert any(
        note.startswith("class 7 is not in the truth and got 1 of its pixels")
        for note in matrix.notes
    )


def test_a_class_that_is_never_predicted() -> None:
    matrix = ConfusionMatrix.of([1, 3], [1, 1])
    assert matrix.iou == (1 / 2, 0)
    assert math.isnan(matrix.precision[1])
    assert any(note.startswith("class 3 was never predicted") for note in matrix.notes)


def test_classes_that_occur_nowhere_do_not_count() -> None:
    scores = score(np.array([1, 1]), np.array([1, 1]), [1, 2])
    assert scores.iou[0] == 1
    assert np.isnan(scores.iou[1])
    assert scores.mean_iou == 1
    assert scores.to_dict()["classes"][1]["iou"] is None
    assert any("class 2 is neither in the truth nor in the prediction" in n for n in scores.notes)


def test_accuracy_is_never_alone() -> None:
    truth = np.ones(1000, np.uint8)
    truth[:20] = 2
    matrix = ConfusionMatrix.of(
        truth, np.ones(1000, np.uint8), [ClassInfo(1, "Background", "#000000")]
    )
    assert matrix.accuracy == matrix.majority_share == 0.98
    assert matrix.mean_iou == 0.49
    table = matrix.table()
    assert table.index("mean IoU") < table.index("accuracy")
    assert "(0.980 if every pixel were called Background)" in table
    notes = " ".join(matrix.notes)
    assert "class 2 has fewer than 100 pixels of truth (the rarest 20)" in notes
    assert "98.0% of the pixels are of class 1 (Background)" in notes


def test_many_classes_are_mentioned_once() -> None:
    matrix = ConfusionMatrix.of(np.arange(1, 31), np.full(30, 99))
    assert sum("never predicted" in note for note in matrix.notes) == 1
    assert "classes 1, 2, 3, 4, 5, 6, 7, 8 and 22 more were never predicted" in matrix.table()
    assert "too wide to print" in matrix.table()


def test_names() -> None:
    info = ClassInfo(2, "Nucleus", "#112233")
    matrix = ConfusionMatrix.of([1, 2], [1, 2], [info]) + ConfusionMatrix.of([2, 5], [2, 5])
    assert matrix.names == ("Class 1", "Nucleus", "Class 5")
    assert matrix.classes[1] is info


def test_json_has_no_nan() -> None:
    matrix = ConfusionMatrix.of([1, 1, 0], [1, 7, 1])
    text = json.dumps(matrix.to_dict(), allow_nan=False)
    assert json.loads(text)["confusion"] == [[1, 1], [0, 0]]
    json.dumps(ConfusionMatrix.empty().to_dict(), allow_nan=False)


def test_nothing_to_compare_with() -> None:
    empty = ConfusionMatrix.of([0, 0], [1, 2])
    assert empty.n_pixels == 0
    assert empty.n_unlabelled == 2
    assert "no pixel has a truth" in empty.table()
    assert math.isnan(empty.mean_iou)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.uint64, np.float32])
def test_types(dtype: npt.DTypeLike) -> None:
    truth, prediction = np.array([1, 1, 0], dtype), np.array([1, 0, 1], dtype)
    assert ConfusionMatrix.of(truth, prediction).recall == (0.5,)


def test_what_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="must have the shape of the truth"):
        score(np.ones((2, 3), int), np.ones((3, 2), int), [1])
    with pytest.raises(ValueError, match="known for at least one pixel"):
        score(np.ones(3, int), np.zeros(3, int), [1])
    with pytest.raises(TypeError, match="got fractions"):
        score(np.array([0.5]), np.array([1]))
    with pytest.raises(TypeError, match="whole numbers"):
        score(np.array(["a"]), np.array([1]))
    with pytest.raises(ValueError, match="at most 256 different ones"):
        score(np.arange(1, 5001), np.arange(1, 5001))


@pytest.mark.parametrize("n_classes", [0, 1, 3, 30])
def test_picture(n_classes: int) -> None:
    values = np.repeat(np.arange(1, n_classes + 1), 30)
    prediction = np.roll(values, 7)
    prediction[:1] = 0
    picture = draw_confusion(ConfusionMatrix.of(values, prediction))
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert max(picture.shape) < 2000
    assert len(np.unique(picture)) > 2


def test_predicting_while_comparing() -> None:
    random = np.random.default_rng(0)
    image = random.normal(size=(600, 90)).astype(np.float32)
    image[:, 45:] += 3
    labels = np.zeros(image.shape, np.uint8)
    labels[:20, 5:10], labels[:20, -10:-5] = 4, 6
    classifier = PixelClassifier(FeatureSet.fast(2), n_estimators=5, random_state=0)
    classifier.fit(image, labels)
    truth = np.zeros(image.shape, np.uint8)
    truth[500:, :45], truth[500:, 45:] = 4, 6
    steps = evaluation_steps(classifier, image, truth)
    matrix = run_steps(steps)
    assert matrix.to_dict() == score(classifier.predict(image), truth, [4, 6]).to_dict()
    assert matrix.mean_iou > 0.5
    with pytest.raises(ValueError, match="must have the shape of the image"):
        run_steps(evaluation_steps(classifier, image, truth[1:]))


def test_what_has_no_truth_is_not_predicted() -> None:
    class Counting:
        """Counts the rows that are read."""

        def __init__(self, array: np.ndarray) -> None:
            self.array, self.shape, self.dtype, self.rows = array, array.shape, array.dtype, 0

        def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
            self.rows = max(self.rows, key[0].stop)
            return self.array[key]

    image = np.random.default_rng(0).normal(size=(4000, 40)).astype(np.float32)
    labels = np.zeros(image.shape, np.uint8)
    labels[:9, :9], labels[:9, 20:29] = 1, 2
    classifier = PixelClassifier(FeatureSet.fast(2), n_estimators=2, random_state=0)
    classifier.fit(image, labels)
    counting = Counting(image)
    run_steps(evaluation_steps(classifier, counting, labels))
    assert 9 < counting.rows < 2000
