"""What our files say about the program that wrote them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version


def versions() -> dict[str, str]:
    """Versions of Python, of this program, and of the libraries that a training depends on."""
    found = {"python": platform.python_version()}
    for name in ("napari-pixclass", "numpy", "scikit-learn", "numba"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a source tree that was never installed
            continue
    return found
