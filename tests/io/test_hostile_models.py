"""Files that are no model, damaged, or made to do harm: one sentence, little memory, no code."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.io.small import FEATURES, make_image, make_labels

import napari_pixclass as px

Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def model(classifier: px.PixelClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.pixclass"
    classifier.save(path)
    return path


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, entries: Entries | list[tuple[str, bytes]]) -> Path:
    pairs = entries.items() if isinstance(entries, dict) else entries
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pairs:
            archive.writestr(name, data)
    return path


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def refuse(path: Path, reason: str) -> None:
    with pytest.raises(px.ModelFileError, match=reason) as caught:
        px.load(path)
    message = str(caught.value)
    assert message.startswith(f"'{path}' cannot be read as a pixel classification model: ")
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "another kind of file"),
        (b"hello", "another kind of file"),
        (b"PK\x03\x04" + bytes(100), "incomplete"),
        (pickle.dumps({"format": "napari-pixclass model"}), "another kind of file"),
        (b"PK\x05\x06" + bytes(18), "does not hold the parts"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "other.pixclass"
    path.write_bytes(content)
    refuse(path, reason)


def change_header(model: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    entries = entries_of(model)
    header = json.loads(entries["model.json"])
    change(header)
    entries["model.json"] = json.dumps(header).encode()
    return pack(target, entries)


def test_a_newer_file_asks_for_an_update(model: Path, tmp_path: Path) -> None:
    path = change_header(model, tmp_path / "new", lambda header: header.update(format_version=5))
    refuse(path, "format version 5, this program reads versions up to 4; update napari-pixclass")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("format", "something", "describes something else"),
        ("format", 3, "wrong type"),
        ("format_version", True, "wrong type"),
        ("n_channels", 0, "not within"),
        ("n_channels", 10**9, "not within"),
        ("n_channels", 20_000, "more than 20000 features"),
        ("channel_axis", "x", "wrong type"),
        ("channel_axis", 8, "not within"),
        ("channel_axis", -8, "not within"),
        ("spacing", [1.0], "its spacing cannot be used .*one value for each of the 2"),
        ("spacing", [1.0, -1.0], "its spacing cannot be used .*positive"),
        ("spacing", [5e-324, 1.0], "its spacing cannot be used .*factor"),
        ("spacing", [1.0, 20_000], "its spacing cannot be used .*factor"),
        ("spacing", ["1", 1.0], "a number in it is not one"),
        ("spacing", [1.0, float("nan")], "not valid JSON"),
        ("spacing", [1, 10**400], "its spacing cannot be used .*finite"),
        ("features", [], "wrong type"),
        ("features", {"ndim": 2.0}, "wrong type"),
        ("features", {"ndim": 2}, "feature set cannot be used"),
        ("classes", [], "not ascending"),
        ("classes", [1, 2], "not a JSON object"),
        ("class_dtype", "float32", "unknown type"),
        ("class_dtype", "object", "unknown type"),
        ("class_dtype", "x" * 900_000, "unknown type"),
        ("random_state", -1, "not within"),
        ("n_estimators", "many", "wrong type"),
        ("n_estimators", 2**31, "not within"),
        ("estimator", {"n_estimators": []}, "wrong type"),
        ("estimator", {"n_estimators": 10**12}, "not within"),
        ("estimator", {"n_jobs": 10**9}, "not within"),
        ("estimator", {"max_depth": 10**400}, "not within"),
        ("estimator", {"n_estimators": 0}, "the estimator in it cannot be used"),
        ("estimator", {"criterion": "nope"}, "the estimator in it cannot be used"),
        ("estimator", {"criterion": "x" * 900_000}, "the estimator in it cannot be used"),
        ("estimator", {"max_features": -3}, "the estimator in it cannot be used"),
        ("forest", {"kind": "IsolationForest"}, "unknown kind"),
        ("versions", {"numpy": 2}, "not words"),
    ],
)
def test_wrong_values(model: Path, tmp_path: Path, key: str, value: object, reason: str) -> None:
    refuse(change_header(model, tmp_path / "m", lambda header: header.update({key: value})), reason)


@pytest.mark.parametrize(
    ("sharpness", "reason"),
    [
        ("2", "its sharpness cannot be used .*must be a number"),
        (True, "its sharpness cannot be used .*must be a number"),
        (0, "its sharpness cannot be used .*between 0.01 and 100"),
        (10**400, "its sharpness cannot be used"),
        (None, "its sharpness cannot be used .*must be a number"),
    ],
)
def test_wrong_sharpness(model: Path, tmp_path: Path, sharpness: object, reason: str) -> None:
    values = {"sharpness": sharpness, "format_version": 4}
    refuse(change_header(model, tmp_path / "m", lambda header: header.update(values)), reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format_version": 1}, "wrong type"),
        ({"feature_set_of_channel": [0, 1]}, "does not say for every channel"),
        ({"feature_set_of_channel": [0, None, 2]}, "features that are not there"),
        ({"feature_set_of_channel": [0, None, -1]}, "features that are not there"),
        ({"feature_set_of_channel": [0, None, True]}, "features that are not there"),
        ({"feature_set_of_channel": [0, None, "0"]}, "features that are not there"),
        ({"feature_set_of_channel": [None] * 3}, "feature set cannot be used .*at least one"),
        ({"feature_set_of_channel": {}}, "wrong type"),
        ({"feature_set_of_channel": [0] * 20_000, "n_channels": 20_000}, "more than 20000 feat"),
        ({"n_channels": 10**9}, "not within"),
        ({"features": []}, "features that are not there"),
        ({"features": [1, 2]}, "not a JSON object"),
        ({"features": "all"}, "wrong type"),
        ({"features": [{"ndim": 2}] * 2}, "feature set cannot be used"),
    ],
)
def test_wrong_features_of_channels(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    image = make_image((3, 24, 28))
    sets = [FEATURES, None, px.FeatureSet.from_selection({"gaussian_smoothing": [1.0]})]
    classifier = px.PixelClassifier(sets, n_estimators=2)
    classifier.fit(image, make_labels((24, 28)), channel_axis=0).save(tmp_path / "model.pixclass")
    refuse(
        change_header(
            tmp_path / "model.pixclass", tmp_path / "m", lambda header: header.update(change)
        ),
        reason,
    )


def test_features_of_channels_must_agree_in_ndim(tmp_path: Path) -> None:
    image = make_image((2, 24, 28))
    classifier = px.PixelClassifier([FEATURES, None], n_estimators=2)
    classifier.fit(image, make_labels((24, 28)), channel_axis=0).save(tmp_path / "model.pixclass")
    mixed = {
        "features": [FEATURES.to_dict(), px.FeatureSet.fast(3).to_dict()],
        "feature_set_of_channel": [0, 1],
    }
    path = change_header(
        tmp_path / "model.pixclass", tmp_path / "m", lambda header: header.update(mixed)
    )
    refuse(path, "its feature set cannot be used .*the same ndim")


def test_wrong_classes(model: Path, tmp_path: Path) -> None:
    def renamed(**values: object) -> Callable[[dict[str, Any]], None]:
        return lambda header: header["classes"][0].update(values)

    for change, reason in (
        (renamed(value=2), "not ascending"),
        (renamed(value=0), "not within"),
        (renamed(value=300), "not within"),
        (renamed(color="red"), "colour"),
        (renamed(color="#" * 900_000), "colour"),
        (renamed(name=None), "wrong type"),
        (renamed(name=""), "a class name must be"),
        (renamed(name="x" * 900_000), "a class name must be"),
        (renamed(name="\ud800" * 9_000), "a class name must be"),
        (renamed(name="two\nlines"), "a class name must be"),
        (renamed(name="\x1b[31m"), "a class name must be"),
        (renamed(n_samples=-1), "not within"),
    ):
        refuse(change_header(model, tmp_path / "m", change), reason)


def test_wrong_features(model: Path, tmp_path: Path) -> None:
    for selection in (
        {"gaussian_smoothing": [-1.0]},
        {"gaussian_smoothing": [1e9]},
        {"gaussian_smoothing": "abc"},
        {"gaussian_smoothing": 5},
        {"evil": [1.0]},
        {"evil" * 200_000: [1.0]},
        {},
        [],
    ):
        path = change_header(
            model,
            tmp_path / "m",
            lambda header, s=selection: header["features"].update(selection=s),
        )
        refuse(path, "feature set cannot be used")


@pytest.mark.parametrize("n_sigmas", [2001, 20_000, 60_000])
def test_huge_feature_sets(model: Path, tmp_path: Path, n_sigmas: int) -> None:
    sigmas = np.linspace(0.5, 90, n_sigmas).tolist()
    path = change_header(
        model,
        tmp_path / "m",
        lambda header: header["features"].update(selection={"gaussian_smoothing": sigmas}),
    )
    refuse(path, "more than 2000 features|at most 1048576")


def test_json_that_is_none(model: Path, tmp_path: Path) -> None:
    for text in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b"1"):
        entries = entries_of(model) | {"model.json": text}
        refuse(pack(tmp_path / "m", entries), "not valid JSON|not a JSON object")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("threshold", np.zeros(3)),
        ("threshold", np.zeros(3, dtype=np.float32)),
        ("feature", np.array([{"code": "runs"}], dtype=object)),
        ("value", np.zeros((2, 2), order="F")),
        ("tree_offsets", np.zeros((0,), dtype=np.int64)),
    ],
)
def test_wrong_arrays(model: Path, tmp_path: Path, name: str, array: np.ndarray) -> None:
    entries = entries_of(model) | {f"forest/{name}.npy": npy(array)}
    refuse(pack(tmp_path / "m", entries), f"its part forest/{name}.npy")


def changed_array(model: Path, name: str, change: Callable[[np.ndarray], None]) -> Entries:
    entries = entries_of(model)
    array = np.load(io.BytesIO(entries[f"forest/{name}.npy"]))
    change(array)
    return entries | {f"forest/{name}.npy": npy(array)}


def fill(value: float) -> Callable[[np.ndarray], None]:
    def change(array: np.ndarray) -> None:
        array[:] = value

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", np.nan),
        ("value", np.inf),
        ("value", -1.0),
        ("children_left", 0),  # a tree that bites its own tail
        ("children_left", 10**6),
        ("children_right", -5),
        ("feature", 10**6),
        ("n_node_samples", 0),
        ("tree_offsets", 0),
    ],
)
def test_impossible_forests(model: Path, tmp_path: Path, name: str, value: float) -> None:
    refuse(pack(tmp_path / "m", changed_array(model, name, fill(value))), "damaged")


def test_headers_of_arrays_are_not_believed(model: Path, tmp_path: Path) -> None:
    entries = entries_of(model)
    whole = entries["forest/threshold.npy"]
    for header in (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        b"__import__('os').abort()",
        b"(" * 100,
    ):
        fake = (
            b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.ljust(117) + b"\n" + whole[128:]
        )
        path = pack(tmp_path / "m", entries | {"forest/threshold.npy": fake})
        refuse(path, "forest/threshold.npy")


def test_other_lists_of_entries(model: Path, tmp_path: Path) -> None:
    entries = list(entries_of(model).items())
    first, rest = entries[0], entries[1:]
    for listed in (
        rest,
        [*entries, ("forest/extra.npy", b"")],
        [*rest, ("../model.json", first[1])],
        [*rest, ("/etc/passwd", first[1])],
        [*rest[:-1], first, ("forest\\value.npy", b"")],
    ):
        refuse(pack(tmp_path / "m", listed), "does not hold the parts of a model")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_occur_twice(model: Path, tmp_path: Path) -> None:
    entries = list(entries_of(model).items())
    path = pack(tmp_path / "m", [*entries[:-1], entries[0]])
    refuse(path, "does not hold the parts of a model")


def test_unknown_compression(model: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m", "w", zipfile.ZIP_BZIP2) as archive:
        for name, data in entries_of(model).items():
            archive.writestr(name, data)
    refuse(tmp_path / "m", "packed in an unknown way")


def peak_memory_of(action: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_do_not_expand(model: Path, tmp_path: Path) -> None:
    bomb = pack(tmp_path / "m", entries_of(model) | {"forest/value.npy": bytes(2**27)})
    assert bomb.stat().st_size < 2**18
    peak = peak_memory_of(lambda: refuse(bomb, "would expand"))
    assert peak < 2**22


def test_bombs_that_lie_about_their_size_do_not_expand(model: Path, tmp_path: Path) -> None:
    size = len(entries_of(model)["forest/value.npy"])
    bomb = pack(tmp_path / "m", entries_of(model) | {"forest/value.npy": bytes(2**27)})
    content = bytearray(bomb.read_bytes())
    # The size stands 4 bytes before the name's length in the entry, and in the table of contents.
    for offset in (-8, -22):
        name = (
            content.find(b"forest/value.npy")
            if offset == -8
            else content.rfind(b"forest/value.npy")
        )
        assert struct.unpack_from("<L", content, name + offset) == (2**27,)
        struct.pack_into("<L", content, name + offset, size)
    bomb.write_bytes(content)
    peak = peak_memory_of(lambda: refuse(bomb, "forest/value.npy is"))
    assert peak < 2**22


def test_counts_that_lie_are_not_believed(model: Path, tmp_path: Path) -> None:
    def change(header: dict[str, Any]) -> None:
        header["forest"].update(n_nodes=2**31 - 1, n_trees=1)

    path = change_header(model, tmp_path / "m", change)
    assert peak_memory_of(lambda: refuse(path, "forest/")) < 2**22


def loads_or_is_refused(path: Path, expected: np.ndarray) -> None:
    """A damaged file is refused, or what was damaged did not matter."""
    try:
        loaded = px.load(path)
    except px.ModelFileError:
        return
    np.testing.assert_array_equal(loaded.predict_proba(make_image((24, 32))), expected)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_flipped_bytes(
    data: st.DataObject, model: Path, tmp_path: Path, classifier: px.PixelClassifier
) -> None:
    content = bytearray(model.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.pixclass"
    path.write_bytes(content)
    loads_or_is_refused(path, classifier.predict_proba(make_image((24, 32))))


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_files_cut_short(data: st.DataObject, model: Path, tmp_path: Path) -> None:
    content = model.read_bytes()
    path = tmp_path / "short.pixclass"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(px.ModelFileError):
        px.load(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_any_json_in_any_place(data: st.DataObject, model: Path, tmp_path: Path) -> None:
    def change(header: dict[str, Any]) -> None:
        place: Any = header
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            inner = place[key]
            if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
                place = inner
                continue
            place[key] = data.draw(JSON)
            return

    path = change_header(model, tmp_path / "m", change)
    try:
        px.load(path).predict_proba(make_image((24, 32)))
    except ValueError as error:
        # Another number of channels, or a channel axis that the image lacks, makes a valid model.
        if not isinstance(error, px.ModelFileError) and "channel" not in str(error):
            raise
