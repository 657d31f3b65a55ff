"""A session says how good its classifier will be, and which features it needs; what it says has a date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import FeatureSet
from napari_pixclass.io import open_image
from napari_pixclass.session import LiveSession

from .conftest import FEATURES, LONG


@pytest.fixture
def labels() -> np.ndarray:
    """Three strokes on each half."""
    labels = np.zeros((50, 60), np.uint8)
    labels[5:40:12, 5:20] = 1
    labels[5:40:12, 40:55] = 4
    return labels


@pytest.fixture
def session(image: np.ndarray, labels: np.ndarray) -> Iterator[LiveSession]:
    session = LiveSession()
    session.features = FEATURES
    session.n_estimators = 10
    session.add_pair(image, labels)
    yield session
    session.close()


def paint(session: LiveSession, row: int, value: int) -> None:
    session.pairs[0].labels.data[row, 30:35] = value
    session.labels_changed()


def test_the_figures_are_those_of_a_script(
    session: LiveSession, image: np.ndarray, labels: np.ndarray
) -> None:
    told = []
    session.cross_validated.connect(told.append)
    assert session.cross_validation is None
    assert not session.cross_validation_is_current
    result = session.cross_validate().result(LONG)
    alone = px.cross_validate(px.PixelClassifier(FEATURES, n_estimators=10), image, labels)
    assert result.to_dict() == alone.to_dict()
    assert told == [result]
    assert session.cross_validation.to_dict() == result.to_dict()
    assert session.cross_validation_is_current
    assert session.job is None
    assert session.classifier is None  # nothing has been trained


def test_names_follow(session: LiveSession) -> None:
    session.cross_validate().result(LONG)
    session.change_class(4, name="Bright")
    assert [info.name for info in session.cross_validation.classes] == ["Class 1", "Bright"]
    assert "4  Bright" in session.cross_validation.table()
    assert session.cross_validation_is_current


@pytest.mark.parametrize("what", ["labels", "features", "trees", "image", "pairs"])
def test_figures_of_another_state_are_known_to_be_old(
    session: LiveSession, image: np.ndarray, what: str
) -> None:
    session.cross_validate().result(LONG)
    if what == "labels":
        paint(session, 45, 1)
    elif what == "features":
        session.features = FeatureSet.fast(2)
    elif what == "trees":
        session.n_estimators = 11
    elif what == "image":
        session.image_changed(session.pairs[0].image)
    else:
        session.add_pair(image.copy(), np.zeros(image.shape, np.uint8))
    assert session.cross_validation is not None
    assert not session.cross_validation_is_current
    session.cross_validate().result(LONG)
    assert session.cross_validation_is_current


def test_undo_makes_them_current_again(session: LiveSession) -> None:
    session.cross_validate().result(LONG)
    paint(session, 45, 1)
    assert not session.cross_validation_is_current
    paint(session, 45, 0)
    assert session.cross_validation_is_current


def test_labels_painted_meanwhile_are_not_in_it(session: LiveSession) -> None:
    job = session.cross_validate()
    paint(session, 45, 1)
    result = job.result(LONG)
    assert result.strokes == (3, 3)
    assert not session.cross_validation_is_current


def test_it_goes_on_beside_a_training(session: LiveSession) -> None:
    validation, training = session.cross_validate(), session.train()
    training.result(LONG)
    validation.result(LONG)
    assert session.classifier is not None
    assert session.cross_validation_is_current


def test_a_newer_one_and_cancelling(session: LiveSession) -> None:
    first, second = session.cross_validate(), session.cross_validate(n_folds=2)
    assert second.result(LONG).n_folds == 2
    assert first.cancelled
    third = session.cross_validate()
    session.cancel()
    with pytest.raises(CancelledError):
        third.result(LONG)
    assert session.cross_validation.n_folds == 2
    fourth = session.suggest_features()
    session.close()
    with pytest.raises(CancelledError):
        fourth.result(LONG)
    with pytest.raises(RuntimeError, match="the session is closed"):
        session.cross_validate()


def test_what_is_in_the_way(session: LiveSession, image: np.ndarray, labels: np.ndarray) -> None:
    failures = []
    session.failed.connect(failures.append)
    with pytest.raises(ValueError, match="no figures to save"):
        session.save_cross_validation("a.json")
    good = session.cross_validate().result(LONG)
    labels[10:] = 0  # one stroke of each class
    session.labels_changed()
    with pytest.raises(ValueError, match="two strokes or more"):
        session.cross_validate().result(LONG)
    assert "two strokes or more" in failures[0]
    assert session.cross_validation.to_dict() == good.to_dict()
    labels[labels == 4] = 0
    session.labels_changed()
    for start in (session.cross_validate, session.suggest_features):
        with pytest.raises(ValueError, match="Only one class is painted"):
            start()
    session.remove_pair(session.pairs[0])
    with pytest.raises(ValueError, match="Choose an image"):
        session.cross_validate()


def test_files(session: LiveSession, tmp_path: Path) -> None:
    result = session.cross_validate().result(LONG)
    for name in ("a.json", "a.png", "a.TXT"):
        session.save_cross_validation(tmp_path / name).result(LONG)
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(json.dumps(result.to_dict()))
    assert open_image(tmp_path / "a.png").data.shape[-1] == 3
    assert (tmp_path / "a.TXT").read_text() == f"{result.table()}\n"
    with pytest.raises(ValueError, match="one of these endings"):
        session.save_cross_validation(tmp_path / "a.csv")


# Suggested features ---------------------------------------------------------------------------------------------------


def test_a_set_is_suggested_applied_and_taken_back(session: LiveSession) -> None:
    before = session.chosen_features
    with pytest.raises(ValueError, match="nothing to undo"):
        session.undo_suggested()
    found = session.suggest_features(sizes=[1, 3], n_folds=2).result(LONG)
    assert session.suggestions is found
    assert session.suggestions_are_current
    assert [item.features for item in found.sets if item.method == "current"] == [FEATURES]
    assert found.all_features.features == FeatureSet.all(2)
    session.apply_suggested(FEATURES)  # which it is already
    assert not session.can_undo_suggested
    for item in found.sets[-2:]:
        session.apply_suggested(item.features)
        assert session.features == item.features
        assert session.can_undo_suggested
    assert session.suggestions_are_current  # they do not depend on what is chosen of them
    session.undo_suggested()
    assert session.chosen_features == before
    assert not session.can_undo_suggested


def test_choosing_something_else_ends_the_way_back(session: LiveSession) -> None:
    session.apply_suggested(FeatureSet.fast(2))
    session.features = FeatureSet.all(2)
    assert not session.can_undo_suggested
    session.apply_suggested(FeatureSet.fast(2))
    session.undo_suggested()
    assert session.features == FeatureSet.all(2)


def test_channels(image: np.ndarray, labels: np.ndarray) -> None:
    session = LiveSession()
    session.features = FEATURES
    session.add_pair(np.stack([image, np.zeros_like(image), image]), labels, channel_axis=0)
    own = {1: None, 2: FeatureSet.fast(2)}
    session.channel_features = own
    found = session.suggest_features(sizes=[1], n_folds=2).result(LONG)
    assert "current" not in [item.method for item in found.sets]  # channels differ
    session.apply_suggested(found.sets[-1].features)
    assert session.channel_features == {1: None}
    assert session.suggestions_are_current
    session.train().result(LONG)
    assert session.classifier.features_[1] is None
    session.undo_suggested()
    assert session.channel_features == own
    session.channel_features = {2: FeatureSet.fast(2)}
    assert not session.suggestions_are_current  # another channel is used now
    session.close()


def test_volumes_keep_their_planes() -> None:
    rng = np.random.default_rng(0)
    image = (rng.normal(size=(6, 30, 40)) + 6 * (np.arange(40) > 20)).astype(np.float32)
    labels = np.zeros(image.shape, np.uint8)
    labels[1:5:3, 4:25:10, 3:15], labels[1:5:3, 4:25:10, 25:37] = 1, 2
    session = LiveSession()
    session.features = FeatureSet.from_selection({"gaussian_smoothing": [1, 20]}, 3, sigmas_2d=[20])
    session.add_pair(image, labels)
    found = session.suggest_features(sizes=[2], n_folds=2).result(LONG)
    assert found.all_features.features.sigmas_2d == (20.0,)
    session.apply_suggested(found.sets[-1].features)
    assert session.features.ndim == 3
    assert session.cross_validate().result(LONG).left_out == "strokes"
    session.close()
