"""Lazy prediction: the same values as the eager one, for every chunking."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import FAMILIES, FeatureSet


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


def test_volumes(image: np.ndarray) -> None:
    volume = np.stack([image[:30, :31] + 3 * z for z in range(12)])
    features = FeatureSet.from_selection({"structure_tensor_eigenvalues": [1.6]}, 3)
    classifier = PixelClassifier(features, 5).fit(volume, labels_for(volume), spacing=(2, 1, 1))
    lazy = da.from_array(volume, chunks=(5, 16, 9))
    np.testing.assert_array_equal(
        classifier.predict_proba(lazy).compute(), classifier.predict_proba(volume)
    )


def test_zarr_is_read_block_by_block(image: np.ndarray, classifier: PixelClassifier) -> None:
    array = zarr.create_array({}, shape=image.shape, dtype=image.dtype, chunks=(20, 20))
    array[:] = image
    np.testing.assert_array_equal(classifier.predict_proba(array), classifier.predict_proba(image))
    np.testing.assert_array_equal(
        PixelClassifier(classifier.features, 10).fit(array, labels_for(image)).predict(image),
        classifier.predict(image),
    )


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
