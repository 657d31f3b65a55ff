"""Does cross-validation predict the true IoU, and do calibrated probabilities say how often they are right?

Every image and scribble set of the data sets with a truth. Prints for each data set the true mean IoU and what is
foretold from the scribbles alone: out of bag, by strokes that were left out, and what `napari_pixclass.cross_validate`
expects of whole images; how far from the truth each is on average; and the expected calibration error and the log-loss
of all pixels with a truth, as predicted and calibrated. With --json the single figures are written, for
docs/make_quality_figure.py.

    python benchmarks/bench_quality.py [FOLDER] [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from bench_accuracy import DATA, DATA_SETS, files_of
from sklearn.ensemble import RandomForestClassifier

from napari_pixclass import FeatureSet, PixelClassifier
from napari_pixclass.core import LabelledPixels, compute_features, score
from napari_pixclass.io import ImageFile, open_image, open_labels
from napari_pixclass.quality import cross_validate

WAYS = ("out of bag", "left-out strokes", "expected")
CALIBRATION = ("error", "error calibrated", "log-loss", "log-loss calibrated")
COLUMNS = ("true", *WAYS, *CALIBRATION, "seconds")
N_BINS = 10
LEAST = 1e-3
"""Smaller probabilities count as this: a forest of 100 trees cannot tell less from nothing."""


def out_of_bag(image: ImageFile, labels: np.ndarray, ndim: int) -> float:
    """Mean IoU on the labels, each predicted by the trees that have not drawn it."""
    features = compute_features(
        np.asarray(image.data),
        FeatureSet.default(ndim),
        channel_axis=image.channel_axis,
        spacing=image.spacing_for(ndim),
    )
    labelled = LabelledPixels.of(labels)
    X = features.reshape(-1, features.shape[-1])[labelled.positions]
    forest = RandomForestClassifier(100, oob_score=True, random_state=0, n_jobs=-1)
    forest.fit(X, labelled.values)
    predicted = forest.classes_[np.nan_to_num(forest.oob_decision_function_).argmax(axis=1)]
    return score(predicted, labelled.values).mean_iou


def calibration_error(probabilities: np.ndarray, codes: np.ndarray) -> float:
    """How far the probability of the class chosen is from how often it is right, on average over ten bins."""
    chosen = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == codes
    numbers = np.minimum((chosen * N_BINS).astype(int), N_BINS - 1)
    excess = np.bincount(numbers, chosen.astype(np.float64) - right, minlength=N_BINS)
    return float(np.abs(excess).sum() / len(codes))


def log_loss(probabilities: np.ndarray, codes: np.ndarray) -> float:
    raised = np.maximum(probabilities, LEAST, dtype=np.float64)
    return float(-np.mean(np.log(raised[np.arange(len(codes)), codes] / raised.sum(axis=1))))


def figures(image: ImageFile, labels: np.ndarray, truth: np.ndarray, ndim: int) -> list[float]:
    """One run; see `COLUMNS`."""
    options = {"channel_axis": image.channel_axis, "spacing": image.spacing_for(ndim)}
    classifier = PixelClassifier(FeatureSet.default(ndim)).fit(image.data, labels, **options)
    classes = classifier.classes_
    known = np.isin(truth, classes)
    codes = np.searchsorted(classes, truth[known])
    said = classifier.predict_proba(image.data)
    true = score(classes[said.argmax(axis=-1)], truth, classes.tolist()).mean_iou
    started = time.perf_counter()
    result = cross_validate(classifier, image.data, labels, **options)
    seconds = time.perf_counter() - started
    ways = [out_of_bag(image, labels, ndim), float(np.mean(result.held_out_iou)), result.mean_iou]
    calibrated = classifier.calibrated(result.sharpness).predict_proba(image.data)
    calibration = [
        measure(probabilities[known], codes)
        for measure in (calibration_error, log_loss)
        for probabilities in (said, calibrated)
    ]
    return [true, *ways, *calibration, seconds]


def run_all(folder: Path, name: str) -> list[list[float]]:
    """All images and scribble sets of a data set."""
    rows = []
    for path in files_of(folder / name / "images", "*"):
        (truth,) = files_of(folder / name / "classes", f"{path.stem}.*")
        for scribbles in files_of(folder / name / "scribbles", f"{path.stem}_s[0-9].*"):
            labels = np.asarray(open_labels(scribbles))
            true = np.asarray(open_labels(truth))
            rows.append(figures(open_image(path), labels, true, DATA_SETS[name]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    shown = COLUMNS[1:-1]
    print(f"{'data set':<30}{'runs':>5}{'true':>7}" + "".join(f"{name:>21}" for name in shown))
    found = {}
    for name in args.only:
        found[name] = run_all(args.folder, name)
        means = np.mean(found[name], axis=0)
        print(
            f"{name:<30}{len(found[name]):>5}{means[0]:>7.3f}"
            + "".join(f"{mean:>21.3f}" for mean in means[1:-1])
        )
    runs = np.array([row for rows in found.values() for row in rows])
    means = runs.mean(axis=0)
    print(
        f"{'mean':<30}{len(runs):>5}{means[0]:>7.3f}" + "".join(f"{m:>21.4f}" for m in means[1:-1])
    )
    errors = runs[:, 1:4] - runs[:, :1]
    print(f"{'mean absolute error':<42}" + "".join(f"{e:>21.4f}" for e in abs(errors).mean(axis=0)))
    print(f"{'mean error':<42}" + "".join(f"{e:>+21.4f}" for e in errors.mean(axis=0)))
    better = (runs[:, (5, 7)] < runs[:, (4, 6)]).mean(axis=0)
    print("calibrated better: error in {:.0%}, log-loss in {:.0%} of the runs".format(*better))
    print(f"seconds per cross-validation: {np.median(runs[:, -1]):.2f}")
    if args.json is not None:
        args.json.write_text(json.dumps({"columns": COLUMNS, "runs": found}))


if __name__ == "__main__":
    main()
