"""Predictions that are killed, cancelled or run out of disk: in the end there is what would have been there at once."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_pixclass.cli import main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")

PATIENCE = 60  # seconds; no test waits that long unless something is broken


def predict(model: Path, image: Path, folder: Path, *more: str) -> list[str]:
    options = ["--format", "ome-zarr", "--block-size", "8,16,16", "--jobs", "2", "--levels", "2"]
    exports = ["--export", "probabilities,uncertainty,segmentation"]
    return ["predict", str(model), str(image), "-o", str(folder), *exports, *options, *more]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "napari_pixclass", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def n_lines(journal: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return journal.read_bytes().count(b"\n")
    return 0


def wait_for_blocks(process: subprocess.Popen[str], journal: Path, n_blocks: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while n_lines(journal) < n_blocks and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A model, an image in a zarr folder, and what comes of them in a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("volume")
    values = np.random.default_rng(0).integers(0, 90, (24, 64, 96)).astype(np.uint8)
    values[:, :, 40:] += 100
    image = folder / "brain.zarr"
    array = zarr.create_array(image, shape=values.shape, dtype="u1", chunks=(16, 16, 16))
    array[:] = values
    labels = np.zeros(values.shape, np.uint8)
    labels[::3, ::9, ::4] = 1 + (values[::3, ::9, ::4] > 95)
    zarr.create_array(folder / "labels.zarr", data=labels)
    model = folder / "m.pixclass"
    pair = ["--pair", str(image), str(folder / "labels.zarr"), "--ndim", "3"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "20"]) == 0
    assert main(predict(model, image, folder / "whole")) == 0
    return model, image, folder / "whole"


def kill_again_and_again(
    volume: tuple[Path, Path, Path], folder: Path, n_kills: int, seed: int
) -> int:
    """Kill a prediction at random moments, start it again, until it has been killed so often or is done."""
    model, image, whole = volume
    rng = random.Random(seed)
    journal = folder / "brain.unfinished" / "journal"
    killed = 0
    for attempt in range(n_kills + 1):
        before = journal.read_bytes() if journal.exists() else b""
        process = start(predict(model, image, folder, "--resume"))
        if attempt < n_kills:
            # At first anywhere, while it starts too; then after some more blocks.
            if attempt % 4 == 0:
                time.sleep(rng.uniform(0, 2))
            else:
                wait_for_blocks(process, journal, before.count(b"\n") + rng.randint(1, 12))
                time.sleep(rng.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=PATIENCE)
        killed += process.returncode == -signal.SIGKILL
        assert process.returncode in {0, -signal.SIGKILL}, err
        if journal.exists():
            # Finished blocks were kept: none was entered twice.
            lines = journal.read_bytes().split(b"\n")[:-1]
            assert journal.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
            tasks = [line.split(b",", 2)[:2] for line in lines]
            assert len(tasks) == len({tuple(task) for task in tasks})
        if process.returncode == 0:
            break
    assert files_of(folder) == files_of(whole)
    return killed


def test_killed(volume: tuple[Path, Path, Path], tmp_path: Path) -> None:
    assert kill_again_and_again(volume, tmp_path / "out", 3, seed=1) == 3


@pytest.mark.slow
def test_killed_many_times(
    volume: tuple[Path, Path, Path], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    killed, seed = 0, 0
    while killed < 50:
        killed += kill_again_and_again(volume, tmp_path / str(seed), 12, seed)
        seed += 1
    record_property("kills", killed)
    record_property("runs", seed)


def test_cancelled(volume: tuple[Path, Path, Path], tmp_path: Path) -> None:
    model, image, whole = volume
    journal = tmp_path / "brain.unfinished" / "journal"
    process = start(predict(model, image, tmp_path))
    wait_for_blocks(process, journal, 5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "go on with --resume" in err
    assert err.endswith("napari-pixclass: cancelled\n")
    done = n_lines(journal)
    assert done >= 5
    assert main(predict(model, image, tmp_path, "--resume")) == 0
    assert files_of(tmp_path) == files_of(whole)


def test_two_runs_do_not_write_the_same_results(
    volume: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, image, whole = volume
    process = start(predict(model, image, tmp_path))
    try:
        wait_for_blocks(process, tmp_path / "brain.unfinished" / "journal", 2)
        process.send_signal(signal.SIGSTOP)
        capsys.readouterr()
        for more in ("--resume", "--overwrite"):
            assert main(predict(model, image, tmp_path, more)) == 2
            assert "only one run may write to a result at a time" in capsys.readouterr().err
    finally:
        process.kill()
        process.communicate()
    assert main(predict(model, image, tmp_path, "--resume")) == 0
    assert files_of(tmp_path) == files_of(whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "pixclass-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk in memory")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(
    volume: tuple[Path, Path, Path], small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, image, whole = volume
    capsys.readouterr()
    assert main(predict(model, image, small_disk)) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "No space left on device" in err
    assert "go on with --resume" in err
    assert main(predict(model, image, small_disk, "--resume")) == 1  # still full
    larger = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(larger, check=True)
    assert main(predict(model, image, small_disk, "--resume")) == 0
    assert files_of(small_disk) == files_of(whole)
