"""Of labels in zarr arrays only chunks that have been written are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from zarr.storage import LocalStore, MemoryStore, WrapperStore

import napari_pixclass as px
from napari_pixclass.core import LabelledPixels, SparseLabels
from napari_pixclass.io import labelled_pixels

SHAPE = (20, 70, 90)


class CountingStore(WrapperStore[Any]):
    """Remembers the names of what is read."""

    read: list[str]

    async def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self.read.append(key)
        return await super().get(key, *args, **kwargs)


def scribble(labels: Any) -> None:
    labels[3, 10, 5:40] = 1
    labels[19, 69, 80:90] = 2


FORMATS: list[dict[str, Any]] = [
    {"zarr_format": 2, "chunks": (4, 32, 32)},
    {
        "zarr_format": 2,
        "chunks": (4, 32, 32),
        "chunk_key_encoding": {"name": "v2", "separator": "/"},
    },
    {"zarr_format": 3, "chunks": (4, 32, 32)},
    {"zarr_format": 3, "chunks": (4, 32, 32), "shards": (8, 64, 64)},
]


@pytest.mark.parametrize("name", [None, "a/labels"])
@pytest.mark.parametrize("options", FORMATS, ids=str)
def test_every_kind_of_zarr_array(
    tmp_path: Path, options: dict[str, Any], name: str | None
) -> None:
    store = CountingStore(LocalStore(tmp_path / "x.zarr"))
    store.read = []
    array = zarr.create_array(store, name=name, shape=SHAPE, dtype="u1", **options)
    dense = np.zeros(SHAPE, np.uint8)
    scribble(array)
    scribble(dense)
    store.read = []
    assert labelled_pixels(array) == LabelledPixels.of(dense)
    n_written = 2 if "shards" in options else 3
    assert len(set(store.read)) == n_written  # the chunks, or shards, that the scribbles lie in


def test_where_everything_must_be_read() -> None:
    array = zarr.create_array(
        MemoryStore(), shape=SHAPE, chunks=(4, 32, 32), dtype="i4", fill_value=3
    )
    array[3, 10, 5:40] = 0
    assert labelled_pixels(array) == LabelledPixels.of(array[:])


def test_a_volume_larger_than_memory() -> None:
    array = zarr.create_array(
        MemoryStore(), shape=(20_000, 40_000, 40_000), chunks=(64, 64, 64), dtype="u1"
    )
    array[15_000, 39_000, 100:150] = 2
    labelled = labelled_pixels(array)
    assert labelled.counts == {2: 50}
    assert [axis[0] for axis in labelled.coordinates()] == [15_000, 39_000, 100]


def test_other_arrays() -> None:
    dense = np.zeros(SHAPE, np.uint8)
    sparse = SparseLabels(SHAPE)
    scribble(dense)
    scribble(sparse)
    for labels in (dense, sparse, da.from_array(dense, chunks=10), dense.tolist()):
        assert labelled_pixels(labels) == LabelledPixels.of(dense)


def test_training_on_zarr_labels() -> None:
    image = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    array = zarr.create_array(MemoryStore(), shape=SHAPE, chunks=(4, 32, 32), dtype="i2")
    scribble(array)
    features = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, ndim=3)
    found = []
    for images, labels in ((image, array), (image, array[:]), ([image], [array])):
        classifier = px.PixelClassifier(features, n_estimators=5, random_state=0)
        found.append(classifier.fit(images, labels).predict(image))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    array[0, 0, 0] = -1
    with pytest.raises(ValueError, match="got -1"):
        classifier.fit(image, array)
