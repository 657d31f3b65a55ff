"""Volumes to disk: memory that does not follow the size, speed against the engine in memory, time linear in size.

Every measurement runs in a process of its own, so that its peak memory is its own. The 64 GB volume exists only as a
recipe: photographs of textures, mirrored to fill space, sheared from plane to plane and mixed with noise; each block is
made when it is read, and what is predicted of it is large enough for memory to show whether it grows. The other
volumes lie on disk as zarr. Speed is measured alternately: a part of the volume in memory, and to disk.

    python benchmarks/bench_volumes.py            1 GB to disk, 1 GB of the 64 GB volume: about half an hour
    python benchmarks/bench_volumes.py --quick    some minutes, small volumes
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from skimage import data

from napari_pixclass.classifier import PixelClassifier
from napari_pixclass.core import OUTPUTS, FeatureSet, output_steps, run_steps
from napari_pixclass.io import ImageFile
from napari_pixclass.to_disk import OmeZarrRun, WriteOptions

N_TREES = 100
EDGE = 256  # of the texture that is mirrored
NOISE = 211  # of the noise; no multiple of the texture, so that no two places are the same


class Texture:
    """A volume of any size that is made where it is read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        faces = [image()[:EDGE, :EDGE].astype(np.int16) for image in (data.camera, data.coins)]
        z = np.arange(EDGE)[:, np.newaxis, np.newaxis]
        sheared = [np.stack([np.roll(face, k, axis=0) for k in range(EDGE)]) for face in faces]
        weight = (1 + np.sin(z / 17)) / 2
        self._texture = (weight * sheared[0] + (1 - weight) * sheared[1]).astype(np.int16)
        rng = np.random.default_rng(0)
        self._noise = rng.normal(0, 8, (NOISE,) * 3).astype(np.int16)

    def __getitem__(self, key: tuple[slice, ...]) -> npt.NDArray[np.uint8]:
        places = [np.arange(*part.indices(n)) for part, n in zip(key, self.shape, strict=True)]
        mirrored = [np.abs((place + EDGE) % (2 * EDGE) - EDGE) % EDGE for place in places]
        values = np.empty(tuple(map(len, places)), dtype=np.uint8)
        # Plane by plane: what is measured is the memory of the prediction, not that of making the image.
        for plane, textured, noisy in zip(values, mirrored[0], places[0] % NOISE, strict=True):
            sums = self._texture[textured][np.ix_(*mirrored[1:])]
            sums += self._noise[noisy][np.ix_(*(place % NOISE for place in places[1:]))]
            plane[...] = sums.clip(0, 255)
        return values


def trained(n_jobs: int) -> PixelClassifier:
    """All default features in 3D, three classes by brightness."""
    part = Texture((96, 160, 160))[(slice(None),) * 3]
    rng = np.random.default_rng(1)
    labels = np.zeros(part.shape, np.uint8)
    for _ in range(60):
        z, y, x = (int(rng.integers(0, n - 30)) for n in part.shape)
        stroke = (z, slice(y, y + 3), slice(x, x + 30))
        labels[stroke] = 1 + np.digitize(part[stroke], (80, 140))
    return PixelClassifier(FeatureSet.default(3), N_TREES, n_jobs=n_jobs).fit(part, labels)


class MemoryWatch:
    """Memory of this process, looked at ten times a second."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._stop.wait(0.1):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.samples.append(pages * page / 1e9)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def course(self) -> list[float]:
        """The most in each of a hundred parts of the time."""
        parts = np.array_split(self.samples, 100)
        return [round(float(max(part)), 3) for part in parts if len(part)]

    def quarters(self) -> list[float]:
        """The most in each quarter of the time."""
        return [round(max(part), 3) for part in np.array_split(self.samples, 4) if len(part)]


def to_disk(
    classifier: PixelClassifier,
    image: Any,
    folder: Path,
    memory: int | None,
    n_blocks: int | None = None,
) -> dict[str, Any]:
    """Write all outputs, or as many blocks as wanted; seconds, voxels and memory."""
    options = WriteOptions(
        paths={output: folder / f"{output}.ome.zarr" for output in OUTPUTS},
        unfinished=folder / "unfinished",
        memory=memory,
    )
    voxels = 0
    with MemoryWatch() as watch, OmeZarrRun(classifier, ImageFile("v", image, "ZYX"), options) as r:
        blocks = r.job.blocks(0)
        started = time.perf_counter()
        steps = r.steps()
        for step in steps:
            if step.what == "Predicting":
                sizes = [axis.stop - axis.start for axis in blocks[step.done - 1]]
                voxels += int(np.prod(sizes))
                predicted = time.perf_counter() - started
            if n_blocks is not None and step.done >= n_blocks:
                steps.close()
                break
        seconds = time.perf_counter() - started
    shutil.rmtree(folder)
    return {
        "plan": {"block": r.plan.block, "tile": r.plan.tile, "threads": r.plan.n_jobs},
        "promised_GB": round(r.plan.memory / 1e9, 3),
        "peak_GB": round(max(watch.samples), 3),
        "peak_GB_by_quarter": watch.quarters(),
        "GB_over_time": watch.course(),
        "voxels": voxels,
        "seconds": round(seconds, 2),
        "seconds_without_pyramid": round(predicted, 2),
        "Mvoxel_per_s": round(voxels / seconds / 1e6, 3),
    }


def virtual(args: argparse.Namespace) -> dict[str, Any]:
    """A part of 4000 x 4000 x 4000 voxels."""
    image = Texture((4000, 4000, 4000))
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        n_blocks = 24 if args.quick else 120
        return to_disk(trained(args.jobs), image, Path(folder) / "out", args.memory, n_blocks)


def stored(shape: tuple[int, int, int], folder: Path) -> Any:
    """The texture as a zarr array on disk."""
    array = zarr.create_array(folder / "image.zarr", shape=shape, dtype="u1", chunks=(64, 128, 128))
    texture = Texture(shape)
    for z in range(0, shape[0], 64):
        array[z : z + 64] = texture[(slice(z, z + 64), slice(None), slice(None))]
    return zarr.open_array(folder / "image.zarr", mode="r")


def real(args: argparse.Namespace) -> dict[str, Any]:
    """A volume on disk, as a whole."""
    shape = (128, 384, 384) if args.quick else (1000, 1000, 1000)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        image = stored(shape, Path(folder))
        return to_disk(trained(args.jobs), image, Path(folder) / "out", args.memory)


def against_memory(args: argparse.Namespace) -> dict[str, Any]:
    """The same part in memory and to disk, in turn; the ratio of their medians."""
    shape = (128, 256, 256) if args.quick else (256, 512, 512)
    rounds = 3
    classifier = trained(args.jobs)
    times: dict[str, list[float]] = {"memory": [], "disk": [], "disk_without_pyramid": []}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        array = stored(shape, Path(folder))
        image = array[:]
        run_steps(output_steps(classifier, image[:64, :64, :64], OUTPUTS))
        for _ in range(rounds):
            started = time.perf_counter()
            run_steps(output_steps(classifier, image, OUTPUTS))
            times["memory"].append(time.perf_counter() - started)
            result = to_disk(classifier, array, Path(folder) / "out", args.memory)
            times["disk"].append(result["seconds"])
            times["disk_without_pyramid"].append(result["seconds_without_pyramid"])
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "seconds": {name: [round(value, 2) for value in values] for name, values in times.items()},
        "throughput_ratio": round(median["memory"] / median["disk"], 3),
        "throughput_ratio_without_pyramid": round(
            median["memory"] / median["disk_without_pyramid"], 3
        ),
    }


def linear(args: argparse.Namespace) -> dict[str, Any]:
    """Volumes of one, two and four times the size."""
    depth = 64 if args.quick else 256
    classifier = trained(args.jobs)
    seconds = []
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        for times in (1, 2, 4):
            own = Path(folder) / str(times)
            own.mkdir()
            image = stored((times * depth, 256, 256), own)
            seconds.append(to_disk(classifier, image, own / "out", args.memory)["seconds"])
    return {
        "sizes": [1, 2, 4],
        "seconds": seconds,
        "seconds_per_size": [round(s / n, 2) for s, n in zip(seconds, (1, 2, 4), strict=True)],
    }


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "against memory": against_memory,
    "linear": linear,
    "64 GB": virtual,
    "on disk": real,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small volumes")
    parser.add_argument("--jobs", type=int, default=2, help="threads (default: %(default)s)")
    parser.add_argument("--memory", type=int, help="bytes to take at most")
    parser.add_argument("--folder", help="where to write (default: the system's temporary folder)")
    parser.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    parser.add_argument("--json", type=Path, help="file for the figures")
    args = parser.parse_args()
    results = {}
    context = multiprocessing.get_context("spawn")
    for name, measure in MEASUREMENTS.items():
        if args.only in {None, name}:
            with context.Pool(1) as pool:
                results[name] = pool.apply(measure, (args,))
            print(f"{name}\n{json.dumps(results[name], indent=2)}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
