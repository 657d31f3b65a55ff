"""Scribbles files: what was painted comes back exactly; what is damaged or made to do harm is one sentence."""

from __future__ import annotations

import io
import json
import pickle
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_pixclass.core import ClassInfo, LabelledPixels, default_class
from napari_pixclass.io import (
    ScribblesFileError,
    inspect_scribbles,
    load_scribbles,
    save_scribbles,
)

CLASSES = (ClassInfo(3, "nuclei", "#ff0000"), ClassInfo(1, "Ränder", "#00ff00"))

Entries = dict[str, bytes]


def make_labels() -> LabelledPixels:
    labels = np.zeros((20, 30), np.uint8)
    labels[3:6, 4:20] = 3
    labels[10, 29] = labels[11, 0] = 1
    return LabelledPixels.of(labels)


@pytest.fixture
def scribbles(tmp_path: Path) -> Path:
    path = tmp_path / "some.scribbles"
    save_scribbles(path, make_labels(), CLASSES, "cells", "/data/cells.tif")
    return path


INTEGERS = st.sampled_from(
    ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
)


@given(
    INTEGERS.flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=1, max_dims=4, max_side=12),
            elements=st.one_of(
                st.just(0), st.integers(1, 3), st.integers(1, int(np.iinfo(dtype).max))
            ),
        )
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_painting_comes_back(tmp_path: Path, labels: np.ndarray) -> None:
    labelled = LabelledPixels.of(labels)
    save_scribbles(tmp_path / "some", labelled, CLASSES, "cells")
    loaded, info = load_scribbles(tmp_path / "some")
    assert loaded == labelled
    assert loaded.values.dtype == labels.dtype
    np.testing.assert_array_equal(loaded.to_array(), labels)
    assert info.n_pixels == np.count_nonzero(labels)
    assert info.n_classes == len(np.unique(labels[labels > 0]))
    assert info == inspect_scribbles(tmp_path / "some")


def test_what_stands_beside_the_pixels(scribbles: Path) -> None:
    info = inspect_scribbles(scribbles)
    assert info.classes == CLASSES  # in the order of the user
    assert (info.image_name, info.image_path) == ("cells", "/data/cells.tif")
    assert (info.shape, info.dtype) == ((20, 30), "uint8")
    assert (info.n_pixels, info.n_classes) == (50, 2)
    assert timedelta(0) <= datetime.now(UTC) - info.written < timedelta(minutes=1)


def test_names_that_cannot_be_written_are_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "some"
    save_scribbles(path, make_labels(), [], "a\nb" + "c" * 5000, "/data/\udcff.tif")
    info = inspect_scribbles(path)
    assert info.image_name.startswith("a\nbccc")
    assert info.image_path == "/data/?.tif"
    assert info.classes == ()


def test_bool_labels_are_whole_numbers_afterwards(tmp_path: Path) -> None:
    labels = np.array([[True, False], [True, True]])
    save_scribbles(tmp_path / "some", LabelledPixels.of(labels))
    np.testing.assert_array_equal(load_scribbles(tmp_path / "some")[0].to_array(), labels)


def test_a_file_that_cannot_be_written_leaves_the_old_one(scribbles: Path) -> None:
    before = scribbles.read_bytes()
    too_many_classes = [default_class(value) for value in range(1, 20_000)]
    with pytest.raises(ValueError, match="Label fewer pixels"):
        save_scribbles(scribbles, make_labels(), too_many_classes)
    assert scribbles.read_bytes() == before
    assert [path.name for path in scribbles.parent.iterdir()] == [scribbles.name]


def test_a_million_pixels_are_small_and_are_not_all_read_for_a_look(tmp_path: Path) -> None:
    labels = np.zeros((2000, 2000), np.uint8)
    labels[500:1500, 500:1500] = 2
    path = tmp_path / "some"
    save_scribbles(path, LabelledPixels.of(labels))
    assert path.stat().st_size < 10_000
    tracemalloc.start()
    try:
        inspect_scribbles(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


# Files that are not what they should be -------------------------------------------------------------------------------


def refuse(path: Path, reason: str) -> None:
    with pytest.raises(ScribblesFileError, match=reason) as caught:
        load_scribbles(path)
    message = str(caught.value)
    assert message.startswith(f"'{path}' cannot be read as scribbles: ")
    assert "\n" not in message
    assert len(message) < 600


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, entries: Entries) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def change_header(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    entries = entries_of(path)
    header = json.loads(entries["scribbles.json"])
    change(header)
    entries["scribbles.json"] = json.dumps(header).encode()
    return pack(path, entries)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "another kind of file"),
        (b"PK\x03\x04" + bytes(100), "incomplete"),
        (pickle.dumps({"format": "napari-pixclass scribbles"}), "another kind of file"),
        (b"PK\x05\x06" + bytes(18), "does not hold the parts of scribbles"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    refuse(path, reason)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("format", "napari-pixclass model", "describes something else"),
        ("format_version", 2, "reads versions up to 1; update napari-pixclass"),
        ("dtype", "float32", "unknown type"),
        ("dtype", "object", "unknown type"),
        ("dtype", "x" * 900_000, "unknown type"),
        ("shape", [], "shape in it is none"),
        ("shape", [20, -30], "shape in it is none"),
        ("shape", [20, 30.0], "shape in it is none"),
        ("shape", [True, True], "shape in it is none"),
        ("shape", [1] * 17, "shape in it is none"),
        ("shape", [2**31] * 3, "shape in it is too large"),
        ("shape", [10, 30], "not in order"),
        ("shape", [4], "not within"),
        ("n_pixels", 49, "as many pixels and classes as it says"),
        ("n_pixels", 601, "not within"),
        ("n_classes", 3, "as many pixels and classes as it says"),
        ("n_runs", 6, "numbers of shape"),
        ("n_runs", -1, "not within"),
        ("written", "yesterday", "time in it is none"),
        ("written", "2026-09-30T12:00:00", "time in it is none"),
        ("written", "0001-01-01T00:00:00+14:00", "time in it is none"),
        ("written", 5, "wrong type"),
        ("image_name", None, "wrong type"),
        ("image_name", "x" * 2000, "longer than 1000"),
        ("image_path", 5, "wrong type"),
        ("classes", [1, 2], "not a JSON object"),
        ("classes", [{"value": 1, "name": "a", "color": "red"}], "colour"),
        ("classes", [{"value": 1, "name": "a", "color": "#000000"}] * 2, "the same value"),
    ],
)
def test_wrong_values(scribbles: Path, key: str, value: object, reason: str) -> None:
    refuse(change_header(scribbles, lambda header: header.update({key: value})), reason)


HUGE = 2**63 - 1


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ({"start": [124, 94, 154, 329]}, "not in order"),
        ({"start": [-1, 124, 154, 329]}, "not in order"),
        ({"start": [94, 124, 154, HUGE]}, "not in order"),
        ({"length": [16, 16, 16, HUGE]}, "not in order"),
        ({"length": [16, 16, 0, 2]}, "not in order"),
        ({"length": [16, -16, 16, 34]}, "not in order"),
        ({"length": [16, 31, 16, 2]}, "not in order"),
        ({"value": [3, 3, 3, 0]}, "not within uint8"),
        ({"value": [3, 3, 3, 256]}, "not within uint8"),
        ({"value": [3, 3, 3, 3]}, "as many pixels and classes as it says"),
    ],
)
def test_wrong_pixels(scribbles: Path, runs: dict[str, list[int]], reason: str) -> None:
    entries = entries_of(scribbles)
    for name, numbers in runs.items():
        dtype = "<u8" if name == "value" else "<i8"
        entries[f"runs/{name}.npy"] = npy(np.array(numbers, dtype))
    refuse(pack(scribbles, entries), reason)


class Dangerous:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("executed"),)


def test_nothing_is_executed(
    scribbles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entries = entries_of(scribbles)
    entries["runs/start.npy"] = npy(np.array([Dangerous()] * 4, dtype=object))
    refuse(pack(scribbles, entries), "is not <i8 numbers|bytes where at most")
    entries["runs/start.npy"] = pickle.dumps(Dangerous())
    refuse(pack(scribbles, entries), "is not <i8 numbers")
    assert not (tmp_path / "executed").exists()


def test_a_bomb_takes_little_memory(scribbles: Path) -> None:
    entries = entries_of(scribbles)
    entries["runs/start.npy"] = bytes(2**27)
    pack(scribbles, entries)
    tracemalloc.start()
    try:
        refuse(scribbles, "would expand")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_damage_is_noticed(scribbles: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(scribbles.read_bytes())
    if data.draw(st.booleans(), label="cut"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content)
    try:
        loaded, _ = load_scribbles(damaged)
    except ScribblesFileError:
        return
    assert loaded == make_labels()  # it was in a byte that says nothing, such as a date


def test_others_cannot_read_what_one_has_painted(tmp_path: Path) -> None:
    from napari_pixclass.io import ScribblesFolder

    folder = ScribblesFolder(tmp_path / "state" / "scribbles")
    folder.new_path("0" * 32)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.close()
