"""What is known of a prediction: bounded, and never anything but what was put in."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import Tile, segmentation_of, uncertainty_of
from napari_pixclass.session import TileStore
from napari_pixclass.session._tile_store import PredictedTile

SHAPE = (40, 30)
CLASSES = np.array([1, 4, 7], np.uint8)
LENGTH = 8


def tile_at(row: int, column: int, level: int = 0) -> Tile:
    """A tile of a grid."""
    start = (row * LENGTH, column * LENGTH)
    stop = tuple(min(at + LENGTH, length) for at, length in zip(start, SHAPE, strict=True))
    return Tile(level, start, stop, SHAPE)


def found(tile: Tile, seed: int = 0, is_rough: bool = False) -> PredictedTile:
    """Random probabilities of a tile."""
    values = np.random.default_rng(seed).random((len(CLASSES), *tile.size), np.float32)
    probabilities = values / values.sum(axis=0)
    return PredictedTile(tile, {"probabilities": probabilities}, is_rough)


def read(store: TileStore, output: Any, index: int | None, box: Any, fill: float) -> np.ndarray:
    shape = tuple(axis.stop - axis.start for axis in box)
    out = np.full(shape, fill, np.float32)
    store.read(output, index, 0, box, out)
    return out


WHOLE = tuple(slice(0, length) for length in SHAPE)
GRID = [(row, column) for row in range(5) for column in range(4)]


@given(
    st.lists(st.tuples(st.sampled_from(GRID), st.integers(0, 9)), max_size=12),
    st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(0, 15), st.integers(1, 15)),
)
def test_reading_gives_what_was_put_in_last(
    puts: list[tuple[tuple[int, int], int]], box: tuple[int, int, int, int]
) -> None:
    store = TileStore(CLASSES)
    expected = np.full((3, *SHAPE), -1, np.float32)
    for place, seed in puts:
        one = found(tile_at(*place), seed)
        store.put(one)
        expected[(slice(None), *one.tile.box)] = one.arrays["probabilities"]
    top, height, left, width = box
    part = np.s_[top : top + height, left : left + width]
    for index in range(3):
        np.testing.assert_array_equal(
            read(store, "probabilities", index, part, -1), expected[index][part]
        )
    known = expected[:, *part]
    is_known = known[0] >= 0
    derived = {
        "uncertainty": uncertainty_of(known, axis=0),
        "segmentation": segmentation_of(known, CLASSES, axis=0),
    }
    for output, values in derived.items():
        values = np.where(is_known, values.astype(np.float32), -1)
        np.testing.assert_array_equal(read(store, output, None, part, -1), values)
    assert store.nbytes == sum(one.nbytes for one in store.snapshot().values())


def test_what_is_known() -> None:
    store = TileStore(CLASSES)
    tiles = [tile_at(0, column) for column in range(3)]
    assert store.knows([], {"probabilities"})
    store.put(found(tiles[0]))
    store.put(found(tiles[1], is_rough=True))
    assert store.knows(tiles[:1], {"probabilities"})
    assert not store.knows(tiles[:2], {"probabilities"})
    store.put(found(tiles[1]))
    assert store.knows(tiles[:2], {"probabilities"})
    assert not store.knows(tiles, {"probabilities"})
    assert not store.knows([tile_at(0, 0, level=1)], {"probabilities"})
    assert store.get(tiles[2]) is None


def test_a_hidden_output_is_made_when_it_is_read() -> None:
    store = TileStore(CLASSES)
    one = found(tile_at(1, 1))
    store.put(one)
    assert not store.knows([one.tile], {"probabilities", "uncertainty"})
    before = store.nbytes
    read(store, "uncertainty", None, WHOLE, -1)
    assert store.knows([one.tile], {"probabilities", "uncertainty"})
    assert store.nbytes == before + LENGTH * LENGTH * 4


def test_memory_is_bounded_and_what_was_looked_at_stays() -> None:
    nbytes = found(tile_at(0, 0)).nbytes
    store = TileStore(CLASSES, max_bytes=3 * nbytes)
    tiles = [tile_at(row, 0) for row in range(5)]
    for tile in tiles[:3]:
        store.put(found(tile))
    read(store, "probabilities", 0, tiles[0].box, -1)
    store.put(found(tiles[3]))
    assert store.nbytes <= store.max_bytes
    assert set(store.snapshot()) == {tiles[0], tiles[2], tiles[3]}
    store.put(found(tiles[3], seed=1))
    assert set(store.snapshot()) == {tiles[0], tiles[2], tiles[3]}


def test_a_tile_larger_than_the_memory_is_kept_alone() -> None:
    store = TileStore(CLASSES, max_bytes=10)
    for row in range(2):
        store.put(found(tile_at(row, 0)))
        assert set(store.snapshot()) == {tile_at(row, 0)}


def test_a_snapshot_does_not_change() -> None:
    store = TileStore(CLASSES)
    store.put(found(tile_at(0, 0)))
    snapshot = store.snapshot()
    store.put(found(tile_at(1, 0)))
    assert list(snapshot) == [tile_at(0, 0)]
