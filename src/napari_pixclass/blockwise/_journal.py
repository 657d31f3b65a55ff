"""What a run has finished: one line for each block, with checksums of what was written."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class FinishedBlock:
    """A block whose chunks are on disk.

    Attributes
    ----------
    level
        0 for full resolution, 1, 2, ... for coarser levels.
    number
        Its place in the order of the level's blocks.
    digests
        Checksums of its chunks, output by output.
    """

    level: int
    number: int
    digests: tuple[str, ...]


class Journal:
    """A file that is only ever appended to; every line reaches the disk before the next block is begun.

    A line that a crash cut short is not counted, and cut off before the next one is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def read(self) -> list[FinishedBlock]:
        """The blocks that were entered, each once; lines that make no sense are passed over."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().split(b"\n")[:-1]
        blocks = {}
        for line in lines:
            block = _parsed(line)
            if block is not None:
                blocks[block.level, block.number] = block
        return list(blocks.values())

    def __enter__(self) -> Self:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        content = self.path.read_bytes()
        os.ftruncate(handle, content.rfind(b"\n") + 1)
        os.lseek(handle, 0, os.SEEK_END)
        self._handle = handle
        return self

    def append(self, block: FinishedBlock) -> None:
        """Enter a block, after its chunks were written."""
        if self._handle is None:
            raise ValueError("a journal must be open to be written to; use it in a `with` block.")
        line = json.dumps([block.level, block.number, list(block.digests)], separators=(",", ":"))
        left = f"{line}\n".encode()
        while left:
            left = left[os.write(self._handle, left) :]
        os.fsync(self._handle)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _parsed(line: bytes) -> FinishedBlock | None:
    try:
        level, number, digests = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    if type(level) is not int or type(number) is not int or not isinstance(digests, list):
        return None
    return FinishedBlock(level, number, tuple(map(str, digests)))
