"""Compilation of kernels: numba with this project's options, and a cache on disk that may fail."""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(function: Function) -> Function:
    """Compile a function on its first call with each combination of argument types.

    The compiled function releases the GIL and divides like numpy (by zero gives inf or nan).
    Floating-point arithmetic is exact to the letter: no reordering, no fused multiply-add, and nan
    and inf compare as they should. Machine code is cached on disk; where that is impossible, each
    process compiles anew.

    """
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    name = function.__qualname__
    # Numba compiles anew when the function's own module has changed, but not when what it calls or
    # a constant has changed in another one: so the name of the cache's file stands for all modules.
    function.__qualname__ = f"{name}-{_digest(Path(inspect.getfile(function)).parent)}"
    try:
        dispatcher.enable_caching()
    except RuntimeError as error:  # there is no folder that numba may write to
        logger.debug("%s is compiled anew in each process: %s", name, error)
    else:
        dispatcher._cache = _TolerantCache(dispatcher._cache)
    finally:
        function.__qualname__ = name
    return cast("Function", dispatcher)


@functools.cache
def _digest(folder: Path) -> str:
    """Fingerprint of the modules in a folder."""
    digest = hashlib.sha256()
    for module in sorted(folder.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]


def njit_for(*argument_types: Any) -> Callable[[Function], Function]:
    """Compile a function for one combination of argument types, on its first call.

    Unlike `njit`, which compiles again for each memory layout: here arguments of other types are
    converted where numba can do so safely (arrays of any layout pass as layout "A") or refused.
    Compiled code cannot call the result.
    """

    def decorate(function: Function) -> Function:
        dispatcher: Any = njit(function)
        lock = threading.Lock()
        is_compiled = False

        @functools.wraps(function)
        def call(*args: Any) -> Any:
            nonlocal is_compiled
            if not is_compiled:
                with lock:
                    if not is_compiled:
                        dispatcher.compile(argument_types)
                        dispatcher.disable_compile()
                        is_compiled = True
            return dispatcher(*args)

        return cast("Function", call)

    return decorate


class _TolerantCache:
    """A cache of numba's whose failures (a full disk, a folder now read-only) cost only time."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *args: Any) -> Any:
        try:
            return self._cache.load_overload(*args)
        except (OSError, EOFError) as error:
            logger.debug("Compiled code could not be loaded: %s", error)
            return None

    def save_overload(self, *args: Any) -> None:
        try:
            self._cache.save_overload(*args)
        except OSError as error:
            logger.debug("Compiled code could not be saved: %s", error)
