"""The command predict with --scheduler: worker processes stand for the machines of a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import distributed
import numpy as np
import pytest
import zarr

from napari_pixclass.cli import main

from .test_interrupted_predict import files_of, predict, start, wait_for_blocks

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A model, an image in a zarr folder, and what comes of them on this machine."""
    folder = tmp_path_factory.mktemp("volume")
    values = np.random.default_rng(0).integers(0, 90, (24, 64, 96)).astype(np.uint8)
    values[:, :, 40:] += 100
    zarr.create_array(folder / "brain.zarr", data=values, chunks=(16, 16, 16))
    labels = np.zeros(values.shape, np.uint8)
    labels[::3, ::9, ::4] = 1 + (values[::3, ::9, ::4] > 95)
    zarr.create_array(folder / "labels.zarr", data=labels)
    model = folder / "m.pixclass"
    pair = ["--pair", str(folder / "brain.zarr"), str(folder / "labels.zarr"), "--ndim", "3"]
    assert main(["train", *pair, "-o", str(model), "--features", "fast", "--trees", "20"]) == 0
    assert main(predict(model, folder / "brain.zarr", folder / "whole")) == 0
    return model, folder / "brain.zarr", folder / "whole"


def test_a_killed_worker_costs_only_its_blocks(
    volume: tuple[Path, Path, Path], cluster: distributed.LocalCluster, tmp_path: Path
) -> None:
    model, image, whole = volume
    journal = tmp_path / "brain.unfinished" / "journal"
    process = start(predict(model, image, tmp_path, "--scheduler", cluster.scheduler_address))
    wait_for_blocks(process, journal, 10)
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "on each of 2 workers at tcp://" in err
    assert files_of(tmp_path) == files_of(whole)


def test_a_run_goes_on_on_a_cluster(
    volume: tuple[Path, Path, Path], cluster: distributed.LocalCluster, tmp_path: Path
) -> None:
    model, image, whole = volume
    process = start(predict(model, image, tmp_path))
    wait_for_blocks(process, tmp_path / "brain.unfinished" / "journal", 10)
    process.kill()
    process.communicate()
    more = ["--resume", "--scheduler", cluster.scheduler_address]
    assert main(predict(model, image, tmp_path, *more)) == 0
    assert files_of(tmp_path) == files_of(whole)


def test_no_scheduler(
    volume: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, image, _ = volume
    capsys.readouterr()
    assert main(predict(model, image, tmp_path, "--scheduler", "nonsense://x")) == 2
    assert "a scheduler must answer at its address" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
