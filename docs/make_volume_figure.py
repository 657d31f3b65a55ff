"""Draw docs/images/memory.svg from what `make bench` has measured: memory over time, seconds over size.

python benchmarks/bench_volumes.py --json .benchmarks/volumes.json
python docs/make_volume_figure.py
"""

from __future__ import annotations

import json
from pathlib import Path

from svg_plot import Plot, figure

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 380, 240


def memory(measured: dict[str, object]) -> Plot:
    """Memory while a part of the 64 GB volume is predicted."""
    minutes, course = measured["seconds"] / 60, measured["GB_over_time"]
    plot = Plot("64 GB volume: memory", "minutes", "GB", (minutes, 1.6))
    plot.ticks([0, round(minutes / 2, 1), round(minutes, 1)], [0, 0.5, 1, 1.5])
    plot.level(measured["promised_GB"], "stated before the run")
    step = minutes / (len(course) - 1)
    plot.curve([(index * step, value) for index, value in enumerate(course)], marks=False)
    return plot


def time(measured: dict[str, object]) -> Plot:
    """Seconds for volumes of one, two and four times the size."""
    sizes, seconds = measured["sizes"], measured["seconds"]
    most = max(seconds)
    plot = Plot("Time to disk", "size (256 x 256 x 256 = 1)", "s", (max(sizes) * 1.1, most * 1.1))
    plot.ticks([0, *sizes], [0, round(most / 2), round(most)])
    plot.curve([(0, 0), *zip(sizes, seconds, strict=True)], marks=True)
    return plot


def main() -> None:
    results = json.loads((ROOT / ".benchmarks" / "volumes.json").read_text())
    plots = [memory(results["64 GB"]), time(results["linear"])]
    inner = "".join(plot.svg(index * WIDTH) for index, plot in enumerate(plots))
    picture = figure(len(plots) * WIDTH, HEIGHT, inner)
    (ROOT / "docs" / "images" / "memory.svg").write_text(picture)


if __name__ == "__main__":
    main()
