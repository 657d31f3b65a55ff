"""What part of an image somebody is looking at, and the tiles that it is made of."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from napari_pixclass.core import Output, Region, Tile

TILE_LENGTHS = {1: 1024, 2: 256, 3: 64}
"""Length of tiles along the axes on screen, by how many of them there are."""


@dataclass(frozen=True, slots=True)
class View:
    """What is on screen.

    Attributes
    ----------
    box
        The part of the image, one slice per axis but the channels, in pixels of its level: of length 1 along axes that
        are not displayed.
    shape
        Shape of the image at that level, without its channels.
    level
        0 for full resolution.
    outputs
        What is shown of the prediction; nothing is computed where that is nothing.
    """

    box: Region
    shape: tuple[int, ...]
    level: int
    outputs: frozenset[Output]

    @classmethod
    def whole(cls, shape: tuple[int, ...], outputs: frozenset[Output]) -> View:
        """All of an image."""
        return cls(tuple(slice(0, length) for length in shape), shape, 0, outputs)

    def touches(self, tile: Tile) -> bool:
        """Whether some of a tile is on screen."""
        corners = zip(tile.start, tile.stop, self.box, strict=True)
        return tile.level == self.level and all(
            start < axis.stop and axis.start < stop for start, stop, axis in corners
        )


def tiles_of(view: View, n_lead: int) -> list[Tile]:
    """Tiles that cover a view, those in its middle first.

    They lie on a grid, so that another view of the same plane has the same ones. Along leading axes, of which there are
    `n_lead`, they have length 1: features do not see beyond.
    """
    is_wide = [axis.stop - axis.start > 1 for axis in view.box]
    # A tile of a coarser level takes as much work as all that it stands for.
    length = TILE_LENGTHS[max(1, min(3, sum(is_wide[n_lead:])))] >> min(view.level, 3)
    spans = [
        [(at, at + 1) for at in range(axis.start, axis.stop)]
        if index < n_lead or not is_wide[index]
        else [
            (at, min(at + length, view.shape[index]))
            for at in range(axis.start // length * length, axis.stop, length)
        ]
        for index, axis in enumerate(view.box)
    ]
    middle = [(axis.start + axis.stop) / 2 for axis in view.box]

    def distance(tile: Tile) -> float:
        corners = zip(tile.start, tile.stop, middle, strict=True)
        return sum(((start + stop) / 2 - centre) ** 2 for start, stop, centre in corners)

    tiles = [
        Tile(
            view.level,
            tuple(start for start, _ in corner),
            tuple(stop for _, stop in corner),
            view.shape,
        )
        for corner in itertools.product(*spans)
    ]
    return sorted(tiles, key=distance)
