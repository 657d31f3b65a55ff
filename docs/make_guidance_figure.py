"""Draw docs/images/guidance.svg from what `make bench-guidance` has measured: IoU over strokes, for each data set.

python benchmarks/bench_guidance.py --json .benchmarks/guidance.json
python docs/make_guidance_figure.py
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from svg_plot import BLUE, GREY, Plot, figure, line, text

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 300, 220
COLUMNS = 3
LEGEND = 32
TITLES = {
    "em_membrane_isbi2012": "Membranes (EM, planes)",
    "em_membrane_isbi2012/volume": "Membranes (EM, volume)",
    "histology_rgb_dsb2018": "Histology (RGB)",
    "nuclei_fluo_dsb2018": "Nuclei (fluorescence)",
    "phase_contrast_usiigaci": "Cells (phase contrast)",
    "timelapse_phase_t98g": "Cells (time series)",
    "volume_cellwall_plantseg": "Cell walls (volume)",
    "volume_nuclei_plantseg": "Nuclei of a plant (volume)",
    "volume_nuclei_stardist": "Nuclei (volume)",
}
STYLES = {
    "given": ("given", GREY, "stroke-dasharray='5 4'"),
    "random": ("at random", "#d55e00", ""),
    "margin": ("most uncertain pixel", "#009e73", ""),
    "guided": ("guided", BLUE, ""),
}


def plot(name: str, measured: dict[str, object]) -> Plot:
    """Mean IoU of one data set by the share of its strokes, for each way to choose where to paint them."""
    curves = {way: measured["curves"][way] for way in STYLES if way in measured["curves"]}
    values = [value for curve in curves.values() for value in curve]
    least, most = math.floor(10 * min(values)) / 10, math.ceil(10 * max(values)) / 10
    drawn = Plot(
        TITLES[name],
        "share of the given number of strokes",
        "mean IoU",
        (1, most),
        (0, least),
        (WIDTH, HEIGHT),
    )
    tenths = range(round(10 * least), round(10 * most) + 1, 2 if most - least > 0.35 else 1)
    drawn.ticks([0, 0.25, 0.5, 0.75, 1], [tenth / 10 for tenth in tenths])
    for way, curve in curves.items():
        _, color, more = STYLES[way]
        points = list(zip(measured["share"], curve, strict=True))
        drawn.curve(points, marks=False, color=color, more=more)
    return drawn


def legend(ways: list[str]) -> str:
    """What each curve stands for."""
    parts = []
    for index, way in enumerate(ways):
        words, color, more = STYLES[way]
        x = 56 + index * 200
        parts.append(line((x, 16), (x + 28, 16), color, f"stroke-width='2' {more}"))
        parts.append(text(x + 36, 20, words, "start"))
    return "".join(parts)


def main() -> None:
    measured = json.loads((ROOT / ".benchmarks" / "guidance.json").read_text())
    names = [name for name in TITLES if name in measured]
    drawn = []
    for index, name in enumerate(names):
        row, column = divmod(index, COLUMNS)
        plotted = plot(name, measured[name]).svg(column * WIDTH)
        drawn.append(f"<g transform='translate(0 {LEGEND + row * HEIGHT})'>{plotted}</g>")
    ways = [way for way in STYLES if any(way in measured[name]["curves"] for name in names)]
    height = LEGEND + math.ceil(len(names) / COLUMNS) * HEIGHT
    picture = figure(COLUMNS * WIDTH, height, legend(ways) + "".join(drawn))
    (ROOT / "docs" / "images" / "guidance.svg").write_text(picture)


if __name__ == "__main__":
    main()
