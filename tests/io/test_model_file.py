"""A saved classifier comes back as it was, and nothing else is accepted as one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier
from tests.io.small import FEATURES, make_image, make_labels

import napari_pixclass as px
from napari_pixclass.core import ClassInfo
from napari_pixclass.io import inspect_model, load_model, save_model


def saved_and_loaded(classifier: px.PixelClassifier, folder: Path) -> px.PixelClassifier:
    classifier.save(folder / "model.pixclass")
    return px.load(folder / "model.pixclass")


@pytest.mark.parametrize("values", [(1, 2), (1, 3), (2, 7, 200), (5,)])
def test_probabilities_are_bit_equal(tmp_path: Path, values: tuple[int, ...]) -> None:
    image = make_image((30, 40))
    classifier = px.PixelClassifier(FEATURES, n_estimators=7, random_state=3)
    classifier.fit(image, make_labels(image.shape, values))
    loaded = saved_and_loaded(classifier, tmp_path)
    np.testing.assert_array_equal(loaded.predict_proba(image), classifier.predict_proba(image))
    np.testing.assert_array_equal(loaded.predict(image), classifier.predict(image))
    assert loaded.predict(image).dtype == classifier.predict(image).dtype
    assert loaded.classes_.tolist() == list(values)
    assert loaded.n_samples_ == classifier.n_samples_


def test_colour_images_and_spacing_survive(tmp_path: Path) -> None:
    image = make_image((3, 24, 28))
    classifier = px.PixelClassifier(FEATURES, n_estimators=4)
    classifier.fit(image, make_labels((24, 28)), channel_axis=0, spacing=(2.0, 0.5))
    loaded = saved_and_loaded(classifier, tmp_path)
    assert (loaded.n_channels_, loaded.channel_axis_, loaded.spacing_) == (3, 0, (2.0, 0.5))
    assert loaded.features_ == FEATURES
    np.testing.assert_array_equal(loaded.predict_proba(image), classifier.predict_proba(image))


@pytest.mark.parametrize("places", [(0, None, 1), (None, 0, 0), (1, 0, 1), (None, None, 0)])
def test_features_of_each_channel_survive(tmp_path: Path, places: tuple[int | None, ...]) -> None:
    sets = (FEATURES, px.FeatureSet.from_selection({"laplacian_of_gaussian": [1.0, 3.5]}))
    channels = tuple(None if place is None else sets[place] for place in places)
    image = make_image((24, 28, 3))
    classifier = px.PixelClassifier(list(channels), n_estimators=4)
    classifier.fit(image, make_labels((24, 28)), channel_axis=-1)
    loaded = saved_and_loaded(classifier, tmp_path)
    assert loaded.features_ == classifier.features_ == channels
    assert loaded.halo == classifier.halo
    np.testing.assert_array_equal(loaded.predict_proba(image), classifier.predict_proba(image))
    expected = classifier.predict_proba(image)
    loaded.fit(image, make_labels((24, 28)), channel_axis=-1)
    np.testing.assert_array_equal(loaded.predict_proba(image), expected)
    assert inspect_model(tmp_path / "model.pixclass").format_version == 2


def test_the_same_features_for_each_channel_are_saved_as_one_set(tmp_path: Path) -> None:
    image = make_image((24, 28, 2))
    classifier = px.PixelClassifier([FEATURES, FEATURES], n_estimators=2)
    classifier.fit(image, make_labels((24, 28)), channel_axis=-1)
    assert saved_and_loaded(classifier, tmp_path).features_ == FEATURES
    assert inspect_model(tmp_path / "model.pixclass").format_version == 1


def test_volumes_survive(tmp_path: Path) -> None:
    image = make_image((6, 16, 20))
    features = px.FeatureSet.from_selection(
        {"gaussian_smoothing": [1.0], "structure_tensor_eigenvalues": [0.7, 1.0]},
        3,
        sigmas_2d=[0.7],
    )
    classifier = px.PixelClassifier(features, n_estimators=4)
    classifier.fit(image, make_labels(image.shape), spacing=(3.0, 1.0, 1.0))
    loaded = saved_and_loaded(classifier, tmp_path)
    assert loaded.features_ == features
    np.testing.assert_array_equal(loaded.predict_proba(image), classifier.predict_proba(image))


def test_parameters_and_class_table_survive(tmp_path: Path, classifier: px.PixelClassifier) -> None:
    table = (
        ClassInfo(1, "Zellkern \N{GREEK SMALL LETTER ALPHA}", "#102030"),
        ClassInfo(2, "核 200 " + "x" * 194, "#ffffff"),
    )
    image = make_image((24, 32))
    named = px.PixelClassifier(FEATURES, n_estimators=6, random_state=None, n_jobs=1)
    named.fit(image, make_labels(image.shape))
    named.class_table_ = table
    loaded = saved_and_loaded(named, tmp_path)
    assert loaded.class_table_ == table
    assert loaded.get_params() == {**named.get_params(), "n_jobs": None}


def test_the_estimator_is_a_real_forest(tmp_path: Path, classifier: px.PixelClassifier) -> None:
    loaded = saved_and_loaded(classifier, tmp_path)
    assert type(loaded.estimator_) is ExtraTreesClassifier
    X = np.random.default_rng(0).normal(size=(50, len(FEATURES))).astype(np.float32)
    np.testing.assert_array_equal(
        loaded.estimator_.predict_proba(X), classifier.estimator_.predict_proba(X)
    )


def test_a_loaded_classifier_trains_the_same_forest(
    tmp_path: Path, classifier: px.PixelClassifier
) -> None:
    loaded = saved_and_loaded(classifier, tmp_path)
    image = make_image((24, 32))
    loaded.fit(image, make_labels(image.shape))
    np.testing.assert_array_equal(loaded.predict_proba(image), classifier.predict_proba(image))


def test_a_forest_of_the_user_keeps_its_parameters(tmp_path: Path) -> None:
    image = make_image((24, 32))
    labels = make_labels(image.shape)
    forest = ExtraTreesClassifier(n_estimators=6, min_samples_leaf=3, random_state=np.int64(5))
    classifier = px.PixelClassifier(FEATURES, estimator=forest).fit(image, labels)
    expected = classifier.predict_proba(image)
    loaded = saved_and_loaded(classifier, tmp_path)
    assert type(loaded.estimator_) is ExtraTreesClassifier
    np.testing.assert_array_equal(loaded.predict_proba(image), expected)
    assert loaded.estimator.min_samples_leaf == 3
    np.testing.assert_array_equal(loaded.fit(image, labels).predict_proba(image), expected)


def test_saving_again_gives_the_same_forest(tmp_path: Path, classifier: px.PixelClassifier) -> None:
    loaded = saved_and_loaded(classifier, tmp_path)
    assert loaded.state.forest is not None
    for name in ("feature", "threshold", "value", "impurity", "n_node_samples"):
        np.testing.assert_array_equal(
            getattr(loaded.state.forest, name), getattr(classifier.state.forest, name)
        )


def test_a_generator_as_seed_is_saved_as_no_seed(tmp_path: Path) -> None:
    image = make_image((24, 32))
    classifier = px.PixelClassifier(
        FEATURES,
        n_estimators=3,
        random_state=np.random.RandomState(0),
    )
    classifier.fit(image, make_labels(image.shape))
    assert saved_and_loaded(classifier, tmp_path).random_state is None


def test_unfitted_classifiers_and_other_estimators_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="must be trained"):
        px.PixelClassifier(FEATURES).save(tmp_path / "model.pixclass")
    image = make_image((24, 32))
    neighbours = px.PixelClassifier(FEATURES, estimator=KNeighborsClassifier(3))
    neighbours.fit(image, make_labels(image.shape))
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\. Train it with RandomForest"):
        neighbours.save(tmp_path / "model.pixclass")
    weighted = px.PixelClassifier(
        FEATURES, estimator=RandomForestClassifier(3, class_weight={1: 2.0, 2: 1.0})
    )
    weighted.fit(image, make_labels(image.shape))
    with pytest.raises(TypeError, match="class_weight"):
        weighted.save(tmp_path / "model.pixclass")
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    image = make_image((24, 32))
    trees = RandomForestClassifier(3)
    classifier = px.PixelClassifier(FEATURES, estimator=trees)
    classifier.fit(image, make_labels(image.shape))
    trees.set_params(n_jobs=10**6)
    with pytest.raises(ValueError, match=r"one that can be loaded; .*'n_jobs' of the estimator"):
        classifier.save(tmp_path / "model.pixclass")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [str, Path])
def test_the_file_has_exactly_the_name_given(
    tmp_path: Path, classifier: px.PixelClassifier, kind: type
) -> None:
    save_model(classifier, kind(tmp_path / "no suffix"))
    assert [path.name for path in tmp_path.iterdir()] == ["no suffix"]
    assert type(load_model(kind(tmp_path / "no suffix"), px.PixelClassifier)) is px.PixelClassifier


def test_an_older_file_stays_when_saving_fails(
    tmp_path: Path, classifier: px.PixelClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pixclass"
    path.write_bytes(b"precious")

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        classifier.save(path)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path, classifier: px.PixelClassifier) -> None:
    real, link = tmp_path / "real.pixclass", tmp_path / "link.pixclass"
    link.symlink_to(real)
    classifier.save(link)
    assert link.is_symlink()
    assert px.load(real).n_channels_ == 1


def test_places_that_cannot_be_written_are_named(
    tmp_path: Path, classifier: px.PixelClassifier
) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere' first"):
        classifier.save(tmp_path / "nowhere" / "model.pixclass")
    with pytest.raises(IsADirectoryError, match="must not be a folder"):
        classifier.save(tmp_path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no '.*nothing\.pixclass'"):
        px.load(tmp_path / "nothing.pixclass")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        px.load(tmp_path)


def test_info_tells_what_is_in_the_file(tmp_path: Path, classifier: px.PixelClassifier) -> None:
    classifier.save(tmp_path / "model.pixclass")
    info = inspect_model(tmp_path / "model.pixclass")
    assert info.features.common == FEATURES
    assert info.format_version == 1, "older programs can read it"
    assert info.n_samples == (24, 24)
    assert info.n_trees == 5
    assert info.n_nodes == classifier.state.forest.n_nodes
    assert info.versions["napari-pixclass"] == px.__version__
    assert info.created.endswith("+00:00")
