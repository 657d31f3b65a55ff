"""What a user waits for before the first stroke: import, first training and first prediction, in fresh processes.

Cold: no compiled code on disk, as after an installation. Warm: as on every day after.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FIRST_CALL = """
import time
start = time.perf_counter()
import numpy as np
import napari_pixclass as px
features = px.FeatureSet.default({ndim})
imported = time.perf_counter()
rng = np.random.default_rng(0)
image = rng.integers(0, 255, {shape}, dtype=np.uint8)
labels = np.zeros(image.shape, np.uint8)
labels[..., 5, 5:50], labels[..., 50, 5:50] = 1, 2
classifier = px.PixelClassifier(features, random_state=0).fit(image, labels)
fitted = time.perf_counter()
classifier.predict_proba(image)
print(imported - start, fitted - imported, time.perf_counter() - fitted)
"""
SHAPES = {2: (256, 256), 3: (32, 64, 64)}


def run(code: str, cache: Path) -> str:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - ourselves
    return result.stdout


def import_seconds(cache: Path) -> float:
    start = time.perf_counter()
    run("import napari_pixclass", cache)
    package = time.perf_counter() - start
    start = time.perf_counter()
    run("pass", cache)
    return package - (time.perf_counter() - start)


def bench(ndim: int, rounds: int) -> list[dict[str, Any]]:
    code = FIRST_CALL.format(ndim=ndim, shape=SHAPES[ndim])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for state, repeats in (("cold", 1), ("warm", rounds)):
            runs = [tuple(map(float, run(code, Path(folder)).split())) for _ in range(repeats)]
            imports, fits, predictions = (
                statistics.median(part) for part in zip(*runs, strict=True)
            )
            rows.append(
                {
                    "case": f"{ndim}D, {state}",
                    "import_s": imports,
                    "first_fit_s": fits,
                    "first_prediction_s": predictions,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="warm runs; default: %(default)s")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone = statistics.median(import_seconds(Path(folder)) for _ in range(options.rounds))
    rows: list[dict[str, Any]] = [{"case": "import napari_pixclass alone", "import_s": alone}]
    for ndim in SHAPES:
        rows += bench(ndim, options.rounds)
    columns = ("import_s", "first_fit_s", "first_prediction_s")
    print(f"{'case':<32}" + "".join(f"{column:>20}" for column in columns))
    for row in rows:
        values = (f"{row[column]:>20.3f}" if column in row else " " * 20 for column in columns)
        print(f"{row['case']:<32}" + "".join(values))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
