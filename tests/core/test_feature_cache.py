"""Features of tiles: as those of the whole image, remembered, bounded, never stale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import (
    ChannelFeatures,
    FeatureCache,
    Features,
    FeatureSet,
    LabelledPixels,
    PixelClassifier,
    SampleCache,
    Scratch,
    Tile,
    TileReader,
    compute_features,
    resolve_axes,
    run_steps,
)

FEATURES = FeatureSet.from_selection(
    {"gaussian_smoothing": [0.7, 1.6], "structure_tensor_eigenvalues": [1.0]}, 2
)


def image_of(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)


def reader_of(
    image: np.ndarray,
    features: Features = FEATURES,
    channel_axis: int | None = None,
    ndim: int = 2,
) -> TileReader:
    axes = resolve_axes(image.shape, ndim, channel_axis)
    chosen = ChannelFeatures.of(features, axes.n_channels)
    return TileReader(image, axes, chosen, (1.0,) * ndim)


def tile_of(level: int, shape: tuple[int, ...], *spans: tuple[int, int]) -> Tile:
    return Tile(level, tuple(a for a, _ in spans), tuple(b for _, b in spans), shape)


def test_planes_of_a_tile_are_those_of_the_image() -> None:
    image = image_of((3, 40, 50, 2))
    reader = reader_of(image, channel_axis=-1)
    whole = compute_features(image, FEATURES, channel_axis=-1)
    tile = tile_of(0, (3, 40, 50), (1, 2), (5, 30), (20, 50))
    np.testing.assert_array_equal(
        reader.planes(tile, Scratch()), np.moveaxis(whole[1, 5:30, 20:50], -1, 0)
    )


def test_planes_of_a_tile_follow_the_features_of_each_channel() -> None:
    image = image_of((3, 40, 50))
    features = [FEATURES, None, FeatureSet.fast(2)]
    reader, cache = reader_of(image, features, channel_axis=0), FeatureCache()
    cache.name_images([(image, "image")])
    whole = compute_features(image, features, channel_axis=0)
    tile = tile_of(0, (40, 50), (5, 30), (20, 50))
    planes = cache.planes(reader, tile, Scratch())
    np.testing.assert_array_equal(planes, np.moveaxis(whole[5:30, 20:50], -1, 0))
    image[1] = 0  # a channel that nobody looks at
    assert cache.planes(reader, tile, Scratch()) is planes


@given(data=st.data())
def test_planes_of_a_coarse_tile_are_those_of_pixels_of_the_image(data: st.DataObject) -> None:
    full = tuple(data.draw(st.integers(20, 90)) for _ in range(2))
    coarse = tuple(data.draw(st.integers(3, length)) for length in full)
    spans = []
    for length in coarse:
        start = data.draw(st.integers(0, length - 1))
        spans.append((start, data.draw(st.integers(start + 1, length))))
    image = image_of(full)
    planes = reader_of(image).planes(tile_of(1, coarse, *spans), Scratch())
    whole = compute_features(image, FEATURES)
    pixels = [
        np.minimum((np.arange(*span) + 0.5) * (n / m), n - 1).astype(int)
        for span, n, m in zip(spans, full, coarse, strict=True)
    ]
    np.testing.assert_array_equal(planes, np.moveaxis(whole[np.ix_(*pixels)], -1, 0))


def test_a_cache_remembers_until_the_image_is_written_to() -> None:
    image = image_of((40, 50))
    reader, cache = reader_of(image), FeatureCache()
    cache.name_images([(image, "image")])
    tile = tile_of(0, (40, 50), (0, 40), (0, 50))
    first = cache.planes(reader, tile, Scratch())
    assert cache.planes(reader, tile, Scratch()) is first
    used = cache.nbytes
    assert first.nbytes < used < 1.2 * first.nbytes  # some of it twice
    np.testing.assert_array_equal(cache.sparse_planes(reader, tile), first[:, ::4, ::4])
    image[7, 8] ^= 255
    reader = reader_of(image)  # there is one for each look
    again = cache.planes(reader, tile, Scratch())
    np.testing.assert_array_equal(again, reader.planes(tile, Scratch()))
    assert cache.nbytes == used


def test_a_cache_is_bounded_and_keeps_what_is_on_screen() -> None:
    image = image_of((40, 200))
    reader = reader_of(image)
    tiles = [tile_of(0, (40, 200), (0, 40), (x, x + 40)) for x in range(0, 200, 40)]
    one = reader.planes(tiles[0], Scratch()).nbytes * 1.1
    cache = FeatureCache(int(3 * one))
    cache.name_images([(image, "image")])
    cache.look_at(reader, tiles)
    for tile in tiles:
        cache.planes(reader, tile, Scratch())
    assert [cache.has(reader, tile) for tile in tiles] == [True] * 3 + [False] * 2
    cache.look_at(reader, tiles[3:])
    for tile in tiles[3:]:
        cache.planes(reader, tile, Scratch())
    assert cache.has(reader, tiles[4])
    assert cache.nbytes <= 3 * one
    cache.max_bytes = int(one)
    assert cache.nbytes <= one
    cache.clear()
    assert cache.nbytes == 0
    with pytest.raises(ValueError, match="0 bytes or more"):
        cache.max_bytes = -1


def test_an_image_without_a_name_is_not_remembered() -> None:
    image = image_of((40, 50))
    cache = FeatureCache()
    cache.planes(reader_of(image), tile_of(0, (40, 50), (0, 40), (0, 50)), Scratch())
    assert cache.nbytes == 0


@pytest.mark.parametrize("ndim", [2, 3])
def test_training_with_remembered_features_gives_the_same_forest(ndim: int) -> None:
    image = image_of((6, 40, 50))
    features = FeatureSet.from_selection({"gaussian_smoothing": [0.7, 1.6]}, ndim)
    labels = np.zeros(image.shape, dtype=np.uint8)
    labels[2, 5:9, 3:40], labels[3, 20, 10:45], labels[5, 30:33, 9] = 1, 2, 3
    plain = PixelClassifier(features, 10).fit(image, labels)
    cache = FeatureCache()
    cache.name_images([(image, "image")])
    reader = reader_of(image, features, ndim=ndim)
    for z in (2, 3):
        cache.planes(reader, tile_of(0, image.shape, (z, z + 1), (0, 30), (0, 30)), Scratch())
    cached = PixelClassifier(features, 10)
    samples = SampleCache(compute=cache.rows)
    run_steps(cached.fit_steps(image, LabelledPixels.of(labels), cache=samples))
    np.testing.assert_array_equal(cached.predict_proba(image), plain.predict_proba(image))
