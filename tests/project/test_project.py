"""Projects saved and opened without a session: the same training, wherever the folder is moved."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
from tests.project.contents import (
    CLASSES,
    content_of,
    labels_of,
    noise,
    opened,
    save,
    simple_content,
    write_all,
    write_hdf5,
)

import napari_pixclass as px
from napari_pixclass.core import ChosenFeatures, FeatureSet, LabelledPixels
from napari_pixclass.io import open_source, write_tiff
from napari_pixclass.project import AbsentSource, ContentImage, ContentSource
from napari_pixclass.project import _saving as saving

KINDS = ["grey", "rgb", "volume", "film", "hdf5", "channels"]


def one_of(folder: Path, kind: str, copy: bool, **changes: Any) -> tuple[np.ndarray, Any]:
    """Save a project of one image of a kind; its pixels, and what was saved."""
    data, path, axis, size = write_all(folder)[kind]
    source = ContentSource(kind, data, str(path))
    image = ContentImage(kind, (0,), False, axis, size)
    content = content_of([source], [image], [0], 3 if kind == "volume" else 2, **changes)
    return data, save(content, folder / "some.pixproject", copy_images=copy)


def expected(data: np.ndarray, kind: str, axis: int | None, size: Any) -> px.PixelClassifier:
    ndim = 3 if kind == "volume" else 2
    features = FeatureSet.from_selection({"gaussian_smoothing": [1.0, 1.6]}, ndim)
    shape = list(data.shape)
    if axis is not None:
        del shape[axis]
    spacing = None if size is None else size[-ndim:]
    classifier = px.PixelClassifier(features, n_estimators=5, random_state=3)
    return classifier.fit(data, labels_of(tuple(shape)), channel_axis=axis, spacing=spacing)


@pytest.mark.parametrize("copy", [False, True], ids=["referenced", "copied"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_moved_project_trains_the_same(tmp_path: Path, kind: str, copy: bool) -> None:
    (tmp_path / "a").mkdir()
    data, saved = one_of(tmp_path / "a", kind, copy)
    assert saved.copied == ()
    assert saved.info.sources[0].is_copy == copy
    moved = tmp_path / "elsewhere" / "b"
    moved.parent.mkdir()
    if copy:  # its images need not come along
        moved.mkdir()
        (tmp_path / "a" / "some.pixproject").rename(moved / "some.pixproject")
    else:
        (tmp_path / "a").rename(moved)
    project = px.open_project(moved / "some.pixproject")
    assert project.missing == ()
    (image,) = project.images
    np.testing.assert_array_equal(np.asarray(image.data), data)
    assert type(image.data) is np.ndarray
    again = project.train()
    before = expected(data, kind, image.channel_axis, image.pixel_size)
    how = {"channel_axis": image.channel_axis, "spacing": image.spacing(project.info.features.ndim)}
    np.testing.assert_array_equal(
        again.predict_proba(image.data, **how), before.predict_proba(data, **how)
    )
    assert again.class_table_ == CLASSES[::-1]


def test_another_process_predicts_the_same(tmp_path: Path) -> None:
    data = noise((24, 20), "uint16")
    classifier = expected(data, "grey", None, None)
    save(simple_content(data, classifier=classifier, is_current=True), tmp_path / "a.pixproject")
    (tmp_path / "a.pixproject").rename(tmp_path / "b.pixproject")
    code = (
        "import sys, numpy as np, napari_pixclass as px\n"
        "p = px.open_project(sys.argv[1])\n"
        "assert p.is_current and p.classifier is not None\n"
        "np.save(sys.argv[2], p.classifier.predict_proba(p.images[0].data))\n"
        "np.save(sys.argv[3], p.train().predict_proba(p.images[0].data))\n"
    )
    paths = [str(tmp_path / name) for name in ("b.pixproject", "kept.npy", "again.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    for name in ("kept.npy", "again.npy"):
        np.testing.assert_array_equal(np.load(tmp_path / name), classifier.predict_proba(data))


def test_channels_of_one_file_and_of_several_are_put_together_again(tmp_path: Path) -> None:
    files = write_all(tmp_path)
    channels, grey = files["channels"][0], files["grey"][0]
    sources = [
        ContentSource("third", channels[2], str(files["channels"][1])),
        ContentSource("grey", grey, str(files["grey"][1])),
        ContentSource("first, turned", channels[0].T, str(files["channels"][1])),
        ContentSource("last axis", np.moveaxis(channels, 0, -1), str(files["channels"][1])),
    ]
    images = [
        ContentImage("stack", (1, 0), True, 0, (0.5, 0.5)),
        ContentImage("turned", (2,), False, None, None),
        ContentImage("last", (3,), False, 2, None),
    ]
    saved = save(content_of(sources, images, [0]), tmp_path / "some.pixproject")
    assert saved.copied == ()
    project = px.open_project(tmp_path / "some.pixproject")
    for image, data in zip(
        project.images,
        (np.stack([grey, channels[2]]), channels[0].T, np.moveaxis(channels, 0, -1)),
        strict=True,
    ):
        np.testing.assert_array_equal(np.asarray(image.data), data)


def test_what_no_file_holds_is_copied_once(tmp_path: Path) -> None:
    data = noise((24, 20))
    write_tiff(tmp_path / "other.tif", data + 1, "YX")
    paths = (None, tmp_path / "other.tif", tmp_path / "none.tif", Path("https://a/b.zarr"))
    for number, path in enumerate(paths):
        folder = tmp_path / f"{number}.pixproject"
        saved = save(simple_content(data, path), folder)
        assert saved.copied == ("cells",)
        (file,) = (folder / "images").iterdir()
        before = file.stat().st_mtime_ns
        again = save(simple_content(data, path), folder, known_ids=[saved.info.save_id])
        assert again.copied == ()  # a file holds it now: the copy
        assert file.stat().st_mtime_ns == before
        data[0, 0] += 1
        third = save(simple_content(data, path), folder, known_ids=[again.info.save_id])
        assert third.copied == ("cells",)
        assert [p.name for p in (folder / "images").iterdir()] != [file.name]
        np.testing.assert_array_equal(px.open_project(folder).images[0].data, data)


def test_a_pixel_that_was_changed_in_memory_is_noticed(tmp_path: Path) -> None:
    data = noise((2200, 2200))
    write_tiff(tmp_path / "large.tif", data, "YX")
    known: Any = {}
    path = tmp_path / "some.pixproject"
    saved = save(simple_content(data, tmp_path / "large.tif"), path, known=known)
    assert saved.copied == ()
    data[7, 5] += 1  # where no fingerprint looks
    saved = save(
        simple_content(data, tmp_path / "large.tif"),
        path,
        known_ids=[saved.info.save_id],
        known=known,
    )
    assert saved.copied == ("cells",)
    assert px.open_project(path).images[0].data[7, 5] == data[7, 5]


def test_arrays_that_are_not_in_memory(tmp_path: Path) -> None:
    files = write_all(tmp_path)
    path = tmp_path / "some.pixproject"
    stored = opened(files["channels"][1])
    sources = [
        ContentSource("stored", stored, str(files["channels"][1])),
        ContentSource("one channel", da.from_array(stored)[1], str(files["channels"][1])),
        ContentSource("computed", da.from_array(files["grey"][0]) * 2, None),
        ContentSource("mapped", opened(files["grey"][1]), str(files["grey"][1])),
    ]
    images = [
        ContentImage(s.name, (n,), False, 0 if n == 0 else None, None)
        for n, s in enumerate(sources)
    ]
    saved = save(content_of(sources, images, [1]), path)
    assert saved.copied == ("computed",)
    project = px.open_project(path)
    for image, source in zip(project.images, sources, strict=True):
        np.testing.assert_array_equal(np.asarray(image.data), np.asarray(source.data))
        assert type(image.data) is not np.ndarray  # it is read when it is needed
    assert hasattr(project.images[1].data, "__dask_graph__")


def test_files_join_an_hdf5_file_meanwhile(tmp_path: Path) -> None:
    data = noise((24, 20))
    write_hdf5(tmp_path / "a.h5", {"only": data})
    save(simple_content(data, tmp_path / "a.h5"), tmp_path / "some.pixproject")
    write_hdf5(tmp_path / "a.h5", {"only": data, "further": data + 1})
    np.testing.assert_array_equal(
        px.open_project(tmp_path / "some.pixproject").images[0].data, data
    )


def test_a_dataset_may_have_become_a_file(tmp_path: Path) -> None:
    data = noise((24, 20))
    write_hdf5(tmp_path / "a.h5", {"raw": data, "other": data})
    save(simple_content(data, tmp_path / "a.h5" / "raw"), tmp_path / "p.pixproject")
    source = px.open_project(tmp_path / "p.pixproject").info.sources[0]
    write_tiff(tmp_path / "b.tif", data, "YX")
    assert open_source(source, tmp_path / "b.tif").is_same
    (tmp_path / "a.h5").rename(tmp_path / "c.h5")
    assert open_source(source, tmp_path / "c.h5").is_same


def test_an_image_with_the_same_pixels_wins(tmp_path: Path) -> None:
    data = noise((24, 20))
    (tmp_path / "a").mkdir()
    write_tiff(tmp_path / "a" / "x.tif", data, "YX")
    save(simple_content(data, tmp_path / "a" / "x.tif"), tmp_path / "a" / "p.pixproject")
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "p.pixproject").rename(tmp_path / "b" / "p.pixproject")
    write_tiff(tmp_path / "b" / "x.tif", data + 1, "YX")  # beside it, with the same name
    image = px.open_project(tmp_path / "b" / "p.pixproject").images[0]
    assert image.found[0].path == tmp_path / "a" / "x.tif"
    assert image.note is None
    (tmp_path / "a" / "x.tif").rename(tmp_path / "a" / "y.tif")
    image = px.open_project(tmp_path / "b" / "p.pixproject").images[0]
    assert image.found[0].path == tmp_path / "b" / "x.tif"
    assert "its pixels are not those" in str(image.note)


def test_missing_images_are_told_and_looked_for(tmp_path: Path) -> None:
    data = noise((24, 20))
    write_tiff(tmp_path / "x.tif", data, "YX")
    save(simple_content(data, tmp_path / "x.tif"), tmp_path / "p.pixproject")
    (tmp_path / "away").mkdir()
    (tmp_path / "x.tif").rename(tmp_path / "away" / "x.tif")
    project = px.open_project(tmp_path / "p.pixproject")
    assert len(project.missing) == 1
    assert project.labels[0] == LabelledPixels.of(labels_of((24, 20)))
    with pytest.raises(FileNotFoundError, match="the image 'cells' must be there"):
        project.train()
    found = px.open_project(tmp_path / "p.pixproject", images=tmp_path / "away")
    assert found.missing == ()
    assert found.train().predict(data).shape == (24, 20)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        px.open_project(tmp_path / "p.pixproject", images=[tmp_path / "nowhere"])


def test_what_is_missing_stays_in_the_project(tmp_path: Path) -> None:
    data = noise((24, 20))
    write_tiff(tmp_path / "x.tif", data, "YX")
    saved = save(simple_content(data, tmp_path / "x.tif"), tmp_path / "p.pixproject")
    source = AbsentSource(saved.info.sources[0], saved.path)
    (tmp_path / "x.tif").rename(tmp_path / "y.tif")
    (tmp_path / "deeper").mkdir()
    content = replace(simple_content(data), sources=[source])
    for path in (tmp_path / "p.pixproject", tmp_path / "deeper" / "q.pixproject"):
        save(content, path, known_ids=[saved.info.save_id])
        assert px.open_project(path).missing != ()
    (tmp_path / "y.tif").rename(tmp_path / "x.tif")
    for path in (tmp_path / "p.pixproject", tmp_path / "deeper" / "q.pixproject"):
        assert px.open_project(path).missing == ()


def test_copies_of_one_project_are_copied_to_the_next(tmp_path: Path) -> None:
    data = noise((24, 20))
    first = save(simple_content(data), tmp_path / "p.pixproject")
    (copy,) = first.source_paths
    second = save(simple_content(data, copy), tmp_path / "q.pixproject")
    assert second.info.sources[0].is_copy
    third = save(
        simple_content(data, copy), tmp_path / "p.pixproject", known_ids=[first.info.save_id]
    )
    assert third.info.sources[0].path == first.info.sources[0].path


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = saving.SPARE_BYTES + 10

    monkeypatch.setattr(saving.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(OSError, match="need room"):
        save(simple_content(noise((24, 20))), tmp_path / "p.pixproject")
    assert list(tmp_path.iterdir()) == []


def test_a_saving_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    steps = saving.saving_steps(simple_content(noise((24, 20))), tmp_path / "p.pixproject")
    for step in steps:
        if step.what.startswith("Copying"):
            break
    assert step.done / step.total >= 0.5
    steps.close()
    assert list(tmp_path.iterdir()) == []


def test_a_classifier_that_cannot_be_saved_is_left_out(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    data = noise((24, 20))
    other = px.PixelClassifier(FeatureSet.fast(2), estimator=LogisticRegression())
    other.fit(data, labels_of((24, 20)))
    saved = save(simple_content(data, classifier=other), tmp_path / "p.pixproject")
    assert "The classifier is left out: only forests can be saved" in saved.notes[0]
    project = px.open_project(tmp_path / "p.pixproject")
    assert project.classifier is None
    assert not project.is_current


def test_a_classifier_that_somebody_has_replaced_is_not_current(tmp_path: Path) -> None:
    data, path = noise((24, 20)), tmp_path / "p.pixproject"
    classifier = expected(data, "grey", None, None)
    save(simple_content(data, classifier=classifier, is_current=True), path)
    assert px.open_project(path).is_current
    classifier.save(path / "classifier.pixclass")
    project = px.open_project(path)
    assert project.classifier is not None
    (path / "classifier.pixclass").write_bytes(b"")
    assert not px.open_project(path).is_current
    with pytest.raises(px.ModelFileError):
        _ = px.open_project(path).classifier


def test_nothing_to_train_on(tmp_path: Path) -> None:
    content = content_of([], [], [], features=None)
    save(content, tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    assert (project.images, project.labels, project.classes) == ((), (), CLASSES)
    with pytest.raises(ValueError, match="none are chosen"):
        project.train()
    content = content_of([], [], [])
    save(content, tmp_path / "q.pixproject")
    with pytest.raises(ValueError, match="the project has none"):
        px.open_project(tmp_path / "q.pixproject").train()


def test_channels_that_are_not_used_and_features_of_their_own(tmp_path: Path) -> None:
    data, path, _, size = write_all(tmp_path)["channels"]
    own = FeatureSet.from_selection({"laplacian_of_gaussian": [1.6]})
    chosen = ChosenFeatures(FeatureSet.fast(2), (0, 2), ((2, own), (1, None), (9, None)))
    source = ContentSource("c", data, str(path))
    image = ContentImage("c", (0,), False, 0, size)
    save(content_of([source], [image], [0], features=chosen), tmp_path / "p.pixproject")
    project = px.open_project(tmp_path / "p.pixproject")
    assert project.info.features == ChosenFeatures(
        FeatureSet.fast(2), (0, 2), ((1, None), (2, own), (9, None))
    )
    assert project.features == (FeatureSet.fast(2), None, own)
    assert project.train().n_channels_ == 3
