"""The pixel classifier: an estimator in scikit-learn's manner whose samples are pixels."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError

from ._axes import AS_TRAINED, ArrayLike, AsTrained, ImageAxes, as_image, resolve_axes
from ._channel_features import ChannelFeatures, Features, ndim_of
from ._classes import ClassInfo, default_class
from ._features import FeatureSet
from ._fitted_state import FittedState, state_of_forest
from ._forest import ForestArrays
from ._grow import grow_forest, seed_sequence
from ._output_arrays import Output, output_steps
from ._predict import BlockPredictor, resolve_n_jobs
from ._sample_cache import SampleCache
from ._samples import Samples, iter_samples, labelled_blocks, merge_samples
from ._scales import valid_spacing
from ._steps import Step, Steps, run_steps
from ._training import (
    Images,
    Labels,
    Spacing,
    check_estimator,
    count_steps,
    growing_steps,
    training_images,
)


class PixelClassifier(ClassifierMixin, BaseEstimator):
    """Classifies pixels by the features of their surroundings.

    Parameters
    ----------
    features
        What to compute at each pixel: one `FeatureSet` for all channels, or a list with one for each channel, None
        for channels that are not used. None: `FeatureSet.default` for the image, which then must have two axes
        besides its channels.
    n_estimators
        Number of trees.
    random_state
        Seed, as for scikit-learn: the same images, labels and seed give the same forest; None for another one each
        time.
    n_jobs
        Threads for features, training and prediction; None for all cores. It never changes a result.
    estimator
        A scikit-learn classifier with ``predict_proba``, which is cloned, in place of our extremely randomised trees
        (Geurts et al., Machine Learning 63, 2006), which look less often at features of sigma above 2. Forests
        (`RandomForestClassifier`, `ExtraTreesClassifier`) run at full speed and can be saved, others run at their own.

    Attributes
    ----------
    classes_
        Class values as painted, ascending, in the smallest unsigned type that holds them.
    estimator_
        The fitted scikit-learn classifier.
    features_
        The feature set in use; where channels differ, a tuple with one for each, None for those not used.
    n_channels_
        Number of channels that an image must have.
    channel_axis_, spacing_
        As given to `fit`; used by the other methods too.
    n_samples_
        Number of labelled pixels of each class; 0 where that is not known (`from_forest`).
    class_table_
        Name and colour of each class, in the order of `classes_`; may be assigned, and is saved.
    sharpness_
        The power to which probabilities of `estimator_` are raised; 1, unless the classifier was `calibrated`.
    """

    def __init__(
        self,
        features: Features | None = None,
        n_estimators: int = 100,
        random_state: int | None = 0,
        n_jobs: int | None = None,
        estimator: Any = None,
    ) -> None:
        self.features = features
        self.n_estimators = n_estimators
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.estimator = estimator

    def fit(
        self,
        image: Images,
        labels: Labels | Sequence[Labels],
        *,
        channel_axis: int | None = None,
        spacing: Spacing | Sequence[Spacing] = None,
    ) -> Self:
        """Train on the labelled pixels of one image, or of a list of images.

        Parameters
        ----------
        image
            Array ``([lead, ...] [Z, ] Y, X)`` with the channel axis anywhere, or a list of such arrays. Leading axes
            (time) are handled frame by frame.
        labels
            Whole numbers of the shape of the image without its channel axis: 0 for unlabelled pixels, 1 or more for
            classes. Any values do; gaps are fine. `LabelledPixels` do as well. For a list of images a list.
        channel_axis
            Axis of the channels, or None.
        spacing
            Size of a pixel along each spatial axis; see `compute_features`. For a list of images it may be a list.

        Raises
        ------
        TypeError, ValueError
            If an image or labels break a rule that the message states. The classifier stays as it was.
        """
        run_steps(self.fit_steps(image, labels, channel_axis=channel_axis, spacing=spacing))
        return self

    def fit_steps(
        self,
        image: Images,
        labels: Labels | Sequence[Labels],
        *,
        channel_axis: int | None = None,
        spacing: Spacing | Sequence[Spacing] = None,
        cache: SampleCache | None = None,
    ) -> Steps[None]:
        """`fit` in steps, for a driver that shows progress and may cancel.

        With a `cache` that is kept from one training to the next, only features at new labels are computed.
        """
        n_jobs = resolve_n_jobs(self.n_jobs)
        if self.features is not None:
            ndim_of(self.features)  # complains
        check_estimator(self.estimator, self.n_estimators)
        seed = seed_sequence(self.random_state)
        training = training_images(image, labels, self.features, channel_axis, spacing)
        features = ChannelFeatures.of(
            FeatureSet.default(len(training[0].axes.spatial))
            if self.features is None
            else self.features,
            training[0].axes.n_channels,
        )
        total = sum(len(labelled_blocks(item.labels, features.ndim)) for item in training)
        n_training = count_steps(self.n_estimators) if self.estimator is None else 1
        merged: list[Samples] = []
        done = 0
        for item in training:
            parts = []
            for part in iter_samples(item, features, cache):
                parts.append(part)
                done += 1
                yield Step(done, total + n_training, "Computing features at the labels")
            if parts:
                merged.append(merge_samples(parts))
        X = np.concatenate([part.X for part in merged])
        y = np.concatenate([part.y for part in merged])
        classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        classes = classes.astype(np.min_scalar_type(int(classes[-1])))
        forest = estimator = None
        if self.estimator is None:
            n_trees = int(self.n_estimators)
            growing = grow_forest(
                X,
                codes,
                len(classes),
                seed=seed,
                n_trees=n_trees,
                n_jobs=n_jobs,
                weights=features.weights,
            )
            forest = yield from growing_steps(growing, n_trees, total, classes)
        else:
            estimator = clone(self.estimator).fit(X, y)
            yield Step(total + 1, total + 1, "Training")
            if type(estimator) in (RandomForestClassifier, ExtraTreesClassifier):
                forest = ForestArrays.from_estimator(estimator)
        first = training[0].spacing
        predictor = (
            BlockPredictor.from_estimator(estimator, features, first)
            if forest is None
            else BlockPredictor.from_forest(forest, features, first)
        )
        self._adopt(
            FittedState(
                features,
                channel_axis,
                first,
                classes,
                tuple(counts.tolist()),
                forest,
                predictor,
            ),
            estimator,
        )

    def _adopt(self, state: FittedState, estimator: Any) -> None:
        """Be what training found out; without an estimator one is made of the forest when somebody asks for it."""
        self._state = state
        self._estimator = estimator
        self.classes_ = state.classes
        self.features_ = state.features.plain
        self.n_channels_ = state.n_channels
        self.channel_axis_ = state.channel_axis
        self.spacing_ = state.spacing
        self.n_samples_ = state.n_samples
        self.sharpness_ = state.sharpness
        self.class_table_ = tuple(default_class(int(value)) for value in state.classes)

    @classmethod
    def from_state(cls, state: FittedState, estimator: Any, **parameters: Any) -> Self:
        """A fitted classifier from what another one found out; `parameters` as for the constructor."""
        classifier = cls(state.features.plain, **parameters)
        classifier._adopt(state, estimator)
        return classifier

    @classmethod
    def from_forest(
        cls,
        forest: ForestArrays,
        features: Features,
        classes: Sequence[ClassInfo],
        *,
        n_channels: int = 1,
        channel_axis: int | None = None,
        spacing: Spacing = None,
        n_samples: Sequence[int] | None = None,
    ) -> Self:
        """A classifier whose forest was trained elsewhere; it predicts, is saved and can be trained again.

        Parameters
        ----------
        forest
            Its columns are those of `compute_features`, its classes those of `classes`, in their order.
        features
            As in the constructor.
        classes
            Value, name and colour of each class, by ascending value.
        n_channels, channel_axis, spacing
            Of the images that it was trained on.
        n_samples
            Number of pixels of each class that it was trained on, 0 where that is not known; None if it never is.

        Raises
        ------
        TypeError, ValueError
            If these do not fit together, or the forest is damaged.
        """
        state = state_of_forest(
            forest, features, classes, n_channels, channel_axis, spacing, n_samples
        )
        classifier = cls.from_state(state, None, n_estimators=forest.n_trees)
        classifier.class_table_ = tuple(classes)
        return classifier

    def calibrated(self, sharpness: float) -> Self:
        """A copy whose probabilities are as often right as they say, by temperature scaling.

        Probabilities p become ``p**sharpness`` and are made to sum to 1 again; those below 0.003 count as that. The
        most probable class stays what it is, `predict` gives the same. A saved classifier keeps it, another `fit`
        forgets it.

        Parameters
        ----------
        sharpness
            As `napari_pixclass.cross_validate` has found it. It takes the place of an earlier one: 1 gives the
            probabilities of `estimator_` again.

        Raises
        ------
        TypeError, ValueError
            If it is no number from 0.01 to 100.
        """
        calibrated = copy(self)
        calibrated._state = self.state.calibrated(sharpness)
        calibrated.sharpness_ = calibrated._state.sharpness
        return calibrated

    @property
    def state(self) -> FittedState:
        """What training found out.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before the first `fit`.
        """
        state: FittedState | None = getattr(self, "_state", None)
        if state is None:
            raise NotFittedError(
                "the classifier must be trained before it can predict. Call fit, or load a trained one."
            )
        return state

    @property
    def estimator_(self) -> Any:
        """The fitted scikit-learn classifier."""
        state = self.state
        if self._estimator is None and state.forest is not None:
            self._estimator = state.forest.to_estimator(state.classes)
            self._estimator.set_params(random_state=self.random_state, n_jobs=self.n_jobs)
        return self._estimator

    @property
    def halo(self) -> tuple[int, ...]:
        """Pixels that a block needs around it along each spatial axis; computed from the features that are used."""
        return self.state.predictor.halo

    def predict_proba(
        self,
        image: ArrayLike,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Spacing = None,
    ) -> npt.NDArray[np.float32]:
        """Probability of each class at each pixel.

        Parameters
        ----------
        image
            An image with as many channels as those trained on; leading axes may be more or fewer.
        channel_axis
            Axis of its channels, None if it has none; by default as given to `fit`.
        spacing
            Size of its pixels along each spatial axis, if not that of the first image trained on.

        Returns
        -------
        ndarray of float32, shape ``image.shape without its channel axis + (n_classes,)``
            In the order of `classes_`; sums to 1.
        """
        return self._output("probabilities", image, channel_axis, spacing)

    def predict(
        self,
        image: ArrayLike,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Spacing = None,
    ) -> npt.NDArray[np.integer[Any]]:
        """Class value, as painted, of the most probable class at each pixel. Parameters as in `predict_proba`."""
        return self._output("segmentation", image, channel_axis, spacing)

    def uncertainty(
        self,
        image: ArrayLike,
        *,
        channel_axis: int | AsTrained | None = AS_TRAINED,
        spacing: Spacing = None,
    ) -> npt.NDArray[np.float32]:
        """1 minus the difference between the two largest probabilities. Parameters as in `predict_proba`."""
        return self._output("uncertainty", image, channel_axis, spacing)

    def _output(
        self,
        output: Output,
        image: ArrayLike,
        channel_axis: int | AsTrained | None,
        spacing: Spacing,
    ) -> npt.NDArray[Any]:
        steps = output_steps(
            self, image, {output}, channel_axis=channel_axis, spacing=spacing, classes_last=True
        )
        return run_steps(steps)[output]

    def predictor(self, spacing: Spacing = None) -> BlockPredictor:
        """What predicts single blocks, for images of this `spacing`; None for that of the first image trained on."""
        predictor = self.state.predictor
        if spacing is None:
            return predictor
        return replace(predictor, spacing=valid_spacing(spacing, predictor.ndim))

    def check_image(
        self, image: ArrayLike, channel_axis: int | AsTrained | None = AS_TRAINED
    ) -> tuple[ArrayLike, ImageAxes]:
        """Check that `image` can be predicted; return it with the roles of its axes.

        Raises
        ------
        TypeError, ValueError
            If it does not hold real numbers, or its axes or channels are not those trained on.
        """
        state = self.state
        image = as_image(image)
        if channel_axis == AS_TRAINED:
            channel_axis = state.channel_axis
        axes = resolve_axes(image.shape, state.features.ndim, channel_axis)
        if axes.n_channels != state.n_channels:
            raise ValueError(
                f"the classifier was trained on images with {state.n_channels} channels; got {axes.n_channels} in an "
                f"image of shape {tuple(image.shape)} with channel_axis={channel_axis}."
            )
        return image, axes
