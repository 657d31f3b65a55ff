"""A fitted forest as plain arrays: what a model file stores, checked before anything follows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

ForestKind = Literal["RandomForestClassifier", "ExtraTreesClassifier"]

MAX_FEATURES = 1_000_000
MAX_CLASSES = 65_536
MAX_NODES = 2**31 - 1

_DTYPES = {
    "tree_offsets": np.int64,
    "children_left": np.int32,
    "children_right": np.int32,
    "feature": np.int32,
    "threshold": np.float64,
    "value": np.float64,
    "impurity": np.float64,
    "n_node_samples": np.int64,
    "weighted_n_node_samples": np.float64,
}


@dataclass(frozen=True, slots=True, eq=False)
class ForestArrays:
    """A fitted scikit-learn forest of classification trees.

    The nodes of all trees stand one after another, each tree's root first.

    Attributes
    ----------
    tree_offsets : int64 (n_trees + 1,)
        Where the nodes of each tree begin; the last one is the number of nodes.
    children_left, children_right : int32 (n_nodes,)
        Numbered from the tree's root, which is 0; -1 in leaves. Children come after their parent.
    feature : int32 (n_nodes,)
        Column that a node tests; meaningless in leaves.
    threshold : float64 (n_nodes,)
        Samples whose feature, as float32, is not greater go left; meaningless in leaves.
    value : float64 (n_nodes, n_classes)
        Fraction of each class among the training samples of a node.
    impurity : float64 (n_nodes,)
    n_node_samples : int64 (n_nodes,)
    weighted_n_node_samples : float64 (n_nodes,)
        As in scikit-learn's trees; feature importances come from them.
    n_features, n_classes : int
    kind
        Name of the scikit-learn class.
    """

    tree_offsets: npt.NDArray[np.int64]
    children_left: npt.NDArray[np.int32]
    children_right: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]
    impurity: npt.NDArray[np.float64]
    n_node_samples: npt.NDArray[np.int64]
    weighted_n_node_samples: npt.NDArray[np.float64]
    n_features: int
    n_classes: int
    kind: ForestKind

    @property
    def n_trees(self) -> int:
        return len(self.tree_offsets) - 1

    @property
    def n_nodes(self) -> int:
        return len(self.feature)

    @property
    def roots(self) -> npt.NDArray[np.int64]:
        """Number of the root of each node's tree, int64 (n_nodes,)."""
        return np.repeat(self.tree_offsets[:-1], np.diff(self.tree_offsets))

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """Copy a fitted `RandomForestClassifier` or `ExtraTreesClassifier`.

        Raises
        ------
        TypeError
            If the estimator is of another class.
        ValueError
            If it is not fitted, was fitted to several outputs or to samples with missing values.
        """
        from sklearn.utils.validation import check_is_fitted

        kind: Any = type(estimator).__name__
        if kind not in get_args(ForestKind):
            raise TypeError(f"The estimator must be one of {get_args(ForestKind)}; got {kind}.")
        check_is_fitted(estimator)
        if estimator.n_outputs_ != 1:
            raise ValueError(
                f"A forest must have one output; this one has {estimator.n_outputs_}, so fit it to "
                "one class per sample."
            )
        trees = [tree.tree_ for tree in estimator.estimators_]

        def joined(name: str, dtype: type) -> npt.NDArray[Any]:
            return np.concatenate([getattr(tree, name) for tree in trees]).astype(dtype)

        per_node = {
            name: joined(name, dtype)
            for name, dtype in _DTYPES.items()
            if name not in ("tree_offsets", "value")
        }
        arrays = cls(
            tree_offsets=np.cumsum([0, *(tree.node_count for tree in trees)], dtype=np.int64),
            value=joined("value", np.float64)[:, 0],
            n_features=int(estimator.n_features_in_),
            n_classes=int(estimator.n_classes_),
            kind=kind,
            **per_node,
        )
        if not np.all(np.isfinite(arrays.threshold)):
            raise ValueError(
                "A forest must be fitted to samples without missing values; this one splits them "
                "off, so leave out samples with nan."
            )
        return arrays

    @property
    def depths(self) -> npt.NDArray[np.int64]:
        """Distance of each node from its root, int64 (n_nodes,).

        By doubling: every node jumps to its parent, then twice as far, and so on, so that a tree
        that is one long chain takes no more than 31 rounds.
        """
        roots, own = self.roots, np.arange(self.n_nodes)
        inner = np.flatnonzero(self.children_left >= 0)
        ancestors = own.copy()
        ancestors[(roots + self.children_left)[inner]] = inner
        ancestors[(roots + self.children_right)[inner]] = inner
        depths: npt.NDArray[np.int64] = (ancestors != own).astype(np.int64)
        while np.any(ancestors != roots):
            depths += depths[ancestors]
            ancestors = ancestors[ancestors]
        return depths

    @property
    def nan_goes_right(self) -> npt.NDArray[np.bool_]:
        """Where nodes send nan: to the child that got more of the training samples (n_nodes,).

        scikit-learn's rule for trees that met no missing value when they were fitted.
        """
        left = self.n_node_samples[self.roots + self.children_left]
        right = self.n_node_samples[self.roots + self.children_right]
        goes_right: npt.NDArray[np.bool_] = (left <= right) & (self.children_left >= 0)
        return goes_right

    def to_estimator(self, classes: npt.ArrayLike) -> Any:
        """Build the fitted scikit-learn forest again.

        Parameters
        ----------
        classes : array of shape (n_classes,)
            Class values, ascending, as in the estimator's `classes_`.

        Returns
        -------
        RandomForestClassifier or ExtraTreesClassifier
            Predicts the same to the last bit. Parameters of the fit (criterion, depth, ...) are not
            stored: they have their default values.

        Raises
        ------
        ValueError
            If the arrays are damaged (see `validate`) or the number of classes is another one.
        """
        self.validate()
        values = np.asarray(classes)
        if values.shape != (self.n_classes,):
            raise ValueError(
                f"classes must hold one value for each of the forest's {self.n_classes} classes; "
                f"got shape {values.shape}."
            )
        return _build_estimator(self, values)

    def validate(self) -> None:
        """Check everything that prediction relies on; compiled code follows indices unchecked.

        Raises
        ------
        ValueError
            Names the first rule that is broken.
        """
        self._validate_layout()
        self._validate_trees()
        self._validate_nodes()

    def _validate_layout(self) -> None:
        if self.kind not in get_args(ForestKind):
            raise _damaged("kind", f"must be one of {get_args(ForestKind)}; got {self.kind!r}")
        for name, maximum in (("n_features", MAX_FEATURES), ("n_classes", MAX_CLASSES)):
            number = getattr(self, name)
            if type(number) is not int or not 1 <= number <= maximum:
                raise _damaged(name, f"must be a whole number from 1 to {maximum}; got {number!r}")
        n_dimensions = {"value": 2}
        for name, dtype in _DTYPES.items():
            array: Any = getattr(self, name)
            wanted = f"{n_dimensions.get(name, 1)}-dimensional array of {np.dtype(dtype)}"
            if not isinstance(array, np.ndarray):
                raise _damaged(name, f"must be a {wanted}; got {type(array).__name__}")
            if array.dtype != dtype or array.ndim != n_dimensions.get(name, 1):
                found = f"{array.ndim}-dimensional array of {array.dtype}"
                raise _damaged(name, f"must be a {wanted}; got a {found}")
        if not 1 <= self.n_nodes <= MAX_NODES or len(self.tree_offsets) < 2:
            raise _damaged("arrays", f"must hold 1 to {MAX_NODES} nodes; got {self.n_nodes}")
        for name in _DTYPES.keys() - {"tree_offsets"}:
            shape = (self.n_nodes, self.n_classes) if name == "value" else (self.n_nodes,)
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise _damaged(name, f"must have the shape {shape}; got {found}")

    def _validate_trees(self) -> None:
        offsets = self.tree_offsets
        if offsets[0] != 0 or offsets[-1] != self.n_nodes or np.any(offsets[1:] <= offsets[:-1]):
            raise _damaged("tree_offsets", f"must rise from 0 to the {self.n_nodes} nodes")
        roots = self.roots
        number = np.arange(self.n_nodes) - roots
        size = np.repeat(np.diff(offsets), np.diff(offsets))
        left, right = self.children_left, self.children_right
        is_leaf = (left == -1) & (right == -1)
        is_inner = (left > number) & (left < size) & (right > number) & (right < size)
        if not np.all(is_leaf | is_inner):
            node = int(np.argmin(is_leaf | is_inner))
            raise _damaged(
                "children_left and children_right",
                "must both be -1 or come after their parent in the same tree; got "
                f"{left[node]} and {right[node]} at node {number[node]} of a tree of {size[node]}",
            )
        # Children come after parents, so there are no cycles. Two parents would be worse than
        # wrong: a walk could visit such a node a number of times that doubles from level to level.
        n_parents = np.zeros(self.n_nodes, dtype=np.int64)
        for child in (left, right):
            n_parents += np.bincount((roots + child)[is_inner], minlength=self.n_nodes)
        if np.any(n_parents != (number > 0)):
            node = int(np.argmax(n_parents != (number > 0)))
            raise _damaged(
                "children_left and children_right",
                f"must give each node but the root one parent; node {number[node]} of a tree has "
                f"{n_parents[node]}",
            )

    def _validate_nodes(self) -> None:
        is_inner = self.children_left >= 0
        feature = self.feature[is_inner]
        if np.any((feature < 0) | (feature >= self.n_features)):
            wrong = feature[(feature < 0) | (feature >= self.n_features)][0]
            raise _damaged("feature", f"must be below n_features = {self.n_features}; got {wrong}")
        for name in ("threshold", "impurity", "value", "weighted_n_node_samples"):
            if not np.all(np.isfinite(getattr(self, name))):
                raise _damaged(name, "must be finite; got nan or inf")
        for name in ("n_node_samples", "weighted_n_node_samples"):
            if np.any(getattr(self, name) <= 0):
                raise _damaged(name, f"must be greater than 0; got {getattr(self, name).min()}")
        is_wrong = (self.value < 0) | (self.value > 1 + 1e-6)
        if np.any(is_wrong):
            wrong = self.value[is_wrong][0]
            raise _damaged("value", f"must be fractions from 0 to 1; got {wrong}")
        sums = self.value.sum(axis=1)
        if np.any(np.abs(sums - 1) > 1e-6):
            wrong = sums[np.argmax(np.abs(sums - 1))]
            raise _damaged("value", f"must be fractions that sum to 1; got a sum of {wrong}")


def _damaged(name: str, rule: str) -> ValueError:
    return ValueError(f"A forest's {name} {rule}; the forest is damaged and must be trained again.")


def _build_estimator(arrays: ForestArrays, classes: npt.NDArray[Any]) -> Any:
    """Fill fitted scikit-learn trees through `Tree.__setstate__`, the way that they are copied."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
    from sklearn.tree._tree import TREE_UNDEFINED, Tree

    classes_of_trees = np.array([arrays.n_classes], dtype=np.intp)
    node_dtype = Tree(1, classes_of_trees, 1).__getstate__()["nodes"].dtype
    nodes = np.zeros(arrays.n_nodes, dtype=node_dtype)
    nodes["left_child"] = arrays.children_left
    nodes["right_child"] = arrays.children_right
    for name in ("feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples"):
        nodes[name] = getattr(arrays, name)
    is_inner = arrays.children_left >= 0
    nodes["feature"][~is_inner] = TREE_UNDEFINED
    nodes["missing_go_to_left"] = is_inner & ~arrays.nan_goes_right
    depths = arrays.depths

    is_random = arrays.kind == "RandomForestClassifier"
    forest = (RandomForestClassifier if is_random else ExtraTreesClassifier)(arrays.n_trees)
    forest.estimator_ = (DecisionTreeClassifier if is_random else ExtraTreeClassifier)()
    forest.estimators_ = []
    for begin, end in zip(arrays.tree_offsets[:-1], arrays.tree_offsets[1:], strict=True):
        tree = Tree(arrays.n_features, classes_of_trees, 1)
        tree.__setstate__(
            {
                "max_depth": int(depths[begin:end].max()),
                "node_count": int(end - begin),
                "nodes": nodes[begin:end].copy(),
                "values": np.ascontiguousarray(arrays.value[begin:end, np.newaxis]),
            }
        )
        classifier = type(forest.estimator_)(max_features="sqrt")
        classifier.tree_ = tree
        classifier.classes_ = np.arange(arrays.n_classes)
        forest.estimators_.append(classifier)
    forest.classes_ = classes
    for fitted in (forest, *forest.estimators_):
        fitted.n_classes_, fitted.n_outputs_ = arrays.n_classes, 1
        fitted.n_features_in_ = arrays.n_features
    return forest
