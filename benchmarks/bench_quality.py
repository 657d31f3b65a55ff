"""Does cross-validation predict the true IoU? Every image and scribble set of the data sets with a truth.

Prints for each data set the true mean IoU and what is foretold from the scribbles alone: out of bag, by
strokes that were left out, and what `napari_pixclass.cross_validate` expects of whole images; and how far
from the truth each is on average. With --json the single figures are written, for a plot.

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
    forest = RandomForestClassifier(100, oob_score=True, random_state=0)
    forest.fit(X, labelled.values)
    predicted = forest.classes_[np.nan_to_num(forest.oob_decision_function_).argmax(axis=1)]
    return score(predicted, labelled.values).mean_iou


def figures(image: ImageFile, labels: np.ndarray, truth: np.ndarray, ndim: int) -> list[float]:
    """The true mean IoU, what is foretold in each way, and the seconds that the last one took."""
    options = {"channel_axis": image.channel_axis, "spacing": image.spacing_for(ndim)}
    classifier = PixelClassifier(FeatureSet.default(ndim)).fit(image.data, labels, **options)
    values = classifier.classes_.tolist()
    true = score(classifier.predict(image.data), truth, values).mean_iou
    started = time.perf_counter()
    result = cross_validate(classifier, image.data, labels, **options)
    seconds = time.perf_counter() - started
    left_out = float(np.mean(result.held_out_iou))
    return [true, out_of_bag(image, labels, ndim), left_out, result.mean_iou, seconds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found: dict[str, list[list[float]]] = {}
    print(f"{'data set':<30}{'runs':>5}{'true':>7}" + "".join(f"{way:>18}" for way in WAYS))
    for name in args.only:
        ndim = DATA_SETS[name]
        rows = found.setdefault(name, [])
        for path in files_of(args.folder / name / "images", "*"):
            (truth,) = files_of(args.folder / name / "classes", f"{path.stem}.*")
            for scribbles in files_of(args.folder / name / "scribbles", f"{path.stem}_s[0-9].*"):
                labels = np.asarray(open_labels(scribbles))
                rows.append(figures(open_image(path), labels, open_labels(truth), ndim))
        means = np.mean(rows, axis=0)
        print(
            f"{name:<30}{len(rows):>5}{means[0]:>7.3f}"
            + "".join(f"{mean:>18.3f}" for mean in means[1:4])
        )
    runs = np.array([row for rows in found.values() for row in rows])
    errors = np.abs(runs[:, 1:4] - runs[:, :1])
    print(f"{'mean absolute error':<42}" + "".join(f"{e:>18.3f}" for e in errors.mean(axis=0)))
    bias = (runs[:, 1:4] - runs[:, :1]).mean(axis=0)
    print(f"{'mean error':<42}" + "".join(f"{e:>+18.3f}" for e in bias))
    print(f"seconds per cross-validation: {np.median(runs[:, 4]):.2f}")
    if args.json is not None:
        args.json.write_text(json.dumps({"columns": ["true", *WAYS, "seconds"], "runs": found}))


if __name__ == "__main__":
    main()
