"""Sets of features in files: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_pixclass as px
from napari_pixclass.core import FAMILY_OF


@given(
    selection=st.dictionaries(
        st.sampled_from(sorted(FAMILY_OF)),
        st.lists(st.floats(0.3, 30), min_size=1, max_size=3),
        min_size=1,
    ),
    ndim=st.sampled_from([2, 3]),
)
def test_what_is_written_is_read_again(
    selection: dict[str, list[float]], ndim: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    planar = next(iter(selection.values()))[:1]
    features = px.FeatureSet.from_selection(selection, ndim, sigmas_2d=planar)
    path = tmp_path_factory.getbasetemp() / "features.json"
    px.save_features(features, path)
    assert px.load_features(path) == features


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"selection": {}}', "lacks 'ndim'"),
        (b" " * (2**20 + 1), "larger than"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "features.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"cannot be read as a set of features.*{reason}"):
        px.load_features(path)


@pytest.mark.parametrize(
    "change",
    [
        {"ndim": 4},
        {"selection": {"nonsense": [1.0]}},
        {"selection": {"gaussian_smoothing": [-1]}},
        {"selection": {"gaussian_smoothing": [float("inf")]}},
        {"selection": {"gaussian_smoothing": "large"}},
        {"selection": {"gaussian_smoothing": [i / 1000 for i in range(1, 9999)]}},
        {"selection": []},
        {"dialect": "klingon"},
        {"sigmas_2d": None},
    ],
)
def test_damaged_values(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "features.json"
    path.write_text(json.dumps({**px.FeatureSet.fast(2).to_dict(), **change}))
    with pytest.raises(ValueError, match="cannot be read as a set of features"):
        px.load_features(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(FileNotFoundError, match="the file of features must exist"):
            px.load_features(path)
