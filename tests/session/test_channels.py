"""Channels: several images as one, some of them left out, features of their own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import dask.array as da
import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import FeatureSet
from napari_pixclass.session import ArrayImage, LiveSession, Session, StackedImage

from .conftest import FEATURES, LONG

OTHERS = FeatureSet.from_selection({"gaussian_gradient_magnitude": [1.0]})


@pytest.fixture
def channels(image: np.ndarray) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(1)
    return np.stack([image, rng.normal(size=image.shape), image.max() - image]).astype(np.float32)


def expect(session: Session, features, image, labels, **options) -> None:
    """What the session trains and predicts is what a script would."""
    expected = px.PixelClassifier(features, 10).fit(image, labels, channel_axis=0, **options)
    classifier = session.train().result(LONG)
    prediction = session.predict().result(LONG)
    assert classifier.features_ == expected.features_
    np.testing.assert_array_equal(prediction.probabilities, expected.predict_proba(image))


def test_several_images_are_the_channels_of_one(
    session: Session, channels: np.ndarray, labels: np.ndarray
) -> None:
    parts = list(channels)
    pair = session.add_pair(parts, labels, pixel_size=(2, 1))
    assert pair.image.channel_axis == 0
    assert pair.image.name == "image + image + image"
    assert session.add_pair(tuple(parts), labels, pixel_size=(2, 1)) is pair
    expect(session, FEATURES, channels, labels, spacing=(2, 1))
    session.target = [channels[0], da.from_array(channels[1]), channels[2]]
    expected = session.classifier.predict(channels)
    np.testing.assert_array_equal(session.predict().result(LONG).segmentation, expected)


def test_data_of_several_images_are_the_same_object_until_one_changes(channels: np.ndarray) -> None:
    class Changing:
        name, channel_axis, pixel_size, problem = "a", None, None, None
        data = channels[0]

        @property
        def version(self) -> object:
            return self.data

    first, second = Changing(), ArrayImage(channels[1], name="b")
    image = StackedImage([first, second])
    before = image.data
    assert image.version is image.data is before
    first.data = channels[2].copy()
    assert image.data is not before
    np.testing.assert_array_equal(image.data[0], channels[2])
    assert image == StackedImage([first, second])
    assert image != StackedImage([second, first])
    assert hash(image) == hash(StackedImage([first, second]))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([ArrayImage(np.zeros((3, 4)), name="b")], r"same shape; 'a' is \(4, 4\), 'b' is \(3, 4\)"),
        ([ArrayImage(np.zeros((4, 4, 3)), -1, name="b")], "must have no channels themselves; 'b'"),
        (
            [ArrayImage(np.zeros((4, 4)), None, (1, 2), "b")],
            r"same size; 'a' has None, 'b' has \(1",
        ),
    ],
)
def test_images_that_cannot_be_channels_of_one(session: Session, others, words: str) -> None:
    first = ArrayImage(np.zeros((4, 4)), name="a")
    with pytest.raises(ValueError, match=words):
        session.target = [first, *others]
    with pytest.raises(ValueError, match="at least one; got none"):
        session.target = []
    with pytest.raises(TypeError, match="must be an array of numbers"):
        session.target = ["a", "b"]
    assert session.target is None


def test_images_that_no_longer_fit_are_a_problem(
    session: Session, channels: np.ndarray, labels: np.ndarray
) -> None:
    class Growing(ArrayImage):
        data = channels[0]

        def __init__(self) -> None: ...

    first = Growing()
    session.add_pair([first, channels[1]], labels)
    assert session.plan.training_problem is None
    Growing.data = channels[0, :20]
    assert session.plan.training_problem.startswith("Images that become channels of one must have")
    session.classifier = px.PixelClassifier(FEATURES, 3).fit(channels[:2], labels, channel_axis=0)
    assert session.plan.prediction_problem.startswith("Images that become channels of one")


def test_channels_can_be_left_out(
    session: Session, channels: np.ndarray, labels: np.ndarray
) -> None:
    heard: list[object] = []
    session.features_changed.connect(heard.append)
    session.add_pair(channels, labels, channel_axis=0)
    session.channels = [2, 0]
    assert session.channels == (0, 2)
    assert heard == [FEATURES]
    session.channels = (0, 2)
    assert len(heard) == 1
    expect(session, [FEATURES, None, FEATURES], channels, labels)
    session.channels = None
    expect(session, FEATURES, channels, labels)


def test_channels_can_have_features_of_their_own(
    session: Session, channels: np.ndarray, labels: np.ndarray
) -> None:
    session.add_pair(channels, labels, channel_axis=0)
    session.channel_features = {1: OTHERS, 9: OTHERS}
    assert session.features_of(0) == FEATURES
    assert session.features_of(1) == OTHERS
    expect(session, [FEATURES, OTHERS, FEATURES], channels, labels)
    session.channel_features = {1: None}
    expect(session, [FEATURES, None, FEATURES], channels, labels)
    session.channel_features = {}
    expect(session, FEATURES, channels, labels)


def test_features_of_channels_follow_the_number_of_axes(session: Session) -> None:
    session.channel_features = {1: OTHERS, 2: None}
    session.features = FeatureSet.fast(3)
    own = session.channel_features[1]
    assert (own.selection, own.ndim) == (OTHERS.selection, 3)
    assert session.channel_features[2] is None
    with pytest.raises(ValueError, match="ndim of the others, 3; got 2"):
        session.channel_features = {0: OTHERS}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("channels", [-1], ValueError),
        ("channels", [0.5], ValueError),
        ("channels", [True], ValueError),
        ("channel_features", {-1: OTHERS}, ValueError),
        ("channel_features", {0: "all"}, TypeError),
        ("channel_features", [OTHERS], TypeError),
    ],
)
def test_choices_that_make_no_sense(
    session: Session, name: str, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"channels must be|channel_features must|of a channel must"):
        setattr(session, name, value)
    assert session.chosen_features.of(3).common == FEATURES


@pytest.mark.parametrize(
    ("chosen", "own", "problem"),
    [
        ((0, 3), {}, "Channels to train on must be among the 3 of the images"),
        ((), {}, "At least one channel that is used must have features"),
        ((1,), {1: None}, "At least one channel that is used must have features"),
        (None, {0: None, 1: None, 2: None}, "At least one channel that is used must have"),
    ],
)
def test_what_is_in_the_way(
    session: Session, channels: np.ndarray, labels: np.ndarray, chosen, own, problem: str
) -> None:
    session.add_pair(channels, labels, channel_axis=0)
    session.channels, session.channel_features = chosen, own
    assert session.plan.training_problem.startswith(problem)
    with pytest.raises(ValueError, match=problem):
        session.train()


def test_a_loaded_classifier_brings_its_channels(
    session: Session, channels: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    sets = [FEATURES, None, OTHERS, FEATURES]
    image = np.concatenate([channels, channels[:1]])
    classifier = px.PixelClassifier(sets, 10).fit(image, labels, channel_axis=0)
    classifier.save(tmp_path / "m.pixclass")
    session.load_classifier(tmp_path / "m.pixclass")
    assert session.features == FEATURES
    assert session.channels == (0, 2, 3)
    assert session.channel_features == {2: OTHERS}
    session.add_pair(image, labels, channel_axis=0)
    expect(session, sets, image, labels)
    session.classifier = px.PixelClassifier(OTHERS, 3).fit(channels, labels, channel_axis=0)
    assert (session.features, session.channels, session.channel_features) == (OTHERS, None, {})


def test_live_update_sees_other_channels(channels: np.ndarray, labels: np.ndarray) -> None:
    session = LiveSession()
    session.features, session.n_estimators = FEATURES, 10
    session.add_pair(list(channels), labels)
    session.live_update = True
    for chosen, features in ((None, FEATURES), ((0, 2), (FEATURES, None, FEATURES))):
        session.channels = chosen
        while session.job is not None:
            with suppress(CancelledError):
                session.job.result(LONG)
        assert session.classifier.features_ == features
        expected = px.PixelClassifier(features, 10).fit(channels, labels, channel_axis=0)
        shown = np.zeros(labels.shape, np.float32)
        box = tuple(slice(0, length) for length in labels.shape)
        session.live_result.store.read("probabilities", 1, 0, box, shown)
        np.testing.assert_array_equal(shown, expected.predict_proba(channels)[..., 1])
    session.close()
