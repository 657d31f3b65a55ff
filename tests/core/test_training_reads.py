"""Training on an image that is not in memory reads what its labels need, however large the image is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels, SparseLabels

FEATURES = {
    ndim: px.FeatureSet.from_selection(
        {"gaussian_smoothing": [1.0], "laplacian_of_gaussian": [1.6]}, ndim=ndim
    )
    for ndim in (2, 3)
}


class CountingVolume:
    """A volume that is computed where it is read, and counts what is."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.dtype = shape, np.dtype(np.uint8)
        self.n_read = 0
        self.boxes: list[tuple[slice, ...]] = []

    def __getitem__(self, key: Any) -> np.ndarray:
        slices = tuple(slice(k, k + 1) if isinstance(k, int) else k for k in key)
        grid = np.ogrid[slices]
        values = ((grid[0] * 7 + grid[1] * 13) ^ (grid[2] * 29)) % 251
        self.boxes.append(slices)
        self.n_read += values.size
        return values.astype(np.uint8)[tuple(0 if isinstance(k, int) else slice(None) for k in key)]


def scribbled(shape: tuple[int, int, int]) -> SparseLabels:
    """Two scribbles in the first hundred pixels, away from the borders."""
    labels = SparseLabels(shape)
    labels[40, 60, 50:90] = 1
    labels[50, 70:90, 95] = 2
    return labels


@pytest.mark.parametrize("ndim", [2, 3])
def test_what_is_read_does_not_grow_with_the_volume(ndim: int) -> None:
    forests, n_read = [], []
    for shape in ((100, 200, 200), (2000, 4000, 4000)):
        image, labels = CountingVolume(shape), scribbled(shape)
        classifier = px.PixelClassifier(FEATURES[ndim], n_estimators=5, random_state=0)
        classifier.fit(image, labels)
        n_read.append(image.n_read)
        forests.append(classifier.predict_proba(image[0:60, 0:100, 0:100]))
    assert n_read[0] == n_read[1]
    np.testing.assert_array_equal(*forests)


@pytest.mark.parametrize("ndim", [2, 3])
def test_only_what_lies_around_labels_is_read(ndim: int) -> None:
    shape = (300, 600, 600)
    image, labels = CountingVolume(shape), scribbled(shape)
    labels[250, 500, 510:530] = 2
    px.PixelClassifier(FEATURES[ndim], n_estimators=5, random_state=0).fit(image, labels)
    halo = max(FEATURES[ndim].halo_for((1.0,) * ndim))
    where = np.stack(LabelledPixels.of(labels).coordinates(), axis=1)
    for box in image.boxes:
        # Each box that is read has labels, and reaches no further than the halo beyond them.
        inside = [(where[:, a] >= s.start) & (where[:, a] < s.stop) for a, s in enumerate(box)]
        its_own = where[np.all(inside, axis=0)]
        assert len(its_own)
        for axis, part in enumerate(box):
            assert its_own[:, axis].min() - part.start <= halo
            assert part.stop - 1 - its_own[:, axis].max() <= halo
    assert image.n_read < 0.01 * math.prod(shape)


def test_the_same_as_with_dense_labels() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (20, 60, 70)).astype(np.uint8)
    sparse = SparseLabels(image.shape, np.int32)
    sparse[5, 10, 10:40] = 1
    sparse[7, 30:50, 20] = 300
    found = []
    for labels in (np.asarray(sparse), sparse, LabelledPixels.of(sparse), [sparse]):
        images = [image] if isinstance(labels, list) else image
        classifier = px.PixelClassifier(FEATURES[3], n_estimators=5, random_state=0)
        found.append(classifier.fit(images, labels).predict(image))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_sparse_labels_break_the_same_rules() -> None:
    labels = SparseLabels((9, 9), np.int8)
    labels[1, 1] = -1
    classifier = px.PixelClassifier(FEATURES[2])
    with pytest.raises(ValueError, match="got -1"):
        classifier.fit(np.zeros((9, 9)), labels)
    with pytest.raises(ValueError, match="shape of the image"):
        classifier.fit(np.zeros((9, 8)), SparseLabels((9, 9)))
    with pytest.raises(ValueError, match="at least one stroke"):
        classifier.fit(np.zeros((9, 9)), SparseLabels((9, 9)))
