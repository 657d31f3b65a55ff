"""Training of the forest: our trainer and both of scikit-learn's, in alternation, in one process.

A synthetic image of three classes is labelled at random pixels; its 49 features are computed once.
All train 100 trees on the same pixels and are scored on 50 000 others.

    python benchmarks/bench_training.py [--quick] [--repeat N] [--jobs N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from napari_pixclass import FeatureSet, compute_features
from napari_pixclass.core import CompiledForest, ForestArrays
from napari_pixclass.core._grow import grow_forest, seed_sequence

N_TREES = 100
N_UNSEEN = 50_000
PEERS = {"extra trees": ExtraTreesClassifier, "random forest": RandomForestClassifier}


def samples(side: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features and classes (0, 1, 2) of all pixels of a noisy image, in random order."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(side, side)), 8)
    truth = np.digitize(smooth, np.quantile(smooth, [1 / 3, 2 / 3]))
    image = 60 + 50 * truth + rng.normal(size=truth.shape) * 25
    X = compute_features(image.astype(np.float32), FeatureSet.all(2)).reshape(side * side, -1)
    order = rng.permutation(len(X))
    return X[order], truth.ravel()[order]


def train_ours(X: np.ndarray, y: np.ndarray, seed: int, n_jobs: int) -> ForestArrays:
    growth = grow_forest(
        X, y, int(y.max()) + 1, seed=seed_sequence(seed), n_trees=N_TREES, n_jobs=n_jobs
    )
    while True:
        try:
            next(growth)
        except StopIteration as stop:
            return stop.value


def train_theirs(kind: Any, X: np.ndarray, y: np.ndarray, seed: int, n_jobs: int) -> Any:
    return kind(N_TREES, random_state=seed, n_jobs=n_jobs).fit(X, y)


def accuracy(forest: ForestArrays, X: np.ndarray, y: np.ndarray) -> float:
    return float((CompiledForest(forest).predict_rows(X).argmax(axis=1) == y).mean())


def compare(X: np.ndarray, y: np.ndarray, n: int, repeat: int, n_jobs: int) -> dict[str, Any]:
    """Median seconds, accuracy and nodes of each on the first `n` samples."""
    train: dict[str, Callable[..., Any]] = {"ours": train_ours}
    train |= {name: partial(train_theirs, kind) for name, kind in PEERS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in train}
    scores: dict[str, list[float]] = {name: [] for name in train}
    nodes = {}
    train_ours(X[:10], y[:10], 0, n_jobs)  # compiled before the clock runs
    for seed in range(repeat):
        for name in train:
            started = time.perf_counter()
            forest = train[name](X[:n], y[:n], seed, n_jobs)
            seconds[name].append(time.perf_counter() - started)
            if name in PEERS:
                forest = ForestArrays.from_estimator(forest)
            scores[name].append(accuracy(forest, X[-N_UNSEEN:], y[-N_UNSEEN:]))
            nodes[name] = forest.n_nodes
    return {
        "samples": n,
        "features": X.shape[1],
        "seconds": {name: float(np.median(times)) for name, times in seconds.items()},
        "accuracy": {name: float(np.mean(values)) for name, values in scores.items()},
        "nodes": nodes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out 200 000 pixels")
    parser.add_argument("--repeat", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="threads; default: %(default)s")
    parser.add_argument("--json", type=Path, help="write the results to this file too")
    args = parser.parse_args()
    sizes = [1_000, 20_000] if args.quick else [1_000, 20_000, 200_000]
    X, y = samples(side=300 if args.quick else 512)
    results = []
    print(
        f"{'pixels':>8}  {'trained by':<14}{'seconds':>8}{'ratio':>7}{'accuracy':>10}{'nodes':>9}"
    )
    for n in sizes:
        result = compare(X, y, n, args.repeat if n < 200_000 else 1, args.jobs)
        results.append(result)
        for name, seconds in result["seconds"].items():
            ratio = seconds / result["seconds"]["ours"]
            print(
                f"{n:>8}  {name:<14}{seconds:>8.3f}{ratio:>7.1f}{result['accuracy'][name]:>10.4f}"
                f"{result['nodes'][name]:>9}",
                flush=True,
            )
    if args.json is not None:
        args.json.write_text(json.dumps({"trees": N_TREES, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
