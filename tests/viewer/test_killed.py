"""A napari process is killed while somebody paints in it: at most the last stroke is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_pixclass.io import load_scribbles

PAINTER = Path(__file__).parent / "painter.py"
LONG = 120  # seconds; no process takes that long unless something is broken

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")

Rows = dict[int, int]
"""How many pixels each row of the labels has."""


def paint_until_killed(tmp_path: Path, first: int, n_lines: int, *options: str) -> list[Rows]:
    """What was painted when the process started, and after every stroke, until it was killed."""
    result = subprocess.run(
        [sys.executable, str(PAINTER), str(first), str(n_lines), *options],
        env=os.environ | {"NAPARI_CONFIG": str(tmp_path / "napari.yaml")},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    told = [line for line in result.stdout.splitlines() if line.endswith("}")]  # not cut off
    return [{int(row): n for row, n in json.loads(line).items()} for line in told]


def saved_rows(state_folder: Path) -> Rows:
    """What the only file holds; its pixels are read, so it is a valid one."""
    (path,) = (state_folder / "scribbles").glob("*.scribbles")
    labelled, info = load_scribbles(path)
    assert info.image_name == "cells"
    rows, counts = np.unique(labelled.coordinates()[-2], return_counts=True)
    return dict(zip(rows.tolist(), counts.tolist(), strict=True))


def kill_again_and_again(tmp_path: Path, state_folder: Path, n_kills: int, *options: str) -> None:
    """Each process restores what the one before it has left, and paints on."""
    saved: Rows = {}
    n_done = 0
    for index in range(n_kills):
        n_lines = 2 + index % 3
        told = paint_until_killed(tmp_path, n_done, n_lines, "--seed", str(index), *options)
        assert told[0] == saved
        n_done += len(told)  # one more than was told of: it may have been under way
        assert n_done < 40, "the image has no more room"
        saved = saved_rows(state_folder)
        assert told[-2].items() <= saved.items(), f"more than the last stroke is lost (run {index})"


def test_killed_while_painting(tmp_path: Path, state_folder: Path) -> None:
    kill_again_and_again(tmp_path, state_folder, 3)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(256, 256), (1024, 1024), (32, 256, 256)], ids=str)
@pytest.mark.parametrize("options", [(), ("--live",)], ids=["painting", "live"])
def test_killed_in_many_ways(
    tmp_path: Path, state_folder: Path, shape: tuple[int, ...], options: tuple[str, ...]
) -> None:
    kill_again_and_again(tmp_path, state_folder, 6, *options, "--shape", *map(str, shape))
