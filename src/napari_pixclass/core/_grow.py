"""Extremely randomised trees grown on all cores: as good as scikit-learn's, in a fraction of the time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ._forest_arrays import MAX_CLASSES, ForestArrays
from ._grow_draws import as_keys
from ._grow_kernels import class_fractions, grow_tree, pack

SECONDS_PER_STEP = 0.01
"""Whoever drives the growth gets a chance to cancel it at least this often."""

MAX_SEED = 2**32 - 1
MAX_SAMPLES = 2**31 - 1
MAX_FRACTIONS = 2**29
"""Greatest number of nodes times classes of a forest: 4 GiB of fractions."""

Tree = dict[str, npt.NDArray[Any]]

_VALUES_PER_TASK = 500_000  # a fraction of the time in which a user may cancel
_SAMPLES_PER_TASK = 20_000
_TREES_PER_TASK = 10


def seed_sequence(random_state: Any) -> np.random.SeedSequence:
    """Where the random numbers of a forest come from.

    Parameters
    ----------
    random_state : int, None or numpy.random.RandomState
        As for scikit-learn: a seed from 0 to 2**32 - 1, None for other numbers each time, or a
        generator, from which a seed is drawn.

    Raises
    ------
    TypeError, ValueError
        If it is something else.
    """
    if random_state is None:
        return np.random.SeedSequence()
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(random_state.randint(0, 2**32, 4, dtype=np.uint64).tolist())
    if isinstance(random_state, bool) or not isinstance(random_state, int | np.integer):
        raise TypeError(
            "random_state must be a whole number, None or a numpy.random.RandomState; got "
            f"{type(random_state).__name__}."
        )
    if not 0 <= random_state <= MAX_SEED:
        raise ValueError(f"random_state must be from 0 to {MAX_SEED}; got {random_state}.")
    return np.random.SeedSequence(int(random_state))


def grow_forest(
    X: npt.NDArray[np.float32],
    classes: npt.NDArray[np.integer[Any]],
    n_classes: int,
    *,
    seed: np.random.SeedSequence,
    n_trees: int = 100,
    n_jobs: int = 1,
    weights: npt.NDArray[np.float64] | None = None,
) -> Generator[Growth, None, ForestArrays]:
    """Grow a forest of extremely randomised trees in steps.

    Extra trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): every tree has all samples;
    every node looks at sqrt(n_features) features drawn at random (at more if all samples agree in
    these), cuts each at thresholds drawn at random, and keeps the cut where the Gini impurity falls
    most, until no node can be cut. Two things differ from the paper and from scikit-learn: of each
    feature two thresholds are drawn, each evenly between the values of two samples of the node
    (not one between the least and the greatest value, which outliers decide), and some features
    may be drawn less often than others.

    Parameters
    ----------
    X : array of float32, shape (n_samples, n_features)
        Features, finite.
    classes : array of shape (n_samples,)
        Class of each sample, from 0 to `n_classes` - 1.
    n_classes, n_trees
        1 or more.
    seed
        Where random numbers come from. A tree depends on its own number, not on how many there are.
    n_jobs
        Number of threads; changes nothing but the time.
    weights : array of shape (n_features,)
        How often a node draws each feature, compared with the others; finite and more than 0. None: all as often.

    Yields
    ------
    Growth
        The forest so far, at least every 0.01 s. Closing the generator stops all threads.

    Returns
    -------
    ForestArrays

    Raises
    ------
    ValueError
        If there are too many samples, classes or nodes to be stored.
    """
    if not 1 <= n_classes <= MAX_CLASSES or not 1 <= len(X) <= MAX_SAMPLES:
        raise ValueError(
            f"a forest is grown from 1 to {MAX_SAMPLES} samples of 1 to {MAX_CLASSES} classes; got "
            f"{len(X)} samples of {n_classes} classes. Label fewer pixels or merge classes."
        )
    with ThreadPoolExecutor(n_jobs, thread_name_prefix="pixclass") as pool:
        growth = Growth(
            np.empty(X.shape[::-1], dtype=np.int32),
            np.ascontiguousarray(classes, dtype=np.uint16),
            n_classes,
            np.ones(X.shape[1]) if weights is None else weights / weights.max(),
            seed.generate_state(n_trees, np.uint64).astype(np.uint64),
        )
        try:
            for _ in _run(pool, _filling(growth.columns, X)):
                yield growth
            at_once = max(1, min(_TREES_PER_TASK, _SAMPLES_PER_TASK // len(X)))
            starts = range(0, n_trees, at_once)
            groups = [range(start, min(start + at_once, n_trees)) for start in starts]
            for _ in _run(pool, [partial(growth.grow, group) for group in groups]):
                yield growth
        finally:
            growth.stop[0] = 1
    return growth.forest()


def _filling(
    columns: npt.NDArray[np.int32], X: npt.NDArray[np.float32]
) -> list[Callable[[], None]]:
    """Tasks that write the features as the trees read them, for threads to share."""
    # Neighbouring columns share cache lines: copied together, they are read from memory once.
    at_once = max(1, min(16, _VALUES_PER_TASK // len(X)))

    def fill(start: int) -> None:
        columns[start : start + at_once] = as_keys(X[:, start : start + at_once].T)

    return [partial(fill, start) for start in range(0, len(columns), at_once)]


def _run(pool: ThreadPoolExecutor, tasks: Iterable[Callable[[], None]]) -> Generator[None]:
    """Run tasks, yielding from time to time and when all are done."""
    pending = {pool.submit(task) for task in tasks}
    try:
        while pending:
            done, pending = wait(pending, SECONDS_PER_STEP, FIRST_EXCEPTION)
            for future in done:
                future.result()
            yield
    finally:
        for future in pending:
            future.cancel()


@dataclass(slots=True)
class Growth:
    """A forest while it grows; threads grow different trees of it.

    Attributes
    ----------
    columns : int32 (n_features, n_samples)
        Features, as `as_keys` writes them.
    classes : uint16 (n_samples,)
        Class of each sample, below `n_classes`.
    weights : float64 (n_features,)
        How often each feature is drawn; the greatest is 1.
    seeds : uint64 (n_trees,)
        Where the random numbers of each tree begin.
    stop : uint8 (1,)
        1 if the trees that are being grown are of no use any more.
    trees
        By number; for each name of a `ForestArrays` field what the tree's nodes have there.
    """

    columns: npt.NDArray[np.int32]
    classes: npt.NDArray[np.uint16]
    n_classes: int
    weights: npt.NDArray[np.float64]
    seeds: npt.NDArray[np.uint64]
    stop: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(1, np.uint8))
    trees: dict[int, Tree] = field(default_factory=dict)

    @property
    def n_done(self) -> int:
        """Number of trees that are complete."""
        return len(self.trees)

    def so_far(self, n_trees: int) -> ForestArrays:
        """A forest of at most `n_trees` of those that are complete, while the others go on growing; at least of one."""
        trees = list(self.trees.values())[:n_trees]
        return self._joined(trees, lambda tree, name: tree[name])

    def grow(self, numbers: Iterable[int]) -> None:
        """Grow some of the trees."""
        n_tried = max(1, int(np.sqrt(len(self.columns))))
        packed, width = pack(self.classes, self.n_classes)
        for number in numbers:
            tree = grow_tree(
                self.columns,
                self.classes,
                packed,
                width,
                self.weights,
                self.n_classes,
                n_tried,
                self.seeds[number],
                self.stop,
            )
            if self.stop[0]:
                return
            n_nodes = len(tree.begin)
            self._check_size(n_nodes)
            value = np.empty((n_nodes, self.n_classes))
            class_fractions(tree.rows, self.classes, *tree[1:5], value)
            n_samples = (tree.end - tree.begin).astype(np.int64)
            self.trees[number] = {
                "value": value,
                "children_left": tree.children_left,
                "children_right": tree.children_right,
                "feature": tree.feature,
                "threshold": tree.threshold,
                "impurity": tree.impurity,
                "n_node_samples": n_samples,
                "weighted_n_node_samples": n_samples.astype(np.float64),
            }

    def _check_size(self, n_nodes: int) -> None:
        """Refuse a forest that would not fit into memory before it is too late."""
        n_nodes += sum(len(tree["value"]) for tree in list(self.trees.values()))
        if n_nodes * self.n_classes > MAX_FRACTIONS:
            raise ValueError(
                f"the nodes of a forest times its classes must not exceed {MAX_FRACTIONS}; got more than {n_nodes} "
                f"nodes and {self.n_classes} classes. Grow fewer trees, label fewer pixels or merge classes."
            )

    def forest(self) -> ForestArrays:
        """Join the trees, which are given up one field after the other, so that memory is not needed twice."""
        trees = [self.trees[number] for number in range(len(self.seeds))]
        return self._joined(trees, lambda tree, name: tree.pop(name))

    def _joined(
        self,
        trees: Sequence[Tree],
        field_of: Callable[[Tree, str], npt.NDArray[Any]],
    ) -> ForestArrays:
        sizes = [len(tree["value"]) for tree in trees]
        names = list(trees[0])
        return ForestArrays(
            tree_offsets=np.cumsum([0, *sizes], dtype=np.int64),
            n_features=len(self.columns),
            n_classes=self.n_classes,
            kind="ExtraTreesClassifier",
            **{name: np.concatenate([field_of(tree, name) for tree in trees]) for name in names},
        )
