"""The rooms of the house: who may import whom, and what an import may cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "napari_pixclass"
SCREENS = ("napari", "qtpy", "superqt", "magicgui", "vispy", "PyQt5", "PyQt6", "PySide2", "PySide6")

WITHOUT_SCREENS = """
import importlib, sys

screens = set(sys.argv[1].split(","))

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in screens:
            raise ImportError(f"{name} is not to be imported outside the viewer")

sys.meta_path.insert(0, Wall())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


def modules_of(room: str) -> list[str]:
    paths = (
        [PACKAGE / f"{room}.py"]
        if (PACKAGE / f"{room}.py").exists()
        else (PACKAGE / room).rglob("*.py")
    )
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in sorted(paths)
    ]
    return [name.removesuffix(".__init__") for name in names]


def test_import_contracts_are_kept() -> None:
    result = run_python(
        "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_the_package_loads_none_of_its_libraries() -> None:
    result = run_python("-X", "importtime", "-c", "import napari_pixclass")
    assert result.returncode == 0, result.stderr
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in result.stderr.splitlines()
    }
    assert "napari_pixclass" in loaded
    heavy = {
        "cv2",
        "dask",
        "numba",
        "numpy",
        "psygnal",
        "scipy",
        "skimage",
        "sklearn",
        "tifffile",
        "zarr",
    }
    assert not loaded & (heavy | set(SCREENS))


@pytest.mark.parametrize(
    "room",
    ["core", "io", "blockwise", "classifier", "to_disk", "batch", "project", "session", "cli"],
)
def test_room_works_without_napari_and_qt(room: str) -> None:
    modules = modules_of(room)
    assert modules, f"room {room} is empty"
    result = run_python("-c", WITHOUT_SCREENS, ",".join(SCREENS), *modules)
    assert result.returncode == 0, result.stderr
