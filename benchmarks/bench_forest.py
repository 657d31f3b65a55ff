"""Inference of the compiled forest against scikit-learn's, alternating in one process.

A noisy image of cells, about 9 000 scribbled pixels, all features, 100 fully grown trees.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from napari_pixclass.core import CompiledForest, FeatureSet, ForestArrays, compute_features

SIZE = 1024
BLOCK = 256
ROUNDS = 5
N_SAMPLES = 9000
PIXELS_FOR_SCIKIT_LEARN = BLOCK * BLOCK  # it needs no more to show its speed


def make_cells(rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Bright ellipses with noise; classes 1 background, 2 border, 3 inside."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    image = np.zeros((SIZE, SIZE), dtype=np.float32)
    classes = np.ones((SIZE, SIZE), dtype=np.uint8)
    for _ in range(SIZE * SIZE // 2500):
        centre_y, centre_x = rng.integers(20, SIZE - 20, 2)
        region = np.s_[centre_y - 20 : centre_y + 20, centre_x - 20 : centre_x + 20]
        radii = rng.uniform(8, 18, 2)
        distance = ((y[region] - centre_y) / radii[0]) ** 2
        distance += ((x[region] - centre_x) / radii[1]) ** 2
        brightness = np.where(distance < 1, rng.uniform(0.4, 1.0), 0)
        image[region] = np.maximum(image[region], brightness)
        kind = np.where(distance < 0.6, 3, np.where(distance < 1, 2, 1))
        classes[region] = np.maximum(classes[region], kind)
    image = ndimage.gaussian_filter(image, 1) + rng.normal(0, 0.15, image.shape)
    return image.astype(np.float32), classes


def make_scribbles(
    classes: npt.NDArray[np.uint8], rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Short strokes inside each class."""
    labels = np.zeros_like(classes)
    for value in (1, 2, 3):
        inner = ndimage.binary_erosion(classes == value)
        while np.count_nonzero(labels == value) < N_SAMPLES // 3:
            y, x = rng.integers(0, SIZE, 2)
            stroke = np.s_[y : y + 2, x : x + 12]
            labels[stroke] = np.where(inner[stroke], value, labels[stroke])
    return labels


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(
    name: str, estimator: Any, planes: npt.NDArray[np.float32], n_threads: int
) -> dict[str, Any]:
    forest = CompiledForest(ForestArrays.from_estimator(estimator))
    starts = range(0, SIZE, BLOCK)
    blocks = [
        np.ascontiguousarray(planes[:, y : y + BLOCK, x : x + BLOCK])
        for y in starts
        for x in starts
    ]
    outs = [np.empty((forest.n_classes, BLOCK, BLOCK), dtype=np.float32) for _ in blocks]
    rows = blocks[0].reshape(len(planes), -1).T[:PIXELS_FOR_SCIKIT_LEARN].copy()

    def with_threads() -> None:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(forest.predict_planes, blocks, outs))

    def alone() -> None:
        for block, out in zip(blocks, outs, strict=True):
            forest.predict_planes(block, out)

    forest.predict_planes(blocks[0])  # compiled or loaded now
    rates: dict[str, list[float]] = {"1 thread": [], f"{n_threads} threads": [], "scikit-learn": []}
    for _ in range(ROUNDS):
        rates["1 thread"].append(SIZE * SIZE / seconds(alone))
        rates[f"{n_threads} threads"].append(SIZE * SIZE / seconds(with_threads))
        rates["scikit-learn"].append(len(rows) / seconds(lambda: estimator.predict_proba(rows)))
    median = {key: statistics.median(values) / 1e6 for key, values in rates.items()}
    expected = estimator.predict_proba(rows).T.reshape(-1, BLOCK, BLOCK)
    error = np.abs(outs[0] - expected).max()
    n_leaves = np.mean([tree.get_n_leaves() for tree in estimator.estimators_])
    ratio = median[f"{n_threads} threads"] / median["scikit-learn"]
    print(
        f"{name:14} {n_leaves:4.0f} leaves a tree:"
        f" {median['1 thread']:6.2f} Mpixel/s with 1 thread,"
        f" {median[f'{n_threads} threads']:6.2f} with {n_threads};"
        f" scikit-learn with {estimator.n_jobs} jobs {median['scikit-learn']:5.2f};"
        f" ratio {ratio:5.1f};"
        f" largest difference {error:.1g}"
    )
    return {
        "case": name,
        "leaves_per_tree": float(n_leaves),
        "Mpixel_per_s": median,
        "ratio": ratio,
        "largest_difference": float(error),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    image, classes = make_cells(rng)
    labels = make_scribbles(classes, rng)
    features = compute_features(image, FeatureSet.all(ndim=2))
    planes = np.ascontiguousarray(np.moveaxis(features, -1, 0))
    X, y = features[labels > 0], labels[labels > 0]
    print(f"{len(planes)} features, {len(y)} scribbled pixels, 3 classes, 100 trees")
    common = {"n_estimators": 100, "random_state": 0, "n_jobs": 2}
    estimators = {
        "random forest": RandomForestClassifier(**common),
        "leaves >= 5": RandomForestClassifier(**common, min_samples_leaf=5),
        "extra trees": ExtraTreesClassifier(**common),
    }
    rows = [compare(name, model.fit(X, y), planes, 2) for name, model in estimators.items()]
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
