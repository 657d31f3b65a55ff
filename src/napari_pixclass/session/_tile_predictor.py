"""Predicting tiles: features that are remembered, a forest, and the outputs that are on screen."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_pixclass.core import (
    SPARSE_STEP,
    FeatureCache,
    Scratch,
    Tile,
    TileReader,
)

from ._pace import Pace
from ._tile_store import PredictedTile, outputs_of
from ._view import View

Planes = npt.NDArray[np.float32]


class Predicts(Protocol):
    """A forest, or any other classifier."""

    def predict_planes(self, planes: Planes, /) -> Planes: ...


class TilePredictor:
    """Predicts tiles; any thread may ask.

    Parameters
    ----------
    reader
        Computes features.
    cache
        Remembers them.
    forest
        Classifies them.
    classes
        Class values, in the order of the probabilities.
    known
        Tiles that this forest has predicted already, perhaps not all outputs of them.
    """

    def __init__(
        self,
        reader: TileReader,
        cache: FeatureCache,
        forest: Predicts,
        classes: npt.NDArray[np.integer[Any]],
        known: Mapping[Tile, PredictedTile] | None = None,
    ) -> None:
        self.reader = reader
        self.classes = classes
        self._cache = cache
        self._forest = forest
        self._known = known or {}
        self._thread = threading.local()

    def predict(self, tile: Tile, view: View) -> tuple[PredictedTile, float]:
        """Predict a tile; where its probabilities are known only the outputs that are missing are made.

        Returns
        -------
        PredictedTile, float
            The tile, and how many seconds it takes usually; see `Pace.nominal`.
        """
        known = self._known.get(tile)
        seconds = 0.0
        if known is not None and not known.is_rough:
            probabilities = known.arrays["probabilities"]
        else:
            seconds = Pace.nominal(tile.n_pixels, self._cache.has(self.reader, tile))
            probabilities = self._forest.predict_planes(self._planes(tile)).reshape(-1, *tile.size)
        arrays = outputs_of(probabilities, view.outputs, self.classes)
        return PredictedTile(tile, arrays, False), seconds

    def predict_roughly(self, tile: Tile, view: View) -> PredictedTile | None:
        """Predict some of the pixels of a tile, and give the others the probabilities of one beside them.

        None where the features of the tile are not there.
        """
        planes = self._cache.sparse_planes(self.reader, tile)
        if planes is None:
            return None
        probabilities = self._forest.predict_planes(planes)
        for axis, length in enumerate(tile.size[-(planes.ndim - 1) :], start=1):
            probabilities = probabilities.repeat(SPARSE_STEP, axis)
            probabilities = probabilities[(slice(None),) * axis + (slice(length),)]
        probabilities = probabilities.reshape(-1, *tile.size)
        return PredictedTile(tile, outputs_of(probabilities, view.outputs, self.classes), True)

    def _planes(self, tile: Tile) -> Planes:
        if not hasattr(self._thread, "scratch"):
            self._thread.scratch = Scratch()
        return self._cache.planes(self.reader, tile, self._thread.scratch)
