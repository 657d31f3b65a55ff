"""The classifier: what it learns, what it predicts, and what it says to bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from napari_pixclass.core import FeatureSet, PixelClassifier, compute_features, uncertainty_of

FEATURES = FeatureSet.from_selection({"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]})


def scene(
    *shape: int, values: tuple[int, ...] = (1, 2), seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """An image of bright blobs, and a few strokes on them and beside them."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), [0] * (len(shape) - 2) + [3, 3])
    blobs = smooth > np.median(smooth)
    image = (60 + 120 * blobs + rng.normal(size=shape) * 10).astype(np.float32)
    labels = np.zeros(shape, np.uint8)
    stroke = (..., slice(None, None, 5), slice(None))
    labels[stroke] = np.where(blobs, values[-1], values[0])[stroke]
    if len(values) > 2:
        labels[(..., slice(2, None, 5), slice(None))] = values[1]
    return image, labels


def small(**parameters) -> PixelClassifier:
    return PixelClassifier(FEATURES, n_estimators=10, **parameters)


def test_probabilities_equal_those_of_the_estimator_on_the_features() -> None:
    image, labels = scene(60, 70, values=(1, 2, 3))
    classifier = PixelClassifier(FeatureSet.all(2), n_estimators=30).fit(image, labels)
    X = compute_features(image, classifier.features_).reshape(-1, 49)
    expected = classifier.estimator_.predict_proba(X).reshape(60, 70, 3)
    probabilities = classifier.predict_proba(image)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)


def test_the_estimator_is_a_fitted_scikit_learn_forest() -> None:
    image, labels = scene(40, 50, values=(2, 7))
    classifier = PixelClassifier(FEATURES, n_estimators=25, random_state=3).fit(image, labels)
    forest = classifier.estimator_
    assert type(forest) is ExtraTreesClassifier
    assert (forest.n_estimators, forest.random_state) == (25, 3)
    assert (len(forest.estimators_), forest.n_features_in_, forest.n_outputs_) == (25, 2, 1)
    np.testing.assert_array_equal(forest.classes_, [2, 7])
    assert forest.feature_importances_.sum() == pytest.approx(1)
    X = compute_features(image, FEATURES)[labels > 0]
    assert forest.score(X, labels[labels > 0]) > 0.99
    assert clone(forest).fit(X, labels[labels > 0]).score(X, labels[labels > 0]) > 0.99


def test_the_seed_decides() -> None:
    image, labels = scene(40, 50)

    def probabilities(random_state) -> np.ndarray:
        return small(random_state=random_state).fit(image, labels).predict_proba(image)

    np.testing.assert_array_equal(probabilities(1), probabilities(1))
    assert (probabilities(1) != probabilities(2)).any()
    assert (probabilities(None) != probabilities(None)).any()


@pytest.mark.parametrize("values", [(1, 3), (2, 7), (5, 9, 200), (1, 60000)])
def test_class_values_are_those_painted(values: tuple[int, ...]) -> None:
    image, labels = scene(40, 50, values=(1, 2, 3) if len(values) == 3 else (1, 2))
    painted = np.array([0, *values], np.uint16)[labels]
    classifier = small().fit(image, painted)
    np.testing.assert_array_equal(classifier.classes_, values)
    predicted = classifier.predict(image)
    assert set(np.unique(predicted)) <= set(values)
    reference = small().fit(image, labels).predict(image)
    np.testing.assert_array_equal(predicted, np.array([0, *values])[reference])


def test_as_many_classes_as_features() -> None:
    image, labels = scene(40, 50, values=(1, 2))
    assert small().fit(image, labels).predict_proba(image).shape == (40, 50, len(FEATURES))


def test_one_class_is_certain() -> None:
    image, labels = scene(30, 30)
    classifier = small().fit(image, np.where(labels == 2, 4, 0))
    np.testing.assert_array_equal(classifier.predict_proba(image), np.ones((30, 30, 1)))
    np.testing.assert_array_equal(classifier.predict(image), 4)
    np.testing.assert_array_equal(classifier.uncertainty(image), 0)


def test_outputs_agree_with_each_other() -> None:
    image, labels = scene(40, 50, values=(1, 4, 9))
    classifier = small().fit(image, labels)
    probabilities = classifier.predict_proba(image)
    np.testing.assert_array_equal(
        classifier.predict(image), classifier.classes_[probabilities.argmax(axis=-1)]
    )
    ordered = np.sort(probabilities, axis=-1)
    np.testing.assert_allclose(
        classifier.uncertainty(image), 1 - (ordered[..., -1] - ordered[..., -2]), atol=1e-6
    )


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(lambda values: sum(values) > 0),
)
def test_uncertainty_lies_between_0_and_1(values: list[float]) -> None:
    probabilities = (np.array(values) / sum(values)).astype(np.float32)[None]
    assert 0 <= uncertainty_of(probabilities)[0] <= 1


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), n_jobs=st.sampled_from([1, 2, 5, -1, None]))
def test_threads_change_nothing(seed: int, n_jobs: int | None) -> None:
    image, labels = scene(300, 280, seed=seed)
    one = small(n_jobs=1).fit(image, labels).predict_proba(image)
    many = small(n_jobs=n_jobs).fit(image, labels).predict_proba(image)
    np.testing.assert_array_equal(one, many)


def test_lists_of_images_train_one_classifier() -> None:
    first, second = scene(40, 50, seed=1), scene(33, 61, seed=2)
    classifier = small().fit([first[0], second[0]], [first[1], second[1]])
    assert sum(classifier.n_samples_) == (first[1] > 0).sum() + (second[1] > 0).sum()
    for image, labels in (first, second):
        assert (classifier.predict(image) == labels)[labels > 0].mean() > 0.95


def test_a_list_of_one_image_is_that_image() -> None:
    image, labels = scene(40, 50)
    np.testing.assert_array_equal(
        small().fit([image], [labels]).predict_proba(image),
        small().fit(image, labels).predict_proba(image),
    )


def test_an_image_without_labels_among_others_is_no_matter() -> None:
    image, labels = scene(40, 50)
    alone = small().fit(image, labels)
    together = small().fit([image, image], [labels, np.zeros_like(labels)])
    np.testing.assert_array_equal(alone.predict_proba(image), together.predict_proba(image))


def test_time_series_is_predicted_frame_by_frame() -> None:
    movie, labels = scene(3, 40, 50)
    classifier = small().fit(movie, labels)
    whole = classifier.predict_proba(movie)
    assert whole.shape == (3, 40, 50, 2)
    for frame, expected in zip(movie, whole, strict=True):
        np.testing.assert_array_equal(classifier.predict_proba(frame), expected)


def test_volumes_over_time() -> None:
    movie, labels = scene(2, 6, 20, 22)
    classifier = PixelClassifier(FeatureSet.from_selection({"gaussian_smoothing": [1.6]}, 3), 5)
    classifier.fit(movie, labels, spacing=(2, 1, 1))
    np.testing.assert_array_equal(
        classifier.predict_proba(movie)[1], classifier.predict_proba(movie[1])
    )


@pytest.mark.parametrize("channel_axis", [0, 1, -1])
def test_channels_anywhere(channel_axis: int) -> None:
    image, labels = scene(40, 50)
    channels = np.stack([image, image.T.reshape(40, 50), image**2])
    reference = small().fit(channels, labels, channel_axis=0).predict_proba(channels)
    moved = np.moveaxis(channels, 0, channel_axis)
    classifier = small().fit(moved, labels, channel_axis=channel_axis)
    np.testing.assert_array_equal(classifier.predict_proba(moved), reference)
    np.testing.assert_array_equal(classifier.predict_proba(channels, channel_axis=0), reference)


def test_one_channel_need_not_have_an_axis_of_its_own() -> None:
    image, labels = scene(40, 50)
    classifier = small().fit(image[None], labels, channel_axis=0)
    np.testing.assert_array_equal(
        classifier.predict_proba(image, channel_axis=None), classifier.predict_proba(image[None])
    )


def test_spacing_is_remembered_and_can_be_replaced() -> None:
    image, labels = scene(8, 30, 31)
    features = FeatureSet.from_selection({"gaussian_smoothing": [3.5]}, 3)
    classifier = PixelClassifier(features, 10).fit(image, labels, spacing=(4, 1, 1))
    assert classifier.spacing_ == (4, 1, 1)
    remembered = classifier.predict_proba(image)
    np.testing.assert_array_equal(remembered, classifier.predict_proba(image, spacing=(4, 1, 1)))
    assert (remembered != classifier.predict_proba(image, spacing=(1, 1, 1))).any()


def test_features_that_no_tree_uses_are_not_computed() -> None:
    image, labels = scene(40, 50)
    classifier = PixelClassifier(FeatureSet.all(2), n_estimators=1).fit(image, labels)
    used = classifier.state.predictor.channel_features[0]
    assert used is not None
    assert len(used) < 49
    X = compute_features(image, FeatureSet.all(2)).reshape(-1, 49)
    np.testing.assert_allclose(
        classifier.predict_proba(image).reshape(-1, 2),
        classifier.estimator_.predict_proba(X),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    "estimator",
    [
        ExtraTreesClassifier(8, random_state=1),
        RandomForestClassifier(13, random_state=1, min_samples_leaf=5, class_weight="balanced"),
        make_pipeline(StandardScaler(), LogisticRegression()),
        DummyClassifier(strategy="prior"),
    ],
)
def test_other_estimators(estimator) -> None:
    image, labels = scene(40, 50, values=(1, 5))
    classifier = PixelClassifier(FEATURES, estimator=estimator).fit(image, labels)
    X = compute_features(image, FEATURES)
    expected = (
        clone(estimator).fit(X[labels > 0], labels[labels > 0]).predict_proba(X.reshape(-1, 2))
    )
    np.testing.assert_allclose(classifier.predict_proba(image).reshape(-1, 2), expected, atol=1e-6)
    assert not hasattr(estimator, "classes_"), "the given estimator must stay as it was"


def test_it_is_a_scikit_learn_estimator() -> None:
    classifier = small(random_state=5)
    twin = clone(classifier)
    assert twin is not classifier
    assert twin.get_params() == classifier.get_params()
    assert twin.set_params(n_estimators=3).n_estimators == 3


def test_a_failed_fit_leaves_the_old_classifier() -> None:
    image, labels = scene(40, 50)
    classifier = small().fit(image, labels)
    before = classifier.predict_proba(image)
    with pytest.raises(ValueError, match="labelled pixels"):
        classifier.fit(image, np.zeros_like(labels))
    np.testing.assert_array_equal(classifier.predict_proba(image), before)


def test_a_cancelled_fit_leaves_the_old_classifier() -> None:
    image, labels = scene(40, 50)
    classifier = small().fit(image, labels)
    before = classifier.predict_proba(image)
    steps = classifier.fit_steps(image, labels[::-1].copy())
    next(steps)
    steps.close()
    np.testing.assert_array_equal(classifier.predict_proba(image), before)


def test_default_features_of_a_plane() -> None:
    image, labels = scene(30, 31)
    classifier = PixelClassifier(n_estimators=2).fit(image, labels)
    assert classifier.features_ == FeatureSet.default(2)


IMAGE, LABELS = scene(20, 24)


@pytest.mark.parametrize(
    ("image", "labels", "options", "error", "words"),
    [
        (IMAGE, np.zeros_like(LABELS), {}, ValueError, "Paint at least one stroke"),
        (IMAGE, LABELS[:-1], {}, ValueError, r"\(20, 24\); got \(19, 24\)"),
        (IMAGE, LABELS.astype(float) + 0.5, {}, TypeError, "whole numbers"),
        (IMAGE, np.where(LABELS == 1, -1, 2), {}, ValueError, "got -1"),
        (IMAGE, LABELS.astype(complex), {}, TypeError, "whole numbers"),
        (
            np.where(IMAGE > 100, np.nan, IMAGE),
            LABELS,
            {},
            ValueError,
            "NaN or infinite, the first at",
        ),
        (np.where(IMAGE > 100, np.inf, IMAGE), LABELS, {}, ValueError, "nan_to_num"),
        (IMAGE.astype(np.float64) * 1e30, LABELS, {}, ValueError, "Divide the image"),
        (IMAGE.astype(complex), LABELS, {}, TypeError, "np.abs"),
        (IMAGE.astype(str), LABELS, {}, TypeError, "image must hold numbers"),
        (IMAGE[:0], LABELS[:0], {}, ValueError, "at least one pixel"),
        (IMAGE[0], LABELS[0], {}, ValueError, "at least 2 axes"),
        (IMAGE, LABELS, {"channel_axis": 0}, ValueError, "besides its channel axis"),
        (IMAGE, LABELS, {"channel_axis": 2}, ValueError, "one of the image's 2 axes"),
        (IMAGE, LABELS, {"channel_axis": 1.0}, TypeError, "integer or None"),
        (IMAGE, LABELS, {"spacing": (1, 0)}, ValueError, "positive"),
        (IMAGE, LABELS, {"spacing": 2.0}, TypeError, "one per spatial axis; got 2.0"),
        (IMAGE, LABELS, {"spacing": (1, 1e-30)}, ValueError, "Give all in one unit"),
        (IMAGE, LABELS, {"spacing": (1, 1, 1)}, ValueError, "2 spatial axes; got 3"),
        ([IMAGE, IMAGE], [LABELS], {}, ValueError, "2 images and 1 labels"),
        ([IMAGE], LABELS, {}, ValueError, "a list of images needs a list"),
        ([], [], {}, ValueError, "at least one image"),
        ([IMAGE], [LABELS], {"spacing": [(1, 1), (1, 1)]}, ValueError, "each of the 1"),
    ],
)
def test_bad_input_to_fit(image, labels, options, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        small().fit(image, labels, **options)


def test_images_with_different_channels_do_not_train_together() -> None:
    rgb = np.stack([IMAGE] * 3, axis=-1)
    with pytest.raises(ValueError, match="same number of channels; got 3 and 2"):
        small().fit([rgb, rgb[..., :2]], [LABELS, LABELS], channel_axis=-1)


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"features": "all"}, TypeError, "must be a FeatureSet or None; got 'all'"),
        ({"n_estimators": 0}, ValueError, "1 or more"),
        ({"n_estimators": 2.5}, TypeError, "whole number"),
        ({"n_jobs": 0}, ValueError, "other than 0"),
        ({"random_state": -1}, ValueError, "from 0 to 4294967295; got -1"),
        ({"random_state": "luck"}, TypeError, "whole number, None or"),
        ({"estimator": LinearSVC()}, TypeError, "predict_proba"),
    ],
)
def test_bad_parameters(parameters, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        PixelClassifier(**({"features": FEATURES} | parameters)).fit(IMAGE, LABELS)


def test_features_must_be_chosen_for_stacks() -> None:
    image, labels = scene(3, 20, 20)
    with pytest.raises(ValueError, match=r"FeatureSet.default\(3\) for volumes"):
        PixelClassifier().fit(image, labels)


def test_prediction_before_training() -> None:
    with pytest.raises(NotFittedError, match="must be trained"):
        small().predict(IMAGE)


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (IMAGE[0], ValueError, "at least 2 axes"),
        (np.full_like(IMAGE, np.nan), ValueError, "480 of 480 values are NaN"),
        (IMAGE.astype(complex), TypeError, "real numbers"),
        (IMAGE[:, :0], ValueError, "at least one pixel"),
    ],
)
def test_bad_input_to_predict(image, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        small().fit(IMAGE, LABELS).predict_proba(image)


def test_wrong_number_of_channels() -> None:
    rgb = np.stack([IMAGE] * 3, axis=-1)
    classifier = small().fit(rgb, LABELS, channel_axis=-1)
    with pytest.raises(ValueError, match="with 3 channels; got 2"):
        classifier.predict(rgb[..., :2])


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float64])
def test_labels_of_any_whole_number_type(dtype: type) -> None:
    labels = (LABELS == 2).astype(dtype)
    np.testing.assert_array_equal(small().fit(IMAGE, labels).predict(IMAGE), 1)


def test_nan_in_a_memory_mapped_image_is_found_when_it_is_read(tmp_path) -> None:
    image = IMAGE.copy()
    np.save(tmp_path / "a.npy", image)
    classifier = small().fit(np.load(tmp_path / "a.npy", mmap_mode="r"), LABELS)
    image[0, 0] = np.nan
    np.save(tmp_path / "b.npy", image)
    with pytest.raises(ValueError, match="NaN"):
        classifier.predict(np.load(tmp_path / "b.npy", mmap_mode="r"))
