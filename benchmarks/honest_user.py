"""A simulated user: looks where it is told to, sees what class is there, and paints one stroke of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

REACH = 5
"""Pixels from the place within which a brush is put where it fits into the class."""

N_TRIES = 6
TURNS = (0.0, 0.25, -0.25, 0.5, -0.5, 0.8, -0.8)
"""Radians by which the hand gives way where going straight on would leave the class."""


@dataclass(frozen=True)
class Stroke:
    """Where a stroke lies in the flattened labels, and its class."""

    positions: np.ndarray
    value: int


class HonestUser:
    """Paints curves three pixels wide that never leave their class; knows the truth only where it paints.

    Parameters
    ----------
    truth
        Class values; nobody knows what is where it is 0.
    strokes
        Strokes of a person, or of somebody who paints like one: lengths are drawn from those of the same class.
    """

    def __init__(self, truth: np.ndarray, strokes: Sequence[Stroke]) -> None:
        self._truth = truth
        self._areas = {
            value: [len(stroke.positions) for stroke in strokes if stroke.value == value]
            for value in {stroke.value for stroke in strokes}
        }
        self._fitting: dict[tuple[tuple[int, ...], int], tuple[np.ndarray, np.ndarray]] = {}

    def paint(self, place: Sequence[int], random: np.random.Generator) -> Stroke | None:
        """A stroke near a place; None where the class is not known, and the user looks for another place."""
        *outer, y, x = map(int, place)
        plane = tuple(outer)
        value = int(self._truth[(*plane, y, x)])
        if value == 0:
            return None
        inside, fits = self._planes(plane, value)
        areas = self._areas.get(value) or [a for own in self._areas.values() for a in own]
        length = max(3, round(int(random.choice(areas)) / 3))
        start = _nearest(fits, (y, x))
        ground = inside if start is None else fits
        curve = _curve(ground, start or (y, x), length, random)
        mask = np.zeros(inside.shape, dtype=bool)
        mask[tuple(np.array(curve).T)] = True
        painted = ndimage.binary_dilation(mask, np.ones((3, 3))) & inside
        rows, columns = np.nonzero(painted)
        index = (*(np.full(len(rows), at) for at in plane), rows, columns)
        return Stroke(np.ravel_multi_index(index, self._truth.shape), value)

    def _planes(self, plane: tuple[int, ...], value: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a class is in a plane, and where the whole brush fits into it."""
        if (plane, value) not in self._fitting:
            inside = self._truth[plane] == value
            fits = ndimage.binary_erosion(inside, np.ones((3, 3)), border_value=1)
            self._fitting[plane, value] = inside, fits
        return self._fitting[plane, value]


def _nearest(fits: np.ndarray, place: tuple[int, int]) -> tuple[int, int] | None:
    """The pixel nearest to a place at which the brush fits; None if there is none within reach."""
    y0, x0 = (max(at - REACH, 0) for at in place)
    rows, columns = np.nonzero(fits[y0 : place[0] + REACH + 1, x0 : place[1] + REACH + 1])
    if not len(rows):
        return None
    best = int(((rows + y0 - place[0]) ** 2 + (columns + x0 - place[1]) ** 2).argmin())
    return int(rows[best] + y0), int(columns[best] + x0)


def _curve(
    ground: np.ndarray, start: tuple[int, int], length: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """A smooth curve through a pixel: the longest of a few that are drawn, at most so long."""
    best: list[tuple[int, int]] = []
    for _ in range(N_TRIES):
        curve = _grown(ground, start, length, random)
        if len(curve) > len(best):
            best = curve
        if len(best) >= length:
            break
    return best


def _grown(
    ground: np.ndarray, start: tuple[int, int], length: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Grow a curve at both ends, in turn, until it is long enough or cannot grow."""
    heading = random.uniform(0, 2 * np.pi)
    curve = [start]
    ends = [(float(start[0]), float(start[1]), heading + side) for side in (0, np.pi)]
    growing = [0, 1]
    while growing and len(curve) < length:
        for end in list(growing):
            grown = _step(ground, ends[end], random)
            if grown is None:
                growing.remove(end)
            elif len(curve) < length:
                ends[end] = grown
                curve.append((round(grown[0]), round(grown[1])))
    return curve


def _step(
    ground: np.ndarray, end: tuple[float, float, float], random: np.random.Generator
) -> tuple[float, float, float] | None:
    """The next point of a curve, and where it heads; None where every way leads out of the ground."""
    wobble, side = random.normal(0, 0.12), random.choice((-1, 1))
    for turn in TURNS:
        heading = end[2] + wobble + side * turn
        y, x = end[0] + np.sin(heading), end[1] + np.cos(heading)
        row, column = round(y), round(x)
        if 0 <= row < ground.shape[0] and 0 <= column < ground.shape[1] and ground[row, column]:
            return y, x, heading
    return None
