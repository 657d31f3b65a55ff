"""Labels made elsewhere: where they lie, what their values become, what they change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.core import (
    IMPORT_MODES,
    LabelledPixels,
    SparseLabels,
    count_values,
    fitting_orders,
    label_change,
    order_of_axes,
    place_labels,
)
from napari_pixclass.core import _label_placing as placing

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=6)


@st.composite
def placed(draw: Any) -> tuple[np.ndarray, tuple[int, ...], tuple[int | None, ...], list[int]]:
    """Labels, the shape of an image, and where the labels lie in it: partly outside, maybe."""
    labels = draw(hnp.arrays(np.int16, SHAPES, elements=st.integers(-2, 5)))
    n_more = draw(st.integers(0, 1))
    axes: list[int | None] = [*range(labels.ndim), *[None] * n_more]
    order = tuple(draw(st.permutations(axes)))
    shape = tuple(draw(st.integers(1, 8)) for _ in order)
    offset = [draw(st.integers(-4, 7)) for _ in order]
    return labels, shape, order, offset


def by_pixel(
    labels: np.ndarray, shape: Any, order: Any, offset: Any, mapping: Any
) -> tuple[np.ndarray, int, int]:
    """The same, one pixel after the other."""
    image, n_outside, n_ignored = np.zeros(shape, dtype=np.int64), 0, 0
    for index, value in np.ndenumerate(labels):
        new = int(value) if mapping is None else mapping.get(int(value), 0)
        if new <= 0:
            n_ignored += int(value != 0)
            continue
        at = tuple(
            s + (0 if axis is None else index[axis]) for axis, s in zip(order, offset, strict=True)
        )
        if all(0 <= i < n for i, n in zip(at, shape, strict=True)):
            image[at] = new
        else:
            n_outside += 1
    return image, n_outside, n_ignored


@given(placed(), st.none() | st.dictionaries(st.integers(-2, 5), st.integers(0, 300)))
def test_every_pixel_is_where_its_offset_and_order_say(case: Any, mapping: Any) -> None:
    labels, shape, order, offset = case
    expected, n_outside, n_ignored = by_pixel(labels, shape, order, offset, mapping)
    result = place_labels(labels, shape, order=order, offset=offset, mapping=mapping, clip=True)
    assert np.array_equal(result.labelled.to_array(np.int64), expected)
    assert (result.n_outside, result.n_ignored) == (n_outside, n_ignored)
    assert (np.diff(result.labelled.positions) > 0).all()


@given(hnp.arrays(np.uint8, SHAPES, elements=st.integers(0, 3)), st.integers(1, 9))
def test_all_kinds_of_labels_and_all_sizes_of_pieces_give_the_same(
    labels: np.ndarray, n_pixels: int
) -> None:
    sparse = SparseLabels(labels.shape)
    sparse[...] = labels
    kinds = [labels, labels.astype(float), sparse, LabelledPixels.of(labels)]
    mapping = {0: 4, 1: 2, 3: 3}
    expected = np.array([4, 2, 0, 3])[labels]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "BLOCK_PIXELS", n_pixels)
        for kind in kinds:
            found = place_labels(kind, labels.shape, mapping=mapping)
            assert np.array_equal(found.labelled.to_array(), expected)
            values, counts = np.unique(labels, return_counts=True)
            assert count_values(kind) == dict(zip(values.tolist(), counts.tolist(), strict=True))


@given(
    hnp.arrays(np.uint8, (5, 4), elements=st.integers(0, 3)),
    hnp.arrays(np.uint16, (5, 4), elements=st.sampled_from([0, 0, 1, 2, 300])),
    st.sampled_from(IMPORT_MODES),
)
def test_a_change_makes_of_the_old_labels_what_its_mode_says(
    old: np.ndarray, new: np.ndarray, mode: Any
) -> None:
    expected = {
        "add": np.where(new > 0, new, old),
        "fill": np.where(old > 0, old, new),
        "replace": new,
    }[mode]
    change = label_change(LabelledPixels.of(old), LabelledPixels.of(new), mode)
    result = old.astype(np.int64)
    result.reshape(-1)[change.positions] = change.values
    assert np.array_equal(result, expected)
    assert len(change) == (old != expected).sum()  # one step of undo, no larger than needed
    assert change.n_new == ((old == 0) & (expected > 0)).sum()
    assert change.n_erased == ((old > 0) & (expected == 0)).sum()
    assert change.n_new + change.n_replaced + change.n_erased == len(change)


@pytest.mark.parametrize(
    ("shape", "image", "first"),
    [
        ((48, 64), (48, 64), (0, 1)),
        ((64, 48), (48, 64), (1, 0)),
        ((64, 64), (64, 64), (0, 1)),
        ((40, 48), (48, 64), (0, 1)),  # smaller: not turned only because one length is the same
        ((48, 64), (10, 48, 64), (None, 0, 1)),
        ((10, 64), (10, 48, 64), (0, None, 1)),
        ((64, 48, 10), (10, 48, 64), (2, 1, 0)),
        ((1, 48, 64), (48, 64), (1, 2)),
        ((1, 48, 64), (10, 48, 64), (None, 1, 2)),
        ((48, 64), (3, 10, 48, 64), (None, None, 0, 1)),
    ],
)
def test_the_most_likely_order_of_axes_comes_first(shape: Any, image: Any, first: Any) -> None:
    orders = fitting_orders(shape, image)
    assert orders[0] == first
    assert len(set(orders)) == len(orders)


def test_labels_that_are_too_large_fit_in_no_order() -> None:
    assert fitting_orders((65, 3), (48, 64)) == []


def test_axes_are_found_by_their_letters() -> None:
    assert order_of_axes("xy", "ZYX") == (None, 1, 0)
    for wrong in ("XX", "TX", ""):
        with pytest.raises(ValueError, match="axes of labels must be"):
            order_of_axes(wrong, "YX")


def test_a_volume_far_larger_than_memory_is_no_matter() -> None:
    labels = SparseLabels((2000, 50_000, 50_000))
    labels[1000, 40_000, 3:8] = 7
    result = place_labels(labels, (2000, 60_000, 50_000), offset=(0, 10_000, 0), mapping=2)
    assert [index.tolist() for index in result.labelled.coordinates()] == [
        [1000] * 5,
        [50_000] * 5,
        [3, 4, 5, 6, 7],
    ]
    assert result.labelled.counts == {2: 5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"shape of the image without its channels, \(8, 6\).*In the order \(1, 0\)"),
        ({"offset": (0,)}, "a whole number for each of the 2 axes"),
        ({"offset": (0, 0)}, "12 of their labelled pixels lie outside"),
        ({"order": (0, 0)}, "each axis of labels"),
        ({"order": (0, None)}, "each axis of labels"),
        ({"order": (1, 0), "mapping": {1: -1}}, "must become class values"),
    ],
)
def test_what_does_not_fit_is_said_with_a_remedy(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        place_labels(np.ones((6, 8), np.uint8), (8, 6), **arguments)


def test_numbers_that_are_no_class_values_are_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers; got float64 with fractions"):
        place_labels(np.full((2, 2), 0.5), (2, 2))
    with pytest.raises(ValueError, match="not have more axes than the image"):
        place_labels(np.zeros((2, 2, 2), np.uint8), (2, 2))
    empty = LabelledPixels.of(np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="mode must be one of"):
        label_change(empty, empty, "none")  # type: ignore[arg-type]
