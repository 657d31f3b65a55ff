"""The tiles that a view is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.session import View
from napari_pixclass.session._view import TILE_LENGTHS, tiles_of

OUTPUTS = frozenset({"probabilities"})


@pytest.fixture(autouse=True, scope="module")
def small_tiles() -> Any:
    """Tiles that are small enough for small images."""
    with pytest.MonkeyPatch.context() as patch:
        for n_axes, length in {1: 16, 2: 8, 3: 4}.items():
            patch.setitem(TILE_LENGTHS, n_axes, length)
        yield


@st.composite
def views(draw: Any) -> tuple[View, int]:
    """A view, and how many leading axes it has."""
    shape = draw(st.lists(st.integers(1, 21), min_size=1, max_size=4))
    box = []
    for length in shape:
        start = draw(st.integers(0, length - 1))
        stop = draw(st.integers(start + 1, length))
        box.append(slice(start, draw(st.sampled_from([start + 1, stop, stop]))))
    n_lead = draw(st.integers(0, len(shape) - 1))
    return View(tuple(box), tuple(shape), draw(st.integers(0, 2)), OUTPUTS), n_lead


@given(views())
def test_tiles_cover_a_view_once(case: tuple[View, int]) -> None:
    view, n_lead = case
    hits = np.zeros(view.shape, int)
    tiles = tiles_of(view, n_lead)
    for tile in tiles:
        hits[tile.box] += 1
        assert (tile.level, tile.shape) == (view.level, view.shape)
        assert all(length == 1 for length in tile.size[:n_lead])
        assert all(length > 0 for length in tile.size)
    assert (hits[view.box] == 1).all()
    assert hits.max() == 1
    # No tile is of no use.
    assert all(
        start < axis.stop and axis.start < stop
        for tile in tiles
        for start, stop, axis in zip(tile.start, tile.stop, view.box, strict=True)
    )


@given(views())
def test_the_middle_comes_first(case: tuple[View, int]) -> None:
    view, n_lead = case
    middle = np.array([(axis.start + axis.stop) / 2 for axis in view.box])
    distances = [
        np.linalg.norm((np.array(tile.start) + tile.stop) / 2 - middle)
        for tile in tiles_of(view, n_lead)
    ]
    assert np.all(np.diff(distances) > -1e-9)


@given(st.data())
def test_views_of_one_plane_have_the_same_tiles(data: Any) -> None:
    shape = (6, 40, 50)
    n_lead, z = data.draw(st.integers(0, 1)), data.draw(st.integers(0, 5))

    spans = []
    for length in shape[1:]:
        start = data.draw(st.integers(0, length - 2))
        spans.append(slice(start, data.draw(st.integers(start + 2, length))))
    plane = slice(z, z + 1)
    view = View((plane, *spans), shape, 0, OUTPUTS)
    whole = View((plane, slice(0, 40), slice(0, 50)), shape, 0, OUTPUTS)
    assert set(tiles_of(view, n_lead)) <= set(tiles_of(whole, n_lead))


def test_a_whole_image() -> None:
    view = View.whole((20, 30), OUTPUTS)
    assert view == View((slice(0, 20), slice(0, 30)), (20, 30), 0, OUTPUTS)
    assert len(tiles_of(view, 0)) == 12


def test_a_thin_image_has_long_tiles() -> None:
    assert [tile.size for tile in tiles_of(View.whole((1, 30), OUTPUTS), 0)] == [(1, 16), (1, 14)]
    assert [tile.size for tile in tiles_of(View.whole((1, 1, 1), OUTPUTS), 1)] == [(1, 1, 1)]


def test_frames_are_tiles_of_their_own() -> None:
    view = View.whole((3, 8, 8), OUTPUTS)
    assert len(tiles_of(view, 1)) == 3
    assert len(tiles_of(view, 0)) == 4
