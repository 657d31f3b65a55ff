"""What an image in a program has to do with what its file holds."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.io import (
    ImageFile,
    ImageView,
    find_view,
    fingerprint,
    whole_fingerprint,
)
from napari_pixclass.io import _fingerprint as module


def same_as(image: np.ndarray) -> Any:
    return lambda other: bool(np.array_equal(np.asarray(other), image))


@given(st.data())
def test_what_was_cut_out_is_found(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=4, max_side=5))
    array = np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape)
    axis = data.draw(st.none() | st.integers(0, len(shape) - 1) if len(shape) > 2 else st.none())
    part = array if axis is None else array.take(data.draw(st.integers(0, shape[axis] - 1)), axis)
    moved = data.draw(st.integers(0, part.ndim - 1))
    part = np.moveaxis(part, moved, data.draw(st.sampled_from([0, part.ndim - 1, moved])))
    view = find_view(array, part.shape, same_as(part))
    assert view is not None
    assert view.shape_of(array.shape) == part.shape
    np.testing.assert_array_equal(view.of(array), part)
    lazy = view.of(da.from_array(array))
    np.testing.assert_array_equal(np.asarray(lazy), part)


def test_axes_of_one_are_left_out() -> None:
    array = np.arange(30).reshape(1, 5, 1, 6)
    view = find_view(array, (5, 6), same_as(array[0, :, 0]))
    assert view == ImageView((0, None, 0, None), (0, 1))
    assert not view.is_whole


def test_something_else_is_not_found() -> None:
    array = np.arange(60).reshape(3, 4, 5)
    for other in (np.zeros((4, 5)), np.zeros((9, 9)), np.zeros((2, 3, 4, 5)), np.zeros((3,))):
        assert find_view(array, other.shape, same_as(other)) is None
    long = np.zeros((300, 2, 2))
    long[7] = 1
    assert find_view(long, (2, 2), same_as(np.ones((2, 2)))) is None  # that many channels are none


def test_a_view_fits_some_shapes_only() -> None:
    view = ImageView((2, None, None), (1, 0))
    assert view.shape_of((3, 4, 5)) == (5, 4)
    assert view.shape_of((2, 4, 5)) is None
    assert view.shape_of((3, 4)) is None


def test_of_a_stored_array_nothing_is_read_before_somebody_looks(tmp_path: Any) -> None:
    stored = zarr.create_array(tmp_path / "a.zarr", shape=(3, 4, 5), dtype="i2")
    stored[:] = np.arange(60).reshape(3, 4, 5)
    view = ImageView((1, None, None), (1, 0)).of(stored)
    assert hasattr(view, "__dask_graph__")
    np.testing.assert_array_equal(np.asarray(view), np.asarray(stored)[1].T)
    assert ImageView.whole(3).of(stored) is stored


def test_letters_follow() -> None:
    image = ImageFile("a", np.zeros((3, 4, 5)), "CYX", 0, spacing=(2.0, 1.0), unit="um")
    part = ImageView((1, None, None), (0, 1)).of_file(image)
    assert (part.axes, part.channel_axis, part.spacing, part.unit) == ("YX", None, (2.0, 1.0), "um")
    last = ImageView((None, None, None), (1, 2, 0)).of_file(image)
    assert (last.axes, last.channel_axis, last.data.shape) == ("YXC", 2, (4, 5, 3))
    line = ImageView((None, 0, None), (0, 1)).of_file(image)
    assert (line.axes, line.spacing) == ("CX", None)


@given(hnp.arrays("<i2", hnp.array_shapes(min_dims=1, max_dims=4, max_side=6)), st.integers(1, 200))
def test_the_pieces_are_the_array(array: np.ndarray, n_bytes: int) -> None:
    before, module.PIECE_BYTES = module.PIECE_BYTES, n_bytes
    try:
        pieces = [array[region].ravel() for region in module.rows_of(array.shape, 2)]
        assert whole_fingerprint(array) == fingerprint(array)  # small ones are looked at as a whole
        assert whole_fingerprint(array.astype(">i2")) == whole_fingerprint(array)
    finally:
        module.PIECE_BYTES = before
    np.testing.assert_array_equal(np.concatenate(pieces), array.ravel())


def test_every_pixel_counts_in_the_whole_fingerprint() -> None:
    image = np.zeros((2100, 2100), np.uint8)
    other = image.copy()
    other[3, 5] = 1
    assert fingerprint(image) == fingerprint(other)  # it is in none of the blocks
    assert whole_fingerprint(image) != whole_fingerprint(other)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0)])
def test_nothing_has_a_fingerprint(shape: tuple[int, ...]) -> None:
    assert len(whole_fingerprint(np.zeros(shape))) == 32
