"""Scores: by hand, against scikit-learn, and for what cannot be scored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score

from napari_pixclass.core import score


def test_by_hand() -> None:
    truth = np.array([[1, 1, 4], [4, 4, 0]])
    segmentation = np.array([[1, 4, 4], [4, 1, 1]])
    scores = score(segmentation, truth, [1, 4])
    assert scores.confusion.tolist() == [[1, 1], [1, 2]]
    assert scores.iou == (1 / 3, 2 / 4)
    assert scores.mean_iou == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert scores.accuracy == 3 / 5


@given(st.lists(st.tuples(st.sampled_from([2, 3, 9]), st.sampled_from([2, 3, 9])), min_size=1))
def test_as_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    segmentation, truth = np.array(pairs).T
    present = sorted(set(truth.tolist()) | set(segmentation.tolist()))
    scores = score(segmentation, truth, present)
    expected = jaccard_score(truth, segmentation, labels=present, average=None)
    np.testing.assert_allclose(scores.iou, expected)
    assert scores.accuracy == pytest.approx(accuracy_score(truth, segmentation))


def test_classes_that_occur_nowhere_do_not_count() -> None:
    scores = score(np.array([1, 1]), np.array([1, 1]), [1, 2])
    assert scores.iou[0] == 1
    assert np.isnan(scores.iou[1])
    assert scores.mean_iou == 1


def test_what_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="must have the shape of the truth"):
        score(np.ones((2, 3), int), np.ones((3, 2), int), [1])
    with pytest.raises(ValueError, match="known for at least one pixel"):
        score(np.ones(3, int), np.zeros(3, int), [1])
    with pytest.raises(ValueError, match="must be all that occur"):
        score(np.array([5]), np.array([1]), [1])
