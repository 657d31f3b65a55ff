"""Sparse labels are what a numpy array would be, in less memory."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.core import LabelledPixels, SparseLabels, empty_labels
from napari_pixclass.core._sparse_labels import DENSE_BYTES

SHAPES = st.sampled_from([(300,), (150, 260), (20, 70, 130), (3, 9, 65, 70), (1, 1, 1)])


def basic_or_pixels(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """An index as napari uses them."""
    pixels = st.integers(0, 5).flatmap(
        lambda n: st.tuples(
            *(hnp.arrays(np.intp, (n,), elements=st.integers(-k, k - 1)) for k in shape)
        )
    )
    steps = st.builds(
        lambda key, step: tuple(
            slice(k.start, k.stop, step) if isinstance(k, slice) and k.step is None else k
            for k in (key if isinstance(key, tuple) else (key,))
        ),
        hnp.basic_indices(shape),
        st.sampled_from([None, 1, 2, 70, -1, -3]),
    )
    return st.one_of(hnp.basic_indices(shape), steps, pixels)


@st.composite
def edits(draw: Any) -> tuple[tuple[int, ...], list[tuple[Any, Any]]]:
    """A shape, and what is written to it: a number, or numbers that fit."""
    shape = draw(SHAPES)
    written = []
    for key in draw(st.lists(basic_or_pixels(shape), min_size=1, max_size=6)):
        target = np.empty(shape, np.bool_)[key].shape
        value: Any = draw(st.integers(0, 3))
        if value and draw(st.booleans()):
            seed = draw(st.integers(0, 99))
            value = np.random.default_rng(seed).integers(0, 3, target)
        written.append((key, value))
    return shape, written


@given(edits(), st.data())
def test_the_same_as_an_array(what: Any, data: st.DataObject) -> None:
    shape, written = what
    dense, sparse = np.zeros(shape, np.uint8), SparseLabels(shape)
    for key, value in written:
        if isinstance(value, np.ndarray) and isinstance(key, tuple) and key:
            is_pixels = isinstance(key[0], np.ndarray)
            places = [i % n for i, n in zip(key, shape, strict=True)] if is_pixels else []
            if is_pixels and len(set(zip(*places, strict=True))) < len(value):
                value = 2  # which of several values at one pixel wins is nobody's business
        dense[key] = value
        sparse[key] = value
    np.testing.assert_array_equal(np.asarray(sparse), dense)
    key = data.draw(basic_or_pixels(shape))
    np.testing.assert_array_equal(sparse[key], dense[key])
    assert sparse[key].dtype == dense.dtype
    assert LabelledPixels.of(sparse) == LabelledPixels.of(dense)
    assert np.max(sparse) == dense.max()
    assert sparse.any() == dense.any()
    sparse[...] = 0
    assert sparse.nbytes == 0


def test_what_is_read_is_a_copy() -> None:
    sparse = SparseLabels((20, 70, 70))
    sparse[3, 4:6, 7] = 2
    sparse[3][4, 7] = 1
    assert sparse[3, 4, 7] == 2
    region = np.asarray(sparse[3:4, 0:9, 0:9])  # as napari undoes a stroke
    region[region == 2] = 0
    sparse[3:4, 0:9, 0:9] = region
    assert not sparse.any()


def test_a_large_volume_takes_what_is_labelled() -> None:
    sparse = SparseLabels((2000, 4000, 4000))
    for z in range(50):
        sparse[40 * z, 1000:1010, 100:600] = 1 + z % 3
    assert 0 < sparse.nbytes < 50_000_000
    labelled = LabelledPixels.of(sparse)
    assert len(labelled) == 50 * 10 * 500
    assert (sparse[labelled.coordinates()] == labelled.values).all()
    with pytest.raises(MemoryError, match=r"up to 1\.1 GB only.* would take 32\.0 GB"):
        np.asarray(sparse)
    with pytest.raises(MemoryError):
        sparse[:, :, :]
    assert sparse[:, 1005].shape == (2000, 4000)
    assert np.max(sparse) == 3


def test_copies_and_other_types() -> None:
    sparse = SparseLabels((20, 70, 70))
    sparse[5, 5, 5] = 200
    for other in (sparse.copy(), copy.deepcopy(sparse), sparse.astype(np.int32)):
        assert other[5, 5, 5] == 200
        other[5, 5, 5] = 1
    assert sparse[5, 5, 5] == 200
    assert sparse.astype(np.int32).dtype == np.int32
    with pytest.raises(OverflowError):
        sparse[0, 0, 0] = 256


@pytest.mark.parametrize(
    "key",
    [(0, 0, 0, 0), (20, 0, 0), (0, -71, 0), (None, 0), True, (..., ...), (slice(None), [1], [2])],
)
def test_what_is_no_index(key: Any) -> None:
    sparse = SparseLabels((20, 70, 70))
    with pytest.raises(IndexError):
        sparse[key]
    with pytest.raises(IndexError):
        sparse[key] = 1


def test_masks_are_refused_in_words() -> None:
    with pytest.raises(IndexError, match=r"np\.nonzero"):
        SparseLabels((4, 4))[np.ones((4, 4), bool)]


def test_only_large_labels_are_sparse() -> None:
    assert isinstance(empty_labels((10, 10)), np.ndarray)
    assert isinstance(empty_labels((1, DENSE_BYTES)), np.ndarray)
    assert isinstance(empty_labels((2, DENSE_BYTES)), SparseLabels)
    for shape, dtype in (((), np.uint8), ((-1, 3), np.uint8), ((3, 3), np.float32)):
        with pytest.raises((TypeError, ValueError), match="labels"):
            SparseLabels(shape, dtype)
