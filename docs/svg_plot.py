"""Plots as SVG: axes, points, lines and words, and no library."""

from __future__ import annotations

from collections.abc import Sequence

BLUE, GREY, FAINT = "#2a6fdb", "#57606a", "#d0d7de"

Point = tuple[float, float]
LEFT, TOP, RIGHT, BOTTOM = 56, 40, 16, 44


class Plot:
    """One plot.

    Parameters
    ----------
    title, x_label, y_label
        What is written above, below, and at the top of the left axis.
    corner
        What the upper right corner stands for.
    origin
        What the lower left corner stands for.
    size
        Width and height in pixels, words included.
    """

    def __init__(
        self,
        title: str,
        x_label: str,
        y_label: str,
        corner: Point,
        origin: Point = (0, 0),
        size: tuple[int, int] = (380, 240),
    ) -> None:
        self._corner, self._origin = corner, origin
        self._width, self._height = size
        self._inner = (self._width - LEFT - RIGHT, self._height - TOP - BOTTOM)
        self._parts = [
            text(self._width / 2, 20, title, "middle", "font-weight='600'"),
            text(LEFT + self._inner[0] / 2, self._height - 8, x_label, "middle"),
            text(LEFT - 44, TOP - 6, y_label, "start"),
        ]

    def at(self, point: Point) -> Point:
        """Where a point lies in the picture."""
        x, y = (
            (value - least) / (most - least)
            for value, least, most in zip(point, self._origin, self._corner, strict=True)
        )
        return LEFT + x * self._inner[0], TOP + (1 - y) * self._inner[1]

    def ticks(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Numbers at the axes, with faint lines."""
        for y in ys:
            left, height = self.at((self._origin[0], y))
            self._parts.append(line((left, height), (self._width - RIGHT, height), FAINT))
            self._parts.append(text(left - 6, height + 4, f"{y:g}", "end"))
        for x in xs:
            place, bottom = self.at((x, self._origin[1]))
            self._parts.append(text(place, bottom + 16, f"{x:g}", "middle"))

    def curve(
        self, points: Sequence[Point], marks: bool, color: str = BLUE, more: str = ""
    ) -> None:
        """Points in their order."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        self._parts.append(
            f"<polyline points='{path}' fill='none' stroke='{color}' stroke-width='2' {more}/>"
        )
        if marks:
            self.dots(points, color, 4)

    def dots(self, points: Sequence[Point], color: str, radius: float, more: str = "") -> None:
        """Points without an order."""
        circles = (
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius:g}'/>" for x, y in map(self.at, points)
        )
        self._parts.append(f"<g fill='{color}'{more}>{''.join(circles)}</g>")

    def level(self, y: float, words: str) -> None:
        """A dashed line at a height."""
        left, height = self.at((self._origin[0], y))
        self._parts.append(
            line((left, height), (self._width - RIGHT, height), GREY, "stroke-dasharray='5 4'")
        )
        self._parts.append(text(left + 6, height - 6, words, "start"))

    def diagonal(self) -> None:
        """A dashed line where both axes have the same value."""
        start, stop = self.at(self._origin), self.at(self._corner)
        self._parts.append(line(start, stop, GREY, "stroke-dasharray='5 4'"))

    def svg(self, x: float) -> str:
        """The plot, so far to the right."""
        return f"<g transform='translate({x})'>{''.join(self._parts)}</g>"


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    """Words at a place."""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {more}>{words}</text>"


def line(start: Point, stop: Point, color: str, more: str = "") -> str:
    """A line from one place to another."""
    (x1, y1), (x2, y2) = start, stop
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}' {more}/>"
    )


def figure(width: int, height: int, inner: str) -> str:
    """A picture on white."""
    size = f"width='{width}' height='{height}'"
    style = f"font-family='sans-serif' font-size='12' fill='{GREY}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size}><rect {size} fill='white'/><g {style}>{inner}</g></svg>\n"
