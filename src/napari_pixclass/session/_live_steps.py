"""What happens in the background after a stroke: look, train, and predict what is on screen, its middle first.

Everything that is found out is told in steps, so that it is shown as soon as it is known, and can be given up between
two of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    ArrayLike,
    ChannelFeatures,
    CompiledForest,
    FeatureCache,
    GrowingStep,
    LabelledPixels,
    SampleCache,
    Step,
    Steps,
    Tile,
    TileReader,
    as_image,
    bounded_map,
    in_memory,
    resolve_axes,
    resolve_n_jobs,
    valid_spacing,
    with_sharpness,
)
from napari_pixclass.io import labelled_pixels

from ._choices import MAX_NEW_CLASSES
from ._heap import give_back_free_memory
from ._pace import Pace
from ._sources import Pair, Snapshot, spacing_of
from ._tile_predictor import TilePredictor
from ._tile_store import PredictedTile
from ._tile_tasks import TileTasks
from ._training import Training
from ._view import View, tiles_of

if TYPE_CHECKING:
    from napari_pixclass.core import PixelClassifier

SECONDS_BETWEEN_RESULTS = {False: 0.1, True: 0.3}
"""Tiles are handed on this often at most, as each time costs a redraw: where nothing, or something rough, is shown."""

SECONDS_BETWEEN_VOLUMES = 3.0
"""In 3D each redraw is one of the whole volume."""

ROUGH_FROM_SECONDS = 0.1
"""Where it takes longer than this until all of a view is predicted, something rough is shown first."""

ROUGH_TREES = 16

Inputs = tuple[object, ...]
"""See `Session._training_inputs`."""

N_SETTINGS = 3
"""What comes first in `Inputs`; a serial number and the labels of each pair follow."""


@dataclass(frozen=True, slots=True)
class Looked(Step):
    """The labels have been looked at.

    Attributes
    ----------
    labelled
        Those of each pair.
    inputs
        What a training is made from.
    trains
        Whether a training follows.
    """

    labelled: Mapping[Pair, LabelledPixels]
    inputs: Inputs | None
    trains: bool

    @property
    def is_news(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Trained(Step):
    """There is a new classifier, made from `inputs`."""

    classifier: PixelClassifier
    inputs: Inputs | None

    @property
    def is_news(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Predicted(Step):
    """Some tiles have been predicted.

    Attributes
    ----------
    classes
        Class values, in the order of the probabilities.
    tiles
        What is known about them.
    """

    classes: npt.NDArray[np.integer[Any]]
    tiles: tuple[PredictedTile, ...]

    @property
    def is_news(self) -> bool:
        return True


@dataclass(frozen=True, eq=False, slots=True)
class Looking:
    """What is predicted, and for whom.

    Attributes
    ----------
    image
        The image.
    view
        Asked in any thread: what is on screen at this moment; None where nothing is.
    cache
        Features of tiles.
    n_jobs
        Number of threads.
    pace
        How fast tiles are predicted.
    """

    image: Snapshot
    view: Callable[[], View | None]
    cache: FeatureCache
    n_jobs: int | None
    pace: Pace

    def reader(
        self, features: ChannelFeatures, default_spacing: tuple[float, ...]
    ) -> TileReader | None:
        """What computes features of tiles of the image; None where it has not so many channels, or too few axes."""
        image = self.image
        try:
            axes = resolve_axes(image.data.shape, features.ndim, image.channel_axis)
        except ValueError:
            return None
        if axes.n_channels != features.n_channels:
            return None
        given = spacing_of(image, features.ndim)
        spacing = default_spacing if given is None else valid_spacing(given, features.ndim)
        return TileReader(as_image(image.data), axes, features, spacing)


@dataclass(frozen=True, eq=False, slots=True)
class LiveRequest:
    """All that live update needs, taken in the thread of the session.

    Attributes
    ----------
    labels
        Labels of each pair, looked at by whoever needs them.
    serials
        Of each pair; see `SeenLabels.serial`.
    classes
        Class values that are known.
    training
        How to train; None where it cannot be trained.
    samples
        Features of labelled pixels.
    looking
        What to predict; None for nothing.
    classifier, trained_on
        The classifier at hand, and what it was made from.
    known
        Tiles that it has predicted already.
    """

    labels: Mapping[Pair, ArrayLike]
    serials: Sequence[int]
    classes: frozenset[int]
    training: Training | None
    samples: SampleCache
    looking: Looking | None
    classifier: PixelClassifier | None
    trained_on: Inputs | None
    known: Mapping[Tile, PredictedTile]

    def steps(self) -> Steps[bool]:
        """Look at the labels; where they are others train; then predict what is on screen and not known yet."""
        begin = time.monotonic()
        labelled = {pair: labelled_pixels(data) for pair, data in self.labels.items()}
        inputs = self._inputs(labelled)
        trains = inputs != self.trained_on and self._can_train(labelled.values())
        yield Looked(0, 1, "Looking at the labels", labelled, inputs, trains)
        classifier, known, is_rough = self.classifier, self.known, False
        if self.training is not None and trains:
            classifier, is_rough = yield from self._train(self.training, labelled, begin)
            known = {}
            yield Trained(1, 1, "Training", classifier, inputs)
        elif is_outdated(inputs, self.trained_on):
            return True
        if self.looking is not None and classifier is not None:
            yield from look_steps(classifier, self.looking, known, begin, is_rough)
            if not in_memory(self.looking.image.data):
                give_back_free_memory()
        return True

    def _inputs(self, labelled: Mapping[Pair, LabelledPixels]) -> Inputs | None:
        if self.training is None:
            return self.trained_on
        training = self.training
        stamps = tuple(zip(self.serials, labelled.values(), strict=True))
        return training.features, training.n_estimators, training.random_state, *stamps

    def _can_train(self, labelled: Iterable[LabelledPixels]) -> bool:
        """Whether there are scribbles of two classes: one alone would cover all that is yet to be painted.

        Objects that somebody has segmented are none.
        """
        values = {value for labels in labelled for value in labels.counts}
        return len(values) > 1 and len(values - self.classes) <= MAX_NEW_CLASSES

    def _train(
        self, training: Training, labelled: Mapping[Pair, LabelledPixels], begin: float
    ) -> Steps[tuple[PixelClassifier, bool]]:
        """Train; where this takes long predict something rough as soon as there are a few trees, and say so."""
        looking = self.looking
        reader = None
        if looking is not None:
            reader = looking.reader(training.channel_features, training.spacing)
        steps = training.steps(list(labelled.values()), self.samples)
        growing_since, is_rough = None, False
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                return stop.value, is_rough
            yield step
            if reader is None or looking is None or not isinstance(step, GrowingStep):
                continue
            growing_since = growing_since or time.monotonic()
            if ROUGH_TREES <= step.growth.n_done < training.n_estimators:
                now = time.monotonic()
                left = (now - growing_since) * (training.n_estimators / step.growth.n_done - 1)
                rough = _worth_a_rough_look(reader, looking, now - begin + left)
                if rough is not None:
                    few = CompiledForest(step.growth.so_far(ROUGH_TREES))
                    forest = with_sharpness(few, training.sharpness())
                    predictor = TilePredictor(reader, looking.cache, forest, step.classes)
                    yield _rough_look(predictor, *rough)
                    is_rough = True
                reader = None  # once is enough


def is_outdated(inputs: Inputs | None, trained_on: Inputs | None) -> bool:
    """Whether a classifier that was made from `trained_on` does not hold any more.

    One that was made elsewhere holds as long as nothing is labelled.
    """
    return inputs != trained_on and (_has_labels(inputs) or _has_labels(trained_on))


def _has_labels(inputs: Inputs | None) -> bool:
    stamps: Any = () if inputs is None else inputs[N_SETTINGS:]
    return any(labelled is not None and len(labelled) > 0 for _, labelled in stamps)


def look_steps(
    classifier: PixelClassifier,
    looking: Looking,
    known: Mapping[Tile, PredictedTile],
    begin: float,
    is_rough: bool,
) -> Steps[None]:
    """Predict what is on screen until nothing of it is missing.

    Somebody began to wait for it at the time `begin`, and is shown something rough by now if `is_rough`.
    """
    state = classifier.state
    reader = looking.reader(state.features, state.spacing)
    if reader is None:
        return
    predictor = TilePredictor(reader, looking.cache, state.predictor.for_all, state.classes, known)
    if not known and not is_rough:
        rough = _worth_a_rough_look(reader, looking, time.monotonic() - begin)
        is_rough = rough is not None
        if rough is not None:
            yield _rough_look(predictor, *rough)
    results = _Results(state.classes, _seconds_between_results(looking.view(), is_rough))
    tasks = TileTasks(reader, looking, known)
    nominal, start = 0.0, time.monotonic()
    for found, seconds in bounded_map(
        predictor.predict, iter(tasks), resolve_n_jobs(looking.n_jobs)
    ):
        nominal += seconds
        tasks.n_done += 1
        results.waiting.append(found)
        if results.are_due:
            yield results.step(*tasks.progress)
    if results.waiting:
        yield results.step(*tasks.progress)
    looking.pace.learn(nominal, time.monotonic() - start)


def _seconds_between_results(view: View | None, is_rough: bool) -> float:
    if view is not None and sum(axis.stop - axis.start > 1 for axis in view.box) > 2:
        return SECONDS_BETWEEN_VOLUMES
    return SECONDS_BETWEEN_RESULTS[is_rough]


def _worth_a_rough_look(
    reader: TileReader, looking: Looking, seconds: float
) -> tuple[View, list[Tile]] | None:
    """The tiles of a view whose features are there, unless all of the view does not take long either.

    Somebody has waited, or has to wait, for `seconds` already.
    """
    view = looking.view()
    if view is None or not view.outputs:
        return None
    tiles = tiles_of(view, len(reader.axes.lead))
    remembered = [tile for tile in tiles if looking.cache.has(reader, tile)]
    n_all, n_remembered = (sum(tile.n_pixels for tile in some) for some in (tiles, remembered))
    seconds += looking.pace.expected(n_remembered, n_all - n_remembered)
    return (view, remembered) if remembered and seconds > ROUGH_FROM_SECONDS else None


def _rough_look(predictor: TilePredictor, view: View, tiles: Iterable[Tile]) -> Predicted:
    tasks = ((tile, view) for tile in tiles)
    found = bounded_map(predictor.predict_roughly, tasks, 2)
    rough = tuple(tile for tile in found if tile is not None)
    return Predicted(0, 1, "Predicting", predictor.classes, rough)


class _Results:
    """Tiles that are done, handed on in portions."""

    def __init__(self, classes: npt.NDArray[np.integer[Any]], seconds: float) -> None:
        self._classes = classes
        self._seconds = seconds
        self._since = time.monotonic()
        self.waiting: list[PredictedTile] = []

    @property
    def are_due(self) -> bool:
        return time.monotonic() - self._since >= self._seconds

    def step(self, done: int, total: int) -> Predicted:
        tiles, self.waiting, self._since = tuple(self.waiting), [], time.monotonic()
        return Predicted(done, total, "Predicting", self._classes, tiles)
