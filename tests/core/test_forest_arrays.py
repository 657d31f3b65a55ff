"""A forest as plain arrays: back to the same estimator, and refused where damaged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier
from tests.core.forests import estimators, fit_forest

from napari_pixclass.core import CompiledForest, ForestArrays


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
    with np.errstate(invalid="ignore"):  # splits that gain nothing: scikit-learn divides 0 by 0
        found, wanted = rebuilt.feature_importances_, estimator.feature_importances_
    np.testing.assert_array_equal(found, wanted)
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
