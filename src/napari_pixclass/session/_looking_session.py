"""Predicting what is on screen, and keeping it up to date when that, or the classifier, changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_pixclass.core import (
    OUTPUTS,
    FeatureCache,
    Output,
    SampleCache,
    Step,
    default_class,
    resolve_axes,
)

from ._jobs import Job
from ._live_result import LiveResult, LiveWork
from ._live_steps import Inputs, LiveRequest, Looking, Predicted
from ._pace import Pace
from ._session import LIVE, PREDICTION, TRAINING
from ._sources import ImageSource, Pair, Snapshot, is_lazy
from ._suspicion_session import SuspicionSession
from ._tile_store import TileStore
from ._training import Training
from ._view import View, tiles_of

if TYPE_CHECKING:
    from napari_pixclass.core import ChosenFeatures, PixelClassifier

    from ._prediction import Prediction


class LookingSession(SuspicionSession):
    """A session that predicts what somebody looks at.

    What is known of a prediction is dropped in the moment in which the first tile of a newer one arrives: what is on
    screen is never a mixture.
    """

    live_result_changed = Signal(object)
    """Another `LiveResult` than before; None where nothing holds any more."""
    live_tiles_changed = Signal(object)
    """The `LiveResult` has got new tiles."""
    live_done = Signal(object)
    """Nothing of the view is missing in the `LiveResult` any more."""
    following_changed = Signal(bool)
    """Whether it matters from now on what is on screen."""

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        super().__init__(wake)
        self._feature_cache = FeatureCache()
        self._sample_cache = SampleCache(compute=self._feature_cache.rows)
        self._pace = Pace()
        self._watched: ImageSource | None = None
        """An image of which always that is predicted which is on screen: all of it would be too much."""
        self._result: LiveResult | None = None
        self._whole: tuple[PixelClassifier, Snapshot, frozenset[Output]] | None = None
        """What was predicted from end to end, and is shown: nothing of it is missing."""
        self._view: View | None = None
        self._work: LiveWork | None = None
        self._n_events = 0
        self._tokens = count()
        self._named: list[tuple[ImageSource, object, int]] = []
        self.predicted.connect(self._on_whole)
        self.trained.connect(self._on_trained_by_hand)
        self.outputs_changed.connect(self.view_changed)

    @property
    def live_result(self) -> LiveResult | None:
        """What is known of the view, or None."""
        return self._result

    @property
    def feature_memory(self) -> int:
        """Bytes that features of what is on screen may take, so that only the forest is new after a stroke."""
        return self._feature_cache.max_bytes

    @feature_memory.setter
    def feature_memory(self, n_bytes: int) -> None:
        self._feature_cache.max_bytes = n_bytes

    @property
    def feature_memory_used(self) -> int:
        """Bytes that they take."""
        return self._feature_cache.nbytes

    @property
    def is_following(self) -> bool:
        """Whether what is on screen is predicted without being asked for."""
        return self._watched is not None and self._watched == self.target

    def predict(self) -> Job[Any]:
        """See `Session.predict`. Of an image that is not in memory what is on screen is predicted, now and from now on.

        Then the result of the job tells nothing: see `live_result`.
        """
        target, training = self.target, self._queue.newest(TRAINING)
        is_possible = self.plan.prediction_problem is None or training is not None
        if target is None or not is_lazy(target) or not self._outputs or not is_possible:
            self._watch(None)
            return super().predict()
        self._watch(target)
        if training is not None:
            return training  # when it is done its classifier predicts
        self._whole = None
        self._has_moved()
        job = self._start_live()
        work, classifier = self._work, self._classifier
        if work is not None and work.result is None and work.image and classifier is not None:
            store = TileStore(classifier.state.classes)
            work.result = LiveResult(work.image, classifier.class_table_, store, classifier)
            self._show_result(work.result)  # empty as yet
            self._has_moved()
        return job

    def _watch(self, image: ImageSource | None) -> None:
        before = self.is_following
        self._watched = image
        if self.is_following != before:
            self._tell_following()

    def _tell_following(self) -> None:
        if not self.is_following:
            self._feature_cache.clear()
        self.following_changed.emit(self.is_following)

    # What happens -----------------------------------------------------------------------------------------------------

    def image_changed(self, image: ImageSource) -> None:
        """Say that an image has other data, or pixels of another size, than before."""
        self._whole = None
        self._named = [named for named in self._named if named[0] != image]
        if self._result is not None and self._result.image.source == image:
            self._show_result(None)
        super().image_changed(image)

    def forget_image(self, image: ImageSource) -> None:
        """Say that an image is gone: nothing that is known of it keeps it alive."""
        self._named = [named for named in self._named if named[0] != image]
        if self._watched == image:
            self._watch(None)
        if self._whole is not None and self._whole[1].source == image:
            self._whole = None
        work = self._work
        if work is not None and work.image is not None and work.image.source == image:
            work.view = self._work = None
        if self._result is not None and self._result.image.source == image:
            self._show_result(None)

    def view_changed(self) -> None:
        """Say that something else is on screen."""
        if self.is_following and self._has_moved():
            self._predict_view()

    def _has_moved(self) -> bool:
        """See what is on screen; whether that is something else than before."""
        view = self._current_view()
        if view == self._view:
            return False
        self._view = view
        if self._result is not None:
            self._result.store.look_at(view)
        work = self._work
        if work is not None and work.image is not None:
            work.view = view if self._shows(work.image) else None
        return True

    def _current_view(self) -> View | None:
        """Hook: what is on screen. In a script all of the image is."""
        target = self.target
        if target is None:
            return None
        try:
            axes = resolve_axes(target.data.shape, 1, target.channel_axis)
        except ValueError:
            return None
        return View.whole(axes.shape, self._outputs)

    def _on_whole(self, prediction: Prediction) -> None:
        outputs = frozenset(o for o in OUTPUTS if getattr(prediction, o) is not None)
        self._whole = (prediction.classifier, Snapshot.of(prediction.image), outputs)
        if self._result is not None and self._result.image.source == prediction.image:
            self._show_result(None)

    def _on_prediction_end(self) -> None:
        self._predict_view()

    def _adopt(self, new: PixelClassifier, inputs: Inputs | None) -> None:
        super()._adopt(new, inputs)
        if not self.is_following:
            self._show_result(None)  # nobody brings it up to date

    def _on_trained_by_hand(self) -> None:
        if self._queue.newest(LIVE) is None:
            self._update_live()

    def _update_live(self) -> None:
        if self.is_following and not self._queue.closed:
            self._has_moved()
            self._predict_view()

    # What is to be done -----------------------------------------------------------------------------------------------

    def _predict_view(self) -> None:
        """Have what is on screen predicted, if it has not been and there is a classifier that may."""
        if not self.is_following or self._queue.closed or self._classifier is None:
            return
        if self._queue.newest(LIVE) is not None or self._queue.newest(TRAINING) is not None:
            return  # it asks for the view itself, or calls again
        if self._queue.newest(PREDICTION, self.target) is not None:
            return  # nothing will be missing
        if self._is_outdated or self.plan.prediction_problem is not None:
            return
        if self._is_missing(self._classifier):
            self._start_live()

    @property
    def _is_outdated(self) -> bool:
        """Hook: whether the classifier at hand is to be replaced before it predicts."""
        return False

    def _is_missing(self, classifier: PixelClassifier) -> bool:
        view, target = self._view, self.target
        if view is None or target is None or not view.outputs:
            return False
        whole = self._whole
        is_whole = whole is not None and whole[0] is classifier and self._shows(whole[1])
        if whole is not None and is_whole and view.outputs <= whole[2]:
            return False
        result = self._known_result()
        if result is None:
            return True
        n_lead = len(view.shape) - classifier.state.features.ndim
        return not result.store.knows(tiles_of(view, n_lead), view.outputs)

    def _known_result(self) -> LiveResult | None:
        """The result, if it is what the classifier at hand says about the target as it is."""
        result = self._result
        if result is None or self._classifier is None or result.classifier is not self._classifier:
            return None
        return result if self._shows(result.image) else None

    def _shows(self, image: Snapshot) -> bool:
        """Whether an image is the target as it is now."""
        return image.source == self.target and image.is_current()

    # Doing it ---------------------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> Inputs:
        """What a training is made from, but for the labels."""
        serials = tuple(self._seen.serial(pair) for pair in self._pairs)
        return self.chosen_features, self.n_estimators, self.random_state, *serials

    def _start_live(self) -> Job[bool]:
        result = self._known_result()
        image = self._image_to_predict() if result is None else result.image
        view = None if image is None else self._view
        looks = {pair: self._seen.n_looks(pair) for pair in self._pairs}
        work = LiveWork(
            self._n_events, self._settings, None, image, view, result, self._classifier, looks
        )
        request = self._request(work)
        self._work = work
        return self._start(
            request.steps,
            self._on_live_done,
            LIVE,
            on_step=lambda step: self._on_step(work, step),
            on_end=self._on_live_end,
        )

    def _image_to_predict(self) -> Snapshot | None:
        return None if self.target is None else Snapshot.of(self.target)

    def _request(self, work: LiveWork) -> LiveRequest:
        image, result = work.image, work.result
        training = self._live_training()
        images = [] if training is None else list(training.images)
        looking = None
        if image is not None:
            images.append(image)
            looking = Looking(
                image, lambda: work.view, self._feature_cache, self.n_jobs, self._pace
            )
        self._name_images(images)
        pairs = self._live_pairs()
        return LiveRequest(
            {pair: pair.labels.data for pair in pairs},
            [self._seen.serial(pair) for pair in pairs],
            frozenset(info.value for info in self._classes),
            training,
            self._sample_cache,
            looking,
            self._classifier,
            self._trained_on,
            {} if result is None else result.store.snapshot(),
        )

    def _live_pairs(self) -> tuple[Pair, ...]:
        """Hook: whose labels are looked at before."""
        return ()

    def _live_training(self) -> Training | None:
        """Hook: how to train before the view is predicted; None for not at all."""
        return None

    def _training(self, features: ChosenFeatures) -> Training:
        training = super()._training(features)
        image = self._image_to_predict()
        self._name_images([*training.images, *([] if image is None else [image])])
        return training

    def _name_images(self, images: Iterable[Snapshot]) -> None:
        """Have features remembered by image: those of an image that has been replaced are of no use."""
        before, self._named = self._named, []
        names = []
        for image in images:
            known = (
                token
                for source, version, token in (*before, *self._named)
                if source == image.source and version is image.version
            )
            token = next(known, None)
            token = next(self._tokens) if token is None else token
            self._named.append((image.source, image.version, token))
            names.append((image.data, token))
        self._feature_cache.name_images(names)

    def _on_step(self, work: LiveWork, step: Step) -> None:
        if isinstance(step, Predicted):
            self._on_tiles(work, step)

    def _on_tiles(self, work: LiveWork, step: Predicted) -> None:
        """Take over new tiles; the first ones of a classifier put an end to what another one has said."""
        if work.image is None or not self._shows(work.image):
            return
        if work.result is None:
            known = {info.value: info for info in self._classes}
            classes = tuple(known.get(int(v)) or default_class(int(v)) for v in step.classes)
            work.result = LiveResult(work.image, classes, TileStore(step.classes), work.classifier)
            work.result.store.look_at(self._view)
        for tile in step.tiles:
            work.result.store.put(tile)
        if work.result is self._result:
            self.live_tiles_changed.emit(work.result)
        else:
            self._show_result(work.result)

    def _show_result(self, result: LiveResult | None) -> None:
        if result is not self._result:
            self._result = result
            self.live_result_changed.emit(result)

    def _on_live_end(self) -> None:
        """Where nothing else is coming, what another classifier has said, or part of one, does not stay."""
        result = self._result
        is_last = self._queue.newest(LIVE) is None and self._queue.newest(TRAINING) is None
        if result is not None and is_last and result.classifier is not self._classifier:
            self._show_result(None)

    def _on_live_done(self, done: Any) -> None:
        self._predict_view()
        if self._result is not None and self._queue.newest(LIVE) is None:
            self.live_done.emit(self._result)
