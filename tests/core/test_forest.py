"""The compiled forest against scikit-learn's own trees, and against itself in other blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier

from napari_pixclass.core import CompiledForest, ForestArrays
from napari_pixclass.core._forest import warm_up

KINDS = {"random": RandomForestClassifier, "extra": ExtraTreesClassifier}


def fit_forest(
    kind: str = "random",
    n_samples: int = 200,
    n_features: int = 5,
    n_classes: int = 3,
    seed: int = 0,
    step: float = 0.0,
    **parameters: Any,
) -> Any:
    """Fit noise, which grows large trees; `step` > 0 rounds it, so that thresholds repeat."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)).astype(np.float32)
    if step:
        X = np.round(X / step).astype(np.float32) * np.float32(step)
    y = np.arange(n_samples) % n_classes
    parameters = {"n_estimators": 7, "random_state": seed, **parameters}
    return KINDS[kind](**parameters).fit(X, y)


def compile_estimator(estimator: Any) -> CompiledForest:
    return CompiledForest(ForestArrays.from_estimator(estimator))


def difficult_planes(estimator: Any, shape: tuple[int, ...], seed: int = 0) -> Any:
    """Features that lie on thresholds, a rounding error beside them, on both zeros and at inf."""
    rng = np.random.default_rng(seed)
    inner = [tree.tree_.threshold[tree.tree_.children_left >= 0] for tree in estimator.estimators_]
    thresholds = np.concatenate([*inner, [0.0]]).astype(np.float32)
    special = np.array([0.0, -0.0, np.inf, -np.inf, 3e38, -3e38, 1e-45], dtype=np.float32)
    values = np.concatenate(
        [
            thresholds,
            np.nextafter(thresholds, np.float32(np.inf)),
            np.nextafter(thresholds, np.float32(-np.inf)),
            special,
        ]
    )
    planes = rng.choice(values, size=(estimator.n_features_in_, *shape))
    noise = rng.normal(size=planes.shape).astype(np.float32)
    return np.where(rng.random(planes.shape) < 0.5, planes, noise)


def reference(estimator: Any, planes: Any) -> Any:
    """scikit-learn's answer; from the trees, since the forest refuses inf."""
    n_pixels = int(np.prod(planes.shape[1:]))
    rows = np.ascontiguousarray(planes.reshape(len(planes), n_pixels).T)
    mean = np.mean([tree.tree_.predict(rows) for tree in estimator.estimators_], axis=0)
    n_classes = len(estimator.classes_)
    return np.asarray(mean).reshape(n_pixels, n_classes).T.reshape(n_classes, *planes.shape[1:])


estimators = st.builds(
    fit_forest,
    kind=st.sampled_from(sorted(KINDS)),
    n_samples=st.integers(12, 300),
    n_features=st.integers(1, 9),
    n_classes=st.integers(1, 6),
    seed=st.integers(0, 1000),
    step=st.sampled_from([0.0, 0.25, 1.0]),
    n_estimators=st.integers(1, 12),
    max_depth=st.sampled_from([None, None, 1, 4]),
    min_samples_leaf=st.integers(1, 6),
    max_features=st.sampled_from(["sqrt", None]),
)
blocks = st.one_of(
    st.tuples(st.integers(0, 300)),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
    st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 20)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
)


@settings(max_examples=80)
@given(estimator=estimators, block=blocks, seed=st.integers(0, 1000))
def test_equals_scikit_learn(estimator: Any, block: tuple[int, ...], seed: int) -> None:
    forest = compile_estimator(estimator)
    planes = difficult_planes(estimator, block, seed)
    probabilities = forest.predict_planes(planes)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (forest.n_classes, *block)
    np.testing.assert_allclose(probabilities, reference(estimator, planes), rtol=0, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=0, dtype=np.float64), 1, rtol=0, atol=1e-6)


@settings(max_examples=40)
@given(
    estimator=estimators,
    shape=st.tuples(st.integers(1, 7), st.integers(1, 30), st.integers(1, 40)),
    data=st.data(),
)
def test_result_does_not_depend_on_the_block(
    estimator: Any, shape: tuple[int, int, int], data: st.DataObject
) -> None:
    forest = compile_estimator(estimator)
    planes = difficult_planes(estimator, shape)
    whole = forest.predict_planes(planes)
    region = tuple(
        slice(start, data.draw(st.integers(start + 1, size)))
        for size in shape
        for start in [data.draw(st.integers(0, size - 1))]
    )
    block = planes[(slice(None), *region)]
    expected = whole[(slice(None), *region)]
    np.testing.assert_array_equal(forest.predict_planes(block), expected)
    rows = block.reshape(len(planes), block[0].size).T
    np.testing.assert_array_equal(
        forest.predict_rows(rows), expected.reshape(len(whole), -1).T, strict=True
    )
    for axes in ((0, 3, 2, 1), (0, 2, 1, 3)):
        turned = forest.predict_planes(planes.transpose(axes))
        np.testing.assert_array_equal(turned, whole.transpose(axes))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("shape", [(64, 96), (8, 24, 40)])
def test_smooth_planes(kind: str, shape: tuple[int, ...]) -> None:
    estimator = fit_forest(kind, n_samples=2000, n_estimators=20)
    axes = np.meshgrid(*(np.linspace(-2, 2, size) for size in shape), indexing="ij")
    planes = np.stack([np.sin((k + 1) * axes[k % len(shape)]) for k in range(5)])
    planes = planes.astype(np.float32)
    expected = estimator.predict_proba(planes.reshape(5, -1).T).T.reshape(-1, *shape)
    found = compile_estimator(estimator).predict_planes(planes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_samples": 6000, "max_features": 1, "n_estimators": 5},  # thousands of leaves
        {"n_estimators": 300, "max_depth": 3},  # more trees than are walked together
        {"n_samples": 3000, "n_classes": 300, "n_estimators": 5},
        {"n_samples": 3000, "n_classes": 260, "n_estimators": 140, "max_depth": 4},
        {"n_classes": 1},  # every tree is a leaf
        {"n_classes": 1, "n_estimators": 300},  # more votes than 8 bits hold
        {"min_samples_leaf": 150},  # and here too, of several classes
        {"n_samples": 3, "n_estimators": 40},  # and here some, others not
        {"max_leaf_nodes": 9},
        {"step": 1.0, "criterion": "entropy", "class_weight": "balanced"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_forests_of_any_size(kind: str, parameters: dict[str, Any]) -> None:
    estimator = fit_forest(kind, **parameters)
    planes = difficult_planes(estimator, (30, 21))
    found = compile_estimator(estimator).predict_planes(planes)
    np.testing.assert_allclose(found, reference(estimator, planes), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=0, dtype=np.float64), 1, rtol=0, atol=1e-6)


def tree_by_hand(left: Any, right: Any, threshold: Any) -> ForestArrays:
    """One tree of one feature; its leaves are of classes 0, 1, 2, 0, 1, ..."""
    size = len(left)
    return ForestArrays(
        tree_offsets=np.array([0, size], dtype=np.int64),
        children_left=left.astype(np.int32),
        children_right=right.astype(np.int32),
        feature=np.zeros(size, dtype=np.int32),
        threshold=threshold.astype(np.float64),
        value=np.eye(3)[np.arange(size) % 3],
        impurity=np.zeros(size),
        n_node_samples=np.ones(size, dtype=np.int64),
        weighted_n_node_samples=np.ones(size),
        n_features=1,
        n_classes=3,
        kind="RandomForestClassifier",
    )


def test_a_tree_that_is_one_long_chain() -> None:
    depth = 1000
    number = np.arange(2 * depth + 1)
    is_inner = (number % 2 == 0) & (number < 2 * depth)  # left a leaf, right the next inner node
    left, right = (np.where(is_inner, number + step, -1) for step in (1, 2))
    arrays = tree_by_hand(left, right, number / 2)
    assert arrays.depths.max() == depth
    estimator = arrays.to_estimator(range(3))
    assert estimator.estimators_[0].get_depth() == depth
    planes = np.linspace(-1, depth, 3333, dtype=np.float32)[np.newaxis]
    found = CompiledForest(arrays).predict_planes(planes)
    np.testing.assert_array_equal(found, estimator.predict_proba(planes.T).T)


@pytest.mark.parametrize("side", [0, 1])
def test_every_pixel_of_a_tile_on_its_own_way(side: int) -> None:
    """As many sets of pixels as a tile can ever have, and one more that is empty."""
    number = np.arange(511)  # a complete tree: level by level, 256 leaves in the last one
    is_inner = number < 255
    level = np.floor(np.log2(number + 1)).astype(int)
    width = 256 >> level
    threshold = (number + 1 - (1 << level)) * width + width / 2 - 0.5
    left, right = (np.where(is_inner, 2 * number + step, -1) for step in (1, 2))
    arrays = tree_by_hand(left, right, threshold)
    planes = np.arange(side, 256, 2, dtype=np.float32)[np.newaxis]
    expected = np.eye(3)[(planes[0].astype(int) + 255) % 3].T
    for order in (slice(None), slice(None, None, -1)):
        found = CompiledForest(arrays).predict_planes(planes[:, order])
        np.testing.assert_array_equal(found, expected[:, order])


@pytest.mark.parametrize("share", [0.002, 1.0])
def test_nan_goes_where_scikit_learn_sends_it(share: float) -> None:
    estimator = fit_forest(n_samples=500, min_samples_leaf=3, n_estimators=140)
    planes = np.random.default_rng(0).normal(size=(5, 40, 50)).astype(np.float32)
    planes[np.random.default_rng(1).random(planes.shape) <= share] = np.nan
    expected = estimator.predict_proba(planes.reshape(5, -1).T).T.reshape(-1, 40, 50)
    found = compile_estimator(estimator).predict_planes(planes)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_used_features() -> None:
    estimator = fit_forest(n_features=40, n_estimators=3, max_depth=2)
    forest = compile_estimator(estimator)
    used = sorted({f for tree in estimator.estimators_ for f in tree.tree_.feature if f >= 0})
    assert forest.used_features.tolist() == used
    assert forest.n_features == 40
    planes = difficult_planes(estimator, (17, 19))
    compact = forest.compact()
    assert compact.n_features == len(used)
    assert compact.used_features.tolist() == list(range(len(used)))
    expected = forest.predict_planes(planes)
    np.testing.assert_array_equal(compact.predict_planes(planes[used]), expected)
    np.testing.assert_array_equal(compact.compact().predict_planes(planes[used]), expected)


def test_a_forest_without_splits_uses_no_features() -> None:
    forest = compile_estimator(fit_forest(n_classes=1)).compact()
    probabilities = forest.predict_planes(np.empty((0, 3, 4), dtype=np.float32))
    np.testing.assert_array_equal(probabilities, np.ones((1, 3, 4)))


@pytest.mark.parametrize("block", [(), (0,), (5, 0), (0, 3, 4), (1, 1, 1, 1, 1), (2, 3, 2, 3, 4)])
def test_blocks_of_any_number_of_axes(block: tuple[int, ...]) -> None:
    estimator = fit_forest()
    planes = difficult_planes(estimator, block)
    found = compile_estimator(estimator).predict_planes(planes)
    assert found.shape == (3, *block)
    np.testing.assert_allclose(found, reference(estimator, planes), rtol=0, atol=1e-6)


def test_reads_and_writes_views_in_place() -> None:
    estimator = fit_forest()
    scratch = difficult_planes(estimator, (50, 60))
    planes = scratch[:, 3:40, 5:49]
    planes.flags.writeable = False
    buffer = np.full((40, 50, 4), -1, dtype=np.float32)
    out = np.moveaxis(buffer, -1, 0)[:3, 1:38, 2:46]
    forest = compile_estimator(estimator)
    assert forest.predict_planes(planes, out) is out
    np.testing.assert_array_equal(out, forest.predict_planes(planes.copy()))
    out[:] = -1
    assert np.all(buffer == -1), "wrote beside out"


def test_unaligned_planes() -> None:
    estimator = fit_forest()
    planes = difficult_planes(estimator, (20, 33))
    memory = np.empty(planes.nbytes + 1, dtype=np.uint8)
    unaligned = memory[1:].view(np.float32).reshape(planes.shape)
    unaligned[:] = planes
    assert not unaligned.flags.aligned
    forest = compile_estimator(estimator)
    np.testing.assert_array_equal(forest.predict_planes(unaligned), forest.predict_planes(planes))


def test_threads_share_a_forest() -> None:
    estimator = fit_forest(n_samples=1000, n_estimators=30)
    forest = compile_estimator(estimator)
    blocks = [difficult_planes(estimator, (9 + k, 30), seed=k) for k in range(24)]
    expected = [forest.predict_planes(block) for block in blocks]
    with ThreadPoolExecutor(8) as pool:
        for found, wanted in zip(pool.map(forest.predict_planes, blocks), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_warm_up_predicts_nothing_and_may_be_repeated() -> None:
    warm_up()
    warm_up()


@pytest.mark.parametrize(
    ("planes", "error", "message"),
    [
        (np.zeros((5, 4), np.float64), TypeError, "planes must be a numpy array of float32"),
        ([[0.0]] * 5, TypeError, "got list"),
        (np.zeros((4, 4), np.float32), ValueError, "5 features as the first axis"),
        (np.float32(0), TypeError, "planes must be"),
        (np.array(0, np.float32), ValueError, "5 features as the first axis"),
    ],
)
def test_wrong_planes(planes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compile_estimator(fit_forest()).predict_planes(planes)


def test_wrong_out_and_rows() -> None:
    forest = compile_estimator(fit_forest())
    planes = np.zeros((5, 4, 4), dtype=np.float32)
    with pytest.raises(ValueError, match="of shape"):
        forest.predict_planes(planes, np.zeros((3, 4, 5), dtype=np.float32))
    with pytest.raises(TypeError, match="out must be"):
        forest.predict_planes(planes, np.zeros((3, 4, 4)))
    frozen = np.zeros((3, 4, 4), dtype=np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        forest.predict_planes(planes, frozen)
    with pytest.raises(ValueError, match="n_samples, 5"):
        forest.predict_rows(np.zeros((4, 4), dtype=np.float32))
    with pytest.raises(TypeError, match="X must be"):
        forest.predict_rows(np.zeros((4, 5)))


@settings(max_examples=40)
@given(estimator=estimators)
def test_round_trip_gives_the_same_estimator(estimator: Any) -> None:
    classes = np.arange(len(estimator.classes_)) * 3 + 2
    arrays = ForestArrays.from_estimator(estimator)
    rebuilt = arrays.to_estimator(classes)
    assert type(rebuilt) is type(estimator)
    X = np.random.default_rng(0).normal(size=(300, estimator.n_features_in_)).astype(np.float32)
    X[::7, 0] = np.nan
    expected = estimator.predict_proba(X)
    np.testing.assert_array_equal(rebuilt.predict_proba(X), expected)
    np.testing.assert_array_equal(rebuilt.predict(X), classes[expected.argmax(axis=1)])
    np.testing.assert_array_equal(rebuilt.apply(X), estimator.apply(X))
    np.testing.assert_array_equal(rebuilt.feature_importances_, estimator.feature_importances_)
    for ours, theirs in zip(rebuilt.estimators_, estimator.estimators_, strict=True):
        assert ours.get_depth() == theirs.get_depth()
        is_inner = theirs.tree_.children_left >= 0
        nodes, expected = (tree.tree_.__getstate__()["nodes"][is_inner] for tree in (ours, theirs))
        for field in expected.dtype.names:
            np.testing.assert_array_equal(nodes[field], expected[field])
    again = ForestArrays.from_estimator(rebuilt)
    for name in ForestArrays.__slots__:
        np.testing.assert_array_equal(getattr(again, name), getattr(arrays, name))


def test_rebuilt_estimator_refuses_other_features_and_class_counts() -> None:
    arrays = ForestArrays.from_estimator(fit_forest())
    with pytest.raises(ValueError, match="4 features"):
        arrays.to_estimator([1, 2, 3]).predict_proba(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="one value for each of the forest's 3 classes"):
        arrays.to_estimator([1, 2])


def test_only_fitted_classification_forests() -> None:
    with pytest.raises(TypeError, match="got DecisionTreeClassifier"):
        ForestArrays.from_estimator(DecisionTreeClassifier())
    with pytest.raises(NotFittedError):
        ForestArrays.from_estimator(RandomForestClassifier())
    X = np.arange(40.0).reshape(20, 2)
    outputs = np.stack([np.arange(20) % 2, np.arange(20) % 3], axis=1)
    with pytest.raises(ValueError, match="one output"):
        ForestArrays.from_estimator(RandomForestClassifier(2).fit(X, outputs))
    X[np.arange(20) % 2 == 0, 0] = np.nan
    with pytest.raises(ValueError, match="without missing values"):
        ForestArrays.from_estimator(RandomForestClassifier(9).fit(X, np.arange(20) % 2))


def changed(arrays: ForestArrays, name: str, index: Any, value: Any) -> ForestArrays:
    array = getattr(arrays, name).copy()
    array[index] = value
    return replace(arrays, **{name: array})


def inner_node(arrays: ForestArrays) -> int:
    """An inner node that is not a root, with an inner node before it in the same tree."""
    numbers = np.arange(arrays.n_nodes) - arrays.roots
    return int(np.flatnonzero((arrays.children_left > 0) & (numbers > 1))[-1])


DAMAGE = {
    "child before parent": lambda a: changed(a, "children_left", inner_node(a), 0),
    "child of itself": lambda a: changed(
        a, "children_right", inner_node(a), inner_node(a) - a.roots[inner_node(a)]
    ),
    "child out of range": lambda a: changed(a, "children_right", inner_node(a), 2**31 - 1),
    "child in the next tree": lambda a: changed(
        a, "children_right", 0, a.tree_offsets[1] - a.tree_offsets[0]
    ),
    "negative child": lambda a: changed(a, "children_left", inner_node(a), -2),
    "one child": lambda a: changed(a, "children_left", inner_node(a), -1),
    "two parents": lambda a: changed(a, "children_left", 0, a.children_right[0]),
    "feature too high": lambda a: changed(a, "feature", inner_node(a), a.n_features),
    "feature negative": lambda a: changed(a, "feature", inner_node(a), -2),
    "nan threshold": lambda a: changed(a, "threshold", inner_node(a), np.nan),
    "inf threshold": lambda a: changed(a, "threshold", 0, np.inf),
    "nan impurity": lambda a: changed(a, "impurity", 0, np.nan),
    "nan value": lambda a: changed(a, "value", -1, np.nan),
    "negative fraction": lambda a: changed(a, "value", -1, [2, -1, 0]),
    "fractions near infinity": lambda a: changed(a, "value", 0, 1e308),
    "fractions that sum to more than 1": lambda a: changed(a, "value", 0, 0.5),
    "no samples": lambda a: changed(a, "n_node_samples", 0, 0),
    "negative weight": lambda a: changed(a, "weighted_n_node_samples", 0, -1),
    "offsets fall": lambda a: changed(a, "tree_offsets", 1, a.tree_offsets[2] + 1),
    "empty tree": lambda a: changed(a, "tree_offsets", 1, 0),
    "offsets begin late": lambda a: changed(a, "tree_offsets", 0, 1),
    "offsets whose differences overflow": lambda a: replace(
        a, tree_offsets=np.array([0, 2**63 - 1, -2, a.n_nodes])
    ),
    "offsets end early": lambda a: changed(a, "tree_offsets", -1, a.n_nodes - 1),
    "offsets missing": lambda a: replace(a, tree_offsets=a.tree_offsets[:0]),
    "no trees": lambda a: replace(a, tree_offsets=a.tree_offsets[:1]),
    "no nodes": lambda a: replace(a, feature=a.feature[:0]),
    "node missing": lambda a: replace(a, impurity=a.impurity[:-1]),
    "class missing": lambda a: replace(a, value=a.value[:, :-1]),
    "value without classes": lambda a: replace(a, value=a.value[:, 0]),
    "scalar": lambda a: replace(a, feature=np.array(0, np.int32)),
    "offsets in two dimensions": lambda a: replace(a, tree_offsets=a.tree_offsets[np.newaxis]),
    "other dtype": lambda a: replace(a, threshold=a.threshold.astype(np.float32)),
    "other byte order": lambda a: replace(a, threshold=a.threshold.astype(">f8")),
    "objects": lambda a: replace(a, threshold=a.threshold.astype(object)),
    "list": lambda a: replace(a, feature=a.feature.tolist()),
    "no features": lambda a: replace(a, n_features=0),
    "absurdly many features": lambda a: replace(a, n_features=2**40),
    "absurdly many classes": lambda a: replace(a, n_classes=2**40),
    "number as text": lambda a: replace(a, n_features="5"),
    "number as bool": lambda a: replace(a, n_classes=True),
    "other kind": lambda a: replace(a, kind="GradientBoostingClassifier"),
    "kind is a list": lambda a: replace(a, kind=[]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_arrays_are_refused_in_one_sentence(damage: Any) -> None:
    arrays = damage(ForestArrays.from_estimator(fit_forest()))
    with pytest.raises(ValueError, match=r"\AA forest's .*; .* must be trained again\.\Z"):
        arrays.validate()
    with pytest.raises(ValueError, match="damaged"):
        CompiledForest(arrays)
    with pytest.raises(ValueError, match="damaged"):
        arrays.to_estimator([1, 2, 3])


@settings(max_examples=150)
@given(
    name=st.sampled_from(["tree_offsets", "children_left", "children_right", "feature", "value"]),
    position=st.floats(0, 0.999),
    value=st.one_of(st.integers(-3, 60), st.sampled_from([-(2**31), 2**31 - 1])),
)
def test_arrays_are_refused_or_harmless(name: str, position: float, value: int) -> None:
    arrays = ForestArrays.from_estimator(fit_forest(n_samples=30, n_estimators=3))
    length = len(getattr(arrays, name))
    arrays = changed(arrays, name, int(position * length), value)
    try:
        forest = CompiledForest(arrays)
    except ValueError:
        return
    planes = np.random.default_rng(0).normal(size=(5, 11, 13)).astype(np.float32)
    expected = arrays.to_estimator(range(3)).predict_proba(planes.reshape(5, -1).T)
    found = forest.predict_planes(planes).reshape(3, -1).T
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
