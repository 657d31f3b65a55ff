"""Features and prediction of whole images against scikit-image and scikit-learn, alternating in one process.

The peer is `multiscale_basic_features` with scikit-learn's `RandomForestClassifier`, with as many features as it has;
both learn 100 trees from the same scribbles of 3 classes. Wall times are medians; "cpu" are the processor seconds of
all threads together, which other programs on the machine disturb less. Peak memory is measured in a process of its
own, above what it held before the prediction, without the output.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.feature import multiscale_basic_features
from sklearn.ensemble import RandomForestClassifier

from napari_pixclass.core import FAMILIES, FeatureSet, PixelClassifier, compute_features

Image = npt.NDArray[np.uint8]

SHAPES = {"2d": (2048, 2048), "rgb": (1024, 1024, 3), "3d": (64, 512, 512)}
QUICK_SHAPES = {"2d": (512, 512), "rgb": (256, 256, 3), "3d": (32, 128, 128)}
SIZES = (512, 1024, 2048, 4096, 8192)
QUICK_SIZES = (256, 512, 1024)
N_TREES = 100
N_STROKES = 60
STROKE = 50  # pixels


def make_image(shape: tuple[int, ...], seed: int = 0) -> Image:
    """Blobs of two sizes and noise, 8 bits; another pattern for each channel of a last axis of 3."""
    if shape[-1] == 3:
        return np.stack([make_image(shape[:-1], seed) for seed in range(3)], axis=-1)
    rng = np.random.default_rng(seed)
    image = 0.5 * rng.normal(size=shape).astype(np.float32)
    for sigma, contrast in ((3, 4), (8, 15)):
        noise = rng.normal(size=shape).astype(np.float32)
        image += contrast * ndimage.gaussian_filter(noise, sigma)
    image -= image.min()
    return (image * (255 / image.max())).astype(np.uint8)


def make_labels(image: Image) -> Image:
    """Strokes along x whose pixels are labelled dark, medium or bright, after smoothing."""
    gray = image[..., 0] if image.shape[-1] == 3 else image
    smooth = ndimage.gaussian_filter(gray.astype(np.float32), 4)
    classes = 1 + np.digitize(smooth, np.quantile(smooth, [1 / 3, 2 / 3])).astype(np.uint8)
    labels = np.zeros_like(classes)
    rng = np.random.default_rng(1)
    for _ in range(N_STROKES):
        *lead, y, x = (int(rng.integers(0, max(1, length - STROKE))) for length in gray.shape)
        stroke = (*lead, slice(y, y + 3), slice(x, x + STROKE))
        labels[stroke] = classes[stroke]
    return labels


class Ours:
    """All features at all scales."""

    def __init__(self, image: Image, labels: Image, n_jobs: int = 2) -> None:
        ndim = 3 if image.ndim == 3 and image.shape[-1] != 3 else 2
        self.classifier = PixelClassifier(
            FeatureSet.all(ndim), n_estimators=N_TREES, random_state=0, n_jobs=n_jobs
        )
        self.classifier.fit(image, labels, channel_axis=channel_axis(image))

    def predict(self, image: Image) -> npt.NDArray[np.float32]:
        return self.classifier.predict_proba(image)


class Peer:
    """scikit-image and scikit-learn."""

    def __init__(self, image: Image, labels: Image, n_jobs: int = 2) -> None:
        self.n_jobs = n_jobs
        self.forest = RandomForestClassifier(N_TREES, random_state=0, n_jobs=n_jobs)
        self.forest.fit(self.features(image)[labels > 0], labels[labels > 0])

    def features(self, image: Image) -> npt.NDArray[np.float32]:
        # By position: the last one has two names, depending on the version.
        chosen = (True, True, True, 0.5, 16, None, self.n_jobs)
        return multiscale_basic_features(image, *chosen, channel_axis=channel_axis(image))

    def predict(self, image: Image) -> npt.NDArray[np.float64]:
        features = self.features(image)
        rows = features.reshape(-1, features.shape[-1])
        return self.forest.predict_proba(rows).reshape(*features.shape[:-1], -1)


PROGRAMS = {"ours": Ours, "peer": Peer}


def corner(image: Image) -> Image:
    """A small part of an image."""
    return image[tuple(slice(64) for _ in image.shape)]


def channel_axis(image: Image) -> int | None:
    return -1 if image.shape[-1] == 3 else None


def medians(
    functions: dict[str, Callable[[], Any]], rounds: int
) -> tuple[dict[str, tuple[float, float]], dict[str, Any]]:
    """Median wall and processor seconds of functions that run in turn, and what they returned."""
    timed: dict[str, list[tuple[float, float]]] = {name: [] for name in functions}
    results: dict[str, Any] = {}
    for _ in range(rounds):
        for name, function in functions.items():
            results.pop(name, None)
            wall, cpu = time.perf_counter(), time.process_time()
            results[name] = function()
            timed[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    times = {
        name: (statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs))
        for name, runs in timed.items()
    }
    return times, results


def peak_memory(program: str, shape: tuple[int, ...]) -> float:
    """Megabytes that a prediction needs beyond the image, the model and the output."""
    command = [sys.executable, __file__, "--peak", program, *map(str, shape)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    return float(result.stdout)


def print_peak_memory(program: str, shape: tuple[int, ...]) -> None:
    """What the child process of `peak_memory` does."""
    # Learnt from a small image: training must not have been the peak.
    small = make_image((*(min(length, 96) for length in shape[:-1]), min(shape[-1], 96)))
    model = PROGRAMS[program](small, make_labels(small))
    model.predict(small)
    image = make_image(shape)
    before = resident_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    output = model.predict(image)
    peak = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    print((peak - before - output.nbytes) / 1e6)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def bench_prediction(case: str, shape: tuple[int, ...], rounds: int) -> list[dict[str, Any]]:
    image = make_image(shape)
    labels = make_labels(image)
    models = {name: program(image, labels) for name, program in PROGRAMS.items()}
    for model in models.values():
        model.predict(corner(image))  # whatever is compiled or started on first use
    functions = {name: lambda model=model: model.predict(image) for name, model in models.items()}
    times, probabilities = medians(functions, rounds)
    segmentations = {name: values.argmax(axis=-1) for name, values in probabilities.items()}
    del probabilities
    agreement = float((segmentations["ours"] == segmentations["peer"]).mean())
    return [
        {
            "case": f"{case} {'x'.join(map(str, shape))}, {name}",
            "wall_s": times[name][0],
            "cpu_s": times[name][1],
            "ratio": times["peer"][0] / times[name][0],
            "peak_MB": peak_memory(name, shape),
            "agreement": agreement,
        }
        for name in times
    ]


def bench_features(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """`compute_features`: everything, and each family and scale on its own."""
    rows = []
    for ndim in (2, 3):
        image = make_image((QUICK_SHAPES if quick else SHAPES)[f"{ndim}d"])
        everything = FeatureSet.all(ndim)
        sets = {f"all {len(everything)}": everything}
        for family in FAMILIES:
            sets[family.id] = FeatureSet.from_selection({family.id: [1.6]}, ndim)
        for sigma in everything.sigmas:
            ids = [family.id for family in everything.families_at(sigma)]
            sets[f"sigma {sigma:g}"] = FeatureSet.from_selection(
                {key: [sigma] for key in ids}, ndim
            )
        for name, features in sets.items():
            compute_features(corner(image), features)
            measured, _ = medians({"": lambda f=features, i=image: compute_features(i, f)}, rounds)
            times = measured[""]
            rows.append(
                {
                    "case": f"{ndim}D features, {name}",
                    "wall_s": times[0],
                    "cpu_s": times[1],
                    "Mpixel_per_cpu_s": image.size / times[1] / 1e6,
                }
            )
    return rows


def bench_scaling(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """Time and memory of larger and larger images."""
    image = make_image((512, 512))
    model = Ours(image, make_labels(image))
    model.predict(corner(image))
    rows = []
    for size in QUICK_SIZES if quick else SIZES:
        image = make_image((size, size))
        measured, _ = medians({"": lambda i=image: model.predict(i)}, rounds)
        times = measured[""]
        rows.append(
            {
                "case": f"scaling {size}x{size}",
                "wall_s": times[0],
                "cpu_s": times[1],
                "Mpixel_per_cpu_s": image.size / times[1] / 1e6,
                "peak_MB": peak_memory("ours", (size, size)),
            }
        )
    return rows


def bench_threads(quick: bool, rounds: int) -> list[dict[str, Any]]:
    """The same prediction on one thread and on two."""
    image = make_image((QUICK_SHAPES if quick else SHAPES)["2d"])
    labels = make_labels(image)
    models = {n: Ours(image, labels, n) for n in (1, 2)}
    for model in models.values():
        model.predict(corner(image))
    functions = {str(n): lambda m=m: m.predict(image) for n, m in models.items()}
    times, _ = medians(functions, rounds)
    return [
        {
            "case": f"threads {n} of {os.cpu_count()}",
            "wall_s": times[n][0],
            "cpu_s": times[n][1],
            "ratio": times["1"][0] / times[n][0],
        }
        for n in times
    ]


def print_table(rows: list[dict[str, Any]]) -> None:
    columns = ("wall_s", "cpu_s", "ratio", "Mpixel_per_cpu_s", "peak_MB", "agreement")
    print(f"{'case':<46}" + "".join(f"{column:>18}" for column in columns))
    for row in rows:
        values = (f"{row[column]:>18.3f}" if column in row else " " * 18 for column in columns)
        print(f"{row['case']:<46}" + "".join(values))


def main() -> None:
    cases = ("2d", "rgb", "3d", "features", "scaling", "threads")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="case", help=f"any of {', '.join(cases)}")
    parser.add_argument("--quick", action="store_true", help="small images")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--peak", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print_peak_memory(options.peak[0], tuple(map(int, options.peak[1:])))
        return
    chosen = options.cases or cases
    if unknown := set(chosen) - set(cases):
        parser.error(f"cases are {', '.join(cases)}; got {', '.join(sorted(unknown))}")
    rows: list[dict[str, Any]] = []
    for case in chosen:
        if case in SHAPES:
            shape = (QUICK_SHAPES if options.quick else SHAPES)[case]
            # In 3D the peer takes minutes.
            rows += bench_prediction(case, shape, 1 if case == "3d" else options.rounds)
        elif case == "features":
            rows += bench_features(options.quick, options.rounds)
        elif case == "scaling":
            rows += bench_scaling(options.quick, options.rounds)
        else:
            rows += bench_threads(options.quick, options.rounds)
    print_table(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
