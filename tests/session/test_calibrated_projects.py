"""What a project knows of the quality: the calibration comes back, figures of other labels are not its own."""

from __future__ import annotations

import json
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, FeatureSet

from .conftest import LONG
from .place import Place, stored


@pytest.fixture
def image() -> np.ndarray:
    """Two halves that are hard to tell."""
    rng = np.random.default_rng(0)
    return (np.where(np.arange(60) < 30, 0, 1) + rng.normal(size=(50, 60))).astype(np.float32)


@pytest.fixture
def labels() -> np.ndarray:
    """Six strokes on each."""
    labels = np.zeros((50, 60), np.uint8)
    labels[4:48:8, 5:20] = 1
    labels[4:48:8, 40:55] = 2
    return labels


@pytest.fixture
def full(here: Place, image: np.ndarray, labels: np.ndarray, tmp_path: Path) -> Place:
    """A labelled image with a file, cross-validated and trained."""
    here.session.add_pair(stored(image, tmp_path / "a.tif"), labels)
    here.session.cross_validate().result(LONG)
    here.session.train().result(LONG)
    return here


def probabilities(place: Place) -> np.ndarray:
    return np.asarray(place.session.predict().result(LONG).probabilities)


@pytest.mark.parametrize("is_on", [True, False])
def test_probabilities_are_those_that_they_were(
    full: Place, there: Place, tmp_path: Path, is_on: bool
) -> None:
    full.session.calibrate = is_on
    full.save(tmp_path / "p.pixproject")
    there.session.restore_calibration(not is_on, 3.0)
    there.open(tmp_path / "p.pixproject")
    old, new = full.session, there.session
    assert new.found_sharpness == old.cross_validation.sharpness != 1
    assert (new.calibrate, new.sharpness) == (is_on, old.sharpness)
    assert new.is_classifier_current
    assert not there.project.is_modified
    before = probabilities(full)
    np.testing.assert_array_equal(probabilities(there), before)
    new.train().result(LONG)
    np.testing.assert_array_equal(probabilities(there), before)
    project = px.open_project(tmp_path / "p.pixproject")
    data = project.images[0].data
    for classifier in (project.classifier, project.train()):
        assert classifier.sharpness_ == project.sharpness == old.sharpness
        np.testing.assert_array_equal(classifier.predict_proba(data), np.asarray(before))
    new.calibrate = not is_on  # nothing has to be found out again
    old.calibrate = not is_on
    np.testing.assert_array_equal(probabilities(there), probabilities(full))


def test_without_a_classifier(
    here: Place, there: Place, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    here.session.add_pair(stored(image, tmp_path / "a.tif"), labels)
    here.session.calibrate = True
    here.save(tmp_path / "asked for.pixproject")
    here.session.cross_validate().result(LONG)
    assert here.project.is_modified
    here.save(tmp_path / "found.pixproject")
    there.open(tmp_path / "asked for.pixproject")
    assert (there.session.calibrate, there.session.sharpness) == (True, 1)
    there.open(tmp_path / "found.pixproject")
    assert there.session.classifier is None
    assert there.session.sharpness == here.session.sharpness != 1
    here.session.train().result(LONG)
    there.session.train().result(LONG)
    np.testing.assert_array_equal(probabilities(there), probabilities(here))


def test_a_classifier_that_was_put_in_its_place_is_taken_as_it_is(
    full: Place, there: Place, tmp_path: Path
) -> None:
    full.session.calibrate = True
    full.save(tmp_path / "p.pixproject")
    for sharpness in (2.5, 1):
        other = full.session.classifier.calibrated(sharpness)
        other.save(tmp_path / "p.pixproject" / "classifier.pixclass")
        there.open(tmp_path / "p.pixproject")
        assert there.session.classifier.sharpness_ == there.session.sharpness == sharpness
        assert there.session.calibrate == (sharpness != 1)
        assert not there.session.is_classifier_current


def test_only_what_is_applied_is_a_change(full: Place, tmp_path: Path) -> None:
    session, told = full.session, []
    full.save(tmp_path / "p.pixproject")
    full.project.changed.connect(lambda: told.append(full.project.is_modified))
    session.cross_validate(n_folds=2).result(LONG)
    assert told == []
    session.calibrate = True
    assert told == [True]
    full.save()
    assert told == [True, False]
    session.cross_validate(n_folds=3).result(LONG)
    assert told == [True, False, True]  # another power
    saved = json.loads((tmp_path / "p.pixproject" / "project.json").read_text())
    assert saved["calibration"] == {
        "is_applied": True,
        "sharpness": px.open_project(tmp_path / "p.pixproject").classifier.sharpness_,
    }


def test_the_script_of_a_session(
    full: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.session.calibrate = True
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for is_saved in (False, True):
        if is_saved:
            full.save(tmp_path / "p.pixproject")
        script = full.project.as_python().result(LONG)
        assert ("open_project" in script) is is_saved
        names: dict[str, Any] = {}
        exec(compile(script, "script.py", "exec"), names)
        np.testing.assert_array_equal(names["probabilities"][0], probabilities(full))


def test_figures_of_what_was_there_before(
    full: Place, there: Place, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    full.session.classes = [ClassInfo(1, "dark", "#00ff00"), ClassInfo(2, "bright", "#ff0000")]
    full.session.calibrate = True
    full.save(tmp_path / "p.pixproject")
    new = there.session
    new.add_pair(image + 1, labels[::-1].copy())
    mine = [ClassInfo(1, "mine", "#0000ff"), ClassInfo(2, "yours", "#00ffff")]
    new.classes = mine
    new.cross_validate().result(LONG)
    suggested = new.suggest_features(sizes=(1,)).result(LONG).recommended.features
    before = new.cross_validation.to_dict()
    new.apply_suggested(full.session.features)
    there.open(tmp_path / "p.pixproject")
    assert new.sharpness == full.session.sharpness  # what it has found itself is of other labels
    assert not new.cross_validation_is_current
    assert not new.suggestions_are_current
    assert new.cross_validation.to_dict() == before
    assert new.cross_validation.classes == tuple(mine)
    assert new.classes == full.session.classes
    assert not new.can_undo_suggested  # although that very set is chosen
    new.apply_suggested(suggested)
    new.undo_suggested()
    assert new.features == full.session.features
    new.cross_validate().result(LONG)
    assert new.cross_validation_is_current
    assert [info.name for info in new.cross_validation.classes] == ["dark", "bright"]
    new.change_class(1, name="black")
    assert new.cross_validation.classes[0].name == "black"


def test_what_is_being_tried_when_it_is_opened(
    full: Place, there: Place, image: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    """A power that was found from other labels must not reach a classifier of these."""
    full.session.calibrate = True
    full.save(tmp_path / "p.pixproject")
    there.session.features = FeatureSet.all(2)
    there.session.add_pair(image + 1, labels[::-1].copy())
    jobs = [there.session.cross_validate(), there.session.suggest_features()]
    there.open(tmp_path / "p.pixproject")
    for job in jobs:
        with pytest.raises(CancelledError):
            job.result(LONG)
    assert there.session.cross_validation is None
    assert there.session.classifier.sharpness_ == full.session.sharpness
    np.testing.assert_array_equal(probabilities(there), probabilities(full))
