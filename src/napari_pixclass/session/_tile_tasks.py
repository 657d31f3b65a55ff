"""Which tile is predicted next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from napari_pixclass.core import Output, Tile, TileReader

from ._tile_store import PredictedTile
from ._view import View, tiles_of

if TYPE_CHECKING:
    from ._live_steps import Looking


class TileTasks:
    """The tiles to predict, in their order at the moment when each is asked for: the view may have changed."""

    def __init__(
        self, reader: TileReader, looking: Looking, known: Mapping[Tile, PredictedTile]
    ) -> None:
        self._reader = reader
        self._looking = looking
        self._known = known
        self._view: View | None = None
        self._waiting: list[Tile] = []
        self._begun: dict[Tile, frozenset[Output]] = {}
        self._n_begun = 0
        self.n_done = 0

    def __iter__(self) -> Iterator[tuple[Tile, View]]:
        while True:
            view = self._looking.view()
            if view is not self._view:
                self._view = view
                self._waiting = self._missing(view)
            if view is None or not self._waiting:
                return
            tile = self._waiting.pop(0)
            self._begun[tile] = view.outputs
            self._n_begun += 1
            yield tile, view

    @property
    def progress(self) -> tuple[int, int]:
        """Tiles done, and to do."""
        return self.n_done, self._n_begun + len(self._waiting)

    def _missing(self, view: View | None) -> list[Tile]:
        if view is None or not view.outputs:
            return []
        tiles = tiles_of(view, len(self._reader.axes.lead))
        self._looking.cache.look_at(self._reader, tiles)
        return [tile for tile in tiles if not self._is_known(tile, view.outputs)]

    def _is_known(self, tile: Tile, outputs: frozenset[Output]) -> bool:
        known = self._known.get(tile)
        if known is not None and not known.is_rough and outputs <= set(known.arrays):
            return True
        return outputs <= self._begun.get(tile, frozenset())
