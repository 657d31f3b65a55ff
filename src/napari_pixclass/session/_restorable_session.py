"""A session whose state can be taken as a whole, and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from napari_pixclass.core import ArrayLike, LabelledPixels
from napari_pixclass.io import labelled_pixels

from ._live_session import LiveSession
from ._sources import ImageSource, Pair


class RestorableSession(LiveSession):
    """A session of which projects are made, and that is made of projects.

    Parameters
    ----------
    wake
        As for `Session`.
    """

    def __init__(self, wake: Callable[[], None] | None = None) -> None:
        self._n_holding = 0
        super().__init__(wake)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Have live update wait until all has been changed that belongs together."""
        self._n_holding += 1
        try:
            yield
        finally:
            self._n_holding -= 1
            self._update_live()

    def _update_live(self) -> None:
        if not self._n_holding:
            super()._update_live()

    def _predict_view(self) -> None:
        if not self._n_holding:
            super()._predict_view()

    @property
    def training_settings(self) -> dict[str, Any]:
        """Settings of the training besides features and threads: arguments of `PixelClassifier`."""
        seed = self.random_state
        return {
            "n_estimators": int(self.n_estimators),
            # A generator in place of a seed cannot be repeated: it is like no seed at all.
            "random_state": int(seed) if isinstance(seed, int | np.integer) else None,
        }

    @training_settings.setter
    def training_settings(self, settings: dict[str, Any]) -> None:
        for name in self.training_settings:
            if name in settings:
                setattr(self, name, settings[name])
        self._update_live()

    @property
    def chosen_target(self) -> ImageSource | None:
        """The image that somebody has chosen to be predicted; None where it is the first to train on."""
        return self._target

    def serial(self, pair: Pair) -> int:
        """Another number than before where a pair, or its image, is another one."""
        return self._seen.serial(pair)

    def current_labels(self, pair: Pair) -> LabelledPixels | ArrayLike:
        """The labels of a pair as they are now, to be looked through by whoever needs them."""
        data = pair.labels.data
        if isinstance(data, np.ndarray):
            return labelled_pixels(data)  # they may be painted on while they are saved
        return self._seen.current(pair)

    @property
    def is_classifier_current(self) -> bool:
        """Whether another training would begin with what the classifier at hand was made from."""
        return self._classifier is not None and self._trained_on == self._training_inputs

    def mark_classifier(self, is_current: bool) -> None:
        """Say whether the classifier at hand was made from the images, labels and features as they are."""
        self._trained_on = self._training_inputs if is_current else ()

    def order_pairs(self, pairs: Sequence[Pair]) -> None:
        """Have pairs come first, in this order, which counts in a training; the others follow."""
        first = [pair for pair in pairs if pair in self._pairs]
        ordered = [*first, *(pair for pair in self._pairs if pair not in first)]
        if ordered != self._pairs:
            self._pairs = ordered
            self.pairs_changed.emit()
            self._update_live()
