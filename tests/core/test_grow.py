"""Growing a forest of extra trees: the rules of the trees, and what a seed, threads and odd data do."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn.ensemble import ExtraTreesClassifier

from napari_pixclass.core import CompiledForest, ForestArrays, _grow
from napari_pixclass.core._grow import grow_forest, seed_sequence
from napari_pixclass.core._grow_draws import as_keys, draw_threshold
from napari_pixclass.core._grow_kernels import pack


def grown(X: np.ndarray, classes: Any, n_classes: int, seed: int = 0, **options) -> ForestArrays:
    growth = grow_forest(
        X.astype(np.float32), np.asarray(classes), n_classes, seed=seed_sequence(seed), **options
    )
    while True:
        try:
            next(growth)
        except StopIteration as stop:
            return stop.value


def same(one: ForestArrays, other: ForestArrays) -> bool:
    names = ("tree_offsets", "children_left", "feature", "threshold", "value", "impurity")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def blobs(n: int, n_features: int = 9, n_classes: int = 3, seed: int = 0):
    """Overlapping classes: no forest is right everywhere."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, n_classes, n)
    centres = np.random.default_rng(99).normal(size=(n_classes, n_features)) * 0.8
    X = centres[classes] + rng.normal(size=(n, n_features))
    X[:, 0] = np.round(X[:, 0])
    return X.astype(np.float32), classes


@st.composite
def data_sets(draw) -> tuple[np.ndarray, np.ndarray, int]:
    """Few or many values, features, classes; duplicates, constants, extremes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from([1, 2, 3, 10, 70, 400]))
    n_classes = draw(st.sampled_from([1, 2, 3, 5, 40, 300]))
    n_features = draw(st.integers(1, 12))
    X = rng.normal(size=(n, n_features)) * draw(st.sampled_from([1e-30, 1, 1e30]))
    for feature in range(n_features):
        n_values = draw(st.sampled_from([1, 2, 20, 1000]))
        X[:, feature] = X[rng.integers(0, n, n_values), feature][rng.integers(0, n_values, n)]
    return X.astype(np.float32), rng.integers(0, n_classes, n), n_classes


def leaves_of(forest: ForestArrays, tree: int, X: np.ndarray, upto: int) -> np.ndarray:
    """Where samples are after as many steps: numbers of nodes."""
    start = forest.tree_offsets[tree]
    nodes = np.full(len(X), start)
    for _ in range(upto):
        left = forest.children_left[nodes]
        values = X[np.arange(len(X)), np.maximum(forest.feature[nodes], 0)]
        right = forest.children_right[nodes]
        child = np.where(values <= forest.threshold[nodes], left, right)
        nodes = np.where(left < 0, nodes, start + child)
    return nodes


@settings(max_examples=40, deadline=None)
@given(data_sets(), st.integers(0, 1000))
def test_rules_of_every_tree(data, seed: int) -> None:
    X, classes, n_classes = data
    forest = grown(X, classes, n_classes, seed, n_trees=3)
    forest.validate()
    roots, inner = forest.roots, forest.children_left >= 0
    left = (roots + forest.children_left)[inner]
    right = (roots + forest.children_right)[inner]
    weight, n_samples = forest.weighted_n_node_samples, forest.n_node_samples
    np.testing.assert_array_equal(weight[inner], weight[left] + weight[right])
    np.testing.assert_array_equal(n_samples[inner], n_samples[left] + n_samples[right])
    np.testing.assert_array_equal(weight[forest.tree_offsets[:-1]], len(X))
    np.testing.assert_allclose(forest.impurity, 1 - (forest.value**2).sum(axis=1), atol=1e-12)
    mean = (weight[left] * forest.impurity[left] + weight[right] * forest.impurity[right]) / weight[
        inner
    ]
    assert np.all(mean <= forest.impurity[inner] + 1e-12), "a cut must not make things worse"
    np.testing.assert_allclose(
        forest.value[inner] * weight[inner][:, None],
        forest.value[left] * weight[left][:, None] + forest.value[right] * weight[right][:, None],
        atol=1e-9,
    )


@settings(max_examples=30, deadline=None)
@given(data_sets())
def test_trees_are_fully_grown(data) -> None:
    """What is not pure has nothing to cut: all of its samples agree in all features."""
    X, classes, n_classes = data
    forest = grown(X, classes, n_classes, n_trees=1)
    leaves = leaves_of(forest, 0, X, int(forest.depths.max()))
    mixed = np.flatnonzero((forest.children_left < 0) & (forest.impurity > 0))
    for leaf in mixed[:20]:
        members = X[leaves == leaf]
        assert len(members) == forest.n_node_samples[leaf]
        assert np.all(members == members[0])


@settings(max_examples=30, deadline=None)
@given(data_sets(), st.integers(2, 9))
def test_threads_and_further_trees_change_nothing(data, n_jobs: int) -> None:
    X, classes, n_classes = data
    forest = grown(X, classes, n_classes, n_trees=23, n_jobs=1)
    assert same(forest, grown(X, classes, n_classes, n_trees=23, n_jobs=n_jobs))
    fewer = grown(X, classes, n_classes, n_trees=7)
    n_nodes = fewer.n_nodes
    assert forest.tree_offsets[7] == n_nodes
    np.testing.assert_array_equal(fewer.threshold, forest.threshold[:n_nodes])


def test_each_tree_and_each_seed_is_another_one() -> None:
    X, classes = blobs(300)
    forest = grown(X, classes, 3, n_trees=20)
    assert len(np.unique(forest.threshold[forest.tree_offsets[:-1]])) > 10
    assert not same(forest, grown(X, classes, 3, seed=1, n_trees=20))


@settings(max_examples=20, deadline=None)
@given(data_sets())
def test_scikit_learn_predicts_the_same(data) -> None:
    X, classes, n_classes = data
    forest = grown(X, classes, n_classes, n_trees=5)
    estimator = forest.to_estimator(np.arange(n_classes))
    predicted = CompiledForest(forest).predict_rows(X)
    np.testing.assert_allclose(predicted, estimator.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(
        estimator.feature_importances_.sum(), 1.0 if forest.n_nodes > 5 else 0.0, atol=1e-9
    )


@pytest.mark.parametrize(
    ("n", "n_classes"), [(60, 2), (60, 3), (400, 3), (400, 12), (3000, 2), (3000, 12), (3000, 50)]
)
def test_as_accurate_as_scikit_learn(n: int, n_classes: int) -> None:
    X, classes = blobs(n, n_classes=n_classes)
    unseen, truth = blobs(4000, n_classes=n_classes, seed=1)
    forest = grown(X, classes, n_classes, n_trees=60)
    ours = CompiledForest(forest).predict_rows(unseen).argmax(axis=1)
    theirs = ExtraTreesClassifier(60, random_state=0).fit(X, classes).predict(unseen)
    assert (ours == truth).mean() > (theirs == truth).mean() - 0.03


def test_importances_are_like_those_of_scikit_learn() -> None:
    X, classes = blobs(2000)
    X[:, 3] = 7
    estimator = grown(X, classes, 3, n_trees=100).to_estimator(np.arange(3))
    theirs = ExtraTreesClassifier(100, random_state=0).fit(X, classes)
    np.testing.assert_allclose(
        estimator.feature_importances_, theirs.feature_importances_, atol=0.02
    )
    assert estimator.feature_importances_[3] == 0
    depths = [np.mean([tree.get_depth() for tree in f.estimators_]) for f in (estimator, theirs)]
    assert depths[0] < depths[1], "better cuts"


def test_thresholds_are_drawn_evenly_between_two_samples() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([[-30, 70], rng.normal(size=500)]).astype(np.float32)
    keys, state = as_keys(values), np.array([7], np.uint64)
    drawn = [draw_threshold(keys, 502, keys.min(), keys.max(), state) for _ in range(4000)]
    ours = as_keys(np.array(drawn, np.int32).view(np.float32)).view(np.float32)
    one, two = rng.choice(values, (2, 4000))
    assert ks_2samp(ours, one + rng.random(4000) * (two - one)).pvalue > 0.001
    forest = grown(values[:, None], rng.integers(0, 2, 502), 2, n_trees=2000)
    thresholds = forest.threshold[forest.tree_offsets[:-1]]
    assert thresholds.min() >= -30
    assert thresholds.max() < 70
    assert np.mean(abs(thresholds) < 4) > 0.9, "two outliers hardly matter"


def test_the_best_of_the_cuts_that_were_drawn_is_kept() -> None:
    """One feature tells the classes apart, wherever it is cut; the others know nothing."""
    X = np.random.default_rng(0).normal(size=(400, 4)).astype(np.float32)
    X[:, 2] = np.repeat([0, 1], 200)
    forest = grown(X, np.repeat([0, 1], 200), 2, n_trees=300)
    is_seen = forest.feature[forest.tree_offsets[:-1]] == 2
    assert is_seen.mean() == pytest.approx(0.5, abs=0.1), "two features of four are tried"
    assert np.all(np.diff(forest.tree_offsets)[is_seen] == 3)


@pytest.mark.parametrize("n_classes", [2, 3, 5, 9])
def test_counting_in_one_number_changes_nothing(n_classes: int, monkeypatch) -> None:
    X, classes = blobs(500, n_classes=n_classes)
    forest = grown(X, classes, n_classes, n_trees=5)
    assert pack(classes.astype(np.uint16), n_classes)[1] == {2: 32, 3: 21, 5: 12, 9: 0}[n_classes]
    monkeypatch.setattr(_grow, "pack", lambda *_: (np.empty(0, np.uint64), 0))
    assert same(forest, grown(X, classes, n_classes, n_trees=5))


def test_neighbouring_numbers_are_told_apart() -> None:
    one = np.float32(1)
    for values in ([one, np.nextafter(one, 2)], [0, 1e-45], [-1e-45, 1e-45], [-3e38, 3e38]):
        X = np.tile(np.array(values, np.float32), 50)[:, None]
        classes = np.tile([0, 1], 50)
        predicted = CompiledForest(grown(X, classes, 2, n_trees=5)).predict_rows(X)
        np.testing.assert_array_equal(predicted.argmax(axis=1), classes)


def test_same_features_but_different_classes() -> None:
    X = np.zeros((1000, 4), np.float32)
    forest = grown(X, np.arange(1000) % 4, 4, n_trees=50)
    assert forest.n_nodes == 50
    np.testing.assert_allclose(forest.value.mean(axis=0), 0.25, atol=0.02)


def test_one_sample() -> None:
    forest = grown(np.ones((1, 3)), [0], 1, n_trees=2)
    assert forest.n_nodes == 2
    np.testing.assert_array_equal(forest.value, 1)


def test_thousands_of_classes() -> None:
    X = np.arange(3000, dtype=np.float32)[:, None]
    forest = grown(X, np.arange(3000), 3000, n_trees=1)
    assert forest.n_nodes == 5999
    np.testing.assert_array_equal((forest.value > 0).sum(axis=1)[forest.impurity == 0], 1)


@pytest.mark.parametrize("n_features", [2, 500])
def test_any_number_of_features(n_features: int) -> None:
    X, classes = blobs(300, n_features=n_features)
    forest = grown(X, classes, 3, n_trees=4)
    assert forest.feature.max() < n_features
    predicted = CompiledForest(forest).predict_rows(X).argmax(axis=1)
    assert (predicted == classes).mean() > 0.8


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=2))
def test_keys_are_ordered_as_the_values_are(values: list[float]) -> None:
    array = np.array(values, np.float32)
    order = np.argsort(array, kind="stable")
    keys = as_keys(array)[order]
    np.testing.assert_array_equal(keys[1:] > keys[:-1], array[order][1:] > array[order][:-1])
    assert np.all(keys[1:] >= keys[:-1])


def test_closing_stops_the_threads() -> None:
    X, classes = blobs(20_000, n_features=40)
    before = threading.active_count()
    growth = grow_forest(X, classes, 3, seed=seed_sequence(0), n_trees=10_000, n_jobs=2)
    assert next(growth).n_done == 0
    growth.close()
    assert threading.active_count() == before


def test_the_forest_so_far_is_a_forest() -> None:
    X, classes = blobs(2000)
    growing = grow_forest(X, classes, 3, seed=seed_sequence(0), n_trees=100, n_jobs=2)
    growth = next(growth for growth in growing if growth.n_done > 3)
    some = CompiledForest(growth.so_far(10)).predict_rows(X)
    whole = CompiledForest(grown(X, classes, 3)).predict_rows(X)
    assert (some.argmax(axis=1) == whole.argmax(axis=1)).mean() > 0.9
    growing.close()


def test_progress_rises_to_the_number_of_trees() -> None:
    X, classes = blobs(2000)
    growing = grow_forest(X, classes, 3, seed=seed_sequence(0), n_trees=37, n_jobs=2)
    done = [growth.n_done for growth in growing]
    assert done == sorted(done)
    assert done[-1] == 37


@pytest.mark.parametrize("make", [np.random.RandomState, int, np.int64])
def test_seeds_as_for_scikit_learn(make) -> None:
    one, same_one = seed_sequence(make(5)), seed_sequence(make(5))
    np.testing.assert_array_equal(one.generate_state(4), same_one.generate_state(4))
    assert seed_sequence(None).entropy != seed_sequence(None).entropy


@pytest.mark.parametrize(
    ("random_state", "error"),
    [
        (np.random.default_rng(0), TypeError),
        (True, TypeError),
        (0.5, TypeError),
        (2**32, ValueError),
    ],
)
def test_other_seeds_are_refused(random_state, error: type[Exception]) -> None:
    with pytest.raises(error, match="random_state must be"):
        seed_sequence(random_state)


def test_what_cannot_be_stored_is_refused(monkeypatch) -> None:
    X, classes = blobs(500)
    with pytest.raises(ValueError, match="merge classes"):
        grown(X, classes, 70_000)
    monkeypatch.setattr(_grow, "MAX_FRACTIONS", 1000)
    with pytest.raises(ValueError, match="Grow fewer trees"):
        grown(X, classes, 3, n_jobs=3)


@settings(max_examples=20, deadline=None)
@given(data_sets(), st.floats(0.01, 100))
def test_equal_weights_are_none(data, weight: float) -> None:
    X, classes, n_classes = data
    weights = np.full(X.shape[1], weight)
    ours = grown(X, classes, n_classes, n_trees=5, weights=weights)
    assert same(ours, grown(X, classes, n_classes, n_trees=5))


def test_features_are_drawn_by_their_weights() -> None:
    rng = np.random.default_rng(0)
    X, classes = rng.normal(size=(50, 8)), rng.integers(0, 2, 50)
    X[:, 3:] = X[:, 3:] * 0 + 1  # nothing to cut
    weights = np.array([1, 0.5, 0.1, 1, 1, 1, 1, 1])
    forest = grown(X[:, :3], classes, 2, n_trees=4000, weights=weights[:3] * 7)
    first = np.bincount(forest.feature[forest.tree_offsets[:-1]], minlength=3)
    np.testing.assert_allclose(first / 4000, weights[:3] / 1.6, atol=0.03)
    rare = np.where(np.arange(8) < 3, 1e-6, 1.0)
    assert grown(X, classes, 2, n_trees=2, weights=rare).n_nodes > 2, "rare is not never"
