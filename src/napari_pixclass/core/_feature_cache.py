"""Features of tiles, kept as long as they are looked at: then a new forest costs nothing but itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from ._axes import ArrayLike, Region, in_memory
from ._channel_features import ChannelFeatures
from ._chunk_cache import ChunkCache, remembers_chunks
from ._sample_cache import compute_rows
from ._scratch import Scratch
from ._tiles import Planes, Tile, TileReader
from ._training_image import TrainingImage

DEFAULT_BYTES = 2**30

SPARSE_STEP = 4
"""A first impression of a tile is made of every so manieth pixel along each axis."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """Features of a tile.

    Attributes
    ----------
    planes
        All of them.
    sparse
        Those of every `SPARSE_STEP`th pixel along each axis, side by side in memory.
    checksum
        Of the pixels that they depend on, where these can be changed in place.
    """

    planes: Planes
    sparse: Planes
    checksum: tuple[int, ...] | None

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.planes.nbytes + self.sparse.nbytes


_Key = tuple[object, ChannelFeatures, tuple[float, ...], Tile]


class FeatureCache:
    """Features of tiles, and the chunks of stored images that they were computed from; any thread may ask.

    Parameters
    ----------
    max_bytes
        Memory that it may take, a quarter of it for chunks at most. What was not used for longest goes first, but never
        features of what is on screen: where that alone is too much, the rest of it is not kept.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._names: dict[int, object] = {}
        self._on_screen: frozenset[_Key] = frozenset()
        self._chunks: dict[object, ChunkCache] = {}
        self._lock = Lock()
        self._entry_bytes = 0

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self._entry_bytes + sum(chunks.nbytes for chunks in list(self._chunks.values()))

    @property
    def max_bytes(self) -> int:
        """Memory that it may take."""
        return self._max_bytes

    @max_bytes.setter
    def max_bytes(self, value: int) -> None:
        if value < 0:
            raise ValueError(f"the memory of a cache must be 0 bytes or more; got {value}.")
        with self._lock:
            self._max_bytes = value
            self._chunks.clear()  # as large as they may be now, when they are needed again
            self._make_room(0, frozenset())

    def look_at(self, reader: TileReader, tiles: Collection[Tile]) -> None:
        """Say what is on screen."""
        self._on_screen = frozenset(self._key(reader, tile) for tile in tiles)

    def name_images(self, images: Iterable[tuple[ArrayLike, object]]) -> None:
        """Say which images there are, and under which names their features are remembered; forget all others.

        An image that has been replaced must get another name, and images must be named anew before they are used
        again: they are told apart by where they are in memory.
        """
        with self._lock:
            self._names = {id(image): name for image, name in images}
            names = set(self._names.values())
            for key in [key for key in self._entries if key[0] not in names]:
                self._drop(key)
            self._chunks = {name: self._chunks[name] for name in names if name in self._chunks}

    def clear(self) -> None:
        """Forget everything."""
        self.name_images(())

    def has(self, reader: TileReader, tile: Tile) -> bool:
        """Whether the features of a tile are there."""
        return self._key(reader, tile) in self._entries

    def planes(self, reader: TileReader, tile: Tile, scratch: Scratch) -> Planes:
        """Features of a tile, not to be written to; computed where they are not there. See `TileReader.planes`."""
        key = self._key(reader, tile)
        checksum = _checksum(reader, tile)
        known = self._look_up(key, checksum)
        if known is not None:
            return known.planes
        planes = reader.planes(tile, scratch, self._chunks_of(key[0], reader.image))
        every = slice(None, None, SPARSE_STEP)
        sparse = np.ascontiguousarray(planes[(slice(None), *[every] * (planes.ndim - 1))])
        entry = _Entry(planes, sparse, checksum)
        with self._lock:
            self._drop(key)
            if key[0] is not None and self._make_room(entry.nbytes, self._on_screen):
                self._entries[key] = entry
                self._entry_bytes += entry.nbytes
        return planes

    def _chunks_of(self, name: object, image: ArrayLike) -> ChunkCache | None:
        """What remembers the chunks of an image that has a name, and chunks."""
        share = self._max_bytes // 4
        if name is None or not remembers_chunks(image, share):
            return None
        with self._lock:
            return self._chunks.setdefault(name, ChunkCache(image, share))

    def sparse_planes(self, reader: TileReader, tile: Tile) -> Planes | None:
        """Features of every `SPARSE_STEP`th pixel of a tile along each axis; None where they are not there."""
        entry = self._look_up(self._key(reader, tile), _checksum(reader, tile))
        return None if entry is None else entry.sparse

    def _look_up(self, key: _Key, checksum: tuple[int, ...] | None) -> _Entry | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.checksum != checksum:
                return None
            self._entries.move_to_end(key)
            return entry

    def rows(
        self,
        training: TrainingImage,
        features: ChannelFeatures,
        frame: tuple[int, ...],
        block: Region,
        inside: npt.NDArray[np.intp],
        scratch: Scratch,
    ) -> npt.NDArray[np.float32]:
        """Features at some pixels of a block, as `compute_rows` gives them: what is there is not computed again."""
        reader = TileReader(training.image, training.axes, features, training.spacing)
        where = np.unravel_index(inside, tuple(axis.stop - axis.start for axis in block))
        points = np.stack([index + axis.start for index, axis in zip(where, block, strict=True)])
        rows = np.empty((len(inside), reader.n_features), dtype=np.float32)
        missing = np.ones(len(inside), dtype=bool)
        for tile, entry in self._known(reader, frame):
            split = len(frame)
            start = np.array(tile.start[split:])[:, np.newaxis]
            stop = np.array(tile.stop[split:])[:, np.newaxis]
            here = np.flatnonzero(missing & ((start <= points) & (points < stop)).all(axis=0))
            if len(here) and entry.checksum == _checksum(reader, tile):
                rows[here] = entry.planes[(slice(None), *(points[:, here] - start))].T
                missing[here] = False
        if missing.any():
            rows[missing] = compute_rows(training, features, frame, block, inside[missing], scratch)
        return rows

    def _known(self, reader: TileReader, frame: tuple[int, ...]) -> list[tuple[Tile, _Entry]]:
        """Tiles of full resolution of one frame whose features are there."""
        with self._lock:
            about = self._about(reader)
            return [
                (key[3], entry)
                for key, entry in self._entries.items()
                if key[:3] == about and key[3].level == 0 and key[3].start[: len(frame)] == frame
            ]

    def _about(self, reader: TileReader) -> tuple[object, ChannelFeatures, tuple[float, ...]]:
        return self._names.get(id(reader.image)), reader.features, reader.spacing

    def _key(self, reader: TileReader, tile: Tile) -> _Key:
        return (*self._about(reader), tile)

    def _make_room(self, n_bytes: int, keep: Collection[_Key]) -> bool:
        """Whether there is room, now that all has been forgotten that may be."""
        old = iter([key for key in self._entries if key not in keep])
        while self.nbytes + n_bytes > self._max_bytes:
            key = next(old, None)
            if key is None:
                return False
            self._drop(key)
        return True

    def _drop(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._entry_bytes -= entry.nbytes


def _checksum(reader: TileReader, tile: Tile) -> tuple[int, ...] | None:
    """Of the pixels that the features of a tile depend on, where these can be changed in place."""
    image = reader.image
    if not in_memory(image) or isinstance(image, np.memmap) or tile.level:
        return None
    split = len(reader.axes.lead)
    channels = [channel for channel, _, _ in reader.features.used()]
    halo = reader.features.halo_for(reader.spacing)
    return reader.checksums.around(channels, tile.start[:split], tile.box[split:], halo)
