"""Suggested features: what matters is found, sets are small, and what stands beside them is true."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_pixclass.core import (
    DEFAULT_SIGMAS,
    Candidates,
    ChannelFeatures,
    FeatureSet,
    FeatureSuggestions,
    PixelClassifier,
    Step,
    run_steps,
    suggestion_steps,
)
from napari_pixclass.core._feature_ranking import (
    by_forward_selection,
    by_importance,
    by_information,
)
from napari_pixclass.core._gathered import Gathered
from napari_pixclass.core._grow import seed_sequence

CANDIDATES = FeatureSet.from_selection(
    {"gaussian_smoothing": [0.7, 3.5], "structure_tensor_eigenvalues": [1.0]}, 2
)

CURRENT = FeatureSet.from_selection({"gaussian_smoothing": [0.7]}, 2)


def picture() -> tuple[np.ndarray, np.ndarray]:
    """Much noise, brighter in its right half: only wide smoothing tells the halves apart."""
    image = np.random.default_rng(0).normal(size=(48, 64)).astype(np.float32)
    image[:, 32:] += 1.5
    labels = np.zeros(image.shape, np.uint8)
    labels[4:44:8, 6:24] = 1
    labels[4:44:8, 40:58] = 2
    return image, labels


@pytest.fixture(scope="module")
def suggested() -> FeatureSuggestions:
    return run_steps(
        suggestion_steps(
            *picture(), features=CANDIDATES, current=CURRENT, sizes=(1, 3), n_folds=2, n_jobs=1
        )
    )


def drive(ranking: object) -> list[int]:
    while True:
        try:
            assert 0 <= next(ranking) <= 1
        except StopIteration as stop:
            return stop.value


def samples() -> Gathered:
    """Column 1 is the class with little noise, 2 is a copy of it, 0 tells a little more, 3 nothing."""
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 100)
    first = codes + rng.normal(0, 0.3, 200)
    X = np.stack([codes + rng.normal(0, 0.4, 200), first, first, rng.normal(size=200)], axis=1)
    X = X.astype(np.float32)
    none = np.zeros(200, np.int64)
    strokes = np.arange(200) // 10
    return Gathered(X, codes, strokes, none, np.array([1, 2]), X[:0], none[:0], np.ones(4))


@pytest.mark.parametrize("method", ["importance", "information", "forward"])
def test_what_tells_classes_apart_comes_first(method: str) -> None:
    units = [np.array([column]) for column in range(4)]
    seed = seed_sequence(0)
    order = {
        "importance": lambda: by_importance(samples(), units, seed, 1),
        "information": lambda: by_information(samples(), units),
        "forward": lambda: by_forward_selection(samples(), units, 3, seed, 1),
    }[method]()
    ranked = drive(order)
    assert ranked[0] in (1, 2)
    if method == "importance":
        assert ranked[-1] == 3
    else:  # what is known already is not asked for again
        assert ranked[1] in (0, 3)


def test_wide_smoothing_is_found(suggested: FeatureSuggestions) -> None:
    first = suggested.all_features
    assert (first.method, first.features, first.agreement) == ("all", CANDIDATES, 1.0)
    current, small = sorted(suggested.sets[1:3], key=lambda item: item.method)
    assert (current.method, current.features) == ("current", CURRENT)
    assert current.quality.stroke_error > small.quality.stroke_error
    assert small.features.selection == (("gaussian_smoothing", (3.5,)),)
    assert small.quality.stroke_error < 0.2
    assert 0.5 < small.agreement <= 1
    assert 0 < small.seconds_per_megapixel < first.seconds_per_megapixel * 2
    assert suggested.speed_up(small) == (first.seconds_per_megapixel / small.seconds_per_megapixel)
    assert len({item.features for item in suggested.sets}) == len(suggested.sets)
    assert all(len(item.features) <= 3 for item in suggested.sets[1:])


def test_a_set_can_be_trained_with(suggested: FeatureSuggestions) -> None:
    image, labels = picture()
    classifier = PixelClassifier(suggested.recommended.features, n_estimators=5)
    classifier.fit(image, labels)
    assert (classifier.predict(image)[labels > 0] == labels[labels > 0]).mean() > 0.9


def test_table_and_plain_values(suggested: FeatureSuggestions) -> None:
    lines = suggested.table().splitlines()
    assert lines[0].split()[:2] == ["method", "features"]
    assert sum(line.startswith("*") for line in lines) == 2
    plain = json.loads(json.dumps(suggested.to_dict(), allow_nan=False))
    best = plain["sets"][plain["recommended"]]
    assert FeatureSet.from_dict(best["features"]) == suggested.recommended.features


def test_channels_that_are_not_used() -> None:
    image, labels = picture()
    steps = suggestion_steps(
        np.stack([image, np.zeros_like(image)]),
        labels,
        features=[CANDIDATES, None],
        channel_axis=0,
        sizes=[1],
        n_folds=2,
        n_jobs=1,
    )
    assert isinstance(next(steps), Step)
    found = run_steps(steps)
    assert len(found.sets[-1].features) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": []}, "sizes must be numbers of features"),
        ({"sizes": [0]}, "sizes must be numbers of features"),
        ({"features": [CANDIDATES, FeatureSet.fast(2)]}, "for all channels alike"),
        ({"features": CANDIDATES, "current": FeatureSet.fast(2)}, "must be among those to choose"),
    ],
)
def test_what_cannot_be(options: dict[str, object], message: str) -> None:
    image, labels = picture()
    both = np.stack([image, image])
    with pytest.raises(ValueError, match=message):
        run_steps(suggestion_steps(both, labels, channel_axis=0, **options))


def test_candidates_beside_what_is_in_use() -> None:
    own = FeatureSet.from_selection({"laplacian_of_gaussian": [0.3, 20.0]}, 3, sigmas_2d=[20.0])
    found = Candidates.beside(ChannelFeatures((None, own)))
    assert found.current == own
    unused, everything = found.features.channels
    assert unused is None
    assert everything.sigmas == (*DEFAULT_SIGMAS, 20.0)
    assert everything.sigmas_2d == (20.0,)
    assert set(own.features) < set(everything.features)
    assert set(FeatureSet.all(3).features) < set(everything.features)
    ilastik = FeatureSet.all(2, dialect="ilastik")
    assert Candidates.beside(ChannelFeatures((ilastik,))).features.common == ilastik
    mixed = ChannelFeatures((FeatureSet.fast(2), FeatureSet.all(2)))
    assert Candidates.beside(mixed).current is None
