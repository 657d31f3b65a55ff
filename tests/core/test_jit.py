"""Compilation: what callers may rely on, and a cache that may fail."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from napari_pixclass.core import _jit


def test_arithmetic_is_exact() -> None:
    @_jit.njit
    def ratio(a: float, b: float) -> float:
        return a / b

    assert ratio(1.0, 0.0) == np.inf
    assert np.isnan(ratio(0.0, 0.0))


def test_a_function_without_a_file_is_compiled_without_a_cache() -> None:
    names: dict[str, Any] = {}
    exec(compile("def double(x):\n    return 2 * x\n", "<nowhere>", "exec"), names)
    assert _jit.njit(names["double"])(21) == 42


class FullDisk:
    """Stands for a cache whose folder can neither be read nor written."""

    def load_overload(self, *args: Any) -> Any:
        raise OSError(5, "Input/output error")

    def save_overload(self, *args: Any) -> None:
        raise OSError(28, "No space left on device")


def test_a_cache_that_fails_costs_only_time() -> None:
    @_jit.njit
    def triple(x: int) -> int:
        return 3 * x

    dispatcher: Any = triple
    dispatcher._cache = _jit._TolerantCache(FullDisk())
    assert triple(14) == 42


SCRIPT = """
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from napari_pixclass.core import CompiledForest, ForestArrays
forest = RandomForestClassifier(1, random_state=0).fit([[0.0], [1.0]], [0, 1])
CompiledForest(ForestArrays.from_estimator(forest)).predict_planes(np.zeros((1, 1), np.float32))
"""


def test_without_any_cache_folder(tmp_path: Path) -> None:
    """Numba may write to no folder but one that is a file."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(blocked),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=True, timeout=120)


def test_one_compilation_serves_all_memory_layouts() -> None:
    planes = numba.types.Array(numba.types.float32, 2, "A", readonly=True)

    @_jit.njit_for(planes)
    def total(array: Any) -> float:
        result = 0.0
        for row in range(array.shape[0]):
            for column in range(array.shape[1]):
                result += array[row, column]
        return result

    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    frozen = array.copy()
    frozen.flags.writeable = False
    for view in (array, array.T, array[::2, ::-1], frozen):
        assert total(view) == view.sum()
    with pytest.raises(TypeError):
        total(array.astype(np.float64))


def test_threads_may_make_the_first_call_together() -> None:
    @_jit.njit_for(numba.types.int64)
    def square(x: int) -> int:
        return x * x

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(square, range(8))) == [x * x for x in range(8)]


def test_name_is_kept() -> None:
    @_jit.njit
    def kernel(x: int) -> int:
        """Return x."""
        return x

    assert kernel.__name__ == "kernel"
    assert kernel.__qualname__.endswith("<locals>.kernel")
