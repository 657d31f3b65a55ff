"""Draw docs/images/quality.svg from what `make bench-quality` has measured: true IoU over IoU foretold.

python benchmarks/bench_quality.py --json .benchmarks/quality.json
python docs/make_quality_figure.py
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from svg_plot import Plot, figure, text

ROOT = Path(__file__).resolve().parent.parent
SIDE = 300
LEGEND = 24
COLUMNS = 3
# To be told apart on white, by colour-blind eyes too, as far as nine colours can be.
COLORS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#808000", "#222222",
)  # fmt: skip
TITLES = {
    "out of bag": "Out of bag",
    "left-out strokes": "Left-out strokes",
    "expected": "Expected of whole images",
}


def plot(way: str, columns: list[str], runs: dict[str, list[list[float]]], least: float) -> Plot:
    """True IoU over what one way foretells, a colour for each data set."""
    place = columns.index(way)
    errors = [abs(row[place] - row[0]) for rows in runs.values() for row in rows]
    title = f"{TITLES[way]}: off by {sum(errors) / len(errors):.3f}"
    drawn = Plot(title, "mean IoU foretold", "true mean IoU", (1, 1), (least, least), (SIDE, SIDE))
    tenths = [tenth / 10 for tenth in range(round(10 * least), 11, 2)]
    drawn.ticks(tenths, tenths)
    drawn.diagonal()
    for color, rows in zip(COLORS, runs.values(), strict=False):
        points = [(row[place], row[0]) for row in rows]
        drawn.dots(points, color, 4, " fill-opacity='0.75'")
    return drawn


def legend(names: list[str]) -> str:
    """What each colour stands for."""
    parts = []
    for index, (name, color) in enumerate(zip(names, COLORS, strict=False)):
        row, column = divmod(index, COLUMNS)
        x, y = 56 + column * SIDE, SIDE + 16 + row * LEGEND
        parts.append(f"<circle cx='{x}' cy='{y - 4}' r='5' fill='{color}'/>")
        parts.append(text(x + 12, y, name, "start"))
    return "".join(parts)


def main() -> None:
    measured = json.loads((ROOT / ".benchmarks" / "quality.json").read_text())
    columns, runs = measured["columns"], measured["runs"]
    places = [0, *(columns.index(way) for way in TITLES)]
    least = min(row[place] for rows in runs.values() for row in rows for place in places)
    least = math.floor(5 * least) / 5
    plots = [plot(way, columns, runs, least).svg(i * SIDE) for i, way in enumerate(TITLES)]
    height = SIDE + math.ceil(len(runs) / COLUMNS) * LEGEND + 8
    picture = figure(len(TITLES) * SIDE, height, "".join(plots) + legend(list(runs)))
    (ROOT / "docs" / "images" / "quality.svg").write_text(picture)


if __name__ == "__main__":
    main()
