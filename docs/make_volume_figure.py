"""Draw docs/images/memory.svg from what `make bench` has measured: memory over time, seconds over size.

python benchmarks/bench_volumes.py --json .benchmarks/volumes.json
python docs/make_volume_figure.py
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 380, 240
LEFT, TOP, RIGHT, BOTTOM = 56, 40, 16, 44
BLUE, GREY, FAINT = "#2a6fdb", "#57606a", "#d0d7de"

Point = tuple[float, float]


class Plot:
    """One plot: axes from 0, points, and lines between them."""

    def __init__(self, title: str, x_label: str, y_label: str, corner: Point) -> None:
        self._corner = corner
        self._parts = [
            _text(WIDTH / 2, 20, title, "middle", "font-weight='600'"),
            _text(LEFT + self._inner[0] / 2, HEIGHT - 8, x_label, "middle"),
            _text(LEFT - 44, TOP - 6, y_label, "start"),
        ]

    _inner = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)

    def at(self, point: Point) -> Point:
        """Where a point lies in the picture."""
        x, y = (value / most for value, most in zip(point, self._corner, strict=True))
        return LEFT + x * self._inner[0], TOP + (1 - y) * self._inner[1]

    def ticks(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Numbers at the axes, with faint lines."""
        for y in ys:
            left, height = self.at((0, y))
            self._parts.append(_line((left, height), (WIDTH - RIGHT, height), FAINT))
            self._parts.append(_text(left - 6, height + 4, f"{y:g}", "end"))
        for x in xs:
            place, bottom = self.at((x, 0))
            self._parts.append(_text(place, bottom + 16, f"{x:g}", "middle"))

    def curve(self, points: Sequence[Point], marks: bool) -> None:
        """Points in their order."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        self._parts.append(
            f"<polyline points='{path}' fill='none' stroke='{BLUE}' stroke-width='2'/>"
        )
        if marks:
            dots = (f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4'/>" for x, y in map(self.at, points))
            self._parts.append(f"<g fill='{BLUE}'>{''.join(dots)}</g>")

    def level(self, y: float, words: str) -> None:
        """A dashed line at a height."""
        left, height = self.at((0, y))
        self._parts.append(
            _line((left, height), (WIDTH - RIGHT, height), GREY, "stroke-dasharray='5 4'")
        )
        self._parts.append(_text(left + 6, height - 6, words, "start"))

    def svg(self, x: float) -> str:
        """The plot, so far to the right."""
        return f"<g transform='translate({x})'>{''.join(self._parts)}</g>"


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{words}</text>"


def _line(start: Point, stop: Point, color: str, more: str = "") -> str:
    (x1, y1), (x2, y2) = start, stop
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}' {more}/>"
    )


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
    size = f"width='{len(plots) * WIDTH}' height='{HEIGHT}'"
    style = f"font-family='sans-serif' font-size='12' fill='{GREY}'"
    (ROOT / "docs" / "images" / "memory.svg").write_text(
        f"<svg xmlns='http://www.w3.org/2000/svg' {size}><rect {size} fill='white'/><g {style}>{inner}</g></svg>\n"
    )


if __name__ == "__main__":
    main()
