"""Trying small sets of features: which ones, how good they are, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ._channel_features import ChannelFeatures, Features
from ._classes import ClassInfo
from ._cross_validation import (
    STEPS_PER_FOLD,
    HeldOut,
    LeftOut,
    Recipe,
    as_part,
    check_options,
    held_out_steps,
    summary,
)
from ._feature_ranking import (
    Columns,
    by_forward_selection,
    by_importance,
    by_information,
    grown,
    imitated,
)
from ._features import FeatureSet
from ._forest import CompiledForest, ForestArrays
from ._gathered import Gathered, gathering_steps
from ._grow import seed_sequence
from ._predict import BlockPredictor
from ._sample_cache import SampleCache
from ._scores import ConfusionMatrix
from ._scratch import Scratch
from ._steps import Step, Steps
from ._suggested import FeatureSuggestions, SuggestedFeatures
from ._threads import resolve_n_jobs
from ._training import Images, Labels, Spacing, training_images
from ._training_image import TrainingImage

SIZES = (4, 7, 11)
"""Most features of a suggested set."""

TIMED = {2: (256, 256), 3: (32, 64, 64)}
"""Shape of the block whose prediction is timed."""

N_TREES = 100

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Trial:
    """What sets are tried on.

    Attributes
    ----------
    features
        All features, of all channels.
    candidates
        The same for a single channel.
    item
        The image on which predictions are timed.
    units, keys
        For each family and sigma (`keys`) the columns of its features, in all channels.
    """

    gathered: Gathered
    features: ChannelFeatures
    candidates: FeatureSet
    item: TrainingImage
    units: tuple[Columns, ...]
    keys: tuple[tuple[str, float], ...]
    seed: np.random.SeedSequence
    n_jobs: int


def suggestion_steps(
    image: Images,
    labels: Labels | Sequence[Labels],
    *,
    features: Features | None = None,
    current: FeatureSet | None = None,
    channel_axis: int | None = None,
    spacing: Spacing | Sequence[Spacing] = None,
    sizes: Sequence[int] = SIZES,
    n_folds: int = 5,
    leave_out: LeftOut | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    classes: Sequence[ClassInfo] = (),
    cache: SampleCache | None = None,
) -> Steps[FeatureSuggestions]:
    """`napari_pixclass.suggest_features` in steps, for a driver that shows progress and may cancel."""
    check_options(n_folds, leave_out)
    if not sizes or min(sizes) < 1:
        raise ValueError(f"sizes must be numbers of features of 1 or more; got {list(sizes)}.")
    seed = seed_sequence(random_state)
    random = np.random.default_rng(seed)
    training = training_images(image, labels, features, channel_axis, spacing)
    ndim = len(training[0].axes.spatial)
    of_channels = ChannelFeatures.of(
        FeatureSet.all(ndim) if features is None else features, training[0].axes.n_channels
    )
    gathered = yield from gathering_steps(training, of_channels, random, cache)
    item = next(item for item in training if len(item.labels))
    trial = _trial(gathered, of_channels, item, seed, resolve_n_jobs(n_jobs))
    in_use = None if current is None else _units_of(trial, current)
    training_all = grown(gathered, seed, N_TREES, trial.n_jobs)
    whole = yield from as_part(training_all, 0, STEPS_PER_FOLD, "Training")
    everywhere = CompiledForest(whole).predict_rows
    chosen = yield from _chosen_sets(trial, imitated(gathered, everywhere, random), sizes, in_use)
    truth = everywhere(gathered.X_places).argmax(axis=1)
    fold_seed = int(random.integers(2**32))  # the same strokes are left out for all sets
    tried = []
    for number, (method, units) in enumerate(chosen):
        columns = np.sort(np.concatenate([trial.units[unit] for unit in units]))
        own = gathered.with_columns(columns)
        trying = _set_steps(trial, own, n_folds, leave_out, fold_seed)
        held_out, by, forest = yield from _as_one(trying, number, len(chosen))
        ours = CompiledForest(forest).predict_rows(own.X_places).argmax(axis=1)
        features_of_set = _features(trial, units)
        tried.append(
            SuggestedFeatures(
                method,
                features_of_set,
                summary(own, held_out, by, classes),
                ConfusionMatrix.of(truth + 1, ours + 1).mean_iou,
                _seconds_per_megapixel(trial, forest, features_of_set),
            )
        )
    return FeatureSuggestions((tried[0], *sorted(tried[1:], key=lambda one: len(one.features))))


def _set_steps(
    trial: _Trial, own: Gathered, n_folds: int, leave_out: LeftOut | None, fold_seed: int
) -> Steps[tuple[HeldOut, LeftOut, ForestArrays]]:
    """Cross-validate one set of features, and train with all labels."""
    held_out, by = yield from held_out_steps(
        own,
        Recipe(None, N_TREES, trial.n_jobs),
        n_folds,
        leave_out,
        seed_sequence(fold_seed),
        np.random.default_rng(fold_seed),
    )
    growing = grown(own, trial.seed, N_TREES, trial.n_jobs)
    forest = yield from as_part(growing, 0, STEPS_PER_FOLD)
    return held_out, by, forest


def _as_one(steps: Steps[Result], done: int, total: int) -> Steps[Result]:
    """All these steps as a single one of a larger work."""
    with closing(steps):
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield Step(done, total, "Trying sets of features")


def _trial(
    gathered: Gathered,
    features: ChannelFeatures,
    item: TrainingImage,
    seed: np.random.SeedSequence,
    n_jobs: int,
) -> _Trial:
    used = list(features.used())
    candidates = used[0][2]
    if any(own != candidates for _, _, own in used):
        raise ValueError(
            "features are suggested for all channels alike; got different ones. Give the same set for each channel, "
            "or None for those that are not used."
        )
    units: dict[tuple[str, float], list[int]] = {}
    for index, feature in enumerate(candidates.features):
        places = units.setdefault((feature.family, feature.sigma), [])
        places += [column + index for _, column, _ in used]
    return _Trial(
        gathered,
        features,
        candidates,
        item,
        tuple(np.sort(np.array(columns, dtype=np.intp)) for columns in units.values()),
        tuple(units),
        seed,
        n_jobs,
    )


def _units_of(trial: _Trial, features: FeatureSet) -> list[int]:
    """The units that make up a set.

    Raises
    ------
    ValueError
        If it holds anything else.
    """
    wanted = {(family, sigma) for family, sigmas in features.selection for sigma in sigmas}
    units = [unit for unit, key in enumerate(trial.keys) if key in wanted]
    if len(units) < len(wanted) or _features(trial, units) != features:
        raise ValueError(
            f"the current features must be among those to choose from; of {len(wanted)} families and scales "
            f"{len(units)} are."
        )
    return units


def _chosen_sets(
    trial: _Trial, examples: Gathered, sizes: Sequence[int], in_use: list[int] | None
) -> Steps[list[tuple[str, list[int]]]]:
    """All features, those in use, then what each method makes of each size; no set twice."""
    whole = list(range(len(trial.units)))
    chosen = [("all", whole)]
    if in_use is not None and in_use != whole:
        chosen.append(("current", in_use))
    seed, n_jobs = trial.seed, trial.n_jobs
    methods = {
        "importance": by_importance(trial.gathered, trial.units, seed, n_jobs),
        "information": by_information(examples, trial.units),
        "forward": by_forward_selection(examples, trial.units, max(sizes), seed, n_jobs),
    }
    known = {tuple(units) for _, units in chosen}
    for number, (method, ranking) in enumerate(methods.items()):
        total = len(methods) * STEPS_PER_FOLD
        order = yield from as_part(ranking, number * STEPS_PER_FOLD, total, "Ranking features")
        for size in sorted(set(sizes)):
            units = _first(trial, order, size)
            if units and tuple(sorted(units)) not in known:
                known.add(tuple(sorted(units)))
                chosen.append((method, units))
    return chosen


def _first(trial: _Trial, order: Sequence[int], size: int) -> list[int]:
    """The first of these that make up no more than `size` features of a channel."""
    units: list[int] = []
    n_features = 0
    for unit in order:
        own = len(trial.units[unit]) // trial.features.n_used
        if n_features + own <= size:
            units.append(unit)
            n_features += own
    return units


def _features(trial: _Trial, units: Sequence[int]) -> FeatureSet:
    selection: dict[str, list[float]] = {}
    for unit in units:
        family, sigma = trial.keys[unit]
        selection.setdefault(family, []).append(sigma)
    candidates = trial.candidates
    return FeatureSet.from_selection(
        selection, candidates.ndim, sigmas_2d=candidates.sigmas_2d, dialect=candidates.dialect
    )


def _seconds_per_megapixel(trial: _Trial, forest: ForestArrays, features: FeatureSet) -> float:
    """Predict a block in the middle of an image, three times, and believe the fastest."""
    item = trial.item
    of_channels = ChannelFeatures(
        tuple(None if own is None else features for own in trial.features.channels)
    )
    predictor = BlockPredictor.from_forest(forest, of_channels, item.spacing)
    region = tuple(
        slice((length - min(size, length)) // 2, (length + min(size, length)) // 2)
        for size, length in zip(TIMED[features.ndim], item.axes.spatial, strict=True)
    )
    frame = next(iter(item.axes.frames()))
    n_pixels = np.prod([axis.stop - axis.start for axis in region])
    scratch = Scratch()
    seconds = []
    for _ in range(3):
        started = time.thread_time()  # whatever else the machine does
        predictor.predict_block(item.image, item.axes, frame, region, scratch)
        seconds.append(time.thread_time() - started)
    return float(min(seconds) / n_pixels * 1e6)
