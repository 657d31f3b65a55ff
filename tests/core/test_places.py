"""Where to label next: places that teach something, none twice, and never a look at everything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_pixclass as px
from napari_pixclass.core import (
    FeatureSet,
    PixelClassifier,
    SampleCache,
    Step,
    SuggestedPlace,
    place_steps,
    run_steps,
)
from napari_pixclass.core._place_ranking import (
    MOST_RARITY,
    class_rarity,
    in_turn,
    rank_clusters,
    uncertainty_of_rows,
)
from napari_pixclass.core._places import LABEL_GAP
from napari_pixclass.core._stroke_rows import StrokeRows

FLAT = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 2)
SOLID = FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, 3)


def forest(features: FeatureSet = FLAT) -> PixelClassifier:
    return PixelClassifier(features, n_estimators=40, n_jobs=1)


def three_kinds(shape: tuple[int, ...] = (96, 120)) -> tuple[np.ndarray, np.ndarray]:
    """Dark, bright, and something in between that nobody has labelled, in thirds of the last axis; and labels."""
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    third = shape[-1] // 3
    image[..., third : 2 * third] += 15
    image[..., 2 * third :] += 30
    labels = np.zeros(shape, np.uint8)
    labels[..., 10:90:20, 4:20] = 1
    labels[..., 10:90:20, -20:-4] = 2
    return image, labels


def place(image: int = 0, position: tuple[int, ...] = (0, 0)) -> SuggestedPlace:
    return SuggestedPlace(image, position, (slice(0, 1), slice(0, 1)), (), (), 0.0, ())


def test_what_nobody_has_labelled_comes_first() -> None:
    image, labels = three_kinds()
    first, *others = px.suggest_places(forest().fit(image, labels), image, labels)
    assert 38 <= first.position[1] < 82
    assert first.image == 0
    assert first.reason.startswith("Uncertain between Class ")
    assert "unlike what is labelled so far" in first.reason
    assert {info.value for info in first.classes} == {1, 2}
    assert first.uncertainty == pytest.approx(1 - (first.probabilities[0] - first.probabilities[1]))
    assert others


def test_places_lie_apart_and_not_on_labels() -> None:
    image, labels = three_kinds()
    places = px.suggest_places(forest().fit(image, labels), image, labels, n_places=12)
    positions = np.array([found.position for found in places])
    assert len(places) == 12
    for number, one in enumerate(positions):
        assert (np.hypot(*(positions[:number] - one).T) >= 96 / 8).all()
        away = np.argwhere(labels) - one
        assert (np.hypot(*away.T) >= LABEL_GAP).all()
    for found in places:
        assert all(
            0 <= axis.start <= index < axis.stop <= length
            for index, axis, length in zip(found.position, found.region, image.shape, strict=True)
        )


def test_the_same_again_and_others_where_these_are_avoided() -> None:
    image, labels = three_kinds()
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, image, labels)
    assert px.suggest_places(classifier, image, labels) == places
    others = px.suggest_places(classifier, image, labels, avoid=places)
    here = np.array([found.position for found in places])
    for found in others:
        assert (np.hypot(*(here - found.position).T) >= 96 / 8).all()


def test_where_all_is_avoided_there_are_none() -> None:
    image, labels = three_kinds((20, 24))
    labels[:, 3], labels[:, -3] = 1, 2
    classifier = forest().fit(image, labels)
    avoid = [place(0, (row, column)) for row in range(20) for column in range(24)]
    assert px.suggest_places(classifier, image, labels, avoid=avoid) == []


def test_a_cache_changes_nothing() -> None:
    image, labels = three_kinds()
    classifier, cache = forest().fit(image, labels), SampleCache()
    places = run_steps(place_steps(classifier, image, labels, cache=cache))
    assert run_steps(place_steps(classifier, image, labels, cache=cache)) == places
    assert px.suggest_places(classifier, image, labels) == places


def test_without_labels_nothing_is_avoided() -> None:
    image, labels = three_kinds()
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, image)
    assert places
    assert places == px.suggest_places(classifier, image, np.zeros_like(labels))


def test_images_without_labels_are_looked_at_too() -> None:
    image, labels = three_kinds()
    empty = np.zeros_like(labels)
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, [image, image[::-1]], [labels, empty], n_places=20)
    assert {found.image for found in places} == {0, 1}
    for found in places:
        said = "nothing is labelled in this image" in found.reasons
        assert said == (found.image == 1)


def test_a_rare_class_is_named() -> None:
    image, labels = three_kinds()
    labels[:, -20:-4] = 0
    labels[50, -20:-4] = 2
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, image, labels)
    assert any("Class 2 has few labels" in found.reasons for found in places)
    assert not any("Class 1 has few labels" in found.reasons for found in places)


def test_frames_are_not_near_each_other() -> None:
    image, labels = three_kinds((3, 48, 60))
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, image, labels, n_places=30)
    assert {found.position[0] for found in places} == {0, 1, 2}
    assert all(
        found.region[0] == slice(found.position[0], found.position[0] + 1) for found in places
    )


def test_volumes_colours_and_sizes_of_pixels() -> None:
    image, labels = three_kinds((12, 48, 60))
    spacing = (4.0, 1.0, 1.0)
    solid = forest(SOLID).fit(image, labels, spacing=spacing)
    first = px.suggest_places(solid, image, labels, n_places=6, spacing=spacing)[0]
    assert 18 <= first.position[2] < 42
    assert [axis.stop - axis.start for axis in first.region] == [1, 9, 9]
    flat, scribbles = three_kinds()
    rgb = np.stack([flat, flat, -flat], axis=-1)
    coloured = forest().fit(rgb, scribbles, channel_axis=-1)
    assert len(px.suggest_places(coloured, rgb, scribbles)[0].position) == 2


class Watched:
    """An image of which is known how much was read."""

    def __init__(self, data: np.ndarray, shape: Sequence[int]) -> None:
        self._data = data
        self.shape, self.dtype, self.ndim = tuple(shape), data.dtype, len(shape)
        self.n_read = 0

    def __getitem__(self, index: Any) -> np.ndarray:
        spans = [axis.indices(n) for axis, n in zip(index, self.shape, strict=True)]
        self.n_read += int(np.prod([stop - start for start, stop, _ in spans]))
        tile = [
            np.arange(start, stop) % n
            for (start, stop, _), n in zip(spans, self._data.shape, strict=True)
        ]
        return self._data[np.ix_(*tile)]


def test_of_a_huge_image_little_is_read() -> None:
    small, labels = three_kinds()
    classifier = forest().fit(small, labels)
    huge = Watched(small, (200_000, 300_000))
    places = px.suggest_places(classifier, huge)
    assert len(places) == 10
    assert huge.n_read < 2_000_000


def test_it_goes_on_in_steps() -> None:
    image, labels = three_kinds()
    steps = list(place_steps(forest().fit(image, labels), image, labels))
    assert all(isinstance(step, Step) for step in steps)
    assert {step.what for step in steps} >= {"Looking for places"}


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 9, 9)])
def test_tiny_images(shape: tuple[int, ...]) -> None:
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    labels = np.zeros(shape, np.uint8)
    labels.flat[0], labels.flat[-1] = 1, 1 if labels.size == 1 else 2
    classifier = forest().fit(image, labels)
    assert all(
        labels[found.position] == 0 for found in px.suggest_places(classifier, image, labels)
    )


def test_a_single_class() -> None:
    image, labels = three_kinds()
    labels[labels == 2] = 0
    classifier = forest().fit(image, labels)
    places = px.suggest_places(classifier, image, labels)
    assert places
    assert places[0].reason.startswith("Maybe Class 1")
    assert json.loads(json.dumps(places[0].to_dict()))["classes"] == [1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_places": 0}, "n_places must be 1 or more"),
        ({"labels": np.zeros((5, 5), np.uint8)}, "shape"),
        ({"image": np.zeros((96, 120)), "channel_axis": 0}, "channel"),
        ({"image": np.full((96, 120), np.nan)}, "finite"),
    ],
)
def test_what_is_refused(change: dict[str, Any], message: str) -> None:
    image, labels = three_kinds()
    classifier = forest().fit(image, labels)
    with pytest.raises(ValueError, match=message):
        px.suggest_places(classifier, **{"image": image, "labels": labels, **change})


# The ranking alone ----------------------------------------------------------------------------------------------------


def test_uncertainty() -> None:
    rows = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.6, 0.2, 0.2]], np.float32)
    assert uncertainty_of_rows(rows) == pytest.approx([0, 1, 0.6])
    assert uncertainty_of_rows(np.ones((4, 1), np.float32)).tolist() == [0, 0, 0, 0]


@given(counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_rarity_has_limits(counts: list[int]) -> None:
    rarity = class_rarity(np.array(counts))
    assert (rarity >= 1 / MOST_RARITY).all()
    assert (rarity <= MOST_RARITY).all()
    order = np.argsort(counts, kind="stable")
    assert (np.diff(rarity[order]) <= 0).all()


@settings(max_examples=25)
@given(
    n=st.integers(1, 60),
    n_features=st.integers(1, 12),
    n_labelled=st.integers(0, 12),
    seed=st.integers(0, 99),
    decimals=st.sampled_from([0, 3]),
)
def test_every_cluster_holds_some_pixels_once(
    n: int, n_features: int, n_labelled: int, seed: int, decimals: int
) -> None:
    """Also of features that are all alike, and of fewer pixels than clusters."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, n_features)).round(decimals).astype(np.float32)
    probabilities = random.dirichlet([1, 1, 1], n).astype(np.float32)
    codes = random.integers(0, 3, n_labelled)
    labelled = StrokeRows(
        random.normal(size=(n_labelled, n_features)).astype(np.float32),
        codes,
        np.arange(n_labelled) // 2,
        np.arange(3),
        np.ones(n_features),
    )
    excluded = random.random(n) < 0.3
    clusters = rank_clusters(X, probabilities, np.ones(3), labelled, excluded, random)
    members = [pixel for pixel, _ in in_turn(clusters)]
    assert len(set(members)) == len(members)
    assert not excluded[members].any()
    assert bool(members) == bool((~excluded).any())
    assert sum(c.n_strokes for c in clusters) <= len(set(labelled.strokes.tolist())) + 1e-9


def test_strokes_make_a_cluster_less_urgent() -> None:
    """Two kinds of pixels, as uncertain as each other: the one without strokes comes first."""
    random = np.random.default_rng(0)
    X = np.repeat([[0.0], [10.0]], 200, axis=0).astype(np.float32)
    X += random.normal(size=X.shape).astype(np.float32) / 10
    probabilities = np.full((400, 2), 0.5, np.float32)
    for kind in (0, 1):
        strokes = np.arange(60)
        rows = X[kind * 200 : kind * 200 + 60]
        labelled = StrokeRows(rows, strokes % 2, strokes, np.arange(2), np.ones(1))
        first = rank_clusters(
            X, probabilities, np.ones(2), labelled, np.zeros(400, bool), np.random.default_rng(1)
        )[0]
        assert (first.members[0] < 200) == (kind == 1)
