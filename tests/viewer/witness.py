"""Looks at the screen whenever something new is shown, and keeps an eye on what must not happen."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from napari_pixclass.core import LabelledPixels
from napari_pixclass.session import LiveArray, LiveResult

from .live import coarser, is_known, level_of, reference

TRUE = "was changed meanwhile"
"""In messages that a user who never waits has to expect."""


class Witness:
    """Sees every delivery of a session, and notes whatever one classifier alone would not say.

    Attributes
    ----------
    problems
        What was wrong.
    n_deliveries, n_rough
        How often something was shown, and how often something rough.
    """

    def __init__(self, session: Any) -> None:
        self.problems: list[str] = []
        self.n_deliveries = self.n_rough = 0
        self._session = session
        self._right: dict[Any, np.ndarray] = {}
        self._checked: dict[int, Any] = {}
        self._outdated: LiveResult | None = None
        self._labelled: list[LabelledPixels] | None = None
        session.live_result_changed.connect(self._on_delivery)
        session.live_tiles_changed.connect(self._on_delivery)
        session.failed.connect(self._on_failure)

    def _on_failure(self, message: str) -> None:
        if not message.startswith("training needs labelled pixels") and TRUE not in message:
            self.problems.append(message)

    def look_after(self, labels: Any) -> None:
        """Take notice of strokes: nothing of what was said before a stroke may be said after it."""
        labels.events.paint.connect(self._on_stroke)

    def _on_stroke(self, event: Any = None) -> None:
        session, now = self._session, self._labels()
        if now != [session.labelled(pair) for pair in session.pairs]:  # else it is yet to come
            self._outdated, self._labelled = session.live_result, now

    def _labels(self) -> list[LabelledPixels]:
        return [LabelledPixels.of(np.asarray(pair.labels.data)) for pair in self._session.pairs]

    def _on_delivery(self, result: LiveResult | None) -> None:
        self.n_deliveries += 1
        try:
            self._check_layers(result)
            if result is not None:
                self._check_tiles(result)
                self._check_age(result)
        except AssertionError as problem:
            self.problems.append(str(problem))

    def _check_age(self, result: LiveResult) -> None:
        if self._session.live_update and self._labelled is not None:
            assert result is not self._outdated, "an older result has got new tiles"
            if result.classifier is not None and self._labels() == self._labelled:
                n_samples = sum(result.classifier.n_samples_)
                assert n_samples == sum(map(len, self._labelled)), "other labels were trained on"

    def _check_tiles(self, result: LiveResult) -> None:
        tiles = result.store.snapshot().values()
        self.n_rough += any(found.is_rough for found in tiles)
        before, self._checked = self._checked, {id(found): found for found in tiles}
        for found in tiles:
            if not found.is_rough and id(found) not in before:
                assert result.classifier is not None, "complete before there was a classifier"
                right = coarser_levels(self._probabilities(result), found.tile.shape)
                right = np.moveaxis(right[found.tile.box], -1, 0)
                np.testing.assert_array_equal(found.arrays["probabilities"], right)

    def _probabilities(self, result: LiveResult) -> np.ndarray:
        key = (result.classifier, id(result.image.version))
        if key not in self._right:
            image = result.image
            spacing = None
            if image.pixel_size is not None:
                spacing = image.pixel_size[-result.classifier.features.ndim :]
            self._right[key] = result.classifier.predict_proba(
                np.asarray(image.data), channel_axis=image.channel_axis, spacing=spacing
            )
        return self._right[key]

    def _check_layers(self, result: LiveResult | None) -> None:
        """What the layers show is what the tiles say, and nothing where there are none."""
        session = self._session
        for image in session.image_layers:
            shown = result is not None and getattr(result.image.source, "layer", None) is image
            for key, layer in session.output_layers.of(image).items():
                for level in range(len(layer.data) if layer.multiscale else 1):
                    array = level_of(layer, level)
                    if isinstance(array, LiveArray):
                        expected = said(result if shown else None, key, array, level)
                        np.testing.assert_array_equal(np.asarray(array), expected)
                if layer.visible:
                    self._check_drawn(layer)

    @staticmethod
    def _check_drawn(layer: Any) -> None:
        """What napari draws is what the layer holds now."""
        if isinstance(layer.data, LiveArray) and layer.data.ndim == 2:
            drawn = layer._slice.image.raw
            if drawn.shape == layer.data.shape:
                np.testing.assert_array_equal(drawn, np.asarray(layer.data))


def coarser_levels(probabilities: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Probabilities at a coarser level; classes last."""
    return coarser(probabilities, (*shape, probabilities.shape[-1]))


def said(result: LiveResult | None, key: object, array: LiveArray, level: int) -> np.ndarray:
    """What the tiles say about one output, and what is shown where there are none."""
    unknown = np.nan if array.dtype.kind == "f" else 0
    values = np.full(array.shape, unknown, array.dtype)
    if result is None:
        return values
    classes = [info.value for info in result.classes]
    for found in result.store.snapshot().values():
        if found.tile.level == level:
            probabilities = np.moveaxis(found.arrays["probabilities"], 0, -1)
            values[found.tile.box] = reference(key, probabilities, classes)
    assert is_known(key, values).any() or not len(result.store.snapshot())
    return values


def workers() -> set[threading.Thread]:
    """Threads of ours that are alive."""
    return {
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("pixclass") and thread.name != "pixclass-warm-up"
    }
