"""Accuracy on real images: train on the scribbles of each, predict it, compare with its truth.

Prints the intersection over union (IoU) per class and its mean for each data set and each way to
get there: first the mean over the scribble sets of an image, then over the images. Pixels whose
truth is 0 are not scored. "- reference" is the difference to what ilastik 1.4 reaches with the same
scribbles, all features and 100 trees; the last lines are means over all data sets.

    python benchmarks/bench_accuracy.py [FOLDER] [--only NAME ...] [--ways WAY ...] [--command-line]

A data set is a folder with images/NAME.*, scribbles/NAME_s0.*, NAME_s1.*, ... and classes/NAME.*.
With --command-line the defaults are also trained and predicted by the commands train and predict,
through files, and must give the same probabilities bit for bit.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from skimage.feature import multiscale_basic_features
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from napari_pixclass import FeatureSet, PixelClassifier, suggest_features
from napari_pixclass.cli import main as command_line
from napari_pixclass.core import score
from napari_pixclass.io import READERS, ImageFile, open_image, open_labels

DATA = Path(__file__).parent.parent.parent / "shared" / "data"

# Name of the folder, and in how many dimensions the filters run.
DATA_SETS = {
    "em_membrane_isbi2012": 2,
    "em_membrane_isbi2012/volume": 3,
    "histology_rgb_dsb2018": 2,
    "nuclei_fluo_dsb2018": 2,
    "phase_contrast_usiigaci": 2,
    "timelapse_phase_t98g": 2,
    "volume_cellwall_plantseg": 3,
    "volume_nuclei_plantseg": 3,
    "volume_nuclei_stardist": 3,
}


REFERENCE = {
    "em_membrane_isbi2012": 0.648,
    "em_membrane_isbi2012/volume": 0.610,
    "histology_rgb_dsb2018": 0.806,
    "nuclei_fluo_dsb2018": 0.932,
    "phase_contrast_usiigaci": 0.669,
    "volume_cellwall_plantseg": 0.706,
    "volume_nuclei_plantseg": 0.818,
    "volume_nuclei_stardist": 0.720,
}
"""Mean IoU that ilastik reaches with the same scribbles."""


@dataclass(frozen=True)
class Task:
    """An image with one set of scribbles."""

    image: ImageFile
    labels: np.ndarray
    ndim: int

    def trained(self, features: FeatureSet | None = None, estimator: Any = None) -> PixelClassifier:
        classifier = PixelClassifier(features or FeatureSet.default(self.ndim), estimator=estimator)
        return classifier.fit(
            self.image.data,
            self.labels,
            channel_axis=self.image.channel_axis,
            spacing=self.image.spacing_for(self.ndim),
        )


def defaults(task: Task) -> np.ndarray:
    return task.trained().predict(task.image.data)


def fast(task: Task) -> np.ndarray:
    return task.trained(FeatureSet.fast(task.ndim)).predict(task.image.data)


def suggested(task: Task) -> np.ndarray:
    suggestions = suggest_features(
        task.image.data,
        task.labels,
        features=FeatureSet.all(task.ndim),
        channel_axis=task.image.channel_axis,
        spacing=task.image.spacing_for(task.ndim),
    )
    return task.trained(suggestions.recommended.features).predict(task.image.data)


def random_forest(task: Task) -> np.ndarray:
    forest = RandomForestClassifier(100, random_state=0, n_jobs=-1)
    return task.trained(estimator=forest).predict(task.image.data)


def even_trees(task: Task) -> np.ndarray:
    trees = ExtraTreesClassifier(100, random_state=0, n_jobs=-1)
    return task.trained(estimator=trees).predict(task.image.data)


def scikit_image(task: Task) -> np.ndarray:
    """Its features at all of its scales, filtered in as many dimensions as ours, and a forest."""
    channel_axis = task.image.channel_axis
    image = np.asarray(task.image.data)
    frames = image[np.newaxis] if image.ndim - (channel_axis is not None) == task.ndim else image
    axis = None if channel_axis is None else channel_axis - image.ndim
    labels = np.asarray(task.labels).reshape(len(frames), -1)
    X, y = [], []
    for frame, own in zip(frames, labels, strict=True):
        X.append(scikit_image_features(frame, axis)[own > 0])
        y.append(own[own > 0])
    forest = RandomForestClassifier(100, random_state=0, n_jobs=-1)
    forest.fit(np.concatenate(X), np.concatenate(y))
    predicted = [forest.predict(scikit_image_features(frame, axis)) for frame in frames]
    return np.concatenate(predicted).reshape(np.shape(task.labels))


def scikit_image_features(frame: np.ndarray, channel_axis: int | None) -> np.ndarray:
    features = multiscale_basic_features(frame, channel_axis=channel_axis)
    return features.reshape(-1, features.shape[-1])


WAYS = {
    "defaults": defaults,
    "fast features": fast,
    "suggested features": suggested,
    "random forest": random_forest,
    "even extra trees": even_trees,
    "scikit-image": scikit_image,
}
"""The options; "even" trees look at all features equally often; "scikit-image" is with scikit-learn's forest."""


def files_of(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix in READERS)


def check_command_line(image: Path, scribbles: Path, ndim: int, expected: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/model.pixclass"
        train = ["train", "--pair", str(image), str(scribbles), "-o", model, "--ndim", str(ndim)]
        predict = ["predict", model, str(image), "-o", folder]
        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            failed = command_line(train) or command_line(predict)
        if failed:
            sys.exit(f"the command line failed on {image}")
        written = np.array(open_image(f"{folder}/{image.stem}_Probabilities.tiff").data)
    if not np.array_equal(np.moveaxis(written, 0, -1), expected):
        sys.exit(f"the command line gives other probabilities for {image} with {scribbles.name}")


def tasks_of(folder: Path, name: str) -> Iterator[tuple[Path, np.ndarray, list[Path]]]:
    """Each image of a data set, its truth and its scribbles."""
    for path in files_of(folder / name / "images", "*"):
        (truth,) = files_of(folder / name / "classes", f"{path.stem}.*")
        scribbles = files_of(folder / name / "scribbles", f"{path.stem}_s[0-9].*")
        yield path, np.asarray(open_labels(truth)), scribbles


def measure(folder: Path, name: str, way: str, command_line_too: bool) -> tuple[str, float]:
    """A line of the table, and the mean IoU."""
    per_image, seconds = [], []
    for path, truth, scribbles in tasks_of(folder, name):
        image = open_image(path)
        found = []
        for own in scribbles:
            task = Task(image, open_labels(own), DATA_SETS[name])
            started = time.perf_counter()
            segmentation = WAYS[way](task)
            seconds.append(time.perf_counter() - started)
            values = np.unique(task.labels)
            found.append(score(segmentation, truth, values[values > 0].tolist()).iou)
            if command_line_too and way == "defaults":
                expected = task.trained().predict_proba(image.data)
                check_command_line(path, own, task.ndim, expected)
        per_image.append(np.mean(found, axis=0))
    iou = np.mean(per_image, axis=0)
    mean = float(iou.mean())
    reference = f"{mean - REFERENCE[name]:+.3f}" if name in REFERENCE else ""
    classes = " / ".join(f"{value:.3f}" for value in iou)
    line = f"{name:<29}{way:<20}{len(per_image):>6}{len(seconds):>5}  {classes:<15}"
    return f"{line}{mean:>7.3f}{reference:>13}{np.median(seconds):>7.2f}", mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--command-line", action="store_true")
    args = parser.parse_args()
    if not args.folder.is_dir():
        sys.exit(f"there is no folder {args.folder} with data sets; name another one")
    print(
        f"{'data set':<29}{'way':<20}{'images':>6}{'runs':>5}  {'IoU per class':<15}{'mean':>7}"
        f"{'- reference':>13}{'s/run':>7}"
    )
    means = {way: dict[str, float]() for way in args.ways}
    for name in args.only:
        for way in args.ways:
            line, means[way][name] = measure(args.folder, name, way, args.command_line)
            print(line, flush=True)
    for way, own in means.items():
        gains = [mean - REFERENCE[name] for name, mean in own.items() if name in REFERENCE]
        gain = f"{np.mean(gains):+.3f}" if gains else ""
        worst = f"  (least {min(gains):+.3f})" if gains else ""
        print(f"{'all':<29}{way:<48}{np.mean(list(own.values())):>7.3f}{gain:>13}{worst}")


if __name__ == "__main__":
    main()
