"""Arrays as channels: what `numpy.stack` would give, read piece by piece."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import FeatureSet, PixelClassifier, StackedArray

SHAPE = (5, 7, 6)


def arrays(dtypes=("u1", "f4", "i8")) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 200, SHAPE).astype(dtype) for dtype in dtypes]


entries = st.one_of(
    st.integers(0, 2),
    st.slices(3),
    st.just(Ellipsis),
)


@given(key=st.lists(entries, max_size=4).filter(lambda key: key.count(Ellipsis) < 2))
def test_any_index_reads_what_a_stack_holds(key) -> None:
    parts = arrays()
    stacked, expected = StackedArray(parts), np.stack(parts)
    assert (stacked.shape, stacked.dtype, stacked.ndim) == (expected.shape, expected.dtype, 4)
    read = stacked[tuple(key)]
    np.testing.assert_array_equal(read, expected[tuple(key)])
    assert read.dtype == expected.dtype
    if len(key) == 1:
        np.testing.assert_array_equal(stacked[key[0]], expected[key[0]])


@pytest.mark.parametrize("dtypes", [("u1", "u1"), ("u1", "u2"), ("?", "u1"), ("i8", "f4")])
def test_the_type_is_the_one_in_common(dtypes: tuple[str, ...]) -> None:
    parts = arrays(dtypes)
    np.testing.assert_array_equal(np.asarray(StackedArray(parts)), np.stack(parts))
    assert StackedArray(parts)[0].dtype == np.stack(parts).dtype
    assert np.asarray(StackedArray(parts), dtype=np.float32).dtype == np.float32


def test_lazy_channels_are_read_piece_by_piece() -> None:
    read = []
    lazy = da.from_array(arrays()[0], chunks=2).map_blocks(
        lambda block: read.append(block.shape) or block, dtype=np.uint8, meta=np.empty((0,) * 3)
    )
    stored = zarr.create_array({}, shape=SHAPE, dtype="f4", chunks=(2, 2, 2))
    stored[:] = arrays()[1]
    stacked = StackedArray([lazy, stored])
    read.clear()
    piece = stacked[0, 0:2, 0:2, 0:2]
    np.testing.assert_array_equal(piece, arrays()[0][0:2, 0:2, 0:2])
    assert read == [(2, 2, 2)]
    assert not stacked.is_in_memory
    np.testing.assert_array_equal(stacked[1, 3], arrays()[1][3])


def test_a_classifier_cannot_tell_it_from_a_stack() -> None:
    parts = arrays()
    labels = np.zeros(SHAPE, np.uint8)
    labels[1, 2], labels[3, 4] = 1, 2
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0]})
    expected = PixelClassifier(features, 5).fit(np.stack(parts), labels, channel_axis=0)
    classifier = PixelClassifier(features, 5).fit(StackedArray(parts), labels, channel_axis=0)
    np.testing.assert_array_equal(
        classifier.predict_proba(StackedArray(parts)), expected.predict_proba(np.stack(parts))
    )


def test_what_is_refused() -> None:
    stacked = StackedArray(arrays())
    with pytest.raises(ValueError, match="at least one channel"):
        StackedArray([])
    with pytest.raises(IndexError, match="4 entries at most"):
        stacked[0, 0, 0, 0, 0]
    with pytest.raises(TypeError, match="whole numbers and slices"):
        stacked[[0, 1]]
    with pytest.raises(IndexError):
        stacked[3]
    with pytest.raises(ValueError, match="without a copy"):
        np.array(stacked, copy=False)
