"""Are wrong strokes found? Every image and scribble set of the data sets, some strokes relabelled at random.

In each run 5 % of the strokes, one at least, get another class that is there. `napari_pixclass.suspicious_labels` lists
what it finds; so it does once with no wrong stroke. Prints for each data set, and for all strokes of all runs together:

- precision: share of the listed strokes that are wrong; recall: share of the wrong strokes that are listed;
- first: share of the runs in which the most suspicious stroke is a wrong one, listed or not;
- alarms: share of the strokes that are listed where all are right.

    python benchmarks/bench_suspicious.py [FOLDER] [--only NAME[=NDIM] ...] [--seeds N] [--limits N ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench_accuracy import DATA, DATA_SETS, files_of
from bench_guidance import named_set

from napari_pixclass import FeatureSet
from napari_pixclass.core import (
    SUSPICION_LIMIT,
    LabelledPixels,
    SampleCache,
    SuspiciousLabels,
    run_steps,
    suspicion_steps,
)
from napari_pixclass.core import stroke_ids as connected
from napari_pixclass.io import ImageFile, open_image, open_labels

SHARE = 0.05


@dataclass
class Found:
    """Suspicion of every stroke of a run, and which ones are wrong."""

    suspicion: list[float]
    wrong: list[bool]


def find(
    image: ImageFile, labels: np.ndarray, ndim: int, cache: SampleCache, seed: int
) -> SuspiciousLabels:
    steps = suspicion_steps(
        FeatureSet.default(ndim),
        image.data,
        labels,
        channel_axis=image.channel_axis,
        spacing=image.spacing_for(ndim),
        limit=-1,
        random_state=seed,
        cache=cache,
    )
    return run_steps(steps)


def planted(
    labels: np.ndarray, ndim: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Labels some strokes of which have another class, and the pixels of these."""
    labelled = LabelledPixels.of(labels)
    strokes = connected(labelled, ndim)
    n_strokes = int(strokes.max()) + 1
    values = np.unique(labelled.values)
    while True:
        wrong = random.choice(n_strokes, max(1, round(SHARE * n_strokes)), replace=False)
        changed = labels.copy()
        for stroke in wrong:
            own = labelled.positions[strokes == stroke]
            others = values[values != labels.reshape(-1)[own[0]]]
            changed.reshape(-1)[own] = random.choice(others)
        if len(np.unique(changed[changed > 0])) == len(values):
            return changed, np.concatenate([labelled.positions[strokes == s] for s in wrong])


def run(
    image: ImageFile,
    labels: np.ndarray,
    wrong: np.ndarray,
    ndim: int,
    cache: SampleCache,
    seed: int,
) -> Found:
    found = find(image, labels, ndim, cache, seed)
    return Found(
        [stroke.suspicion for stroke in found.strokes],
        [bool(np.isin(stroke.positions, wrong).mean() > 0.5) for stroke in found.strokes],
    )


def run_set(folder: Path, ndim: int, n_seeds: int) -> tuple[list[Found], list[Found], float]:
    """Runs with wrong strokes, runs without, and seconds for one."""
    dirty, clean, seconds = [], [], []
    for path in files_of(folder / "images", "*"):
        image, cache = open_image(path), SampleCache()
        for number, scribbles in enumerate(files_of(folder / "scribbles", f"{path.stem}_s[0-9].*")):
            labels = np.asarray(open_labels(scribbles))
            clean.append(run(image, labels, np.empty(0), ndim, cache, 0))
            for seed in range(n_seeds):
                random = np.random.default_rng((seed, number, *path.stem.encode()))
                changed, wrong = planted(labels, ndim, random)
                started = time.perf_counter()
                dirty.append(run(image, changed, wrong, ndim, cache, seed))
                seconds.append(time.perf_counter() - started)
    return dirty, clean, float(np.median(seconds))


def figures(dirty: Sequence[Found], clean: Sequence[Found], limit: float) -> list[float]:
    """Precision, recall, first and alarms."""
    suspicion = np.concatenate([found.suspicion for found in dirty])
    wrong = np.concatenate([found.wrong for found in dirty])
    listed = suspicion >= limit
    alarms = np.concatenate([found.suspicion for found in clean]) >= limit
    first = [found.wrong[int(np.argmax(found.suspicion))] for found in dirty]
    precision = float(wrong[listed].mean()) if listed.any() else float("nan")
    return [precision, float(listed[wrong].mean()), float(np.mean(first)), float(alarms.mean())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument(
        "--only", nargs="+", type=named_set, metavar="NAME[=NDIM]", default=list(DATA_SETS.items())
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limits", nargs="+", type=float, default=[SUSPICION_LIMIT])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    titles = "".join(f"{title:>11}" for title in ("precision", "recall", "first", "alarms"))
    print(f"{'data set':<30}{'runs':>6}{'wrong':>7}{titles}{'s/run':>8}", flush=True)
    dirty: list[Found] = []
    clean: list[Found] = []
    for name, ndim in args.only:
        own, own_clean, seconds = run_set(args.folder / name, ndim, args.seeds)
        dirty += own
        clean += own_clean
        print(_line(name, own, own_clean, SUSPICION_LIMIT) + f"{seconds:>8.2f}", flush=True)
    for limit in args.limits:
        print(_line(f"all, limit {limit:g}", dirty, clean, limit))
    if args.json is not None:
        runs = {"dirty": [vars(f) for f in dirty], "clean": [vars(f) for f in clean]}
        args.json.write_text(json.dumps(runs))


def _line(name: str, dirty: Sequence[Found], clean: Sequence[Found], limit: float) -> str:
    n_wrong = sum(sum(found.wrong) for found in dirty)
    row = "".join(f"{figure:>11.3f}" for figure in figures(dirty, clean, limit))
    return f"{name:<30}{len(dirty):>6}{n_wrong:>7}{row}"


if __name__ == "__main__":
    main()
