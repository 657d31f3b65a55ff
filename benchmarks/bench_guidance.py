"""How many strokes does guidance save? The given strokes one by one, against strokes where guidance says.

All begin with the same strokes: the first given ones, until every class has one. Then the next stroke is

- given: the next one of the data set;
- guided: painted at the first place that `napari_pixclass.suggest_places` names and whose truth is known;
- margin: the same, at the pixel with the smallest margin between the two best classes;
- random: at a pixel drawn from all of the image;
- spread: at a pixel drawn from all pixels of the class that has fewest labels, which takes to know the truth.

A simulated user (see honest_user.py) paints it from the ground truth, as long as the given strokes of its class. After
each stroke the classifier is trained, and its mean IoU taken on pixels drawn from all of the truth. Curves are means
over images, scribble sets and seeds; a run that has no more strokes keeps its last value.

    python benchmarks/bench_guidance.py [FOLDER] [--only NAME[=NDIM] ...] [--sets N] [--seeds N] [--ways WAY ...]
        [--json FILE]

Prints for each data set the share of strokes that each way needs for the IoU that half, three quarters and all of the
given strokes reach (1 where it is not reached), and how far its curve lies above that of the given strokes.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from bench_accuracy import DATA, DATA_SETS, files_of
from honest_user import HonestUser, Stroke

from napari_pixclass import FeatureSet, PixelClassifier, compute_features
from napari_pixclass.core import (
    LabelledPixels,
    SampleCache,
    SuggestedPlace,
    place_steps,
    run_steps,
    score,
    uncertainty_of,
)
from napari_pixclass.io import ImageFile, open_image, open_labels

N_SCORED = 100_000
MOST_STROKES = 36
"""Given strokes beyond these are left away: they take long and change little."""

LEVELS = (0.5, 0.75, 1.0)


@dataclass
class Case:
    """An image with its truth, a set of scribbles, and what is computed once."""

    image: ImageFile
    truth: np.ndarray
    strokes: list[Stroke]
    ndim: int
    scored: np.ndarray
    X: np.ndarray
    cache: SampleCache = field(default_factory=SampleCache)
    places: SampleCache = field(default_factory=SampleCache)
    seed: int = 0

    @property
    def options(self) -> dict[str, object]:
        return {
            "channel_axis": self.image.channel_axis,
            "spacing": self.image.spacing_for(self.ndim),
        }

    @property
    def n_first(self) -> int:
        """Strokes until every class has one."""
        values = [stroke.value for stroke in self.strokes]
        return max(values.index(value) for value in set(values)) + 1

    def train(self, strokes: Sequence[Stroke]) -> tuple[PixelClassifier, LabelledPixels]:
        labels = np.zeros(self.truth.shape, dtype=np.uint8)
        for stroke in strokes:
            labels.reshape(-1)[stroke.positions] = stroke.value
        labelled = LabelledPixels.of(labels)
        classifier = PixelClassifier(FeatureSet.default(self.ndim))
        run_steps(classifier.fit_steps(self.image.data, labelled, cache=self.cache, **self.options))
        return classifier, labelled

    def probabilities(self, classifier: PixelClassifier) -> np.ndarray:
        """Of the pixels that are scored, (n_classes, n)."""
        return classifier.state.predictor.for_all.predict_planes(self.X)

    def iou(self, classifier: PixelClassifier) -> float:
        predicted = classifier.classes_[self.probabilities(classifier).argmax(axis=0)]
        truth = self.truth.reshape(-1)[self.scored]
        return score(predicted, truth, classifier.classes_.tolist()).mean_iou


def open_case(image: ImageFile, truth: np.ndarray, order: Path, scribbles: Path, ndim: int) -> Case:
    numbers, values = np.asarray(open_labels(order)), np.asarray(open_labels(scribbles))
    strokes = []
    for number in range(1, min(int(numbers.max()), MOST_STROKES) + 1):
        positions = np.flatnonzero(numbers == number)
        strokes.append(Stroke(positions, int(values.reshape(-1)[positions[0]])))
    return Case(image, truth, strokes, ndim, np.empty(0, dtype=np.intp), np.empty(0))


def score_on(case: Case) -> None:
    """Choose the pixels that are scored, and compute their features."""
    known = np.flatnonzero(case.truth)
    random = np.random.default_rng(0)
    case.scored = np.sort(random.choice(known, min(N_SCORED, len(known)), replace=False))
    features = compute_features(case.image.data, FeatureSet.default(case.ndim), **case.options)
    case.X = np.ascontiguousarray(features.reshape(-1, features.shape[-1])[case.scored].T)


# Ways to choose the next place ----------------------------------------------------------------------------------------

Way = Callable[
    [Case, PixelClassifier, LabelledPixels, np.random.Generator], Iterator[Sequence[int]]
]


def guided(
    case: Case,
    classifier: PixelClassifier,
    labelled: LabelledPixels,
    random: np.random.Generator,
) -> Iterator[Sequence[int]]:
    seen: list[SuggestedPlace] = []
    while True:
        places = run_steps(
            place_steps(
                classifier,
                case.image.data,
                labelled,
                avoid=seen,
                random_state=case.seed,
                cache=case.places,
            )
        )
        for place in places:
            yield place.position
        if not places:
            yield from everywhere(case, classifier, labelled, random)
        seen += places


def margin(
    case: Case,
    classifier: PixelClassifier,
    labelled: LabelledPixels,
    random: np.random.Generator,
) -> Iterator[Sequence[int]]:
    certain = 1 - uncertainty_of(case.probabilities(classifier), axis=0)
    order = np.argsort(certain + 1e-6 * random.random(len(certain)))
    places = case.scored[order]
    for place in places[~np.isin(places, labelled.positions)]:
        yield np.unravel_index(place, case.truth.shape)


def everywhere(
    case: Case,
    classifier: PixelClassifier,
    labelled: LabelledPixels,
    random: np.random.Generator,
) -> Iterator[Sequence[int]]:
    while True:
        yield np.unravel_index(random.integers(case.truth.size), case.truth.shape)


def spread(
    case: Case,
    classifier: PixelClassifier,
    labelled: LabelledPixels,
    random: np.random.Generator,
) -> Iterator[Sequence[int]]:
    fewest = min(labelled.counts, key=labelled.counts.__getitem__)
    places = np.flatnonzero(case.truth == fewest)
    while True:
        yield np.unravel_index(random.choice(places), case.truth.shape)


WAYS: dict[str, Way] = {"guided": guided, "margin": margin, "random": everywhere, "spread": spread}


# Curves ---------------------------------------------------------------------------------------------------------------


def given_curve(case: Case) -> list[float]:
    """Mean IoU after each given stroke, from the first on with which every class has one."""
    counts = range(case.n_first, len(case.strokes) + 1)
    return [case.iou(case.train(case.strokes[:count])[0]) for count in counts]


def chosen_curve(case: Case, way: Way, seed: Sequence[int]) -> list[float]:
    """The same with strokes at chosen places."""
    random, case.seed = np.random.default_rng(seed), seed[0]
    user = HonestUser(case.truth, case.strokes)
    strokes = case.strokes[: case.n_first]
    curve = []
    while True:
        classifier, labelled = case.train(strokes)
        curve.append(case.iou(classifier))
        if len(strokes) == len(case.strokes):
            return curve
        places = way(case, classifier, labelled, random)
        stroke = next(s for s in (user.paint(place, random) for place in places) if s is not None)
        strokes = [*strokes, stroke]


def held(curve: Sequence[float], length: int) -> np.ndarray:
    """A curve that keeps its last value."""
    return np.concatenate([curve, np.full(max(0, length - len(curve)), curve[-1])])[:length]


def reached(curve: np.ndarray, level: float) -> float:
    """Where a curve first reaches a level, in strokes after its first point; its last one if it never does."""
    for index, value in enumerate(curve):
        if value >= level:
            before = curve[index - 1] if index else value
            return index - (value - level) / (value - before) if value > before else float(index)
    return len(curve) - 1.0


@dataclass(frozen=True)
class Runs:
    """All runs of a data set: for each the number of strokes to begin with, and curves."""

    first: list[int]
    given: list[list[float]]
    chosen: dict[str, list[list[list[float]]]]

    def mean_curves(self) -> dict[str, np.ndarray]:
        """Mean IoU over all runs and seeds by the number of strokes after the first ones."""
        length = round(float(np.mean([len(curve) for curve in self.given])))
        curves = {"given": np.mean([held(curve, length) for curve in self.given], axis=0)}
        for way, runs in self.chosen.items():
            curves[way] = np.mean([held(c, length) for seeds in runs for c in seeds], axis=0)
        return curves

    def shares(self, way: str) -> list[float]:
        """Share of strokes that a way needs for what some of the given ones reach."""
        curves, first = self.mean_curves(), float(np.mean(self.first))
        last = len(curves["given"]) - 1
        found = []
        for level in LEVELS:
            given = max(1, round(level * last))
            needed = reached(curves[way], curves["given"][given])
            found.append(min(1.0, (first + needed) / (first + given)))
        return found

    def single_share(self, way: str) -> float:
        """The same for what all given strokes reach, run by run; the mean."""
        found = [
            (first + (next((i for i, v in enumerate(curve) if v >= given[-1]), len(given) - 1)))
            / (first + len(given) - 1)
            for first, given, seeds in zip(self.first, self.given, self.chosen[way], strict=True)
            for curve in seeds
        ]
        return float(np.mean(found))

    def gain(self, way: str) -> float:
        """Mean difference to the curve of the given strokes."""
        curves = self.mean_curves()
        return float(np.mean(curves[way] - curves["given"]))


def run_set(folder: Path, ndim: int, ways: Sequence[str], n_sets: int, n_seeds: int) -> Runs:
    runs = Runs([], [], {way: [] for way in ways})
    for path in files_of(folder / "images", "*"):
        image = open_image(path)
        (truth_path,) = files_of(folder / "classes", f"{path.stem}.*")
        truth = np.asarray(open_labels(truth_path))
        scored: Case | None = None
        for scribbles in files_of(folder / "scribbles", f"{path.stem}_s[0-9].*")[:n_sets]:
            (order,) = files_of(folder / "scribbles", f"{scribbles.stem}_order.*")
            case = open_case(image, truth, order, scribbles, ndim)
            if scored is None:
                score_on(case)
                scored = case
            case.scored, case.X = scored.scored, scored.X
            case.cache, case.places = scored.cache, scored.places
            runs.first.append(case.n_first)
            runs.given.append(given_curve(case))
            for way in ways:
                name = zlib.crc32(scribbles.stem.encode())
                seeds = [(seed, name) for seed in range(n_seeds)]
                runs.chosen[way].append([chosen_curve(case, WAYS[way], seed) for seed in seeds])
    return runs


def named_set(text: str) -> tuple[str, int]:
    name, _, ndim = text.partition("=")
    return name, int(ndim) if ndim else DATA_SETS[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA, help="default: %(default)s")
    parser.add_argument(
        "--only", nargs="+", type=named_set, metavar="NAME[=NDIM]", default=list(DATA_SETS.items())
    )
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["guided", "margin", "random"])
    parser.add_argument(
        "--sets", type=int, default=2, help="of scribbles, for each image (default: %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument(
        "--json", type=Path, help="where curves are added to those of other sets and ways"
    )
    args = parser.parse_args()
    titles = "".join(f"{f'{level:.0%}':>7}" for level in LEVELS)
    print(f"{'data set':<30}{'way':<8}{titles}{'single':>8}{'gain':>8}{'s':>7}", flush=True)
    rows: dict[str, list[list[float]]] = {way: [] for way in args.ways}
    for name, ndim in args.only:
        started = time.perf_counter()
        runs = run_set(args.folder / name, ndim, args.ways, args.sets, args.seeds)
        seconds = time.perf_counter() - started
        for way in args.ways:
            row = [*runs.shares(way), runs.single_share(way), runs.gain(way)]
            rows[way].append(row)
            print(f"{name:<30}{way:<8}{_figures(row)}{seconds:>7.0f}", flush=True)
        if args.json is not None:
            write_curves(args.json, name, runs)
    for way in args.ways:
        print(f"{'mean over data sets':<30}{way:<8}{_figures(np.mean(rows[way], axis=0).tolist())}")


def write_curves(path: Path, name: str, runs: Runs) -> None:
    """Add the mean curves of a data set, over the share of the given strokes that are painted."""
    known = json.loads(path.read_text()) if path.exists() else {}
    curves = {way: curve.tolist() for way, curve in runs.mean_curves().items()}
    first, count = float(np.mean(runs.first)), len(curves["given"])
    share = [(first + number) / (first + count - 1) for number in range(count)]
    known[name] = {"share": share, "curves": known.get(name, {}).get("curves", {}) | curves}
    path.write_text(json.dumps(known))


def _figures(row: Sequence[float]) -> str:
    shares = "".join(f"{share:>7.2f}" for share in row[:-2])
    return f"{shares}{row[-2]:>8.2f}{row[-1]:>+8.3f}"


if __name__ == "__main__":
    main()
