"""Labels without the pixels that nobody has labelled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.core import LabelledPixels, with_positions

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int32, np.int64, np.uint16]),
        SHAPES,
        elements=st.integers(0, 5),
    )
)
def test_there_and_back(labels: np.ndarray) -> None:
    labelled = LabelledPixels.of(labels)
    assert len(labelled) == np.count_nonzero(labels)
    assert labelled.counts == {
        int(value): int((labels == value).sum()) for value in np.unique(labels[labels > 0])
    }
    np.testing.assert_array_equal(labelled.to_array(), labels)
    assert all(labels[labelled.coordinates()] == labelled.values)
    assert labelled == with_positions(labels.shape, labelled.positions[::-1], labelled.values[::-1])


def test_strided_labels_and_negative_values() -> None:
    labels = np.arange(-6, 30).reshape(6, 6)[::2, ::-1]
    labelled = LabelledPixels.of(labels)
    np.testing.assert_array_equal(labelled.to_array(), np.maximum(labels, 0))


def test_equal_only_to_the_same() -> None:
    labels = np.array([[0, 1], [2, 0]])
    one = LabelledPixels.of(labels)
    assert one == LabelledPixels.of(labels.astype(np.uint8))
    assert one != LabelledPixels.of(labels.T)
    assert one != LabelledPixels.of(labels.ravel())
    assert one != labels


@pytest.mark.parametrize(
    ("positions", "values", "message"),
    [
        ([0, 1], [1], "a whole number for each"),
        ([0, 1], [1.0, 2.0], "a whole number for each"),
        ([0, 9], [1, 2], "positions must lie within"),
        ([-1, 3], [1, 2], "positions must lie within"),
        ([0, 3], [0, 2], "1 or more"),
        ([3, 3], [1, 2], "once only"),
    ],
)
def test_what_a_file_may_not_hold(positions: list[int], values: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_positions((3, 3), positions, np.array(values))
