"""Everything is compiled before the first stroke."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_pixclass.core import warm_up


@pytest.mark.parametrize("ndim", [2, 3])
def test_it_may_be_repeated(ndim: int) -> None:
    warm_up(ndim)
    warm_up(ndim)


@pytest.mark.slow
def test_without_any_cache_folder(tmp_path: Path) -> None:
    """Numba may write to no folder but one that is a file."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(blocked),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator",
    }
    script = "from napari_pixclass.core import warm_up; warm_up()"
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=300)
