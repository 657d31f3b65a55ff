"""Memory that is used again from block to block: fresh memory would cost a page fault per 4 kB."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]
Flat = npt.NDArray[np.float32]

_LINE = 16  # float32 in a cache line


class Scratch:
    """Named float32 arrays of one thread; each grows to the largest size asked for, and holds rubbish."""

    def __init__(self) -> None:
        self._buffers: dict[str, Block] = {}

    def array(self, name: str, shape: tuple[int, ...]) -> Block:
        """C-contiguous array of `shape`, valid until the same name is asked for again."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.size < size:
            self._buffers.pop(name, None)
            buffer = self._buffers[name] = _aligned(size)
        return buffer[:size].reshape(shape)

    def volume(self, name: str, n_planes: int, n_rows: int, width: int) -> Block:
        """Array of at least this shape whose rows are an odd number of cache lines long, planes an odd number of rows.

        So neighbours along y and z lie in different sets of the caches: at powers of two they would displace each
        other.
        """
        lines = -(-width // _LINE)
        return self.array(name, (n_planes, n_rows | 1, _LINE * (lines | 1)))


def _aligned(size: int) -> Block:
    buffer = np.empty(size + _LINE, dtype=np.float32)
    start = -(buffer.ctypes.data // 4) % _LINE
    return buffer[start : start + size]
