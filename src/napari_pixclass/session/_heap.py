"""Memory that was used while reading, for others to use."""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any


def give_back_free_memory() -> None:
    """Have the C library give back to the system what is free in its heaps; tens of milliseconds.

    Chunks of stored images are read and decoded in many threads. glibc has a heap for each of them, and keeps what is
    free between what is not: gigabytes after some planes of a large volume. Other C libraries are left alone.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
