"""Connected scribbles, against scipy's connected components of every class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from napari_pixclass.core import LabelledPixels, count_strokes, stroke_ids

scribbled = arrays(
    np.uint8,
    array_shapes(max_dims=4, max_side=6),
    elements=st.sampled_from([0, 0, 1, 2, 200]),
)


def components(labels: np.ndarray, ndim: int) -> np.ndarray:
    """A number for each connected scribble, 0 elsewhere, by scipy."""
    # Axes that do not connect: the middle of the structure only.
    structure = np.zeros((3,) * labels.ndim, bool)
    structure[(1,) * (labels.ndim - ndim)] = True
    numbers = np.zeros(labels.shape, int)
    for value in np.unique(labels[labels > 0]):
        found, n = ndimage.label(labels == value, structure)
        numbers[found > 0] = found[found > 0] + numbers.max()
        assert n == len(np.unique(found)) - (0 in found)
    return numbers


@given(labels=scribbled, data=st.data())
def test_the_same_pixels_belong_together_as_for_scipy(
    labels: np.ndarray, data: st.DataObject
) -> None:
    ndim = data.draw(st.integers(1, labels.ndim))
    expected = components(labels, ndim)[labels > 0]
    found = stroke_ids(LabelledPixels.of(labels), ndim)
    assert found.dtype == np.int64
    both = np.unique(np.stack([expected, found]), axis=1)
    assert both.shape[1] == len(np.unique(expected)) == len(np.unique(found))


@given(labels=scribbled)
def test_scribbles_are_numbered_in_the_order_of_their_first_pixels(labels: np.ndarray) -> None:
    numbers, first = np.unique(stroke_ids(LabelledPixels.of(labels)), return_index=True)
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)))
    assert (np.diff(first) > 0).all()


@given(labels=scribbled)
def test_scribbles_are_counted_by_class(labels: np.ndarray) -> None:
    expected = {
        int(value): ndimage.label(labels == value, np.ones((3,) * labels.ndim))[1]
        for value in np.unique(labels[labels > 0])
    }
    assert count_strokes(LabelledPixels.of(labels)) == expected


def test_lines_do_not_run_on_into_the_next_one() -> None:
    labels = np.zeros((2, 3), np.uint8)
    labels[0, 2] = labels[1, 0] = 1
    assert stroke_ids(LabelledPixels.of(labels)).tolist() == [0, 1]


def test_a_long_winding_scribble_is_one() -> None:
    labels = np.zeros((401, 400), np.uint8)
    labels[::2] = 3
    labels[1::4, 0] = labels[3::4, -1] = 3
    assert count_strokes(LabelledPixels.of(labels)) == {3: 1}


def test_labels_may_be_read_only_and_of_any_type() -> None:
    for dtype in (np.int64, np.uint16, np.int32, np.uint64):
        pixels = LabelledPixels.of(np.array([[1, 0, 7], [0, 1, 0]], dtype))
        pixels.positions.flags.writeable = False
        pixels.values.flags.writeable = False
        assert count_strokes(pixels) == {1: 1, 7: 1}


def test_a_huge_image_costs_no_more_than_its_scribbles() -> None:
    positions = np.array([5, 10**18, 10**18 + 1], np.int64)
    pixels = LabelledPixels(positions, np.ones(3, np.uint8), (10**10, 10**8))
    assert stroke_ids(pixels).tolist() == [0, 1, 1]


def test_nothing_labelled_gives_nothing() -> None:
    assert count_strokes(LabelledPixels.of(np.zeros((4, 5), np.uint8))) == {}
    assert len(stroke_ids(LabelledPixels.of(np.zeros((0, 5), np.uint8)))) == 0


@pytest.mark.parametrize("ndim", [0, 3])
def test_labels_have_their_axes(ndim: int) -> None:
    pixels = LabelledPixels.of(np.ones((2, 2), np.uint8))
    with pytest.raises(ValueError, match=f"1 to 2 axes of these labels; got ndim={ndim}"):
        stroke_ids(pixels, ndim)
