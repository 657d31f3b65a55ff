"""Cross-validation by stroke: how good a classifier is where it was not trained, from the labels alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from ._calibration import LeftOutSamples, Opinions, fitted_sharpness, sharpened
from ._channel_features import ChannelFeatures, Features
from ._classes import ClassInfo, default_class
from ._cross_validated import CrossValidation, expected_matrix
from ._features import FeatureSet
from ._folds import ALWAYS_TRAINED, assign_folds
from ._forest import CompiledForest
from ._gathered import Gathered, gathering_steps
from ._grow import grow_forest, seed_sequence
from ._reliability import Calibration
from ._sample_cache import SampleCache
from ._scores import ConfusionMatrix
from ._steps import Step, Steps
from ._threads import resolve_n_jobs
from ._training import Images, Labels, Spacing, training_images

LeftOut = Literal["strokes", "images"]
"""What is left out as a whole."""

STEPS_PER_FOLD = 10
"""Progress of one fold."""

Rows = npt.NDArray[np.float32]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is grown again and again; see `PixelClassifier`."""

    features: Features | None
    n_estimators: int = 100
    n_jobs: int | None = None
    estimator: Any = None
    classes: tuple[ClassInfo, ...] = ()

    @classmethod
    def of(cls, classifier: Any) -> Self:
        """From a classifier, trained or not, or features alone."""
        if classifier is None or isinstance(classifier, FeatureSet | list | tuple):
            return cls(classifier)
        try:
            return cls(
                classifier.features,
                int(classifier.n_estimators),
                classifier.n_jobs,
                classifier.estimator,
                tuple(getattr(classifier, "class_table_", ())),
            )
        except AttributeError:
            raise TypeError(
                "cross-validation needs a PixelClassifier, features or None; got "
                f"{type(classifier).__name__}."
            ) from None


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What forests say of what they have not seen.

    Attributes
    ----------
    probabilities
        Of each labelled pixel, from the fold that it was left out of; 0 where it never was.
    places
        Of places all over the images, made as bold as `probabilities` turned out to be right.
    calibration
        What probabilities of the whole forest are worth.
    folds
        Fold of each labelled pixel.
    """

    probabilities: Rows
    places: Rows
    calibration: Calibration
    folds: npt.NDArray[np.int64]


def cross_validation_steps(
    classifier: Any,
    image: Images,
    labels: Labels | Sequence[Labels],
    *,
    channel_axis: int | None = None,
    spacing: Spacing | Sequence[Spacing] = None,
    n_folds: int = 5,
    leave_out: LeftOut | None = None,
    random_state: int = 0,
    classes: Sequence[ClassInfo] = (),
    cache: SampleCache | None = None,
) -> Steps[CrossValidation]:
    """`napari_pixclass.cross_validate` in steps, for a driver that shows progress and may cancel.

    With the `cache` that trainings keep, features at labels that were trained on are not computed again.
    """
    check_options(n_folds, leave_out)
    recipe = Recipe.of(classifier)
    seed = seed_sequence(random_state)
    random = np.random.default_rng(seed)
    training = training_images(image, labels, recipe.features, channel_axis, spacing)
    features = ChannelFeatures.of(
        FeatureSet.default(len(training[0].axes.spatial))
        if recipe.features is None
        else recipe.features,
        training[0].axes.n_channels,
    )
    gathered = yield from gathering_steps(training, features, random, cache)
    held_out, left_out = yield from held_out_steps(
        gathered, recipe, n_folds, leave_out, seed, random
    )
    return summary(gathered, held_out, left_out, (*recipe.classes, *classes))


def check_options(n_folds: int, leave_out: str | None) -> None:
    """Raise ValueError if there is no such cross-validation."""
    if n_folds < 2:
        raise ValueError(f"n_folds must be 2 or more; got {n_folds}.")
    if leave_out is not None and leave_out not in get_args(LeftOut):
        raise ValueError(f"leave_out must be 'strokes', 'images' or None; got {leave_out!r:.50}.")


def choose_left_out(gathered: Gathered) -> LeftOut:
    """Whole images where that leaves labels of every class to train on, strokes elsewhere."""
    return "images" if min(gathered.n_images) > 1 else "strokes"


def held_out_steps(
    gathered: Gathered,
    recipe: Recipe,
    n_folds: int,
    leave_out: LeftOut | None,
    seed: np.random.SeedSequence,
    random: np.random.Generator,
) -> Steps[tuple[HeldOut, LeftOut]]:
    """Train without each fold in turn.

    Raises
    ------
    ValueError
        If there is one class only, or nothing can be left out.
    """
    if gathered.n_classes < 2:
        raise ValueError(
            "cross-validation needs labels of two classes or more; they are all of class "
            f"{gathered.values[0]}. Paint a stroke of another class."
        )
    by = leave_out or choose_left_out(gathered)
    groups = gathered.strokes if by == "strokes" else gathered.images
    folds = assign_folds(groups, gathered.codes, n_folds, random)
    n_used = int(folds.max()) + 1
    if not n_used:
        counts = gathered.n_strokes if by == "strokes" else gathered.n_images
        raise ValueError(
            f"cross-validation needs a class with two {by} or more, of which one can be left out; got "
            f"{', '.join(map(str, counts))} of the classes {', '.join(map(str, gathered.values))}. "
            "Paint more strokes, apart from each other."
        )
    # The last forest is the whole one.
    trainings = [*range(n_used), ALWAYS_TRAINED]
    n_jobs = resolve_n_jobs(recipe.n_jobs)
    probabilities = np.zeros((len(gathered.X), gathered.n_classes), dtype=np.float32)
    others = _Votes(len(gathered.X_places), gathered.n_classes)
    total = len(trainings) * STEPS_PER_FOLD
    for number, (fold, own) in enumerate(zip(trainings, seed.spawn(len(trainings)), strict=True)):
        out = (folds == fold) & (folds != ALWAYS_TRAINED)
        growing = training_steps(gathered, ~out, recipe, own, n_jobs)
        predict = yield from as_part(growing, number * STEPS_PER_FOLD, total)
        if fold == ALWAYS_TRAINED:
            whole = predict(gathered.X_places)
        else:
            probabilities[out] = predict(np.ascontiguousarray(gathered.X[out]))
            judged = _places_to_judge(gathered, out, by)
            others.add(judged, predict(np.ascontiguousarray(gathered.X_places[judged])))
        yield Step((number + 1) * STEPS_PER_FOLD, total, "Cross-validating")
    known = folds != ALWAYS_TRAINED
    left_out = LeftOutSamples(probabilities[known], gathered.codes[known], gathered.strokes[known])
    opinions = Opinions(whole[others.seen], others.mean())
    # With strokes left out the whole forest has a say as well: the others know less than it does.
    expected: Rows = opinions.others
    if by == "strokes":
        expected = np.float32(0.5) * (opinions.whole + opinions.others)
    # What is expected is about classes, some of them rare: there the labels alone foretell better what is right.
    corrected = sharpened(expected, fitted_sharpness(left_out))
    calibration = Calibration.of(left_out, fitted_sharpness(left_out, opinions))
    return HeldOut(probabilities, corrected, calibration, folds), by


class _Votes:
    """Probabilities of places, as several forests see them; not all of them see all places."""

    def __init__(self, n_places: int, n_classes: int) -> None:
        self._sum = np.zeros((n_places, n_classes), dtype=np.float32)
        self._n_votes = np.zeros((n_places, 1), dtype=np.float32)

    def add(self, seen: npt.NDArray[np.bool_], probabilities: Rows) -> None:
        """Count what one forest says of some places."""
        self._sum[seen] += probabilities
        self._n_votes[seen] += 1

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Of which places at least one forest has said anything."""
        return self._n_votes[:, 0] > 0

    def mean(self) -> Rows:
        """What they say of these on average."""
        return self._sum[self.seen] / self._n_votes[self.seen]


def _places_to_judge(
    gathered: Gathered, out: npt.NDArray[np.bool_], by: LeftOut
) -> npt.NDArray[np.bool_]:
    """With whole images left out only these, so that the figures are those of images that nobody has labelled."""
    if by == "strokes":
        return np.ones(len(gathered.X_places), dtype=bool)
    return np.isin(gathered.place_images, np.unique(gathered.images[out]))


class Trainable(Protocol):
    """Features and class of each sample, and how often trees look at each feature; see `Gathered`."""

    @property
    def X(self) -> Rows: ...
    @property
    def codes(self) -> npt.NDArray[np.intp]: ...
    @property
    def n_classes(self) -> int: ...
    @property
    def weights(self) -> npt.NDArray[np.float64]: ...


def training_steps(
    gathered: Trainable,
    train: npt.NDArray[np.bool_],
    recipe: Recipe,
    seed: np.random.SeedSequence,
    n_jobs: int,
) -> Generator[float, None, Callable[[Rows], Rows]]:
    """Train on some of the samples, yielding the share that is done; return what predicts rows."""
    X, codes = np.ascontiguousarray(gathered.X[train]), gathered.codes[train]
    if recipe.estimator is not None:
        from sklearn.base import clone

        yield 0.0
        predict: Callable[[Rows], Rows] = clone(recipe.estimator).fit(X, codes).predict_proba
        return predict
    growing = grow_forest(
        X,
        codes,
        gathered.n_classes,
        seed=seed,
        n_trees=recipe.n_estimators,
        n_jobs=n_jobs,
        weights=gathered.weights,
    )
    with closing(growing):
        while True:
            try:
                growth = next(growing)
            except StopIteration as stop:
                return CompiledForest(stop.value).predict_rows
            yield growth.n_done / recipe.n_estimators


def as_part(
    growing: Generator[float, None, Result],
    n_before: int,
    total: int,
    what: str = "Cross-validating",
) -> Steps[Result]:
    """A training, or whatever tells the share that is done, as `STEPS_PER_FOLD` steps of a larger work."""
    with closing(growing):
        while True:
            try:
                share = next(growing)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield Step(n_before + int(share * STEPS_PER_FOLD), total, what)


def summary(
    gathered: Gathered, held_out: HeldOut, left_out: LeftOut, named: Sequence[ClassInfo]
) -> CrossValidation:
    """The figures that follow from what was left out; classes that are not `named` get default names."""
    by_value = {info.value: info for info in named}
    infos = [by_value.get(int(value)) or default_class(int(value)) for value in gathered.values]
    judged = held_out.folds != ALWAYS_TRAINED
    predicted = gathered.values[held_out.probabilities[judged].argmax(axis=1)]
    counts = gathered.n_strokes if left_out == "strokes" else gathered.n_images
    return CrossValidation(
        expected=expected_matrix(held_out.places, infos),
        held_out=ConfusionMatrix.of(gathered.values[gathered.codes[judged]], predicted, infos),
        strokes=gathered.n_strokes,
        images=gathered.n_images,
        calibration=held_out.calibration,
        judged=tuple(count > 1 for count in counts),
        left_out=left_out,
        n_folds=int(held_out.folds.max()) + 1,
        n_images=len(np.unique(gathered.images)),
    )
