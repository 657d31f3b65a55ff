"""Remembered features: the same as computed ones, only new labels cost, and nothing is stale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_pixclass.core import FeatureSet, PixelClassifier, SampleCache, run_steps
from napari_pixclass.core import _sample_cache as module

FEATURES = FeatureSet.from_selection(
    {"gaussian_smoothing": [1.0], "structure_tensor_eigenvalues": [1.6]}
)


def make_image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (150, 290), dtype=np.uint8)


def fit(image, labels, cache: SampleCache | None, **options) -> PixelClassifier:
    classifier = PixelClassifier(FEATURES, n_estimators=5)
    run_steps(classifier.fit_steps(image, labels, cache=cache, **options))
    return classifier


strokes = st.tuples(st.integers(0, 145), st.integers(0, 280), st.integers(1, 40), st.integers(0, 3))


@settings(max_examples=20)
@given(rounds=st.lists(st.lists(strokes, max_size=4), min_size=1, max_size=4))
def test_any_history_of_strokes_gives_what_a_fresh_training_gives(rounds) -> None:
    image, cache = make_image(), SampleCache()
    labels = np.zeros(image.shape, np.uint8)
    labels[3, 3:9] = 1
    for painted in rounds:
        for y, x, length, value in painted:
            labels[y : y + 3, x : x + length] = value  # 0 erases
        if not labels.any():
            continue
        remembered, fresh = fit(image, labels, cache), fit(image, labels, None)
        np.testing.assert_array_equal(remembered.predict_proba(image), fresh.predict_proba(image))


def test_only_new_labels_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    compute = module.compute_rows

    def spy(training, features, frame, block, inside, scratch):
        computed.append(len(inside))
        return compute(training, features, frame, block, inside, scratch)

    monkeypatch.setattr(module, "compute_rows", spy)
    image, cache = make_image(), SampleCache()
    labels = np.zeros(image.shape, np.uint8)
    labels[10, 10:30] = 1
    fit(image, labels, cache)
    labels[20, 10:15] = 2
    fit(image, labels, cache)
    labels[10, 10:30] = 2  # another class, the same features
    fit(image, labels, cache)
    assert computed == [20, 5]


def test_a_changed_image_is_another_image() -> None:
    image, cache = make_image(), SampleCache()
    labels = np.zeros(image.shape, np.uint8)
    labels[10, 10:30], labels[40, 10:30] = 1, 2
    fit(image, labels, cache)
    image[12, 12:20] ^= 255  # in place, where only the halo of a label sees it
    np.testing.assert_array_equal(
        fit(image, labels, cache).predict_proba(image),
        fit(image, labels, None).predict_proba(image),
    )
    spaced = fit(image, labels, cache, spacing=(2, 1))
    np.testing.assert_array_equal(
        spaced.predict_proba(image), fit(image, labels, None, spacing=(2, 1)).predict_proba(image)
    )


def test_memory_is_bounded() -> None:
    image = make_image()
    labels = np.zeros(image.shape, np.uint8)
    labels[::10], labels[5::10] = 1, 2
    cache = SampleCache(max_bytes=50_000)
    remembered = fit(image, labels, cache)
    assert cache.nbytes <= 150_000  # the block in hand, however large
    np.testing.assert_array_equal(
        remembered.predict_proba(image), fit(image, labels, None).predict_proba(image)
    )
