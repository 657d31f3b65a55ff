"""Projects as folders: what was saved comes back; what is damaged or made to do harm is one sentence."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.io.pixproject import CLASSES, IMAGE, LABELS, write_project

from napari_pixclass.core import ClassInfo, LabelledPixels
from napari_pixclass.io import (
    ProjectError,
    find_image,
    is_project,
    project_folder,
    read_project_info,
    read_project_labels,
    relative_path,
    write_tiff,
    writing_project,
)
from napari_pixclass.io import _project_writing as writing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "some.pixproject"
    write_project(path)
    return path


def names_in(folder: Path) -> list[str]:
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in found if name != ".lock")


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    saved = write_project(tmp_path / "some.pixproject")
    info = read_project_info(tmp_path / "some.pixproject")
    assert info.to_json() == saved.to_json()
    assert (info.classes, info.hidden_classes, info.features) == (CLASSES, {1}, saved.features)
    (labelled,) = read_project_labels(tmp_path / "some.pixproject", info)
    assert labelled == LabelledPixels.of(LABELS)
    assert labelled.values.dtype == np.uint8
    found = find_image(info.sources[0], tmp_path / "some.pixproject")
    np.testing.assert_array_equal(found.image.data, IMAGE)
    assert found.is_same
    assert type(found.image.data) is np.ndarray  # as it was: in memory


def test_people_can_read_it(folder: Path) -> None:
    text = (folder / "project.json").read_text(encoding="utf-8")
    assert '"gaussian_smoothing": [ 1.0, 3.5, 10.0 ]' in text
    assert "Ränder" in text
    (file,) = (folder / "labels").iterdir()
    labels = np.zeros(600, np.uint8)
    for first, length, value in np.load(file):
        labels[first : first + length] = value
    np.testing.assert_array_equal(labels.reshape(20, 30), LABELS)


names = st.text(min_size=1, max_size=30)


@given(name=names, class_name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_names_of_any_kind(tmp_path: Path, name: str, class_name: str) -> None:
    folder = tmp_path / "some.pixproject"
    try:
        classes = (ClassInfo(1, class_name, "#ff0000"),)
    except ValueError:
        classes = ()
    before = write_project(folder)
    with writing_project(folder, [before.save_id]) as writer:
        file, _ = writer.write_labels(name, LabelledPixels.of(LABELS))
    assert "/" not in file.removeprefix("labels/")
    saved = write_project(folder, classes=classes, hidden_classes=frozenset())
    assert read_project_info(folder).to_json() == saved.to_json()


def test_only_what_belongs_to_it_is_kept(folder: Path) -> None:
    first = names_in(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "images" / "mine.tif").write_text("mine")
    other = LABELS.copy()
    other[0, 0] = 1
    write_project(folder, other, read_project_info(folder).save_id)
    now = names_in(folder)
    assert {"notes.txt", "images/mine.tif", "project.json"} < set(now)
    assert len(now) == len(first) + 2
    assert [n for n in now if n.startswith("labels")] != [
        n for n in first if n.startswith("labels")
    ]


def test_others_are_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    known = read_project_info(folder).save_id
    with pytest.raises(FileExistsError, match="only if that is asked for"), writing_project(folder):
        pass
    write_project(folder, save_id=known)  # somebody else saves it
    with (
        pytest.raises(FileExistsError, match="somebody else has saved"),
        writing_project(folder, [known]),
    ):
        pass
    (tmp_path / "full.pixproject").mkdir()
    (tmp_path / "full.pixproject" / "data.tif").write_text("")
    with pytest.raises(FileExistsError, match=r"holds other files, such as 'data.tif'"):
        write_project(tmp_path / "full.pixproject")
    (tmp_path / "file.pixproject").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        write_project(tmp_path / "file.pixproject")
    with pytest.raises(ValueError, match=r"must end in .pixproject"):
        write_project(tmp_path / "some")
    folder.rename(tmp_path / "renamed")
    write_project(tmp_path / "renamed", save_id=read_project_info(tmp_path / "renamed").save_id)


def test_two_do_not_save_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PATIENCE_SECONDS", 0.05)
    known = read_project_info(folder).save_id
    with (
        writing_project(folder, [known]),
        pytest.raises(BlockingIOError, match="somebody else is saving"),
        writing_project(folder, [known]),
    ):
        pass


def test_what_fails_leaves_the_old_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, text = names_in(folder), (folder / "project.json").read_bytes()
    other = np.ones_like(LABELS)
    with pytest.raises(ValueError, match="JSON"):
        write_project(folder, other, read_project_info(folder).save_id, session={"x": float("nan")})
    assert names_in(folder) == before
    assert (folder / "project.json").read_bytes() == text
    monkeypatch.setattr(writing, "MAX_DESCRIPTION_BYTES", 100)
    with pytest.raises(ValueError, match="Save fewer images"):
        write_project(folder.with_name("new.pixproject"))
    assert not folder.with_name("new.pixproject").exists()


def test_a_read_only_folder(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("permissions do not bind everybody")
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        write_project(place / "some.pixproject")


def test_zarr_folders_and_files_are_copied_once(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.ome.tif", IMAGE, "YX")
    store = tmp_path / "b.zarr"
    (store / "0").mkdir(parents=True)
    (store / "0" / "data").write_bytes(b"1234")
    (store / "zarr.json").write_text("{}")
    folder = tmp_path / "some.pixproject"
    names = []
    with writing_project(folder) as writer:
        for path in (tmp_path / "a.ome.tif", store, store):
            copying = writer.copy_file(path)
            try:
                while True:
                    next(copying)
            except StopIteration as stop:
                names.append(stop.value)
        assert (folder / names[1] / "0" / "data").read_bytes() == b"1234"
        assert names[0].startswith("images/a-")
        assert names[0].endswith(".ome.tif")
        assert names[1] == names[2]
    assert not folder.exists()  # nothing was committed


def test_paths_lead_there_from_where_the_folder_really_is(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "data").mkdir(parents=True)
    (real / "some.pixproject").mkdir()
    (real / "data" / "a.tif").write_text("")
    try:
        (tmp_path / "link").symlink_to(real, target_is_directory=True)
    except OSError:
        pytest.skip("there are no links here")
    through = tmp_path / "link" / "data" / "a.tif"
    for folder in (real / "some.pixproject", tmp_path / "link" / "some.pixproject"):
        assert relative_path(through, folder) == "../data/a.tif"


def test_a_project_may_be_named_by_its_description(folder: Path) -> None:
    assert project_folder(folder / "project.json") == folder
    assert project_folder(folder) == folder
    assert is_project(folder)
    assert not is_project(folder.parent)


# Projects that are not what they should be ----------------------------------------------------------------------------


def refuse(folder: Path, reason: str) -> None:
    with pytest.raises(ProjectError, match=reason) as caught:
        read_project_labels(folder, read_project_info(folder))
    message = str(caught.value)
    assert message.startswith(f"'{folder}' cannot be read as a project: ")
    assert "\n" not in message
    assert len(message) < 700


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    edit(values)
    (folder / "project.json").write_text(json.dumps(values), encoding="utf-8")


def put(values: Any, path: tuple[Any, ...], value: object) -> None:
    for key in path[:-1]:
        values = values[key]
    values[path[-1]] = value


SOURCE, LABEL, ONE = ("sources", 0), ("labels", 0), ("images", 0)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("format",), "napari-pixclass model", "describes something else"),
        (("format_version",), 2, "reads versions up to 1; update napari-pixclass"),
        (("format_version",), True, "wrong type"),
        (("save_id",), 3, "wrong type"),
        (("written",), "yesterday", "time in it is none"),
        (("written",), "2026-01-01", "time in it is none"),
        (("versions",), {"a": 1}, "not words"),
        (("classes",), [1], "not a JSON object"),
        (("classes", 0, "value"), 0, "not within"),
        (("classes", 0, "name"), "\x1b", "a class in it is wrong"),
        (("classes", 1, "value"), 3, "same value"),
        (("classes", 0, "is_hidden"), 1, "wrong type"),
        (("features",), [], "not a JSON object"),
        (("features", "common"), None, "wrong type"),
        (("features", "common", "selection"), {"nonsense": [1]}, "feature set cannot be used"),
        (("features", "common", "ndim"), 3, "partly 2D and partly 3D"),
        (("features", "channels"), [-1], "a channel in it is none"),
        (("features", "channels"), [True], "a channel in it is none"),
        (("features", "of_channels"), {"x": None}, "a channel in it is none"),
        (("training", "n_estimators"), 0, "not within"),
        (("training", "random_state"), "x", "wrong type"),
        (("training", "later"), 1, "a setting that this program does not know, 'later'; update"),
        (("session",), [], "wrong type"),
        (("calibration",), None, "wrong type"),
        (("calibration", "is_applied"), 1, "wrong type"),
        (("calibration", "sharpness"), "2", "its sharpness cannot be used"),
        (("calibration", "sharpness"), 0, "its sharpness cannot be used .*between 0.01 and 100"),
        (("calibration", "sharpness"), 10**400, "its sharpness cannot be used"),
        (("classifier",), {"digest": "x", "is_current": True}, "'digest' in it is none"),
        (("sources",), [], "no such source"),
        (("sources",), [{}] * 100_001, "more than 100,000 sources"),
        ((*SOURCE, "path"), "../secret.npy", "does not lie in the folder 'images'"),
        ((*SOURCE, "path"), "images/../../secret.npy", "does not lie in the folder 'images'"),
        ((*SOURCE, "path"), "images/.lock", "does not lie in the folder 'images'"),
        ((*SOURCE, "path"), "images\\..\\..\\a.npy", "does not lie in the folder 'images'"),
        ((*SOURCE, "path"), None, "does not lie in the folder 'images'"),
        ((*SOURCE, "path"), "x" * 5000, "longer than 4000"),
        ((*SOURCE, "absolute_path"), "a\0b", "path of an image in it is none"),
        ((*SOURCE, "dataset"), "../../etc", "name of an image within a file is none"),
        ((*SOURCE, "dataset"), "/etc", "name of an image within a file is none"),
        ((*SOURCE, "dtype"), "object", "unknown type"),
        ((*SOURCE, "shape"), [20, 30.0], "shape in it is none"),
        ((*SOURCE, "shape"), [2**31] * 3, "shape in it is too large"),
        ((*SOURCE, "shape"), [20, 31], "another shape than their image"),
        ((*SOURCE, "places"), [None], "cannot be understood"),
        ((*SOURCE, "places"), [None, None, -1], "cannot be understood"),
        ((*SOURCE, "places"), [None, None] + [0] * 100, "cannot be understood"),
        ((*SOURCE, "order"), [0, 0], "cannot be understood"),
        ((*SOURCE, "order"), [[0], 1], "cannot be understood"),
        ((*SOURCE, "fingerprint"), "abc", "'fingerprint' in it is none"),
        ((*SOURCE, "in_memory"), 1, "wrong type"),
        ((*SOURCE, "layer"), 1, "wrong type"),
        ((*ONE, "sources"), [], "no such source"),
        ((*ONE, "sources"), [-1], "no such source"),
        ((*ONE, "sources"), [[0]], "no such source"),
        ((*ONE, "sources"), [0, 0], "do not fit together"),
        ((*ONE, "is_stack"), True, "channels that it does not have"),
        ((*ONE, "channel_axis"), 2, "not within"),
        ((*ONE, "pixel_size"), [1.0], "pixel size in it is none"),
        ((*ONE, "pixel_size"), [1.0, 10**400], "pixel size in it is none"),
        ((*LABEL, "file"), "../../labels.npy", "do not lie in the folder 'labels'"),
        ((*LABEL, "file"), "labels/../project.json", "do not lie in the folder 'labels'"),
        ((*LABEL, "file"), "labels/none.npy", "it is missing"),
        ((*LABEL, "shape"), [30, 30], "another shape than their image"),
        ((*LABEL, "dtype"), "float32", "unknown type"),
        ((*LABEL, "n_pixels"), 10**12, "not within"),
        ((*LABEL, "n_pixels"), 51, "as many pixels"),
        ((*LABEL, "n_runs"), 3, "not <i8 numbers"),
        (("pairs", 0, "image"), 1, "not within"),
        (("pairs", 0, "labels"), -1, "not within"),
        (("target",), 1, "not within"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_impossible_values(folder: Path, path: tuple[Any, ...], value: object, reason: str) -> None:
    change(folder, lambda values: put(values, path, value))
    refuse(folder, reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 200_000, "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b'{"format": NaN}', "not valid JSON"),
        (b" " * (2**24 + 1), "larger than 16 MiB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_other_descriptions(folder: Path, content: bytes, reason: str) -> None:
    (folder / "project.json").write_bytes(content)
    refuse(folder, reason)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_values_that_are_missing_or_something_else(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "some.pixproject"
    write_project(folder)
    values = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    place: Any = values
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and data.draw(st.booleans()):
            place = place[key]
            continue
        if data.draw(st.booleans()):
            del place[key]
        else:
            junk = st.sampled_from(
                [None, True, -1, 0, 2**70, 0.5, "", "x", [], [[]], {}, [1], "../a"]
            )
            place[key] = data.draw(junk)
        break
    (folder / "project.json").write_text(json.dumps(values))
    with suppress(ProjectError):  # or it is a value that can be
        read_project_labels(folder, read_project_info(folder))


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda data: data[:-1], "not <i8 numbers"),
        (lambda data: data + b"0", "not <i8 numbers"),
        (lambda data: b"\x80\x04" + data[2:], "not <i8 numbers"),
        (lambda data: data[:128] + b"\xff" * (len(data) - 128), "not in order"),
        (lambda data: data[:128] + bytes(len(data) - 128), "not in order|as many"),
        (lambda data: b"", "not <i8 numbers"),
    ],
)
def test_damaged_labels(folder: Path, edit: Callable[[bytes], bytes], reason: str) -> None:
    (file,) = (folder / "labels").iterdir()
    file.write_bytes(edit(file.read_bytes()))
    refuse(folder, reason)


def test_labels_that_would_fill_the_memory(folder: Path) -> None:
    shape = [100_000, 100_000]
    (file,) = (folder / "labels").iterdir()
    np.save(file, np.array([[0, 10**10, 1]]))

    def grow(values: dict[str, Any]) -> None:
        values["sources"][0]["shape"] = values["labels"][0]["shape"] = shape
        values["labels"][0] |= {"n_pixels": 10**8, "n_runs": 1}

    change(folder, grow)
    tracemalloc.start()
    try:
        refuse(folder, "as many pixels")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_too_many_labels_together(folder: Path) -> None:
    def grow(values: dict[str, Any]) -> None:
        values["sources"][0]["shape"] = values["labels"][0]["shape"] = [10_000, 10_000]
        values["labels"] *= 2
        for labels in values["labels"]:
            labels |= {"n_pixels": 10**8, "n_runs": 1}

    change(folder, grow)
    refuse(folder, "more than 100,000,000 labelled pixels")


def test_no_folder_and_no_description(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no"):
        read_project_info(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="must hold its description"):
        read_project_info(tmp_path)


def test_a_pipe_in_place_of_labels_is_not_waited_for(folder: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")
    (file,) = (folder / "labels").iterdir()
    file.unlink()
    os.mkfifo(file)
    refuse(folder, "it is missing")


def test_damaged_parts_are_written_anew(folder: Path) -> None:
    info = read_project_info(folder)
    for name in ("labels", "images"):
        (file,) = (folder / name).iterdir()
        file.write_bytes(file.read_bytes()[:-1])
    write_project(folder, save_id=info.save_id)
    info = read_project_info(folder)
    assert read_project_labels(folder, info)[0] == LabelledPixels.of(LABELS)
    assert find_image(info.sources[0], folder).is_same


def test_images_that_are_others_or_gone(folder: Path) -> None:
    info = read_project_info(folder)
    (file,) = (folder / "images").iterdir()
    np.save(file, IMAGE + 1)
    assert not find_image(info.sources[0], folder).is_same
    np.save(file, IMAGE[:5])
    with pytest.raises(ValueError, match=r"must have the shape \(20, 30\)"):
        find_image(info.sources[0], folder)
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as an image"):
        find_image(info.sources[0], folder)
    shutil.rmtree(folder / "images")
    with pytest.raises(FileNotFoundError, match="Point to it"):
        find_image(info.sources[0], folder)
