"""Importing projects that are written here: kept or retrained, with all that a classifier needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from tests.io.ilp import ROWS, SIGMAS, Lane, Stump, write_old_project, write_project

import napari_pixclass as px
from napari_pixclass.ilastik import import_project, kept_classifier, open_project

SHAPE = (24, 30)
IMAGE = np.random.default_rng(0).integers(0, 255, (*SHAPE, 2)).astype(np.uint8)
LABELS = np.zeros(SHAPE, dtype=np.uint8)
LABELS[2:20, 3] = 1
LABELS[2:20, -4] = 2
COLOURS = ((255, 225, 25), (0, 130, 200), (230, 25, 75))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds grey.tif and channels.tif."""
    tifffile.imwrite(tmp_path / "grey.tif", IMAGE[..., 0])
    tifffile.imwrite(
        tmp_path / "channels.tif",
        np.moveaxis(IMAGE, -1, 0),
        metadata={"axes": "CYX"},
        photometric="minisblack",
    )
    return tmp_path


GREY = Lane("grey.tif", "yx", SHAPE, LABELS)
CHANNELS = Lane("channels.tif", "cyx", (2, *SHAPE), LABELS)
STUMP: Stump = (0, 120.0, (1.0, 0.0), (0.25, 0.75))


# The classifier as it is ----------------------------------------------------------------------------------------------


def test_the_forest_predicts_from_the_features_of_ilastik(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [GREY], stumps=[STUMP])
    classifier, report = import_project(path, mode="keep")
    features = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]}, dialect="ilastik")
    assert classifier.features_ == features
    smoothed = px.compute_features(IMAGE[..., 0], features)[..., 0]
    expected = np.where((smoothed < 120)[..., np.newaxis], (1.0, 0.0), (0.25, 0.75))
    np.testing.assert_allclose(classifier.predict_proba(IMAGE[..., 0]), expected)
    assert classifier.n_samples_ == (18, 18)
    assert report.mode == "keep"
    assert report.n_trees == 1


def test_columns_follow_the_table_then_channels_then_eigenvalues(folder: Path) -> None:
    rows = (*ROWS[::-1],)
    cells = [("HessianOfGaussianEigenvalues", 1.6), ("GaussianSmoothing", 0.7)]
    features = px.FeatureSet.from_selection(
        {"hessian_of_gaussian_eigenvalues": [1.6], "gaussian_smoothing": [0.7]}, dialect="ilastik"
    )
    ours = px.compute_features(IMAGE, features, channel_axis=-1)
    # Theirs: Hessian of channel 0 (2), of channel 1 (2), smoothed channel 0, smoothed channel 1.
    # Ours: channel 0 smoothed, Hessian (2); channel 1 likewise.
    for theirs, own in ((1, 2), (2, 4), (4, 0), (5, 3)):
        threshold = float(np.median(ours[..., own]))
        path = write_project(
            folder / "p.ilp",
            [CHANNELS],
            rows=rows,
            cells=cells,
            stumps=[(theirs, threshold, (1, 0), (0, 1))],
            n_features=6,
        )
        classifier = kept_classifier(open_project(path))
        assert (classifier.n_channels_, classifier.channel_axis_) == (2, -3)
        expected = np.where(ours[..., own] < threshold, 1, 2)
        np.testing.assert_array_equal(classifier.predict(IMAGE, channel_axis=-1), expected)


def test_it_is_saved_and_loaded(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [GREY], stumps=[STUMP] * 3, colors=COLOURS[:2])
    classifier, _ = px.import_ilastik(path, mode="keep")
    classifier.save(folder / "m.pixclass")
    loaded = px.load(folder / "m.pixclass")
    assert [info.color for info in loaded.class_table_] == ["#ffe119", "#0082c8"]
    np.testing.assert_array_equal(
        loaded.predict_proba(IMAGE[..., 0]), classifier.predict_proba(IMAGE[..., 0])
    )


def test_classes_without_labels_stay(folder: Path) -> None:
    path = write_project(
        folder / "p.ilp", [GREY], names=["a", "b", "c"], colors=COLOURS, stumps=[STUMP]
    )
    classifier, report = import_project(path, mode="keep")
    assert classifier.classes_.tolist() == [1, 2, 3]
    assert classifier.n_samples_ == (18, 18, 0)
    assert not classifier.predict_proba(IMAGE[..., 0])[..., 2].any()
    assert report.notes == ()


def test_no_image_is_needed(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p.ilp", [GREY], stumps=[STUMP])
    classifier, report = import_project(path)
    assert (report.mode, report.n_found) == ("keep", 0)
    assert "none of the images with labels was found" in report.reason
    assert any("Its 36 labels are not used" in note for note in report.notes)
    assert classifier.predict(IMAGE[..., 0]).shape == SHAPE
    empty = write_project(tmp_path / "q.ilp", stumps=[(1, 9.0, (1, 0), (0, 1))], n_features=3)
    classifier, report = import_project(empty)
    assert (classifier.n_channels_, classifier.channel_axis_) == (3, -1)
    assert "there are no labels" in report.reason


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({}, "holds none that was trained"),
        (
            {"stumps": [STUMP], "n_features": 3},
            "trained on 3 features, the project's choice gives 1",
        ),
        ({"stumps": [(5, 1.0, (1, 0), (0, 1))]}, "the forest is damaged"),
    ],
)
def test_classifiers_that_cannot_be_kept(
    folder: Path, options: dict[str, object], rule: str
) -> None:
    path = write_project(folder / "p.ilp", [GREY], **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=rule):
        import_project(path, mode="keep")


def test_names_of_features_must_fit_the_choice(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [GREY], stumps=[STUMP])
    for name, fits in (
        ("Gaussian Smoothing (\u03c3=1.0) in 2D", True),
        ("Gaussian Smoothing (\u03c3=1.6) in 2D", False),
        ("Laplacian of Gaussian (\u03c3=1.0)", False),
        ("Gaussian Smoothing (\u03c3=1.04)", True),  # a scale of one's own, rounded
        ("something else", True),  # nothing can be told from it
    ):
        with h5py.File(path, "r+") as file:
            group = file["PixelClassification/ClassifierForests"]
            if "feature_names" in group:
                del group["feature_names"]
            group["feature_names"] = np.array([name.encode()])
        if fits:
            kept_classifier(open_project(path))
        else:
            with pytest.raises(ValueError, match="is another one in the project's choice"):
                kept_classifier(open_project(path))


@pytest.mark.parametrize(("version", "dialect"), [("1.2.2", "ilastik-vigra"), ("1.4.0", "ilastik")])
def test_the_structure_tensor_is_guessed_where_no_label_tells(
    tmp_path: Path, version: str, dialect: str
) -> None:
    cells = [("StructureTensorEigenvalues", 1.6)]
    path = write_project(
        tmp_path / "p.ilp", [GREY], version=version, cells=cells, stumps=[STUMP], n_features=2
    )
    classifier, report = import_project(path)
    assert classifier.features_.dialect == dialect
    assert any("structure tensor in two ways" in note for note in report.notes)


# Retraining -----------------------------------------------------------------------------------------------------------


def test_retrained_on_the_labels_of_all_images(folder: Path) -> None:
    second = Lane("channels.tif", "cyx", (2, *SHAPE), LABELS[::-1, ::-1])
    path = write_project(folder / "p.ilp", [CHANNELS, second], stumps=[STUMP], colors=COLOURS[:2])
    classifier, report = import_project(path, n_estimators=5, random_state=3)
    features = px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]})
    expected = px.PixelClassifier(features, n_estimators=5, random_state=3).fit(
        [IMAGE, IMAGE], [LABELS, LABELS[::-1, ::-1]], channel_axis=-1
    )
    np.testing.assert_array_equal(
        classifier.predict_proba(IMAGE, channel_axis=-1), expected.predict_proba(IMAGE)
    )
    assert [info.color for info in classifier.class_table_] == ["#ffe119", "#0082c8"]
    assert (report.mode, report.reason, report.n_found) == ("retrain", "", 2)
    assert report.counts == {1: 36, 2: 36}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("project", px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]})),
        ("fast", px.FeatureSet.fast(2)),
        ("all", px.FeatureSet.all(2)),
        (px.FeatureSet.fast(2), px.FeatureSet.fast(2)),
    ],
)
def test_features_to_train_on(folder: Path, choice: object, expected: px.FeatureSet) -> None:
    path = write_project(folder / "p.ilp", [GREY])
    classifier, report = import_project(path, features=choice, n_estimators=2)  # type: ignore[arg-type]
    assert classifier.features_ == expected
    assert report.features.startswith(f"{len(expected)} (2D): ")


def test_projects_that_have_chosen_no_features(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [GREY], cells=[])
    classifier, report = import_project(path, n_estimators=2)
    assert classifier.features_ == px.FeatureSet.default(2)
    assert "the project has chosen none" in report.features


def test_classes_without_labels_are_not_predicted(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [GREY], names=["a", "b", "c"], colors=COLOURS)
    classifier, report = import_project(path, n_estimators=2)
    assert classifier.classes_.tolist() == [1, 2]
    assert report.notes == ("Class 3 (c) has no labels to train on: it is not predicted.",)
    assert "              3                0  #e6194b  c" in report.lines()


def test_some_images_are_missing(folder: Path) -> None:
    lost = [Lane("lost.tif", "yx", SHAPE, LABELS, nickname=f"lost {n}") for n in range(2)]
    lost[1].labels = None
    path = write_project(folder / "p.ilp", [GREY, *lost])
    classifier, report = import_project(path, n_estimators=2)
    assert classifier.n_samples_ == (18, 18)
    assert report.notes == (
        "The image 'lost 0' is missing: there is no file 'lost.tif'. Its 36 labels are not used.",
        "1 image without labels missing: of 'lost 1', there is no file 'lost.tif'.",
    )
    text = str(report)
    assert "images    3 in the project, 1 found, 2 with labels" in text
    assert "             36 labels  grey.tif\n" in text
    assert "             36 labels  lost 0 (missing)\n" in text
    with pytest.raises(ValueError, match=r"none was found: 'lost' \(there is no file 'lost.tif'\)"):
        import_project(
            write_project(
                folder / "q.ilp", [Lane("lost.tif", "yx", SHAPE, LABELS, nickname="lost")]
            ),
            mode="retrain",
        )


def test_another_image_under_the_same_name(folder: Path) -> None:
    lane = Lane("grey.tif", "yx", (24, 29), LABELS[:, :29])
    opened = open_project(write_project(folder / "p.ilp", [lane]))
    (image,) = opened.images
    assert image.image is None
    assert image.labels is not None
    assert "of 29 pixels along X; this one has 30" in image.problem


def test_nothing_to_make_a_classifier_of(folder: Path) -> None:
    path = write_project(folder / "p.ilp", [Lane("grey.tif", "yx", SHAPE)])
    with pytest.raises(ValueError, match=r"'p.ilp' holds none\. Paint a stroke of each class"):
        import_project(path)
    with pytest.raises(ValueError, match="mode must be 'keep', 'retrain' or None; got 'both'"):
        import_project(path, mode="both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="features must be 'project', 'all'"):
        open_project(path).features("most")  # type: ignore[arg-type]


def test_channels_of_one_image_last_and_of_another_first(folder: Path) -> None:
    with h5py.File(folder / "a.h5", "w") as file:
        file["data"] = IMAGE
    last = Lane("a.h5/data", "yxc", IMAGE.shape, LABELS)
    classifier, _ = import_project(
        write_project(folder / "p.ilp", [CHANNELS, last]), n_estimators=2
    )
    assert (classifier.channel_axis_, classifier.n_samples_) == (-1, (36, 36))
    grey = Lane("grey.tif", "yx", SHAPE, LABELS)
    with pytest.raises(ValueError, match="same number of channels"):
        import_project(write_project(folder / "q.ilp", [CHANNELS, grey]), n_estimators=2)


def test_one_channel_with_and_without_an_axis(folder: Path) -> None:
    with h5py.File(folder / "a.h5", "w") as file:
        file["data"] = IMAGE[..., :1]
    lanes = [GREY, Lane("a.h5/data", "yxc", (*SHAPE, 1), LABELS)]
    classifier, _ = import_project(write_project(folder / "p.ilp", lanes), n_estimators=2)
    assert classifier.n_samples_ == (36, 36)
    assert classifier.predict(IMAGE[..., :1]).shape == SHAPE


# Plane or volume ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axes", "in_2d", "ndim", "planar"),
    [
        ("zyx", [False] * 7, 3, ()),
        ("zyx", [True] * 7, 2, ()),
        ("zyx", [s < 1 for s in SIGMAS], 3, (0.7,)),
        ("zyx", None, 3, ()),
        ("tyx", None, 2, ()),
    ],
)
def test_filters_run_in_the_plane_or_in_the_volume(
    tmp_path: Path, axes: str, in_2d: Sequence[bool] | None, ndim: int, planar: tuple[float, ...]
) -> None:
    volume = np.repeat(IMAGE[np.newaxis, ..., 0], 4, axis=0)
    labels = np.repeat(LABELS[np.newaxis], 4, axis=0)
    lane = Lane(axes=axes, shape=None, embedded=volume, labels=labels)
    path = write_project(
        tmp_path / "p.ilp",
        [lane],
        in_2d=in_2d,
        cells=[("GaussianSmoothing", 0.7), ("GaussianSmoothing", 1.6)],
        stumps=[STUMP],
        n_features=2,
    )
    for mode in ("keep", "retrain"):
        classifier, report = import_project(path, mode=mode, n_estimators=2)  # type: ignore[arg-type]
        assert (classifier.features_.ndim, classifier.features_.sigmas_2d) == (ndim, planar)
        assert classifier.predict(volume).shape == volume.shape
        assert "in the project)" in str(report)


def test_an_axis_of_one_plane_is_no_volume(tmp_path: Path) -> None:
    lane = Lane(axes="zyx", shape=None, embedded=IMAGE[np.newaxis, ..., 0], labels=LABELS[None])
    path = write_project(tmp_path / "p.ilp", [lane], in_2d=None, stumps=[STUMP])
    classifier, _ = import_project(path, mode="keep")
    assert classifier.features_.ndim == 2
    assert classifier.predict(IMAGE[..., 0]).shape == SHAPE


def test_old_projects_without_images_say_the_dimension_by_the_number_of_features(
    tmp_path: Path,
) -> None:
    # In the volume the Hessian has three eigenvalues; nothing else tells.
    lane = Lane("lost.tif", "tzyx", None)
    for n_features, ndim in ((2, 2), (3, 3)):
        path = write_project(
            tmp_path / "p.ilp",
            [lane],
            version="1.2.0",
            in_2d=None,
            cells=[("HessianOfGaussianEigenvalues", 1.0)],
            stumps=[(1, 0.0, (1, 0), (0, 1))],
            n_features=n_features,
        )
        classifier, _ = import_project(path)
        assert classifier.features_.ndim == ndim


def test_ilastik_0_5(tmp_path: Path) -> None:
    labels = LABELS[np.newaxis, np.newaxis, ..., np.newaxis]
    image = IMAGE[np.newaxis, np.newaxis, :, :, :1].astype(np.float32)
    chosen = np.zeros((4, 7), dtype=bool)
    chosen[0, 2] = True
    path = write_old_project(tmp_path / "p.ilp", [image], [labels], chosen=chosen)
    classifier, report = import_project(path, n_estimators=2)
    assert classifier.features_ == px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]})
    assert [info.name for info in classifier.class_table_] == ["cell", "background"]
    assert report.version == "0.5"
    with pytest.raises(ValueError, match="holds none that was trained"):
        import_project(path, mode="keep")
