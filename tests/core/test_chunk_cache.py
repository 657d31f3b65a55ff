"""Chunks of stored images: the right pixels, read once, within bounds."""

from __future__ import annotations

from typing import Any

import dask.array
import numpy as np
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import (
    ChannelFeatures,
    FeatureCache,
    FeatureSet,
    Scratch,
    Tile,
    TileReader,
    resolve_axes,
)
from napari_pixclass.core._chunk_cache import ChunkCache, remembers_chunks


class Counted:
    """A stored image that counts which pixels are read."""

    def __init__(self, data: np.ndarray, chunks: tuple[int, ...]) -> None:
        self.data, self.chunks = data, chunks
        self.shape, self.dtype, self.ndim = data.shape, data.dtype, data.ndim
        self.read = np.zeros(data.shape, dtype=int)

    def __getitem__(self, key: Any) -> np.ndarray:
        self.read[key] += 1
        return self.data[key]


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.int32).reshape(shape)


@given(
    data=st.data(),
    shape=st.tuples(*[st.integers(1, 12)] * 3),
    chunks=st.tuples(*[st.integers(1, 5)] * 3),
    max_bytes=st.integers(0, 4000),
)
def test_what_is_read_is_what_is_stored(
    data: st.DataObject, shape: tuple[int, ...], chunks: tuple[int, ...], max_bytes: int
) -> None:
    image = numbers(shape)
    cache = ChunkCache(Counted(image, chunks), max_bytes)
    for _ in range(4):
        key: list[int | slice] = []
        for length in shape:
            start = data.draw(st.integers(0, length - 1))
            stop = data.draw(st.integers(start + 1, length))
            key.append(data.draw(st.sampled_from([start, slice(start, stop)])))
        np.testing.assert_array_equal(cache[tuple(key)], image[tuple(key)])
        assert cache.nbytes <= max_bytes


def test_each_chunk_is_read_once() -> None:
    image = Counted(numbers((40, 60)), (16, 16))
    cache = ChunkCache(image, 10**6)
    for x in range(0, 50, 10):
        cache[0:20, x : x + 10]
    assert image.read.max() == 1
    cache[0:40, 0:60]
    assert (image.read >= 1).all()


def test_dask_and_zarr() -> None:
    image = numbers((20, 33))
    uneven = dask.array.from_array(image, chunks=((7, 13), (8, 20, 5)))
    stored = zarr.array(image, chunks=(8, 8))
    for source in (uneven, stored):
        assert remembers_chunks(source, 10**6)
        cache = ChunkCache(source, 10**6)
        for key in ((slice(3, 17), slice(5, 30)), (4, slice(0, 33)), (slice(0, 20), 32)):
            np.testing.assert_array_equal(cache[key], image[key])


def test_arrays_and_enormous_chunks_are_not_remembered() -> None:
    image = numbers((20, 33))
    assert not remembers_chunks(image, 10**6)
    assert not remembers_chunks(dask.array.from_array(image, chunks=-1), 10_000)


def test_the_tiles_of_a_plane_share_chunks_and_memory() -> None:
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0, 3.5]}, 3)
    data = np.random.default_rng(0).integers(0, 255, (40, 64, 64)).astype(np.uint8)
    image = Counted(data, (16, 16, 16))
    axes = resolve_axes(data.shape, 3, None)

    def reader(source: Any) -> TileReader:
        return TileReader(source, axes, ChannelFeatures.of(features, 1), (1.0,) * 3)

    cache = FeatureCache()
    cache.name_images([(image, "stored")])
    for y in (0, 32):
        for x in (0, 32):
            tile = Tile(0, (20, y, x), (21, y + 32, x + 32), data.shape)
            np.testing.assert_array_equal(
                cache.planes(reader(image), tile, Scratch()),
                reader(data).planes(tile, Scratch()),
            )
    assert image.read.max() == 1
    assert cache.nbytes > image.read.sum()  # chunks count
    cache.max_bytes = 1000
    assert cache.nbytes <= 1000
    cache.clear()
    assert cache.nbytes == 0
