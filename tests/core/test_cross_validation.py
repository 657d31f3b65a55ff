"""Cross-validation: what is left out together, honest figures, and words where there can be none."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import (
    ClassInfo,
    CrossValidation,
    FeatureSet,
    PixelClassifier,
    SampleCache,
    Step,
    cross_validation_steps,
    default_class,
    run_steps,
)
from napari_pixclass.core._cross_validated import expected_matrix
from napari_pixclass.core._folds import ALWAYS_TRAINED, assign_folds

FEATURES = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 2)
TREES = PixelClassifier(FEATURES, n_estimators=10, n_jobs=1)


def picture(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise, brighter in its right half, with four strokes of class 1 on the left and three of class 3 on the right."""
    image = np.random.default_rng(seed).normal(size=(48, 60)).astype(np.float32)
    image[:, 30:] += 6
    labels = np.zeros(image.shape, np.uint8)
    labels[4:44:10, 4:20] = 1
    labels[4:34:10, 40:56] = 3
    return image, labels


def validated(image: object, labels: object, **options: object) -> CrossValidation:
    return run_steps(cross_validation_steps(TREES, image, labels, **options))


samples = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), min_size=1, max_size=40).filter(
    lambda pairs: len({code for _, code in pairs}) > 1
)


@given(pairs=samples, n_folds=st.integers(2, 6), seed=st.integers(0, 9))
def test_groups_stay_whole_and_every_class_remains(
    pairs: list[tuple[int, int]], n_folds: int, seed: int
) -> None:
    groups, codes = np.array(pairs).T
    folds = assign_folds(groups, codes, n_folds, np.random.default_rng(seed))
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    used = np.unique(folds[folds != ALWAYS_TRAINED])
    assert used.tolist() == list(range(len(used)))
    for fold in used:
        assert set(codes[folds != fold]) == set(codes)
    for code in np.unique(codes):
        own = np.unique(groups[codes == code])
        if len(own) == 1:
            assert (folds[groups == own[0]] == ALWAYS_TRAINED).all()


def test_classes_are_spread_over_folds() -> None:
    groups = np.repeat(np.arange(12), 5)
    codes = (groups >= 8).astype(int)
    folds = assign_folds(groups, codes, 4, np.random.default_rng(0))
    for fold in range(4):
        assert np.bincount(codes[folds == fold]).tolist() == [10, 5]


def test_classes_that_are_easy_to_tell() -> None:
    image, labels = picture()
    result = validated(image, labels)
    assert [info.value for info in result.classes] == [1, 3]
    assert (result.strokes, result.left_out, result.n_folds) == ((4, 3), "strokes", 5)
    assert result.held_out.n_pixels == np.count_nonzero(labels)
    assert result.held_out.accuracy == 1
    assert min(result.iou) > 0.9
    assert result.stroke_error == 0
    again = validated(image, labels)
    assert again.iou == result.iou
    assert np.array_equal(again.expected.confusion, result.expected.confusion)


def test_a_stroke_is_judged_by_the_others() -> None:
    """Every stroke looks different: pixels of it are known by heart, strokes that are left out are not."""
    image, labels = picture()
    rng = np.random.default_rng(0)
    for row in range(4, 44, 10):
        image[row - 3 : row + 4, :30] = rng.choice([-40, -20, 20, 40])
        image[row - 3 : row + 4, 30:] = rng.choice([-40, -20, 20, 40])
    result = validated(image, labels)
    assert result.held_out.accuracy < 0.9
    classifier = PixelClassifier(FEATURES, n_estimators=10).fit(image, labels)
    assert (classifier.predict(image)[labels > 0] == labels[labels > 0]).mean() > 0.8


def test_few_strokes_are_said_to_be_few() -> None:
    image, labels = picture()
    names = (ClassInfo(1, "Dark", "#112233"),)
    result = validated(image, labels, classes=names)
    assert any(
        note.startswith("class 3 rests on 3 strokes: too few to tell") for note in result.notes
    )
    assert any("class 1 (Dark) rests on 4 strokes" in note for note in result.notes)
    assert "1  Dark" in result.table()
    assert result.calibration.sentence in result.table()


def test_a_single_stroke_has_no_figures() -> None:
    image, labels = picture()
    labels[4:34:10, 40:56] = 0
    labels[20, 40:56] = 3
    result = validated(image, labels)
    assert result.judged == (True, False)
    assert math.isnan(result.iou[1])
    assert math.isnan(result.held_out_accuracy[1])
    assert result.mean_iou == result.iou[0]
    assert result.held_out.support == (64, 0)
    assert "class 3 rests on 1 stroke, which cannot be left out" in result.notes[0]
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["classes"][1]["iou"] is None
    assert plain["mean_iou"] == pytest.approx(result.mean_iou)


def test_many_classes_are_told_in_few_sentences() -> None:
    image, _ = picture()
    labels = np.zeros(image.shape, np.uint8)
    for value in range(1, 9):
        labels[6 * value - 6, :20] = value
        if value > 4:
            labels[6 * value - 6, 30:50] = value
    notes = validated(image, labels).notes
    assert any(note.startswith("classes 1, 2, 3, 4 rest on 1 stroke each") for note in notes)
    assert any(note.startswith("classes 5, 6, 7, 8 rest on fewer than 5") for note in notes)
    assert sum("are taken for class" in note for note in notes) <= 3


def test_whole_images_are_left_out() -> None:
    pairs = [picture(seed) for seed in range(3)]
    images, labels = [image for image, _ in pairs], [own for _, own in pairs]
    result = validated(images, labels)
    assert (result.left_out, result.n_folds, result.n_images) == ("images", 3, 3)
    assert result.strokes == (12, 9)
    assert result.images == (3, 3)
    assert sum(one.n_pixels for one in result.calibration.bins) == result.held_out.n_pixels
    # An image that is brighter than all others is a surprise to them; strokes of its own would tell.
    images[2] = images[2] + 30
    assert validated(images, labels).held_out.accuracy < 0.9
    assert validated(images, labels, leave_out="strokes").held_out.accuracy > 0.95


def test_a_class_of_one_image_leaves_out_strokes() -> None:
    (image, labels), (other, own) = picture(), picture(1)
    own[own == 3] = 0
    assert validated([image, other], [labels, own]).left_out == "strokes"
    result = validated([image, other], [labels, own], leave_out="images")
    assert result.judged == (True, False)
    assert any("labelled in one image only" in note for note in result.notes)


def test_confusion_and_hard_images_are_put_into_words() -> None:
    image, labels = picture()
    image[:, :] = np.random.default_rng(0).normal(size=image.shape)
    result = validated(image, labels)
    assert any("are taken for class" in note for note in result.notes)


def test_steps_tell_progress_and_can_be_cancelled() -> None:
    image, labels = picture()
    steps = cross_validation_steps(TREES, image, labels, cache=SampleCache())
    seen = [next(steps) for _ in range(4)]
    assert all(isinstance(step, Step) and 0 <= step.done <= step.total for step in seen)
    assert seen[0].what == "Computing features at the labels"
    assert seen[-1].what == "Cross-validating"
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_other_estimators_and_features_alone() -> None:
    from sklearn.naive_bayes import GaussianNB

    image, labels = picture()
    other = PixelClassifier(FEATURES, estimator=GaussianNB())
    assert run_steps(cross_validation_steps(other, image, labels)).held_out.accuracy == 1
    assert run_steps(cross_validation_steps(FEATURES, image, labels, n_folds=2)).n_folds == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_folds": 1}, "n_folds must be 2 or more; got 1"),
        ({"leave_out": "pixels"}, "leave_out must be 'strokes', 'images' or None"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        validated(*picture(), **options)


def test_labels_that_allow_no_figures() -> None:
    image, labels = picture()
    with pytest.raises(ValueError, match="two classes or more; they are all of class 1"):
        validated(image, np.where(labels == 1, 1, 0))
    single = np.zeros_like(labels)
    single[4, 4:20], single[4, 40:56] = 1, 2
    with pytest.raises(ValueError, match=r"two strokes or more.*got 1, 1 of the classes 1, 2"):
        validated(image, single)
    with pytest.raises(TypeError, match="needs a PixelClassifier, features or None; got str"):
        run_steps(cross_validation_steps("forest", image, labels))


def test_what_is_expected_of_probabilities() -> None:
    probabilities = np.repeat(np.array([[0.9, 0.1], [0.25, 0.75]], np.float32), (100, 20), axis=0)
    matrix = expected_matrix(probabilities, (default_class(1), default_class(2)))
    assert matrix.confusion.tolist() == [[90, 5], [10, 15]]
