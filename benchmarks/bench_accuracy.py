"""Accuracy on real images: train on the scribbles of each, predict it, compare with its truth.

Prints the intersection over union (IoU) per class and its mean for each data set: first the mean
over the scribble sets of an image, then over the images. Pixels whose truth is 0 are not scored.

    python benchmarks/bench_accuracy.py [FOLDER] [--only NAME ...] [--command-line]

A data set is a folder with images/NAME.*, scribbles/NAME_s0.*, NAME_s1.*, ... and classes/NAME.*.
With --command-line everything is also done by the commands train and predict, through files, and
must give the same probabilities bit for bit.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_pixclass import FeatureSet, PixelClassifier
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


@dataclass(frozen=True)
class Result:
    iou: tuple[float, ...]
    seconds: float


def files_of(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if path.suffix in READERS)


def run(
    image: ImageFile, scribbles: Path, truth: np.ndarray, ndim: int
) -> tuple[Result, np.ndarray]:
    started = time.perf_counter()
    classifier = PixelClassifier(FeatureSet.default(ndim))
    classifier.fit(
        image.data,
        open_labels(scribbles),
        channel_axis=image.channel_axis,
        spacing=image.spacing_for(ndim),
    )
    probabilities = classifier.predict_proba(image.data)
    seconds = time.perf_counter() - started
    segmentation = classifier.classes_[probabilities.argmax(axis=-1)]
    scores = score(segmentation, truth, classifier.classes_.tolist())
    return Result(scores.iou, seconds), probabilities


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS))
    parser.add_argument("--command-line", action="store_true")
    args = parser.parse_args()
    if not args.folder.is_dir():
        sys.exit(f"there is no folder {args.folder} with data sets; name another one")
    lines = [
        f"{'data set':<30}{'images':>7}{'runs':>6}  {'IoU per class':<16}{'mean':>6}{'s/run':>8}"
    ]
    for name in args.only:
        per_image, seconds, n_runs = [], [], 0
        for path in files_of(args.folder / name / "images", "*"):
            image = open_image(path)
            (truth_path,) = files_of(args.folder / name / "classes", f"{path.stem}.*")
            truth = open_labels(truth_path)
            results = []
            for scribbles in files_of(args.folder / name / "scribbles", f"{path.stem}_s[0-9].*"):
                result, probabilities = run(image, scribbles, truth, DATA_SETS[name])
                results.append(result)
                if args.command_line:
                    check_command_line(path, scribbles, DATA_SETS[name], probabilities)
            per_image.append(np.mean([result.iou for result in results], axis=0))
            seconds += [result.seconds for result in results]
            n_runs += len(results)
        iou = np.mean(per_image, axis=0)
        classes = " / ".join(f"{value:.3f}" for value in iou)
        lines.append(
            f"{name:<30}{len(per_image):>7}{n_runs:>6}  {classes:<16}{iou.mean():>6.3f}"
            f"{np.median(seconds):>8.2f}"
        )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
