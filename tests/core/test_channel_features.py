"""Features chosen channel by channel: the same as those of an image that has only these channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.naive_bayes import GaussianNB

from napari_pixclass.core import (
    ChannelFeatures,
    FeatureSet,
    PixelClassifier,
    SampleCache,
    compute_features,
    run_steps,
)

F = FeatureSet.from_selection({"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]})
G = FeatureSet.from_selection({"structure_tensor_eigenvalues": [0.7], "gaussian_smoothing": [3.5]})
H = FeatureSet.from_selection({"gaussian_gradient_magnitude": [1.0]})
CHOICES = (F, G, H, None)


def scene(n_channels: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Channels of bright and dark halves with noise, and a stroke on each half."""
    rng = np.random.default_rng(seed)
    halves = np.where(np.arange(44) < 22, 40, 90)
    image = (halves + rng.normal(size=(n_channels, 36, 44)) * 20).astype(np.float32)
    labels = np.zeros((36, 44), np.uint8)
    labels[5:8, 3:18], labels[20:23, 26:40] = 1, 3
    return image, labels


channel_sets = st.lists(st.sampled_from(CHOICES), min_size=1, max_size=4).filter(any)


def used(sets: Sequence[FeatureSet | None]) -> list[int]:
    return [channel for channel, features in enumerate(sets) if features is not None]


@settings(max_examples=30)
@given(sets=channel_sets, channel_axis=st.sampled_from([0, 1, -1]))
def test_columns_are_those_of_each_channel_alone(sets, channel_axis: int) -> None:
    image, _ = scene(len(sets))
    moved = np.moveaxis(image, 0, channel_axis)
    together = compute_features(moved, sets, channel_axis=channel_axis)
    alone = [compute_features(image[channel], sets[channel]) for channel in used(sets)]
    np.testing.assert_array_equal(together, np.concatenate(alone, axis=-1))


@settings(max_examples=15)
@given(sets=channel_sets, seed=st.integers(0, 9), keep=st.booleans())
def test_channels_that_are_not_used_might_as_well_not_exist(sets, seed: int, keep: bool) -> None:
    image, labels = scene(len(sets), seed)
    chosen = used(sets)
    cache = SampleCache() if keep else None

    def fit(features, image) -> PixelClassifier:
        classifier = PixelClassifier(features, n_estimators=6)
        run_steps(classifier.fit_steps(image, labels, channel_axis=0, cache=cache))
        return classifier

    some = fit(sets, image)
    only = fit([sets[channel] for channel in chosen], image[chosen])
    np.testing.assert_array_equal(some.predict_proba(image), only.predict_proba(image[chosen]))
    assert some.halo == only.halo
    assert some.n_channels_ == len(sets)
    changed = image.copy()
    changed[[channel for channel in range(len(sets)) if channel not in chosen]] = 7
    np.testing.assert_array_equal(some.predict_proba(changed), some.predict_proba(image))
    np.testing.assert_array_equal(
        fit(sets, changed).predict_proba(image), some.predict_proba(image)
    )


@settings(max_examples=10)
@given(n_channels=st.integers(1, 3), features=st.sampled_from([F, G, H]))
def test_the_same_set_for_each_channel_is_one_set_for_all(n_channels: int, features) -> None:
    image, labels = scene(n_channels)
    one = PixelClassifier(features, 5).fit(image, labels, channel_axis=0)
    each = PixelClassifier([features] * n_channels, 5).fit(image, labels, channel_axis=0)
    np.testing.assert_array_equal(one.predict_proba(image), each.predict_proba(image))
    assert each.features_ == one.features_ == features
    assert each.state.features == one.state.features


def test_other_estimators_see_the_columns_of_the_channels_used() -> None:
    image, labels = scene(3)
    sets = [F, None, H]
    classifier = PixelClassifier(sets, estimator=GaussianNB()).fit(image, labels, channel_axis=0)
    X = compute_features(image, sets, channel_axis=0)
    expected = GaussianNB().fit(X[labels > 0], labels[labels > 0]).predict_proba(X.reshape(-1, 3))
    np.testing.assert_allclose(
        classifier.predict_proba(image).reshape(-1, 2), expected.astype(np.float32), atol=1e-6
    )


def test_volumes_with_a_plane_by_plane_channel() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 8, 20, 24)).astype(np.float32)
    flat = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3, sigmas_2d=[1.0])
    deep = FeatureSet.from_selection({"hessian_of_gaussian_eigenvalues": [1.0]}, 3)
    computed = compute_features(image, [flat, deep], channel_axis=0, spacing=(2, 1, 1))
    np.testing.assert_array_equal(
        computed[..., 1:], compute_features(image[1], deep, spacing=(2, 1, 1))
    )
    assert ChannelFeatures((flat, deep)).halo_for((2, 1, 1)) == deep.halo_for((2, 1, 1))


def test_the_channel_that_reaches_farthest_sets_the_halo() -> None:
    assert ChannelFeatures((F, None, G)).halo == tuple(np.maximum(F.halo, G.halo))


def test_where_the_features_lie() -> None:
    features = ChannelFeatures((None, F, None, G))
    assert list(features.used()) == [(1, 0, F), (3, len(F), G)]
    assert (features.n_channels, features.n_used) == (4, 2)
    assert features.n_features == len(F) + len(G)
    assert features.common is None
    assert features.plain == (None, F, None, G)
    assert ChannelFeatures.of(F, 3).plain == F
    assert repr(ChannelFeatures.of(F, 3)) == f"ChannelFeatures.of({F!r}, 3)"
    assert repr(features) == f"ChannelFeatures({(None, F, None, G)!r})"


def test_parameters_are_those_of_an_estimator() -> None:
    image, labels = scene(2)
    twin = clone(PixelClassifier([F, None], 3)).fit(image, labels, channel_axis=0)
    assert twin.features_ == (F, None)
    assert twin.features == [F, None]


@pytest.mark.parametrize(
    ("features", "error", "words"),
    [
        ([F, G], ValueError, "one for each of the 3 channels; got 2"),
        ([], ValueError, "at least one channel"),
        ([None, None, None], ValueError, "at least one channel; got None for all 3"),
        ([F, None, FeatureSet.fast(3)], ValueError, "same ndim; got 2 and 3"),
        ([F, None, "all"], TypeError, "of a channel must be a FeatureSet or None; got 'all'"),
        ("all", TypeError, "must be a FeatureSet or None; got 'all'"),
        ({0: F}, TypeError, "must be a FeatureSet or None"),
    ],
)
def test_bad_features(features, error: type[Exception], words: str) -> None:
    image, labels = scene(3)
    with pytest.raises(error, match=words):
        compute_features(image, features, channel_axis=0)
    with pytest.raises(error, match=words):
        PixelClassifier(features).fit(image, labels, channel_axis=0)


def test_an_image_without_channel_axis_has_one_channel() -> None:
    image, labels = scene(1)
    np.testing.assert_array_equal(
        PixelClassifier([F], 3).fit(image[0], labels).predict_proba(image[0]),
        PixelClassifier(F, 3).fit(image[0], labels).predict_proba(image[0]),
    )
    with pytest.raises(ValueError, match="each of the 1 channels; got 2"):
        PixelClassifier([F, None]).fit(image[0], labels)
