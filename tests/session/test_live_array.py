"""Live outputs are read like arrays of numpy's."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from napari_pixclass.core import Tile
from napari_pixclass.session import LiveArray, TileStore
from napari_pixclass.session._tile_store import PredictedTile

CLASSES = np.array([1, 4], np.uint8)


def live_and_plain(
    shape: tuple[int, ...], known: tuple[slice, ...] | None = None
) -> tuple[LiveArray, np.ndarray]:
    """A live array of the probabilities of the second class, known in a box of it; and what it should look like."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    box = tuple(map(slice, shape)) if known is None else known
    spans = [axis.indices(length) for axis, length in zip(box, shape, strict=True)]
    starts, stops = tuple(start for start, _, _ in spans), tuple(stop for _, stop, _ in spans)
    store = TileStore(CLASSES)
    if all(start < stop for start, stop in zip(starts, stops, strict=True)):
        tile = Tile(0, starts, stops, shape)
        arrays = {"probabilities": np.stack([-values[tile.box], values[tile.box]])}
        store.put(PredictedTile(tile, arrays, False))
    live = LiveArray("probabilities", np.float32, shape)
    live.show(store, 1)
    plain = np.full(shape, np.nan, np.float32)
    plain[box] = values[box]
    return live, plain


@st.composite
def indexing(draw: Any) -> tuple[tuple[int, ...], Any]:
    """A shape, and an index of it: whole numbers, slices, ellipses, new axes."""
    shape = draw(nps.array_shapes(min_dims=1, max_dims=5, max_side=6))
    return shape, draw(nps.basic_indices(shape, allow_newaxis=True))


@given(indexing())
def test_indexing(case: tuple[tuple[int, ...], Any]) -> None:
    shape, index = case
    live, plain = live_and_plain(shape)
    expected, got = plain[index], live[index]
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(got), expected)


@given(indexing(), st.data())
def test_indexing_a_view(case: tuple[tuple[int, ...], Any], data: Any) -> None:
    shape, index = case
    live, plain = live_and_plain(shape)
    view, expected = live[index], plain[index]
    if np.ndim(expected) == 0:
        return
    again = data.draw(nps.basic_indices(expected.shape))
    np.testing.assert_array_equal(np.asarray(view[again]), expected[again])


@given(indexing())
def test_what_is_not_known(case: tuple[tuple[int, ...], Any]) -> None:
    shape, index = case
    live, plain = live_and_plain(shape, tuple(slice(1, 3) for _ in shape))
    np.testing.assert_array_equal(np.asarray(live[index]), plain[index])


@given(st.data())
def test_fancy_indexing_gives_arrays(data: Any) -> None:
    live, plain = live_and_plain((3, 4, 5, 6))
    axis = data.draw(nps.integer_array_indices((3, 4), result_shape=nps.array_shapes(max_dims=2)))
    np.testing.assert_array_equal(live[axis], plain[axis])
    mask = plain % 3 == 0
    np.testing.assert_array_equal(live[mask], plain[mask])
    np.testing.assert_array_equal(live[mask[:, 0, 0, 0]], plain[mask[:, 0, 0, 0]])
    np.testing.assert_array_equal(live[[2, 0], 1:, ..., -1], plain[[2, 0], 1:, ..., -1])


@pytest.mark.parametrize("index", [True, False, np.True_, (Ellipsis, True)], ids=str)
def test_booleans_are_no_numbers(index: Any) -> None:
    live, plain = live_and_plain((3, 4))
    np.testing.assert_array_equal(live[index], plain[index])


@pytest.mark.parametrize(
    "index", [3, -4, (0, 0, 0), (..., 0, ...), 1.0, "a", (slice(None), 4)], ids=str
)
def test_what_numpy_refuses_is_refused(index: Any) -> None:
    live, plain = live_and_plain((3, 4))
    with pytest.raises(IndexError):
        plain[index]
    with pytest.raises(IndexError):
        live[index]


def test_more_than_a_plane_is_read_when_it_is_used() -> None:
    live, _ = live_and_plain((4, 5, 6, 7))
    view = live[1]
    assert isinstance(view, LiveArray)
    assert (view.shape, view.ndim, view.size, view.nbytes, len(view)) == ((5, 6, 7), 3, 210, 840, 5)
    live.show(None)
    assert np.isnan(view).all()
    assert isinstance(live[1, 2], np.ndarray)
    assert isinstance(live[1, 2, 3, 4], np.float32)


def test_functions_of_numpy() -> None:
    live, plain = live_and_plain((3, 4, 5))
    for function in (np.sum, np.max, np.nanmin, np.mean, np.std, np.ravel, np.transpose, np.copy):
        np.testing.assert_array_equal(function(live), function(plain))
    np.testing.assert_array_equal(np.add(live, live), plain * 2)
    np.testing.assert_array_equal(np.add.reduce(live, axis=1), plain.sum(axis=1))
    np.testing.assert_array_equal(-live + 1, 1 - plain)
    np.testing.assert_array_equal(live > 7, plain > 7)
    np.testing.assert_array_equal(np.isnan(live), np.isnan(plain))
    np.testing.assert_array_equal(np.stack([live, live]), np.stack([plain, plain]))
    np.testing.assert_array_equal(np.moveaxis(live, 0, -1), np.moveaxis(plain, 0, -1))
    np.testing.assert_array_equal(list(live), list(plain))
    out = np.empty_like(plain)
    np.testing.assert_array_equal(np.multiply(live, 2, out=out), plain * 2)
    assert np.result_type(live) == np.float32


def test_as_another_type() -> None:
    live, plain = live_and_plain((3, 4))
    assert np.asarray(live, np.float64).dtype == np.float64
    np.testing.assert_array_equal(np.asarray(live, int), plain.astype(int))
    mine = np.array(live)
    mine[:] = 0
    np.testing.assert_array_equal(live, plain)
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(live)[0, 0] = 5


def test_an_axis_without_length() -> None:
    live, plain = live_and_plain((3, 4, 5))
    for index in (np.s_[2:1], np.s_[:, 9:], np.s_[..., 3:0:1], np.s_[2:0, ::-1, -1]):
        assert np.asarray(live[index]).shape == plain[index].shape
    assert LiveArray("probabilities", np.float32, (0, 4))[:, ::-1].shape == (0, 4)


def test_labels_are_0_where_nothing_is_known() -> None:
    live = LiveArray("segmentation", np.uint8, (4, 6))
    assert not np.asarray(live).any()
    store = TileStore(CLASSES)
    probabilities = np.zeros((2, 2, 3), np.float32)
    probabilities[1, 0] = 1
    tile = Tile(0, (2, 3), (4, 6), (4, 6))
    store.put(PredictedTile(tile, {"probabilities": probabilities}, False))
    live.show(store)
    np.testing.assert_array_equal(live[2:, 3:], [[4, 4, 4], [1, 1, 1]])
    assert np.asarray(live).dtype == np.uint8
    assert np.asarray(live).sum() == 15


def test_what_was_read_stays_until_something_is_known() -> None:
    store = TileStore(CLASSES)
    live = LiveArray("probabilities", np.float32, (4, 4))
    live.show(store, 0)
    before = live[:, :]
    assert np.isnan(before).all()
    values = np.ones((2, 4, 4), np.float32)
    store.put(PredictedTile(Tile(0, (0, 0), (4, 4), (4, 4)), {"probabilities": values}, False))
    live.refresh()
    assert (live[:, :] == 1).all()
    assert np.isnan(before).all()
    live.show(None)
    assert np.isnan(live[:, :]).all()


def test_levels_are_apart() -> None:
    store = TileStore(CLASSES)
    levels = [LiveArray("probabilities", np.float32, (4 >> i, 4 >> i), i) for i in range(2)]
    values = np.ones((2, 2, 2), np.float32)
    store.put(PredictedTile(Tile(1, (0, 0), (2, 2), (2, 2)), {"probabilities": values}, False))
    for level in levels:
        level.show(store, 0)
    assert np.isnan(levels[0]).all()
    assert (np.asarray(levels[1]) == 1).all()


def test_a_copy_is_of_what_was_known() -> None:
    live, plain = live_and_plain((3, 4, 5))
    same = copy.deepcopy(live)
    live.show(None)
    np.testing.assert_array_equal(same, plain)
