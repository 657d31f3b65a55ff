"""A session saved as a project and opened by another one: everything comes back, and nothing is lost."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_pixclass as px
from napari_pixclass.core import ClassInfo, FeatureSet
from napari_pixclass.io import write_tiff
from napari_pixclass.session import ArrayImage, StackedImage

from .conftest import FEATURES, LONG
from .place import Place, stored

CLASSES = [
    ClassInfo(2, "bright", "#ff0000"),
    ClassInfo(1, "dark", "#00ff00"),
    ClassInfo(9, "x", "#0000ff"),
]


@pytest.fixture
def images(image: np.ndarray, tmp_path: Path) -> list[ArrayImage]:
    return [
        stored(image, tmp_path / "a.tif", pixel_size=(0.5, 0.25)),
        stored(image[::-1].copy(), tmp_path / "b.tif", pixel_size=(0.5, 0.25)),
        ArrayImage(image + 1, pixel_size=(0.5, 0.25), name="memory"),
    ]


@pytest.fixture
def full(here: Place, images: list[ArrayImage], labels: np.ndarray) -> Place:
    """Three labelled images, and settings that are none of the defaults."""
    session = here.session
    for source, painted in zip(images, (labels, labels[::-1].copy(), labels), strict=True):
        session.add_pair(source, painted.copy())
    session.classes = CLASSES
    session.hidden_classes = {1, 9}
    session.random_state = 7
    session.outputs = {"segmentation"}
    session.target = images[1]
    session.train().result(LONG)
    return here


def test_all_of_it_comes_back(full: Place, there: Place, tmp_path: Path) -> None:
    saved = full.save(tmp_path / "p.pixproject")
    assert saved.copied == ("memory",)
    there.session.n_estimators = 3
    there.open(tmp_path / "p.pixproject")
    old, new = full.session, there.session
    assert [p.image.name for p in new.pairs] == ["a", "b", "memory"]
    assert new.classes == tuple(CLASSES)
    assert new.hidden_classes == {1, 9}
    assert new.chosen_features == old.chosen_features
    assert (new.n_estimators, new.random_state, new.outputs) == (10, 7, {"segmentation"})
    assert new.target == new.pairs[1].image
    assert new.is_classifier_current
    assert new.plan.advice is None
    assert not there.project.is_modified
    assert (there.events[0].n_images, there.events[0].missing, there.events[0].notes) == (3, (), ())
    for pair in new.pairs:
        expected = old.classifier.predict_proba(pair.image.data, spacing=(0.5, 0.25))
        found = new.classifier.predict_proba(pair.image.data, spacing=(0.5, 0.25))
        np.testing.assert_array_equal(found, expected)
    again = new.train().result(LONG)
    np.testing.assert_array_equal(
        again.predict_proba(new.pairs[0].image.data),
        old.classifier.predict_proba(new.pairs[0].image.data),
    )
    predicted, before = new.predict().result(LONG), old.predict().result(LONG)
    np.testing.assert_array_equal(predicted.segmentation, before.segmentation)


def test_a_script_trains_the_same(full: Place, tmp_path: Path, image: np.ndarray) -> None:
    full.save(tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    again, before = project.train(), full.session.classifier
    np.testing.assert_array_equal(again.predict_proba(image), before.predict_proba(image))
    assert again.class_table_ == before.class_table_
    assert project.is_current


def test_what_is_changed_is_told_and_can_be_undone(full: Place, tmp_path: Path) -> None:
    project, session, told = full.project, full.session, []
    project.changed.connect(lambda: told.append(project.is_modified))
    assert not project.is_modified  # there is none
    full.save(tmp_path / "p.pixproject")
    assert told == [False]
    labels = session.pairs[0].labels.data
    labels[0, 0] = 1
    session.labels_changed()
    labels[0, 0] = 0
    session.labels_changed()
    assert told == [False, True, False]
    for change, back in (
        (lambda: session.move_class(2, 1), lambda: session.move_class(2, 0)),
        (
            lambda: setattr(session, "outputs", {"uncertainty"}),
            lambda: setattr(session, "outputs", {"segmentation"}),
        ),
        (
            lambda: setattr(session, "features", FeatureSet.fast(2)),
            lambda: setattr(session, "features", FEATURES),
        ),
        (lambda: setattr(session, "channels", [0]), lambda: setattr(session, "channels", None)),
        (
            lambda: setattr(session, "hidden_classes", {1}),
            lambda: setattr(session, "hidden_classes", {1, 9}),
        ),
        (
            lambda: setattr(session, "target", None),
            lambda: setattr(session, "target", session.pairs[1].image),
        ),
    ):
        change()
        assert project.is_modified
        back()
        assert not project.is_modified
    session.n_estimators = 11
    assert project.is_modified
    full.save()
    assert not project.is_modified
    session.remove_pair(session.pairs[2])
    assert project.is_modified


def test_strokes_while_it_is_saved_are_changes(full: Place, tmp_path: Path) -> None:
    job = full.project.save(tmp_path / "p.pixproject")
    full.session.pairs[0].labels.data[0, 0] = 1
    full.session.labels_changed()
    job.result(LONG)
    assert full.project.is_modified
    project = px.open_project(tmp_path / "p.pixproject")
    assert project.labels[0].counts == {1: 80, 2: 80}


def test_an_old_classifier_comes_back_as_such(full: Place, there: Place, tmp_path: Path) -> None:
    full.session.pairs[0].labels.data[0, 0] = 1
    full.session.labels_changed()
    assert not full.session.is_classifier_current
    full.save(tmp_path / "p.pixproject")
    there.open(tmp_path / "p.pixproject")
    assert not there.session.is_classifier_current
    assert "have changed since the training" in str(there.session.plan.advice)
    assert not there.project.is_modified


def test_without_a_classifier_and_without_features(
    here: Place, there: Place, tmp_path: Path, image: np.ndarray, labels: np.ndarray
) -> None:
    here.session.add_pair(image, labels)
    here.session.features = None
    here.save(tmp_path / "p.pixproject")
    there.session.add_pair(image + 5, labels.copy())
    there.session.train().result(LONG)
    there.open(tmp_path / "p.pixproject")
    assert there.session.classifier is None
    assert there.session.features is None
    assert len(there.session.pairs) == 1  # what was trained on before is not any more
    assert not there.project.is_modified


def test_channels_and_their_features(
    here: Place, there: Place, tmp_path: Path, image: np.ndarray, labels: np.ndarray
) -> None:
    session = here.session
    parts = [ArrayImage(image + n, name=name) for n, name in enumerate("rgb")]
    own = FeatureSet.from_selection({"gaussian_gradient_magnitude": [1.0]})
    session.add_pair(StackedImage(parts, "together"), labels)
    session.channels, session.channel_features = [0, 2], {2: own}
    session.train().result(LONG)
    session.channels = None  # chosen since
    here.save(tmp_path / "p.pixproject")
    there.open(tmp_path / "p.pixproject")
    (pair,) = there.session.pairs
    assert isinstance(pair.image, StackedImage)
    assert (pair.image.name, [i.name for i in pair.image.images]) == ("together", ["r", "g", "b"])
    assert there.session.channels is None
    assert there.session.channel_features == {2: own}
    assert not there.session.is_classifier_current
    np.testing.assert_array_equal(
        there.session.classifier.predict_proba(np.asarray(pair.image.data)),
        session.classifier.predict_proba(np.asarray(session.pairs[0].image.data)),
    )


def test_labels_that_belong_to_two_images_still_do(
    here: Place, there: Place, tmp_path: Path, images: list[ArrayImage], labels: np.ndarray
) -> None:
    here.session.add_pair(images[0], labels)
    here.session.add_pair(images[1], labels)
    here.save(tmp_path / "p.pixproject")
    there.open(tmp_path / "p.pixproject")
    first, second = there.session.pairs
    assert first.labels == second.labels


# Images that are not there --------------------------------------------------------------------------------------------


@pytest.fixture
def moved(full: Place, tmp_path: Path) -> Path:
    """A saved project whose images have been moved away."""
    full.save(tmp_path / "p.pixproject")
    (tmp_path / "away").mkdir()
    for name in "ab":
        (tmp_path / f"{name}.tif").rename(tmp_path / "away" / f"{name}.tif")
    return tmp_path / "p.pixproject"


def test_missing_images_are_pointed_to_and_train_the_same(
    full: Place, there: Place, moved: Path, image: np.ndarray
) -> None:
    there.open(moved)
    session = there.session
    assert [p.image.name for p in session.pairs] == ["memory"]
    assert [m.image.name for m in there.arrivals.missing] == ["a", "b"]
    assert there.arrivals.missing[0].image.n_labels == 160
    assert session.is_classifier_current  # what is missing does not make it old
    assert session.plan.advice is None
    with pytest.raises(ValueError, match="'a' is missing"):
        there.project.as_python()
    write_tiff(moved.parent / "other.tif", image[:5], "YX")
    with pytest.raises(ValueError, match="must have the shape"):
        there.arrivals.supply(there.arrivals.missing[0], moved.parent / "other.tif").result(LONG)
    there.arrivals.supply(there.arrivals.missing[1], moved.parent / "away" / "b.tif").result(LONG)
    while there.arrivals.missing:  # the other one lies beside it
        session._mailbox.deliver_next(LONG)
    assert [p.image.name for p in session.pairs] == ["a", "b", "memory"]
    assert session.target == session.pairs[1].image
    assert session.is_classifier_current
    again = session.train().result(LONG)
    np.testing.assert_array_equal(
        again.predict_proba(image), full.session.classifier.predict_proba(image)
    )
    there.save()
    info = px.open_project(moved).info
    assert [source.path for source in info.sources if not source.is_copy] == [
        "../away/a.tif",
        "../away/b.tif",
    ]


def test_saving_while_images_are_missing_loses_nothing(there: Place, moved: Path) -> None:
    before = px.open_project(moved)
    there.open(moved)
    there.session.change_class(9, name="renamed")
    there.arrivals.leave_out(there.arrivals.missing[0])
    saved = there.save()
    assert saved.copied == ()
    assert not there.project.is_modified
    after = px.open_project(moved)
    assert after.labels == before.labels
    assert [i.name for i in after.training_images] == ["a", "b", "memory"]
    assert after.training_images[1].name == after.images[after.info.target].name
    assert after.classes[2].name == "renamed"
    for name in "ab":
        (moved.parent / "away" / f"{name}.tif").rename(moved.parent / f"{name}.tif")
    assert px.open_project(moved).missing == ()


def test_what_is_left_out_is_not_taken_along(there: Place, moved: Path) -> None:
    there.open(moved)
    there.arrivals.leave_out(there.arrivals.missing[0])
    there.save(moved.with_name("q.pixproject"))
    there.save()
    project = px.open_project(moved.with_name("q.pixproject"))
    assert [image.name for image in project.training_images] == ["b", "memory"]
    assert [i.name for i in px.open_project(moved).training_images] == ["a", "b", "memory"]


def test_another_image_in_its_place_is_told(there: Place, moved: Path, image: np.ndarray) -> None:
    noted: list[str] = []
    there.arrivals.noted.connect(noted.append)
    write_tiff(moved.parent / "a.tif", image + 3, "YX")
    there.open(moved)
    assert "a: its pixels are not those" in there.events[0].notes[0]
    write_tiff(moved.parent / "c.tif", image + 3, "YX")
    there.arrivals.supply(there.arrivals.missing[0], moved.parent / "c.tif").result(LONG)
    assert "b: its pixels are not those" in noted[0]


def test_an_open_image_may_be_the_one(there: Place, moved: Path, image: np.ndarray) -> None:
    there.open(moved)
    with pytest.raises(ValueError, match="must have the shape"):
        there.arrivals.use(there.arrivals.missing[0], ArrayImage(image[:4]))
    there.arrivals.use(there.arrivals.missing[0], ArrayImage(image, name="a"))
    assert [p.image.name for p in there.session.pairs] == ["a", "memory"]
    assert there.session.pairs[0].image.pixel_size == (0.5, 0.25)


# Several sessions, and things that go wrong ---------------------------------------------------------------------------


def test_two_sessions_do_not_overwrite_each_other(
    full: Place, there: Place, tmp_path: Path
) -> None:
    full.save(tmp_path / "p.pixproject")
    there.open(tmp_path / "p.pixproject")
    there.session.add_class("mine")
    there.save()
    full.session.add_class("other")
    with pytest.raises(FileExistsError, match="somebody else has saved"):
        full.save()
    assert full.project.is_modified
    with pytest.raises(FileExistsError, match="only if that is asked for"):
        there.save(full.save(tmp_path / "q.pixproject").path)
    full.save(tmp_path / "p.pixproject", overwrite=True)
    assert [c.name for c in px.open_project(tmp_path / "p.pixproject").classes][-1] == "other"


def test_a_saving_that_is_overtaken_or_cancelled_at_its_end(full: Place, tmp_path: Path) -> None:
    """It has been written, and nobody has heard of it: the next one is no other's."""
    full.save(tmp_path / "p.pixproject")
    first = full.project.save()
    # It is done, and nobody has heard of it.
    full.session._exchanging._executor.submit(lambda: None).result()
    second = full.project.save()
    assert first.cancelled
    second.result(LONG)
    full.session.add_class("one more")
    full.save()
    assert not full.project.is_modified


def test_a_saving_is_finished_when_the_session_is_closed(full: Place, tmp_path: Path) -> None:
    full.project.save(tmp_path / "p.pixproject")
    worker = full.session._exchanging._executor
    full.session.close()
    worker.shutdown(wait=True)  # as the interpreter does at its end
    assert len(px.open_project(tmp_path / "p.pixproject").labels) == 3


def test_a_project_that_is_gone_is_written_anew(full: Place, tmp_path: Path) -> None:
    import shutil

    full.save(tmp_path / "p.pixproject")
    shutil.rmtree(tmp_path / "p.pixproject")
    saved = full.save()
    assert saved.copied == ("memory",)
    assert px.open_project(tmp_path / "p.pixproject").missing == ()


def test_no_name_and_wrong_names(full: Place, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        full.project.save()
    with pytest.raises(ValueError, match=r"must end in .pixproject"):
        full.save(tmp_path / "p")
    with pytest.raises(FileNotFoundError, match="folder of a file to write must exist"):
        full.save(tmp_path / "none" / "p.pixproject")
    assert full.project.path is None
    with pytest.raises(FileNotFoundError, match="must hold its description"):
        full.arrivals.open_project(tmp_path).result(LONG)
    with pytest.raises(ValueError, match="files to open must end in"):
        full.arrivals.open(tmp_path)
    assert len(full.session.pairs) == 3  # a project that cannot be opened changes nothing


def test_damaged_projects_change_nothing(full: Place, tmp_path: Path) -> None:
    path = tmp_path / "p.pixproject"
    full.save(path)
    (path / "classifier.pixclass").write_bytes(b"nothing")
    with pytest.raises(px.ModelFileError):
        full.open(path)
    next((path / "labels").iterdir()).write_bytes(b"nothing")
    with pytest.raises(px.ProjectError):
        full.open(path)
    assert len(full.session.pairs) == 3
    assert full.session.is_classifier_current


def test_settings_that_are_not_understood_are_told(
    full: Place, there: Place, tmp_path: Path
) -> None:
    path = tmp_path / "p.pixproject"
    full.save(path)
    values = json.loads((path / "project.json").read_text())
    values["session"] = {"live_update": "yes", "outputs": ["segmentation"], "later": 1}
    (path / "project.json").write_text(json.dumps(values))
    there.open(path)
    notes = there.events[0].notes
    assert "'live_update' has a value that it cannot have" in notes[0]
    assert "'later' of a newer version is left out" in notes[1]
    assert there.session.outputs == {"segmentation"}
    assert not there.session.live_update


def test_images_are_copied_as_before(full: Place, there: Place, tmp_path: Path) -> None:
    path = tmp_path / "p.pixproject"
    full.save(path, copy_images=True)
    assert all(source.is_copy for source in px.open_project(path).info.sources)
    times = {p: p.stat().st_mtime_ns for p in (path / "images").iterdir()}
    full.session.add_class()
    full.save()
    assert {p: p.stat().st_mtime_ns for p in (path / "images").iterdir()} == times
    for name in "ab":
        (tmp_path / f"{name}.tif").unlink()
    full.save()  # the copies are all that is left of them
    there.open(path)
    assert there.project.copies_images
    assert there.arrivals.missing == ()
    assert len(there.session.pairs) == 3


def test_live_update_goes_on_where_it_was(full: Place, there: Place, tmp_path: Path) -> None:
    full.session.live_update = True
    while full.session.job is not None:
        full.session._mailbox.deliver_next(LONG)
    before = full.session.classifier
    full.save(tmp_path / "p.pixproject")
    trained: list[Any] = []
    there.session.trained.connect(trained.append)
    there.open(tmp_path / "p.pixproject")
    assert there.session.live_update
    while there.session.job is not None:
        there.session._mailbox.deliver_next(LONG)
    assert trained == []  # nothing has changed
    np.testing.assert_array_equal(
        there.session.classifier.predict_proba(full.session.pairs[0].image.data),
        before.predict_proba(full.session.pairs[0].image.data),
    )
    assert there.session.live_result is not None


def test_the_project_keeps_no_image_alive(full: Place, there: Place, tmp_path: Path) -> None:
    full.save(tmp_path / "p.pixproject")
    there.open(tmp_path / "p.pixproject")
    there.session.target = None
    alive = [weakref.ref(pair.image.data) for pair in there.session.pairs]
    for pair in there.session.pairs:
        there.session.remove_pair(pair)
        there.session.forget_image(pair.image)
    del pair
    gc.collect()
    assert [reference() is None for reference in alive] == [True] * 3


def test_as_python_of_a_session(
    full: Place, tmp_path: Path, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="no file holds 'memory'"):
        full.project.as_python().result(LONG)
    full.save(tmp_path / "p.pixproject")
    monkeypatch.chdir(tmp_path)

    def run(script: str) -> np.ndarray:
        names: dict[str, Any] = {}
        exec(compile(script, "script.py", "exec"), names)
        found: np.ndarray = names["probabilities"][0]
        return found

    saved = full.project.as_python().result(LONG)
    assert "project.labels" in saved
    expected = full.session.classifier.predict_proba(image)
    np.testing.assert_array_equal(run(saved), expected)
    full.session.change_class(9, name="other")  # not saved: the labels become part of the script
    changed = full.project.as_python().result(LONG)
    assert "labels_from" in changed
    np.testing.assert_array_equal(run(changed), expected)
    for pair in full.session.pairs:
        full.session.remove_pair(pair)
    with pytest.raises(ValueError, match=r"image|labels"):
        full.project.as_python()
