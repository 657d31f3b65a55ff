"""Suspicious labels: wrong strokes are found whole, right ones are left alone, and doubts are told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, FeatureSet, SampleCache, run_steps, suspicion_steps
from napari_pixclass.core._stroke_bags import CONTRADICTED, MOST_LEFT_OUT, _bag, _trusted

FLAT = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 2)
SOLID = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3)
FOREST = px.PixelClassifier(FLAT, n_estimators=10, n_jobs=1)


def halves(shape: tuple[int, ...] = (80, 100)) -> tuple[np.ndarray, np.ndarray]:
    """Dark and bright halves of the last axis with noise, and eight strokes on each."""
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    image[..., shape[-1] // 2 :] += 20
    labels = np.zeros(shape, np.uint8)
    labels[..., 2:80:10, 5:30] = 1
    labels[..., 2:80:10, 60:85] = 2
    return image, labels


def relabelled(labels: np.ndarray) -> np.ndarray:
    """The same with two wrong strokes, one of each class."""
    labels = labels.copy()
    labels[..., 22, 5:30] = 2
    labels[..., 52, 60:85] = 1
    return labels


def test_wrong_strokes_are_found_whole_and_no_others() -> None:
    image, labels = halves()
    wrong = relabelled(labels)
    found = px.suspicious_labels(FOREST, image, wrong)
    assert {(s.label.value, s.looks_like.value) for s in found.strokes} == {(1, 2), (2, 1)}
    painted = np.zeros(labels.size, bool)
    for stroke in found.strokes:
        painted[stroke.positions] = True
        assert stroke.n_pixels == 25
        assert stroke.contradicted == 1
        assert stroke.support < 0.2 < 0.8 < stroke.confidence
        assert wrong[stroke.position] == stroke.label.value
        assert (wrong[stroke.region] == stroke.label.value).sum() == 25
    assert (painted.reshape(labels.shape) == (wrong != labels)).all()
    assert found.n_strokes == (8, 8)
    assert found.notes == ()
    assert (np.diff([s.suspicion for s in found.strokes]) <= 0).all()


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    found = px.suspicious_labels(FOREST, *halves())
    assert found.strokes == ()
    assert min(found.support) > 0.9
    assert found.table() == "0 of 16 strokes in 1 image are suspicious"


def test_where_classes_cannot_be_told_apart_nobody_is_accused() -> None:
    _, labels = halves()
    noise = np.random.default_rng(1).normal(size=labels.shape).astype(np.float32)
    assert px.suspicious_labels(FOREST, noise, labels).strokes == ()


def test_seed_threads_and_cache_change_nothing() -> None:
    image, labels = halves()
    labels = relabelled(labels)
    first = px.suspicious_labels(FOREST, image, labels).to_dict()
    threads = px.PixelClassifier(FLAT, n_estimators=10, n_jobs=2)
    assert px.suspicious_labels(threads, image, labels).to_dict() == first
    cache = SampleCache()
    for _ in range(2):
        assert run_steps(suspicion_steps(FOREST, image, labels, cache=cache)).to_dict() == first
    assert json.loads(json.dumps(first)) == first


def test_the_classifier_stays_as_it_is() -> None:
    image, labels = halves()
    classifier = px.PixelClassifier(FLAT, n_estimators=10, n_jobs=1).fit(image, labels)
    before = classifier.state
    px.suspicious_labels(classifier, image, relabelled(labels))
    assert classifier.state is before


def test_several_images_one_of_them_without_labels() -> None:
    image, labels = halves()
    found = px.suspicious_labels(
        FOREST,
        [image, image, image[::-1]],
        [labels, np.zeros_like(labels), relabelled(labels)],
        classes=[ClassInfo(2, "Bright", "#ff0000")],
    )
    assert [stroke.image for stroke in found.strokes] == [2, 2]
    assert found.n_images == 2
    assert "Bright" in found.table()
    assert found.table().startswith("2 of 32 strokes in 2 images are suspicious\n")


@pytest.mark.parametrize(
    ("shape", "features"), [((3, 80, 100), FLAT), ((3, 80, 100), SOLID)], ids=["frames", "volume"]
)
def test_frames_and_volumes(shape: tuple[int, ...], features: FeatureSet) -> None:
    image, labels = halves(shape)
    labels[1] = relabelled(labels[1]) if features is FLAT else 0
    if features is SOLID:
        labels[2] = 0
        labels[0] = relabelled(labels[0])
    found = px.suspicious_labels(px.PixelClassifier(features, 10, n_jobs=1), image, labels)
    frame = 1 if features is FLAT else 0
    assert [stroke.position[0] for stroke in found.strokes] == [frame, frame]
    assert all(stroke.n_pixels == 25 for stroke in found.strokes)


def test_the_only_stroke_of_a_class_is_not_judged() -> None:
    image, labels = halves()
    labels[75, 5:30] = 3
    found = px.suspicious_labels(FOREST, image, labels)
    assert 3 not in {stroke.label.value for stroke in found.strokes}
    assert any("one stroke only, which cannot be judged" in note for note in found.notes)
    assert found.to_dict()["classes"][2]["support"] is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_few_strokes_are_said_to_be_few() -> None:
    image, labels = halves()
    labels[20:, 60:] = 0
    (note,) = px.suspicious_labels(FOREST, image, labels).notes
    assert note.startswith("class 2 has fewer than 5 strokes")


def test_a_limit_below_all_lists_every_stroke_that_can_be_judged() -> None:
    image, labels = halves()
    labels[75, 5:30] = 3
    assert len(px.suspicious_labels(FOREST, image, labels, limit=-2).strokes) == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.zeros((80, 100), np.uint8)}, "training needs labelled pixels"),
        ({"labels": np.ones((80, 100), np.uint8)}, "Paint a stroke of another class"),
        ({"labels": np.ones((5, 5), np.uint8)}, "shape"),
        ({"image": np.full((80, 100), np.nan)}, "finite"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str) -> None:
    image, labels = halves()
    with pytest.raises(ValueError, match=message):
        px.suspicious_labels(FOREST, **{"image": image, "labels": labels, **change})


@settings(max_examples=40)
@given(
    codes=st.lists(st.integers(0, 3), min_size=2, max_size=40),
    seed=st.integers(0, 99),
)
def test_bags(codes: list[int], seed: int) -> None:
    """Every class is in every bag; of two strokes or more one is not; those not trusted never are."""
    random = np.random.default_rng(seed)
    own, support = np.array(codes, dtype=np.intp), random.random(len(codes))
    trusted = _trusted(own, support)
    assert (support[~trusted] < CONTRADICTED).all()
    bag = _bag(own, trusted, random)
    assert not (bag & ~trusted).any()
    for code in np.unique(own):
        inside = own == code
        assert (~trusted[inside]).sum() <= inside.sum() * MOST_LEFT_OUT
        assert bag[inside].any()
        assert inside.sum() == 1 or not bag[inside].all()
