"""Lazy prediction: the same values as the eager one, for every chunking."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import FAMILIES, BlockPredictor, FeatureSet


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    rng = np.random.default_rng(1)
    return (np.add.outer(np.sin(np.arange(60) / 5), np.cos(np.arange(70) / 4)) * 40 + 100).astype(
        np.float32
    ) + rng.normal(size=(60, 70)).astype(np.float32) * 5


def labels_for(image: np.ndarray) -> np.ndarray:
    labels = np.zeros(image.shape, np.uint8)
    labels[..., ::7, ::3] = 1 + (image[..., ::7, ::3] > 100)
    return labels


@pytest.fixture(scope="module")
def classifier(image: np.ndarray) -> PixelClassifier:
    features = FeatureSet.from_selection({family.id: [1.0, 2.0] for family in FAMILIES})
    return PixelClassifier(features, n_estimators=10).fit(image, labels_for(image))


def chunkings(length: int) -> st.SearchStrategy[tuple[int, ...]]:
    def complete(sizes: list[int]) -> tuple[int, ...]:
        chunks: list[int] = []
        for size in sizes:
            chunks.append(min(size, length - sum(chunks)))
            if sum(chunks) == length:
                return tuple(chunks)
        return (*chunks, length - sum(chunks))

    return st.lists(st.integers(1, length), min_size=1, max_size=8).map(complete)


@settings(max_examples=25)
@given(rows=chunkings(60), columns=chunkings(70))
def test_lazy_equals_eager(
    image: np.ndarray, classifier: PixelClassifier, rows: tuple[int, ...], columns: tuple[int, ...]
) -> None:
    lazy = da.from_array(image, chunks=(rows, columns))
    probabilities = classifier.predict_proba(lazy)
    assert isinstance(probabilities, da.Array)
    assert probabilities.shape == (60, 70, 2)
    np.testing.assert_array_equal(
        probabilities.compute(scheduler="synchronous"), classifier.predict_proba(image)
    )


def test_all_outputs(image: np.ndarray, classifier: PixelClassifier) -> None:
    lazy = da.from_array(image, chunks=(32, 32))
    np.testing.assert_array_equal(classifier.predict(lazy).compute(), classifier.predict(image))
    np.testing.assert_array_equal(
        classifier.uncertainty(lazy).compute(), classifier.uncertainty(image)
    )
    assert classifier.predict(lazy).dtype == classifier.predict(image).dtype


@pytest.mark.parametrize("channel_axis", [0, 1, -1])
def test_channels_and_time(image: np.ndarray, channel_axis: int) -> None:
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.6]})
    movie = np.stack([np.stack([image + 10 * t, image.max() - image]) for t in range(3)])  # TCYX
    moved = np.moveaxis(movie, 1, channel_axis)
    classifier = PixelClassifier(features, 5).fit(
        moved, labels_for(movie[:, 0]), channel_axis=channel_axis
    )
    lazy = da.from_array(moved, chunks=2 if channel_axis == 0 else 17)
    np.testing.assert_array_equal(
        classifier.predict_proba(lazy).compute(), classifier.predict_proba(moved)
    )


def test_features_of_each_channel(image: np.ndarray) -> None:
    sets = [
        FeatureSet.from_selection({"gaussian_smoothing": [1.6]}),
        None,
        FeatureSet.from_selection({"hessian_of_gaussian_eigenvalues": [3.5]}),
    ]
    channels = np.stack([image, image[::-1], image.max() - image], axis=-1)
    classifier = PixelClassifier(sets, 5).fit(channels, labels_for(image), channel_axis=-1)
    lazy = da.from_array(channels, chunks=(16, 9, 2))
    np.testing.assert_array_equal(
        classifier.predict_proba(lazy).compute(), classifier.predict_proba(channels)
    )


def test_volumes(image: np.ndarray) -> None:
    volume = np.stack([image[:30, :31] + 3 * z for z in range(12)])
    features = FeatureSet.from_selection({"structure_tensor_eigenvalues": [1.6]}, 3)
    classifier = PixelClassifier(features, 5).fit(volume, labels_for(volume), spacing=(2, 1, 1))
    lazy = da.from_array(volume, chunks=(5, 16, 9))
    np.testing.assert_array_equal(
        classifier.predict_proba(lazy).compute(), classifier.predict_proba(volume)
    )


@settings(max_examples=10)
@given(data=st.data())
def test_lazy_volumes_with_channels_and_time_equal_eager_ones(
    image: np.ndarray, data: st.DataObject
) -> None:
    still = np.stack([image[:20, :23] + 3 * z for z in range(9)])
    movie = np.stack([np.stack([still, still.max() - still]), np.stack([still + 9, still])])
    classifier = _trained_on_volumes()
    chunks = tuple(data.draw(chunkings(length)) for length in movie.shape)
    lazy = da.from_array(movie, chunks=chunks)
    np.testing.assert_array_equal(
        classifier.predict_proba(lazy).compute(scheduler="synchronous"),
        classifier.predict_proba(movie),
    )


@functools.cache
def _trained_on_volumes() -> PixelClassifier:
    rng = np.random.default_rng(2)
    movie = rng.integers(0, 200, (2, 2, 9, 20, 23)).astype(np.float32)
    features = FeatureSet.from_selection({"hessian_of_gaussian_eigenvalues": [1.0]}, 3)
    labels = np.zeros((2, 9, 20, 23), np.uint8)
    labels[..., ::4, ::3] = 1 + (movie[:, 0, ..., ::4, ::3] > 100)
    return PixelClassifier(features, 5).fit(movie, labels, channel_axis=1)


@settings(max_examples=10)
@given(chunks=st.tuples(st.integers(6, 60), st.integers(6, 70)))
def test_stored_arrays_give_lazy_results(
    image: np.ndarray, classifier: PixelClassifier, chunks: tuple[int, int]
) -> None:
    array = zarr.create_array({}, shape=image.shape, dtype=image.dtype, chunks=chunks)
    array[:] = image
    for method in (classifier.predict_proba, classifier.predict, classifier.uncertainty):
        lazy = method(array)
        assert isinstance(lazy, da.Array)
        np.testing.assert_array_equal(lazy.compute(scheduler="synchronous"), method(image))


@pytest.mark.parametrize("channel_axis", [0, 2, -1])
def test_stored_movies_with_channels(image: np.ndarray, channel_axis: int) -> None:
    movie = np.stack([np.stack([image + 10 * t, image.max() - image]) for t in range(3)])  # TCYX
    moved = np.moveaxis(movie, 1, channel_axis)
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.6]})
    classifier = PixelClassifier(features, 5).fit(
        moved, labels_for(movie[:, 0]), channel_axis=channel_axis
    )
    array = zarr.create_array({}, shape=moved.shape, dtype=moved.dtype, chunks=(9,) * 4)
    array[:] = moved
    lazy = classifier.predict_proba(array)
    assert lazy.chunks[1:3] == ((60,), (70,))
    np.testing.assert_array_equal(lazy.compute(), classifier.predict_proba(moved))


def test_chunks_of_results_are_neither_tiny_nor_huge() -> None:
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3)
    volume = np.zeros((2, 8, 8), np.float32)
    volume[1] = 1
    classifier = PixelClassifier(features, 2).fit(volume, volume.astype(np.uint8) + 1)
    for stored, expected in (((16, 16, 16), (64, 128, 128)), ((1, 4000, 4000), (64, 128, 128))):
        array = zarr.create_array({}, shape=(4000,) * 3, dtype="uint8", chunks=stored)
        assert classifier.predict(array).chunksize == expected


def test_training_reads_zarr_block_by_block(image: np.ndarray, classifier: PixelClassifier) -> None:
    array = zarr.create_array({}, shape=image.shape, dtype=image.dtype, chunks=(20, 20))
    array[:] = image
    np.testing.assert_array_equal(
        PixelClassifier(classifier.features, 10).fit(array, labels_for(image)).predict(image),
        classifier.predict(image),
    )


@pytest.mark.parametrize("kind", ["dask", "zarr"])
@pytest.mark.parametrize("forest", ["own", "of scikit-learn", "another estimator"])
def test_probabilities_are_computed_once_for_all_outputs(
    image: np.ndarray, monkeypatch: pytest.MonkeyPatch, kind: str, forest: str
) -> None:
    estimators: dict[str, Callable[[], Any]] = {
        "own": lambda: None,
        "of scikit-learn": lambda: ExtraTreesClassifier(5, random_state=0),
        "another estimator": lambda: LogisticRegression(),
    }
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0]})
    classifier = PixelClassifier(features, 5, estimator=estimators[forest]())
    classifier.fit(image / 100, labels_for(image))
    array: Any = da.from_array(image / 100, chunks=(25, 30))
    if kind == "zarr":
        array = zarr.create_array({}, shape=image.shape, dtype=image.dtype, chunks=(25, 30))
        array[:] = image / 100
    predicted = []
    predict_block = BlockPredictor.predict_block

    def counted(self: BlockPredictor, *args: Any, **options: Any) -> Any:
        block = predict_block(self, *args, **options)
        predicted.append(block[0].size)
        return block

    monkeypatch.setattr(BlockPredictor, "predict_block", counted)
    outputs = [
        method(array)
        for method in (classifier.predict_proba, classifier.uncertainty, classifier.predict)
    ]
    for chosen in (outputs, outputs[1:]):
        predicted.clear()
        dask.compute(*chosen)
        assert sum(predicted) == image.size


def test_another_training_gives_other_keys(image: np.ndarray, classifier: PixelClassifier) -> None:
    lazy = da.from_array(image, chunks=(25, 30))
    labels = labels_for(image)
    other = PixelClassifier(classifier.features, 10).fit(image, np.where(labels, 3 - labels, 0))
    spaced = classifier.predict_proba(lazy, spacing=(2, 1)).name
    names = {method.predict_proba(lazy).name for method in (classifier, other)} | {spaced}
    assert len(names) == 3
    assert classifier.predict_proba(lazy).name in names


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e12])
def test_bad_values_are_found_when_they_are_computed(
    image: np.ndarray, classifier: PixelClassifier, value: float
) -> None:
    bad = image.copy()
    bad[33, 44] = value
    for method in (classifier.predict_proba, classifier.predict, classifier.uncertainty):
        with pytest.raises(ValueError, match=r"finite numbers|must lie within"):
            method(da.from_array(bad, chunks=20)).compute()


def test_bad_lazy_images_are_refused_at_once(
    image: np.ndarray, classifier: PixelClassifier
) -> None:
    with pytest.raises(ValueError, match="at least 2 axes"):
        classifier.predict_proba(da.from_array(image[0]))
    flat = da.from_array(image)[
        da.from_array(image)[:, 0] > 0
    ]  # as many rows as there turn out to be
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        classifier.predict_proba(flat)
    with pytest.raises(TypeError, match="real numbers"):
        classifier.predict_proba(da.from_array(image.astype(complex)))
