"""What the README shows can be done as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from napari_pixclass.cli._main import make_parser

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
# The others use a viewer that is there already: tests/viewer.
SCRIPTS = [code for kind, code in BLOCKS if kind == "python" and code.startswith("import ")]
COMMANDS = [
    line[line.index("napari-pixclass ") :]
    for kind, text in BLOCKS
    if kind in {"", "console", "bash", "sh"}
    for line in text.splitlines()
    if re.match(r"(\$ |\.venv/bin/)?napari-pixclass ", line)
]


def test_there_is_something_to_try() -> None:
    assert len(SCRIPTS) == 1
    shown = {shlex.split(command)[1] for command in COMMANDS}
    assert shown == {"demo", "train", "predict", "evaluate", "import-ilastik", "info"}


@pytest.mark.parametrize("code", SCRIPTS)
def test_scripts_run(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["coins.pixclass"]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    assert callable(make_parser().parse_args(shlex.split(command)[1:]).run)
