"""Predicted tiles of one image by one classifier, and nothing that either of them would not say now."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import Output, Region, Tile, segmentation_of, uncertainty_of

from ._view import View

DEFAULT_BYTES = 2**31

Arrays = dict[Output, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class PredictedTile:
    """What is known about a tile.

    Attributes
    ----------
    tile
        Where it lies.
    arrays
        For each output its values: ``"probabilities"`` (n_classes, *tile), the others (*tile). Others than
        probabilities may be missing, as long as nobody has asked for them.
    is_rough
        Whether these come from a part of the forest, or of the pixels: something better is on its way.
    """

    tile: Tile
    arrays: Arrays
    is_rough: bool

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(array.nbytes for array in self.arrays.values())


class TileStore:
    """Predicted tiles; used in the thread of the session.

    Parameters
    ----------
    classes
        Class values, in the order of the probabilities.
    max_bytes
        Memory that it may take. What was neither shown nor predicted for longest is forgotten, but nothing that is on
        screen: where that alone is too much, the rest of it is not kept.
    """

    def __init__(
        self, classes: npt.NDArray[np.integer[Any]], max_bytes: int = DEFAULT_BYTES
    ) -> None:
        self.classes = classes
        self.max_bytes = max_bytes
        self.nbytes = 0
        self._tiles: OrderedDict[Tile, PredictedTile] = OrderedDict()
        self._view: View | None = None
        self._refused: set[Tile] = set()

    def look_at(self, view: View | None) -> None:
        """Say what is on screen."""
        self._view = view
        self._refused.clear()

    def put(self, found: PredictedTile) -> None:
        """Add a tile, or what is known better about one."""
        self._drop(found.tile)
        self._make_room(found.nbytes)
        if self._tiles and self.nbytes + found.nbytes > self.max_bytes:
            self._refused.add(found.tile)
            return
        self._tiles[found.tile] = found
        self.nbytes += found.nbytes

    def get(self, tile: Tile) -> PredictedTile | None:
        """What is known about a tile."""
        return self._tiles.get(tile)

    def snapshot(self) -> dict[Tile, PredictedTile]:
        """Everything that is known, for another thread."""
        return dict(self._tiles)

    def knows(self, tiles: Collection[Tile], outputs: Collection[Output]) -> bool:
        """Whether nothing is missing of these tiles, and nothing rough, but for what there is no room for."""
        known = (self._tiles.get(tile) for tile in tiles if tile not in self._refused)
        return all(
            found is not None and not found.is_rough and set(outputs) <= set(found.arrays)
            for found in known
        )

    def read(
        self,
        output: Output,
        index: int | None,
        level: int,
        box: Region,
        out: npt.NDArray[Any],
    ) -> None:
        """Copy what is known about a part of the image to `out`; what is not known stays as it is there.

        Parameters
        ----------
        output, index
            The output; for probabilities the position of the class.
        level, box
            Which part.
        out
            Array of the shape of `box`.
        """
        for found in list(self._tiles.values()):
            if found.tile.level == level and self._copy(found, output, index, box, out):
                self._touch(found.tile)

    def _touch(self, tile: Tile) -> None:
        if tile in self._tiles:  # napari may read in a thread of its own
            self._tiles.move_to_end(tile)

    def _make_room(self, n_bytes: int) -> None:
        """Forget as much as there must be forgotten for some more bytes, and may be."""
        for tile in list(self._tiles):
            if self.nbytes + n_bytes <= self.max_bytes:
                return
            if self._view is None or not self._view.touches(tile):
                self._drop(tile)

    def _drop(self, tile: Tile) -> None:
        found = self._tiles.pop(tile, None)
        if found is not None:
            self.nbytes -= found.nbytes

    def _copy(
        self,
        found: PredictedTile,
        output: Output,
        index: int | None,
        box: Region,
        out: npt.NDArray[Any],
    ) -> bool:
        """Copy what of a tile lies in `box`; return whether anything does."""
        inside, there = [], []
        for start, stop, axis in zip(found.tile.start, found.tile.stop, box, strict=True):
            low, high = max(start, axis.start), min(stop, axis.stop)
            if low >= high:
                return False
            inside.append(slice(low - start, high - start))
            there.append(slice(low - axis.start, high - axis.start))
        values = self._values(found, output)
        out[tuple(there)] = (values if index is None else values[index])[tuple(inside)]
        return True

    def _values(self, found: PredictedTile, output: Output) -> npt.NDArray[Any]:
        """An output of a tile: one that was hidden until now is made of the probabilities."""
        if output not in found.arrays:
            before = found.nbytes
            found.arrays.update(outputs_of(found.arrays["probabilities"], {output}, self.classes))
            self.nbytes += found.nbytes - before
        return found.arrays[output]


def outputs_of(
    probabilities: npt.NDArray[np.float32],
    outputs: Collection[Output],
    classes: npt.NDArray[np.integer[Any]],
) -> Arrays:
    """Arrays of some outputs of a tile from its probabilities, which are always among them."""
    arrays: Arrays = {"probabilities": probabilities}
    if "uncertainty" in outputs:
        arrays["uncertainty"] = uncertainty_of(probabilities, axis=0)
    if "segmentation" in outputs:
        arrays["segmentation"] = segmentation_of(probabilities, classes, axis=0)
    return arrays
