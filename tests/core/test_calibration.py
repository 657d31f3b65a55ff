"""Whether probabilities can be believed: the power that makes them so, and what is counted to see it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_pixclass.core import Calibration
from napari_pixclass.core._calibration import (
    LeftOutSamples,
    Opinions,
    fitted_sharpness,
    sharpened,
)

N = 4000


def two_classes(truth: np.ndarray) -> np.ndarray:
    return np.stack([1 - truth, truth], axis=1).astype(np.float32)


@pytest.fixture
def honest() -> LeftOutSamples:
    """Probabilities that are as often right as they say; every sample is a stroke."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.02, 0.98, N)
    codes = (rng.uniform(size=N) < truth).astype(np.intp)
    return LeftOutSamples(two_classes(truth), codes, np.arange(N))


def as_said(samples: LeftOutSamples, power: float) -> LeftOutSamples:
    said = sharpened(samples.probabilities, power)
    return LeftOutSamples(said, samples.codes, samples.groups)


def test_the_power_that_makes_probabilities_right(honest: LeftOutSamples) -> None:
    assert fitted_sharpness(honest) == pytest.approx(1, abs=0.1)
    assert fitted_sharpness(as_said(honest, 0.5)) == pytest.approx(2, abs=0.2)
    assert fitted_sharpness(as_said(honest, 2)) == pytest.approx(0.5, abs=0.05)


def test_few_observations_say_little(honest: LeftOutSamples) -> None:
    shy = as_said(honest, 0.5)
    two = LeftOutSamples(shy.probabilities, shy.codes, shy.groups % 2)
    assert 1 < fitted_sharpness(two) < 1.6
    none = LeftOutSamples(shy.probabilities[:0], shy.codes[:0], shy.groups[:0])
    assert fitted_sharpness(none) == 1
    assert Calibration.of(none, 1.0).bins == ()
    assert math.isnan(Calibration.of(none, 1.0).error)


def test_forests_that_disagree_make_the_whole_one_more_modest(honest: LeftOutSamples) -> None:
    alone = fitted_sharpness(honest)
    agreeing = Opinions(honest.probabilities, honest.probabilities)
    assert fitted_sharpness(honest, agreeing) == pytest.approx(alone, rel=0.05)
    doubting = Opinions(honest.probabilities, sharpened(honest.probabilities, 0.5))
    assert fitted_sharpness(honest, doubting) < 0.9 * alone


def test_what_is_counted() -> None:
    # Class 0: two strokes, of 9 pixels and of 1. Class 1: one stroke of 2 pixels, which is taken for class 0.
    p = two_classes(np.array([0.04] * 9 + [0.36] + [0.44] * 2))
    codes = np.array([0] * 10 + [1] * 2)
    strokes = np.array([0] * 9 + [1] + [2] * 2)
    calibration = Calibration.of(LeftOutSamples(p, codes, strokes), 1.0)
    unsure, hardly, sure = calibration.bins
    assert [one.n_pixels for one in calibration.bins] == [2, 1, 9]
    assert [one.n_strokes for one in calibration.bins] == [1, 1, 1]
    assert [one.weight for one in calibration.bins] == pytest.approx([0.5, 0.25, 0.25])
    assert (unsure.lowest, unsure.highest, unsure.right) == (0.5, 0.6, 0)
    assert (hardly.right, sure.right) == (1, 1)
    assert calibration.error == pytest.approx(0.5 * 0.56 + 0.25 * 0.36 + 0.25 * 0.04, abs=1e-6)
    assert json.loads(json.dumps(calibration.to_dict()))["bins"][2]["n_pixels"] == 9


def test_the_error_is_that_of_the_power(honest: LeftOutSamples) -> None:
    shy = as_said(honest, 0.4)
    calibration = Calibration.of(shy, fitted_sharpness(shy))
    assert calibration.sharpened_error < 0.03 < 0.1 < calibration.error


@pytest.mark.parametrize(
    ("sharpness", "words"),
    [(1.0, "as often right as they say"), (2.0, "too modest"), (0.5, "too bold")],
)
def test_words(sharpness: float, words: str) -> None:
    assert words in Calibration(sharpness, (), ()).sentence


def test_what_a_probability_is_worth() -> None:
    assert "one of 0.90 is worth 0.75" in Calibration(0.5, (), ()).sentence


@given(
    votes=st.lists(st.lists(st.integers(0, 100), min_size=3, max_size=3), min_size=1, max_size=30),
    power=st.floats(0.3, 4),
)
def test_the_most_probable_class_stays_and_all_sum_to_one(
    votes: list[list[int]], power: float
) -> None:
    p = np.array(votes, dtype=np.float32) + np.float32(0.5)
    p /= p.sum(axis=1, keepdims=True)
    after = sharpened(p, power)
    np.testing.assert_allclose(after.sum(axis=1), 1, rtol=1e-5)
    chosen = after[np.arange(len(p)), p.argmax(axis=1)]
    assert (chosen >= after.max(axis=1) - 1e-6).all()
