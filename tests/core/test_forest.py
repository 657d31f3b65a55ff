"""The compiled forest against scikit-learn's own trees, and against itself in other blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.forests import KINDS, estimators, fit_forest

from napari_pixclass.core import CompiledForest, ForestArrays


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
